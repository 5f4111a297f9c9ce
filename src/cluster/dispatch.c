/*
 * cluster/dispatch.c
 *	  Takes requests to nodes and brings them to their fate.
 *
 * Submitter thread only.
 * Owns: the lanes of waiting requests, the statements, the list of connections to
 * flush. Requests belong to the caller and lie where it put them.
 * Invariants: a request taken completes exactly once, never from inside
 * cluster_dispatch_submit; one whose deadline passed is not sent again; the
 * payload is sent as it is each time, so a retry repeats the same timestamp.
 */
#include "cluster/dispatch.h"

#include "cluster/failure.h"
#include "cluster/fate.h"
#include "cluster/request_head.h"
#include "cluster/trace.h"

#include <stdlib.h>

#define ROOM_PAUSE 5			/* ms until a full node is looked at again */
#define LOSS_PAUSE 50			/* ms until a node that was lost is looked for again */
#define LONGEST_PAUSE 1000		/* ms between two attempts */

typedef enum Attempt
{
	ATTEMPT_TAKEN,				/* in flight or preparing */
	ATTEMPT_FULL,				/* no room now */
	ATTEMPT_NO_NODE,			/* none is up that was not tried */
	ATTEMPT_SENSELESS,			/* the request itself is wrong */
	ATTEMPT_TOO_LARGE,			/* for a frame */
	ATTEMPT_NO_MEMORY
} Attempt;

static void on_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);
static void on_prepared(void *owner, ClusterPrepared *p, NetConnection *c, ClusterLane waiting,
						ClusterPrepareOutcome outcome, const CqlError *error);

void
cluster_dispatch_init(ClusterDispatch *d, const ClusterConfig *config, ClusterTopology *topology)
{
	*d = (ClusterDispatch) {.config = config, .topology = topology};
	cluster_strained_init(&d->strained);
	d->statements.on_prepared = on_prepared;
	d->statements.owner = d;
}

void
cluster_dispatch_free(ClusterDispatch *d)
{
	cluster_statements_free(&d->statements);
	cql_buffer_free(&d->head);
}

static uint64_t
now_of(const ClusterDispatch *d)
{
	return uv_now(d->config->net.loop);
}

/* ---- waiting ---- */

static void
wait_until(ClusterRequest *r, uint64_t due)
{
	r->due = due;
	cluster_lane_append(&r->dispatch->waiting, r);
}

/* ---- one attempt ---- */

static void
mark_dirty(ClusterDispatch *d, ClusterConnection *place)
{
	if (place->dirty)
		return;
	place->dirty = true;
	place->next_dirty = d->dirty;
	d->dirty = place;
}

static bool
is_execution(const ClusterRequest *r)
{
	return r->kind == CLUSTER_EXECUTE || r->kind == CLUSTER_BATCH;
}

static void
count(uint8_t *times)
{
	*times += *times < UINT8_MAX;
}

/* What may be prepared again counts for each node. */
static void
visit(ClusterRequest *r, const ClusterConnection *place)
{
	if (r->node != place->pool->node)
		r->spent &= ~CLUSTER_SPENT_PREPARE;
	r->node = place->pool->node;
}

static Attempt
send_on(ClusterRequest *r, ClusterConnection *place, const ClusterPrepared *p)
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

	if (!cluster_request_head_put(&d->head, r, place->net, p, &tail))
		return ATTEMPT_SENSELESS;
	if (d->head.failed)
		return ATTEMPT_NO_MEMORY;
	head = (CqlBytes) {d->head.data, (int32_t) d->head.len};
	if (d->head.len + (size_t) tail.len > CQL_FRAME_MAX_BODY)
		return ATTEMPT_TOO_LARGE;
	r->call.on_done = on_done;
	r->call.deadline = r->deadline;
	if (!net_connection_send(place->net, &r->call, opcode[r->kind], head, tail))
		return ATTEMPT_FULL;
	visit(r, place);
	r->generation = p ? p->generation : 0;
	count(&r->attempts);
	mark_dirty(d, place);
	return ATTEMPT_TAKEN;
}

/* On this connection, by way of a PREPARE where the node does not know the statement. */
static Attempt
attempt_on(ClusterRequest *r, ClusterConnection *place)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *s;
	ClusterPrepared *p;

	if (!is_execution(r))
		return send_on(r, place, NULL);
	s = cluster_statement_find(&d->statements, r->statement);
	if (!s)
		return ATTEMPT_SENSELESS;
	p = cluster_statement_on(&d->statements, s, place->pool->node);
	if (!p)
		return ATTEMPT_NO_MEMORY;
	if (p->state == CLUSTER_PREPARED_READY)
		return send_on(r, place, p);
	if (p->state == CLUSTER_PREPARED_NONE
		&& !cluster_statement_prepare(p, place->net, now_of(d) + d->config->net.connect_timeout))
		return ATTEMPT_FULL;
	visit(r, place);
	cluster_lane_append(&p->waiting, r);
	return ATTEMPT_TAKEN;
}

