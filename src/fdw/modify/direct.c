/*
 * fdw/modify/direct.c
 *	  Running an UPDATE or DELETE that does not read the rows it writes.
 *
 * Backend thread. Owns one ScyllaDirect per scan node, in the executor's query
 * context; when that goes early, what is on its way is abandoned.
 *
 * A DELETE has a run of rows for each combination of its conditions' values. The DELETE
 * takes its timestamp, then asks how many rows the run has, and deletes it if
 * there are any: rows that others write meanwhile survive, and no tombstone is
 * left where nothing was. All runs are under way side by side. A conditional
 * statement has a row in place of a run, and its answer in place of the count. A
 * count can fail where a DELETE would not, over too many tombstones for example: the
 * user may do without it.
 *
 * Invariant: all is home when scyllaIterateDirectModify returns.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/fetch/fetch.h"
#include "fdw/fetch/row_look.h"
#include "fdw/fetch/row_size.h"
#include "fdw/modify/direct.h"
#include "fdw/modify/direct_write.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/option/setting.h"
#include "fdw/read/explain.h"
#include "fdw/report/progress.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/statement.h"
#include "fdw/session/timestamp.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"

#define MAX_COUNTS 1024			/* at once */

/* ---- begin ---- */

static ScyllaDirect *
unpack(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ScyllaDirect *d = palloc0(sizeof(*d));
	List	   *flags = list_nth(plan->fdw_private, SCYLLA_DIRECT_FLAGS);

	d->node = node;
	d->operation = plan->operation;
	d->rel = node->ss.ss_currentRelation;
	d->options = scyllaTableOptions(RelationGetRelid(d->rel));
	d->select = scyllaUnpackSelect(list_nth(plan->fdw_private, SCYLLA_DIRECT_SELECT));
	d->set = list_nth(plan->fdw_private, SCYLLA_DIRECT_SET);
	d->set_processed = linitial_int(flags) != 0;
	d->counter = lsecond_int(flags) != 0;
	d->has_ttl = d->options->ttl >= 0 && d->operation == CMD_UPDATE && !d->counter;
	d->nvalues = list_length(d->set) + d->has_ttl;
	return d;
}

static void
free_buffers(void *arg)
{
	ScyllaDirect *d = arg;

	cql_buffer_free(&d->assignments);
	cql_buffer_free(&d->values.bytes);
}

void
scyllaBeginDirectModify(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ScyllaDirect *d = unpack(node);
	List	   *states;

	node->fdw_state = d;
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	d->session = scyllaGetSession(scyllaScanUser(node), GetForeignTable(RelationGetRelid(d->rel))->serverid);
	states = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	d->conditions = scyllaMakeConditions(d->select, plan->fdw_exprs, states);
	d->set_states = list_copy_tail(states, list_length(d->select->columns));
	d->callback.func = free_buffers;
	d->callback.arg = d;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &d->callback);
	scyllaReportBegin(&d->report, d->session->client, node->ss.ps.state->es_instrument != 0);
}

/* ---- text ---- */

/* Of the rows that the conditions find. */
static ScyllaSelect
count_select(const ScyllaDirect *d)
{
	ScyllaSelect select = {.relid = d->select->relid, .columns = d->select->columns, .operators = d->select->operators,
		.attnums = d->select->attnums, .groups = d->select->groups, .series = d->select->series, .npartition = d->select->npartition};

	select.items = list_make1(makeString("count(*)"));
	return select;
}

static char *
count_text(const ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaSelectForm form = {.operators = operators};
	ScyllaSelect select = count_select(d);

	return operators ? scyllaDeparseSelect(&select, d->options, &form) : scyllaExplainSelect(&select, d->options);
}

/* ---- runs ---- */

