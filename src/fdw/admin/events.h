/*
 * fdw/admin/events.h
 *	  What the client of this session has lived through.
 *
 * Backend thread.
 */
#ifndef FDW_ADMIN_EVENTS_H
#define FDW_ADMIN_EVENTS_H

#include "postgres.h"

#include "nodes/execnodes.h"

extern void scyllaListEvents(const char *server, ReturnSetInfo *result);	/* a row each, oldest first */

#endif							/* FDW_ADMIN_EVENTS_H */
