/*
 * fdw/read/scan_async.c
 *	  Waiting for many scans at the same time.
 *
 * Backend thread. Owns a descriptor for each scan, a copy of the client's, which is
 * closed with the scan. Invariants: a descriptor is accounted for exactly while it is
 * open; the client is armed before anybody waits.
 */
#include "postgres.h"

#include <fcntl.h>

#include "executor/execAsync.h"
#include "executor/executor.h"
#include "storage/fd.h"
#include "storage/latch.h"

#include "fdw/compat.h"
#include "fdw/read/scan_async.h"
#include "fdw/read/scan_state.h"

/* The node's row, if one is there: its conditions and projection may take several of ours for it. */
static void
answer(AsyncRequest *request)
{
	ForeignScanState *node = (ForeignScanState *) request->requestee;
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot;

	scan->pending = false;
	scan->impatient = true;
	slot = node->ss.ps.ExecProcNodeReal(&node->ss.ps);
	scan->impatient = false;
	if (TupIsNull(slot) && scan->pending)
		ExecAsyncRequestPending(request);
	else
		ExecAsyncRequestDone(request, slot);
}

void
scyllaForeignAsyncRequest(AsyncRequest *request)
{
	answer(request);
}

/* A set of events takes a descriptor once, and scans of one session share the client's. */
static int
wait_fd(ScyllaScan *scan)
{
	if (scan->wait_fd >= 0)
		return scan->wait_fd;
	if (AcquireExternalFD())
	{
		scan->wait_fd = fcntl(client_wait_fd(scan->session->client), F_DUPFD_CLOEXEC, 0);
		if (scan->wait_fd < 0)
			ReleaseExternalFD();
	}
	if (scan->wait_fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not wait for foreign table \"%s\": %m", scan->relation)));
	return scan->wait_fd;
}

/*
 * All scans of the Append are asked to do this before it waits. What came home
 * when another one looked may be this one's, and then nobody will be woken for it
 * any more.
 */
void
scyllaForeignAsyncConfigureWait(AsyncRequest *request)
{
	ScyllaScan *scan = ((ForeignScanState *) request->requestee)->fdw_state;

	client_arm(scan->session->client, scan->fetch == NULL || scyllaFetchArrived(scan->fetch));
	AddWaitEventToSet(((AppendState *) request->requestor)->as_eventset, WL_SOCKET_READABLE, wait_fd(scan),
					  NULL, request);
}

void
scyllaForeignAsyncNotify(AsyncRequest *request)
{
	ScyllaScan *scan = ((ForeignScanState *) request->requestee)->fdw_state;

	client_awake(scan->session->client);
	answer(request);
}
