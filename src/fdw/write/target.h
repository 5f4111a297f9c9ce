/*
 * fdw/write/target.h
 *	  Which columns an INSERT names.
 *
 * Backend thread. The rule: those that the statement sets, so that nothing is
 * deleted by accident, and no value of the row is lost.
 */
#ifndef FDW_WRITE_TARGET_H
#define FDW_WRITE_TARGET_H

#include "postgres.h"

#include "nodes/execnodes.h"

/* Attributes of the foreign table, in its order: int list, palloc'd. */
extern List *scyllaTargetColumns(ModifyTableState *mtstate, ResultRelInfo *rri);

#endif							/* FDW_WRITE_TARGET_H */
