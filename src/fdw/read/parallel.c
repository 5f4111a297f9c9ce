/*
 * fdw/read/parallel.c
 *	  Ranges that several processes take one after the other.
 *
 * Backend thread. Owns nothing: it is a part of the parallel query's memory.
 * Invariant: each worker writes its own report only, and the leader looks at it
 * when the worker has sent its last row.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "port/atomics.h"

#include "fdw/read/parallel.h"

struct ScyllaShared
{
	pg_atomic_uint32 next;		/* range to be taken next; without ranges: 0 if nobody has the table */
	int			n;
	int			at_once;
	int			nworkers;
	Size		range_offset;
	ScyllaReport report[FLEXIBLE_ARRAY_MEMBER];
};

static Size
range_offset(int nworkers)
{
	return MAXALIGN(add_size(offsetof(ScyllaShared, report), mul_size(sizeof(ScyllaReport), nworkers)));
}

Size
scyllaSharedSize(const ScyllaRanges *ranges, int nworkers)
{
	return add_size(range_offset(nworkers), mul_size(sizeof(CqlTokenRange), ranges->n));
}

static CqlTokenRange *
ranges_of(ScyllaShared *shared)
{
	return (CqlTokenRange *) ((char *) shared + shared->range_offset);
}

void
scyllaInitShared(ScyllaShared *shared, const ScyllaRanges *ranges, int nworkers)
{
	pg_atomic_init_u32(&shared->next, 0);
	shared->n = ranges->n;
	shared->at_once = ranges->at_once;
	shared->nworkers = nworkers;
	shared->range_offset = range_offset(nworkers);
	memset(shared->report, 0, sizeof(ScyllaReport) * nworkers);
	if (ranges->n > 0)
		memcpy(ranges_of(shared), ranges->range, sizeof(CqlTokenRange) * ranges->n);
}

void
scyllaResetShared(ScyllaShared *shared)
{
	pg_atomic_write_u32(&shared->next, 0);
}

ScyllaRanges
scyllaSharedRanges(ScyllaShared *shared)
{
	return (ScyllaRanges) {shared->n, shared->at_once, ranges_of(shared)};
}

pg_atomic_uint32 *
scyllaSharedCounter(ScyllaShared *shared)
{
	return &shared->next;
}

bool
scyllaTakeTable(ScyllaShared *shared)
{
	return shared->n == 0 && pg_atomic_fetch_add_u32(&shared->next, 1) == 0;
}

void
scyllaTellReport(ScyllaShared *shared, const ScyllaReport *report)
{
	Assert(IsParallelWorker());
	if (ParallelWorkerNumber >= 0 && ParallelWorkerNumber < shared->nworkers)
		scyllaReportAdd(&shared->report[ParallelWorkerNumber], report);
}

void
scyllaGatherReports(ScyllaShared *shared, ScyllaReport *report)
{
	Assert(!IsParallelWorker());
	for (int i = 0; i < shared->nworkers; i++)
	{
		scyllaReportAdd(report, &shared->report[i]);
		memset(&shared->report[i], 0, sizeof(ScyllaReport));
	}
}
