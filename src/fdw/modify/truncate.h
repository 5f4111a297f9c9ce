/*
 * fdw/modify/truncate.h
 *	  TRUNCATE of foreign tables.
 *
 * Backend thread. The executor's callback: see foreign/fdwapi.h for its contract.
 */
#ifndef FDW_MODIFY_TRUNCATE_H
#define FDW_MODIFY_TRUNCATE_H

#include "postgres.h"

#include "foreign/fdwapi.h"

/* Tables of one server. CASCADE and RESTART IDENTITY mean nothing there: CQL has neither references nor sequences. */
extern void scyllaExecForeignTruncate(List *rels, DropBehavior behavior, bool restart_seqs);

#endif							/* FDW_MODIFY_TRUNCATE_H */
