/*
 * pipeline/submitter.c
 *	  The background thread: a libuv loop that hands requests to the cluster, and
 *	  their fates back.
 *
 * Thread: submitter; submitter_start and submitter_join are the backend's.
 * Owns: the loop, its handles, the cluster, the trace, and every request between
 * channel_take and channel_publish.
 * Invariants: a request is in exactly one place: queue, cluster (taken
 * counts those), done, or published. cluster_submit is called from turn() alone,
 * never from a callback of the cluster. Each request taken is published once,
 * also when the loop is told to stop.
 *
 * turn() runs as check handler, right behind the poll that brought replies and
 * wake-ups, and as prepare handler, for what timers and closing handles completed
 * outside of the poll: the loop must not go to sleep on it.
 *
 *	 running --on_wake: stop--> closing cluster --on_cluster_closed--> ended
 *
 * Completion callbacks only append. A callback that sends the next request itself
 * does the most expensive work at the worst place, one request at a time. Here slots
 * are refilled, and sockets written, once per turn for all that came in.
 *
 * The cluster takes whatever there is, and decides for each of its places how much is
 * in flight. How much waits there is bounded by the limits of the pipelines that
 * submit (max_in_flight_bytes). The queue here holds what a ceiling keeps back.
 *
 * The submitter gives the backend a turn before it takes what was submitted. If both
 * share a core, to be woken is to interrupt the backend, and each chunk would go
 * alone. sched_yield made vectors 1.3 times as fast there, and single-row INSERTs of
 * one transaction 1.5 times; look-ups cost the same.
 *
 * The setting max_in_flight is one number for all submitters of the process
 * (submitter_limit_all). Each of them looks at it every turn.
 */
#include "pipeline/submitter.h"

#include "cluster/cluster.h"
#include "cluster/trace.h"
#include "net/loop.h"
#include "net/tls_context.h"
#include "pipeline/ceiling.h"
#include "pipeline/thread.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Resolution of deadlines, and of abandoning, while queued. The timer runs only while something is. */
#define SWEEP_INTERVAL_MS 50

struct Submitter
{
	Thread		thread;
	Channel    *channel;
	SubmitterCounters *counters;

	/* all below: the submitter's alone once the thread runs */
	CoreThread	owner;
	uv_loop_t	loop;
	uv_poll_t	wake;			/* of the channel's eventfd */
	uv_prepare_t prepare;
	uv_check_t	check;
	uv_timer_t	sweep;
	ClusterConfig config;
	Cluster    *cluster;		/* NULL: no request yet, or closing */
	bool		stopping;
	ClusterLane queue;			/* what the ceiling holds back */
	uint32_t	taken;			/* requests that the cluster has */
	uint64_t	answered;		/* uv_now ms when a node last answered; 0: never */
	ClusterLane done;
	bool		done_failed;	/* some request in done failed */
	bool		pressed;		/* at the end of the turn, requests waited because of a window or the ceiling */
	Ceiling		ceiling;
	ClusterTrace *trace;
	Tally		tally;
};

static _Atomic uint32_t limit_of_all;	/* of all submitters of the process, set by the backend; 0: each its own */

void
submitter_limit_all(uint32_t max_in_flight)
{
	atomic_store_explicit(&limit_of_all, max_in_flight, memory_order_relaxed);
}

static inline Request *
request_of(ClusterRequest *core)
{
	return (Request *) core;	/* core is its first member */
}

/* ---- requests that are not sent ---- */

/* Answer a request here. failure stays NULL when memory for it is out: failed alone says so. */
static void
give_back(Submitter *s, ClusterRequest *core, const ClusterFailure *why)
{
	ClusterFailure *failure = malloc(sizeof(*failure));

	if (failure)
	{
		*failure = *why;
		failure->elapsed_ms = (uint32_t) (uv_now(&s->loop) - request_of(core)->queued);
	}
	CORE_ASSERT(!core->held);
	core->failed = true;
	core->failure = failure;
	s->done_failed = true;
	s->tally.failures++;
	cluster_lane_append(&s->done, core);
}

