/*
 * fdw/modify/direct_write.c
 *	  Runs into requests, their fates back.
 *
 * Backend thread. Owns the pipeline of what is written.
 *
 * Invariant: rows are counted when what deletes or updates them is acknowledged.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/rel.h"

#include "cql/request.h"
#include "fdw/catalog/strong.h"
#include "fdw/compat.h"
#include "fdw/modify/direct_write.h"
#include "fdw/option/names.h"
#include "fdw/report/progress.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/session/wait.h"
#include "fdw/session/warning.h"
#include "fdw/type/typemap.h"
#include "fdw/write/row_time.h"
#include "fdw/write/write_cql.h"

char *
scyllaDirectText(const ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaWriteText text = {.operation = d->operation, .conditional = d->options->if_exists, .ttl = d->has_ttl};
	StringInfoData where;
	ListCell   *lc;

	initStringInfo(&where);
	scyllaAppendConditions(&where, d->select, operators);
	text.where = where.data;
	foreach(lc, d->set)
		text.columns = lappend(text.columns, scyllaToUtf8(scyllaColumnName(RelationGetRelid(d->rel), lfirst_int(lc))));
	return scyllaDeparseWrite(d->options, &text);
}

/* ---- what was written ---- */

/* Rows that an acknowledged request has written. */
static int64
rows_of(ScyllaWriter *writer, const Request *r)
{
	const ScyllaDirect *d = dlist_container(ScyllaDirect, writer.node, &writer->node);

	Assert(r->ordinal >= 1 && r->ordinal <= d->nruns);
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

static void
raise_write(ScyllaDirect *d, Request *r)
{
	ScyllaErrorContext context = {.relation = RelationGetRelationName(d->rel), .writes = true};
	ClusterFailure *failure;

	context.cql = d->statement->text;
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

	scyllaDrain(d->session);
	while ((r = pipeline_next_done(core)) != NULL)
	{
		int64		rows;

		scyllaReportRequest(&d->report, r);
		scyllaTellWarningsOf(r);
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

void
scyllaDrainDirect(ScyllaDirect *d)
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

/* ---- requests ---- */

/* Conditions on rows of one partition hinder each other: one at a time. Such conditions come one after the other. */
static void
make_room(ScyllaDirect *d, const ScyllaRun *run)
{
	if (d->options->if_exists && run->token == d->last_token)
		scyllaDrainDirect(d);
	d->last_token = run->token;
	while (pipeline_full(d->pipeline->core))
	{
		pipeline_submit(d->pipeline->core);
		scyllaWait(d->session, (pipeline_outstanding(d->pipeline->core) + 3) / 4);
		collect(d);
	}
}

void
scyllaWriteRun(ScyllaDirect *d, ScyllaRun *run, uint64 number)
{
	static const CqlBytes no_state = {NULL, -1};
	Pipeline   *core = d->pipeline->core;
	CqlReader	values = cql_reader(run->values, run->length);
	uint16_t	n = cql_get_u16(&values);
	CqlBuffer  *b;

	Assert(run == &d->run[number - 1]);
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

/* ---- begin ---- */

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
	ErrorContextCallback context = {.previous = error_context_stack, .callback = assignment_context, .arg = d};
	ExprContext *econtext = d->node->ss.ps.ps_ExprContext;
	CqlBuffer  *b = &d->assignments;
	const CqlColumn *column = d->statement->bind.column + d->nvalues - list_length(d->set);

	if ((int) d->statement->bind.count < d->nvalues)
		scyllaRaiseMalformed("PREPARED message");
	if (d->has_ttl)
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

void
scyllaOpenDirect(ScyllaDirect *d, const ScyllaOperator *operators)
{
	ScyllaTimedWrite timed = {d->options->if_exists, d->counter, d->operation == CMD_DELETE};
	bool		strong = scyllaIsStrong(d->session, d->options);

	scyllaCheckStrongWrite(d->session, d->options, RelationGetRelationName(d->rel), d->options->if_exists);
	scyllaCheckTimes(d->rel, d->options, &timed);
	d->statement = scyllaPrepare(d->session, d->options, scyllaDirectText(d, operators));
	scyllaCheckMarkers(d->conditions, operators, d->session, d->options, &d->statement->bind, d->nvalues);
	encode_assignments(d);
	d->request.kind = CLUSTER_EXECUTE;
	d->request.statement = d->statement->number;
	d->request.timeout_ms = (uint32_t) d->options->request_timeout;
	d->request.consistency = (uint8_t) d->options->write_consistency;
	d->request.flags = CQL_PARAM_VALUES;
	if (d->options->if_exists)
		d->request.flags |= CQL_PARAM_SERIAL;
	else if (!d->counter && !strong)
		d->request.flags |= CQL_PARAM_TIMESTAMP;
	d->request.idempotent = !d->options->if_exists && !d->counter && !strong;
	d->pipeline = scyllaOpenPipeline(d->session, d->request.idempotent ? PIPELINE_TIMED : PIPELINE_ORDERED, 0,
									 (size_t) d->options->max_in_flight_bytes);
	scyllaLogStatement(&d->report.logged, d->session, d->statement);
	join_writers(d);
}