static Attempt
attempt(ClusterRequest *r)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *s = NULL;
	ClusterConnection *place;
	ClusterPlan plan;

	if (is_execution(r))
	{
		s = cluster_statement_find(&d->statements, r->statement);
		if (!s)
			return ATTEMPT_SENSELESS;
	}
	plan = cluster_route_plan(d->topology, s, r);
	switch (cluster_route_choose(&plan, r->tried, &place))
	{
		case CLUSTER_CHOSEN:
			return attempt_on(r, place);
		case CLUSTER_ALL_FULL:
			return ATTEMPT_FULL;
		case CLUSTER_NONE_UP:
			break;
	}
	return ATTEMPT_NO_NODE;
}

/* What becomes of a request after an attempt outside of submit. */
static void
settle(ClusterRequest *r, Attempt outcome)
{
	uint64_t	now = now_of(r->dispatch);

	switch (outcome)
	{
		case ATTEMPT_TAKEN:
			break;
		case ATTEMPT_FULL:
			wait_until(r, now + ROOM_PAUSE);
			break;
		case ATTEMPT_NO_NODE:
			r->tried = 0;		/* whichever comes back first */
			wait_until(r, now + LOSS_PAUSE);
			break;
		case ATTEMPT_SENSELESS:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, is_execution(r) ?
										"the statement was never prepared" : "the request is malformed"));
			break;
		case ATTEMPT_TOO_LARGE:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the request is larger than a CQL frame can be"));
			break;
		case ATTEMPT_NO_MEMORY:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_MEMORY, "out of memory"));
			break;
	}
}

ClusterSubmit
cluster_dispatch_submit(ClusterDispatch *d, ClusterRequest *r)
{
	Attempt		outcome;

	r->dispatch = d;
	r->next = NULL;
	r->attempts = 0;
	r->forgotten = 0;
	r->spent = 0;
	r->overloaded = false;
	r->strained = false;
	r->out = false;
	r->tried = 0;
	r->failed = false;
	r->failure = NULL;
	r->node = NULL;
	r->spread = d->spread;
	r->deadline = now_of(d) + r->timeout_ms;
	outcome = attempt(r);
	if (outcome == ATTEMPT_FULL || outcome == ATTEMPT_NO_NODE)
		return CLUSTER_BUSY;
	d->spread++;
	r->started = cluster_fate_clock(d);
	if (outcome != ATTEMPT_TAKEN)
		wait_until(r, 0);		/* fails in the next tick: a caller is not called back from inside its call */
	return CLUSTER_TAKEN;
}

/* ---- again ---- */

/* What a node says is conditional is not, whatever else the request says. */
static bool
may_repeat(const ClusterRequest *r)
{
	const ClusterStatement *s = r->kind == CLUSTER_EXECUTE ?
		cluster_statement_find(&r->dispatch->statements, r->statement) : NULL;

	return (r->idempotent && !(s && s->conditional)) || r->kind == CLUSTER_PREPARE;
}

/* Attempts that a node did nothing for but forget the statement are bounded by the deadline alone. */
static bool
attempts_left(const ClusterRequest *r)
{
	return (uint32_t) (r->attempts - r->forgotten) < r->dispatch->config->max_attempts;
}

static bool
expired(const ClusterRequest *r)
{
	return now_of(r->dispatch) >= r->deadline;
}

/* The node is gone, and repeating is harmless. */
static void
go_elsewhere(ClusterRequest *r)
{
	r->tried |= cluster_route_bit(r->node);
	if (r->dispatch->closing)
		cluster_fate_undeliverable(r, NULL);
	else if (expired(r))
		cluster_fate_timeout(r);
	else
		settle(r, attempt(r));
}

/* Another node would have as hard a time with it. */
static bool
is_too_much(const ClusterRequest *r, const CqlError *error)
{
	return r->divisible && (error->code == CQL_ERR_SERVER || error->code == CQL_ERR_READ_TIMEOUT);
}

