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
 * Invariants: rows are counted when what deletes or updates them is acknowledged;
 * all is home when scyllaIterateDirectModify returns.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/fetch/condition.h"
#include "fdw/fetch/fetch.h"
#include "fdw/modify/direct.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/option/setting.h"
#include "fdw/plan/direct_plan.h"
#include "fdw/read/explain.h"
#include "fdw/report/progress.h"
#include "fdw/report/report.h"
#include "fdw/session/error.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/session/statement.h"
#include "fdw/session/timestamp.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"
#include "fdw/type/typemap.h"
#include "fdw/write/row_time.h"
#include "fdw/write/write_cql.h"

#define MAX_COUNTS 1024			/* at once */

/* What one request writes. */
typedef struct Run
{
	uint8_t    *values;			/* [short n] n x [value] of the conditions; NULL: sent */
	size_t		length;
	int64		token;
	int64		timestamp;
	int64		rows;			/* by the count */
} Run;

typedef struct ScyllaDirect
{
	ForeignScanState *node;
	CmdType		operation;
	Relation	rel;
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	List	   *set;			/* int: attributes */
	bool		set_processed;
	bool		counter;
	bool		counted;		/* the rows of a run are known before it is written, or by its answer */
	int			nvalues;		/* in front of the conditions': a TTL, if there is one, and those of set */
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaWriter writer;
	ScyllaConditions *conditions;
	List	   *set_states;		/* ExprState, of set */
	ScyllaReport report;

	/* while it runs */
	ScyllaSource counting;		/* hands the keys to the fetch of counts, and notes them */
	ScyllaSource *keys;
	ScyllaValues values;		/* conditional: of the next row */
	Run		   *run;
	uint64		nruns;
	uint64		allocated;
	ScyllaStatement *statement; /* that writes */
	RequestTemplate request;
	CqlBuffer	assignments;	/* these values */
	ScyllaPipeline *pipeline;
	int64		last_token;		/* conditional: of the partition that was written last */
	int			current;		/* of set, while it is encoded */
	MemoryContextCallback callback;
	MemoryContextCallback leave;
} ScyllaDirect;

/* ---- begin ---- */

static bool
has_ttl(const ScyllaDirect *d)
{
	return d->options->ttl >= 0 && d->operation == CMD_UPDATE && !d->counter;
}

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
	d->nvalues = list_length(d->set) + has_ttl(d);
	return d;
}

static void
free_buffers(void *arg)
{
	ScyllaDirect *d = arg;

	cql_buffer_free(&d->assignments);
	cql_buffer_free(&d->values.bytes);
}

/* Rows that an acknowledged request has written. */
static int64
rows_of(ScyllaWriter *writer, const Request *r)
{
	const ScyllaDirect *d = dlist_container(ScyllaDirect, writer.node, &writer->node);

	return d->options->if_exists ? scyllaReadApplied(r->core.body, r->core.body_length) : d->run[r->ordinal - 1].rows;
}

/* It drains by itself before anything else runs. */
static void
drain_nothing(ScyllaWriter *writer)
{
}

static void
leave_writers(void *arg)
{
	ScyllaDirect *d = arg;

	scyllaLeaveWriters(&d->writer);
}

/* Behind the pipeline's callback, which abandons it: this one comes first. */
static void
join_writers(ScyllaDirect *d)
{
	d->writer.session = d->session;
	d->writer.statement = d->node->ss.ps.state;
	d->writer.pipeline = d->pipeline;
	d->writer.drain = drain_nothing;
	d->writer.rows = rows_of;
	scyllaJoinWriters(&d->writer);
	d->leave.func = leave_writers;
	d->leave.arg = d;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &d->leave);
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
	scyllaReportBegin(&d->report, d->session->client);
}

/* ---- text ---- */

/* operators NULL: as planned, for EXPLAIN. */
static char *
write_text(const ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaWriteText text = {.operation = d->operation,.conditional = d->options->if_exists,.ttl = has_ttl(d)};
	StringInfoData where;
	ListCell   *lc;

	initStringInfo(&where);
	scyllaAppendConditions(&where, d->select, operators);
	text.where = where.data;
	foreach(lc, d->set)
		text.columns = lappend(text.columns, scyllaToUtf8(scyllaColumnName(RelationGetRelid(d->rel), lfirst_int(lc))));
	return scyllaDeparseWrite(d->options, &text);
}

static char *
count_text(const ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaSelectForm form = {.operators = operators};
	ScyllaSelect select = {.relid = d->select->relid,.columns = d->select->columns,.operators = d->select->operators,
	.attnums = d->select->attnums,.groups = d->select->groups,.series = d->select->series,.npartition = d->select->npartition};

	select.items = list_make1(makeString("count(*)"));
	return operators ? scyllaDeparseSelect(&select, d->options, &form) : scyllaExplainSelect(&select, d->options);
}

