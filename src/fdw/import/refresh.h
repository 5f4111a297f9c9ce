/*
 * fdw/import/refresh.h
 *	  What a foreign table needs to be as the cluster's table is now.
 *
 * Backend thread.
 */
#ifndef FDW_IMPORT_REFRESH_H
#define FDW_IMPORT_REFRESH_H

#include "postgres.h"

#include "nodes/execnodes.h"

/* ALTER FOREIGN TABLE and ALTER TYPE statements, in the order they need, into result's tuplestore. */
extern void scyllaListChanges(Oid foreigntableid, ReturnSetInfo *result);

#endif							/* FDW_IMPORT_REFRESH_H */
