/*
 * fdw/plan/order.h
 *	  In which of the query's orders the cluster gives rows.
 *
 * Backend thread. Rows of a partition come in clustering order or against it.
 * Where several partitions are asked for by IN, each request's rows do, and the
 * executor merges them.
 */
#ifndef FDW_PLAN_ORDER_H
#define FDW_PLAN_ORDER_H

#include "postgres.h"

#include "fdw/plan/path.h"

/* A column that requests are merged by. */
typedef struct ScyllaSortKey
{
	AttrNumber	attnum;
	bool		is_signed;		/* see ScyllaMergeKey */
	bool		descending;
} ScyllaSortKey;

/* How many of these sort keys, from the first on, rows can be ordered by. Sets order and merge of the path. */
extern int	scyllaSortedKeys(PlannerInfo *root, RelOptInfo *rel, const ScyllaAccess *access, List *pathkeys,
							 ScyllaPath *path);

/* Terms of ORDER BY: the first n clustering columns, in clustering order or against it. */
extern List *scyllaClusteringOrder(const ScyllaTable *table, int n, bool reversed);

/* Once the items are chosen: merge keys that are not among them are added. */
extern void scyllaSelectMergeKeys(const ScyllaPath *path, ScyllaSelect *select);

#endif							/* FDW_PLAN_ORDER_H */
