/*
 * fdw/join/lookup.c
 *	  Rows, the keys they ask for, and the requests on their way.
 *
 * Backend thread. Owns copies of the rows that wait, their keys and the fetch.
 *
 * A key is what one request binds, as bytes. The key waits in the line of its shape:
 * values may turn operators of conditions into others (scan_key.c), so there may be
 * several texts. One fetch runs at a time; when all of a shape's keys are answered
 * and another shape's wait, the next fetch begins. Where the bounds are microseconds,
 * nearly all keys are of one shape.
 *
 * How many rows may wait grows with those that are done, as who stops after a few
 * must not have had thousands looked up; it ends at MAX_ROWS and work_mem. Rows
 * are taken in when half of that is free, so that requests go out in bulk.
 *
 * Nobody knows how many rows are still to come. When requests have taken clearly
 * longer than all of the table's rows would have, the table is read (whole.c): so a
 * join takes a few times as long as reading the table, and no longer, whatever the
 * planner took the outer rows to be. What is on its way then comes home as before.
 *
 * Invariant: a row waits for row->keys keys; a key is in the hash as long as none
 * of its rows came home, in a line as long as it was not asked for.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/fetch/row_size.h"
#include "fdw/join/lookup.h"
#include "fdw/join/whole.h"
#include "fdw/read/full_scan.h"
#include "fdw/select/request_list.h"
#include "fdw/session/error.h"
#include "fdw/session/statement.h"

#define FIRST_ROWS 32			/* that may wait at the beginning */
#define MAX_ROWS 4096
#define MAX_PAGERS 1024
#define FEW_KEYS 1000			/* to ask for before the whole table is thought of */

typedef struct Shape
{
	dlist_node	node;
	const ScyllaOperator *operators;
	dlist_head	line;			/* keys to ask for */
} Shape;

typedef struct Key
{
	dlist_node	node;			/* of its shape's line */
	Shape	   *shape;
	ScyllaLookupRow **row;
	int			nrows;
	int			allocated;
	bool		findable;		/* in the hash */
	uint32		hash;
	int64		token;
	Size		length;
	uint8_t		bytes[FLEXIBLE_ARRAY_MEMBER];
} Key;

typedef struct KeyEntry
{
	Key		   *key;
	char		status;
} KeyEntry;

static inline bool
same_key(const Key *a, const Key *b)
{
	return a->shape == b->shape && a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

#define SH_PREFIX keys
#define SH_ELEMENT_TYPE KeyEntry
#define SH_KEY_TYPE Key *
#define SH_KEY key
#define SH_HASH_KEY(table, key) (key)->hash
#define SH_EQUAL(table, a, b) same_key(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* What the fetch asks for: the keys in the line of the current shape. */
typedef struct LineSource
{
	ScyllaSource base;
	struct ScyllaLookup *lookup;
} LineSource;

struct ScyllaLookup
{
	ScyllaLookupConfig config;
	MemoryContext context;
	MemoryContext scratch;		/* of one row's values */
	int			nconditions;
	keys_hash  *keys;
	dlist_head	shapes;
	Shape	   *shape;			/* of the fetch; NULL: none */
	LineSource	source;
	ScyllaValues values;		/* of the key being added */
	ScyllaFetch *fetch;
	int			asked;			/* keys */
	int			reconsider;		/* the whole table, when so many were */
	ScyllaWhole *whole;			/* NULL: keys are asked for */
	Key		   *kept;			/* whose rows of the whole table are told; NULL: none */
	const ScyllaWholeRow *row;	/* the next one of them */
	MinimalTuple tuple;			/* the one told; NULL: it is the fetch's */
	Key		   *found;
	ScyllaLookupRow *done;		/* told last */
	slist_head	ready;			/* rows that are done and not told */
	int			waiting;		/* rows */
	Size		bytes;			/* of them and their keys */
	uint64		finished;		/* rows */
	bool		ended;
	MemoryContextCallback callback;
};

/* ---- opening and closing ---- */

static void
free_values(void *arg)
{
	cql_buffer_free(&((ScyllaLookup *) arg)->values.bytes);
}

static bool next_in_line(ScyllaSource *base, ScyllaValues *values);

ScyllaLookup *
scyllaLookupOpen(const ScyllaLookupConfig *config)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw lookup", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaLookup *l = palloc0(sizeof(*l));

	l->config = *config;
	l->context = context;
	l->scratch = AllocSetContextCreate(context, "scylla_fdw key", ALLOCSET_SMALL_SIZES);
	l->nconditions = list_length(config->select->columns);
	l->reconsider = config->select->whole_instead ? FEW_KEYS : PG_INT32_MAX;
	l->keys = keys_create(context, 2 * FIRST_ROWS, NULL);
	dlist_init(&l->shapes);
	slist_init(&l->ready);
	l->source.base.next = next_in_line;
	l->source.base.later = true;
	l->source.lookup = l;
	l->callback.func = free_values;
	l->callback.arg = l;
	MemoryContextRegisterResetCallback(context, &l->callback);
	MemoryContextSwitchTo(old);
	return l;
}

