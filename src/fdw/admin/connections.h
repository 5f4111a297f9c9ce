/*
 * fdw/admin/connections.h
 *	  The clients of this backend, listed and closed by SQL functions.
 *
 * Backend thread. The functions have names and meanings of postgres_fdw's.
 */
#ifndef FDW_ADMIN_CONNECTIONS_H
#define FDW_ADMIN_CONNECTIONS_H

#include "postgres.h"

#include "nodes/execnodes.h"

extern void scyllaListConnections(ReturnSetInfo *result);	/* a row for each session with a client */
extern bool scyllaDisconnect(Oid serverid); /* InvalidOid: all. True if one was closed. */

#endif							/* FDW_ADMIN_CONNECTIONS_H */