/* ---- what was written ---- */

static void
raise_write(ScyllaDirect *d, Request *r)
{
	ScyllaErrorContext context = {.relation = RelationGetRelationName(d->rel),.writes = true};
	ClusterFailure *failure;

	context.cql = scyllaFromUtf8(d->statement->text);
	(void) scyllaNoteFate(&d->writer, r, true);
	failure = scyllaTakeFailure(d->session, d->pipeline, r);
	context.fates = scyllaTellFates(&d->writer);
	scyllaRaiseFailure(failure, &context);
}

static void
collect(ScyllaDirect *d)
{
	Pipeline   *core = d->pipeline->core;
	Request    *r;

	(void) client_drain(d->session->client);
	while ((r = pipeline_next_done(core)) != NULL)
	{
		int64		rows;

		scyllaReportRequest(&d->report, r);
		if (r->core.failed)
			raise_write(d, r);
		rows = scyllaNoteFate(&d->writer, r, false);
		if (rows < 0)
			scyllaRaiseMalformed("answer to a conditional write");
		d->report.rows += rows;
		pipeline_release(core, r);
	}
	scyllaReportProgress(&d->report, RelationGetRelationName(d->rel), d->report.rows, false);
}

static void
drain(ScyllaDirect *d)
{
	Pipeline   *core = d->pipeline->core;

	pipeline_submit(core);
	for (;;)
	{
		collect(d);
		if (pipeline_outstanding(core) == 0)
			break;
		scyllaWait(d->session, (pipeline_outstanding(core) + 1) / 2);
	}
}

/* ---- writing ---- */

/* Conditions on rows of one partition hinder each other: one at a time. Such conditions come one after the other. */
static void
make_room(ScyllaDirect *d, const Run *run)
{
	if (d->options->if_exists && run->token == d->last_token)
		drain(d);
	d->last_token = run->token;
	while (pipeline_full(d->pipeline->core))
	{
		pipeline_submit(d->pipeline->core);
		scyllaWait(d->session, (pipeline_outstanding(d->pipeline->core) + 3) / 4);
		collect(d);
	}
}

/* number: of the run, from 1. */
static void
write_run(ScyllaDirect *d, Run *run, uint64 number)
{
	static const CqlBytes no_state = {NULL, -1};
	Pipeline   *core = d->pipeline->core;
	CqlReader	values = cql_reader(run->values, run->length);
	uint16_t	n = cql_get_u16(&values);
	CqlBuffer  *b;

	make_room(d, run);
	d->request.rows = d->options->if_exists ? 1 : (uint32) Min(run->rows, PG_UINT32_MAX);
	b = pipeline_begin(core);
	if (b == NULL)
		scyllaRaiseOutOfMemory();
	cql_put_u16(b, (uint16_t) (n + d->nvalues));
	cql_put_raw(b, d->assignments.data, d->assignments.len);
	cql_put_raw(b, values.at, cql_reader_left(&values));
	cql_request_tail(b, d->request.flags, 0, no_state, d->options->serial_consistency, run->timestamp);
	if (b->failed || pipeline_commit(core, &d->request, &run->token, number) == NULL)
		scyllaRaiseOutOfMemory();
	scyllaNoteSent(d->session);
	pfree(run->values);
	run->values = NULL;
}

static void
assignment_context(void *arg)
{
	ScyllaDirect *d = arg;

	errcontext("column \"%s\" of foreign table \"%s\"",
			   NameStr(TupleDescAttr(RelationGetDescr(d->rel), list_nth_int(d->set, d->current) - 1)->attname),
			   RelationGetRelationName(d->rel));
}

/* What the new values are, and their TTL; they are the same for all rows. */
static void
encode_assignments(ScyllaDirect *d)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = assignment_context,.arg = d};
	ExprContext *econtext = d->node->ss.ps.ps_ExprContext;
	CqlBuffer  *b = &d->assignments;
	const CqlColumn *column = d->statement->bind.column + d->nvalues - list_length(d->set);

	if ((int) d->statement->bind.count < d->nvalues)
		scyllaRaiseMalformed("PREPARED message");
	if (has_ttl(d))
	{
		cql_put_u32(b, sizeof(uint32));
		cql_put_u32(b, (uint32_t) d->options->ttl);
	}
	error_context_stack = &context;
	for (d->current = 0; d->current < list_length(d->set); d->current++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(d->rel), list_nth_int(d->set, d->current) - 1);
		ScyllaConverter *converter = scyllaMakeConverter(column[d->current].type, att->atttypid, att->atttypmod);
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(list_nth(d->set_states, d->current), econtext, &isnull);
		size_t		mark;

		if (isnull)
		{
			cql_put_null(b);
			continue;
		}
		mark = cql_begin_value(b);
		converter->encode(converter, value, b);
		cql_end_value(b, mark);
	}
	error_context_stack = context.previous;
	if (b->failed)
		scyllaRaiseOutOfMemory();
}

