/*
 * fdw/select/request_list.c
 *	  Values of the requests of a scan.
 *
 * Backend thread. Owns the values: bytes in a buffer of its own, and where each
 * begins. Invariants: no request comes twice; the first npartition conditions are the
 * partition key's columns in their order, as the token is made of them.
 *
 * IN makes one request for each key, through the window, and each goes to a replica
 * of its key. CQL's own IN would be one request, all of which its coordinator has to
 * work off. So a SELECT is a text and a list of values, and the text is written when
 * the values are known.
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/qunique.h"

#include "cql/token.h"
#include "fdw/compat.h"
#include "fdw/select/request_list.h"
#include "fdw/session/error.h"

typedef struct Value
{
	const uint8_t *data;
	size_t		length;
} Value;

/*
 * All values of a condition; "=" has one, and one that is always true none: it has
 * no marker. Conditions whose values go together have them in rows, which the first
 * of them, the leader, counts. A condition that stands alone leads itself.
 */
typedef struct Condition
{
	Value	   *value;
	int			nvalues;
	int			allocated;
	int			leader;
	bool		leads_others;
	int		   *row;			/* of a leader: rows in order, each once */
	int			nrows;
	int			current;		/* row */
} Condition;

struct ScyllaKeySource
{
	ScyllaSource base;
	Condition  *condition;
	int			nconditions;
	int			nmarkers;		/* of the conditions */
	int			npartition;
	const CqlTokenRange *range;
	int			nranges;
	pg_atomic_uint32 *shared;
	pg_atomic_uint32 own;
	ScyllaStride *stride;		/* ranges that are made as requests go; NULL: none are */
	int32		limit;			/* 0: none */
	bool		ended;
	CqlBuffer	routing;		/* routing key of several columns */
	MemoryContextCallback callback;
};

static bool next_request(ScyllaSource *base, ScyllaValues *values);

static void
free_routing(void *arg)
{
	cql_buffer_free(&((ScyllaKeySource *) arg)->routing);
}

ScyllaKeySource *
scyllaBeginSource(int nconditions, int npartition)
{
	ScyllaKeySource *s = palloc0(sizeof(*s));

	s->base.next = next_request;
	s->condition = palloc0(sizeof(Condition) * Max(nconditions, 1));
	s->nconditions = nconditions;
	for (int i = 0; i < nconditions; i++)
		s->condition[i].leader = i;
	s->npartition = npartition;
	pg_atomic_init_u32(&s->own, 0);
	s->callback.func = free_routing;
	s->callback.arg = s;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &s->callback);
	return s;
}

void
scyllaSourceValue(ScyllaKeySource *s, int condition, const uint8_t *body, size_t length)
{
	Condition  *c = &s->condition[condition];
	uint8_t    *copy = palloc(Max(length, 1));

	memcpy(copy, body, length);
	if (c->nvalues == c->allocated)
	{
		c->allocated = c->allocated ? 2 * c->allocated : 1;
		c->value = c->value ? repalloc_huge(c->value, sizeof(Value) * c->allocated) :
			palloc(sizeof(Value) * c->allocated);
	}
	c->value[c->nvalues++] = (Value) {copy, length};
}

void
scyllaSourceTogether(ScyllaKeySource *s, int condition, int leader)
{
	s->condition[condition].leader = leader;
	s->condition[leader].leads_others = true;
}

void
scyllaSourceRanges(ScyllaKeySource *s, const CqlTokenRange *range, int nranges, pg_atomic_uint32 *shared)
{
	s->range = range;
	s->nranges = nranges;
	s->shared = shared;
}

void
scyllaSourceStride(ScyllaKeySource *s, ScyllaStride *stride)
{
	s->stride = stride;
}

void
scyllaSourceLimit(ScyllaKeySource *s, int32 limit)
{
	s->limit = limit;
}

static int
compare_values(const void *a, const void *b)
{
	const Value *x = a;
	const Value *y = b;
	int			order = memcmp(x->data, y->data, Min(x->length, y->length));

	return order != 0 ? order : (x->length > y->length) - (x->length < y->length);
}

/* One that stands alone has its values themselves in order. */
static void
sort_values(Condition *c)
{
	qsort(c->value, c->nvalues, sizeof(Value), compare_values);
	c->nvalues = (int) qunique(c->value, c->nvalues, sizeof(Value), compare_values);
	c->nrows = c->nvalues;
}

typedef struct Rows
{
	const ScyllaKeySource *source;
	int			leader;
} Rows;

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const Rows *rows = arg;

	for (int i = rows->leader; i < rows->source->nconditions; i++)
	{
		const Condition *c = &rows->source->condition[i];
		int			order = c->leader == rows->leader ?
			compare_values(&c->value[*(const int *) a], &c->value[*(const int *) b]) : 0;

		if (order != 0)
			return order;
	}
	return 0;
}

