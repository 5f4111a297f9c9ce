/*
 * fdw/fetch/condition.c
 *	  From the values of conditions to what a request binds.
 *
 * Backend thread. Owns the types of the columns, in an arena, and the buffer that a
 * value is encoded in: a converter that raises leaves it to the next value.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/fetch/condition.h"
#include "fdw/fetch/key.h"
#include "fdw/option/names.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/type/typemap.h"

#define LARGEST_SEARCHED 1e17f	/* org.apache.cassandra.index.sai.disk.v1.vector.OnHeapGraph, MAX_FLOAT32_COMPONENT */

/* "column op value" */
typedef struct Condition
{
	ExprState  *expr;
	Oid			type;			/* of the expression; of its elements where it is an array */
	Oid			column_type;
	char	   *column;			/* UTF-8 */
	ScyllaOperator planned;
	int			group;			/* as in ScyllaSelect */
	bool		key;			/* of the partition key */
	bool		clustering;
	int			longest;		/* bytes of the longest value that its index has; 0: it is not asked by an index, or that has all */
	ScyllaConverter *converter;
} Condition;

struct ScyllaConditions
{
	const ScyllaSelect *select;
	Condition  *condition;
	int			nconditions;
	ScyllaOperator *operators;
	int			too_many;		/* keys of a range; 0: none has too many */
	CqlArena	types;
	CqlBuffer	body;			/* of the value at hand */
	MemoryContextCallback callback;
};

/* ---- begin ---- */

static void
init_condition(ScyllaConditions *cs, int i, Expr *value, ExprState *state)
{
	const ScyllaSelect *select = cs->select;
	Condition  *c = &cs->condition[i];

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
	cs->condition = palloc0_array(Condition, Max(cs->nconditions, 1));
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
	Condition  *c = arg;

	errcontext("condition on column \"%s\"", scyllaFromUtf8(c->column));
}

/* The type tells how a value is compared, before anything is prepared. */
static void
make_converter(ScyllaConditions *cs, Condition *c, const char *type)
{
	CqlType    *cql = cql_type_from_schema(type, strlen(type), &cs->types, NULL, NULL);
	ErrorContextCallback context = {.previous = error_context_stack,.callback = column_context,.arg = c};

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

/* No key is longer, and no partition key of one column is empty. */
static bool
may_be_stored(const ScyllaConditions *cs, const Condition *c, ScyllaOperator op, size_t length)
{
	bool		fixed = c->key || (c->clustering && (op == SCYLLA_EQ || op == SCYLLA_IN));

	return (!fixed || length <= PG_UINT16_MAX) && (!c->key || cs->select->npartition > 1 || length > 0);
}

/* One value of a condition, of this type, into cs->body. false: no stored value fulfils the condition. */
static bool
encode_value(ScyllaConditions *cs, int i, ScyllaOperator *op, Oid type, Datum value)
{
	Condition  *c = &cs->condition[i];

	cql_buffer_reset(&cs->body);
	if (!scyllaKeyCondition(c->converter, type, op, value, &cs->body))
		return false;
	if (cs->body.failed)
		scyllaRaiseOutOfMemory();
	return may_be_stored(cs, c, *op, cs->body.len);
}

/* By this operator, which may become another one. */
static bool
add_by(ScyllaConditions *cs, ScyllaKeySource *source, int i, ScyllaOperator op, Datum value)
{
	Condition  *c = &cs->condition[i];

	if (!encode_value(cs, i, &op, c->type, value))
		return false;
	cs->operators[i] = op;
	if (c->longest > 0 && cs->body.len > (size_t) c->longest)
		cs->operators[i] = SCYLLA_ANY;
	else
		scyllaSourceValue(source, i, cs->body.data, cs->body.len);
	return true;
}

static bool
add_value(ScyllaConditions *cs, ScyllaKeySource *source, int i, Datum value)
{
	return add_by(cs, source, i, cs->condition[i].planned, value);
}

static bool
add_array(ScyllaConditions *cs, ScyllaKeySource *source, int i, Datum array)
{
	Oid			type = ARR_ELEMTYPE(DatumGetArrayTypeP(array));
	Datum	   *value;
	bool	   *isnull;
	int			n;
	int16		length;
	bool		byval;
	char		align;
	bool		any = false;

	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), type, length, byval, align, &value, &isnull, &n);
	for (int k = 0; k < n; k++)
		any |= !isnull[k] && add_value(cs, source, i, value[k]);
	return any;
}