static ScyllaRun *
add_run(ScyllaDirect *d, const ScyllaValues *values)
{
	ScyllaRun  *run;

	if (d->nruns == d->allocated)
	{
		d->allocated = d->allocated ? 2 * d->allocated : 16;
		d->run = d->run ? repalloc_huge(d->run, mul_size(sizeof(ScyllaRun), d->allocated)) :
			palloc(sizeof(ScyllaRun) * d->allocated);
	}
	run = &d->run[d->nruns++];
	*run = (ScyllaRun) {palloc(values->bytes.len), values->bytes.len, values->token, d->options->write_timestamp, 0};
	if (run->timestamp == 0)
		run->timestamp = scyllaTimestamp(values->token);
	memcpy(run->values, values->bytes.data, values->bytes.len);
	return run;
}

/* The timestamp is taken before the rows are counted. */
static bool
next_count(ScyllaSource *self, ScyllaValues *values)
{
	ScyllaDirect *d = (ScyllaDirect *) ((char *) self - offsetof(ScyllaDirect, counting));

	if (!d->keys->next(d->keys, values))
		return false;
	if (values->bytes.failed)
		scyllaRaiseOutOfMemory();
	(void) add_run(d, values);
	values->tag = d->nruns - 1;
	return true;
}

static int64
count_of(const CqlBytes *row, const CqlMetadata *metadata)
{
	if (metadata->count != 1 || row[0].len != 8)
		scyllaRaiseMalformed("count of rows");
	return (int64) cql_load_u64(row[0].data);
}

/* Of a count that the cluster did not come to an end with. */
static void
count_context(void *arg)
{
	int			code = geterrcode();

	if (code == ERRCODE_SYSTEM_ERROR || code == ERRCODE_CONNECTION_FAILURE)
		errhint("SET scylla_fdw.delete_count = off deletes without counting the rows before.");
}

/* A node reads whole rows to count them, a page at a time. Sets statement->read_bytes, if nobody has. */
static void
set_read_bytes(ScyllaDirect *d, ScyllaStatement *statement)
{
	ScyllaSelect select = count_select(d);
	const ScyllaTable *table = scyllaDescribeTable(d->session, d->options);
	ScyllaRowSize size = scyllaRowSize(&select, table);
	ScyllaRowLook look = {d->session, d->options, RelationGetRelationName(d->rel), &d->report, &select, table,
	d->conditions, d->node->ss.ps.ps_ExprContext};

	if (statement->read_bytes == 0)
		statement->read_bytes = scyllaReadBytes(&look, &size);
}

/* Count each run, and delete it when its count comes home. */
static void
delete_counted(ScyllaDirect *d, const ScyllaOperator *operators, int requests)
{
	ScyllaFetchConfig config = {.session = d->session, .options = d->options,
		.relation = RelationGetRelationName(d->rel), .report = &d->report, .source = &d->counting};
	ErrorContextCallback context = {.previous = error_context_stack, .callback = count_context};
	ScyllaFetch *fetch;
	ScyllaFetchResult result;

	d->counting.next = next_count;
	config.cql = count_text(d, operators);
	config.statement = scyllaPrepare(d->session, d->options, config.cql);
	config.page_rows = d->options->fetch_size;
	config.pagers = Min(requests, MAX_COUNTS);
	scyllaCheckMarkers(d->conditions, operators, d->session, d->options, &config.statement->bind, 0);
	error_context_stack = &context;
	set_read_bytes(d, config.statement);
	error_context_stack = context.previous;
	config.read_bytes = (int) Min(config.statement->read_bytes, PG_INT32_MAX);
	fetch = scyllaFetchOpen(&config);
	for (;;)
	{
		uint64		number;

		error_context_stack = &context;
		result = scyllaFetchNext(fetch, true);
		error_context_stack = context.previous;
		if (result == SCYLLA_FETCH_END)
			break;
		number = scyllaFetchTag(fetch);
		if (result != SCYLLA_FETCH_ROW)
			continue;
		d->run[number].rows = count_of(scyllaFetchRow(fetch), scyllaFetchMetadata(fetch));
		if (d->run[number].rows > 0)
			scyllaWriteRun(d, &d->run[number], number + 1);
	}
	scyllaFetchClose(fetch);
}

