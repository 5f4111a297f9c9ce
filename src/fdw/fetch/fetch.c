/*
 * fdw/fetch/fetch.c
 *	  Lanes of pages, side by side.
 *
 * Backend thread. Owns the lanes, their pages and the pipeline.
 *
 * A lane's next page is asked for when the second row of the current one is
 * read, so it travels while rows are decoded, and who wants one row reads one
 * page; with slow_start, all lanes together read little more than is wanted. The
 * end of a lane is where the server says there is no further page: an empty page
 * is not it.
 *
 * Pages get fewer rows when rows are large or lanes many (page.h), so that what is
 * on its way stays in caches: the client's, and those of nodes, which make many
 * objects of each row. Small pages of many lanes keep more of a node's shards busy
 * than large ones of a few.
 *
 * A page that a node was lost over, or failed to read, comes home (divisible) and is
 * asked for with fewer rows: the next replica would fare no better with the same.
 *
 * Memory: pages that have come home count as held until they were read. Where
 * single rows are large, no lane is opened and no page asked for ahead of its time
 * that would be beyond twice HELD_BYTES. Merging holds a page of each lane: where
 * these would be beyond HELD_BYTES, it says so before its first row, and the scan
 * sorts (sorted.h).
 *
 * Invariant: an open lane is current, or on the ready list (a page of it has
 * come home), or a request of it is on its way, or, when merging, in the heap.
 *
 * After such a page, all later ones have an eighth of its rows at most. A page of one
 * row is repeated as any other request.
 */
#include "postgres.h"

#include "lib/binaryheap.h"
#include "lib/ilist.h"
#include "utils/memutils.h"

#include "cql/request.h"
#include "fdw/fetch/fetch.h"
#include "fdw/fetch/page.h"
#include "fdw/option/names.h"
#include "fdw/session/error.h"
#include "fdw/session/single_request.h"
#include "fdw/session/wait.h"

#define HELD_BYTES (16 * 1024 * 1024)
#define SMALL_PAGE_BYTES (192 * 1024)	/* smaller ones cost a node more than they spare its caches */
#define SMALL_MERGED_BYTES (16 * 1024)	/* all lanes that are merged hold pages */
#define NS_IN_A_MS UINT64_C(1000000)
#define FIRST_LANES 32			/* until it is known how large pages are, by an estimate of rows; SCYLLA_FEW_LANES without */

/* How a page was asked for: a row of it may have to be asked for again. */
typedef struct Asked
{
	CqlBuffer	state;			/* empty: the first page */
	int			rows;
	uint64		spent;			/* ns, on larger pages that failed */
} Asked;

typedef struct Lane
{
	dlist_node	node;			/* of the ready list, or of the free list */
	uint32		number;
	MemoryContext context;		/* of the page being read; NULL before the first */
	ScyllaValues values;
	Request    *page;			/* being read; NULL: none */
	ScyllaRows *rows;
	uint64		entered;		/* number of this page */
	uint64		row;			/* of this page */
	Request    *next;			/* has come home; NULL: not yet */
	bool		asked;			/* it is on its way */
	Asked		now;			/* the page being read */
	Asked		then;			/* the next one */
	bool		more;			/* the page being read is not the last */
} Lane;

struct ScyllaFetch
{
	ScyllaFetchConfig config;
	MemoryContext context;
	MemoryContextCallback callback;
	ScyllaPipeline *pipeline;
	RequestTemplate request;
	Lane	   *lane;
	int			open;
	int			allowed;		/* lanes, so far; merging takes all at once, with small first pages */
	dlist_head	free;
	dlist_head	ready;
	Lane	   *current;
	bool		exhausted;		/* the source */
	Size		held;			/* bytes of pages at home */
	ScyllaPageSize size;
	binaryheap *heap;			/* merging */
};

static uint64 entered = 0;		/* pages, of all fetches */

/* ---- opening and closing ---- */