static void
take_loss(ClusterRequest *r, NetLoss loss)
{
	if (loss == NET_TIMED_OUT)
	{
		cluster_fate_timeout(r);
		return;
	}
	cluster_fate_forget(r);
	if (loss == NET_UNSENT)
		r->attempts--;			/* it was not sent after all */
	if (cluster_route_loss(loss, may_repeat(r) && !r->divisible, &r->spent) == CLUSTER_VERDICT_FAIL)
		cluster_fate_lost(r, "the request was sent and not answered");
	else if (!attempts_left(r))
		cluster_fate_lost(r, "no attempts are left");
	else
	{
		cluster_trace_add(r->dispatch->config->trace, CLUSTER_EVENT_RETRIED, r->node->name,
						  loss == NET_UNSENT ? "connection lost before it was sent" : "connection lost");
		go_elsewhere(r);
	}
}

/* Next node, else this error is the answer. */
static void
try_next(ClusterRequest *r, const CqlError *error)
{
	Attempt		outcome;

	r->tried |= cluster_route_bit(r->node);
	outcome = attempt(r);
	if (outcome == ATTEMPT_NO_NODE)
		cluster_fate_fail(r, cluster_failure_from_error(r, error));
	else
		settle(r, outcome);
}

/* false: there is no time left, it failed. */
static bool
pause_for(ClusterRequest *r, const CqlError *error)
{
	ClusterDispatch *d = r->dispatch;
	uint32_t	pause = cluster_backoff_delay(r->attempts, d->random);

	r->due = now_of(d) + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
	cluster_fate_forget(r);
	r->failure = cluster_failure_from_error(r, error);
	if (r->due < r->deadline)
		return true;
	cluster_fate_waiting(r);
	return false;
}

static void
try_later(ClusterRequest *r, const CqlError *error)
{
	r->tried |= cluster_route_bit(r->node);
	if (pause_for(r, error))
		wait_until(r, r->due);
}

static void
try_with_fewer(ClusterRequest *r, const CqlError *error)
{
	r->strained = true;
	if (pause_for(r, error))
		cluster_strained_add(&r->dispatch->strained, r);
}

static void
take_error(ClusterRequest *r, NetConnection *c, const CqlError *error, bool repeatable)
{
	ClusterDispatch *d = r->dispatch;
	ClusterVerdict verdict = cluster_route_verdict(error, repeatable, &r->spent);
	ClusterConnection *place = cluster_pool_find(r->node->pool, c);

	r->overloaded |= error->code == CQL_ERR_OVERLOADED;
	if (error->code == CQL_ERR_PROTOCOL)
	{
		cluster_trace_add(d->config->trace, CLUSTER_EVENT_LOST, r->node->name,
						  "closed here, as the node calls the protocol broken");
		net_connection_close(c);	/* the two disagree about what was said: start anew */
	}
	if (d->closing || !attempts_left(r) || expired(r) || !place || is_too_much(r, error))
		verdict = CLUSTER_VERDICT_FAIL;
	if (verdict != CLUSTER_VERDICT_FAIL)
		cluster_trace_error(d->config->trace, r->node->name, error);
	switch (verdict)
	{
		case CLUSTER_VERDICT_FAIL:
			cluster_fate_fail(r, cluster_failure_from_error(r, error));
			break;
		case CLUSTER_VERDICT_PREPARE:
		case CLUSTER_VERDICT_SAME_NODE:
			settle(r, attempt_on(r, place));
			break;
		case CLUSTER_VERDICT_NEXT_NODE:
			try_next(r, error);
			break;
		case CLUSTER_VERDICT_LATER:
			try_later(r, error);
			break;
		case CLUSTER_VERDICT_FEWER:
			try_with_fewer(r, error);
			break;
	}
}

/* ---- answers ---- */

/* false: out of memory. */
static bool
keep_body(ClusterRequest *r, const CqlReader *message)
{
	size_t		n = cql_reader_left(message);

	if (r->room && r->room_size > n)
	{
		r->body = r->room;
		r->body_room = r->room_size;
		r->room = NULL;
	}
	else
	{
		r->body_room = n + n / 8 + 1;	/* the next page is as large, or a little larger */
		r->body = malloc(r->body_room);
	}
	if (!r->body)
		return false;
	memcpy(r->body, message->at, n);
	r->body_length = (uint32_t) n;
	return true;
}

static void
take_result(ClusterRequest *r, NetConnection *c, CqlReader message)
{
	CqlReader	peek = message;
	CqlResultKind kind = cql_response_result_kind(&peek);
	ClusterPrepareOutcome defined = CLUSTER_PREPARE_READY;

	r->version = net_connection_version(c);
	r->has_metadata_id = net_connection_has_metadata_id(c);
	if (r->kind == CLUSTER_PREPARE)
		defined = cluster_statement_define(&r->dispatch->statements, r, c, message);
	if (kind == 0 || defined == CLUSTER_PREPARE_MALFORMED)
		cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the node sent a malformed result"));
	else if (defined == CLUSTER_PREPARE_MEMORY || (kind != CQL_RESULT_VOID && !keep_body(r, &message)))
		cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_MEMORY, "out of memory"));
	else
		cluster_fate_complete(r);
}

