/*
 * cluster/answer.c
 *	  What an answer means for its request, and what the lack of one.
 *
 * Submitter thread only.
 * Owns: nothing; the body and the warnings that it copies are the request's.
 * Invariants: each answer, and each loss, ends in one fate or in one further
 * attempt; a request whose deadline passed is not sent again.
 */
#include "cluster/answer.h"

#include "cluster/attempt.h"
#include "cluster/failure.h"
#include "cluster/fate.h"
#include "cluster/route.h"
#include "cluster/second.h"
#include "cluster/suspect.h"
#include "cluster/trace.h"
#include "cluster/warning.h"

#include <stdlib.h>

#define LONGEST_PAUSE 1000		/* ms between two attempts */

/* ---- again ---- */

/* What a node says is conditional is not, whatever else the request says. */
bool
cluster_answer_may_repeat(const ClusterRequest *r)
{
	const ClusterStatement *s = r->kind == CLUSTER_EXECUTE ?
		cluster_statement_find(&r->dispatch->statements, r->statement) : NULL;

	return (r->idempotent && !(s && s->conditional)) || r->kind == CLUSTER_PREPARE;
}

/* Attempts that more time may mend are bounded by the deadline alone. */
static bool
attempts_left(const ClusterRequest *r)
{
	return (uint32_t) (r->attempts - r->paced) < r->dispatch->config->max_attempts;
}

/* The node is gone, and repeating is harmless. */
static void
go_elsewhere(ClusterRequest *r)
{
	r->tried |= cluster_route_bit(r->place->node);
	if (r->dispatch->closing)
		cluster_fate_undeliverable(r, NULL);
	else
		cluster_attempt_again(r);
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
		cluster_suspect_doubt(r->dispatch, r->place, &r->call);
		cluster_fate_timeout(r);
		return;
	}
	cluster_fate_forget(r);
	if (loss == NET_UNSENT)
		r->attempts--;			/* it was not sent after all */
	if (cluster_route_loss(loss, cluster_answer_may_repeat(r) && !r->divisible, &r->spent) == CLUSTER_VERDICT_FAIL)
		cluster_fate_lost(r, "the request was sent and not answered");
	else if (!attempts_left(r))
		cluster_fate_lost(r, "no attempts are left");
	else
	{
		cluster_trace_add(r->dispatch->config->trace, CLUSTER_EVENT_RETRIED, r->place->node->name,
						  loss == NET_UNSENT ? "connection lost before it was sent" : "connection lost");
		go_elsewhere(r);
	}
}

/* Next node, else this error is the answer. */
static void
try_next(ClusterRequest *r, const CqlError *error)
{
	ClusterAttempt outcome;

	r->tried |= cluster_route_bit(r->place->node);
	outcome = cluster_attempt(r);
	if (outcome == CLUSTER_ATTEMPT_NO_NODE)
		cluster_fate_fail(r, cluster_failure_from_error(r, error));
	else
		cluster_attempt_settle(r, outcome);
}

/* false: there is no time left, it failed. */
static bool
pause_for(ClusterRequest *r, const CqlError *error)
{
	ClusterDispatch *d = r->dispatch;
	uint32_t	pause = cluster_backoff_delay(r->attempts, d->random);

	r->due = cluster_dispatch_now(d) + (pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE);
	cluster_fate_forget(r);
	r->failure = cluster_failure_from_error(r, error);
	if (r->due < r->deadline)
		return true;
	cluster_fate_timeout(r);
	return false;
}

/* but: one more node that it has tried. */
static void
try_later(ClusterRequest *r, const CqlError *error, uint64_t but)
{
	r->tried |= but;
	if (pause_for(r, error))
		cluster_attempt_later(r, r->due);
}

static void
try_with_fewer(ClusterRequest *r, const CqlError *error)
{
	r->strained = true;
	if (pause_for(r, error))
		cluster_strained_add(&r->dispatch->strained, r);
}

