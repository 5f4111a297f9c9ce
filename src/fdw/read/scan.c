/*
 * fdw/read/scan.c
 *	  Reading a foreign table.
 *
 * Backend thread. Owns one ScyllaScan per scan node, in the executor's query
 * context; when that goes early, what is on its way is abandoned.
 *
 * When its first row is wanted, a scan works out what its conditions' values are,
 * hence the text of the SELECT and the requests it takes (source.c), and reads
 * these side by side (fetch.c); decode.c makes rows of what comes home.
 *
 * A scan that may be read again with the same parameters keeps its rows in a
 * tuplestore. And when this session writes to the table of an open scan, the scan
 * first puts what it has not read yet into one: INSERT ... SELECT from the same
 * table, or a cursor, must not meet the new rows.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/parallel.h"
#include "executor/execAsync.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "fdw/compat.h"
#include "fdw/read/aggregate.h"
#include "fdw/read/condition.h"
#include "fdw/read/decode.h"
#include "fdw/read/fetch.h"
#include "fdw/read/parallel.h"
#include "fdw/read/range.h"
#include "fdw/read/report.h"
#include "fdw/read/scan.h"
#include "fdw/read/select.h"
#include "fdw/read/source.h"
#include "fdw/session/reader.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"

#define MAX_LANES 1024			/* keys looked up at once */
#define MAX_MERGE_LANES 250000	/* each has a page of its own */
#define MIN_MERGED_ROWS 20			/* of a first page, where many sorted partitions are merged */
#define RANGES_PER_PROCESS 4	/* at least, so that all end at about the same time */

typedef struct ScyllaScan
{
	ForeignScanState *node;
	Oid			relid;
	char	   *relation;		/* for messages */
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaConditions *conditions;
	int			nconditions;
	ScyllaDecoder *decoder;		/* of rows of the table */
	ScyllaAggregate *aggregate; /* of what is computed; NULL: nothing is */
	ExprState  *limit;			/* NULL: none */
	ExprState  *offset;
	MemoryContext reading;		/* what one reading needs: source, fetch */
	ScyllaFetch *fetch;			/* NULL: nothing was asked for, or no row can match */
	bool		described;		/* columns and types are known */
	bool		begun;
	bool		combining;		/* the one row of aggregates without groups has been begun, */
	bool		combined;		/* and given */
	MemoryContext row_context;	/* decoded values of the current row, and of some before */
	Size		row_block;		/* what it has when it is empty: to empty it costs as much as a value */
	ScyllaReader reader;
	bool		keep;			/* rows may be wanted again */
	Tuplestorestate *store;		/* NULL: none */
	TupleTableSlot *stored;		/* the current row of it */
	bool		complete;		/* the store has all that is to come */
	bool		running;		/* or it has failed, and is not run again */
	bool		broken;			/* reading ahead failed */
	bool		impatient;		/* an Append asks, which has others to ask, too */
	bool		pending;		/* so there was no row, though there may be more */
	int			wait_fd;		/* the client's, of this scan's own, for an Append to wait for; -1: none */
	ScyllaRanges ranges;		/* of this reading, or that all processes take of */
	ScyllaShared *shared;		/* NULL: no other process reads this scan */
	ScyllaReport report;
	MemoryContextCallback callback;
} ScyllaScan;

/* ---- begin ---- */

static void
release_scan(void *arg)
{
	ScyllaScan *scan = arg;

	dlist_delete(&scan->reader.node);
	if (scan->wait_fd >= 0)
	{
		close(scan->wait_fd);
		ReleaseExternalFD();
	}
}

static void collect_rows(ScyllaReader *reader);

static void
init_expressions(ScyllaScan *scan)
{
	ForeignScan *plan = (ForeignScan *) scan->node->ss.ps.plan;
	List	   *states = ExecInitExprList(plan->fdw_exprs, (PlanState *) scan->node);

	scan->nconditions = list_length(scan->select->columns);
	scan->conditions = scyllaMakeConditions(scan->select, plan->fdw_exprs, states);
	if (scan->select->limited)
	{
		scan->limit = list_nth(states, scan->nconditions);
		scan->offset = list_nth(states, scan->nconditions + 1);
	}
}

static void
register_reader(ScyllaScan *scan)
{
	scan->reader.serverid = scan->session->serverid;
	scan->reader.options = scan->options;
	scan->reader.collect = collect_rows;
	scyllaAddReader(&scan->reader, scan->node->ss.ps.state);
	scan->callback.func = release_scan;
	scan->callback.arg = scan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &scan->callback);
}

