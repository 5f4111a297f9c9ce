/*
 * fdw/admin/options.h
 *	  What options and settings there are.
 *
 * Backend thread.
 */
#ifndef FDW_ADMIN_OPTIONS_H
#define FDW_ADMIN_OPTIONS_H

#include "postgres.h"

#include "nodes/execnodes.h"

extern void scyllaListOptions(ReturnSetInfo *result);	/* a row each */

#endif							/* FDW_ADMIN_OPTIONS_H */
