/*
 * fdw/plan/cost.h
 *	  What a way of reading a foreign table costs.
 *
 * Backend thread. Asks nobody.
 */
#ifndef FDW_PLAN_COST_H
#define FDW_PLAN_COST_H

#include "postgres.h"

#include "fdw/pushdown/access.h"
#include "fdw/pushdown/relation.h"

typedef struct ScyllaCost
{
	double		rows;			/* that come over the wire */
	Cost		startup;
	Cost		requests;		/* of the total: of those beyond the first */
	Cost		total;
} ScyllaCost;

/* Of a request beyond the first. */
extern Cost scyllaRequestCost(const ScyllaTableOptions *options);

/* Requests that an access takes, as far as the lengths of its lists are known. */
extern double scyllaCountRequests(PlannerInfo *root, const ScyllaAccess *access);

/*
 * Whether it may turn out to have more keys than are worth it: there are lists whose
 * lengths are not known, and a key has few rows. Then it should stay a scan, which
 * can read the whole table instead, and loses little.
 */
extern bool scyllaMayHaveTooManyKeys(PlannerInfo *root, const RelOptInfo *rel, const ScyllaAccess *access);

/* What an access finds of rows, at most; HUGE_VAL: nobody knows. */
extern double scyllaMostRows(PlannerInfo *root, const ScyllaRelation *info, const ScyllaAccess *access);

/* Of a scan of rel. */
extern void scyllaCostScan(PlannerInfo *root, RelOptInfo *rel, const ScyllaAccess *access, ScyllaCost *cost);

#endif							/* FDW_PLAN_COST_H */
