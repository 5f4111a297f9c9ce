/*
 * fdw/write/write_cql.h
 *	  The CQL of what writes rows.
 *
 * Backend thread. Results are palloc'd, and UTF-8 like all that goes into them.
 */
#ifndef FDW_WRITE_WRITE_CQL_H
#define FDW_WRITE_WRITE_CQL_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"

#include "fdw/option/option.h"

/*
 * What writes rows of one table. Names: char *, UTF-8. Markers stand in the order
 * of columns and then keys; an INSERT has no keys apart. Markers of TTL and timestamp
 * come first, but last in an INSERT.
 */
typedef struct ScyllaWriteText
{
	CmdType		operation;
	List	   *columns;		/* that are set; DELETE: that are, NIL for the row */
	List	   *keys;			/* that tell the row */
	const char *where;			/* " WHERE ...", in their place; NULL: none */
	bool		conditional;	/* INSERT: IF NOT EXISTS; else IF EXISTS */
	bool		counter;		/* columns are counters, to which a value is added */
	bool		ttl;			/* as a value, whether each row has its own or not */
	bool		timestamp;		/* the same, behind it */
} ScyllaWriteText;

extern char *scyllaDeparseWrite(const ScyllaTableOptions *options, const ScyllaWriteText *text);

#endif							/* FDW_WRITE_WRITE_CQL_H */
