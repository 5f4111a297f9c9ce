/*
 * fdw/plan/upsert.h
 *	  ON CONFLICT with columns, and DO UPDATE: refused in words of our own.
 *
 * Backend thread.
 */
#ifndef FDW_PLAN_UPSERT_H
#define FDW_PLAN_UPSERT_H

extern void scyllaInstallUpsert(void);	/* from _PG_init */

#endif							/* FDW_PLAN_UPSERT_H */
