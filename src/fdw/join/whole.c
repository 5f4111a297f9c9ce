/*
 * fdw/join/whole.c
 *	  All rows of a foreign table in memory.
 *
 * Backend thread. Owns the rows, and a hash table of them by key. Invariant: there
 * are all rows that a request can find, or no ScyllaWhole.
 *
 * The key of a row is what a request that looks it up would bind, as bytes. So this
 * serves only joins whose conditions are "=" or IN on key columns, of types whose
 * equal values have the same bytes (join_plan.c). What a request binds beside a key
 * of the partition key's columns alone finds several rows: all of them have that key.
 *
 * Rows are no more than hash tables of PostgreSQL's own may have in memory: otherwise
 * they are forgotten, and the join goes on to look keys up.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/executor.h"
#include "executor/nodeHash.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/fetch/row_size.h"
#include "fdw/fetch/token_ranges.h"
#include "fdw/join/whole.h"
#include "fdw/read/decode.h"
#include "fdw/read/full_scan.h"
#include "fdw/select/request_list.h"
#include "fdw/session/error.h"
#include "fdw/session/statement.h"

typedef struct WholeKey
{
	const uint8_t *bytes;
	Size		length;
} WholeKey;

typedef struct WholeEntry
{
	WholeKey	key;
	ScyllaWholeRow *rows;
	uint32		hash;
	char		status;
} WholeEntry;

#define SH_PREFIX whole
#define SH_ELEMENT_TYPE WholeEntry
#define SH_KEY_TYPE WholeKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_bytes((key).bytes, (int) (key).length)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).bytes, (b).bytes, (a).length) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct ScyllaWhole
{
	const ScyllaLookupConfig *config;
	MemoryContext context;
	MemoryContext row_context;	/* of the row at hand */
	ScyllaSelect select;		/* no conditions, and the key's columns after what the join wants */
	ScyllaDecoder *decoder;
	TupleTableSlot *slot;
	whole_hash *rows;
	CqlBuffer	key;			/* of the row at hand */
	MemoryContextCallback callback;
};

static void
free_key(void *arg)
{
	cql_buffer_free(&((ScyllaWhole *) arg)->key);
}

static ScyllaWhole *
make_whole(const ScyllaLookupConfig *config)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw whole table", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaWhole *w = palloc0(sizeof(*w));

	w->config = config;
	w->context = context;
	w->row_context = AllocSetContextCreate(context, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	w->select = *config->select;
	w->select.items = list_concat_copy(config->select->items, config->select->whole_items);
	w->select.targets = list_concat_copy(config->select->targets, config->select->whole_targets);
	w->select.per_partition = 0;
	w->decoder = scyllaMakeDecoder(&w->select, config->inner, true);
	w->slot = MakeSingleTupleTableSlot(config->inner, &TTSOpsVirtual);
	w->rows = whole_create(context, 1024, NULL);
	w->callback.func = free_key;
	w->callback.arg = w;
	MemoryContextRegisterResetCallback(context, &w->callback);
	MemoryContextSwitchTo(old);
	return w;
}

/* ---- reading ---- */

