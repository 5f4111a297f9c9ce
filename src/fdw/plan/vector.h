/*
 * fdw/plan/vector.h
 *	  Planning searches of nearest vectors: ORDER BY embedding <=> value LIMIT k.
 *
 * Backend thread.
 */
#ifndef FDW_PLAN_VECTOR_H
#define FDW_PLAN_VECTOR_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/*
 * From GetForeignUpperPaths, for UPPERREL_ORDERED over one foreign table: a path
 * that has the cluster find the k nearest vectors and sorts them by their exact
 * distance. Where the query has such an order and the cluster cannot serve it, the
 * reason goes to the relation, for EXPLAIN.
 */
extern void scyllaAddNearestPath(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *ordered);

#endif							/* FDW_PLAN_VECTOR_H */
