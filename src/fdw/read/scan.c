/*
 * fdw/read/scan.c
 *	  Reading a foreign table.
 *
 * Backend thread. Owns one ScyllaScan per scan node, in the executor's query context;
 * when that goes early, what is on its way is abandoned. Invariants: a scan with a
 * session is an open read until its memory goes; the row that the executor may hold,
 * and row_context, are left alone while rows are read ahead; a scan that failed in
 * that (broken) gives no row before it is rescanned.
 *
 * When its first row is wanted, a scan works out what it asks for (scan_open.c); its
 * requests are read side by side (fetch.c); decode.c makes rows of what comes home.
 *
 * A scan that may be read again with the same parameters keeps its rows in a
 * tuplestore. And when this session writes to the table of an open scan, the scan
 * first puts what it has not read yet into one: INSERT ... SELECT from the same
 * table, or a cursor, must not meet the new rows.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/parallel.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "fdw/compat.h"
#include "fdw/fetch/fetch.h"
#include "fdw/option/option_cache.h"
#include "fdw/read/aggregate.h"
#include "fdw/read/decode.h"
#include "fdw/read/explain.h"
#include "fdw/read/full_scan.h"
#include "fdw/read/parallel.h"
#include "fdw/read/scan.h"
#include "fdw/read/scan_open.h"
#include "fdw/read/system_columns.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/select/select.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/session.h"
#include "fdw/session/transaction.h"

#define RANGES_PER_PROCESS 4	/* at least, so that all end at about the same time */

/* ---- begin ---- */

static void
release_scan(void *arg)
{
	ScyllaScan *scan = arg;

	dlist_delete(&scan->open_read.node);
	if (scan->wait_fd >= 0)
	{
		close(scan->wait_fd);
		ReleaseExternalFD();
	}
}

static void collect_rows(ScyllaOpenRead *open_read);

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
register_open_read(ScyllaScan *scan)
{
	scan->open_read.serverid = scan->session->serverid;
	scan->open_read.options = scan->options;
	scan->open_read.collect = collect_rows;
	scyllaAddOpenRead(&scan->open_read, scan->node->ss.ps.state);
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
	if (scan->select->nearest_at_one && scan->options->read_consistency != CQL_ONE)
		scan->options->read_consistency = CQL_LOCAL_ONE;
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
	scyllaReportBegin(&scan->report, scan->session->client, node->ss.ps.state->es_instrument != 0);
	register_open_read(scan);
}

/* ---- rows ---- */

/* The same requests, a few at a time, their rows in whatever order. */
static void
sort_instead(ScyllaScan *scan)
{
	scyllaFetchClose(scan->fetch);
	scan->fetch = NULL;
	scan->sorting = true;
	scyllaScanOpen(scan);
}