static void
sort_rows(ScyllaKeySource *s, int leader)
{
	Condition  *c = &s->condition[leader];
	Rows		rows = {s, leader};

	if (c->row == NULL)
		c->row = palloc_array(int, c->nvalues);
	for (int i = 0; i < c->nvalues; i++)
		c->row[i] = i;
	qsort_arg(c->row, c->nvalues, sizeof(int), compare_rows, &rows);
	c->nrows = 0;
	for (int i = 0; i < c->nvalues; i++)
	{
		if (i == 0 || compare_rows(&c->row[i], &c->row[c->nrows - 1], &rows) != 0)
			c->row[c->nrows++] = c->row[i];
	}
}

int
scyllaEndSource(ScyllaKeySource *s)
{
	int			count = s->stride ? PG_INT32_MAX : Max(s->nranges, 1);

	s->nmarkers = 0;
	for (int i = 0; i < s->nconditions; i++)
	{
		Condition  *c = &s->condition[i];

		if (c->nvalues == 0)
			continue;
		s->nmarkers++;
		if (c->leader != i)
			continue;
		if (c->leads_others)
			sort_rows(s, i);
		else
			sort_values(c);
		if (pg_mul_s32_overflow(count, c->nrows, &count))
			count = PG_INT32_MAX;
	}
	return count;
}

ScyllaSource *
scyllaSourceOf(ScyllaKeySource *s)
{
	return &s->base;
}

/* ---- requests ---- */

static void
put_value(CqlBuffer *b, const void *data, size_t length)
{
	size_t		mark = cql_begin_value(b);

	cql_put_raw(b, data, length);
	cql_end_value(b, mark);
}

static void
put_token(CqlBuffer *b, int64 token)
{
	size_t		mark = cql_begin_value(b);

	cql_put_u64(b, (uint64_t) token);
	cql_end_value(b, mark);
}

static Value *
current_value(const ScyllaKeySource *s, int condition)
{
	const Condition *c = &s->condition[condition];
	const Condition *leader = &s->condition[c->leader];

	return &c->value[leader->leads_others ? leader->row[leader->current] : leader->current];
}

static int64
token_of_key(ScyllaKeySource *s)
{
	if (s->npartition == 1)
		return cql_token_murmur3(current_value(s, 0)->data, current_value(s, 0)->length);
	cql_buffer_reset(&s->routing);
	for (int i = 0; i < s->npartition; i++)
		cql_token_put_component(&s->routing, current_value(s, i)->data, current_value(s, i)->length);
	if (s->routing.failed)
		scyllaRaiseOutOfMemory();
	return cql_token_murmur3(s->routing.data, s->routing.len);
}

/* The last condition's values vary fastest. */
static void
to_next_combination(ScyllaKeySource *s)
{
	for (int i = s->nconditions - 1; i >= 0; i--)
	{
		Condition  *c = &s->condition[i];

		if (c->leader != i)
			continue;
		if (++c->current < c->nrows)
			return;
		c->current = 0;
	}
	s->ended = true;
}

/* No key of several columns is longer, whatever is stored. */
static bool
fits_key(const ScyllaKeySource *s)
{
	size_t		length = 0;

	for (int i = 0; s->npartition > 1 && i < s->npartition; i++)
		length += current_value(s, i)->length + 3;
	return length <= PG_UINT16_MAX;
}

/* false: all are taken. */
static bool
take_range(ScyllaKeySource *s, CqlTokenRange *range, uint64 *tag)
{
	uint32		number;

	if (s->stride != NULL)
		return scyllaNextStride(s->stride, range);
	number = pg_atomic_fetch_add_u32(s->shared ? s->shared : &s->own, 1);
	if (number >= (uint32) s->nranges)
		return false;
	*range = s->range[number];
	*tag = number;
	return true;
}

static bool
next_request(ScyllaSource *base, ScyllaValues *values)
{
	ScyllaKeySource *s = (ScyllaKeySource *) base;	/* its first member */
	bool		ranges = s->nranges > 0 || s->stride != NULL;
	CqlTokenRange range;
	CqlBuffer  *b = &values->bytes;
	int			n = (ranges ? 2 : 0) + s->nmarkers + (s->limit > 0 ? 1 : 0);

	while (!s->ended && !fits_key(s))
		to_next_combination(s);
	if (s->ended || (ranges && !take_range(s, &range, &values->tag)))
		return false;
	if (n > 0)
		cql_put_u16(b, (uint16_t) n);
	if (ranges)
	{
		put_token(b, range.above);
		put_token(b, range.upto);
		values->routed = true;
		values->token = range.upto;
	}
	for (int i = 0; i < s->nconditions; i++)
	{
		if (s->condition[i].nvalues > 0)
			put_value(b, current_value(s, i)->data, current_value(s, i)->length);
	}
	if (s->limit > 0)
	{
		size_t		mark = cql_begin_value(b);

		cql_put_u32(b, (uint32_t) s->limit);
		cql_end_value(b, mark);
	}
	if (s->npartition > 0)
	{
		values->routed = true;
		values->token = token_of_key(s);
	}
	if (!ranges)
		to_next_combination(s);
	return true;
}
