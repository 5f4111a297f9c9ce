/*
 * fdw/check/ctid.h
 *	  Queries that ask for the ctid of a foreign table are refused.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_CTID_H
#define FDW_CHECK_CTID_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/* ERROR if it does. As soon as what is wanted of rel and the conditions on it are known. */
extern void scyllaCheckCtid(PlannerInfo *root, RelOptInfo *rel, Oid relid);

#endif							/* FDW_CHECK_CTID_H */