/* false: there is none, or, if it must not be waited for, the scan is pending. */
static inline bool
next_row(ScyllaScan *scan, bool wait)
{
	ScyllaFetchResult result;

	scan->pending = false;
	if (scan->fetch == NULL)
		return false;
	while ((result = scyllaFetchNext(scan->fetch, wait)) == SCYLLA_FETCH_REQUEST_END || result == SCYLLA_FETCH_TOO_LARGE)
	{
		if (result == SCYLLA_FETCH_TOO_LARGE)
			sort_instead(scan);
	}
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

/* A row that the conditions choose which were not sent. false: as of next_row. */
static bool
next_sifted(ScyllaScan *scan, TupleTableSlot *slot, bool wait)
{
	while (next_row(scan, wait))
	{
		CHECK_FOR_INTERRUPTS();
		scyllaDecodeRow(scan->decoder, scan->fetch, scan->row_context, slot);
		if (scyllaSiftRow(scan->sift, slot))
			return true;
		ExecClearTuple(slot);
		if (scan->row_context->mem_allocated > scan->row_block)
			MemoryContextReset(scan->row_context);
	}
	return false;
}

/* A row as it comes. false: as of next_row. */
static inline bool
next_unsorted(ScyllaScan *scan, TupleTableSlot *slot, bool wait)
{
	if (scan->sifting)
		return next_sifted(scan, slot, wait);
	if (!next_row(scan, wait))
		return false;
	if (scan->aggregate != NULL)
		scyllaAggregateGroup(scan->aggregate, scan->fetch, scan->row_context, slot);
	else
		scyllaDecodeRow(scan->decoder, scan->fetch, scan->row_context, slot);
	scan->report.rows++;
	return true;
}

/* All are sorted before the first is given. The first call has a row already. false: as of next_row. */
static bool
next_sorted(ScyllaScan *scan, TupleTableSlot *slot, bool wait, bool have_row)
{
	if (scan->sort == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(scan->reading);

		scan->sort = scyllaBeginSort(scan->select, slot->tts_tupleDescriptor, scan->open_read.owner);
		MemoryContextSwitchTo(old);
	}
	while (!scan->gathered && (have_row || next_unsorted(scan, slot, wait)))
	{
		CHECK_FOR_INTERRUPTS();
		scyllaSortRow(scan->sort, slot);
		ExecClearTuple(slot);
		MemoryContextReset(scan->row_context);
		have_row = false;
	}
	scan->gathered |= !scan->pending;
	return scan->gathered && scyllaNextSorted(scan->sort, slot);
}

/* false: as of next_row. */
static bool
next_slot(ScyllaScan *scan, TupleTableSlot *slot, bool wait)
{
	bool		have_row = false;

	if (scan->aggregate != NULL && scan->select->group_by == NIL)
		return combine_rows(scan, slot, wait);
	if (!scan->gathered)
		have_row = next_unsorted(scan, slot, wait);
	if (!scan->sorting)
		return have_row;
	return next_sorted(scan, slot, wait, have_row);
}

/* ---- rows that are kept ---- */

static void
begin_store(ScyllaScan *scan)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);

	CurrentResourceOwner = scan->open_read.owner;	/* a savepoint's must not take the store with it */
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
collect_rows(ScyllaOpenRead *open_read)
{
	ScyllaScan *scan = dlist_container(ScyllaScan, open_read.node, &open_read->node);

	if (scan->complete || scan->broken || scan->running || (scan->begun ? scan->fetch == NULL : !key_is_known(scan)))
		return;
	scan->broken = true;
	if (scan->store == NULL)
		begin_store(scan);
	if (!scan->begun)
		scyllaScanOpen(scan);
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

static TupleTableSlot *
next_tuple(ScyllaScan *scan)
{
	TupleTableSlot *slot = scan->node->ss.ss_ScanTupleSlot;

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
		scyllaScanOpen(scan);
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

TupleTableSlot *
scyllaIterateForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot = next_tuple(scan);

	if (!scan->select->heap_tuples || TupIsNull(slot))
		return slot;
	scyllaPutSystemColumns(slot, node->ss.ss_ScanTupleSlot);
	return node->ss.ss_ScanTupleSlot;
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
	if (scan->sort != NULL)
		scyllaEndSort(scan->sort);
	scan->sort = NULL;
	MemoryContextReset(scan->reading);
	scan->instead = 0;
	scan->sorting = scan->gathered = scan->sifting = scan->begun = scan->combining = scan->combined = scan->complete = scan->running = scan->broken = false;
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
	scyllaScanDescribe(scan);
	scyllaScanGuard(scan);
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
	scyllaExplainLocks(node->ss.ps.state, ((Scan *) node->ss.ps.plan)->scanrelid, es);
	if (es->analyze && scan->instead > 0)
		ExplainPropertyText("Full Scan", psprintf("instead of %d keys", scan->instead), es);
	if (es->analyze && scan->session != NULL)
	{
		scyllaExplainReport(&scan->report, scan->session->client, false, es);
		scyllaExplainPlaces(&scan->report, scan->session, scan->options, es);
	}
}
