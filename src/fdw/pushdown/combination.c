/*
 * fdw/pushdown/combination.c
 *	  From OR to rows of values.
 *
 * Backend thread. Owns nothing. Invariant: the lists of all columns have the same
 * length, at most MAX_ROWS: their n-th values are a row.
 *
 * PostgreSQL makes an OR of ANDs of an IN over several columns. Each alternative
 * that compares columns by "=" and IN with values gives the rows of these values;
 * the columns that all alternatives have are looked up by the rows of all of them.
 * A NULL in a row is equal to nothing: the row is left out when the values are
 * known.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "fdw/pushdown/column_condition.h"
#include "fdw/pushdown/combination.h"

#define MAX_ROWS 10000			/* more are a list that nobody writes as OR */

/* "column = value AND column IN (value, ...)" */
typedef struct Alternative
{
	List	   *conditions;		/* ScyllaCondition, of a column each */
	List	   *values;			/* List of Expr: theirs */
} Alternative;

static List *
elements_of_constant(const Const *array)
{
	ArrayType  *values = DatumGetArrayTypeP(array->constvalue);
	Oid			type = ARR_ELEMTYPE(values);
	List	   *elements = NIL;
	int16		length;
	bool		byval;
	char		align;
	Datum	   *value;
	bool	   *isnull;
	int			n;

	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(values, type, length, byval, align, &value, &isnull, &n);
	for (int i = 0; i < n && n <= MAX_ROWS; i++)
		elements = lappend(elements, makeConst(type, -1, get_typcollation(type), length, value[i], isnull[i], byval));
	return elements;
}

/* NIL: they are not known one by one. */
static List *
values_of(const ScyllaCondition *condition)
{
	Node	   *array = scyllaStripRelabel((Node *) condition->value);

	if (condition->op == SCYLLA_EQ)
		return list_make1(condition->value);
	if (IsA(array, ArrayExpr) && !((ArrayExpr *) array)->multidims)
		return ((ArrayExpr *) array)->elements;
	if (IsA(array, Const) && !((Const *) array)->constisnull)
		return elements_of_constant((Const *) array);
	return NIL;
}

static int
index_of(const Alternative *a, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, a->conditions)
	{
		if (((ScyllaCondition *) lfirst(lc))->attnum == attnum)
			return foreach_current_index(lc);
	}
	return -1;
}

/* false: it is not, or not only, what rows can be made of. */
static bool
add_condition(PlannerInfo *root, RelOptInfo *rel, Node *node, Alternative *a)
{
	ScyllaCondition *condition = scyllaMatchComparison(root, rel, node);
	List	   *values;

	if (condition == NULL || condition->reason != NULL || (condition->op != SCYLLA_EQ && condition->op != SCYLLA_IN) ||
		index_of(a, condition->attnum) >= 0)
		return false;
	values = values_of(condition);
	if (values == NIL)
		return false;
	a->conditions = lappend(a->conditions, condition);
	a->values = lappend(a->values, values);
	return true;
}

static Alternative *
match_alternative(PlannerInfo *root, RelOptInfo *rel, Node *node, bool *exact)
{
	Alternative *a = palloc0(sizeof(*a));
	List	   *parts = is_andclause(node) ? ((BoolExpr *) node)->args : list_make1(node);
	ListCell   *lc;

	foreach(lc, parts)
		*exact &= add_condition(root, rel, lfirst(lc), a);
	return a;
}

/* Columns of the first alternative that all others have too, under the same collation. */
static List *
common_columns(List *alternatives, bool *exact)
{
	Alternative *first = linitial(alternatives);
	List	   *attnums = NIL;
	ListCell   *lc;
	ListCell   *ac;

	foreach(lc, first->conditions)
	{
		const ScyllaCondition *condition = lfirst(lc);
		bool		common = true;

		foreach(ac, alternatives)
		{
			Alternative *a = lfirst(ac);
			int			i = index_of(a, condition->attnum);

			common &= i >= 0 && ((ScyllaCondition *) list_nth(a->conditions, i))->collation == condition->collation;
		}
		if (common)
			attnums = lappend_int(attnums, condition->attnum);
	}
	foreach(ac, alternatives)
		*exact &= list_length(((Alternative *) lfirst(ac))->conditions) == list_length(attnums);
	return attnums;
}

