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

/*
 * The copy of the client's descriptor is there: a set of events takes one once, and scans of one session share the client's. The set
 * takes another one, which must be left.
 */
static bool
has_wait_fd(ScyllaScan *scan)
{
	bool		left;

	if (scan->wait_fd >= 0)
		return true;
	if (!AcquireExternalFD())
		return false;
	left = AcquireExternalFD();
	if (left)
	{
		ReleaseExternalFD();
		scan->wait_fd = fcntl(client_wait_fd(scan->session->client), F_DUPFD_CLOEXEC, 0);
	}
	if (scan->wait_fd < 0)
		ReleaseExternalFD();
	return scan->wait_fd >= 0;
}

/*
 * The node's row, if one is there: its conditions and projection may take several of ours for it. Where there are too many open files to
 * wait for all scans, this one is waited for.
 */
static void
answer(AsyncRequest *request)
{
	ForeignScanState *node = (ForeignScanState *) request->requestee;
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot;

	scan->pending = false;
	scan->impatient = has_wait_fd(scan);
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
	AddWaitEventToSet(((AppendState *) request->requestor)->as_eventset, WL_SOCKET_READABLE, scan->wait_fd,
					  NULL, request);
}

void
scyllaForeignAsyncNotify(AsyncRequest *request)
{
	ScyllaScan *scan = ((ForeignScanState *) request->requestee)->fdw_state;

	client_awake(scan->session->client);
	answer(request);
}
