/*
 * fdw/catalog/strong.h
 *	  What strongly consistent tables do not take, and how it is refused.
 *
 * Backend thread. relation: the foreign table's name.
 */
#ifndef FDW_CATALOG_STRONG_H
#define FDW_CATALOG_STRONG_H

#include "fdw/catalog/table.h"

/* Of the table as it is described. */
extern bool scyllaIsStrong(ScyllaSession *session, const ScyllaTableOptions *options);

/* For such a table: ERROR if it is not read at this level, or by_key is not so: whether each request fixes the partition key. */
extern void scyllaCheckStrongRead(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation, bool by_key);

/* The same of a write: ERROR at another level, with a condition, or where the options give its timestamp. */
extern void scyllaCheckStrongWrite(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation, bool conditional);

/* Of a row that has a timestamp of its own. */
extern void scyllaRefuseStrongTimestamp(ScyllaSession *session, const ScyllaTableOptions *options, const char *relation)
	__attribute__((noreturn));

#endif							/* FDW_CATALOG_STRONG_H */
