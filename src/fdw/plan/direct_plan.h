/*
 * fdw/plan/direct_plan.h
 *	  Planning UPDATE and DELETE that need not read the rows they write: see direct.h.
 *
 * Backend thread. The planner's callback: see foreign/fdwapi.h for its contract.
 */
#ifndef FDW_PLAN_DIRECT_PLAN_H
#define FDW_PLAN_DIRECT_PLAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern bool scyllaPlanDirectModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index);

#endif							/* FDW_PLAN_DIRECT_PLAN_H */