static void
give_back_unsent(Submitter *s, ClusterRequest *core, ClusterFailureKind kind)
{
	ClusterFailure why = {.kind = kind};

	if (kind == CLUSTER_FAIL_TIMEOUT)
		snprintf(why.message, sizeof(why.message), "nothing was answered within %u ms while the request waited to be sent, behind %u in flight",
				 core->timeout_ms, s->taken);
	else
		snprintf(why.message, sizeof(why.message), "%s",
				 kind == CLUSTER_FAIL_MEMORY ? "out of memory" : "abandoned before it was sent");
	give_back(s, core, &why);
}

static bool
is_unwanted(const Submitter *s, const ClusterRequest *core)
{
	return s->stopping || gate_is_shut(((const Request *) core)->chunk->gate);
}

/* A reason not to send a queued request. As long as anything is answered, its turn will come. */
static bool
refused(const Submitter *s, ClusterRequest *core, ClusterFailureKind *kind)
{
	const Request *r = request_of(core);
	uint64_t	since = r->queued > s->answered ? r->queued : s->answered;

	if (is_unwanted(s, core))
		*kind = CLUSTER_FAIL_ABANDONED;
	else if (uv_now(&s->loop) - since >= core->timeout_ms)
		*kind = CLUSTER_FAIL_TIMEOUT;
	else
		return false;
	return true;
}

/* Behind a ceiling nobody else would look at them. */
static void
sweep_queue(Submitter *s)
{
	ClusterLane old = cluster_lane_take_all(&s->queue);
	ClusterRequest *core;
	ClusterFailureKind kind;

	while ((core = cluster_lane_take(&old)))
	{
		if (refused(s, core, &kind))
			give_back_unsent(s, core, kind);
		else
			cluster_lane_append(&s->queue, core);
	}
}

/* ---- the cluster's callbacks ---- */

/* false: the backend knows of the rows that were sent before, and of no others. */
static bool
count_sent(Request *r)
{
	if (r->counted || r->rows == 0)
		return !gate_is_shut(r->chunk->gate);
	return r->counted = gate_pass(r->chunk->gate, r->rows);
}

static void
uncount_sent(Request *r)
{
	if (!r->counted)
		return;
	r->counted = false;
	gate_take_back(r->chunk->gate, r->rows);
}

static void
on_complete(void *owner, ClusterRequest *core)
{
	Submitter  *s = owner;

	CORE_ASSERT(core_thread_is_mine(&s->owner));
	CORE_ASSERT(s->taken > 0);
	s->taken--;
	ceiling_note(&s->ceiling);
	if (core->attempts > 1)
		s->tally.retries += core->attempts - 1u;
	if (core->failed)
	{
		if (core->attempts == 0)
			uncount_sent(request_of(core));
		s->done_failed = true;
		s->tally.failures++;
		/* The user waited in the queue as well. */
		if (core->failure)
			core->failure->elapsed_ms = (uint32_t) (uv_now(&s->loop) - request_of(core)->queued);
	}
	cluster_lane_append(&s->done, core);
}

static bool
may_send(void *owner, ClusterRequest *core)
{
	return count_sent(request_of(core));
}

static bool
is_wanted(void *owner, const ClusterRequest *core)
{
	return !is_unwanted(owner, core);
}

/* What the ceiling held back was to follow what failed. */
static void
on_down(void *owner, const ClusterFailure *why)
{
	Submitter  *s = owner;
	ClusterRequest *core;

	CORE_ASSERT(core_thread_is_mine(&s->owner));
	while ((core = cluster_lane_take(&s->queue)))
		give_back(s, core, why);
}

/* Where connections are to be encrypted, there is no cluster without what encrypts them. */
static bool
tls_is_open(Submitter *s)
{
	NetConfig  *net = &s->config.net;

	if (net->tls.mode == NET_SSL_DISABLE)
		return true;
	if (!net->tls_context)
		net->tls_context = net_tls_context_open(&net->tls);
	return net->tls_context != NULL;
}

static bool
cluster_is_open(Submitter *s)
{
	static const ClusterOps ops = {
		.on_complete = on_complete,
		.may_send = may_send,
		.is_wanted = is_wanted,
		.on_down = on_down,
	};

	if (!s->cluster && tls_is_open(s))
		s->cluster = cluster_open(&s->config, &ops, s);
	return s->cluster != NULL;
}

/* ---- the turn ---- */

