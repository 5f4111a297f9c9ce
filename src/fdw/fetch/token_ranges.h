/*
 * fdw/fetch/token_ranges.h
 *	  In how many ranges of tokens a table is read, and which.
 *
 * Backend thread.
 */
#ifndef FDW_FETCH_TOKEN_RANGES_H
#define FDW_FETCH_TOKEN_RANGES_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "cql/range.h"
#include "fdw/session/session.h"

typedef struct ScyllaRanges
{
	int			n;				/* 0: one request reads the table unsplit */
	int			at_once;		/* how many of them are read side by side */
	CqlTokenRange *range;		/* neighbours stand far apart */
} ScyllaRanges;

/*
 * By the ring as the session knows it; palloc'd in CurrentMemoryContext. pages: of
 * the protocol, that the table has by estimate; 0: unknown. at_least: so many
 * processes share them.
 */
extern ScyllaRanges *scyllaChooseRanges(ScyllaSession *session, const ScyllaTableOptions *options, int pages,
										int at_least);

/* String: the names that ranges of tokens are about. Describes the table, if that has not been done yet. */
extern List *scyllaTokenColumns(ScyllaSession *session, const ScyllaTableOptions *options);

/* How many strides (stride.h) at once; 0: one request reads the table unsplit. */
extern int	scyllaStridesAtOnce(ScyllaSession *session, const ScyllaTableOptions *options, int pages);

#endif							/* FDW_FETCH_TOKEN_RANGES_H */
