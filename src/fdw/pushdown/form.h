/*
 * fdw/pushdown/form.h
 *	  Which clauses have the form of a condition on a column.
 *
 * Backend thread. Without knowledge of the table in the cluster: only where a
 * clause has such a form is that worth describing. What a condition means there is
 * pushdown.h's.
 */
#ifndef FDW_PUSHDOWN_FORM_H
#define FDW_PUSHDOWN_FORM_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/table.h"
#include "fdw/fetch/select.h"

/* "column op value", found in a clause. */
typedef struct ScyllaCondition
{
	RestrictInfo *origin;		/* the clause that it was found in; NULL: none */
	RestrictInfo *clause;		/* that need not be checked again, if all of its conditions are pushed; NULL: none */
	AttrNumber	attnum;
	Oid			type;			/* of the column, once the table is known */
	ScyllaOperator op;
	Expr	   *value;			/* SCYLLA_IN: an array; no variable of this table in it, and nothing volatile */
	Oid			collation;		/* of the comparison */
	const ScyllaTableColumn *column;	/* NULL until the table is known, or if it has no such column */
	int			series;			/* of two bounds of a partition key's column, the lower one in its place, the upper one last; 0: it is none of these */
	int			values;			/* of the lower one: how many the series has, by estimate, */
	bool		known;			/* or for certain */
	bool		unsure;			/* pushed, but an index serves it that has no long values: of one, the scan leaves it out, and checks it */
	int			group;			/* of those that belong together: IN of rows, or a comparison of rows; 0: it stands alone */
	int			place;			/* in its group */
	const char *reason;			/* why it cannot be pushed, whatever else is; NULL: it may */
} ScyllaCondition;

/* Whether each of its values makes a request. */
static inline bool
scyllaAsksForEach(const ScyllaCondition *condition)
{
	return condition->op == SCYLLA_IN || condition->series > 0;
}

/* ScyllaCondition; NIL: it has no such form. exact: all of them together say what the clause says, else they say less. */
extern List *scyllaMatchClause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause, bool *exact);

/* Of one column. NULL: it has not that form. */
extern ScyllaCondition *scyllaMatchComparison(PlannerInfo *root, RelOptInfo *rel, Node *node);

extern Node *scyllaStripRelabel(Node *node);

/* Whether a clause has it, and may be sent if the table in the cluster suits it. */
extern bool scyllaMayBePushed(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause);
extern bool scyllaAnyMayBePushed(PlannerInfo *root, RelOptInfo *rel, List *clauses);

#endif							/* FDW_PUSHDOWN_FORM_H */
