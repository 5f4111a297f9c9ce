/*
 * fdw/pushdown/column_condition.h
 *	  A condition on one column: "column op value".
 *
 * Backend thread. Found by the form of an expression alone, without knowledge of
 * the table in the cluster, as clause.h.
 */
#ifndef FDW_PUSHDOWN_COLUMN_CONDITION_H
#define FDW_PUSHDOWN_COLUMN_CONDITION_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/table.h"
#include "fdw/select/select.h"

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
	int			series;			/* of two bounds of a partition key's column, the lower one in its place, the upper one
								 * last; 0: it is none of these */
	int			values;			/* of the lower one: how many the series has, by estimate, */
	bool		known;			/* or for certain */
	int			longest;		/* pushed, but its value may turn out to have more bytes than these, which no index has
								 * or no node filters by: then the scan leaves the condition out, and checks it; 0: any */
	bool		again;			/* pushed, and checked here, too: the index that finds it may be older than the rows */
	int			group;			/* of those that belong together: IN of rows, or a comparison of rows; 0: it stands
								 * alone */
	int			index;			/* in its group */
	const char *reason;			/* why it cannot be pushed, whatever else is; NULL: it may */
} ScyllaCondition;

/* Whether each of its values makes a request. */
static inline bool
scyllaAsksForEach(const ScyllaCondition *condition)
{
	return condition->op == SCYLLA_IN || condition->series > 0;
}

/* What compares two expressions: "left op right". */
typedef struct ScyllaComparison
{
	Node	   *left;
	Node	   *right;
	Oid			opno;
	Oid			collation;
} ScyllaComparison;

/* Whether one of its sides is a column, and the other one constant while the table is read: of found, what that says is set. */
extern bool scyllaMatchSides(PlannerInfo *root, RelOptInfo *rel, const ScyllaComparison *comparison,
							 ScyllaCondition *found);

/* Of one column. NULL: it has not that form. */
extern ScyllaCondition *scyllaMatchComparison(PlannerInfo *root, RelOptInfo *rel, Node *node);

extern Node *scyllaStripRelabel(Node *node);

#endif							/* FDW_PUSHDOWN_COLUMN_CONDITION_H */
