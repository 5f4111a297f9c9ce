/*
 * fdw/check/upsert.h
 *	  ON CONFLICT with columns, and DO UPDATE: refused in words of our own.
 *
 * Backend thread.
 */
#ifndef FDW_CHECK_UPSERT_H
#define FDW_CHECK_UPSERT_H

extern void scyllaInstallUpsert(void);	/* from _PG_init */

#endif							/* FDW_CHECK_UPSERT_H */
