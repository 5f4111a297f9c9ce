/*
 * fdw/plan/form.c
 *	  From a clause to conditions on columns, by its form alone.
 *
 * Backend thread. Owns nothing.
 *
 * A clause is a comparison of one column with something that is constant while the
 * table is read, by an operator of the type's default B-tree family.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/plan/alike.h"
#include "fdw/plan/form.h"

static Node *
strip_relabel(Node *node)
{
	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

static ScyllaOperator
commuted(ScyllaOperator op)
{
	switch (op)
	{
		case SCYLLA_LT:
			return SCYLLA_GT;
		case SCYLLA_LE:
			return SCYLLA_GE;
		case SCYLLA_GT:
			return SCYLLA_LT;
		case SCYLLA_GE:
			return SCYLLA_LE;
		default:
			return op;
	}
}

static Var *
column_of(RelOptInfo *rel, Node *node)
{
	Var		   *var = (Var *) strip_relabel(node);

	if (var == NULL || !IsA(var, Var) || var->varno != (int) rel->relid || var->varattno <= 0 || var->varlevelsup != 0)
		return NULL;
	return var;
}

/* It has one value while the table is read. */
static bool
is_constant(PlannerInfo *root, RelOptInfo *rel, Node *value)
{
	return !bms_is_member((int) rel->relid, pull_varnos(root, value)) && !contain_volatile_functions(value) &&
		!contain_subplans(value);
}

/* "left op right", the column on the left. */
static bool
match_sides(PlannerInfo *root, RelOptInfo *rel, OpExpr *expr, bool swapped, ScyllaCondition *found)
{
	Var		   *var = column_of(rel, swapped ? lsecond(expr->args) : linitial(expr->args));
	Node	   *value = swapped ? linitial(expr->args) : lsecond(expr->args);
	Oid			type;

	if (var == NULL || !is_constant(root, rel, value))
		return false;
	found->attnum = var->varattno;
	found->value = (Expr *) value;
	found->collation = expr->inputcollid;
	type = getBaseType(var->vartype);
	found->op = scyllaDefaultOperator(expr->opno, type);
	if (swapped)
		found->op = commuted(found->op);
	if (found->op == SCYLLA_ANY)
		found->reason = psprintf("operator %s has no counterpart in CQL", get_opname(expr->opno));
	else if (!scyllaSameFamily(type, getBaseType(exprType(strip_relabel(value)))))
		found->reason = psprintf("%s and %s are not compared in CQL", format_type_be(type),
								 format_type_be(exprType(value)));
	return true;
}

/* "column = ANY (array)" */
static bool
match_array(PlannerInfo *root, RelOptInfo *rel, ScalarArrayOpExpr *expr, ScyllaCondition *found)
{
	Var		   *var = column_of(rel, linitial(expr->args));
	Node	   *value = lsecond(expr->args);
	Oid			type;
	Oid			element;

	if (var == NULL || !expr->useOr || !is_constant(root, rel, value))
		return false;
	type = getBaseType(var->vartype);
	element = get_element_type(getBaseType(exprType(strip_relabel(value))));
	found->attnum = var->varattno;
	found->value = (Expr *) value;
	found->collation = expr->inputcollid;
	found->op = SCYLLA_IN;
	if (scyllaDefaultOperator(expr->opno, type) != SCYLLA_EQ)
		found->reason = psprintf("operator %s ANY has no counterpart in CQL", get_opname(expr->opno));
	else if (!OidIsValid(element) || !scyllaSameFamily(type, getBaseType(element)))
		found->reason = psprintf("%s and %s are not compared in CQL", format_type_be(type),
								 format_type_be(exprType(value)));
	return true;
}

/* "flag" and "NOT flag" */
static bool
match_boolean(RelOptInfo *rel, Node *node, ScyllaCondition *found)
{
	bool		negated = is_notclause(node);
	Var		   *var = column_of(rel, negated ? (Node *) get_notclausearg(node) : node);

	if (var == NULL || var->vartype != BOOLOID)
		return false;
	found->attnum = var->varattno;
	found->op = SCYLLA_EQ;
	found->value = (Expr *) makeBoolConst(!negated, false);
	return true;
}

ScyllaCondition *
scyllaMatchClause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause)
{
	Node	   *node = (Node *) clause->clause;
	ScyllaCondition *found = palloc0(sizeof(*found));
	bool		matched = false;

	found->clause = clause;
	if (clause->pseudoconstant)
		return NULL;
	if (is_opclause(node) && list_length(((OpExpr *) node)->args) == 2)
		matched = match_sides(root, rel, (OpExpr *) node, false, found) ||
			match_sides(root, rel, (OpExpr *) node, true, found);
	else if (IsA(node, ScalarArrayOpExpr))
		matched = match_array(root, rel, (ScalarArrayOpExpr *) node, found);
	else
		matched = match_boolean(rel, node, found);
	return matched ? found : NULL;
}

bool
scyllaMayBePushed(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause)
{
	ScyllaCondition *condition = scyllaMatchClause(root, rel, clause);

	return condition != NULL && condition->reason == NULL;
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
