/*
 * fdw/import/import_name.h
 *	  Names of the cluster's objects as PostgreSQL will know them.
 *
 * Backend thread. Results are palloc'd.
 */
#ifndef FDW_IMPORT_IMPORT_NAME_H
#define FDW_IMPORT_IMPORT_NAME_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "fdw/option/option.h"

typedef struct ScyllaImportName
{
	const char *remote;			/* the cluster's, in the database's encoding; for messages where local is NULL */
	char	   *local;			/* folded and cut to 63 bytes; NULL: PostgreSQL cannot write it */
	const char *changed;		/* why it is another name beyond its case; NULL: it is not */
	int			rank;			/* of two that want the same local name the one with less has it */
	void	   *object;			/* the caller's */
	const struct ScyllaImportName *winner;	/* who has the local name instead; NULL: this one */
} ScyllaImportName;

/* rank and object are 0 and NULL. */
extern ScyllaImportName *scyllaMakeImportName(const char *utf8, ScyllaFolding folding);

/* Of a column: another local name, if it is one of PostgreSQL's own. */
extern void scyllaEvadeSystemColumn(ScyllaImportName *name);

/*
 * Finds the names (ScyllaImportName *) that want what another one has. At equal
 * rank, the one that is not folded or cut wins, then the first one in byte order.
 */
extern void scyllaSettleNames(List *names);

#endif							/* FDW_IMPORT_IMPORT_NAME_H */
