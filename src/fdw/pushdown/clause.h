/*
 * fdw/pushdown/clause.h
 *	  Which clauses have the form of conditions on columns.
 *
 * Backend thread. Without knowledge of the table in the cluster: only where a
 * clause has such a form is that worth describing. What a condition means there is
 * pushdown.h's.
 */
#ifndef FDW_PUSHDOWN_CLAUSE_H
#define FDW_PUSHDOWN_CLAUSE_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/pushdown/column_condition.h"

/* ScyllaCondition; NIL: it has no such form. exact: all of them together say what the clause says, else they say less. */
extern List *scyllaMatchClause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause, bool *exact);

/* Whether a clause has it, and may be sent if the table in the cluster suits it. */
extern bool scyllaMayBePushed(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause);
extern bool scyllaAnyMayBePushed(PlannerInfo *root, RelOptInfo *rel, List *clauses);

#endif							/* FDW_PUSHDOWN_CLAUSE_H */
