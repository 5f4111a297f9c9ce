/*
 * fdw/pushdown/comparison.h
 *	  What is equal or ordered in CQL as it is in PostgreSQL.
 *
 * Backend thread.
 */
#ifndef FDW_PUSHDOWN_COMPARISON_H
#define FDW_PUSHDOWN_COMPARISON_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/table.h"
#include "fdw/select/select.h"

/* Whether the operators between two types mean the same as within one of them. */
extern bool scyllaSameFamily(Oid column, Oid value);

/* Without casts that change neither what is equal nor its order. NULL stays NULL. */
extern Expr *scyllaStripCasts(Expr *expr);

/* An operator of the type's default B-tree family; SCYLLA_ANY: it is none of these. */
extern ScyllaOperator scyllaDefaultOperator(Oid opno, Oid type);

/* Whether a sort key is in the order of the type's default B-tree operators. */
extern bool scyllaIsDefaultOrder(const PathKey *key, Oid type);

/*
 * Whether values of a column, read as a PostgreSQL type, order by its default
 * operators as they do in CQL, or are equal where they are in CQL: of the
 * partition key, where they are the same partition. *reason: why not.
 */
extern bool scyllaOrdersAlike(Oid pgtype, Oid collation, const ScyllaTableColumn *column, const char **reason);
extern bool scyllaEqualsAlike(Oid pgtype, Oid collation, const ScyllaTableColumn *column, const char **reason);

/* Whether equal values of the two types have the same bytes in CQL. */
extern bool scyllaSameBytes(Oid pgtype, const ScyllaTableColumn *column);

#endif							/* FDW_PUSHDOWN_COMPARISON_H */