static void
free_buffers(void *arg)
{
	ScyllaFetch *f = arg;

	for (int i = 0; i < f->config.lanes; i++)
	{
		cql_buffer_free(&f->lane[i].values.bytes);
		cql_buffer_free(&f->lane[i].now.state);
		cql_buffer_free(&f->lane[i].then.state);
	}
}

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
compare_lanes(Datum a, Datum b, void *arg)
{
	const ScyllaFetch *f = arg;
	const Lane *x = &f->lane[DatumGetInt32(a)];
	const Lane *y = &f->lane[DatumGetInt32(b)];

	for (int i = 0; i < f->config.nmerge; i++)
	{
		const ScyllaMergeKey *key = &f->config.merge[i];
		int			order = compare_values(key, x->rows->value[key->item], y->rows->value[key->item]);

		if (order != 0)
			return key->descending ? order : -order;
	}
	return 0;
}

ScyllaFetch *
scyllaFetchOpen(const ScyllaFetchConfig *config)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw fetch", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaFetch *f = palloc0(sizeof(*f));

	f->context = context;
	f->config = *config;
	f->config.lanes = Max(config->lanes, 1);
	f->size.most = config->page_rows;
	f->size.room = Max(SCYLLA_PAGE_BYTES / f->config.lanes, config->nmerge == 0 ? SMALL_PAGE_BYTES :
					   Min(SMALL_MERGED_BYTES, HELD_BYTES / f->config.lanes));
	f->size.expected = config->statement->row_bytes > 0 ? config->statement->row_bytes : (uint64) config->row_bytes;
	f->size.read = (uint64) config->read_bytes;
	f->allowed = config->slow_start ? 1 : Min(f->config.lanes, scyllaKnowsRows(&f->size) ? FIRST_LANES : SCYLLA_FEW_LANES);
	f->lane = MemoryContextAllocHuge(context, mul_size(sizeof(Lane), f->config.lanes));
	memset(f->lane, 0, sizeof(Lane) * f->config.lanes);
	dlist_init(&f->free);
	dlist_init(&f->ready);
	for (int i = 0; i < f->config.lanes; i++)
	{
		f->lane[i].number = (uint32) i;
		dlist_push_tail(&f->free, &f->lane[i].node);
	}
	f->callback.func = free_buffers;
	f->callback.arg = f;
	MemoryContextRegisterResetCallback(context, &f->callback);

	f->request.kind = CLUSTER_EXECUTE;
	f->request.statement = config->statement->number;
	f->request.timeout_ms = (uint32_t) config->options->request_timeout;
	f->request.consistency = (uint8_t) config->options->read_consistency;
	f->request.flags = CQL_PARAM_PAGE_SIZE | (config->statement->bind.count > 0 ? CQL_PARAM_VALUES : 0);
	f->request.idempotent = true;
	f->pipeline = scyllaOpenPipeline(config->session, 0, 0);
	MemoryContextSwitchTo(old);
	return f;
}

void
scyllaFetchClose(ScyllaFetch *f)
{
	if (f->pipeline->core != NULL && pipeline_outstanding(f->pipeline->core) == 0)
		scyllaClosePipeline(f->pipeline);
	MemoryContextDelete(f->context);
}

/* ---- requests ---- */

/* For one more page than must be: those at home, those on their way and this one, as large as pages have been. */
static bool
has_room(const ScyllaFetch *f)
{
	uint64		page_bytes = scyllaPageBytes(&f->size, scyllaPageRows(&f->size, f->allowed));

	return f->held + (pipeline_outstanding(f->pipeline->core) + 1) * page_bytes <= 2 * HELD_BYTES;
}

/* For the page of s->then. */
static void
send_page(ScyllaFetch *f, Lane *s)
{
	Pipeline   *core = f->pipeline->core;
	RequestTemplate request = f->request;
	CqlBuffer  *b = pipeline_begin(core);
	CqlBytes	state = {s->then.state.data, s->then.state.len > 0 ? (int32) s->then.state.len : -1};

	request.divisible = s->then.rows > 1;
	request.timeout_ms -= (uint32) (s->then.spent / NS_IN_A_MS);
	if (state.len >= 0)
		request.flags |= CQL_PARAM_PAGING_STATE;
	if (b != NULL)
	{
		cql_put_raw(b, s->values.bytes.data, s->values.bytes.len);
		cql_request_tail(b, request.flags, s->then.rows, state, 0, 0);
	}
	if (b == NULL || s->then.state.failed ||
		pipeline_commit(core, &request, s->values.routed ? &s->values.token : NULL, s->number) == NULL)
		scyllaRaiseOutOfMemory();
	s->asked = true;
}

