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

#include "fdw/catalog/ring.h"
#include "fdw/report/report.h"

void
scyllaReportBegin(ScyllaReport *report, const Client *client, bool by_place)
{
	memset(report, 0, sizeof(*report));
	report->by_place = by_place;
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

/* What is asked of the next key is likely to go elsewhere: no order is better than another. */
static void
count_place(ScyllaReport *report, uint64 node, uint32 shard, uint32 requests)
{
	ScyllaPlaceCount *place = report->place;

	while (place < report->place + report->nplaces && (place->node != node || place->shard != shard))
		place++;
	if (place == report->place + SCYLLA_REPORT_PLACES)
		return;
	if (place == report->place + report->nplaces)
	{
		report->nplaces++;
		*place = (ScyllaPlaceCount) {.node = node, .shard = shard};
	}
	place->requests += requests;
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
	if (report->by_place && request->core.node != 0)
		count_place(report, request->core.node, request->core.shard, 1);
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
	for (int i = 0; i < other->nplaces; i++)
		count_place(report, other->place[i].node, other->place[i].shard, other->place[i].requests);
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

static int
by_shard(const void *a, const void *b)
{
	uint32		x = ((const ScyllaPlaceCount *) a)->shard;
	uint32		y = ((const ScyllaPlaceCount *) b)->shard;

	return x < y ? -1 : x > y;
}

/* Of one node, by shards. */
static List *
tell_places(List *told, const ScyllaReport *report, const CqlRingNode *node)
{
	ScyllaPlaceCount place[SCYLLA_REPORT_PLACES];
	int			n = 0;

	for (int i = 0; i < report->nplaces; i++)
	{
		if (report->place[i].node == node->key)
			place[n++] = report->place[i];
	}
	qsort(place, n, sizeof(*place), by_shard);
	for (int i = 0; i < n; i++)
	{
		if (node->shards > 1)
			told = lappend(told, psprintf("%s shard %u: %u", node->name, place[i].shard, place[i].requests));
		else
			told = lappend(told, psprintf("%s: %u", node->name, place[i].requests));
	}
	return told;
}

void
scyllaExplainPlaces(const ScyllaReport *report, ScyllaSession *session, const ScyllaTableOptions *options, ExplainState *es)
{
	const CqlRing *nodes;
	List	   *places = NIL;

	if (!es->verbose || !es->timing || report->nplaces == 0)
		return;					/* as latencies, this differs from run to run */
	nodes = scyllaKnownNodes(session, options);
	for (uint16 i = 0; i < nodes->nnodes; i++)
		places = tell_places(places, report, &nodes->node[i]);
	ExplainPropertyList("Nodes", places, es);
}
