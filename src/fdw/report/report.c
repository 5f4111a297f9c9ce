/*
 * fdw/report/report.c
 *	  Counting what a statement does, and EXPLAIN of it.
 *
 * Backend thread. Owns nothing: a report is part of its scan or write. Invariant: a
 * request is counted once, in one bucket of latencies: the buckets' sum is the number
 * of requests.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/timestamp.h"

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
	report->misrouted += request->core.misrouted;
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
	report->misrouted += other->misrouted;
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
	if (report->misrouted > 0)
		ExplainPropertyInteger("Misrouted", NULL, (int64) report->misrouted, es);
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
