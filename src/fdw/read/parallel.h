/*
 * fdw/read/parallel.h
 *	  What the processes of a parallel scan share.
 *
 * Backend thread of the leader and of each worker. In dynamic shared memory: the
 * leader makes it before it starts workers, and it goes when they have ended.
 *
 * Workers have clients of their own. Rows that the leader's session has under way
 * were acknowledged before it makes this; and while there are workers PostgreSQL
 * lets nobody write.
 */
#ifndef FDW_READ_PARALLEL_H
#define FDW_READ_PARALLEL_H

#include "postgres.h"

#include "fdw/fetch/token_ranges.h"
#include "fdw/report/report.h"

typedef struct ScyllaShared ScyllaShared;

extern Size scyllaSharedSize(const ScyllaRanges *ranges, int nworkers);
extern void scyllaInitShared(ScyllaShared *shared, const ScyllaRanges *ranges, int nworkers);

/* All ranges are there to be taken again. */
extern void scyllaResetShared(ScyllaShared *shared);

/* Borrowed from shared. */
extern ScyllaRanges scyllaSharedRanges(ScyllaShared *shared);
extern pg_atomic_uint32 *scyllaSharedCounter(ScyllaShared *shared);

/* There are no ranges, and nobody else has taken the table: it is the caller's. */
extern bool scyllaTakeTable(ScyllaShared *shared);

/* A worker tells what it did; the leader adds up what all have told so far. */
extern void scyllaTellReport(ScyllaShared *shared, const ScyllaReport *report);
extern void scyllaGatherReports(ScyllaShared *shared, ScyllaReport *report);

#endif							/* FDW_READ_PARALLEL_H */
