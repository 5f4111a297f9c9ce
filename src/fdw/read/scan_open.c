/*
 * fdw/read/scan_open.c
 *	  From the values of a scan's conditions to the requests it takes.
 *
 * Backend thread. Owns nothing: what is opened lives in the scan's memory of one
 * reading. Invariant: the session's writes are drained before anything is asked for.
 *
 * The values make the text of the SELECT, and what it is asked with (request_list.c): once,
 * for each key, or for each range of tokens.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "utils/memutils.h"

#include "fdw/catalog/ring.h"
#include "fdw/catalog/strong.h"
#include "fdw/compat.h"
#include "fdw/fetch/page_size.h"
#include "fdw/fetch/row_look.h"
#include "fdw/fetch/row_size.h"
#include "fdw/option/names.h"
#include "fdw/read/scan_open.h"
#include "fdw/select/request_list.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"
#include "fdw/session/transaction.h"

#define MAX_PAGERS 1024			/* keys looked up at once */
#define MAX_MERGED 10000		/* each has a page of its own */
#define MIN_MERGED_ROWS 20		/* of a first page, where many sorted partitions are merged */

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
	scan->ranges.at_once = scyllaStridesAtOnce(scan->session, scan->options, scan->select->pages);
	if (scan->ranges.at_once == 0)
		return false;
	scan->select->token_columns = scyllaTokenColumns(scan->session, scan->options);
	scyllaSourceStride(source, scyllaMakeStride(scan->ranges.at_once));
	return true;
}

/* true: the table is read in ranges. */
static bool
add_ranges(ScyllaScan *scan, ScyllaKeySource *source, int64 limit)
{
	if (scan->select->by_ranges && scan->aggregate != NULL)
		return add_strides(scan, source);
	if (!(scan->select->by_ranges || scan->instead > 0) || scyllaFindsByIndex(scan->conditions) || limit >= 0)
		return false;
	scan->ranges = scan->shared ? scyllaSharedRanges(scan->shared) :
		*scyllaChooseRanges(scan->session, scan->options, scan->select->pages, 1);
	if (scan->ranges.n == 0)
		return false;
	if (scan->shared)
		scyllaWarmTablets(scan->session, scan->options);	/* a worker has a client of its own */
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

	config->merge = key;
	config->nmerge = list_length(merge) / 3;
	for (int i = 0; i < config->nmerge; i++)
		key[i] = (ScyllaMergeKey) {list_nth_int(merge, 3 * i), list_nth_int(merge, 3 * i + 1), list_nth_int(merge, 3 * i + 2)};
	config->pagers = requests;
	config->first_rows = Max(config->page_rows / requests, Min(config->page_rows, MIN_MERGED_ROWS));
}

/*
 * How large rows are, until some have come. What nodes read of each is looked at, where nobody knows it and there may be
 * many: but not where ranges of tokens grow as long as they are quick.
 */
static void
set_sizes(ScyllaScan *scan, ScyllaFetchConfig *config)
{
	const ScyllaTable *table = scyllaDescribeTable(scan->session, scan->options);
	ScyllaRowSize size = scyllaRowSize(scan->select, table);
	ScyllaRowLook look = {scan->session, scan->options, scan->relation, &scan->report, scan->select, table,
	scan->sifting ? NULL : scan->conditions, scan->node->ss.ps.ps_ExprContext};

	config->row_bytes = size.row;
	if (config->statement->read_bytes > 0)
		return;
	if (config->page_rows <= SCYLLA_FEW_ROWS || (config->form.token_range && scan->aggregate != NULL))
		config->statement->read_bytes = Max(size.read, 1);
	else
		config->statement->read_bytes = scyllaReadBytes(&look, &size);
}

/* The whole table has no order: rows in place of merged ones are sorted here. */
static const ScyllaSelect *
select_of(const ScyllaScan *scan)
{
	ScyllaSelect *select;

	if (scan->instead == 0 || scan->select->order == NIL)
		return scan->select;
	select = palloc(sizeof(*select));
	*select = *scan->select;
	select->order = NIL;
	return select;
}

static void
open_fetch(ScyllaScan *scan, ScyllaKeySource *source, int64 limit)
{
	bool		ranges = add_ranges(scan, source, limit);
	ScyllaSelectForm form = {scyllaConditionOperators(scan->conditions), ranges,
	limit >= 0 && scan->select->group_by == NIL};
	ScyllaFetchConfig config = {.session = scan->session, .options = scan->options, .relation = scan->relation,
		.report = &scan->report, .source = scyllaSourceOf(source),
		.slow_start = ranges && (scan->aggregate == NULL || limit >= 0)};
	int			requests;

	if (scan->shared && !ranges && !scyllaTakeTable(scan->shared))
		return;
	if (form.limited)
	{
		scyllaSourceLimit(source, (int32) limit);
		config.limit = (int) limit;
	}
	requests = scyllaEndSource(source);
	config.pagers = Min(requests, ranges ? scan->ranges.at_once : MAX_PAGERS);
	config.select = select_of(scan);
	config.form = form;
	config.cql = scyllaDeparseSelect(config.select, scan->options, &form);
	config.statement = scyllaPrepare(scan->session, scan->options, config.cql);
	scyllaCheckMarkers(scan->conditions, form.operators, scan->session, scan->options, &config.statement->bind,
					   ranges ? 2 : 0);
	config.page_rows = limit >= 0 ? (int) Min(limit, scan->options->fetch_size) : scan->options->fetch_size;
	if (config.statement->row_bytes == 0 || config.statement->read_bytes == 0)
		set_sizes(scan, &config);
	config.read_bytes = (int) Min(config.statement->read_bytes, PG_INT32_MAX);
	scan->sorting |= scan->select->merge != NIL && (requests > MAX_MERGED || scan->instead > 0);
	if (scan->select->merge != NIL && requests > 1 && !scan->sorting)
		set_merge(scan, requests, &config);
	scan->fetch = scyllaFetchOpen(&config);
}

