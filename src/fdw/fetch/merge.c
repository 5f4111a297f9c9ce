/*
 * fdw/fetch/merge.c
 *	  Merging the rows of many requests.
 *
 * Backend thread. Owns the heap of a fetch: its pagers, that with the first row on
 * top. Invariants: a pager is in the heap as long as it stands on a row; between two
 * calls, current is the heap's top; nobody asks for more after the end.
 *
 * Merging holds a page of each request: where these would be beyond
 * SCYLLA_HELD_BYTES, it says so before its first row, and the scan sorts (sort.h).
 */
#include "postgres.h"

#include "fdw/fetch/merge.h"
#include "fdw/session/wait.h"

/* As the cluster does: of no bytes is less than all others. None, in a partition of static columns alone, comes last. */
static int
compare_values(const ScyllaMergeKey *key, CqlBytes a, CqlBytes b)
{
	int			order;

	if (a.len < 0 || b.len < 0)
		return (b.len >= 0) - (a.len >= 0);
	if (key->is_signed && a.len > 0 && b.len > 0 && (a.data[0] ^ b.data[0]) & 0x80)
		return a.data[0] & 0x80 ? -1 : 1;
	order = memcmp(a.data, b.data, Min(a.len, b.len));
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The heap has its greatest on top. */
static int
compare_pagers(Datum a, Datum b, void *arg)
{
	const ScyllaFetch *f = arg;
	const ScyllaPager *x = &f->pager[DatumGetInt32(a)];
	const ScyllaPager *y = &f->pager[DatumGetInt32(b)];

	for (int i = 0; i < f->config.nmerge; i++)
	{
		const ScyllaMergeKey *key = &f->config.merge[i];
		int			order = compare_values(key, x->rows->value[key->item], y->rows->value[key->item]);

		if (order != 0)
			return key->descending ? order : -order;
	}
	return 0;
}

static ScyllaFetchResult
advance_waiting(ScyllaFetch *f, ScyllaPager *p)
{
	ScyllaFetchResult result;

	while ((result = scyllaPagerNext(f, p)) == SCYLLA_FETCH_PENDING)
	{
		scyllaWait(f->config.session, 1);
		scyllaDeliver(f);
	}
	return result;
}

/* Whether a page of each pager can be held, as large as they were so far. */
static bool
can_be_held(const ScyllaFetch *f)
{
	uint64		page_bytes = scyllaPageBytes(&f->size, scyllaPageRows(&f->size, f->config.pagers));

	return f->held <= 2 * SCYLLA_HELD_BYTES && page_bytes * f->config.pagers <= SCYLLA_HELD_BYTES;
}

/* The first pages of the pagers that are open now, from that number on. false: they are too much to hold. */
static bool
enter_pagers(ScyllaFetch *f, int from)
{
	for (int i = from; i < f->open && can_be_held(f); i++)
	{
		if (advance_waiting(f, &f->pager[i]) == SCYLLA_FETCH_ROW)
			binaryheap_add_unordered(f->heap, Int32GetDatum(i));
	}
	return can_be_held(f);
}

/* A few pagers first, which tell how large pages are. false: they cannot all be held. */
static bool
begin_merge(ScyllaFetch *f)
{
	MemoryContext old = MemoryContextSwitchTo(f->context);

	f->heap = binaryheap_allocate(f->config.pagers, compare_pagers, f);
	MemoryContextSwitchTo(old);
	while (!f->exhausted && !dlist_is_empty(&f->free))
	{
		int			entered_pagers = f->open;

		scyllaOpenPagers(f);
		while (f->open < f->allowed && !f->exhausted)	/* the pipeline was full */
		{
			scyllaWait(f->config.session, 1);
			scyllaDeliver(f);
			scyllaOpenPagers(f);
		}
		if (!enter_pagers(f, entered_pagers))
			return false;
	}
	binaryheap_build(f->heap);
	return true;
}

ScyllaFetchResult
scyllaMergeNext(ScyllaFetch *f)
{
	if (f->heap == NULL)
	{
		if (!begin_merge(f))
			return SCYLLA_FETCH_TOO_LARGE;
	}
	else if (advance_waiting(f, f->current) == SCYLLA_FETCH_ROW)
		binaryheap_replace_first(f->heap, binaryheap_first(f->heap));
	else
	{
		Assert(f->current == &f->pager[DatumGetInt32(binaryheap_first(f->heap))]);
		(void) binaryheap_remove_first(f->heap);
	}
	if (binaryheap_empty(f->heap))
		return SCYLLA_FETCH_END;
	f->current = &f->pager[DatumGetInt32(binaryheap_first(f->heap))];
	return SCYLLA_FETCH_ROW;
}