/* All combinations of an alternative's values of these columns: value[] has a list for each column. false: too many. */
static bool
add_rows(const Alternative *a, List *attnums, List **value)
{
	int			before = list_length(value[0]);
	int			rows = 1;
	int			each = 1;		/* rows in a row that have the same value */
	ListCell   *lc;

	foreach(lc, attnums)
	{
		rows *= list_length(list_nth(a->values, index_of(a, lfirst_int(lc))));
		if (before + rows > MAX_ROWS)
			return false;
	}
	foreach(lc, attnums)
	{
		List	   *values = list_nth(a->values, index_of(a, lfirst_int(lc)));
		int			column = foreach_current_index(lc);

		for (int row = 0; row < rows; row++)
			value[column] = lappend(value[column], list_nth(values, row / each % list_length(values)));
		each *= list_length(values);
	}
	return true;
}

/* Of the same family as the column, each; InvalidOid: they have different types, and it is none of these. */
static Oid
common_type(List *values)
{
	Oid			type = getBaseType(exprType(linitial(values)));
	bool		same = true;
	ListCell   *lc;

	foreach(lc, values)
		same &= getBaseType(exprType(lfirst(lc))) == type;
	if (same)
		return type;
	if (type == INT2OID || type == INT4OID || type == INT8OID)
		return INT8OID;
	return type == TEXTOID || type == VARCHAROID ? TEXTOID : InvalidOid;
}

/* NULL: there is no such array. */
static Expr *
make_array(PlannerInfo *root, List *values)
{
	ArrayExpr  *array = makeNode(ArrayExpr);
	ListCell   *lc;

	array->element_typeid = common_type(values);
	array->array_typeid = OidIsValid(array->element_typeid) ? get_array_type(array->element_typeid) : InvalidOid;
	if (!OidIsValid(array->array_typeid))
		return NULL;
	array->array_collid = get_typcollation(array->element_typeid);
	array->location = -1;
	foreach(lc, values)
	{
		Node	   *value = lfirst(lc);

		if (getBaseType(exprType(value)) != array->element_typeid)
			value = coerce_to_target_type(NULL, value, exprType(value), array->element_typeid, -1,
										  COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
		if (value == NULL)
			return NULL;
		array->elements = lappend(array->elements, value);
	}
	return (Expr *) eval_const_expressions(root, (Node *) array);
}

static List *
make_conditions(PlannerInfo *root, const Alternative *first, List *attnums, List **value)
{
	List	   *conditions = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
	{
		ScyllaCondition *condition = palloc(sizeof(*condition));

		Assert(list_length(value[foreach_current_index(lc)]) == list_length(value[0]));
		*condition = *(ScyllaCondition *) list_nth(first->conditions, index_of(first, lfirst_int(lc)));
		condition->op = SCYLLA_IN;
		condition->value = make_array(root, value[foreach_current_index(lc)]);
		condition->group = list_length(attnums) > 1 ? 1 : 0;
		condition->index = foreach_current_index(lc);
		if (condition->value == NULL)
			return NIL;
		conditions = lappend(conditions, condition);
	}
	return conditions;
}

List *
scyllaMatchCombinations(PlannerInfo *root, RelOptInfo *rel, const BoolExpr *or, bool *exact)
{
	List	   *alternatives = NIL;
	List	   *attnums;
	List	  **value;
	ListCell   *lc;

	*exact = true;
	foreach(lc, or->args)
	{
		Alternative *a = match_alternative(root, rel, lfirst(lc), exact);

		if (a->conditions == NIL)
			return NIL;
		alternatives = lappend(alternatives, a);
	}
	attnums = common_columns(alternatives, exact);
	if (attnums == NIL)
		return NIL;
	value = palloc0(sizeof(List *) * list_length(attnums));
	foreach(lc, alternatives)
	{
		if (!add_rows(lfirst(lc), attnums, value))
			return NIL;
	}
	return make_conditions(root, linitial(alternatives), attnums, value);
}