/* There is too much to do for now: fewer requests at a time are better. */
static bool
is_overload(const CqlError *error)
{
	return error->code == CQL_ERR_OVERLOADED || error->code == CQL_ERR_RATE_LIMIT || error->code == CQL_ERR_WRITE_TIMEOUT;
}

/* The place that a request was sent from, as long as it still has that connection. NULL: it has another one, or none. */
static ClusterPlace *
place_with(const ClusterRequest *r, const NetConnection *c)
{
	return r->place->net == c ? r->place : NULL;
}

static void
take_error(ClusterRequest *r, NetConnection *c, const CqlError *error, bool repeatable)
{
	ClusterDispatch *d = r->dispatch;
	ClusterVerdict verdict = cluster_route_verdict(error, repeatable, &r->spent);
	ClusterPlace *place = place_with(r, c);

	if (is_overload(error))
		cluster_window_overloaded(&r->place->window);
	if (verdict == CLUSTER_VERDICT_LATER || error->code == CQL_ERR_UNPREPARED)
		cluster_count(&r->paced);
	if (error->code == CQL_ERR_PROTOCOL)
	{
		cluster_trace_add(d->config->trace, CLUSTER_EVENT_LOST, r->place->node->name,
						  "closed here, as the node calls the protocol broken");
		net_connection_close(c);	/* the two disagree about what was said: start anew */
	}
	if (d->closing || !attempts_left(r) || cluster_is_late(r) || !place || is_too_much(r, error))
		verdict = CLUSTER_VERDICT_FAIL;
	if (verdict != CLUSTER_VERDICT_FAIL)
		cluster_trace_error(d->config->trace, r->place->node->name, error);
	switch (verdict)
	{
		case CLUSTER_VERDICT_FAIL:
			cluster_fate_fail(r, cluster_failure_from_error(r, error));
			break;
		case CLUSTER_VERDICT_PREPARE:
		case CLUSTER_VERDICT_SAME_NODE:
			cluster_attempt_settle(r, cluster_attempt_on(r, place));
			break;
		case CLUSTER_VERDICT_NEXT_NODE:
			try_next(r, error);
			break;
		case CLUSTER_VERDICT_SAME_LATER:
			try_later(r, error, 0);
			break;
		case CLUSTER_VERDICT_LATER:
			try_later(r, error, cluster_route_bit(place->node));
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
	return cluster_statement_find(&r->dispatch->statements, r->statement)->on[r->place->node->number];
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
		cluster_trace_add(r->dispatch->config->trace, CLUSTER_EVENT_FORGOTTEN, r->place->node->name,
						  "the node had forgotten the statement");
	take_error(r, c, error, cluster_answer_may_repeat(r));
}

/* Of an attempt that was followed by this one. */
static void
forget_warnings(ClusterRequest *r)
{
	free(r->warnings);
	r->warnings = NULL;
}

/* The place was not that of the row, or its shard was not. */
static void
take_payload(ClusterRequest *r, const CqlPrefix *prefix)
{
	ClusterDispatch *d = r->dispatch;
	const ClusterStatement *s = cluster_is_execution(r) ? cluster_statement_find(&d->statements, r->statement) : NULL;
	CqlTablet	tablet;

	switch (cql_tablet_of(prefix, &tablet))
	{
		case CQL_TABLET_NONE:
			break;
		case CQL_TABLET_FOUND:
			r->misrouted = true;
			if (s && s->table.keyspace)
				(void) cluster_topology_learn(d->topology, s->table.keyspace, s->table.name, &tablet);
			break;
		case CQL_TABLET_BROKEN:
			cluster_trace_add(d->config->trace, CLUSTER_EVENT_REFUSED, r->place->node->name,
							  "what it tells of a tablet makes no sense");
			break;
	}
}

static void
take_answer(ClusterRequest *r, NetConnection *c, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	message;
	CqlError	error;
	bool		legible = cql_response_prefix(frame, &prefix, &message);

	if (legible && prefix.npayload > 0)
		take_payload(r, &prefix);
	if (legible && prefix.nwarnings > 0)
		r->warnings = cluster_warnings_new(&prefix, r->place->node->name);
	if (legible && frame->opcode == CQL_OP_RESULT)
		take_result(r, c, message);
	else if (legible && frame->opcode == CQL_OP_ERROR && cql_response_error(message, frame->version, &error))
	{
		if (error.code == CQL_ERR_UNPREPARED && cluster_is_execution(r))
			take_unprepared(r, c, &error);
		else
			take_error(r, c, &error, cluster_answer_may_repeat(r));
	}
	else
		cluster_fate_fail(r, cluster_failure_new(r, CLUSTER_FAIL_PROTOCOL, "the node sent an answer that makes no sense"));
}

/* What was sent more than once does not tell how long the answer took. */
static void
note_answer(const ClusterRequest *r)
{
	uint64_t	latency = r->attempts == 1 ? cluster_fate_clock(r->dispatch) - r->started : 0;

	cluster_health_note(&r->place->health, latency);
	cluster_window_note(&r->place->window, latency);
}

/* An answer is not due any more: it would have taken longer than this. */
static void
note_overtaken(const ClusterRequest *r)
{
	uint64_t	latency = cluster_fate_clock(r->dispatch) - r->started;

	if (r->place->health.latency < latency)
		r->place->health.latency = latency;
	cluster_suspect_doubt(r->dispatch, r->place, &r->call);
}

static bool
is_result(NetLoss loss, const CqlFrame *frame)
{
	return loss == NET_ANSWERED && frame->opcode == CQL_OP_RESULT;
}

static void
take_end(ClusterRequest *r, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	if (r->warnings)
		forget_warnings(r);
	if (loss == NET_ANSWERED)
		take_answer(r, c, frame);
	else
		take_loss(r, loss);
}

void
cluster_answer_on_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterRequest *r = (ClusterRequest *) call;

	cluster_leave_place(r);
	if (loss == NET_ANSWERED)
		note_answer(r);
	if (r->second && !is_result(loss, frame))
		return;
	take_end(r, c, loss, frame);
}

