/*
 * fdw/report/progress.h
 *	  Messages of a statement while it runs.
 *
 * Backend thread.
 */
#ifndef FDW_REPORT_PROGRESS_H
#define FDW_REPORT_PROGRESS_H

#include "postgres.h"

#include "fdw/report/report.h"

/* An INFO message if scylla_fdw.progress_interval says it is time; last: whatever the time. */
extern void scyllaReportProgress(ScyllaReport *report, const char *relation, uint64 sent, bool last);

#endif							/* FDW_REPORT_PROGRESS_H */