/* The answers tell whether rows were there; or nobody does, and each run counts as one where it has to be told of. */
static void
write_at_once(ScyllaDirect *d)
{
	while (d->keys->next(d->keys, &d->values))
	{
		ScyllaRun  *run;

		if (d->values.bytes.failed)
			scyllaRaiseOutOfMemory();
		run = add_run(d, &d->values);
		run->rows = 1;
		scyllaWriteRun(d, run, d->nruns);
		cql_buffer_reset(&d->values.bytes);
	}
}

static void
modify(ScyllaDirect *d)
{
	ScyllaKeySource *source;
	const ScyllaOperator *operators;
	int			requests;

	scyllaDrainWriters(d->session, NULL);
	d->counted = d->options->if_exists || scylla_delete_count;
	scyllaFence(d->session, d->counted ? PIPELINE_TIMED : PIPELINE_ORDERED);
	scyllaCollectOpenReads(d->session, d->options);
	scyllaDescribeConditions(d->conditions, d->session, d->options, d->set);
	source = scyllaBeginSource(list_length(d->select->columns), d->select->npartition);
	if (!scyllaAddConditions(d->conditions, d->node->ss.ps.ps_ExprContext, source, -1))
		return;
	requests = scyllaEndSource(source);
	d->keys = scyllaSourceOf(source);
	operators = scyllaConditionOperators(d->conditions);
	scyllaOpenDirect(d, operators);
	if (d->counted && !d->options->if_exists)
		delete_counted(d, operators, requests);
	else
		write_at_once(d);
	scyllaDrainDirect(d);
	scyllaReportProgress(&d->report, RelationGetRelationName(d->rel), d->report.rows, true);
	Assert(pipeline_outstanding(d->pipeline->core) == 0);
	scyllaClosePipeline(d->pipeline);
	if (!d->counted)
		ereport(NOTICE,
				(errmsg("rows deleted from foreign table \"%s\" were not counted", RelationGetRelationName(d->rel))));
}

/* ---- the executor's calls ---- */

TupleTableSlot *
scyllaIterateDirectModify(ForeignScanState *node)
{
	ScyllaDirect *d = node->fdw_state;
	EState	   *estate = node->ss.ps.state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);

	modify(d);
	MemoryContextSwitchTo(old);
	if (d->set_processed && d->counted)
		estate->es_processed += d->report.rows;
	if (node->ss.ps.instrument)
		node->ss.ps.instrument->tuplecount += (double) d->report.rows;
	return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

/* All is home, or lost with the query's context. */
void
scyllaEndDirectModify(ForeignScanState *node)
{
}

void
scyllaExplainDirectModify(ForeignScanState *node, struct ExplainState *es)
{
	ScyllaDirect *d = node->fdw_state;

	scyllaExplainKeys(d->select, es);
	if (es->verbose)
	{
		ExplainPropertyText("CQL", scyllaTellUtf8(scyllaDirectText(d, NULL)), es);
		ExplainPropertyText("Consistency", cql_consistency_name(d->options->write_consistency), es);
		if (d->has_ttl)
			ExplainPropertyInteger("TTL", "s", d->options->ttl, es);
	}
	if (es->verbose && d->options->if_exists)
		ExplainPropertyText("Serial Consistency", cql_consistency_name(d->options->serial_consistency), es);
	else if (es->verbose && scylla_delete_count)
		ExplainPropertyText("Count CQL", scyllaTellUtf8(count_text(d, NULL)), es);
	if (es->analyze && d->session != NULL)
	{
		scyllaExplainReport(&d->report, d->session->client, true, es);
		scyllaExplainPlaces(&d->report, d->session, d->options, es);
	}
}
