/*
 * fdw/write/fates.h
 *	  What became of a write's rows: acknowledgements and failures, progress, and what
 *	  errors tell.
 *
 * Backend thread.
 */
#ifndef FDW_WRITE_FATES_H
#define FDW_WRITE_FATES_H

#include "postgres.h"

#include "fdw/write/write_state.h"

extern void scyllaRaiseBroken(const ScyllaWrite *write) __attribute__((noreturn));

/*
 * A subtransaction that had it drained, by a read for example, has caught the failure:
 * the row is missing all the same. The failure may be another write's of the same statement.
 */
static inline void
scyllaCheckUnbroken(const ScyllaWrite *write)
{
	if (write->writer.broken)
		scyllaRaiseBroken(write);
}

/* Look at everything that came home; of several failures the first row's is raised. */
extern void scyllaCollectFates(ScyllaWrite *write);

/* Until all that was submitted has its fate: in ever smaller steps, so that failures and progress are told in time. */
extern void scyllaAwaitFates(ScyllaWrite *write);

extern void scyllaTellProgress(ScyllaWrite *write, bool last);

/* For an error context callback. How many rows stay, unless the error has a detail of its own. */
extern void scyllaTellWritten(ScyllaWrite *write);

extern void scyllaWarnOfStrain(const ScyllaWrite *write);

#endif							/* FDW_WRITE_FATES_H */