void
scyllaBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ScyllaScan *scan = palloc0(sizeof(*scan));

	node->fdw_state = scan;
	scan->node = node;
	scan->wait_fd = -1;
	scan->select = scyllaUnpackSelect(plan->fdw_private);
	scan->relid = scan->select->relid;
	scan->relation = get_rel_name(scan->relid);
	scan->options = scyllaTableOptions(scan->relid);
	if (scyllaSelectsNearest(scan->select))
		scan->options->read_consistency = CQL_LOCAL_ONE;	/* the only one that Cassandra has for it */
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	scan->session = scyllaGetSession(scyllaScanUser(node), GetForeignTable(scan->relid)->serverid);
	/* of a parallel scan, this process never has all rows */
	scan->keep = (eflags & EXEC_FLAG_REWIND) != 0 && !plan->scan.plan.parallel_aware;
	init_expressions(scan);
	if (scan->select->roles != NIL)
		scan->aggregate = scyllaMakeAggregate(scan->select, node->ss.ss_ScanTupleSlot->tts_tupleDescriptor);
	else
		scan->decoder = scyllaMakeDecoder(scan->select, node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, true);
	scan->reading = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw reading", ALLOCSET_DEFAULT_SIZES);
	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	scan->row_block = scan->row_context->mem_allocated;
	scyllaReportBegin(&scan->report, scan->session->client);
	register_reader(scan);
}

/* ---- what is asked for ---- */

/* Rows that the query wants at most, those it skips included; -1: all, or more than CQL can say. */
static int64
evaluate_limit(ScyllaScan *scan)
{
	ExprContext *econtext = scan->node->ss.ps.ps_ExprContext;
	bool		isnull;
	int64		count;
	int64		skip;

	if (scan->limit == NULL)
		return -1;
	count = DatumGetInt64(ExecEvalExprSwitchContext(scan->limit, econtext, &isnull));
	if (isnull || count < 0)
		return -1;
	skip = DatumGetInt64(ExecEvalExprSwitchContext(scan->offset, econtext, &isnull));
	if (!isnull && skip > 0)
		count = count > PG_INT32_MAX || skip > PG_INT32_MAX ? PG_INT64_MAX : count + skip;
	return count <= PG_INT32_MAX ? count : -1;
}

/* Each answer takes all rows of a range to be read. */
static bool
add_strides(ScyllaScan *scan, ScyllaKeySource *source)
{
	scan->ranges.lanes = scyllaStrideLanes(scan->session, scan->options, scan->select->pages);
	if (scan->ranges.lanes == 0)
		return false;
	scan->select->token_columns = scyllaTokenColumns(scan->session, scan->options);
	scyllaSourceStride(source, scyllaMakeStride(scan->ranges.lanes));
	return true;
}

/* true: the table is read in ranges. */
static bool
add_ranges(ScyllaScan *scan, ScyllaKeySource *source, int64 limit)
{
	if (scan->select->by_ranges && scan->aggregate != NULL)
		return add_strides(scan, source);
	if (!scan->select->by_ranges || limit >= 0)
		return false;
	scan->ranges = scan->shared ? scyllaSharedRanges(scan->shared) :
		*scyllaChooseRanges(scan->session, scan->options, scan->select->pages, 1);
	if (scan->ranges.n == 0)
		return false;
	scan->select->token_columns = scyllaTokenColumns(scan->session, scan->options);
	scyllaSourceRanges(source, scan->ranges.range, scan->ranges.n,
					   scan->shared ? scyllaSharedCounter(scan->shared) : NULL);
	return true;
}

/* All requests that are merged are open at once: their first pages share the room of one. */
static void
set_merge(ScyllaScan *scan, int requests, ScyllaFetchConfig *config)
{
	List	   *merge = scan->select->merge;
	ScyllaMergeKey *key = palloc_array(ScyllaMergeKey, list_length(merge) / 3);

	if (requests > MAX_MERGE_LANES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("rows of %d keys of foreign table \"%s\" cannot be merged in order", requests, scan->relation),
				 errdetail("More than %d were not expected when the statement was planned.", MAX_MERGE_LANES)));
	config->merge = key;
	config->nmerge = list_length(merge) / 3;
	for (int i = 0; i < config->nmerge; i++)
		key[i] = (ScyllaMergeKey) {list_nth_int(merge, 3 * i), list_nth_int(merge, 3 * i + 1), list_nth_int(merge, 3 * i + 2)};
	config->lanes = requests;
	config->first_rows = Max(config->page_rows / requests, Min(config->page_rows, MIN_MERGED_ROWS));
}

