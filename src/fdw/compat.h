/*
 * fdw/compat.h
 *	  The only place that knows how the server's major versions differ.
 *
 * Where a newer server has a name that an older one lacks, the older one gets it
 * here, so that the rest of the code is written for the newest.
 */
#ifndef FDW_COMPAT_H
#define FDW_COMPAT_H

#include "postgres.h"

#include "commands/explain.h"
#include "datatype/timestamp.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* Since 16, and in later releases of 15. */
#ifndef palloc_array
#include "storage/shmem.h"
#define palloc_array(type, count) ((type *) palloc(mul_size(sizeof(type), (count))))
#define palloc0_array(type, count) ((type *) palloc0(mul_size(sizeof(type), (count))))
#endif

/* Intervals have an infinity since 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i) ((void) (i), false)
#endif

/* Whose mapping a plan goes by: the owner of a view, or the current user. Since 16 it is kept with the relation. */
static inline Oid
scyllaRelationUser(PlannerInfo *root, RelOptInfo *rel)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid = rel->userid;
#else
	Oid			userid = planner_rt_fetch(rel->relid, root)->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

static inline Oid
scyllaScanUser(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
#if PG_VERSION_NUM >= 160000
	Oid			userid = plan->checkAsUser;
#else
	Oid			userid = exec_rt_fetch(plan->scan.scanrelid, node->ss.ps.state)->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

/* A partition that COPY or INSERT routes to has no range table entry of its own: its root has. */
static inline Oid
scyllaResultUser(ResultRelInfo *rri, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecGetResultRelCheckAsUser(rri, estate);
#else
	Index		index = rri->ri_RangeTableIndex;
	Oid			userid = InvalidOid;

	if (index == 0 && rri->ri_RootResultRelInfo != NULL)
		index = rri->ri_RootResultRelInfo->ri_RangeTableIndex;
	if (index != 0)
		userid = exec_rt_fetch(index, estate)->checkAsUser;
	return OidIsValid(userid) ? userid : GetUserId();
#endif
}

static inline ForeignPath *
scyllaForeignScanPath(PlannerInfo *root, RelOptInfo *rel, double rows, Cost startup, Cost total)
{
#if PG_VERSION_NUM >= 180000
	return create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, NIL, rel->lateral_relids,
								   NULL, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
	return create_foreignscan_path(root, rel, NULL, rows, startup, total, NIL, rel->lateral_relids,
								   NULL, NIL, NIL);
#else
	return create_foreignscan_path(root, rel, NULL, rows, startup, total, NIL, rel->lateral_relids,
								   NULL, NIL);
#endif
}

#endif							/* FDW_COMPAT_H */