void
scyllaLookupClose(ScyllaLookup *l)
{
	if (l->fetch != NULL)
		scyllaFetchClose(l->fetch);
	MemoryContextDelete(l->context);
}

/* ---- keys ---- */

static Shape *
find_shape(ScyllaLookup *l)
{
	const ScyllaOperator *operators = scyllaConditionOperators(l->config.conditions);
	Size		size = sizeof(ScyllaOperator) * l->nconditions;
	dlist_iter	iter;
	Shape	   *shape;
	ScyllaOperator *copy;

	dlist_foreach(iter, &l->shapes)
	{
		shape = dlist_container(Shape, node, iter.cur);
		if (memcmp(shape->operators, operators, size) == 0)
			return shape;
	}
	shape = MemoryContextAlloc(l->context, sizeof(*shape));
	copy = MemoryContextAlloc(l->context, size);
	memcpy(copy, operators, size);
	shape->operators = copy;
	dlist_init(&shape->line);
	dlist_push_tail(&l->shapes, &shape->node);
	return shape;
}

/* In the current memory context. */
static Key *
make_key(Shape *shape, const ScyllaValues *values)
{
	Key		   *key = palloc(offsetof(Key, bytes) + values->bytes.len);

	memset(key, 0, offsetof(Key, bytes));
	key->shape = shape;
	key->token = values->token;
	key->length = values->bytes.len;
	memcpy(key->bytes, values->bytes.data, values->bytes.len);
	key->hash = hash_bytes(key->bytes, (int) key->length);
	return key;
}

static Size
key_size(const Key *key)
{
	return offsetof(Key, bytes) + key->length + sizeof(KeyEntry);
}

/* The one that waits already, or this one. */
static Key *
enter_key(ScyllaLookup *l, Key *wanted)
{
	bool		found;
	KeyEntry   *entry = keys_insert(l->keys, wanted, &found);
	Key		   *key;

	if (found)
		return entry->key;
	key = MemoryContextAlloc(l->context, offsetof(Key, bytes) + wanted->length);
	memcpy(key, wanted, offsetof(Key, bytes) + wanted->length);
	key->findable = true;
	entry->key = key;
	dlist_push_tail(&key->shape->line, &key->node);
	l->bytes += key_size(key);
	return key;
}

static void
join_key(ScyllaLookup *l, Key *key, ScyllaLookupRow *row)
{
	Assert(key->findable);
	if (key->nrows == key->allocated)
	{
		int			n = key->allocated ? 2 * key->allocated : 1;

		key->row = key->row ? repalloc(key->row, n * sizeof(key->row[0])) :
			MemoryContextAlloc(l->context, n * sizeof(key->row[0]));
		key->allocated = n;
	}
	key->row[key->nrows++] = row;
	row->keys++;
}

/* Rows that come from now on would miss what came home of it. */
static void
hide_key(ScyllaLookup *l, Key *key)
{
	if (key->findable)
		keys_delete(l->keys, key);
	key->findable = false;
}

static void
free_key(ScyllaLookup *l, Key *key)
{
	Assert(!key->findable && l->bytes >= key_size(key));
	l->bytes -= key_size(key);
	if (key->row)
		pfree(key->row);
	pfree(key);
}

/* ---- rows in ---- */