static void
open_fetch(ScyllaScan *scan, ScyllaKeySource *source, int64 limit)
{
	bool		ranges = add_ranges(scan, source, limit);
	ScyllaSelectForm form = {scyllaConditionOperators(scan->conditions), ranges,
	limit >= 0 && scan->select->group_by == NIL};
	ScyllaFetchConfig config = {.session = scan->session,.options = scan->options,.relation = scan->relation,
	.report = &scan->report,.source = scyllaSourceOf(source),.row_bytes = scan->select->row_bytes,
	.slow_start = ranges && (scan->aggregate == NULL || limit >= 0)};
	int			requests;

	if (scan->shared && !ranges && !scyllaTakeTable(scan->shared))
		return;
	if (form.limited)
		scyllaSourceLimit(source, (int32) limit);
	requests = scyllaEndSource(source);
	config.lanes = Min(requests, ranges ? scan->ranges.lanes : MAX_LANES);
	config.select = scan->select;
	config.form = form;
	config.cql = scyllaDeparseSelect(scan->select, scan->options, &form);
	config.statement = scyllaPrepare(scan->session, scan->options, config.cql);
	scyllaCheckMarkers(scan->conditions, form.operators, scan->session, scan->options, &config.statement->bind,
					   ranges ? 2 : 0);
	config.page_rows = limit >= 0 ? (int) Min(limit, scan->options->fetch_size) : scan->options->fetch_size;
	if (scan->select->merge != NIL && requests > 1)
		set_merge(scan, requests, &config);
	scan->fetch = scyllaFetchOpen(&config);
}

/* Items that are no columns are checked by the cluster alone. */
static void
describe_table(ScyllaScan *scan)
{
	if (!scan->described)
		scyllaDescribeConditions(scan->conditions, scan->session, scan->options,
								 scan->node->ss.ss_currentRelation != NULL ? scyllaDecodedAttributes(scan->select) : NIL);
	scan->described = true;
}

/* Nearest vectors were planned to be asked for, but cannot be: PostgreSQL sorts, and counts. */
static bool
reads_all(const ScyllaScan *scan)
{
	return scyllaSelectsNearest(scan->select) &&
		scyllaConditionOperators(scan->conditions)[scan->nconditions - 1] == SCYLLA_ANY;
}

static void
begin_reading(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	ScyllaKeySource *source;
	int64		limit;

	scan->begun = true;
	scyllaDrainWriters(scan->session, NULL);
	describe_table(scan);
	MemoryContextSwitchTo(scan->reading);
	source = scyllaBeginSource(scan->nconditions, scan->select->npartition);
	limit = evaluate_limit(scan);
	if (limit != 0 && scyllaAddConditions(scan->conditions, scan->node->ss.ps.ps_ExprContext, source, limit))
		open_fetch(scan, source, reads_all(scan) ? -1 : limit);
	MemoryContextSwitchTo(old);
}

/* ---- rows ---- */

/* false: there is none, or, if it must not be waited for, the scan is pending. */
static bool
next_row(ScyllaScan *scan, bool wait)
{
	ScyllaFetchResult result;

	scan->pending = false;
	if (scan->fetch == NULL)
		return false;
	do
		result = scyllaFetchNext(scan->fetch, wait);
	while (result == SCYLLA_FETCH_LANE_END);
	scan->pending = result == SCYLLA_FETCH_PENDING;
	if (scan->pending)
		return false;
	if (result == SCYLLA_FETCH_END)
	{
		scyllaFetchClose(scan->fetch);
		scan->fetch = NULL;
		return false;
	}
	return true;
}

/* What all requests computed, once. */
static bool
combine_rows(ScyllaScan *scan, TupleTableSlot *slot, bool wait)
{
	if (scan->combined)
		return false;
	if (!scan->combining)
		scyllaAggregateBegin(scan->aggregate);
	scan->combining = true;
	while (next_row(scan, wait))
		scyllaAggregateAdd(scan->aggregate, scan->fetch);
	if (scan->pending)
		return false;
	scyllaAggregateResult(scan->aggregate, scan->row_context, slot);
	scan->report.rows++;
	scan->combined = true;
	return true;
}

