/*
 * fdw/plan/table_size.h
 *	  How large a foreign table is.
 *
 * Backend thread. By ANALYZE, else by what the cluster tells (size.h), else by a
 * guess.
 */
#ifndef FDW_PLAN_TABLE_SIZE_H
#define FDW_PLAN_TABLE_SIZE_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/* Sets tuples, pages and rows of rel; by_joins: keys may be looked up by the rows of other tables. */
extern void scyllaEstimateSize(PlannerInfo *root, RelOptInfo *rel, bool by_joins);

#endif							/* FDW_PLAN_TABLE_SIZE_H */
