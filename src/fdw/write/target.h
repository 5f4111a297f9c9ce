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

/* Attributes of the foreign table, in its order: int lists, palloc'd. */
typedef struct ScyllaTarget
{
	List	   *attnums;		/* what is written */
	List	   *unnamed;		/* of them, those in which a NULL says nothing: no value was given */
} ScyllaTarget;

/* moved: of rows that UPDATE, or MERGE by an action of that kind, brings here from another partition. */
extern ScyllaTarget scyllaTargetColumns(ModifyTableState *mtstate, ResultRelInfo *rri, bool moved);

#endif							/* FDW_WRITE_TARGET_H */