/* An answer that is no RESULT, or none: what the first attempt brings counts, as long as it may bring something. */
void
cluster_answer_on_second_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	ClusterRequest *r = ((ClusterSecond *) call)->request;
	ClusterPlace *place = ((ClusterSecond *) call)->place;

	if (loss == NET_ANSWERED)
		cluster_health_note(&place->health, 0);
	if (r->there && !is_result(loss, frame))
	{
		cluster_second_end(r);
		return;
	}
	if (r->there)
		note_overtaken(r);
	cluster_second_promote(r);
	take_end(r, c, loss, frame);
}

/* One of those that waited for a PREPARE. None of them was sent. */
static void
take_prepared(ClusterRequest *r, NetConnection *c, ClusterPrepareOutcome outcome, const CqlError *error)
{
	ClusterPlace *place = place_with(r, c);

	cluster_leave_place(r);
	if (outcome != CLUSTER_PREPARE_LOST)
		cluster_health_note(&r->place->health, 0);
	switch (outcome)
	{
		case CLUSTER_PREPARE_READY:
			if (place && !r->dispatch->closing && !cluster_is_late(r))
				cluster_attempt_settle(r, cluster_attempt_on(r, place));
			else
				go_elsewhere(r);
			break;
		case CLUSTER_PREPARE_ERROR:
			cluster_count(&r->attempts);	/* what bounds the repeating of executions bounds this too */
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

void
cluster_answer_on_prepared(void *owner, ClusterPrepared *p, NetConnection *c, ClusterLane waiting,
						   ClusterPrepareOutcome outcome, const CqlError *error)
{
	ClusterRequest *r;

	while ((r = cluster_lane_take(&waiting)))
		take_prepared(r, c, outcome, error);
}
