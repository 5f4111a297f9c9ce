/*
 * fdw/read/scan_async.h
 *	  Scans of an Append that asks many of them at the same time.
 *
 * Backend thread. The executor's callbacks: see foreign/fdwapi.h for their
 * contracts.
 */
#ifndef FDW_READ_SCAN_ASYNC_H
#define FDW_READ_SCAN_ASYNC_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern void scyllaForeignAsyncRequest(AsyncRequest *request);
extern void scyllaForeignAsyncConfigureWait(AsyncRequest *request);
extern void scyllaForeignAsyncNotify(AsyncRequest *request);

#endif							/* FDW_READ_SCAN_ASYNC_H */
