/*
 * fdw/catalog/index.h
 *	  Indexes of a table, as the cluster describes them.
 *
 * Backend thread. They are part of a table's description, and live as long as it
 * does (table.h).
 */
#ifndef FDW_CATALOG_INDEX_H
#define FDW_CATALOG_INDEX_H

#include "fdw/catalog/table.h"

/* Find out about indexes too, if that has not been done yet: another request. */
extern void scyllaDescribeIndexes(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaTable *table);

/* Of system_schema.indexes.options: nodes keep it, in other words no service beside them. */
extern bool scyllaNodesKeepIndex(CqlBytes options);

#endif							/* FDW_CATALOG_INDEX_H */
