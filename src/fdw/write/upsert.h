/*
 * fdw/write/upsert.h
 *	  ON CONFLICT with columns, and DO UPDATE: refused in words of our own.
 *
 * Backend thread.
 */
#ifndef FDW_WRITE_UPSERT_H
#define FDW_WRITE_UPSERT_H

extern void scyllaInstallUpsert(void);	/* from _PG_init */

#endif							/* FDW_WRITE_UPSERT_H */
