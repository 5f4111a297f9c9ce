/*
 * fdw/write/fates.c
 *	  Acknowledgements and failures of rows.
 *
 * Backend thread. Owns nothing.
 *
 * Invariants: a failure is raised once and names its own row, unless the row is
 * taken by who is asked about refused rows; nothing is counted before it was
 * acknowledged.
 */
#include "postgres.h"

#include "fdw/report/progress.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/session/wait.h"
#include "fdw/session/warning.h"
#include "fdw/write/fates.h"

void
scyllaRaiseBroken(const ScyllaWrite *w)
{
	ereport(ERROR,
			(errcode(ERRCODE_IN_FAILED_SQL_TRANSACTION),
			 errmsg("cannot go on writing foreign table \"%s\"", w->relation),
			 errdetail("A row of the statement or transaction was refused, and the error was caught elsewhere.")));
}

static void
raise_row(ScyllaWrite *w, Request *r)
{
	ScyllaErrorContext context = {.relation = w->relation, .ordinal = r->ordinal & SCYLLA_ROW_MASK,
		.rows = (uint16) r->rows, .statement = r->ordinal >> SCYLLA_ROW_BITS, .writes = true};
	CqlBytes	row = scyllaRequestRow(r, 0);
	ClusterFailure *failure;

	Assert(!w->writer.broken);
	context.key = scyllaKeyText(w->encoder, row.data, (size_t) row.len, PG_INT32_MAX);
	(void) scyllaNoteFate(&w->writer, r, true);
	failure = scyllaTakeFailure(w->session, w->pipeline, r);
	w->writer.broken = true;
	context.fates = scyllaTellFates(&w->writer);
	scyllaRaiseFailure(failure, &context);
}

/* Of a failed request: its rows are put aside, so that the write goes on. */
static bool
is_taken(const ScyllaWrite *w, const Request *r)
{
	ScyllaRefusal refusal = {.relation = w->relation, .row = r->ordinal & SCYLLA_ROW_MASK, .encoder = w->encoder,
		.values = scyllaRequestRow(r, 0), .nvalues = PG_INT32_MAX, .request = r};

	if (!w->rejects->take(w->rejects, &refusal))
		return false;
	if (w->conditional)
		scyllaNoteApplied(w->conditions, r->ordinal, false);
	return true;
}

static void
note_fate(ScyllaWrite *w, const Request *r)
{
	int64		rows = scyllaNoteFate(&w->writer, r, false);

	if (rows < 0)
		scyllaRaiseMalformed("answer to a conditional write");
	if (w->conditional && !r->core.failed)
		scyllaNoteApplied(w->conditions, r->ordinal, rows > 0);
	w->report.rows += rows;
}

void
scyllaTellProgress(ScyllaWrite *w, bool last)
{
	scyllaReportProgress(&w->report, w->relation, w->earlier + w->row, last);
}

void
scyllaCollectFates(ScyllaWrite *w)
{
	Pipeline   *core = w->pipeline->core;
	Request    *failed = NULL;
	Request    *r;

	while ((r = pipeline_next_done(core)) != NULL)
	{
		scyllaReportRequest(&w->report, r);
		scyllaTellWarningsOf(r);
		if (r->core.failed && !is_taken(w, r) && (failed == NULL || r->ordinal < failed->ordinal))
		{
			Request    *later = failed;

			failed = r;
			r = later;
		}
		if (r == NULL)
			continue;
		note_fate(w, r);
		pipeline_release(core, r);
	}
	if (failed != NULL)
		raise_row(w, failed);
	scyllaTellProgress(w, false);
}

void
scyllaAwaitFates(ScyllaWrite *w)
{
	Pipeline   *core = w->pipeline->core;

	for (;;)
	{
		scyllaDrain(w->session);
		scyllaCollectFates(w);
		if (pipeline_outstanding(core) == 0)
			return;
		scyllaWait(w->session, (pipeline_outstanding(core) + 1) / 2);
	}
}

void
scyllaTellWritten(ScyllaWrite *w)
{
	MemoryContext old = MemoryContextSwitchTo(w->row_context);
	ErrorData  *error = CopyErrorData();
	ScyllaFates fates;

	MemoryContextSwitchTo(old);
	if (error->elevel < ERROR || error->detail != NULL)
		return;
	fates = scyllaTellFates(&w->writer);
	if (w->row > 1 || fates.acknowledged > 0 || fates.unknown > 0 || w->statements > 1)
		errdetail_internal("%s", scyllaWrittenDetail(&fates, w->statements > 1));
}

void
scyllaWarnOfStrain(const ScyllaWrite *w)
{
	if (w->report.strained == 0)
		return;
	ereport(WARNING,
			(errmsg(UINT64_FORMAT " row%s of foreign table \"%s\" failed on a replica before %s written", w->report.strained,
					w->report.strained == 1 ? "" : "s", w->relation, w->report.strained == 1 ? "it was" : "they were"),
			 errdetail("An index on vectors may lack such rows until it is built anew."),
			 errhint("If the table has one: drop it and create it again, after the load or with a smaller scylla_fdw.max_in_flight.")));
}
