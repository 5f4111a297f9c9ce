/*
 * fdw/select/condition.c
 *	  From the values of conditions to what a request binds.
 *
 * Backend thread. Owns the types of the columns, in an arena, and the buffer that a
 * value is encoded in. Values themselves are condition_value.c's. Invariants:
 * operators are those of the values that came last, SCYLLA_ANY where nothing is sent;
 * nothing is malloc'd before the callback that frees it is registered.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"

#include "cql/type_text.h"
#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/select/condition.h"
#include "fdw/select/condition_value.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/type/typemap.h"

/* ---- begin ---- */

static void
init_condition(ScyllaConditions *cs, int i, Expr *value, ExprState *state)
{
	const ScyllaSelect *select = cs->select;
	ScyllaBoundCondition *c = &cs->condition[i];

	c->expr = state;
	c->planned = list_nth_int(select->operators, i);
	c->group = list_nth_int(select->groups, i);
	c->type = exprType((Node *) value);
	if (c->planned == SCYLLA_IN)
		c->type = get_element_type(getBaseType(c->type));
	c->type = getBaseType(c->type);
	c->column = strVal(list_nth(select->columns, i));
	c->column_type = get_atttype(select->relid, list_nth_int(select->attnums, i));
	c->key = i < select->npartition;
	c->longest = list_nth_int(select->longest, i);
	c->indexed = list_nth_int(select->indexed, i) != 0;
}

static void
free_conditions(void *arg)
{
	ScyllaConditions *cs = arg;

	cql_arena_free(&cs->types);
	cql_buffer_free(&cs->body);
}

ScyllaConditions *
scyllaMakeConditions(const ScyllaSelect *select, List *exprs, List *states)
{
	ScyllaConditions *cs = palloc0(sizeof(*cs));

	cs->select = select;
	cs->nconditions = list_length(select->columns);
	cs->condition = palloc0_array(ScyllaBoundCondition, Max(cs->nconditions, 1));
	cs->operators = palloc0_array(ScyllaOperator, Max(cs->nconditions, 1));
	for (int i = 0; i < cs->nconditions; i++)
		init_condition(cs, i, list_nth(exprs, i), list_nth(states, i));
	cs->callback.func = free_conditions;
	cs->callback.arg = cs;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &cs->callback);
	return cs;
}

/* ---- the table, as it is now ---- */

static void
column_context(void *arg)
{
	ScyllaBoundCondition *c = arg;

	errcontext("condition on column \"%s\"", scyllaTellUtf8(c->column));
}

/* The type tells how a value is compared, before anything is prepared. */
static void
make_converter(ScyllaConditions *cs, ScyllaBoundCondition *c, const char *type)
{
	CqlType    *cql = cql_type_from_schema(type, strlen(type), &cs->types, NULL, NULL);
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = c};

	if (cql == NULL)
		scyllaRaiseMalformed("type in the description of a table");
	error_context_stack = &context;
	c->converter = scyllaMakeConverter(cql, c->column_type, -1);
	error_context_stack = context.previous;
}

void
scyllaDescribeConditions(ScyllaConditions *cs, ScyllaSession *session, const ScyllaTableOptions *options,
						 List *attnums)
{
	Oid			relid = cs->select->relid;
	List	   *all = list_concat_copy(cs->select->attnums, attnums);
	List	   *names = NIL;
	ScyllaTable *table;
	ListCell   *lc;

	foreach(lc, all)
		names = lappend(names, scyllaToUtf8(scyllaColumnName(relid, lfirst_int(lc))));
	table = scyllaDescribeColumns(session, options, names, false);
	foreach(lc, names)
	{
		ScyllaTableColumn *column = scyllaTableColumn(table, lfirst(lc));
		int			i = foreach_current_index(lc);

		if (column == NULL)
			scyllaNoSuchColumn(table, relid, list_nth_int(all, i));
		if (i >= cs->nconditions)
			continue;
		make_converter(cs, &cs->condition[i], column->type);
		cs->condition[i].clustering = column->kind == SCYLLA_CLUSTERING;
	}
}

/* ---- values ---- */

bool
scyllaAddConditions(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int64 rows)
{
	cs->too_many = 0;
	for (int i = 0; i < cs->nconditions; i++)
	{
		if (cs->condition[i].planned == SCYLLA_NEAREST)
			return scyllaBindNearest(cs, econtext, source, i, rows);	/* the last one */
		if (!scyllaBindCondition(cs, econtext, source, i))
			return false;
	}
	return true;
}

void
scyllaDropConditions(ScyllaConditions *cs)
{
	for (int i = 0; i < cs->nconditions; i++)
		cs->operators[i] = SCYLLA_ANY;
}

const char *
scyllaLeftOut(const ScyllaConditions *cs)
{
	for (int i = 0; i < cs->nconditions; i++)
	{
		if (cs->condition[i].longest > 0 && cs->operators[i] == SCYLLA_ANY)
			return cs->condition[i].column;
	}
	return NULL;
}

bool
scyllaFindsByIndex(const ScyllaConditions *cs)
{
	bool		any = false;

	for (int i = 0; i < cs->nconditions; i++)
		any |= cs->condition[i].indexed && cs->operators[i] != SCYLLA_ANY;
	return any;
}

const ScyllaOperator *
scyllaConditionOperators(const ScyllaConditions *cs)
{
	return cs->operators;
}

int
scyllaTooManyKeys(const ScyllaConditions *cs)
{
	return cs->too_many;
}

/* ---- what was prepared ---- */

void
scyllaCheckMarkers(const ScyllaConditions *cs, const ScyllaOperator *operators, ScyllaSession *session,
				   const ScyllaTableOptions *options, const CqlMetadata *bind, int first)
{
	for (int i = 0; i < cs->nconditions; i++)
	{
		if (operators[i] == SCYLLA_ANY)
			continue;
		if (first >= (int) bind->count || !cql_type_equal(bind->column[first].type, cs->condition[i].converter->cql))
		{
			scyllaForgetSchema(session);
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
					 errmsg("column \"%s\" of table \"%s.%s\" has another type than before",
							scyllaTellUtf8(cs->condition[i].column), options->keyspace, options->table),
					 errhint("Repeat the statement.")));
		}
		first++;
	}
}
