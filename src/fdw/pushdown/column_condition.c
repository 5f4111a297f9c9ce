/*
 * fdw/pushdown/column_condition.c
 *	  From an expression to a condition on one column, by its form alone.
 *
 * Backend thread. Owns nothing. Invariant: the value of a condition stays the same
 * while the table is read: it has no column of the table, nothing volatile, and no
 * subplan.
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
#include "fdw/pushdown/column_condition.h"
#include "fdw/pushdown/comparison.h"

Node *
scyllaStripRelabel(Node *node)
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
	Var		   *var = (Var *) scyllaStripRelabel(node);

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

/* swapped: the column is on the right. */
static bool
match_sides(PlannerInfo *root, RelOptInfo *rel, const ScyllaComparison *c, bool swapped, ScyllaCondition *found)
{
	Var		   *var = column_of(rel, swapped ? c->right : c->left);
	Node	   *value = swapped ? c->left : c->right;
	Oid			type;

	if (var == NULL || !is_constant(root, rel, value))
		return false;
	found->attnum = var->varattno;
	found->value = (Expr *) value;
	found->collation = c->collation;
	type = getBaseType(var->vartype);
	found->op = scyllaDefaultOperator(c->opno, type);
	if (swapped)
		found->op = commuted(found->op);
	if (found->op == SCYLLA_ANY)
		found->reason = psprintf("operator %s has no counterpart in CQL", get_opname(c->opno));
	else if (!scyllaSameFamily(type, getBaseType(exprType(scyllaStripRelabel(value)))))
		found->reason = psprintf("%s and %s are not compared in CQL", format_type_be(type),
								 format_type_be(exprType(value)));
	return true;
}

bool
scyllaMatchSides(PlannerInfo *root, RelOptInfo *rel, const ScyllaComparison *c, ScyllaCondition *found)
{
	return match_sides(root, rel, c, false, found) || match_sides(root, rel, c, true, found);
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
	element = get_element_type(getBaseType(exprType(scyllaStripRelabel(value))));
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
scyllaMatchComparison(PlannerInfo *root, RelOptInfo *rel, Node *node)
{
	ScyllaCondition *found = palloc0(sizeof(*found));
	OpExpr	   *expr = (OpExpr *) node;
	bool		matched;

	if (is_opclause(node) && list_length(expr->args) == 2)
		matched = scyllaMatchSides(root, rel, &(ScyllaComparison) {linitial(expr->args), lsecond(expr->args), expr->opno,
																   expr->inputcollid}, found);
	else if (IsA(node, ScalarArrayOpExpr))
		matched = match_array(root, rel, (ScalarArrayOpExpr *) node, found);
	else
		matched = match_boolean(rel, node, found);
	return matched ? found : NULL;
}
