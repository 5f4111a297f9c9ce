/*
 * fdw/admin/nodes.h
 *	  The nodes of a cluster as this session sees them.
 *
 * Backend thread.
 */
#ifndef FDW_ADMIN_NODES_H
#define FDW_ADMIN_NODES_H

#include "postgres.h"

#include "nodes/execnodes.h"

extern void scyllaListNodes(const char *server, ReturnSetInfo *result); /* a row each */

#endif							/* FDW_ADMIN_NODES_H */