static void
ask(ScyllaFetch *f, Lane *s, CqlBytes paging_state)
{
	cql_buffer_reset(&s->then.state);
	if (paging_state.len >= 0)
		cql_put_raw(&s->then.state, paging_state.data, (size_t) paging_state.len);
	s->then.rows = scyllaPageRows(&f->size, f->allowed);
	if (paging_state.len < 0 && f->config.first_rows > 0)
		s->then.rows = Min(s->then.rows, f->config.first_rows);
	/* where a page has room for all of a LIMIT, Cassandra takes no notice of the state, and begins anew */
	if (paging_state.len >= 0 && f->config.limit > 1)
		s->then.rows = Min(s->then.rows, f->config.limit - 1);
	s->then.spent = 0;
	send_page(f, s);
}

static void
ask_for_next_page(ScyllaFetch *f, Lane *s)
{
	if (!s->more || s->asked || s->next != NULL)
		return;
	ask(f, s, s->rows->metadata.paging_state);
	pipeline_submit(f->pipeline->core);
}

static void
raise_page(ScyllaFetch *f, Request *r)
{
	ScyllaErrorContext context = {.relation = f->config.relation,.cql = scyllaFromUtf8(f->config.cql)};

	scyllaRaiseFailure(scyllaTakeFailure(f->config.session, f->pipeline, r), &context);
}

/* Whether a page may have failed for its size: it was too much for the node, or took it too long. */
static bool
may_be_too_large(const ClusterFailure *failure)
{
	if (failure == NULL)
		return false;
	if (failure->kind != CLUSTER_FAIL_CQL)
		return failure->kind == CLUSTER_FAIL_LOST;
	return failure->code == CQL_ERR_READ_TIMEOUT || failure->code == CQL_ERR_READ_FAILURE || failure->code == CQL_ERR_SERVER;
}

/* A page that failed, with fewer rows. false: it cannot have fewer, or there is no time left, or that is not why. */
static bool
ask_for_less(ScyllaFetch *f, Lane *s, Request *r)
{
	uint64		spent = s->then.spent + r->core.latency;
	int			rows = may_be_too_large(r->core.failure) ? scyllaFewerRows(&f->size, s->then.rows) : 0;

	if (rows == 0 || spent / NS_IN_A_MS >= f->request.timeout_ms)
		return false;
	pipeline_release(f->pipeline->core, r);
	s->then.rows = rows;
	s->then.spent = spent;
	send_page(f, s);
	pipeline_submit(f->pipeline->core);
	f->config.report->retries++;
	return true;
}

/* Hand what came home to its lanes. */
static void
deliver(ScyllaFetch *f)
{
	Request    *r;

	(void) client_drain(f->config.session->client);
	while ((r = pipeline_next_done(f->pipeline->core)) != NULL)
	{
		Lane	   *s = &f->lane[r->ordinal];

		s->asked = false;
		scyllaReportRequest(f->config.report, r);
		if (r->core.failed && ask_for_less(f, s, r))
			continue;
		if (r->core.failed)
			raise_page(f, r);
		s->next = r;
		f->held += r->core.body_length;
		if (s != f->current && f->heap == NULL)
			dlist_push_tail(&f->ready, &s->node);
	}
}

static void
open_lanes(ScyllaFetch *f)
{
	static const CqlBytes no_state = {NULL, -1};
	bool		opened = false;

	while (!f->exhausted && f->open < f->allowed && !pipeline_full(f->pipeline->core) &&
		   (f->open == 0 || has_room(f) || f->config.nmerge > 0))
	{
		Lane	   *s = dlist_container(Lane, node, dlist_pop_head_node(&f->free));

		cql_buffer_reset(&s->values.bytes);
		s->values.routed = false;
		if (!f->config.source->next(f->config.source, &s->values))
		{
			f->exhausted = !f->config.source->later;
			dlist_push_head(&f->free, &s->node);
			break;
		}
		if (s->values.bytes.failed)
			scyllaRaiseOutOfMemory();
		ask(f, s, no_state);
		f->open++;
		opened = true;
	}
	if (opened)
		pipeline_submit(f->pipeline->core);
}

