/*
 * fdw/plan/join_plan.h
 *	  Planning joins by keys: see join.h.
 *
 * Backend thread.
 */
#ifndef FDW_PLAN_JOIN_PLAN_H
#define FDW_PLAN_JOIN_PLAN_H

/* Once, from _PG_init. */
extern void scyllaInstallJoin(void);

#endif							/* FDW_PLAN_JOIN_PLAN_H */
