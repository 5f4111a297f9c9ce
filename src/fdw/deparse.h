/*
 * fdw/deparse.h
 *	  CQL text.
 *
 * Backend thread. Results are palloc'd. All texts are UTF-8, as CQL wants them,
 * whatever the database's encoding; identifiers are always quoted.
 */
#ifndef FDW_DEPARSE_H
#define FDW_DEPARSE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"

#include "fdw/option.h"

extern char *scyllaToUtf8(const char *text);	/* from the database's encoding */
extern char *scyllaFromUtf8(const char *text);	/* for messages and EXPLAIN */

/*
 * What writes rows of one table. Names: char *, UTF-8. Markers stand in the order
 * of columns and then keys; an INSERT has no keys apart. That of the timestamp comes
 * first, but last in an INSERT.
 */
typedef struct ScyllaWriteText
{
	CmdType		operation;
	List	   *columns;		/* that are set; DELETE: that are, NIL for the row */
	List	   *keys;			/* that tell the row */
	const char *where;			/* " WHERE ...", in their place; NULL: none */
	bool		conditional;	/* INSERT: IF NOT EXISTS; else IF EXISTS */
	bool		counter;		/* columns are counters, to which a value is added */
	bool		ttl;			/* each row has its own, as a value */
	bool		timestamp;		/* the same, behind it */
} ScyllaWriteText;

extern char *scyllaDeparseWrite(const ScyllaTableOptions *options, const ScyllaWriteText *text);

extern void scyllaAppendIdentifier(StringInfo out, const char *name);	/* UTF-8 */
extern void scyllaAppendTable(StringInfo out, const ScyllaTableOptions *options);

#endif							/* FDW_DEPARSE_H */
