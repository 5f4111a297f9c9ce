/*
 * fdw/check/position.h
 *	  INSERT ... SELECT that puts columns where others of their names are.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_POSITION_H
#define FDW_CHECK_POSITION_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/* A WARNING where the columns of one relation have the names of those they go into, in another order. */
extern void scyllaCheckPositions(PlannerInfo *root, Index rtindex);

#endif							/* FDW_CHECK_POSITION_H */
