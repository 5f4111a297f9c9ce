/*
 * fdw/write/modify.h
 *	  INSERT, COPY, UPDATE and DELETE of foreign tables.
 *
 * Backend thread. The executor's callbacks: see foreign/fdwapi.h for their
 * contracts.
 */
#ifndef FDW_WRITE_MODIFY_H
#define FDW_WRITE_MODIFY_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern int	scyllaIsForeignRelUpdatable(Relation rel);
extern void scyllaBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
									 int subplan_index, int eflags);
extern TupleTableSlot *scyllaExecForeignInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern TupleTableSlot **scyllaExecForeignBatchInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot **slots,
													 TupleTableSlot **plan_slots, int *nslots);
extern int	scyllaGetForeignModifyBatchSize(ResultRelInfo *rri);
extern TupleTableSlot *scyllaExecForeignUpdate(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern TupleTableSlot *scyllaExecForeignDelete(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern void scyllaEndForeignModify(EState *estate, ResultRelInfo *rri);
extern void scyllaBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri);
extern void scyllaEndForeignInsert(EState *estate, ResultRelInfo *rri);
extern void scyllaExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
									   int subplan_index, struct ExplainState *es);

#endif							/* FDW_WRITE_MODIFY_H */