/* The statement on the node it was sent to; it was there to be sent. */
static ClusterPrepared *
prepared_of(const ClusterRequest *r)
{
	return cluster_statement_find(&r->dispatch->statements, r->statement)->on[r->node->number];
}

/* The statement that the node misses is not the one it was sent: preparing ours would not end that. */
static bool
misses_other(const ClusterRequest *r, const ClusterPrepared *p, const CqlError *error)
{
	CqlBytes	id = error->unprepared_id;

	return p->generation == r->generation &&
		(id.len != p->id.len || memcmp(id.data, p->id.data, (size_t) id.len) != 0);
}

static void
take_unprepared(ClusterRequest *r, NetConnection *c, const CqlError *error)
{
	ClusterPrepared *p = prepared_of(r);

	if (misses_other(r, p, error))
	{
		cluster_fate_fail(r, cluster_failure_from_error(r, error));
		return;
	}
	if (cluster_statement_forget(p, r->generation))
		cluster_trace_add(r->dispatch->config->trace, CLUSTER_EVENT_FORGOTTEN, r->node->name,
						  "the node had forgotten the statement");
	count(&r->forgotten);
	take_error(r, c, error, may_repeat(r));
}

static void
take_answer(ClusterRequest *r, NetConnection *c, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	message;
	CqlError	error;
	bool		legible = cql_response_prefix(frame, &prefix, &message);

	if (legible && frame->opcode == CQL_OP_RESULT)
		take_result(r, c, message);
	else if (legible && frame->opcode == CQL_OP_ERROR && cql_response_error(message, frame->version, &error))
	{
		if (error.code == CQL_ERR_UNPREPARED && is_execution(r))
			take_unprepared(r, c, &error);
		else
			take_error(r, c, &error, may_repeat(r));
	}
	else
		cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the node sent an answer that makes no sense"));
}

static void
on_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterRequest *r = (ClusterRequest *) call;

	if (loss == NET_ANSWERED)
		take_answer(r, c, frame);
	else
		take_loss(r, loss);
}

/* One of those that waited for a PREPARE. None of them was sent. */
static void
take_prepared(ClusterRequest *r, NetConnection *c, ClusterPrepareOutcome outcome, const CqlError *error)
{
	ClusterConnection *place = cluster_pool_find(r->node->pool, c);

	switch (outcome)
	{
		case CLUSTER_PREPARE_READY:
			if (place && !r->dispatch->closing)
				settle(r, attempt_on(r, place));
			else
				go_elsewhere(r);
			break;
		case CLUSTER_PREPARE_ERROR:
			count(&r->attempts);	/* what bounds the repeating of executions bounds this too */
			take_error(r, c, error, true);
			break;
		case CLUSTER_PREPARE_LOST:
			go_elsewhere(r);
			break;
		case CLUSTER_PREPARE_STALE:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_STALE,
										"the statement's parameters are not what they were when it was prepared"));
			break;
		case CLUSTER_PREPARE_MALFORMED:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the node sent a malformed answer to PREPARE"));
			break;
		case CLUSTER_PREPARE_MEMORY:
			cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_MEMORY, "out of memory"));
			break;
	}
}

static void
on_prepared(void *owner, ClusterPrepared *p, NetConnection *c, ClusterLane waiting,
			ClusterPrepareOutcome outcome, const CqlError *error)
{
	ClusterRequest *r;

	while ((r = cluster_lane_take(&waiting)))
		take_prepared(r, c, outcome, error);
}

/* ---- time, end ---- */

static void
send_strained(ClusterDispatch *d)
{
	ClusterRequest *r;

	while ((r = cluster_strained_next(&d->strained, now_of(d))))
		settle(r, attempt(r));
}

void
cluster_dispatch_flush(ClusterDispatch *d)
{
	send_strained(d);
	while (d->dirty)
	{
		ClusterConnection *place = d->dirty;

		d->dirty = place->next_dirty;
		place->dirty = false;
		if (place->net)
			net_connection_flush(place->net);
	}
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
			cluster_fate_waiting(r);
		else if (now < r->due)
			wait_until(r, r->due);
		else
			settle(r, attempt(r));
	}
	all = cluster_lane_take_all(&d->strained.lane);
	while ((r = cluster_lane_take(&all)))
	{
		if (now >= r->deadline)
			cluster_fate_waiting(r);
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
