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

#include "nodes/pathnodes.h"

/* To grouped_rel, where they can be computed there; else the reason goes to the relation. */
extern void scyllaAddGroupPaths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *grouped_rel,
								const GroupPathExtraData *extra);

#endif							/* FDW_PLAN_GROUP_H */
