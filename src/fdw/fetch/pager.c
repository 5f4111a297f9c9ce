/*
 * fdw/fetch/pager.c
 *	  Requests, their pages, and how many of both are under way.
 *
 * Backend thread. Owns the pages of a fetch's pagers. Invariants: a pager has one
 * request on its way at most, and one page at most that waits behind the one it reads;
 * a pager that is free or closed has neither; the bytes held are those of all pages that
 * are home.
 *
 * A pager's next page is asked for when the second row of the current one is
 * read, so it travels while rows are decoded, and who wants one row reads one
 * page; with slow_start, all pagers together read little more than is wanted. The
 * end of a request is where the server says there is no further page: an empty page
 * is not it.
 *
 * Pages get fewer rows when rows are large or pagers many (page_size.h), so that what is
 * on its way stays in caches: the client's, and those of nodes, which make many
 * objects of each row. Small pages of many requests keep more of a node's shards
 * busy than large ones of a few.
 *
 * A page that a node was lost over, or failed to read, comes home (divisible) and is
 * asked for with fewer rows: the next replica would fare no better with the same.
 * After such a page, all later ones have an eighth of its rows at most. A page of one
 * row is repeated as any other request.
 *
 * Memory: pages that have come home count as held until they were read. Where
 * single rows are large, no pager is opened and no page asked for ahead of its time
 * that would be beyond twice SCYLLA_HELD_BYTES.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "cql/request.h"
#include "fdw/fetch/pager.h"
#include "fdw/session/error.h"
#include "fdw/session/single_request.h"
#include "fdw/session/wait.h"
#include "fdw/session/warning.h"

#define NS_IN_A_MS UINT64_C(1000000)

static uint64 entered = 0;		/* pages, of all fetches */

/* ---- requests ---- */

/* For one more page than must be: those at home, those on their way and this one, as large as pages have been. */
static bool
has_room(const ScyllaFetch *f)
{
	uint64		page_bytes = scyllaPageBytes(&f->size, scyllaPageRows(&f->size, f->allowed));

	return f->held + (pipeline_outstanding(f->pipeline->core) + 1) * page_bytes <= 2 * SCYLLA_HELD_BYTES;
}

/* For the page of p->then. */
static void
send_page(ScyllaFetch *f, ScyllaPager *p)
{
	Pipeline   *core = f->pipeline->core;
	RequestTemplate request = f->request;
	CqlBuffer  *b = pipeline_begin(core);
	CqlBytes	state = {p->then.state.data, p->then.state.len > 0 ? (int32) p->then.state.len : -1};

	Assert(!p->asked && p->next == NULL);
	request.divisible = p->then.rows > 1;
	request.timeout_ms -= (uint32) (p->then.spent / NS_IN_A_MS);
	if (state.len >= 0)
		request.flags |= CQL_PARAM_PAGING_STATE;
	if (b != NULL)
	{
		cql_put_raw(b, p->values.bytes.data, p->values.bytes.len);
		cql_request_tail(b, request.flags, p->then.rows, state, 0, 0);
	}
	if (b == NULL || p->then.state.failed ||
		pipeline_commit(core, &request, p->values.routed ? &p->values.token : NULL, p->number) == NULL)
		scyllaRaiseOutOfMemory();
	p->asked = true;
}

static void
ask(ScyllaFetch *f, ScyllaPager *p, CqlBytes paging_state)
{
	cql_buffer_reset(&p->then.state);
	if (paging_state.len >= 0)
		cql_put_raw(&p->then.state, paging_state.data, (size_t) paging_state.len);
	p->then.rows = scyllaPageRows(&f->size, f->allowed);
	if (paging_state.len < 0 && f->config.first_rows > 0)
		p->then.rows = Min(p->then.rows, f->config.first_rows);
	/* where a page has room for all of a LIMIT, Cassandra takes no notice of the state, and begins anew */
	if (paging_state.len >= 0 && f->config.limit > 1)
		p->then.rows = Min(p->then.rows, f->config.limit - 1);
	p->then.spent = 0;
	send_page(f, p);
}

static void
ask_for_next_page(ScyllaFetch *f, ScyllaPager *p)
{
	if (!p->more || p->asked || p->next != NULL)
		return;
	ask(f, p, p->rows->metadata.paging_state);
	pipeline_submit(f->pipeline->core);
}

