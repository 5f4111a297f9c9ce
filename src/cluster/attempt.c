/*
 * cluster/attempt.c
 *	  One attempt of a request.
 *
 * Submitter thread only.
 * Owns: nothing; the lists of places are the dispatch's.
 * Invariants: a request whose attempt was taken is in flight, in the lane of a
 * PREPARE, or in that of a place, and nowhere else; none is sent behind its deadline;
 * the payload is sent as it is each time, so a retry repeats the same timestamp.
 */
#include "cluster/attempt.h"

#include "cluster/failure.h"
#include "cluster/fate.h"
#include "cluster/request_head.h"
#include "cluster/route.h"

#define LOSS_PAUSE 50			/* ms until a node that was lost is looked for again */

void
cluster_attempt_later(ClusterRequest *r, uint64_t due)
{
	r->due = due;
	cluster_lane_append(&r->dispatch->waiting, r);
}

static void
begin(ClusterRequest *r)
{
	r->started = cluster_fate_clock(r->dispatch);
	r->deadline = cluster_dispatch_now(r->dispatch) + r->timeout_ms;
}

/* It is in flight there from now on. What may be prepared again counts for each node. */
static void
arrive(ClusterRequest *r, ClusterPlace *place)
{
	ClusterDispatch *d = r->dispatch;

	CORE_ASSERT(!r->there);
	if (!cluster_is_begun(r))
		begin(r);
	if (r->place != place)
		r->spent &= ~CLUSTER_SPENT_PREPARE;
	cluster_set_place(r, place);
	r->there = true;
	place->in_flight++;
	d->in_flight++;
	cluster_place_activate(place, &d->active);
}

ClusterAttempt
cluster_attempt_put(ClusterRequest *r, NetCall *call, ClusterPlace *place, const ClusterPrepared *p)
{
	static const uint8_t opcode[] = {
		[CLUSTER_QUERY] = CQL_OP_QUERY,
		[CLUSTER_PREPARE] = CQL_OP_PREPARE,
		[CLUSTER_EXECUTE] = CQL_OP_EXECUTE,
		[CLUSTER_BATCH] = CQL_OP_BATCH,
	};
	ClusterDispatch *d = r->dispatch;
	CqlBytes	head;
	CqlBytes	tail;

	CORE_ASSERT(!cluster_is_late(r));
	if (!cluster_request_head_put(&d->head, r, place->net, p, &tail))
		return CLUSTER_ATTEMPT_SENSELESS;
	if (d->head.failed)
		return CLUSTER_ATTEMPT_NO_MEMORY;
	head = (CqlBytes) {d->head.data, (int32_t) d->head.len};
	if (d->head.len + (size_t) tail.len > CQL_FRAME_MAX_BODY)
		return CLUSTER_ATTEMPT_TOO_LARGE;
	if (!d->ops->may_send(d->owner, r))
		return CLUSTER_ATTEMPT_UNWANTED;
	if (!cluster_is_begun(r))
		begin(r);
	call->deadline = r->deadline;
	call->sent = (uint32_t) cluster_dispatch_now(d);
	if (!net_connection_send(place->net, call, opcode[r->kind], head, tail))
		return CLUSTER_ATTEMPT_FULL;
	d->sent++;
	cluster_count(&r->attempts);
	cluster_place_mark_dirty(place, &d->dirty);
	return CLUSTER_ATTEMPT_TAKEN;
}

static ClusterAttempt
send_on(ClusterRequest *r, ClusterPlace *place, const ClusterPrepared *p)
{
	ClusterAttempt outcome = cluster_attempt_put(r, &r->call, place, p);

	if (outcome != CLUSTER_ATTEMPT_TAKEN)
		return outcome;
	arrive(r, place);
	r->generation = p ? p->generation : 0;
	return outcome;
}

/* Who waits for one that is silent goes elsewhere before it is over (cluster/patience). */
bool
cluster_attempt_prepare(const ClusterDispatch *d, ClusterPrepared *p, ClusterPlace *place)
{
	uint64_t	now = cluster_dispatch_now(d);

	return cluster_statement_prepare(p, place->net, now, now + d->config->net.connect_timeout);
}

