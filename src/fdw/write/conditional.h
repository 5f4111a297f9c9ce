/*
 * fdw/write/conditional.h
 *	  Rows of a conditional write: which partitions have one in flight, and which rows
 *	  were applied.
 *
 * Backend thread. Lives in the memory context that was current at
 * scyllaMakeConditional.
 */
#ifndef FDW_WRITE_CONDITIONAL_H
#define FDW_WRITE_CONDITIONAL_H

#include "postgres.h"

#define SCYLLA_FATES 1024		/* of rows that can be asked for together */

typedef struct ScyllaConditional ScyllaConditional;

extern ScyllaConditional *scyllaMakeConditional(void);

/*
 * Conditions on one partition in flight side by side would be met in any order,
 * and hinder each other. True: one is in flight; else this row is noted. drained: the
 * ordinal of the last row that is home for sure.
 */
extern bool scyllaIsInFlight(ScyllaConditional *conditional, int64 token, uint64 row, uint64 drained);

/* Fates of the rows behind this one will be asked for together, of SCYLLA_FATES at most. */
extern void scyllaAnnounceFates(ScyllaConditional *conditional, uint64 row);

/* One of them is home. */
extern void scyllaNoteApplied(ScyllaConditional *conditional, uint64 row, bool applied);

/* Of the n-th of them, from 0, once all are home. */
extern bool scyllaWasApplied(const ScyllaConditional *conditional, int n);

#endif							/* FDW_WRITE_CONDITIONAL_H */