/* All combinations of the values that the row has for the conditions. */
static void
add_keys(ScyllaLookup *l, ExprContext *econtext, ScyllaLookupRow *row)
{
	ScyllaKeySource *values = scyllaBeginSource(l->nconditions, l->config.select->npartition);
	ScyllaSource *source = scyllaSourceOf(values);
	Shape	   *shape;

	if (!scyllaAddConditions(l->config.conditions, econtext, values, -1))
		return;
	(void) scyllaEndSource(values);
	shape = find_shape(l);
	for (;;)
	{
		cql_buffer_reset(&l->values.bytes);
		if (!source->next(source, &l->values))
			return;
		if (l->values.bytes.failed)
			scyllaRaiseOutOfMemory();
		join_key(l, enter_key(l, make_key(shape, &l->values)), row);
	}
}

void
scyllaLookupAdd(ScyllaLookup *l, ExprContext *econtext, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(l->context);
	ScyllaLookupRow *row = palloc0(sizeof(*row));

	row->tuple = ExecCopySlotMinimalTuple(slot);
	l->waiting++;
	l->bytes += row->tuple->t_len;
	MemoryContextSwitchTo(l->scratch);
	add_keys(l, econtext, row);
	MemoryContextSwitchTo(old);
	MemoryContextReset(l->scratch);
	if (row->keys == 0)
		slist_push_head(&l->ready, &row->node);
}

bool
scyllaLookupIsHungry(const ScyllaLookup *l)
{
	return !l->ended && (uint64) l->waiting < Min(FIRST_ROWS + l->finished, MAX_ROWS) &&
		l->bytes < (Size) work_mem * 1024;
}

void
scyllaLookupEnd(ScyllaLookup *l)
{
	l->ended = true;
}

/* Rather many rows at once than one by one. */
static bool
wants_rows(const ScyllaLookup *l)
{
	return !l->ended && (uint64) l->waiting < Min(FIRST_ROWS + l->finished, MAX_ROWS) / 2 &&
		l->bytes < (Size) work_mem * 512;
}

/* ---- requests ---- */

static bool
next_in_line(ScyllaSource *base, ScyllaValues *values)
{
	ScyllaLookup *l = ((LineSource *) base)->lookup;	/* base is its first member */
	Key		   *key;

	if (dlist_is_empty(&l->shape->line))
		return false;
	key = dlist_container(Key, node, dlist_pop_head_node(&l->shape->line));
	Assert(key->findable && key->nrows > 0);
	cql_put_raw(&values->bytes, key->bytes, key->length);
	values->routed = true;
	values->token = key->token;
	values->tag = (uint64) (uintptr_t) key;
	l->asked += l->asked < PG_INT32_MAX;
	return true;
}

static void
open_fetch(ScyllaLookup *l)
{
	ScyllaSelectForm form = {.operators = l->shape->operators};
	ScyllaFetchConfig config = {.session = l->config.session, .options = l->config.options,
		.relation = l->config.relation, .report = l->config.report, .source = &l->source.base,
		.page_rows = l->config.options->fetch_size, .pagers = MAX_PAGERS};
	ScyllaRowSize size = scyllaRowSize(l->config.select, scyllaDescribeTable(l->config.session, l->config.options));
	MemoryContext old = MemoryContextSwitchTo(l->context);

	config.row_bytes = size.row;
	config.read_bytes = size.unknown != NIL ? SCYLLA_UNSEEN_BYTES : size.read;
	config.select = l->config.select;
	config.form = form;
	config.cql = scyllaDeparseSelect(l->config.select, l->config.options, &form);
	config.statement = scyllaPrepare(l->config.session, l->config.options, config.cql);
	scyllaCheckMarkers(l->config.conditions, l->shape->operators, l->config.session, l->config.options,
					   &config.statement->bind, 0);
	l->fetch = scyllaFetchOpen(&config);
	MemoryContextSwitchTo(old);
}

/* Nothing is on its way. false: no key waits either. */
static bool
next_shape(ScyllaLookup *l)
{
	dlist_iter	iter;

	dlist_foreach(iter, &l->shapes)
	{
		Shape	   *shape = dlist_container(Shape, node, iter.cur);

		if (dlist_is_empty(&shape->line))
			continue;
		if (shape == l->shape)
			return true;
		if (l->fetch != NULL)
			scyllaFetchClose(l->fetch);
		l->fetch = NULL;
		l->shape = shape;
		open_fetch(l);
		return true;
	}
	return false;
}

/* ---- rows out ---- */

void
scyllaLookupFree(ScyllaLookup *l, ScyllaLookupRow *row)
{
	pfree(row->tuple);
	pfree(row);
}

