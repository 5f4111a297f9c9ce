/*
 * fdw/plan/group.h
 *	  GROUP BY and aggregates that the cluster computes.
 *
 * Backend thread. Only where its answer is PostgreSQL's: see group.c. What a
 * request's answer still lacks, aggregate.c does.
 */
#ifndef FDW_PLAN_GROUP_H
#define FDW_PLAN_GROUP_H

#include "postgres.h"

#include "fdw/plan/plan.h"

/* What is computed over the rows that an access finds. */
typedef struct ScyllaUpper
{
	List	   *items;			/* as in ScyllaSelect */
	List	   *targets;
	List	   *roles;
	List	   *group_by;
	List	   *tlist;			/* TargetEntry: what a row of the scan is, fdw_scan_tlist */
	List	   *having;			/* conditions on it, checked in PostgreSQL */
} ScyllaUpper;

/* To grouped_rel, where they can be computed there; else the reason goes to the relation. */
extern void scyllaAddGroupPaths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *grouped_rel,
								const GroupPathExtraData *extra);

#endif							/* FDW_PLAN_GROUP_H */