static void
open_writing(ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaTimedWrite timed = {d->options->if_exists, d->counter, d->operation == CMD_DELETE};

	scyllaCheckTimes(d->rel, d->options, &timed);
	d->statement = scyllaPrepare(d->session, d->options, write_text(d, operators));
	scyllaCheckMarkers(d->conditions, operators, d->session, d->options, &d->statement->bind, d->nvalues);
	encode_assignments(d);
	d->request.kind = CLUSTER_EXECUTE;
	d->request.statement = d->statement->number;
	d->request.timeout_ms = (uint32_t) d->options->request_timeout;
	d->request.consistency = (uint8_t) d->options->write_consistency;
	d->request.flags = CQL_PARAM_VALUES;
	if (d->options->if_exists)
		d->request.flags |= CQL_PARAM_SERIAL;
	else if (!d->counter)
		d->request.flags |= CQL_PARAM_TIMESTAMP;
	d->request.idempotent = !d->options->if_exists && !d->counter;
	d->pipeline = scyllaOpenPipeline(d->session, 0, (size_t) d->options->max_in_flight_bytes);
	join_writers(d);
}

/* ---- runs ---- */

static Run *
add_run(ScyllaDirect *d, const ScyllaValues *values)
{
	Run		   *run;

	if (d->nruns == d->allocated)
	{
		d->allocated = d->allocated ? 2 * d->allocated : 16;
		d->run = d->run ? repalloc_huge(d->run, mul_size(sizeof(Run), d->allocated)) :
			palloc(sizeof(Run) * d->allocated);
	}
	run = &d->run[d->nruns++];
	*run = (Run) {palloc(values->bytes.len), values->bytes.len, values->token, d->options->write_timestamp, 0};
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

/* Count each run, and delete it when its count comes home. */
static void
delete_counted(ScyllaDirect *d, const ScyllaOperator *operators, int requests)
{
	ScyllaFetchConfig config = {.session = d->session,.options = d->options,
	.relation = RelationGetRelationName(d->rel),.report = &d->report,.source = &d->counting};
	ErrorContextCallback context = {.previous = error_context_stack,.callback = count_context};
	ScyllaFetch *fetch;
	ScyllaFetchResult result;

	d->counting.next = next_count;
	config.cql = count_text(d, operators);
	config.statement = scyllaPrepare(d->session, d->options, config.cql);
	config.page_rows = d->options->fetch_size;
	config.pagers = Min(requests, MAX_COUNTS);
	scyllaCheckMarkers(d->conditions, operators, d->session, d->options, &config.statement->bind, 0);
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
			write_run(d, &d->run[number], number + 1);
	}
	scyllaFetchClose(fetch);
}

/* The answers tell whether rows were there; or nobody does, and each run counts as one where it has to be told of. */
static void
write_at_once(ScyllaDirect *d)
{
	while (d->keys->next(d->keys, &d->values))
	{
		Run		   *run;

		if (d->values.bytes.failed)
			scyllaRaiseOutOfMemory();
		run = add_run(d, &d->values);
		run->rows = 1;
		write_run(d, run, d->nruns);
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
	scyllaFence(d->session);
	scyllaCollectReaders(d->session, d->options);
	scyllaDescribeConditions(d->conditions, d->session, d->options, d->set);
	source = scyllaBeginSource(list_length(d->select->columns), d->select->npartition);
	if (!scyllaAddConditions(d->conditions, d->node->ss.ps.ps_ExprContext, source, -1))
		return;
	requests = scyllaEndSource(source);
	d->keys = scyllaSourceOf(source);
	operators = scyllaConditionOperators(d->conditions);
	open_writing(d, operators);
	d->counted = d->options->if_exists || scylla_delete_count;
	if (d->counted && !d->options->if_exists)
		delete_counted(d, operators, requests);
	else
		write_at_once(d);
	drain(d);
	scyllaReportProgress(&d->report, RelationGetRelationName(d->rel), d->report.rows, true);
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
		ExplainPropertyText("CQL", scyllaFromUtf8(write_text(d, NULL)), es);
		ExplainPropertyText("Consistency", cql_consistency_name(d->options->write_consistency), es);
		if (has_ttl(d))
			ExplainPropertyInteger("TTL", "s", d->options->ttl, es);
	}
	if (es->verbose && d->options->if_exists)
		ExplainPropertyText("Serial Consistency", cql_consistency_name(d->options->serial_consistency), es);
	else if (es->verbose && scylla_delete_count)
		ExplainPropertyText("Count CQL", scyllaFromUtf8(count_text(d, NULL)), es);
	if (es->analyze && d->session != NULL)
		scyllaExplainReport(&d->report, d->session->client, true, es);
}
