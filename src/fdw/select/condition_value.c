/*
 * fdw/select/condition_value.c
 *	  One value, an array, rows of several conditions, or a series.
 *
 * Backend thread. Owns nothing: a converter that raises leaves the buffer to the next
 * value. Invariants: the buffer is emptied before each value; of a row of IN, all
 * values go to the source or none.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/select/condition_value.h"
#include "fdw/select/scan_key.h"
#include "fdw/session/error.h"

#define LARGEST_SEARCHED 1e17f	/* org.apache.cassandra.index.sai.disk.v1.vector.OnHeapGraph, MAX_FLOAT32_COMPONENT */

/* ---- one value ---- */

/* No key is longer, and no partition key of one column is empty. */
static bool
may_be_stored(const struct ScyllaConditions *cs, const ScyllaBoundCondition *c, ScyllaOperator op, size_t length)
{
	bool		fixed = c->key || (c->clustering && (op == SCYLLA_EQ || op == SCYLLA_IN));

	return (!fixed || length <= PG_UINT16_MAX) && (!c->key || cs->select->npartition > 1 || length > 0);
}

/* One value of a condition, of this type, into cs->body. false: no stored value fulfils the condition. */
static bool
encode_value(struct ScyllaConditions *cs, int i, ScyllaOperator *op, Oid type, Datum value)
{
	ScyllaBoundCondition *c = &cs->condition[i];

	cql_buffer_reset(&cs->body);
	if (!scyllaKeyCondition(c->converter, type, op, value, &cs->body))
		return false;
	if (cs->body.failed)
		scyllaRaiseOutOfMemory();
	return may_be_stored(cs, c, *op, cs->body.len);
}

/* By this operator, which may become another one. */
static bool
add_by(struct ScyllaConditions *cs, ScyllaKeySource *source, int i, ScyllaOperator op, Datum value)
{
	ScyllaBoundCondition *c = &cs->condition[i];

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
add_value(struct ScyllaConditions *cs, ScyllaKeySource *source, int i, Datum value)
{
	return add_by(cs, source, i, cs->condition[i].planned, value);
}

static bool
add_array(struct ScyllaConditions *cs, ScyllaKeySource *source, int i, Datum array)
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
is_searched_by(struct ScyllaConditions *cs, const ScyllaBoundCondition *c, Datum vector)
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

bool
scyllaBindNearest(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int i, int64 rows)
{
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(cs->condition[i].expr, econtext, &isnull);

	if (!isnull && rows > 0 && rows <= SCYLLA_NEAREST_MAX && is_searched_by(cs, &cs->condition[i], value))
		return add_value(cs, source, i, value);
	cs->operators[i] = SCYLLA_ANY;
	return true;
}

/* ---- conditions that belong together ---- */

/* Before this one. */
static bool
is_led(const struct ScyllaConditions *cs, int i)
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
next_in_group(const struct ScyllaConditions *cs, int i)
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
get_elements(const ScyllaBoundCondition *c, ExprContext *econtext, Elements *e)
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
add_row(struct ScyllaConditions *cs, ScyllaKeySource *source, int leader, const Elements *e, int row)
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
add_rows(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader)
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
add_bounds(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader, ScyllaOperator *op)
{
	int			n = 0;

	*op = strict(cs->condition[leader].planned);
	for (int i = leader; i < cs->nconditions; i = next_in_group(cs, i))
	{
		ScyllaBoundCondition *c = &cs->condition[i];
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
add_comparison(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int leader)
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
get_rank(const ScyllaBoundCondition *c, ExprContext *econtext, int64 *rank)
{
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(c->expr, econtext, &isnull);

	return !isnull && scyllaSeriesRank(c->type, value, c->planned, rank);
}

static bool
add_values_between(struct ScyllaConditions *cs, ScyllaKeySource *source, int lower, int64 first, int64 last)
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
add_series(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int lower)
{
	int			upper = scyllaSeriesEnd(cs->select, lower);
	int64		first;
	int64		last;
	int64		least;
	int64		greatest;

	cs->operators[lower] = SCYLLA_IN;
	cs->operators[upper] = SCYLLA_ANY;
	if (!get_rank(&cs->condition[lower], econtext, &first) || !get_rank(&cs->condition[upper], econtext, &last))
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

/* ---- any of these ---- */

bool
scyllaBindCondition(struct ScyllaConditions *cs, ExprContext *econtext, ScyllaKeySource *source, int i)
{
	ScyllaBoundCondition *c = &cs->condition[i];
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
