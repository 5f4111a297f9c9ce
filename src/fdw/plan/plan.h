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

extern void scyllaGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern void scyllaGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern bool scyllaIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);
extern bool scyllaIsForeignPathAsyncCapable(ForeignPath *path);
extern ForeignScan *scyllaGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid,
										 ForeignPath *best_path, List *tlist, List *scan_clauses,
										 Plan *outer_plan);
extern List *scyllaReparameterizePath(PlannerInfo *root, List *fdw_private, RelOptInfo *child);

#endif							/* FDW_PLAN_PLAN_H */