/* By way of a PREPARE, where the node does not know the statement. */
static ClusterAttempt
execute_on(ClusterRequest *r, ClusterPlace *place, ClusterStatement *s)
{
	ClusterDispatch *d = r->dispatch;
	ClusterPrepared *p = cluster_statement_on(&d->statements, s, place->node);

	if (!p)
		return CLUSTER_ATTEMPT_NO_MEMORY;
	if (p->state == CLUSTER_PREPARED_READY)
		return send_on(r, place, p);
	if (p->state == CLUSTER_PREPARED_NONE && !cluster_attempt_prepare(d, p, place))
		return CLUSTER_ATTEMPT_FULL;
	arrive(r, place);
	cluster_lane_append(&p->waiting, r);
	return CLUSTER_ATTEMPT_TAKEN;
}

ClusterAttempt
cluster_attempt_on(ClusterRequest *r, ClusterPlace *place)
{
	ClusterStatement *s;

	if (!cluster_is_execution(r))
		return send_on(r, place, NULL);
	s = cluster_statement_find(&r->dispatch->statements, r->statement);
	return s ? execute_on(r, place, s) : CLUSTER_ATTEMPT_SENSELESS;
}

/* What was sent before goes first: its time runs. */
static void
join_lane(ClusterRequest *r, ClusterPlace *place)
{
	if (cluster_is_begun(r))
		cluster_lane_push(&place->lane, r);
	else
		cluster_lane_append(&place->lane, r);
	cluster_place_activate(place, &r->dispatch->active);
}

/* At once where there is room, and nobody waits for it who is to go first. */
static ClusterAttempt
go(ClusterRequest *r, ClusterPlace *place, ClusterStatement *s)
{
	ClusterAttempt outcome = CLUSTER_ATTEMPT_FULL;

	if ((!place->lane.first || cluster_is_begun(r)) && cluster_place_has_room(place) && cluster_may_go(r))
		outcome = s ? execute_on(r, place, s) : send_on(r, place, NULL);
	if (outcome != CLUSTER_ATTEMPT_FULL)
		return outcome;
	join_lane(r, place);
	return CLUSTER_ATTEMPT_TAKEN;
}

ClusterAttempt
cluster_attempt(ClusterRequest *r)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *s = NULL;
	ClusterPlace *place;
	ClusterPlan plan;

	if (cluster_is_execution(r))
	{
		s = cluster_statement_find(&d->statements, r->statement);
		if (!s)
			return CLUSTER_ATTEMPT_SENSELESS;
	}
	plan = cluster_route_plan(d->topology, s, r);
	plan.loop = d->config->net.loop;
	plan.random = d->random;
	plan.harmless = r->idempotent && !plan.ordered;
	place = cluster_route_choose(&plan, r->tried);
	if (place && place->pool->nplaces > 1)
		r->misrouted |= !cluster_route_owns(&plan, place);
	if (place && !place->widened && cluster_place_is_busy(place))
		place->widened = !cluster_route_widen(&plan, r->tried);
	return place ? go(r, place, s) : CLUSTER_ATTEMPT_NO_NODE;
}

/* Whichever node comes back first. */
static void
await_node(ClusterRequest *r)
{
	r->tried = 0;
	if (cluster_is_begun(r))
		cluster_attempt_later(r, cluster_dispatch_now(r->dispatch) + LOSS_PAUSE);
	else
		cluster_lane_append(&r->dispatch->unplaced, r);
}

void
cluster_attempt_settle(ClusterRequest *r, ClusterAttempt outcome)
{
	switch (outcome)
	{
		case CLUSTER_ATTEMPT_TAKEN:
			break;
		case CLUSTER_ATTEMPT_FULL:
			join_lane(r, r->place);
			break;
		case CLUSTER_ATTEMPT_NO_NODE:
			await_node(r);
			break;
		case CLUSTER_ATTEMPT_UNWANTED:
			cluster_fate_abandoned(r);
			break;
		case CLUSTER_ATTEMPT_SENSELESS:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, cluster_is_execution(r) ?
													 "the statement was never prepared" : "the request is malformed"));
			break;
		case CLUSTER_ATTEMPT_TOO_LARGE:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the request is larger than a CQL frame can be"));
			break;
		case CLUSTER_ATTEMPT_NO_MEMORY:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_MEMORY, "out of memory"));
			break;
	}
}

void
cluster_attempt_again(ClusterRequest *r)
{
	if (cluster_is_late(r))
		cluster_fate_timeout(r);
	else
		cluster_attempt_settle(r, cluster_attempt(r));
}

void
cluster_attempt_first(ClusterRequest *r)
{
	ClusterAttempt outcome = cluster_attempt(r);

	if (outcome == CLUSTER_ATTEMPT_NO_NODE)
		await_node(r);
	else if (outcome != CLUSTER_ATTEMPT_TAKEN)
		cluster_attempt_later(r, cluster_dispatch_now(r->dispatch));
}