/* Cassandra searches neither by nothing where that has no cosine, nor by what its arithmetic may not hold. */
static bool
is_searched_by(ScyllaConditions *cs, const Condition *c, Datum vector)
{
	bool		cosine = strncmp(cs->select->nearest, "cosine", 6) == 0;
	CqlBuffer  *body = &cs->body;
	bool		zero = true;
	bool		held = true;

	cql_buffer_reset(body);
	c->converter->encode(c->converter, vector, body);
	if (body->failed)
		scyllaRaiseOutOfMemory();
	for (size_t at = 0; at + sizeof(float4) <= body->len; at += sizeof(float4))
	{
		union
		{
			uint32		bits;
			float4		number;
		}			x = {cql_load_u32(body->data + at)};

		zero &= x.number == 0;
		held &= x.number >= -LARGEST_SEARCHED && x.number <= LARGEST_SEARCHED;
	}
	return held && !(zero && cosine);
}

/* By the vector that is given, or by nothing. */
static bool
add_nearest(ScyllaConditions *cs, ScyllaKeySource *source, int i, Datum value, bool isnull, int64 rows)
{
	if (!isnull && rows > 0 && rows <= SCYLLA_NEAREST_MAX && is_searched_by(cs, &cs->condition[i], value))
		return add_value(cs, source, i, value);
	cs->operators[i] = SCYLLA_ANY;
	return true;
}

/* ---- conditions that belong together ---- */

/* Before this one. */
static bool
is_led(const ScyllaConditions *cs, int i)
{
	for (int k = 0; k < i && cs->condition[i].group > 0; k++)
	{
		if (cs->condition[k].group == cs->condition[i].group)
			return true;
	}
	return false;
}

/* The next one of the group; the number of conditions: there is none. */
static int
next_in_group(const ScyllaConditions *cs, int i)
{
	int			group = cs->condition[i].group;

	while (++i < cs->nconditions)
	{
		if (group > 0 && cs->condition[i].group == group)
			break;
	}
	return i;
}

/* An array of a group, taken apart. */
typedef struct Elements
{
	Datum	   *value;
	bool	   *isnull;
	int			n;
} Elements;

static bool
get_elements(const Condition *c, ExprContext *econtext, Elements *e)
{
	bool		isnull;
	Datum		array = ExecEvalExprSwitchContext(c->expr, econtext, &isnull);
	Oid			type;
	int16		length;
	bool		byval;
	char		align;

	if (isnull)
		return false;
	type = ARR_ELEMTYPE(DatumGetArrayTypeP(array));
	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), type, length, byval, align, &e->value, &e->isnull, &e->n);
	return true;
}

/* One of IN's rows: all of its values, or none. */
static bool
add_row(ScyllaConditions *cs, ScyllaKeySource *source, int leader, const Elements *e, int row)
{
	uint8_t   **body = palloc0_array(uint8_t *, cs->nconditions);
	size_t	   *length = palloc0_array(size_t, cs->nconditions);

	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
	{
		ScyllaOperator op = SCYLLA_IN;

		if (row >= e[i].n || e[i].isnull[row] || !encode_value(cs, i, &op, cs->condition[i].type, e[i].value[row]))
			return false;
		length[i] = cs->body.len;
		body[i] = memcpy(palloc(Max(cs->body.len, 1)), cs->body.data, cs->body.len);
	}
	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
		scyllaSourceValue(source, i, body[i], length[i]);
	return true;
}

static bool
add_rows(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader)
{
	Elements   *e = palloc0_array(Elements, cs->nconditions);
	bool		any = false;

	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
	{
		if (!get_elements(&cs->condition[i], econtext, &e[i]))
			return false;
		cs->operators[i] = SCYLLA_IN;
		if (i > leader)
			scyllaSourceTogether(source, i, leader);
	}
	for (int row = 0; row < e[leader].n; row++)
		any |= add_row(cs, source, leader, e, row);
	return any;
}

static ScyllaOperator
strict(ScyllaOperator op)
{
	return op == SCYLLA_LE || op == SCYLLA_LT ? SCYLLA_LT : SCYLLA_GT;
}

/*
 * "(a, b) > (x, y)". From the first value on that is NULL or that no b is equal to,
 * the row is cut off: what comes before it decides, strictly. *op: as it has become.
 * The number of columns that are compared; 0: no row fulfils it.
 */
static int
add_bounds(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader, ScyllaOperator *op)
{
	int			n = 0;

	*op = strict(cs->condition[leader].planned);
	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
	{
		Condition  *c = &cs->condition[i];
		bool		last = next_in_group(cs, i) == cs->nconditions;
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(c->expr, econtext, &isnull);

		if (isnull || !add_by(cs, source, i, last ? c->planned : strict(c->planned), value))
			return n;
		n++;
		*op = cs->operators[i];
		if (!scyllaKeyHolds(c->converter, c->type, value))
			return n;
	}
	return n;
}

