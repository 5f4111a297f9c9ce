/*
 * fdw/read/scan_open.h
 *	  What a scan of a foreign table asks for.
 *
 * Backend thread.
 */
#ifndef FDW_READ_SCAN_OPEN_H
#define FDW_READ_SCAN_OPEN_H

#include "postgres.h"

#include "fdw/read/scan_state.h"

/* Columns and types, once. */
extern void scyllaScanDescribe(ScyllaScan *scan);

/* The setting full_scan, where the whole table is read. Once: workers do as the leader may. */
extern void scyllaScanGuard(ScyllaScan *scan);

/* Work the values out and open the fetch; no row can match: there is none. What this session has written is drained first. */
extern void scyllaScanOpen(ScyllaScan *scan);

#endif							/* FDW_READ_SCAN_OPEN_H */
