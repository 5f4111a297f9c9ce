/*
 * fdw/catalog/size.h
 *	  How large a table is, as the cluster itself estimates it.
 *
 * Backend thread. Asked of one node, at most every few minutes and session, or
 * when this one has written many rows, and remembered with the table's
 * description. Nodes count what they have on disk:
 * rows not yet flushed are not in it, and Cassandra looks every five minutes.
 */
#ifndef FDW_CATALOG_SIZE_H
#define FDW_CATALOG_SIZE_H

#include "fdw/catalog/table.h"

/* Describes the table, if that has not been done yet. Never fails where the table can be read. */
extern ScyllaSize scyllaTableSize(ScyllaSession *session, const ScyllaTableOptions *options);

/* The same; where that is fewer rows than enough, the table itself is looked at, too. */
extern ScyllaSize scyllaTableSizeFor(ScyllaSession *session, const ScyllaTableOptions *options, double row_bytes,
									 double enough);

/* How many rows that is, if each is so wide. 0: unknown. */
extern double scyllaSizeInRows(const ScyllaSize *size, const ScyllaTable *table, double row_bytes);

#endif							/* FDW_CATALOG_SIZE_H */