static ScyllaFetch *
open_fetch(ScyllaWhole *w)
{
	const ScyllaLookupConfig *c = w->config;
	ScyllaRanges *ranges = scyllaChooseRanges(c->session, c->options, c->select->pages, 1);
	ScyllaKeySource *source = scyllaBeginSource(0, 0);
	ScyllaRowSize size = scyllaRowSize(&w->select, scyllaDescribeTable(c->session, c->options));
	ScyllaOperator *none = palloc_array(ScyllaOperator, list_length(w->select.columns));
	ScyllaFetchConfig config = {.session = c->session, .options = c->options, .relation = c->relation, .report = c->report,
		.source = scyllaSourceOf(source), .select = &w->select, .page_rows = c->options->fetch_size,
		.row_bytes = size.row, .read_bytes = size.unknown != NIL ? SCYLLA_UNSEEN_BYTES : size.read, .pagers = 1};

	for (int i = 0; i < list_length(w->select.columns); i++)
		none[i] = SCYLLA_ANY;
	config.form.operators = none;
	config.form.token_range = config.slow_start = ranges->n > 0;
	if (ranges->n > 0)
	{
		w->select.token_columns = scyllaTokenColumns(c->session, c->options);
		scyllaSourceRanges(source, ranges->range, ranges->n, NULL);
		config.pagers = Min(ranges->n, ranges->at_once);
	}
	(void) scyllaEndSource(source);
	config.cql = scyllaDeparseSelect(&w->select, c->options, &config.form);
	config.statement = scyllaPrepare(c->session, c->options, config.cql);
	return scyllaFetchOpen(&config);
}

/* Of the current row. false: one of its columns is NULL, and no request finds the row. */
static bool
make_key(ScyllaWhole *w, const ScyllaFetch *fetch)
{
	int			n = list_length(w->config->select->whole_items);
	const CqlBytes *value = scyllaFetchRow(fetch) + list_length(w->config->select->items);

	cql_buffer_reset(&w->key);
	cql_put_u16(&w->key, (uint16_t) n);
	for (int i = 0; i < n; i++)
	{
		size_t		mark = cql_begin_value(&w->key);

		if (value[i].len < 0)
			return false;
		cql_put_raw(&w->key, value[i].data, (size_t) value[i].len);
		cql_end_value(&w->key, mark);
	}
	if (w->key.failed)
		scyllaRaiseOutOfMemory();
	return true;
}

/* The current row, in w->context. */
static void
keep_row(ScyllaWhole *w, const ScyllaFetch *fetch)
{
	WholeKey	key = {w->key.data, w->key.len};
	ScyllaWholeRow *row = palloc(sizeof(*row));
	bool		found;
	WholeEntry *entry = whole_insert(w->rows, key, &found);

	if (!found)
	{
		entry->key.bytes = memcpy(palloc(key.length), key.bytes, key.length);
		entry->rows = NULL;
	}
	scyllaDecodeRow(w->decoder, fetch, w->row_context, ExecClearTuple(w->slot));
	row->tuple = ExecCopySlotMinimalTuple(w->slot);
	row->next = entry->rows;
	entry->rows = row;
	w->config->report->rows++;
	MemoryContextReset(w->row_context);
}

ScyllaWhole *
scyllaReadWhole(const ScyllaLookupConfig *config)
{
	Size		room = get_hash_memory_limit();
	Size		row_bytes = config->select->row_bytes + sizeof(ScyllaWholeRow) + sizeof(WholeEntry);
	ScyllaWhole *w;
	MemoryContext old;
	ScyllaFetchResult result;
	ScyllaFetch *fetch;

	if ((double) config->select->rows * (double) row_bytes > (double) room)
		return NULL;
	w = make_whole(config);
	old = MemoryContextSwitchTo(w->context);
	scyllaGuardFullScan(config->session, config->options, config->select);
	fetch = open_fetch(w);
	while ((result = scyllaFetchNext(fetch, true)) != SCYLLA_FETCH_END && w->context->mem_allocated <= room)
	{
		CHECK_FOR_INTERRUPTS();
		if (result == SCYLLA_FETCH_ROW && make_key(w, fetch))
			keep_row(w, fetch);
	}
	scyllaFetchClose(fetch);
	MemoryContextSwitchTo(old);
	if (result == SCYLLA_FETCH_END)
		return w;
	MemoryContextDelete(w->context);
	return NULL;
}

const ScyllaWholeRow *
scyllaWholeRows(ScyllaWhole *w, const uint8_t *bytes, Size length)
{
	WholeKey	key = {bytes, length};
	WholeEntry *entry = whole_lookup(w->rows, key);

	return entry != NULL ? entry->rows : NULL;
}
