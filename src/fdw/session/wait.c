/*
 * fdw/session/wait.c
 *	  Where the backend waits for the cluster.
 *
 * Backend thread. Owns nothing.
 * Invariants: every wait ends by an interrupt; what is woken for is looked at before
 * the next wait begins.
 *
 * Nothing calls client_awake between arming and waiting, so that what woke one
 * scan's descriptor is still there for the others. If a scan's page came home while
 * another scan drained, the scan's descriptor is made readable instead: the
 * submitter will not wake anybody for that page.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"

#include "fdw/session/client_start.h"
#include "fdw/session/wait.h"

/* Until the latch is set or the client wakes us up: which of them. */
static uint32
sleep_until_woken(ScyllaSession *s)
{
	WaitEvent	happened[2];
	int			n = WaitEventSetWait(s->events, -1L, happened, lengthof(happened), PG_WAIT_EXTENSION);
	uint32		events = 0;

	for (int i = 0; i < n; i++)
		events |= happened[i].events;
	return events;
}

void
scyllaDrain(ScyllaSession *s)
{
	(void) client_drain(s->client);
	if (client_sockets_wanted(s->client) > 0)
		scyllaHandOutDescriptors(s->client, &s->descriptors);
}

void
scyllaWait(ScyllaSession *s, uint32 want)
{
	uint32		outstanding;

	Assert(InterruptHoldoffCount == 0 && CritSectionCount == 0);	/* or nothing would end it */
	outstanding = client_outstanding(s->client);
	if (want == 0 || want > outstanding)
		want = outstanding;
	while (want > 0)
	{
		uint32		events = WL_SOCKET_READABLE;

		if (client_sleep(s->client, want))
			events = sleep_until_woken(s);
		client_awake(s->client);
		if (events & WL_LATCH_SET)
			ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (events & WL_SOCKET_READABLE)
			break;
	}
	scyllaDrain(s);
}

void
scyllaFence(ScyllaSession *s, PipelineKind kind)
{
	scyllaDrain(s);
	while (client_abandoned(s->client, kind) > 0)
		scyllaWait(s, 1);
}
