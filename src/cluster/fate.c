/*
 * cluster/fate.c
 *	  How a request that was taken ends: an answer or a failure, once.
 *
 * Submitter thread only.
 * Owns: nothing; a failure made here belongs to the request.
 * Invariant: each of these functions but cluster_fate_forget completes the
 * request, which is the caller's from then on.
 */
#include "cluster/fate.h"

#include "cluster/failure.h"
#include "cluster/route.h"
#include "cluster/second.h"

#include <stdlib.h>

/*
 * For latencies. Thousands of answers come with one turn of the loop, and what is
 * submitted leaves at its end: reading the clock for each would cost more than
 * sending a small one.
 */
uint64_t
cluster_fate_clock(ClusterDispatch *d)
{
	if (d->clock == 0)
		d->clock = uv_hrtime();
	return d->clock;
}

/* The one of an attempt that was followed by another. */
void
cluster_fate_forget(ClusterRequest *r)
{
	free(r->failure);
	r->failure = NULL;
}

void
cluster_fate_complete(ClusterRequest *r)
{
	ClusterDispatch *d = r->dispatch;

	CORE_ASSERT(r->held && !r->listed);
	if (r->there)
		cluster_leave_place(r);
	if (r->second)
		cluster_second_drop(r);
	CORE_NOTE(r->held = false);
	if (!r->failed)
		cluster_fate_forget(r);
	cluster_strained_done(&d->strained, r);
	r->latency = cluster_is_begun(r) ? cluster_fate_clock(d) - r->started : 0;
	d->ops->on_complete(d->owner, r);
}

void
cluster_fate_fail(ClusterRequest *r, ClusterFailure *failure)
{
	cluster_fate_forget(r);
	r->failed = true;
	r->failure = failure;
	cluster_fate_complete(r);
}

static ClusterFailure *
silence(const ClusterRequest *r)
{
	const char *node = r->place ? r->place->node->name : "any node";

	if (r->attempts > 0)
		return cluster_failure_new(r, CLUSTER_FAIL_TIMEOUT, "no answer from %s within %u ms, with %u more requests in flight there",
								   node, r->timeout_ms, r->place->in_flight);
	return cluster_failure_new(r, CLUSTER_FAIL_TIMEOUT, "could not be sent to %s within %u ms", node, r->timeout_ms);
}

/* What an attempt before was told says more than silence. */
void
cluster_fate_timeout(ClusterRequest *r)
{
	ClusterFailure *last = r->failure;

	if (!last)
	{
		cluster_fate_fail(r, silence(r));
		return;
	}
	r->failure = NULL;
	last->attempts = r->attempts;
	last->elapsed_ms = (uint32_t) ((uv_hrtime() - r->started) / 1000000);
	cluster_fate_fail(r, last);
}

void
cluster_fate_unheard(ClusterRequest *r)
{
	cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_TIMEOUT,
											 "nothing was answered within %u ms while the request waited to be sent, behind %u in flight",
											 r->timeout_ms, r->dispatch->in_flight));
}

void
cluster_fate_abandoned(ClusterRequest *r)
{
	cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_ABANDONED, "abandoned before it was sent"));
}

void
cluster_fate_lost(ClusterRequest *r, const char *why)
{
	cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_LOST, "connection to %s lost: %s", r->place->node->name, why));
}

/* Nothing will be sent any more. why NULL: because the cluster closes. */
void
cluster_fate_undeliverable(ClusterRequest *r, const ClusterFailure *why)
{
	const char *text = why ? why->message : "the session was closed";

	if (r->spent & CLUSTER_SPENT_MAYBE_APPLIED)
		cluster_fate_lost(r, text);
	else
		cluster_fate_fail(r, cluster_failure_new(r, why ? why->kind : CLUSTER_FAIL_ABANDONED, "%s", text));
}
