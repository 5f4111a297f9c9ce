/*
 * fdw/fetch/fetch.c
 *	  Opening a fetch, and giving its rows in the order in which pages come.
 *
 * Backend thread. Owns the pagers (pager.h) and the pipeline. Invariant: a pager is on
 * the list of ready ones only with a page that nobody has read.
 */
#include "postgres.h"

#include "storage/shmem.h"
#include "utils/memutils.h"

#include "cql/request.h"
#include "fdw/fetch/fetch.h"
#include "fdw/fetch/merge.h"
#include "fdw/fetch/pager.h"
#include "fdw/session/error.h"
#include "fdw/session/wait.h"

#define SMALL_PAGE_BYTES (192 * 1024)	/* smaller ones cost a node more than they spare its caches */
#define SMALL_MERGED_BYTES (16 * 1024)	/* all pagers that are merged hold pages */
#define FIRST_PAGERS 32			/* until it is known how large pages are, by an estimate of rows; SCYLLA_FEW_PAGERS
								 * without */

/* ---- opening and closing ---- */

static void
free_buffers(void *arg)
{
	ScyllaFetch *f = arg;

	for (int i = 0; i < f->config.pagers; i++)
	{
		cql_buffer_free(&f->pager[i].values.bytes);
		cql_buffer_free(&f->pager[i].now.state);
		cql_buffer_free(&f->pager[i].then.state);
	}
}

ScyllaFetch *
scyllaFetchOpen(const ScyllaFetchConfig *config)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw fetch", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaFetch *f = palloc0(sizeof(*f));

	f->context = context;
	f->config = *config;
	f->config.pagers = Max(config->pagers, 1);
	f->size.most = config->page_rows;
	f->size.room = Max(SCYLLA_PAGE_BYTES / f->config.pagers, config->nmerge == 0 ? SMALL_PAGE_BYTES :
					   Min(SMALL_MERGED_BYTES, SCYLLA_HELD_BYTES / f->config.pagers));
	f->size.expected = config->statement->row_bytes > 0 ? config->statement->row_bytes : (uint64) config->row_bytes;
	f->size.read = (uint64) config->read_bytes;
	f->allowed = config->slow_start ? 1 : Min(f->config.pagers, scyllaKnowsRows(&f->size) ? FIRST_PAGERS : SCYLLA_FEW_PAGERS);
	f->pager = MemoryContextAllocHuge(context, mul_size(sizeof(ScyllaPager), f->config.pagers));
	memset(f->pager, 0, sizeof(ScyllaPager) * f->config.pagers);
	dlist_init(&f->free);
	dlist_init(&f->ready);
	for (int i = 0; i < f->config.pagers; i++)
	{
		f->pager[i].number = (uint32) i;
		dlist_push_tail(&f->free, &f->pager[i].node);
	}
	f->callback.func = free_buffers;
	f->callback.arg = f;
	MemoryContextRegisterResetCallback(context, &f->callback);

	f->request.kind = CLUSTER_EXECUTE;
	f->request.statement = config->statement->number;
	f->request.timeout_ms = (uint32_t) config->options->request_timeout;
	f->request.consistency = (uint8_t) config->options->read_consistency;
	f->request.flags = CQL_PARAM_PAGE_SIZE | CQL_PARAM_SKIP_METADATA | (config->statement->bind.count > 0 ? CQL_PARAM_VALUES : 0);
	f->request.idempotent = true;
	f->pipeline = scyllaOpenPipeline(config->session, PIPELINE_READS, 0, 0);
	scyllaLogStatement(&config->report->logged, config->session, config->statement);
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

/* ---- in the order in which pages come ---- */

static ScyllaFetchResult
next_of_any(ScyllaFetch *f, bool wait)
{
	for (;;)
	{
		if (f->current != NULL)
		{
			ScyllaPager *p = f->current;

			switch (scyllaPagerNext(f, p))
			{
				case SCYLLA_FETCH_ROW:
					return SCYLLA_FETCH_ROW;
				case SCYLLA_FETCH_PENDING:
					f->current = NULL;	/* scyllaDeliver makes it ready */
					break;
				default:
					scyllaClosePager(f, p);
					return SCYLLA_FETCH_REQUEST_END;
			}
		}
		scyllaOpenPagers(f);
		scyllaDeliver(f);
		if (!dlist_is_empty(&f->ready))
		{
			f->current = dlist_container(ScyllaPager, node, dlist_pop_head_node(&f->ready));
			Assert(f->current->next != NULL);
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

/* ---- what a scan calls ---- */

ScyllaFetchResult
scyllaFetchNext(ScyllaFetch *f, bool wait)
{
	if (f->config.nmerge > 0)
		return scyllaMergeNext(f);
	if (f->current != NULL && f->current->page == NULL)
		f->current = NULL;		/* its end was told */
	return next_of_any(f, wait);
}

bool
scyllaFetchArrived(ScyllaFetch *f)
{
	scyllaDeliver(f);
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

ScyllaFetchPosition
scyllaFetchPositionOf(const ScyllaFetch *f)
{
	const ScyllaPager *p = f->current;
	CqlBytes	state = {p->now.state.data, p->now.state.len > 0 ? (int32_t) p->now.state.len : -1};

	return (ScyllaFetchPosition) {&p->values.bytes, state, p->now.rows, p->row};
}

void
scyllaFetchKeepMetadata(const ScyllaFetch *f, CqlArena *arena, CqlMetadata *metadata)
{
	CqlReader	r = cql_reader(f->current->page->core.body, f->current->page->core.body_length);
	uint32_t	nrows;

	(void) cql_response_result_kind(&r);
	if (!cql_response_rows(&r, arena, metadata, &nrows))
		scyllaRaiseOutOfMemory();
	if (metadata->column == NULL)
		metadata->column = scyllaFetchMetadata(f)->column;	/* the statement's, which stays */
}
