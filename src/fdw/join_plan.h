/*
 * fdw/join_plan.h
 *	  Planning joins by keys: see join.h.
 *
 * Backend thread.
 */
#ifndef FDW_JOIN_PLAN_H
#define FDW_JOIN_PLAN_H

#include "fdw/join.h"

extern const CustomScanMethods scyllaJoinScanMethods;

#endif							/* FDW_JOIN_PLAN_H */