static void
submit_queue(Submitter *s)
{
	ClusterRequest *core;
	ClusterFailureKind kind;

	while (s->taken < s->ceiling.limit && (core = cluster_lane_take(&s->queue)))
	{
		if (refused(s, core, &kind))
			give_back_unsent(s, core, kind);
		else if (!cluster_is_open(s))
			give_back_unsent(s, core, CLUSTER_FAIL_MEMORY);
		else
		{
			s->taken++;
			s->tally.requests++;
			s->tally.bytes += core->length;
			cluster_submit(s->cluster, core);
		}
	}
}

static void
note_load(Submitter *s)
{
	ClusterLoad load = cluster_load(s->cluster);

	s->answered = load.answered;
	s->tally.in_flight = load.in_flight;
	s->pressed = load.pressed || (s->queue.first && s->taken >= s->ceiling.limit);
	if (load.in_flight > s->tally.peak)
		s->tally.peak = load.in_flight;
}

static void
publish_counters(const Submitter *s)
{
	counters_publish(s->counters, &s->tally);
	if (s->cluster)
		counters_publish_versions(s->counters, cluster_versions(s->cluster));
}

static void
publish(Submitter *s)
{
	publish_counters(s);
	channel_publish(s->channel, &s->done, s->done_failed);
	s->done_failed = false;
}

static void
follow_limit(Submitter *s)
{
	uint32_t	limit = atomic_load_explicit(&limit_of_all, memory_order_relaxed);

	ceiling_follow(&s->ceiling, limit > 0 ? limit : s->config.max_in_flight);
}

static void
heed_strain(Submitter *s)
{
	if (!s->cluster)
		return;
	ceiling_strain(&s->ceiling, cluster_strains(s->cluster), uv_now(&s->loop));
	cluster_limit(s->cluster, s->ceiling.limit, s->ceiling.fixed > 0);
}

/* The backend may sleep for what does not come without. */
static void
call_for_sockets(Submitter *s)
{
	NetSockets *sockets = s->config.net.sockets;

	if (sockets->call)
		channel_poke(s->channel);
	sockets->call = false;
}

static void
turn(Submitter *s)
{
	CORE_ASSERT(core_thread_is_mine(&s->owner));
	follow_limit(s);
	heed_strain(s);
	submit_queue(s);
	if (s->cluster)
	{
		cluster_flush(s->cluster);
		note_load(s);
	}
	ceiling_turn(&s->ceiling);
	publish(s);
	call_for_sockets(s);
}

static void
on_sweep(uv_timer_t *timer)
{
	Submitter  *s = timer->data;

	sweep_queue(s);
	if (!s->queue.first)
		uv_timer_stop(timer);
}

static void
on_prepare(uv_prepare_t *prepare)
{
	Submitter  *s = prepare->data;

	turn(s);
	if (s->queue.first && !uv_is_active((uv_handle_t *) &s->sweep))
		uv_timer_start(&s->sweep, on_sweep, SWEEP_INTERVAL_MS, SWEEP_INTERVAL_MS);
}

static void
on_check(uv_check_t *check)
{
	Submitter  *s = check->data;

	turn(s);
	if (s->pressed)
		s->tally.stalls++;
}

/* ---- wake-ups, stop ---- */

static void
close_handles(Submitter *s)
{
	uv_close((uv_handle_t *) &s->wake, NULL);
	uv_close((uv_handle_t *) &s->prepare, NULL);
	uv_close((uv_handle_t *) &s->check, NULL);
	uv_close((uv_handle_t *) &s->sweep, NULL);
}

static void
on_cluster_closed(void *owner)
{
	Submitter  *s = owner;

	publish(s);
	/* Each request taken was published. */
	CORE_ASSERT(s->taken == 0 && !s->queue.first && !s->done.first);
	close_handles(s);
}

static void
begin_stop(Submitter *s)
{
	Cluster    *cluster = s->cluster;

	s->stopping = true;
	s->cluster = NULL;
	sweep_queue(s);
	if (cluster)
		cluster_close(cluster, on_cluster_closed);
	else
		on_cluster_closed(s);
}

/*
 * Whatever waits: now is when somebody wants to know. Of a change asks who has seen the cluster count one, so without a cluster
 * the submitter is about to stop.
 */