static void
end_key(ScyllaLookup *l, Key *key)
{
	hide_key(l, key);
	for (int i = 0; i < key->nrows; i++)
	{
		Assert(key->row[i]->keys > 0);
		if (--key->row[i]->keys == 0)
			slist_push_head(&l->ready, &key->row[i]->node);
	}
	free_key(l, key);
}

static ScyllaLookupEvent
tell_done(ScyllaLookup *l)
{
	l->done = slist_container(ScyllaLookupRow, node, slist_pop_head_node(&l->ready));
	Assert(l->done->keys == 0 && l->waiting > 0 && l->bytes >= l->done->tuple->t_len);
	l->waiting--;
	l->finished++;
	l->bytes -= l->done->tuple->t_len;
	return SCYLLA_LOOKUP_DONE;
}

/* ---- the whole table ---- */

/* Once it has been read, or found to have no room, that is settled. */
static void
consider_whole(ScyllaLookup *l)
{
	const ScyllaLookupConfig *config = &l->config;
	MemoryContext old;

	l->reconsider = l->asked < PG_INT32_MAX / 2 ? 2 * l->asked : PG_INT32_MAX;
	if (!scyllaRatherFullScan(config->session, config->options, config->select, l->asked))
		return;
	l->reconsider = PG_INT32_MAX;
	old = MemoryContextSwitchTo(l->context);
	l->whole = scyllaReadWhole(config);
	MemoryContextSwitchTo(old);
	if (l->whole != NULL)
		*config->instead = l->asked;
}

static bool
has_kept(const ScyllaLookup *l)
{
	return l->whole != NULL && (l->kept != NULL || !dlist_is_empty(&l->shape->line));
}

/* A row of the key at hand, which is the next one in line if there was none. false: it has no more, and ends. */
static bool
take_kept(ScyllaLookup *l)
{
	if (l->kept == NULL)
	{
		l->kept = dlist_container(Key, node, dlist_pop_head_node(&l->shape->line));
		l->row = scyllaWholeRows(l->whole, l->kept->bytes, l->kept->length);
	}
	if (l->row == NULL)
	{
		end_key(l, l->kept);
		l->kept = NULL;
		return false;
	}
	hide_key(l, l->kept);
	l->found = l->kept;
	l->tuple = l->row->tuple;
	l->row = l->row->next;
	return true;
}

ScyllaLookupEvent
scyllaLookupNext(ScyllaLookup *l)
{
	if (l->done != NULL && !l->done->held)
		scyllaLookupFree(l, l->done);
	l->done = NULL;
	l->found = NULL;
	l->tuple = NULL;
	for (;;)
	{
		Key		   *key;

		if (!slist_is_empty(&l->ready))
			return tell_done(l);
		if (wants_rows(l))
			return SCYLLA_LOOKUP_HUNGRY;
		if (l->asked >= l->reconsider)
			consider_whole(l);
		if (has_kept(l))
		{
			if (take_kept(l))
				return SCYLLA_LOOKUP_FOUND;
			continue;
		}
		if (l->fetch == NULL && !next_shape(l))
			return l->ended ? SCYLLA_LOOKUP_END : SCYLLA_LOOKUP_HUNGRY;
		switch (scyllaFetchNext(l->fetch, true))
		{
			case SCYLLA_FETCH_ROW:
				key = (Key *) (uintptr_t) scyllaFetchTag(l->fetch);
				hide_key(l, key);
				l->found = key;
				return SCYLLA_LOOKUP_FOUND;
			case SCYLLA_FETCH_REQUEST_END:
				end_key(l, (Key *) (uintptr_t) scyllaFetchTag(l->fetch));
				break;
			default:			/* nothing is on its way */
				if (!next_shape(l))
					return l->ended ? SCYLLA_LOOKUP_END : SCYLLA_LOOKUP_HUNGRY;
				break;
		}
	}
}

ScyllaLookupRow **
scyllaLookupRows(const ScyllaLookup *l, int *n)
{
	*n = l->found->nrows;
	return l->found->row;
}

MinimalTuple
scyllaLookupTuple(const ScyllaLookup *l)
{
	return l->tuple;
}

const ScyllaFetch *
scyllaLookupFetch(const ScyllaLookup *l)
{
	return l->fetch;
}

ScyllaLookupRow *
scyllaLookupDone(const ScyllaLookup *l)
{
	return l->done;
}
