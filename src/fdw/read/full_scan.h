/*
 * fdw/read/full_scan.h
 *	  Reading the whole table: whether that may be, and in place of keys that turn
 *	  out to be too many.
 *
 * Backend thread. How many keys an array has is known when the scan begins, how
 * many were expected when it was planned: by a guess, where the array is a
 * parameter.
 */
#ifndef FDW_READ_FULL_SCAN_H
#define FDW_READ_FULL_SCAN_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/select/select.h"
#include "fdw/session/session.h"

#define SCYLLA_REQUEST_ROWS 25	/* that a scan of the whole table reads in the time of a request for one key */

/* Whether so many requests take clearly longer than all rows. */
extern bool scyllaRatherFullScan(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSelect *select,
								 int requests);

/* Warn of reading a whole table that nobody has asked for as such, or refuse it: by the setting full_scan. */
extern void scyllaGuardFullScan(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSelect *select);

/* The conditions that are not sent then. */
typedef struct ScyllaSift ScyllaSift;

extern ScyllaSift *scyllaMakeSift(ForeignScanState *node);

/* Before a scan's first row, with its parameters. What it makes stays as long as the current context. */
extern void scyllaBeginSift(ScyllaSift *sift);
extern bool scyllaSiftRow(ScyllaSift *sift, TupleTableSlot *slot);

#endif							/* FDW_READ_FULL_SCAN_H */
