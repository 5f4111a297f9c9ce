/*
 * fdw/report/progress.c
 *	  Telling how far a statement is.
 *
 * Backend thread. Owns nothing: when a message was last told is part of the report.
 * Invariant: an interval has one message at most, the last one apart.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "fdw/option/setting.h"
#include "fdw/report/progress.h"

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
