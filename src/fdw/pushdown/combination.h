/*
 * fdw/pushdown/combination.h
 *	  Alternatives as lists of keys: "a = 1 OR a = 3", "(a, b) IN ((1, 2), (3, 4))".
 *
 * Backend thread. Without knowledge of the table in the cluster, as clause.h.
 */
#ifndef FDW_PUSHDOWN_COMBINATION_H
#define FDW_PUSHDOWN_COMBINATION_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/*
 * ScyllaCondition, each SCYLLA_IN: of the columns that every alternative fixes. The
 * n-th elements of their arrays belong together. NIL: there are none. *exact: the
 * alternatives say nothing else.
 */
extern List *scyllaMatchCombinations(PlannerInfo *root, RelOptInfo *rel, const BoolExpr *or, bool *exact);

#endif							/* FDW_PUSHDOWN_COMBINATION_H */
