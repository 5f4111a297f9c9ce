/*
 * fdw/catalog/vector_index.h
 *	  Indexes of vectors, as a table's description has them.
 *
 * Backend thread. Texts are UTF-8.
 */
#ifndef FDW_CATALOG_VECTOR_INDEX_H
#define FDW_CATALOG_VECTOR_INDEX_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* It finds nearest vectors of one column. */
typedef struct ScyllaVectorIndex
{
	char	   *name;
	const char *similarity;		/* "cosine", "euclidean" or "dot_product"; static */
	bool		attached;		/* Cassandra's: its nodes keep it, and others help to find rows; else ScyllaDB's, which
								 * a service keeps that checks conditions by itself */
	List	   *partition;		/* char *: a local one wants "=" for these columns; NIL: a global one */
	List	   *filtering;		/* char *: columns that it filters by, beside those and the primary key */
} ScyllaVectorIndex;

/* Of such: whether Cassandra's is among them. */
extern bool scyllaHasAttached(const List *indexes);

/* In CurrentMemoryContext. */
extern List *scyllaCopyVectorIndexes(const List *indexes);

#endif							/* FDW_CATALOG_VECTOR_INDEX_H */
