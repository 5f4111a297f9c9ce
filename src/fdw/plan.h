/*
 * fdw/plan.h
 *	  Planning scans: what the cluster can serve, and what it costs.
 *
 * Backend thread. The planner's callbacks: see foreign/fdwapi.h for their
 * contracts. A plan of a scan without usable conditions opens no connection.
 */
#ifndef FDW_PLAN_H
#define FDW_PLAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

/* ForeignScan.fdw_private: a list of these. fdw_exprs: the values of the keys, in order. */
enum ScyllaScanPrivate
{
	SCYLLA_SCAN_CQL,			/* String, UTF-8 */
	SCYLLA_SCAN_COLUMNS,		/* int list: attribute of each selected column; 0: none is needed */
	SCYLLA_SCAN_KEYS			/* int list: attribute of each partition key column; NIL: full scan */
};

extern void scyllaGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern void scyllaGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid);
extern ForeignScan *scyllaGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid,
										 ForeignPath *best_path, List *tlist, List *scan_clauses,
										 Plan *outer_plan);

#endif							/* FDW_PLAN_H */