/* Somebody wants more than a page's first row. One more lane a page is twice as many a round trip. */
static void
allow_lane(ScyllaFetch *f)
{
	if (f->allowed == f->config.lanes)
		return;
	f->allowed++;
	open_lanes(f);
}

static void
close_lane(ScyllaFetch *f, Lane *s)
{
	f->open--;
	dlist_push_head(&f->free, &s->node);
}

/* ---- pages ---- */

static void
leave_page(ScyllaFetch *f, Lane *s)
{
	f->held -= s->page->core.body_length;
	scyllaRowsEnd(s->rows);
	pipeline_release(f->pipeline->core, s->page);
	s->page = NULL;
	s->rows = NULL;
	MemoryContextReset(s->context);
}

static void
enter_page(ScyllaFetch *f, Lane *s)
{
	MemoryContext old;
	Asked		now = s->then;

	s->then = s->now;			/* its buffer is used again */
	s->now = now;
	if (s->context == NULL)
		s->context = AllocSetContextCreate(f->context, "scylla_fdw page", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(s->context);
	s->page = s->next;
	s->next = NULL;
	s->rows = scyllaRowsBegin(s->page->core.body, s->page->core.body_length);
	s->more = s->rows->metadata.paging_state.len >= 0;
	s->row = 0;
	MemoryContextSwitchTo(old);
	s->entered = ++entered;
	scyllaSeePage(&f->size, s->rows->left, s->page->core.body_length);
	if (f->size.rows > 0)
		f->config.statement->row_bytes = Max(f->size.bytes / f->size.rows, 1);
	if (!f->config.slow_start)
		f->allowed = f->size.rows > 0 ? f->config.lanes : (int) Min((int64) f->allowed * 2, f->config.lanes);
	f->config.report->pages++;
	f->config.report->bytes += s->page->core.body_length;
}

/* To the next row of this lane. */
static ScyllaFetchResult
advance(ScyllaFetch *f, Lane *s)
{
	for (;;)
	{
		if (s->page != NULL && scyllaRowsNext(s->rows))
		{
			if (++s->row == 2)
			{
				if (has_room(f))
					ask_for_next_page(f, s);
				allow_lane(f);
			}
			return SCYLLA_FETCH_ROW;
		}
		if (s->page != NULL)
		{
			ask_for_next_page(f, s);
			if (s->row < 2)
				allow_lane(f);
			leave_page(f, s);
		}
		if (s->next == NULL)
			return s->asked ? SCYLLA_FETCH_PENDING : SCYLLA_FETCH_END;
		enter_page(f, s);
	}
}

/* ---- in the order in which pages come ---- */

static ScyllaFetchResult
next_of_any(ScyllaFetch *f, bool wait)
{
	for (;;)
	{
		if (f->current != NULL)
		{
			Lane	   *s = f->current;

			switch (advance(f, s))
			{
				case SCYLLA_FETCH_ROW:
					return SCYLLA_FETCH_ROW;
				case SCYLLA_FETCH_PENDING:
					f->current = NULL;	/* deliver makes it ready */
					break;
				default:
					close_lane(f, s);
					return SCYLLA_FETCH_LANE_END;
			}
		}
		open_lanes(f);
		deliver(f);
		if (!dlist_is_empty(&f->ready))
		{
			f->current = dlist_container(Lane, node, dlist_pop_head_node(&f->ready));
			continue;
		}
		if (f->open == 0 && f->exhausted)
			return SCYLLA_FETCH_END;
		if (!wait || f->open == 0)
			return SCYLLA_FETCH_PENDING;
		if (pipeline_outstanding(f->pipeline->core) == 0)
			elog(ERROR, "a request for foreign table \"%s\" has failed before", f->config.relation);
		scyllaWait(f->config.session, 1);
	}
}

/* ---- merged ---- */

static ScyllaFetchResult
advance_waiting(ScyllaFetch *f, Lane *s)
{
	ScyllaFetchResult result;

	while ((result = advance(f, s)) == SCYLLA_FETCH_PENDING)
	{
		scyllaWait(f->config.session, 1);
		deliver(f);
	}
	return result;
}

/* Whether a page of each lane can be held, as large as they were so far. */
static bool
can_be_held(const ScyllaFetch *f)
{
	uint64		page_bytes = scyllaPageBytes(&f->size, scyllaPageRows(&f->size, f->config.lanes));

	return f->held <= 2 * HELD_BYTES && page_bytes * f->config.lanes <= HELD_BYTES;
}

/* The first pages of the lanes that are open now, from that number on. false: they are too much to hold. */
static bool
enter_lanes(ScyllaFetch *f, int from)
{
	for (int i = from; i < f->open && can_be_held(f); i++)
	{
		if (advance_waiting(f, &f->lane[i]) == SCYLLA_FETCH_ROW)
			binaryheap_add_unordered(f->heap, Int32GetDatum(i));
	}
	return can_be_held(f);
}

/* A few lanes first, which tell how large pages are. false: they cannot all be held. */
static bool
begin_merge(ScyllaFetch *f)
{
	MemoryContext old = MemoryContextSwitchTo(f->context);

	f->heap = binaryheap_allocate(f->config.lanes, compare_lanes, f);
	MemoryContextSwitchTo(old);
	while (!f->exhausted && !dlist_is_empty(&f->free))
	{
		int			entered_lanes = f->open;

		open_lanes(f);
		while (f->open < f->allowed && !f->exhausted)	/* the pipeline was full */
		{
			scyllaWait(f->config.session, 1);
			deliver(f);
			open_lanes(f);
		}
		if (!enter_lanes(f, entered_lanes))
			return false;
	}
	binaryheap_build(f->heap);
	return true;
}

static ScyllaFetchResult
next_merged(ScyllaFetch *f)
{
	if (f->heap == NULL)
	{
		if (!begin_merge(f))
			return SCYLLA_FETCH_TOO_LARGE;
	}
	else if (advance_waiting(f, f->current) == SCYLLA_FETCH_ROW)
		binaryheap_replace_first(f->heap, binaryheap_first(f->heap));
	else
		(void) binaryheap_remove_first(f->heap);
	if (binaryheap_empty(f->heap))
		return SCYLLA_FETCH_END;
	f->current = &f->lane[DatumGetInt32(binaryheap_first(f->heap))];
	return SCYLLA_FETCH_ROW;
}

/* ---- what a scan calls ---- */

ScyllaFetchResult
scyllaFetchNext(ScyllaFetch *f, bool wait)
{
	if (f->config.nmerge > 0)
		return next_merged(f);
	if (f->current != NULL && f->current->page == NULL)
		f->current = NULL;		/* its end was told */
	return next_of_any(f, wait);
}

bool
scyllaFetchArrived(ScyllaFetch *f)
{
	deliver(f);
	return !dlist_is_empty(&f->ready);
}

const CqlBytes *
scyllaFetchRow(const ScyllaFetch *f)
{
	return f->current->rows->value;
}

const CqlMetadata *
scyllaFetchMetadata(const ScyllaFetch *f)
{
	return &f->current->rows->metadata;
}

uint64
scyllaFetchTag(const ScyllaFetch *f)
{
	return f->current->values.tag;
}

uint64
scyllaFetchPage(const ScyllaFetch *f)
{
	return f->current->entered;
}

const ScyllaFetchConfig *
scyllaFetchConfigOf(const ScyllaFetch *f)
{
	return &f->config;
}

ScyllaFetchPlace
scyllaFetchPlaceOf(const ScyllaFetch *f)
{
	const Lane *s = f->current;
	CqlBytes	state = {s->now.state.data, s->now.state.len > 0 ? (int32_t) s->now.state.len : -1};

	return (ScyllaFetchPlace) {&s->values.bytes, state, s->now.rows, s->row};
}

void
scyllaFetchKeepMetadata(const ScyllaFetch *f, CqlArena *arena, CqlMetadata *metadata)
{
	CqlReader	r = cql_reader(f->current->page->core.body, f->current->page->core.body_length);
	uint32_t	nrows;

	(void) cql_response_result_kind(&r);
	if (!cql_response_rows(&r, arena, metadata, &nrows))
		scyllaRaiseOutOfMemory();
}