static void
raise_page(ScyllaFetch *f, Request *r)
{
	ScyllaErrorContext context = {.relation = f->config.relation, .cql = f->config.cql};

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
ask_for_less(ScyllaFetch *f, ScyllaPager *p, Request *r)
{
	uint64		spent = p->then.spent + r->core.latency;
	int			rows = may_be_too_large(r->core.failure) ? scyllaFewerRows(&f->size, p->then.rows) : 0;

	if (rows == 0 || spent / NS_IN_A_MS >= f->request.timeout_ms)
		return false;
	pipeline_release(f->pipeline->core, r);
	p->then.rows = rows;
	p->then.spent = spent;
	send_page(f, p);
	pipeline_submit(f->pipeline->core);
	f->config.report->retries++;
	return true;
}

#ifdef USE_ASSERT_CHECKING
/* Nothing is left to do for it. */
static bool
is_idle(const ScyllaPager *p)
{
	return p->page == NULL && p->next == NULL && !p->asked;
}
#endif

void
scyllaDeliver(ScyllaFetch *f)
{
	Request    *r;

	scyllaDrain(f->config.session);
	while ((r = pipeline_next_done(f->pipeline->core)) != NULL)
	{
		ScyllaPager *p = &f->pager[r->ordinal];

		Assert(r->ordinal < (uint64) f->config.pagers && p->asked && p->next == NULL);
		p->asked = false;
		scyllaReportRequest(f->config.report, r);
		scyllaTellWarningsOf(r);
		if (r->core.failed && ask_for_less(f, p, r))
			continue;
		if (r->core.failed)
			raise_page(f, r);
		p->next = r;
		f->held += r->core.body_length;
		if (p != f->current && f->heap == NULL)
			dlist_push_tail(&f->ready, &p->node);
	}
}

void
scyllaOpenPagers(ScyllaFetch *f)
{
	static const CqlBytes no_state = {NULL, -1};
	bool		opened = false;

	while (!f->exhausted && f->open < f->allowed && !pipeline_full(f->pipeline->core) &&
		   (f->open == 0 || has_room(f) || f->config.nmerge > 0))
	{
		ScyllaPager *p = dlist_container(ScyllaPager, node, dlist_pop_head_node(&f->free));

		Assert(is_idle(p));
		cql_buffer_reset(&p->values.bytes);
		p->values.routed = false;
		if (!f->config.source->next(f->config.source, &p->values))
		{
			f->exhausted = !f->config.source->later;
			dlist_push_head(&f->free, &p->node);
			break;
		}
		if (p->values.bytes.failed)
			scyllaRaiseOutOfMemory();
		ask(f, p, no_state);
		f->open++;
		opened = true;
	}
	if (opened)
		pipeline_submit(f->pipeline->core);
}

/* Somebody wants more than a page's first row. One more pager a page is twice as many a round trip. */
static void
allow_pager(ScyllaFetch *f)
{
	if (f->allowed == f->config.pagers)
		return;
	f->allowed++;
	scyllaOpenPagers(f);
}

void
scyllaClosePager(ScyllaFetch *f, ScyllaPager *p)
{
	Assert(is_idle(p) && f->open > 0);
	f->open--;
	dlist_push_head(&f->free, &p->node);
}

/* ---- pages ---- */

static void
leave_page(ScyllaFetch *f, ScyllaPager *p)
{
	Assert(f->held >= p->page->core.body_length);
	f->held -= p->page->core.body_length;
	scyllaRowsEnd(p->rows);
	pipeline_release(f->pipeline->core, p->page);
	p->page = NULL;
	p->rows = NULL;
	MemoryContextReset(p->context);
}

static void
enter_page(ScyllaFetch *f, ScyllaPager *p)
{
	MemoryContext old;
	ScyllaAsked now = p->then;

	p->then = p->now;			/* its buffer is used again */
	p->now = now;
	if (p->context == NULL)
		p->context = AllocSetContextCreate(f->context, "scylla_fdw page", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(p->context);
	p->page = p->next;
	p->next = NULL;
	/* a node leaves metadata out only where it would tell that it is not what it was */
	p->rows = scyllaRowsBeginAs(p->page->core.body, p->page->core.body_length,
								p->page->core.has_metadata_id ? &f->config.statement->result : NULL);
	p->more = p->rows->metadata.paging_state.len >= 0;
	p->row = 0;
	MemoryContextSwitchTo(old);
	p->entered = ++entered;
	scyllaSeePage(&f->size, p->rows->left, p->page->core.body_length);
	if (f->size.rows > 0)
		f->config.statement->row_bytes = Max(f->size.bytes / f->size.rows, 1);
	if (!f->config.slow_start)
		f->allowed = f->size.rows > 0 ? f->config.pagers : (int) Min((int64) f->allowed * 2, f->config.pagers);
	f->config.report->pages++;
	f->config.report->bytes += p->page->core.body_length;
}

bool
scyllaPagerTurn(ScyllaFetch *f, ScyllaPager *p)
{
	if (p->page != NULL)
	{
		ask_for_next_page(f, p);
		if (p->row < 2)
			allow_pager(f);
		leave_page(f, p);
	}
	if (p->next == NULL)
		return false;
	enter_page(f, p);
	return true;
}

void
scyllaPagerGoOn(ScyllaFetch *f, ScyllaPager *p)
{
	if (has_room(f))
		ask_for_next_page(f, p);
	allow_pager(f);
}
