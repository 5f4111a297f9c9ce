/*
 * fdw/modify/target.h
 *	  Which columns an INSERT names.
 *
 * Backend thread. The rule: those that the statement sets, so that nothing is
 * deleted by accident, and no value of the row is lost.
 */
#ifndef FDW_MODIFY_TARGET_H
#define FDW_MODIFY_TARGET_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/write/write_config.h"

/* moved: of rows that UPDATE, or MERGE by an action of that kind, brings here from another partition. */
extern ScyllaTarget scyllaTargetColumns(ModifyTableState *mtstate, ResultRelInfo *rri, bool moved);

#endif							/* FDW_MODIFY_TARGET_H */
