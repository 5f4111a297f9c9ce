/*
 * cluster/dispatch.c
 *	  Takes requests to nodes and brings them to their fate.
 *
 * Submitter thread only.
 * Owns: the lanes of waiting requests, the statements, the list of connections to
 * flush. Requests belong to the caller and lie where it put them.
 * Invariants: a request taken completes exactly once, never from inside
 * cluster_dispatch_submit; one that waits is looked at in each tick.
 */
#include "cluster/dispatch.h"

#include "cluster/answer.h"
#include "cluster/attempt.h"
#include "cluster/fate.h"

void
cluster_dispatch_init(ClusterDispatch *d, const ClusterConfig *config, ClusterTopology *topology)
{
	*d = (ClusterDispatch) {.config = config, .topology = topology};
	cluster_strained_init(&d->strained);
	d->statements.on_prepared = cluster_answer_on_prepared;
	d->statements.owner = d;
}

void
cluster_dispatch_free(ClusterDispatch *d)
{
	CORE_ASSERT(cluster_dispatch_idle(d) && d->strained.out == 0);
	cluster_statements_free(&d->statements);
	cql_buffer_free(&d->head);
}

ClusterSubmit
cluster_dispatch_submit(ClusterDispatch *d, ClusterRequest *r)
{
	ClusterAttempt outcome;

	CORE_ASSERT(!r->held && !r->listed);
	r->dispatch = d;
	r->call.on_done = cluster_answer_on_done;
	r->next = NULL;
	r->attempts = 0;
	r->paced = 0;
	r->spent = 0;
	r->overloaded = false;
	r->strained = false;
	r->out = false;
	r->tried = 0;
	r->failed = false;
	r->failure = NULL;
	r->node = NULL;
	r->spread = d->spread;
	r->deadline = cluster_dispatch_now(d) + r->timeout_ms;
	outcome = cluster_attempt(r);
	if (outcome == CLUSTER_ATTEMPT_FULL || outcome == CLUSTER_ATTEMPT_NO_NODE)
		return CLUSTER_BUSY;
	d->spread++;
	r->started = cluster_fate_clock(d);
	CORE_NOTE(r->held = true);
	if (outcome != CLUSTER_ATTEMPT_TAKEN)
		cluster_attempt_later(r, 0);	/* fails in the next tick: a caller is not called back from inside its call */
	return CLUSTER_TAKEN;
}

/* ---- time, end ---- */

static void
send_strained(ClusterDispatch *d)
{
	ClusterRequest *r;

	while ((r = cluster_strained_next(&d->strained, cluster_dispatch_now(d))))
	{
		if (cluster_is_late(r))
			cluster_fate_timeout(r);
		else
			cluster_attempt_settle(r, cluster_attempt(r));
	}
}

void
cluster_dispatch_flush(ClusterDispatch *d)
{
	send_strained(d);
	cluster_place_flush(&d->dirty);
	d->clock = 0;
}

/* Requests that wait for a PREPARE: it may come in time for others. */
static void
expire_preparing(ClusterPrepared *p, uint64_t now)
{
	ClusterLane all = cluster_lane_take_all(&p->waiting);
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)))
	{
		if (now >= r->deadline)
			cluster_fate_timeout(r);
		else
			cluster_lane_append(&p->waiting, r);
	}
}

void
cluster_dispatch_tick(ClusterDispatch *d, uint64_t now)
{
	ClusterLane all = cluster_lane_take_all(&d->waiting);
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)))
	{
		if (now >= r->deadline)
			cluster_fate_timeout(r);
		else if (now < r->due)
			cluster_attempt_later(r, r->due);
		else
			cluster_attempt_settle(r, cluster_attempt(r));
	}
	all = cluster_lane_take_all(&d->strained.lane);
	while ((r = cluster_lane_take(&all)))
	{
		if (now >= r->deadline)
			cluster_fate_timeout(r);
		else
			cluster_lane_append(&d->strained.lane, r);
	}
	for (ClusterPrepared *p = d->statements.pending; p; p = p->next)
		expire_preparing(p, now);
}

void
cluster_dispatch_give_up(ClusterDispatch *d, const ClusterFailure *why)
{
	ClusterLane all = cluster_lane_take_all(&d->waiting);
	ClusterLane strained = cluster_lane_take_all(&d->strained.lane);
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)) || (r = cluster_lane_take(&strained)))
		cluster_fate_undeliverable(r, why);
}

bool
cluster_dispatch_idle(const ClusterDispatch *d)
{
	return !d->waiting.first && !d->strained.lane.first && !d->statements.pending;
}
