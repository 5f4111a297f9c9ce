/*
 * fdw/report/report.h
 *	  What a statement did on the wire: counted, and shown by EXPLAIN.
 *
 * Backend thread.
 */
#ifndef FDW_REPORT_REPORT_H
#define FDW_REPORT_REPORT_H

#include "postgres.h"

#include "fdw/compat.h"
#include "fdw/option/option.h"
#include "fdw/session/cql_log.h"
#include "pipeline/client.h"

/* Latencies by powers of two, eight steps each: within 6 % of the truth, from 1 us up. */
#define SCYLLA_LATENCY_STEPS 8
#define SCYLLA_LATENCY_BUCKETS (40 * SCYLLA_LATENCY_STEPS)

/* Requests by where they were sent last. */
#define SCYLLA_REPORT_PLACES 256

typedef struct ScyllaPlaceCount
{
	uint64		node;			/* CqlRingNode's key */
	uint32		shard;
	uint32		requests;
} ScyllaPlaceCount;

typedef struct ScyllaReport
{
	uint64		requests;		/* that have their fate */
	uint64		failed;
	uint64		pages;			/* reads */
	uint64		rows;			/* written: acknowledged; read: decoded */
	uint64		bytes;			/* writes: of parameters; reads: of responses */
	uint64		retries;
	uint64		misrouted;		/* requests of which some attempt went to a shard without their row */
	uint64		strained;		/* rows that failed on a replica before they were written */
	uint32		latency[SCYLLA_LATENCY_BUCKETS];
	bool		by_place;		/* where requests go is counted */
	int			nplaces;
	ScyllaPlaceCount place[SCYLLA_REPORT_PLACES];	/* what goes elsewhere is not counted */
	ClientStats before;			/* the client's counters when the statement began */
	TimestampTz begun;
	TimestampTz told;			/* last progress message */
	ScyllaLogged logged;		/* by scylla_fdw.log_cql */
} ScyllaReport;

extern void scyllaReportBegin(ScyllaReport *report, const Client *client, bool by_place);
extern void scyllaReportRequest(ScyllaReport *report, const Request *request);
extern void scyllaReportAdd(ScyllaReport *report, const ScyllaReport *other);	/* what another process counted, or
																				 * another write */
extern double scyllaReportLatency(const ScyllaReport *report, double fraction); /* ms */

/* Properties under ANALYZE. */
extern void scyllaExplainReport(const ScyllaReport *report, const Client *client, bool writes, ExplainState *es);
/* Where requests went, under ANALYZE and VERBOSE. */
extern void scyllaExplainPlaces(const ScyllaReport *report, ScyllaSession *session, const ScyllaTableOptions *options,
								ExplainState *es);

#endif							/* FDW_REPORT_REPORT_H */
