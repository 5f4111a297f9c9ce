/*
 * fdw/option/names.h
 *	  Names of the cluster's as CQL text.
 *
 * Backend thread. Results are palloc'd. All texts are UTF-8, as CQL wants them,
 * whatever the database's encoding; identifiers are always quoted.
 */
#ifndef FDW_OPTION_NAMES_H
#define FDW_OPTION_NAMES_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "fdw/option/option.h"

extern char *scyllaToUtf8(const char *text);	/* from the database's encoding */
extern char *scyllaFromUtf8(const char *text);	/* raises, where the database's encoding lacks a character */
extern char *scyllaTryFromUtf8(const char *utf8);	/* NULL, where it does */

/* For messages, EXPLAIN and the log: in place of each character that the database's encoding lacks, a question mark. */
extern char *scyllaTellUtf8(const char *utf8);

extern void scyllaAppendIdentifier(StringInfo out, const char *name);	/* UTF-8 */
extern void scyllaAppendTable(StringInfo out, const ScyllaTableOptions *options);

/* The column as CQL, quoted; of a pseudo column, what computes it. */
extern char *scyllaColumnCql(Oid relid, AttrNumber attnum);

#endif							/* FDW_OPTION_NAMES_H */