/* false: as of next_row. */
static bool
next_slot(ScyllaScan *scan, TupleTableSlot *slot, bool wait)
{
	if (scan->aggregate != NULL && scan->select->group_by == NIL)
		return combine_rows(scan, slot, wait);
	if (!next_row(scan, wait))
		return false;
	if (scan->aggregate != NULL)
		scyllaAggregateGroup(scan->aggregate, scan->fetch, scan->row_context, slot);
	else
		scyllaDecodeRow(scan->decoder, scan->fetch, scan->row_context, slot);
	scan->report.rows++;
	return true;
}

/* ---- rows that are kept ---- */

static void
begin_store(ScyllaScan *scan)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);

	CurrentResourceOwner = scan->reader.owner;	/* a savepoint's must not take the store with it */
	scan->store = tuplestore_begin_heap(false, false, work_mem);
	tuplestore_set_eflags(scan->store, scan->keep ? EXEC_FLAG_REWIND : 0);
	(void) tuplestore_alloc_read_pointer(scan->store, 0);
	CurrentResourceOwner = owner;
	if (scan->stored == NULL)
		scan->stored = ExecInitExtraTupleSlot(scan->node->ss.ps.state,
											  scan->node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
}

/* Not in the caller's context, which goes before the slot frees its row. false: the store has been read to its end. */
static bool
next_stored(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	bool		found = tuplestore_gettupleslot(scan->store, true, false, scan->stored);

	MemoryContextSwitchTo(old);
	return found;
}

/*
 * The executor may hold the current row: it and row_context are left alone. A
 * store's active read pointer goes with what is put at its end, so another one is
 * active meanwhile.
 */
static void
store_rows(ScyllaScan *scan)
{
	MemoryContext row_context = scan->row_context;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(scan->stored->tts_tupleDescriptor, &TTSOpsVirtual);

	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row ahead", ALLOCSET_DEFAULT_SIZES);
	tuplestore_select_read_pointer(scan->store, 1);
	while (next_slot(scan, ExecClearTuple(slot), true))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_puttupleslot(scan->store, slot);
		MemoryContextReset(scan->row_context);
	}
	tuplestore_select_read_pointer(scan->store, 0);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(scan->row_context);
	scan->row_context = row_context;
}

/* A key, or a LIMIT, that comes from the row of another table is not known before that row is there. */
static bool
key_is_known(const ScyllaScan *scan)
{
	return (scan->nconditions == 0 && scan->limit == NULL) || bms_is_empty(scan->node->ss.ps.plan->extParam);
}

static void
collect_rows(ScyllaReader *reader)
{
	ScyllaScan *scan = dlist_container(ScyllaScan, reader.node, &reader->node);

	if (scan->complete || scan->broken || scan->running || (scan->begun ? scan->fetch == NULL : !key_is_known(scan)))
		return;
	scan->broken = true;
	if (scan->store == NULL)
		begin_store(scan);
	if (!scan->begun)
		begin_reading(scan);
	store_rows(scan);
	scan->complete = true;
	scan->broken = false;
}

/* A cursor may outlive the savepoint in which this failed. */
static void
raise_broken(const ScyllaScan *scan)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("foreign table \"%s\" could not be read to its end before it was written to", scan->relation)));
}

/* ---- the executor's calls ---- */

TupleTableSlot *
scyllaIterateForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (scan->broken)
		raise_broken(scan);
	ExecClearTuple(slot);
	if (scan->row_context->mem_allocated > scan->row_block)
		MemoryContextReset(scan->row_context);
	if (scan->keep && scan->store == NULL)
		begin_store(scan);
	if (scan->store != NULL && (next_stored(scan) || scan->complete))
		return scan->stored;
	scan->running = true;
	if (!scan->begun)
		begin_reading(scan);
	if (next_slot(scan, slot, !scan->impatient))
	{
		if (scan->keep)			/* the store has been read to its end, and is so again */
			tuplestore_puttupleslot(scan->store, slot);
	}
	else if (!scan->pending)
		scan->complete = scan->store != NULL;
	scan->running = false;
	return slot;
}

/* ---- the calls of an Append that asks many scans at the same time ---- */

/* The node's row, if one is there: its conditions and projection may take several of ours for it. */
static void
answer(AsyncRequest *request)
{
	ForeignScanState *node = (ForeignScanState *) request->requestee;
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot;

	scan->pending = false;
	scan->impatient = true;
	slot = node->ss.ps.ExecProcNodeReal(&node->ss.ps);
	scan->impatient = false;
	if (TupIsNull(slot) && scan->pending)
		ExecAsyncRequestPending(request);
	else
		ExecAsyncRequestDone(request, slot);
}

