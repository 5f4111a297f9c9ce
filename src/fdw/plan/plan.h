/*
 * fdw/plan/plan.h
 *	  Planning scans: what the cluster can serve, and what it costs.
 *
 * Backend thread. The planner's callbacks: see foreign/fdwapi.h for their
 * contracts. ForeignScan.fdw_private is a packed ScyllaSelect (select.h). A plan
 * without conditions, sorting, grouping and joins to use opens no connection.
 */
#ifndef FDW_PLAN_PLAN_H
#define FDW_PLAN_PLAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

#include "fdw/pushdown/pushdown.h"

/* A way to read a foreign table: ForeignPath.fdw_private is a list of one. */
typedef struct ScyllaPath
{
	ScyllaRelation *relation;
	ScyllaAccess *access;
	List	   *order;			/* String: terms of ORDER BY; NIL: none */
	List	   *merge;			/* ScyllaSortKey: requests are merged by these; NIL: they are not */
	struct ScyllaUpper *upper;	/* what is computed over the rows there (group.h); NULL: nothing */
	bool		distinct;		/* SELECT DISTINCT, of columns that a partition has one value of */
	int			per_partition;	/* PER PARTITION LIMIT; 0: none */
	bool		limited;		/* the query's LIMIT is known to the cluster */
	char	   *nearest;		/* nearest vectors are asked for: how, for EXPLAIN; NULL: they are not */
} ScyllaPath;

/* Where the cluster may do with less, it is never slower for it: what decides where estimates are equal. */
#define SCYLLA_LESS_IS_CHEAPER 0.99

extern void scyllaGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern void scyllaGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern bool scyllaIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);
extern bool scyllaIsForeignPathAsyncCapable(ForeignPath *path);
extern ForeignScan *scyllaGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid,
										 ForeignPath *best_path, List *tlist, List *scan_clauses,
										 Plan *outer_plan);
extern List *scyllaReparameterizePath(PlannerInfo *root, List *fdw_private, RelOptInfo *child);

/* What every SELECT by this way of reading has: conditions, order. Their values are appended to *exprs. */
extern ScyllaSelect *scyllaBuildSelect(const ScyllaPath *path, List **exprs);

/* Select the columns of table varno that these expressions need: of whole rows all, of rows of nothing the partition key's first. */
extern void scyllaSelectColumns(ScyllaSelect *select, ScyllaRelation *info, Index varno, List *exprs);

/*
 * Then one that belongs to rows, where none of these does: CQL refuses conditions
 * on clustering columns if nothing but static columns and partition keys is
 * selected.
 */
extern void scyllaSelectOfRows(ScyllaSelect *select, const ScyllaRelation *info, const ScyllaAccess *access);

#endif							/* FDW_PLAN_PLAN_H */