/* Items that are no columns are checked by the cluster alone. */
void
scyllaScanDescribe(ScyllaScan *scan)
{
	if (scan->described)
		return;
	scyllaDescribeConditions(scan->conditions, scan->session, scan->options,
							 scan->node->ss.ss_currentRelation != NULL ? scyllaDecodedAttributes(scan->select) : NIL);
	scyllaCheckStrongRead(scan->session, scan->options, scan->relation, scan->select->npartition > 0);
	scan->described = true;
}

/* Nearest vectors were planned to be asked for, but cannot be: PostgreSQL sorts, and counts. Or it chooses rows. */
static bool
reads_all(const ScyllaScan *scan)
{
	if (scan->sifting)
		return true;
	return scyllaSelectsNearest(scan->select) &&
		scyllaConditionOperators(scan->conditions)[scan->nconditions - 1] == SCYLLA_ANY;
}

/* The columns that sifting needs are read as well, from now on. */
static void
prepare_sifting(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);

	scan->select->items = list_concat_copy(scan->select->items, scan->select->whole_items);
	scan->select->targets = list_concat_copy(scan->select->targets, scan->select->whole_targets);
	scan->decoder = scyllaMakeDecoder(scan->select, scan->node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, true);
	scan->sift = scyllaMakeSift(scan->node);
	MemoryContextSwitchTo(old);
}

static void
begin_sifting(ScyllaScan *scan)
{
	MemoryContext old;

	scan->sifting = true;
	if (scan->sift == NULL)
		prepare_sifting(scan);
	old = MemoryContextSwitchTo(scan->reading);
	scyllaBeginSift(scan->sift);
	MemoryContextSwitchTo(old);
}

/* What the cluster computes over rows is over all that it finds. Nothing is sent above an index that may not have the value. */
static void
check_sifting(const ScyllaScan *scan)
{
	if (scan->aggregate != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value to compare column \"%s\" of foreign table \"%s\" with is too long for the cluster",
						scyllaFromUtf8(scyllaLeftOut(scan->conditions)), scan->relation),
				 errdetail("Nodes filter by values of at most %d bytes. The cluster computes the query's aggregates.",
						   PG_UINT16_MAX),
				 errhint("Have PostgreSQL compute the aggregates: put the table and its conditions into a subquery with OFFSET 0, "
						 "or leave aggregates out of the option pushdown.")));
}

/* The source of the keys, or in place of too many of them one of all rows. */
static ScyllaKeySource *
keys_or_whole(ScyllaScan *scan, ScyllaKeySource *keys)
{
	int			requests = scyllaTooManyKeys(scan->conditions);

	if (requests > 0 && !scan->select->whole_instead)
		elog(ERROR, "a range of foreign table \"%s\" has other bounds than were planned", scan->relation);
	if (requests == 0)
	{
		requests = scan->select->whole_instead ? scyllaEndSource(keys) : 0;
		if (!scyllaRatherFullScan(scan->session, scan->options, scan->select, requests))
			return keys;
	}
	scyllaCheckStrongRead(scan->session, scan->options, scan->relation, false);
	scan->instead = requests;
	scyllaDropConditions(scan->conditions);
	begin_sifting(scan);
	return scyllaBeginSource(0, 0);
}

/* Where no condition finds rows, those that may be checked here apart. */
static bool
reads_unasked(const ScyllaScan *scan)
{
	return scan->select->unasked || scan->instead > 0 ||
		(scan->sifting && scan->select->npartition == 0 && !scyllaFindsByIndex(scan->conditions));
}

void
scyllaScanGuard(ScyllaScan *scan)
{
	if (scan->guarded || !reads_unasked(scan))
		return;
	scan->guarded = true;
	if (!IsParallelWorker())
		scyllaGuardFullScan(scan->session, scan->options, scan->select);
}

void
scyllaScanOpen(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	ScyllaKeySource *source;
	int64		limit;

	scan->begun = true;
	scyllaDrainWriters(scan->session, NULL);
	scyllaScanDescribe(scan);
	MemoryContextSwitchTo(scan->reading);
	source = scyllaBeginSource(scan->nconditions, scan->select->npartition);
	limit = evaluate_limit(scan);
	if (limit != 0 && scyllaAddConditions(scan->conditions, scan->node->ss.ps.ps_ExprContext, source, limit))
	{
		source = keys_or_whole(scan, source);
		if (scyllaLeftOut(scan->conditions) != NULL)
		{
			check_sifting(scan);
			begin_sifting(scan);
		}
		scyllaScanGuard(scan);
		open_fetch(scan, source, reads_all(scan) ? -1 : limit);
	}
	MemoryContextSwitchTo(old);
}
