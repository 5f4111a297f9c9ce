/*
 * fdw/modify/conflict.h
 *	  INSERT ... ON CONFLICT DO NOTHING: rows that the executor holds until it has a
 *	  batch of them.
 *
 * Backend thread. A batch is as large as its rows allow: SCYLLA_FATES of them, and
 * no more bytes than the option max_in_flight_bytes.
 */
#ifndef FDW_MODIFY_CONFLICT_H
#define FDW_MODIFY_CONFLICT_H

#include "fdw/modify/modify_state.h"

/* Before the executor asks how large a batch is: it finds slots that count what is put into them. */
extern void scyllaPrepareBatches(ScyllaModify *m, ResultRelInfo *rri);

extern TupleTableSlot **scyllaExecForeignBatchInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot **slots,
													 TupleTableSlot **plan_slots, int *nslots);
extern int	scyllaGetForeignModifyBatchSize(ResultRelInfo *rri);

#endif							/* FDW_MODIFY_CONFLICT_H */
