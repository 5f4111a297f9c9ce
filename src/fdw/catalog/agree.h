/*
 * fdw/catalog/agree.h
 *	  Waiting until a change of the schema is there on all nodes.
 *
 * Backend thread. Interruptible, and bounded: a WARNING tells what is still missing.
 */
#ifndef FDW_CATALOG_AGREE_H
#define FDW_CATALOG_AGREE_H

#include "postgres.h"

#include "cql/buffer.h"
#include "fdw/session/session.h"

/* Until then another node may not know the table that one has just made. */
extern void scyllaAwaitSchema(ScyllaSession *session, const ScyllaTableOptions *options);

/* Until then queries that need an index of this table fail, or find less. Names in UTF-8. */
extern void scyllaAwaitIndexes(ScyllaSession *session, const ScyllaTableOptions *options, CqlString keyspace,
							   CqlString table);

#endif							/* FDW_CATALOG_AGREE_H */
