/*
 * fdw/catalog/missing.h
 *	  Keyspaces, tables and columns that are not there, told with the nearest name that is.
 *
 * Backend thread. Names are in the database's encoding.
 */
#ifndef FDW_CATALOG_MISSING_H
#define FDW_CATALOG_MISSING_H

#include "fdw/session/session.h"

/* ERRCODE_FDW_SCHEMA_NOT_FOUND unless the keyspace is there. */
extern void scyllaCheckKeyspace(ScyllaSession *session, const ScyllaTableOptions *options, const char *keyspace);

/* ERRCODE_FDW_TABLE_NOT_FOUND of the options' table, or that its keyspace is not there. */
extern void scyllaNoSuchTable(ScyllaSession *session, const ScyllaTableOptions *options) __attribute__((noreturn));

/* Of CQL by hand that failed, by what the node said (UTF-8, both): the name that was meant. NULL: nobody knows. */
extern const char *scyllaMissingHint(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql, const char *said);

#endif							/* FDW_CATALOG_MISSING_H */
