/*
 * fdw/plan/modify_plan.h
 *	  Planning UPDATE and DELETE row by row.
 *
 * Backend thread. Planner callbacks: see foreign/fdwapi.h for their contracts.
 */
#ifndef FDW_PLAN_MODIFY_PLAN_H
#define FDW_PLAN_MODIFY_PLAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaAddForeignUpdateTargets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel);
extern List *scyllaPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index);

#endif							/* FDW_PLAN_MODIFY_PLAN_H */
