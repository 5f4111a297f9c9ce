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
#include "nodes/pg_list.h"

#include "fdw/option.h"

extern char *scyllaToUtf8(const char *text);	/* from the database's encoding */
extern char *scyllaFromUtf8(const char *text);	/* for messages and EXPLAIN */

/* columns: List of char *, in UTF-8. At least one. */
extern char *scyllaDeparseInsert(const ScyllaTableOptions *options, List *columns, bool if_not_exists);

extern void scyllaAppendIdentifier(StringInfo out, const char *name);	/* UTF-8 */
extern void scyllaAppendTable(StringInfo out, const ScyllaTableOptions *options);

#endif							/* FDW_DEPARSE_H */