static bool
add_comparison(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader)
{
	ScyllaOperator op;
	int			n = add_bounds(cs, econtext, source, leader, &op);
	int			seen = 0;

	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
		cs->operators[i] = seen++ < n ? op : SCYLLA_ANY;
	return n > 0;
}

/* ---- series ---- */

/* Of the condition's bound. false: no value fulfils it. */
static bool
get_place(const Condition *c, ExprContext *econtext, int64 *place)
{
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(c->expr, econtext, &isnull);

	return !isnull && scyllaSeriesPlace(c->type, value, c->planned, place);
}

static bool
add_values_between(ScyllaConditions *cs, ScyllaKeySource *source, int lower, int64 first, int64 last)
{
	const ScyllaConverter *converter = cs->condition[lower].converter;
	ScyllaOperator op = SCYLLA_IN;
	bool		any = false;

	for (int64 i = 0; i <= last - first; i++)
	{
		if (!encode_value(cs, lower, &op, converter->basetype, scyllaSeriesValue(converter, first + i)))
			continue;
		scyllaSourceValue(source, lower, cs->body.data, cs->body.len);
		any = true;
	}
	return any;
}

static bool
add_series(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int lower)
{
	int			upper = scyllaSeriesEnd(cs->select, lower);
	int64		first;
	int64		last;
	int64		least;
	int64		greatest;

	cs->operators[lower] = SCYLLA_IN;
	cs->operators[upper] = SCYLLA_ANY;
	if (!get_place(&cs->condition[lower], econtext, &first) || !get_place(&cs->condition[upper], econtext, &last))
		return false;
	scyllaSeriesLimits(cs->condition[lower].converter, &least, &greatest);
	first = Max(first, least);
	last = Min(last, greatest);
	if (first > last)
		return false;
	if ((uint64) last - (uint64) first < SCYLLA_SERIES_MAX)
		return add_values_between(cs, source, lower, first, last);
	cs->too_many = (int) Min((uint64) last - (uint64) first, PG_INT32_MAX - 1) + 1;
	return true;
}

int
scyllaTooManyKeys(const ScyllaConditions *cs)
{
	return cs->too_many;
}

/* ---- all ---- */

static bool
add_condition(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int i)
{
	Condition  *c = &cs->condition[i];
	bool		isnull;
	Datum		value;

	if (is_led(cs, i) || scyllaSeriesBegin(cs->select, i) >= 0)
		return true;
	if (scyllaSeriesEnd(cs->select, i) >= 0)
		return add_series(cs, econtext, source, i);
	if (c->group > 0)
		return c->planned == SCYLLA_IN ? add_rows(cs, econtext, source, i) : add_comparison(cs, econtext, source, i);
	value = ExecEvalExprSwitchContext(c->expr, econtext, &isnull);
	if (isnull)
		return false;
	return c->planned == SCYLLA_IN ? add_array(cs, source, i, value) : add_value(cs, source, i, value);
}

bool
scyllaAddConditions(ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int64 rows)
{
	cs->too_many = 0;
	for (int i = 0; i < cs->nconditions; i++)
	{
		if (cs->condition[i].planned == SCYLLA_NEAREST)
		{
			bool		isnull;
			Datum		value = ExecEvalExprSwitchContext(cs->condition[i].expr, econtext, &isnull);

			return add_nearest(cs, source, i, value, isnull, rows);	/* the last one */
		}
		if (!add_condition(cs, econtext, source, i))
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

bool
scyllaLeavesConditionsOut(const ScyllaConditions *cs)
{
	bool		any = false;

	for (int i = 0; i < cs->nconditions; i++)
		any |= cs->condition[i].longest > 0 && cs->operators[i] == SCYLLA_ANY;
	return any;
}

bool
scyllaFindsByIndex(const ScyllaConditions *cs)
{
	bool		any = false;

	for (int i = 0; i < cs->nconditions; i++)
		any |= cs->condition[i].longest > 0 && cs->operators[i] != SCYLLA_ANY;
	return any;
}

const ScyllaOperator *
scyllaConditionOperators(const ScyllaConditions *cs)
{
	return cs->operators;
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
							scyllaFromUtf8(cs->condition[i].column), options->keyspace, options->table),
					 errhint("Repeat the statement.")));
		}
		first++;
	}
}
