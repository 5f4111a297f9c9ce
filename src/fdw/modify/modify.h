/*
 * fdw/modify/modify.h
 *	  UPDATE and DELETE of foreign tables, and what INSERT has in common with them.
 *
 * Backend thread. The executor's callbacks: see foreign/fdwapi.h for their
 * contracts.
 */
#ifndef FDW_MODIFY_MODIFY_H
#define FDW_MODIFY_MODIFY_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern int	scyllaIsForeignRelUpdatable(Relation rel);
extern void scyllaBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
									 int subplan_index, int eflags);
extern TupleTableSlot *scyllaExecForeignUpdate(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern TupleTableSlot *scyllaExecForeignDelete(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern void scyllaEndForeignModify(EState *estate, ResultRelInfo *rri);
extern void scyllaExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
									   int subplan_index, struct ExplainState *es);

#endif							/* FDW_MODIFY_MODIFY_H */