void
scyllaForeignAsyncRequest(AsyncRequest *request)
{
	answer(request);
}

/* A set of events takes a descriptor once, and scans of one session share the client's. */
static int
wait_fd(ScyllaScan *scan)
{
	if (scan->wait_fd >= 0)
		return scan->wait_fd;
	if (AcquireExternalFD())
	{
		scan->wait_fd = fcntl(client_wait_fd(scan->session->client), F_DUPFD_CLOEXEC, 0);
		if (scan->wait_fd < 0)
			ReleaseExternalFD();
	}
	if (scan->wait_fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not wait for foreign table \"%s\": %m", scan->relation)));
	return scan->wait_fd;
}

/*
 * All scans of the Append are asked to do this before it waits. What came home
 * when another one looked may be this one's, and then nobody will be woken for it
 * any more.
 */
void
scyllaForeignAsyncConfigureWait(AsyncRequest *request)
{
	ScyllaScan *scan = ((ForeignScanState *) request->requestee)->fdw_state;

	client_arm(scan->session->client, scan->fetch == NULL || scyllaFetchArrived(scan->fetch));
	AddWaitEventToSet(((AppendState *) request->requestor)->as_eventset, WL_SOCKET_READABLE, wait_fd(scan),
					  NULL, request);
}

void
scyllaForeignAsyncNotify(AsyncRequest *request)
{
	ScyllaScan *scan = ((ForeignScanState *) request->requestee)->fdw_state;

	client_awake(scan->session->client);
	answer(request);
}

/* ---- the end ---- */

/* What is on its way is left behind. */
static void
stop_reading(ScyllaScan *scan)
{
	if (scan->fetch != NULL)
		scyllaFetchClose(scan->fetch);
	scan->fetch = NULL;
	if (scan->store != NULL)
	{
		ExecClearTuple(scan->stored);
		tuplestore_end(scan->store);
		scan->store = NULL;
	}
	MemoryContextReset(scan->reading);
	scan->begun = scan->combining = scan->combined = scan->complete = scan->running = scan->broken = false;
}

void
scyllaReScanForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan->keep && scan->store != NULL && !scan->broken && node->ss.ps.chgParam == NULL)
		tuplestore_rescan(scan->store);
	else
		stop_reading(scan);
}

void
scyllaEndForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan != NULL && scan->session != NULL)
		stop_reading(scan);
}

/* ---- the executor's calls of parallel scans ---- */

Size
scyllaEstimateDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt)
{
	ScyllaScan *scan = node->fdw_state;
	MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);

	/* before workers begin to read, on connections of their own */
	scyllaDrainWriters(scan->session, NULL);
	describe_table(scan);
	scan->ranges = *scyllaChooseRanges(scan->session, scan->options, scan->select->pages,
									   RANGES_PER_PROCESS * (pcxt->nworkers + 1));
	MemoryContextSwitchTo(old);
	return scyllaSharedSize(&scan->ranges, pcxt->nworkers);
}

void
scyllaInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	ScyllaScan *scan = node->fdw_state;

	scyllaInitShared(coordinate, &scan->ranges, pcxt->nworkers);
	scan->shared = coordinate;
}

void
scyllaReInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	ScyllaScan *scan = node->fdw_state;

	scyllaDrainWriters(scan->session, NULL);
	scyllaResetShared(coordinate);
	scan->shared = coordinate;
}

void
scyllaInitializeWorkerForeignScan(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	((ScyllaScan *) node->fdw_state)->shared = coordinate;
}

/* The shared memory goes after this. Called for direct modifications too, whose state is another one. */
void
scyllaShutdownForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (((ForeignScan *) node->ss.ps.plan)->operation != CMD_SELECT)
		return;
	if (scan == NULL || scan->shared == NULL)
		return;
	if (IsParallelWorker())
		scyllaTellReport(scan->shared, &scan->report);
	else
		scyllaGatherReports(scan->shared, &scan->report);
	scan->shared = NULL;
}

void
scyllaExplainForeignScan(ForeignScanState *node, struct ExplainState *es)
{
	ScyllaScan *scan = node->fdw_state;

	scyllaExplainRead(scan->select, scan->options, es);
	if (es->analyze && scan->session != NULL)
		scyllaExplainReport(&scan->report, scan->session->client, false, es);
}