static void
answer_at_once(Submitter *s, ClusterRequest *core)
{
	if (core->kind == CLUSTER_TRACE)
		cluster_trace_answer(s->trace, core);
	else
		cluster_answer_changes(s->cluster, core);
	s->done_failed |= core->failed;
	cluster_lane_append(&s->done, core);
}

static void
queue_chunk(Submitter *s, Chunk *c)
{
	uint64_t	now = uv_now(&s->loop);

	for (uint32_t i = 0; i < c->count; i++)
	{
		Request    *r = &c->request[i];

		r->core.payload = c->bytes.data + r->offset;
		r->queued = now;
		if (r->core.kind == CLUSTER_TRACE || (r->core.kind == CLUSTER_CHANGES && s->cluster))
			answer_at_once(s, &r->core);
		else
			cluster_lane_append(&s->queue, &r->core);
	}
}

static void
on_wake(uv_poll_t *wake, int status, int events)
{
	Submitter  *s = wake->data;
	ChunkList	taken;
	Chunk	   *c;
	bool		stop;

	/*
	 * Where both threads share a core, the backend goes on, and what it submits
	 * meanwhile is taken along: else each chunk would be a turn of its own.
	 */
	if (s->cluster)
		cluster_begin(s->cluster);
	sched_yield();
	chunk_list_init(&taken);
	stop = channel_take(s->channel, &taken);
	while ((c = chunk_list_pop(&taken)))
		queue_chunk(s, c);
	if (stop && !s->stopping)
		begin_stop(s);
}

static void *
submitter_main(void *arg)
{
	Submitter  *s = arg;

	core_thread_take(&s->owner);
	core_thread_take(&s->channel->submitter);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	net_tls_context_close(s->config.net.tls_context);
	/* The last touch: from here on submitter_join may free the submitter. */
	thread_ended(&s->thread);
	return NULL;
}

/* ---- the backend's ---- */

static int
open_loop(Submitter *s)
{
	int			rc = net_loop_init(&s->loop);

	if (rc != 0)
		return rc;
	rc = uv_poll_init(&s->loop, &s->wake, s->channel->submitter_fd);
	if (rc == 0)
		rc = uv_poll_start(&s->wake, UV_READABLE, on_wake);
	if (rc != 0)
	{
		uv_loop_close(&s->loop);
		return rc;
	}
	uv_prepare_init(&s->loop, &s->prepare);
	uv_check_init(&s->loop, &s->check);
	uv_timer_init(&s->loop, &s->sweep);
	s->wake.data = s->prepare.data = s->check.data = s->sweep.data = s;
	uv_prepare_start(&s->prepare, on_prepare);
	uv_check_start(&s->check, on_check);
	return 0;
}

static void
free_submitter(Submitter *s)
{
	thread_destroy(&s->thread);
	cluster_trace_free(s->trace);
	free(s);
}

/* 0, or an errno; libuv's errors are negated errnos. */
static int
init_submitter(Submitter *s)
{
	int			rc = thread_init(&s->thread);

	s->trace = cluster_trace_new();
	if (rc == 0)
		rc = s->trace ? -open_loop(s) : ENOMEM;
	if (rc != 0)
		free_submitter(s);
	return rc;
}

Submitter *
submitter_start(const ClusterConfig *config, Channel *ch, SubmitterCounters *counters, NetSockets *sockets)
{
	Submitter  *s = calloc(1, sizeof(*s));
	int			rc;

	if (!s)
		return NULL;
	s->channel = ch;
	rc = init_submitter(s);
	if (rc != 0)
	{
		errno = rc;
		return NULL;
	}
	s->counters = counters;
	s->config = *config;
	s->config.net.loop = &s->loop;
	s->config.net.sockets = sockets;
	s->config.trace = s->trace;
	ceiling_init(&s->ceiling, s->config.max_in_flight);
	publish_counters(s);

	rc = thread_start(&s->thread, submitter_main, s);
	if (rc != 0)
	{
		close_handles(s);
		uv_run(&s->loop, UV_RUN_DEFAULT);
		uv_loop_close(&s->loop);
		free_submitter(s);
		errno = rc;
		return NULL;
	}
	return s;
}

bool
submitter_join(Submitter *s, uint32_t timeout_ms)
{
	if (!thread_join(&s->thread, timeout_ms))
		return false;
	uv_loop_close(&s->loop);
	free_submitter(s);
	return true;
}
