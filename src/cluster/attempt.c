/*
 * cluster/attempt.c
 *	  One attempt of a request.
 *
 * Submitter thread only.
 * Owns: nothing; the list of places to flush is the dispatch's.
 * Invariants: a request whose attempt was taken is in flight or in the lane of a
 * PREPARE, and nowhere else; none is sent behind its deadline; the payload is sent
 * as it is each time, so a retry repeats the same timestamp.
 */
#include "cluster/attempt.h"

#include "cluster/failure.h"
#include "cluster/fate.h"
#include "cluster/request_head.h"
#include "cluster/route.h"

#define ROOM_PAUSE 5			/* ms until a full node is looked at again */
#define LOSS_PAUSE 50			/* ms until a node that was lost is looked for again */

void
cluster_attempt_later(ClusterRequest *r, uint64_t due)
{
	r->due = due;
	cluster_lane_append(&r->dispatch->waiting, r);
}

/* What may be prepared again counts for each node. */
static void
visit(ClusterRequest *r, const ClusterPlace *place)
{
	if (r->node != place->node)
		r->spent &= ~CLUSTER_SPENT_PREPARE;
	r->node = place->node;
}

static ClusterAttempt
send_on(ClusterRequest *r, ClusterPlace *place, const ClusterPrepared *p)
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
	r->call.deadline = r->deadline;
	if (!net_connection_send(place->net, &r->call, opcode[r->kind], head, tail))
		return CLUSTER_ATTEMPT_FULL;
	visit(r, place);
	r->generation = p ? p->generation : 0;
	cluster_count(&r->attempts);
	cluster_place_mark_dirty(place, &d->dirty);
	return CLUSTER_ATTEMPT_TAKEN;
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
	if (p->state == CLUSTER_PREPARED_NONE
		&& !cluster_statement_prepare(p, place->net, cluster_dispatch_now(d) + d->config->net.connect_timeout))
		return CLUSTER_ATTEMPT_FULL;
	visit(r, place);
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
	switch (cluster_route_choose(&plan, r->tried, &place))
	{
		case CLUSTER_CHOSEN:
			return s ? execute_on(r, place, s) : send_on(r, place, NULL);
		case CLUSTER_ALL_FULL:
			return CLUSTER_ATTEMPT_FULL;
		case CLUSTER_NONE_UP:
			break;
	}
	return CLUSTER_ATTEMPT_NO_NODE;
}

void
cluster_attempt_settle(ClusterRequest *r, ClusterAttempt outcome)
{
	uint64_t	now = cluster_dispatch_now(r->dispatch);

	switch (outcome)
	{
		case CLUSTER_ATTEMPT_TAKEN:
			break;
		case CLUSTER_ATTEMPT_FULL:
			cluster_attempt_later(r, now + ROOM_PAUSE);
			break;
		case CLUSTER_ATTEMPT_NO_NODE:
			r->tried = 0;		/* whichever comes back first */
			cluster_attempt_later(r, now + LOSS_PAUSE);
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
