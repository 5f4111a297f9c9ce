/*
 * fdw/pushdown/vectors.h
 *	  Which conditions ScyllaDB's indexes of vectors check.
 *
 * Backend thread. Owns nothing.
 */
#ifndef FDW_PUSHDOWN_VECTORS_H
#define FDW_PUSHDOWN_VECTORS_H

#include "postgres.h"

#include "fdw/catalog/vector_index.h"
#include "fdw/pushdown/access.h"

/* Whether the index checks conditions on the column. */
extern bool scyllaVectorsFilterBy(const ScyllaVectorIndex *index, const ScyllaTableColumn *column);

/* Of a local index: a column (UTF-8) that the access does not fix, so the index is not asked; NULL: none. */
extern const char *scyllaVectorsLack(const ScyllaVectorIndex *index, const ScyllaAccess *access);

#endif							/* FDW_PUSHDOWN_VECTORS_H */
