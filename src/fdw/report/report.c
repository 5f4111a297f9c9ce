/*
 * fdw/report/report.c
 *	  Counting, and telling.
 *
 * Backend thread. Owns nothing: a report is part of its scan or write.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "fdw/fetch/key.h"
#include "fdw/option/names.h"
#include "fdw/option/option.h"
#include "fdw/option/setting.h"
#include "fdw/report/report.h"

void
scyllaReportBegin(ScyllaReport *report, const Client *client)
{
	memset(report, 0, sizeof(*report));
	client_stats(client, &report->before);
	report->begun = report->told = GetCurrentTimestamp();
}

/* Buckets of 1/8 of a power of two of microseconds. */
static int
latency_bucket(uint64 ns)
{
	uint64		us = ns / 1000;
	int			power;
	int			bucket;

	if (us < SCYLLA_LATENCY_STEPS)
		return (int) us;
	power = pg_leftmost_one_pos64(us);
	bucket = (power - 2) * SCYLLA_LATENCY_STEPS + (int) ((us >> (power - 3)) & (SCYLLA_LATENCY_STEPS - 1));
	return Min(bucket, SCYLLA_LATENCY_BUCKETS - 1);
}

/* The middle of a bucket, in ms. */
static double
bucket_latency(int bucket)
{
	int			power = bucket / SCYLLA_LATENCY_STEPS + 2;
	int			step = bucket % SCYLLA_LATENCY_STEPS;

	if (bucket < SCYLLA_LATENCY_STEPS)
		return (bucket + 0.5) / 1000;
	return (SCYLLA_LATENCY_STEPS + step + 0.5) * (double) (UINT64CONST(1) << (power - 3)) / 1000;
}

void
scyllaReportRequest(ScyllaReport *report, const Request *request)
{
	report->requests++;
	report->failed += request->core.failed;
	report->bytes += request->core.length;
	report->retries += request->core.attempts > 1 ? request->core.attempts - 1 : 0;
	if (request->core.strained && !request->core.failed)
		report->strained += request->rows;
	report->latency[latency_bucket(request->core.latency)]++;
}

void
scyllaReportAdd(ScyllaReport *report, const ScyllaReport *other)
{
	report->requests += other->requests;
	report->failed += other->failed;
	report->pages += other->pages;
	report->rows += other->rows;
	report->bytes += other->bytes;
	report->retries += other->retries;
	for (int i = 0; i < SCYLLA_LATENCY_BUCKETS; i++)
		report->latency[i] += other->latency[i];
}

double
scyllaReportLatency(const ScyllaReport *report, double fraction)
{
	uint64		want = (uint64) ((double) report->requests * fraction);
	uint64		seen = 0;

	for (int i = 0; i < SCYLLA_LATENCY_BUCKETS; i++)
	{
		seen += report->latency[i];
		if (report->latency[i] > 0 && seen >= want)
			return bucket_latency(i);
	}
	return 0;
}

void
scyllaReportProgress(ScyllaReport *report, const char *relation, uint64 sent, bool last)
{
	TimestampTz now;
	double		seconds;

	if (scylla_progress_interval == 0)
		return;
	now = GetCurrentTimestamp();
	if (!last && !TimestampDifferenceExceeds(report->told, now, scylla_progress_interval * 1000))
		return;
	report->told = now;
	seconds = Max((double) (now - report->begun) / USECS_PER_SEC, 0.000001);
	ereport(INFO,
			(errmsg("%s: " UINT64_FORMAT " rows sent, " UINT64_FORMAT " acknowledged, " UINT64_FORMAT " failed, "
					"%.0f rows/s, %.1f MB/s, latency p50 %.1f ms, p99 %.1f ms",
					relation, sent, report->rows, report->failed, (double) report->rows / seconds,
					(double) report->bytes / seconds / 1e6,
					scyllaReportLatency(report, 0.5), scyllaReportLatency(report, 0.99)),
			 errhidestmt(true), errhidecontext(true)));
}

static char *
key_columns(const ScyllaSelect *select)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < select->npartition; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 get_attname(select->relid, list_nth_int(select->attnums, i), false));
	return names.data;
}

/* Columns, and how many keys their ranges are, as far as is known. */
static char *
series_text(const ScyllaSelect *select)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < list_length(select->series); i += 3)
	{
		int			values = list_nth_int(select->series, i + 2);

		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 get_attname(select->relid, list_nth_int(select->attnums, list_nth_int(select->series, i)), false));
		if (values > 0)
			appendStringInfo(&text, " (%d %s)", values, values == 1 ? "value" : "values");
		else
			appendStringInfo(&text, " (at most %d values)", SCYLLA_SERIES_MAX);
	}
	return text.data;
}

void
scyllaExplainKeys(const ScyllaSelect *select, ExplainState *es)
{
	if (select->npartition > 0)
		ExplainPropertyText("Key", key_columns(select), es);
	if (select->series != NIL)
		ExplainPropertyText("Key Range", series_text(select), es);
}

void
scyllaExplainRead(const ScyllaSelect *select, const ScyllaTableOptions *options, ExplainState *es)
{
	if (select->roles != NIL)	/* the plan node names no table */
		ExplainPropertyText("Relations", psprintf("Aggregate on (%s)", get_rel_name(select->relid)), es);
	scyllaExplainKeys(select, es);
	if (select->nearest != NULL)
		ExplainPropertyText("Nearest", select->nearest, es);
	if (!es->verbose)
		return;
	ExplainPropertyText("CQL", scyllaFromUtf8(scyllaExplainSelect(select, options)), es);
	ExplainPropertyInteger("Fetch Size", NULL, options->fetch_size, es);
	ExplainPropertyText("Consistency", cql_consistency_name(options->read_consistency), es);
	if (select->local != NULL)
		ExplainPropertyText("Local Filter Reason", select->local, es);
}

void
scyllaExplainLocks(EState *estate, Index rti, ExplainState *es)
{
	ExecRowMark *mark = rti > 0 ? ExecFindRowMark(estate, rti, true) : NULL;

	if (mark && mark->strength != LCS_NONE)
		ExplainPropertyText("Row Locks", "none", es);
}

void
scyllaExplainReport(const ScyllaReport *report, const Client *client, bool writes, ExplainState *es)
{
	ClientStats now = report->before;

	if (client)
		client_stats(client, &now);
	ExplainPropertyInteger("Requests", NULL, (int64) report->requests, es);
	if (!writes)
		ExplainPropertyInteger("Pages", NULL, (int64) report->pages, es);
	else
		ExplainPropertyInteger("Rows Sent", NULL, (int64) report->rows, es);
	ExplainPropertyInteger("Bytes", NULL, (int64) report->bytes, es);
	if (report->retries > 0)
		ExplainPropertyInteger("Retries", NULL, (int64) report->retries, es);
	if (!es->timing)
		return;					/* what follows differs from run to run */
	if (writes)
	{
		ExplainPropertyInteger("Window Peak", NULL, now.window_peak, es);
		ExplainPropertyInteger("Window Stalls", NULL, (int64) (now.stalls - report->before.stalls), es);
	}
	ExplainPropertyText("Latency p50/p99",
						psprintf("%.3f/%.3f ms", scyllaReportLatency(report, 0.5), scyllaReportLatency(report, 0.99)),
						es);
}
