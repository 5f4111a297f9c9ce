/*
 * fdw/modify/insert.h
 *	  INSERT and COPY of foreign tables, and rows that come to them as partitions.
 *
 * Backend thread. But for the first, the executor's callbacks: see
 * foreign/fdwapi.h for their contracts.
 */
#ifndef FDW_MODIFY_INSERT_H
#define FDW_MODIFY_INSERT_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaBeginInsert(ModifyTableState *mtstate, ResultRelInfo *rri, bool explain_only);
extern TupleTableSlot *scyllaExecForeignInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot,
											   TupleTableSlot *plan_slot);
extern void scyllaBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri);
extern void scyllaEndForeignInsert(EState *estate, ResultRelInfo *rri);

#endif							/* FDW_MODIFY_INSERT_H */
