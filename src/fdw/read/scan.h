/*
 * fdw/read/scan.h
 *	  Reading a foreign table page by page.
 *
 * Backend thread. The executor's callbacks: see foreign/fdwapi.h for their
 * contracts.
 */
#ifndef FDW_READ_SCAN_H
#define FDW_READ_SCAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *scyllaIterateForeignScan(ForeignScanState *node);
extern void scyllaReScanForeignScan(ForeignScanState *node);
extern void scyllaEndForeignScan(ForeignScanState *node);
extern void scyllaShutdownForeignScan(ForeignScanState *node);
extern Size scyllaEstimateDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt);
extern void scyllaInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt, void *coordinate);
extern void scyllaReInitializeDSMForeignScan(ForeignScanState *node, ParallelContext *pcxt, void *coordinate);
extern void scyllaInitializeWorkerForeignScan(ForeignScanState *node, shm_toc *toc, void *coordinate);
extern void scyllaExplainForeignScan(ForeignScanState *node, struct ExplainState *es);

#endif							/* FDW_READ_SCAN_H */
