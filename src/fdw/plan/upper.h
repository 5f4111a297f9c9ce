/*
 * fdw/plan/upper.h
 *	  What the cluster does beyond reading rows: LIMIT, DISTINCT, aggregates.
 *
 * Backend thread. The planner's callback: see foreign/fdwapi.h for its contract.
 */
#ifndef FDW_PLAN_UPPER_H
#define FDW_PLAN_UPPER_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
									   RelOptInfo *output_rel, void *extra);

#endif							/* FDW_PLAN_UPPER_H */
