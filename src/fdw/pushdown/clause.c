/*
 * fdw/pushdown/clause.c
 *	  From a clause to conditions on columns, by its form alone.
 *
 * Backend thread. Owns nothing. Invariants: only the form is looked at, so no table
 * needs to be described; a clause that is not exact has to be checked here as well.
 *
 * A condition is a comparison of one column with something that is constant while
 * the table is read, by an operator of the type's default B-tree family. A clause
 * is one, or several that belong together: a comparison of rows, or combinations of
 * values (combination.c).
 *
 * The conditions of one clause belong together by a number, their group. PostgreSQL
 * makes (a, b) IN ((1, 2), (3, 4)) an OR of ANDs. Here this clause is two lists in
 * one group: their n-th values make one request, so there are two requests and not
 * the four of a product. A comparison of rows is cut off when its values are known.
 * From the first value on that is NULL, or that CQL cannot hold, what stands before
 * the value decides. If a clause says more than CQL takes, CQL gets what it takes,
 * and PostgreSQL checks the whole clause.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "fdw/compat.h"
#include "fdw/pushdown/clause.h"
#include "fdw/pushdown/combination.h"

/* "(column, column) > (value, value)". Up to where it is no comparison in one direction, of columns with values. */
static List *
match_row(PlannerInfo *root, RelOptInfo *rel, const RowCompareExpr *row, bool *exact)
{
	List	   *conditions = NIL;

	*exact = true;
	for (int i = 0; i < list_length(row->opnos); i++)
	{
		ScyllaCondition *found = palloc0(sizeof(*found));
		ScyllaComparison c = {list_nth(row->largs, i), list_nth(row->rargs, i), list_nth_oid(row->opnos, i),
		list_nth_oid(row->inputcollids, i)};

		*exact = scyllaMatchSides(root, rel, &c, found) &&
			(i == 0 || found->op == ((ScyllaCondition *) linitial(conditions))->op);
		if (!*exact)
			break;
		found->group = 1;
		found->index = i;
		conditions = lappend(conditions, found);
	}
	return conditions;
}

List *
scyllaMatchClause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause, bool *exact)
{
	Node	   *node = (Node *) clause->clause;
	List	   *found = NIL;
	ScyllaCondition *condition;
	ListCell   *lc;

	*exact = true;
	if (clause->pseudoconstant)
		return NIL;
	if (is_orclause(node))
		found = scyllaMatchCombinations(root, rel, (BoolExpr *) node, exact);
	else if (IsA(node, RowCompareExpr))
		found = match_row(root, rel, (RowCompareExpr *) node, exact);
	else if ((condition = scyllaMatchComparison(root, rel, node)) != NULL)
		found = list_make1(condition);
	foreach(lc, found)
		((ScyllaCondition *) lfirst(lc))->origin = clause;
	return found;
}

bool
scyllaMayBePushed(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause)
{
	bool		exact;
	ListCell   *lc;

	foreach(lc, scyllaMatchClause(root, rel, clause, &exact))
	{
		if (((ScyllaCondition *) lfirst(lc))->reason == NULL)
			return true;
	}
	return false;
}

bool
scyllaAnyMayBePushed(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		if (scyllaMayBePushed(root, rel, lfirst_node(RestrictInfo, lc)))
			return true;
	}
	return false;
}
