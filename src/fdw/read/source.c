/*
 * fdw/read/source.c
 *	  Values of the requests of a scan.
 *
 * Backend thread. Owns the values: bytes in a buffer of its own, and where each
 * begins.
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/qunique.h"

#include "cql/token.h"
#include "fdw/read/source.h"
#include "fdw/session/error.h"

typedef struct Value
{
	const uint8_t *data;
	size_t		length;
} Value;

/* All values of a condition; "=" has one, and one that is always true none: it has no marker. */
typedef struct Condition
{
	Value	   *value;
	int			nvalues;
	int			allocated;
	int			current;
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
		qsort(c->value, c->nvalues, sizeof(Value), compare_values);
		c->nvalues = (int) qunique(c->value, c->nvalues, sizeof(Value), compare_values);
		s->nmarkers++;
		if (pg_mul_s32_overflow(count, c->nvalues, &count))
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
	return &s->condition[condition].value[s->condition[condition].current];
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

		if (++c->current < c->nvalues)
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
