/*
 * pipeline/submitter.c
 *	  The background thread: a libuv loop that keeps a bounded window of requests
 *	  in flight and does nothing else.
 *
 * Thread: submitter; submitter_start and submitter_join are the backend's.
 * Owns: the loop, its handles, the cluster, the trace, and every request between
 * channel_take and channel_publish.
 * Invariants: a request is in exactly one place: queue, cluster (in_flight
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

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Resolution of deadlines, and of abandoning, while queued. The timer runs only while something is. */
#define SWEEP_INTERVAL_MS 50

/* Plain counts; copied to the shared counters once per turn. */
typedef struct Tally
{
	uint64_t	requests;
	uint64_t	bytes;
	uint64_t	failures;
	uint64_t	retries;
	uint64_t	stalls;
	uint32_t	peak;
} Tally;

struct Submitter
{
	pthread_t	thread;
	int			ended_fd;		/* eventfd, readable once the thread has nothing more to do */
	Channel    *channel;
	SubmitterCounters *counters;

	/* all below: the submitter's alone once the thread runs */
	uv_loop_t	loop;
	uv_poll_t	wake;			/* of the channel's eventfd */
	uv_prepare_t prepare;
	uv_check_t	check;
	uv_timer_t	sweep;
	ClusterConfig config;
	Cluster    *cluster;		/* NULL: no request yet, or closing */
	bool		stopping;
	RequestList queue;
	RequestList done;
	bool		done_failed;	/* some request in done failed */
	uint32_t	in_flight;
	uint32_t	connections;
	uint32_t	max_in_flight;	/* as configured */
	ClusterWindow window;
	uint8_t		magnitude;		/* of the window, as the trace knows it */
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

/* Answer a request here. failure stays NULL when there is no memory for it: failed alone says so. */
static void
give_back(Submitter *s, ClusterRequest *core, const ClusterFailure *why)
{
	ClusterFailure *failure = malloc(sizeof(*failure));

	if (failure)
	{
		*failure = *why;
		failure->elapsed_ms = (uint32_t) (uv_now(&s->loop) - request_of(core)->queued);
	}
	core->failed = true;
	core->failure = failure;
	s->done_failed = true;
	s->tally.failures++;
	request_list_append(&s->done, core);
}

static void
give_back_unsent(Submitter *s, ClusterRequest *core, ClusterFailureKind kind)
{
	static const char *const message[] = {
		[CLUSTER_FAIL_TIMEOUT] = "deadline passed before the request could be sent",
		[CLUSTER_FAIL_ABANDONED] = "abandoned before it was sent",
		[CLUSTER_FAIL_MEMORY] = "out of memory",
	};
	ClusterFailure why = {.kind = kind};

	snprintf(why.message, sizeof(why.message), "%s", message[kind]);
	give_back(s, core, &why);
}

static void
fail_queue(Submitter *s, const ClusterFailure *why)
{
	ClusterRequest *core;

	while ((core = request_list_pop(&s->queue)))
		give_back(s, core, why);
}

/* A reason not to send a queued request. */
static bool
refused(const Submitter *s, ClusterRequest *core, ClusterFailureKind *kind)
{
	const Request *r = request_of(core);

	if (s->stopping || atomic_load_explicit(&r->chunk->gate->shut, memory_order_relaxed))
		*kind = CLUSTER_FAIL_ABANDONED;
	else if (uv_now(&s->loop) - r->queued >= core->timeout_ms)
		*kind = CLUSTER_FAIL_TIMEOUT;
	else
		return false;
	return true;
}

/* Behind a full window nobody else would look at them. */
static void
sweep_queue(Submitter *s)
{
	RequestList old;
	ClusterRequest *core;
	ClusterFailureKind kind;

	request_list_init(&old);
	request_list_splice(&old, &s->queue);
	while ((core = request_list_pop(&old)))
	{
		if (refused(s, core, &kind))
			give_back_unsent(s, core, kind);
		else
			request_list_append(&s->queue, core);
	}
}

/* ---- the cluster's callbacks ---- */

static void
on_complete(void *owner, ClusterRequest *core)
{
	Submitter  *s = owner;

	s->in_flight--;
	cluster_window_note(&s->window, core->latency, core->overloaded);
	if (core->attempts > 1)
		s->tally.retries += core->attempts - 1u;
	if (core->failed)
	{
		s->done_failed = true;
		s->tally.failures++;
		/* The user waited in the queue as well. */
		if (core->failure)
			core->failure->elapsed_ms = (uint32_t) (uv_now(&s->loop) - request_of(core)->queued);
	}
	request_list_append(&s->done, core);
}

/* The turn that goes on from here tries again by itself; only bad news needs a hand. */
static void
on_room(void *owner)
{
	Submitter  *s = owner;
	const ClusterFailure *down = s->cluster ? cluster_down(s->cluster) : NULL;

	if (down)
		fail_queue(s, down);
}

static bool
cluster_is_open(Submitter *s)
{
	static const ClusterOps ops = {on_complete, on_room};

	if (!s->cluster)
		s->cluster = cluster_open(&s->config, &ops, s);
	return s->cluster != NULL;
}

/* ---- the turn ---- */

/*
 * Its rows are sent from here on, unless the backend has shut the gate meanwhile
 * (false): then it knows of rows that were counted before, and of no others.
 */
static bool
count_sent(Request *r)
{
	Gate	   *gate = r->chunk->gate;
	uint64_t	before = atomic_load_explicit(&gate->sent, memory_order_relaxed);

	if (r->rows == 0)
		return true;
	atomic_store(&gate->sent, before + r->rows);
	if (!atomic_load(&gate->shut))
		return r->counted = true;
	atomic_store_explicit(&gate->sent, before, memory_order_relaxed);
	return false;
}

static void
uncount_sent(Request *r)
{
	Gate	   *gate = r->chunk->gate;

	if (!r->counted)
		return;
	r->counted = false;
	atomic_store_explicit(&gate->sent, atomic_load_explicit(&gate->sent, memory_order_relaxed) - r->rows,
						  memory_order_relaxed);
}

/* Its deadline counts from the queue, so the cluster gets what is left of it. */
static bool
submit_request(Submitter *s, ClusterRequest *core)
{
	uint32_t	timeout = core->timeout_ms;

	if (!count_sent(request_of(core)))
	{
		give_back_unsent(s, core, CLUSTER_FAIL_ABANDONED);
		return true;
	}
	core->timeout_ms = timeout - (uint32_t) (uv_now(&s->loop) - request_of(core)->queued);
	if (cluster_submit(s->cluster, core) == CLUSTER_BUSY)
	{
		uncount_sent(request_of(core));
		core->timeout_ms = timeout;
		return false;
	}
	s->in_flight++;
	s->tally.requests++;
	s->tally.bytes += core->length;
	return true;
}

static void
submit_queue(Submitter *s)
{
	ClusterRequest *core;
	ClusterFailureKind kind;

	while ((core = request_list_pop(&s->queue)))
	{
		if (refused(s, core, &kind))
			give_back_unsent(s, core, kind);
		else if (!cluster_is_open(s))
			give_back_unsent(s, core, CLUSTER_FAIL_MEMORY);
		else if (s->in_flight >= s->window.limit || !submit_request(s, core))
		{
			request_list_push_front(&s->queue, core);
			break;
		}
	}
	if (s->in_flight > s->tally.peak)
		s->tally.peak = s->in_flight;
}

static void
publish_versions(SubmitterCounters *to, ClusterVersions versions)
{
	atomic_store_explicit(&to->topology_version, versions.topology, memory_order_relaxed);
	atomic_store_explicit(&to->schema_version, versions.schema, memory_order_relaxed);
}

static void
publish_counters(const Submitter *s)
{
	SubmitterCounters *to = s->counters;

	atomic_store_explicit(&to->requests, s->tally.requests, memory_order_relaxed);
	atomic_store_explicit(&to->bytes, s->tally.bytes, memory_order_relaxed);
	atomic_store_explicit(&to->failures, s->tally.failures, memory_order_relaxed);
	atomic_store_explicit(&to->retries, s->tally.retries, memory_order_relaxed);
	atomic_store_explicit(&to->in_flight, s->in_flight, memory_order_relaxed);
	atomic_store_explicit(&to->window, s->window.limit, memory_order_relaxed);
	atomic_store_explicit(&to->window_peak, s->tally.peak, memory_order_relaxed);
	atomic_store_explicit(&to->stalls, s->tally.stalls, memory_order_relaxed);
	atomic_store_explicit(&to->connections, s->connections, memory_order_relaxed);
	if (s->cluster)
		publish_versions(to, cluster_versions(s->cluster));
}

static void
publish(Submitter *s)
{
	publish_counters(s);
	channel_publish(s->channel, &s->done, s->done_failed);
	s->done_failed = false;
}

static bool
pressed(const Submitter *s)
{
	return s->queue.head && s->in_flight >= s->window.limit;
}

static void
follow_limit(Submitter *s)
{
	uint32_t	limit = atomic_load_explicit(&limit_of_all, memory_order_relaxed);

	cluster_window_follow(&s->window, limit > 0 ? limit : s->max_in_flight, uv_now(&s->loop));
}

static void
heed_strain(Submitter *s)
{
	if (s->cluster)
		cluster_window_strain(&s->window, cluster_strains(s->cluster, s->window.limit), uv_now(&s->loop));
}

static void
turn(Submitter *s)
{
	follow_limit(s);
	heed_strain(s);
	submit_queue(s);
	if (s->cluster)
		cluster_flush(s->cluster);
	cluster_window_turn(&s->window, pressed(s), uv_now(&s->loop));
	cluster_trace_window(s->trace, "", s->window.limit, &s->magnitude);
	publish(s);
}

static void
on_sweep(uv_timer_t *timer)
{
	Submitter  *s = timer->data;

	sweep_queue(s);
	if (!s->queue.head)
		uv_timer_stop(timer);
}

static void
on_prepare(uv_prepare_t *prepare)
{
	Submitter  *s = prepare->data;

	turn(s);
	if (s->queue.head && !uv_is_active((uv_handle_t *) &s->sweep))
		uv_timer_start(&s->sweep, on_sweep, SWEEP_INTERVAL_MS, SWEEP_INTERVAL_MS);
}

static void
on_check(uv_check_t *check)
{
	Submitter  *s = check->data;

	turn(s);
	if (pressed(s))
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

/* Whatever waits, and whether or not there is a cluster: now is when somebody wants to know. */
static void
answer_trace(Submitter *s, ClusterRequest *core)
{
	cluster_trace_answer(s->trace, core);
	s->done_failed |= core->failed;
	request_list_append(&s->done, core);
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
		if (r->core.kind == CLUSTER_TRACE)
			answer_trace(s, &r->core);
		else
			request_list_append(&s->queue, &r->core);
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
	uint64_t	one = 1;
	ssize_t		put;

	uv_run(&s->loop, UV_RUN_DEFAULT);
	/* The last touch: from here on submitter_join may free it. A fresh eventfd takes any count. */
	put = write(s->ended_fd, &one, sizeof(one));
	(void) put;
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

/* Signal handlers are the backend's: the new thread inherits a mask that lets none in. */
static int
start_thread(Submitter *s)
{
	sigset_t	all;
	sigset_t	old;
	int			rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&s->thread, NULL, submitter_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void
free_submitter(Submitter *s)
{
	if (s->ended_fd >= 0)
		close(s->ended_fd);
	cluster_trace_free(s->trace);
	free(s);
}

Submitter *
submitter_start(const SubmitterConfig *config, Channel *ch, SubmitterCounters *counters)
{
	Submitter  *s = calloc(1, sizeof(*s));
	int			rc;

	if (!s)
		return NULL;
	s->channel = ch;
	s->ended_fd = eventfd(0, EFD_CLOEXEC);
	rc = s->ended_fd < 0 ? -errno : 0;
	s->trace = cluster_trace_new();
	if (rc == 0)
		rc = s->trace ? open_loop(s) : -ENOMEM;
	if (rc != 0)
	{
		free_submitter(s);
		errno = -rc;			/* libuv's errors are negated errnos */
		return NULL;
	}
	s->counters = counters;
	s->config = config->cluster;
	s->config.net.loop = &s->loop;
	s->config.net.connections = &s->connections;
	s->config.trace = s->trace;
	request_list_init(&s->queue);
	request_list_init(&s->done);
	s->max_in_flight = config->max_in_flight;
	cluster_window_init(&s->window, s->max_in_flight, uv_now(&s->loop));
	publish_counters(s);

	rc = start_thread(s);
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

static uint64_t
now_ms(void)
{
	return uv_hrtime() / 1000000;
}

static bool
ended_within(const Submitter *s, uint32_t timeout_ms)
{
	struct pollfd ended = {.fd = s->ended_fd, .events = POLLIN};
	uint64_t	deadline = now_ms() + timeout_ms;
	uint64_t	now = now_ms();
	int			rc;

	/* A signal, with its handler in this very thread, must not cut the wait short. */
	do
	{
		rc = poll(&ended, 1, (int) (deadline - now));
		now = now_ms();
	} while (rc < 0 && errno == EINTR && now < deadline);
	return rc > 0;
}

bool
submitter_join(Submitter *s, uint32_t timeout_ms)
{
	if (!ended_within(s, timeout_ms))
	{
		pthread_detach(s->thread);
		return false;
	}
	pthread_join(s->thread, NULL);
	uv_loop_close(&s->loop);
	free_submitter(s);
	return true;
}
