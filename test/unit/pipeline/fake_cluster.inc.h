/*
 * A cluster that does as it is told: the functions of cluster/cluster.h without
 * a network. Included by a test file, so that the definitions here are linked
 * and those of the library are not.
 *
 * fake_plan is written before client_open. fake_order is what the test may change
 * while the loop runs, followed by fake_tell(). fake_log is what the loop's thread
 * saw; fake_await() waits until it saw it.
 */
#ifndef FAKE_CLUSTER_INC_H
#define FAKE_CLUSTER_INC_H

#include "cluster/changes.h"
#include "cluster/cluster.h"

#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

typedef enum FakeSequence
{
	FAKE_FORWARD,
	FAKE_REVERSE,
	FAKE_RANDOM
} FakeSequence;

typedef struct FakePlan
{
	FakeSequence sequence;		/* of the answers to what came in one turn */
	uint32_t	delay_ms;		/* answers come that much later, from a timer; 0: in the next poll */
	uint32_t	fail_every;		/* each nth request fails with fail_code */
	uint32_t	fail_code;
	uint32_t	silent_every;	/* each nth is never answered, and meets its deadline */
	bool		connecting;		/* all waits for fake_order.connected, or fails with .down */
	bool		hold;			/* answers only what fake_order.release allows */
	bool		echo;			/* the answer's body is the request's payload; every second one has warnings, too */
	bool		open_fails;
	bool		never_closes;
} FakePlan;

typedef struct FakeOrder
{
	_Atomic uint32_t release;	/* answers allowed so far */
	_Atomic bool connected;
	_Atomic bool down;
	_Atomic bool lose;			/* what is in flight is lost */
	_Atomic uint32_t strains;	/* writes that failed and are repeated */
} FakeOrder;

typedef struct FakeLog
{
	_Atomic uint32_t opened;
	_Atomic uint32_t closed;
	_Atomic uint32_t taken;
	_Atomic uint32_t completed; /* of those taken */
	_Atomic uint32_t waiting;	/* while connecting */
	_Atomic uint32_t in_flight_max;
	_Atomic uint32_t flushes;	/* of something */
	_Atomic uint32_t allowed;	/* repeated ones in flight */
	_Atomic uint32_t broken_rules;	/* submitted from a callback, flushed twice between two polls */
	_Atomic uint32_t handles;	/* of the whole loop, when the cluster is closed */
	_Atomic uint64_t callback_ns;	/* spent in on_complete */
	_Atomic uintptr_t stack_low;	/* deepest and highest frame that called on_complete */
	_Atomic uintptr_t stack_high;
} FakeLog;

static FakePlan fake_plan;
static FakeOrder fake_order;
static FakeLog fake_log;
static uv_async_t *_Atomic fake_async;	/* NULL while no cluster is open */

#define FAKE_IN_FLIGHT_MAX 65536
#define FAKE_TICK_MS 5
#define FAKE_HANDLES 5

struct Cluster
{
	const ClusterOps *ops;
	void	   *owner;
	void		(*done) (void *owner);
	FakePlan	plan;
	uv_loop_t  *loop;
	uv_async_t	async;
	uv_timer_t	tick;
	uv_timer_t	delay;
	uv_prepare_t prepare;
	uv_check_t	check;
	int			open_handles;
	bool		in_callback;
	bool		dirty;
	bool		flushed;		/* since the last poll */
	uint32_t	random;
	uint32_t	answered;
	uint64_t	last;			/* uv_now ms of the last answer */
	uint32_t	nqueued;
	uint32_t	nsilent;
	uint32_t	nwaiting;
	uint32_t	nunwanted;
	ClusterRequest *queued[FAKE_IN_FLIGHT_MAX];
	ClusterRequest *silent[FAKE_IN_FLIGHT_MAX];
	ClusterRequest *waiting[FAKE_IN_FLIGHT_MAX];	/* while connecting */
	ClusterRequest *unwanted[FAKE_IN_FLIGHT_MAX];
};

/* ---- for the test's thread ---- */

static inline void
fake_reset(void)
{
	memset(&fake_plan, 0, sizeof(fake_plan));
	memset(&fake_order, 0, sizeof(fake_order));
	memset(&fake_log, 0, sizeof(fake_log));
	fake_log.stack_low = UINTPTR_MAX;
}

static inline void
fake_tell(void)
{
	uv_async_t *async = fake_async;

	if (async)
		uv_async_send(async);
}

static inline void
fake_release(uint32_t more)
{
	fake_order.release += more;
	fake_tell();
}

#define FAKE_AWAIT_NS (20 * UINT64_C(1000000000))

static inline void
fake_await(_Atomic uint32_t *counter, uint32_t value)
{
	uint64_t	deadline = uv_hrtime() + FAKE_AWAIT_NS;

	while (*counter < value)
	{
		if (uv_hrtime() > deadline)
			fail_msg("waited for %u in vain, got %u", value, *counter);
		sched_yield();
	}
}

/* ---- answers; the loop's thread ---- */

static uint32_t
fake_in_flight(const Cluster *c)
{
	return c->nqueued + c->nsilent;
}

static ClusterFailure *
fake_failure(ClusterFailureKind kind, uint32_t code)
{
	ClusterFailure *failure = calloc(1, sizeof(*failure));

	failure->kind = kind;
	failure->code = code;
	snprintf(failure->message, sizeof(failure->message), "ordered failure %u", code);
	return failure;
}

static void
fake_note_stack(void)
{
	uintptr_t	here = (uintptr_t) __builtin_frame_address(0);

	if (here < fake_log.stack_low)
		fake_log.stack_low = here;
	if (here > fake_log.stack_high)
		fake_log.stack_high = here;
}

static void
fake_complete(Cluster *c, ClusterRequest *r, ClusterFailure *failure)
{
	uint64_t	before = uv_hrtime();

	r->latency = before - r->started;
	r->failed = failure != NULL;
	r->failure = failure;
	if (c->plan.echo && fake_log.completed % 2 == 0)	/* whoever releases it frees them: leaks are seen with
														 * sanitizers */
		r->warnings = calloc(1, sizeof(*r->warnings));
	if (!failure && c->plan.echo && r->length > 0)
	{
		r->body = malloc(r->length);
		r->body_room = r->length;
		memcpy(r->body, r->payload, r->length);
		r->body_length = r->length;
	}
	fake_note_stack();
	fake_log.completed += r->attempts > 0;
	c->in_callback = true;
	c->ops->on_complete(c->owner, r);
	c->in_callback = false;
	fake_log.callback_ns += uv_hrtime() - before;
}

static void
fake_answer(Cluster *c, ClusterRequest *r)
{
	uint32_t	every = c->plan.fail_every;
	bool		fails;

	c->answered++;
	c->last = uv_now(c->loop);
	fails = every && c->answered % every == 0;
	fake_complete(c, r, fails ? fake_failure(CLUSTER_FAIL_CQL, c->plan.fail_code) : NULL);
}

static uint32_t
fake_next_random(Cluster *c)
{
	c->random = c->random * 1664525 + 1013904223;
	return c->random >> 8;
}

static void
fake_shuffle(Cluster *c, ClusterRequest **r, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i++)
	{
		uint32_t	j = c->plan.sequence == FAKE_REVERSE ? n - 1 - i : i + fake_next_random(c) % (n - i);
		ClusterRequest *swap = r[i];

		if (c->plan.sequence == FAKE_REVERSE && j <= i)
			break;
		r[i] = r[j];
		r[j] = swap;
	}
}

static void
fake_deliver(Cluster *c)
{
	uint32_t	n = c->nqueued;

	if (c->plan.hold && n > fake_order.release - c->answered)
		n = fake_order.release - c->answered;
	if (c->plan.sequence != FAKE_FORWARD)
		fake_shuffle(c, c->queued, n);
	for (uint32_t i = 0; i < n; i++)
		fake_answer(c, c->queued[i]);
	c->nqueued -= n;
	memmove(c->queued, c->queued + n, c->nqueued * sizeof(c->queued[0]));
}

static void
fake_fail_all(Cluster *c, ClusterRequest **r, uint32_t *n, ClusterFailureKind kind, uint32_t code)
{
	uint32_t	all = *n;

	*n = 0;
	for (uint32_t i = 0; i < all; i++)
		fake_complete(c, r[i], fake_failure(kind, code));
}

static void
fake_lose_all(Cluster *c)
{
	fake_fail_all(c, c->queued, &c->nqueued, CLUSTER_FAIL_LOST, 0);
	fake_fail_all(c, c->silent, &c->nsilent, CLUSTER_FAIL_LOST, 0);
}

static void
fake_expire(Cluster *c, ClusterRequest **r, uint32_t *n)
{
	uint32_t	kept = 0;

	for (uint32_t i = 0; i < *n; i++)
	{
		if (r[i]->deadline <= uv_now(c->loop))
			fake_complete(c, r[i], fake_failure(CLUSTER_FAIL_TIMEOUT, 0));
		else
			r[kept++] = r[i];
	}
	*n = kept;
}

static void
fake_take(Cluster *c, ClusterRequest *r)
{
	if (!c->ops->may_send(c->owner, r))
	{
		c->unwanted[c->nunwanted++] = r;
		return;
	}
	r->attempts = 1;
	fake_log.taken++;
	if (c->plan.silent_every && fake_log.taken % c->plan.silent_every == 0)
		c->silent[c->nsilent++] = r;
	else
		c->queued[c->nqueued++] = r;
	if (fake_in_flight(c) > fake_log.in_flight_max)
		fake_log.in_flight_max = fake_in_flight(c);
}

static void
fake_connect(Cluster *c)
{
	c->plan.connecting = false;
	for (uint32_t i = 0; i < c->nwaiting; i++)
		fake_take(c, c->waiting[i]);
	c->nwaiting = 0;
}

static void
fake_go_down(Cluster *c)
{
	ClusterFailure *down = fake_failure(CLUSTER_FAIL_CONNECT, 7);

	fake_fail_all(c, c->waiting, &c->nwaiting, CLUSTER_FAIL_CONNECT, 7);
	c->in_callback = true;
	c->ops->on_down(c->owner, down);
	c->in_callback = false;
	free(down);
}

static void
fake_obey(Cluster *c)
{
	if (atomic_exchange(&fake_order.lose, false))
		fake_lose_all(c);
	if (atomic_exchange(&fake_order.connected, false))
		fake_connect(c);
	if (atomic_exchange(&fake_order.down, false))
		fake_go_down(c);
}

static void
fake_serve(Cluster *c)
{
	fake_obey(c);
	fake_deliver(c);
	fake_fail_all(c, c->unwanted, &c->nunwanted, CLUSTER_FAIL_ABANDONED, 0);
}

static void
fake_on_async(uv_async_t *h)
{
	Cluster    *c = h->data;

	if (c->done)
		return;
	if (c->plan.delay_ms == 0)
		fake_serve(c);
	else if (!uv_is_active((uv_handle_t *) &c->delay))
		uv_timer_again(&c->delay);
}

static void
fake_on_delay(uv_timer_t *h)
{
	Cluster    *c = h->data;

	uv_timer_stop(h);
	fake_serve(c);
}

static void
fake_on_tick(uv_timer_t *h)
{
	Cluster    *c = h->data;

	fake_expire(c, c->silent, &c->nsilent);
	if (c->plan.hold)
		fake_expire(c, c->queued, &c->nqueued);
}

/* Started after the submitter's own, these run before them. */
static void
fake_on_prepare(uv_prepare_t *h)
{
	((Cluster *) h->data)->flushed = false;
}

static void
fake_on_check(uv_check_t *h)
{
	((Cluster *) h->data)->flushed = false;
}

/* ---- cluster.h ---- */

Cluster *
cluster_open(const ClusterConfig *config, const ClusterOps *ops, void *owner)
{
	Cluster    *c;

	fake_log.opened++;
	if (fake_plan.open_fails)
		return NULL;
	c = calloc(1, sizeof(*c));
	c->ops = ops;
	c->owner = owner;
	c->plan = fake_plan;
	c->loop = config->net.loop;
	c->random = 42;
	c->open_handles = FAKE_HANDLES;
	uv_async_init(c->loop, &c->async, fake_on_async);
	uv_timer_init(c->loop, &c->tick);
	uv_timer_init(c->loop, &c->delay);
	uv_prepare_init(c->loop, &c->prepare);
	uv_check_init(c->loop, &c->check);
	c->async.data = c->tick.data = c->delay.data = c->prepare.data = c->check.data = c;
	/* No tick that is not needed: it would wake a loop that forgot to look at its timers' work. */
	if (c->plan.hold || c->plan.silent_every)
		uv_timer_start(&c->tick, fake_on_tick, FAKE_TICK_MS, FAKE_TICK_MS);
	uv_timer_start(&c->delay, fake_on_delay, c->plan.delay_ms, c->plan.delay_ms);
	uv_timer_stop(&c->delay);
	uv_prepare_start(&c->prepare, fake_on_prepare);
	uv_check_start(&c->check, fake_on_check);
	fake_async = &c->async;
	fake_tell();
	return c;
}

void
cluster_submit(Cluster *c, ClusterRequest *r)
{
	if (c->in_callback)
		fake_log.broken_rules++;
	r->attempts = 0;
	r->started = uv_hrtime();
	r->deadline = uv_now(c->loop) + r->timeout_ms;
	r->next = (ClusterRequest *) c; /* ours until on_complete: whoever follows it is wrong */
	c->dirty = true;
	if (c->plan.connecting)
	{
		c->waiting[c->nwaiting++] = r;
		fake_log.waiting++;
	}
	else
		fake_take(c, r);
}

void
cluster_begin(Cluster *c)
{
}

void
cluster_flush(Cluster *c)
{
	if (c->flushed)
		fake_log.broken_rules++;
	c->flushed = true;
	if (!c->dirty)
		return;
	c->dirty = false;
	fake_log.flushes++;
	uv_async_send(&c->async);
}

void
cluster_limit(Cluster *c, uint32_t limit, bool fixed)
{
	fake_log.allowed = limit;
}

uint32_t
cluster_strains(const Cluster *c)
{
	return fake_order.strains;
}

ClusterLoad
cluster_load(const Cluster *c)
{
	return (ClusterLoad) {.in_flight = fake_in_flight(c), .answered = c->last};
}

void
cluster_answer_changes(const Cluster *c, ClusterRequest *request)
{
	static const ClusterChanges none = {0};

	cluster_changes_answer(&none, request);
}

ClusterVersions
cluster_versions(const Cluster *c)
{
	return (ClusterVersions) {.topology = c->answered, .schema = c->answered + 1};
}

static void
fake_on_handle_closed(uv_handle_t *h)
{
	Cluster    *c = h->data;

	if (--c->open_handles > 0)
		return;
	fake_log.closed++;
	c->done(c->owner);
	free(c);
}

static void
fake_count_handle(uv_handle_t *h, void *count)
{
	(*(uint32_t *) count)++;
}

static void
fake_on_close(uv_timer_t *h)
{
	Cluster    *c = h->data;
	uint32_t	handles = 0;

	fake_lose_all(c);
	fake_fail_all(c, c->waiting, &c->nwaiting, CLUSTER_FAIL_ABANDONED, 0);
	fake_fail_all(c, c->unwanted, &c->nunwanted, CLUSTER_FAIL_ABANDONED, 0);
	uv_walk(c->loop, fake_count_handle, &handles);
	fake_log.handles = handles;
	uv_close((uv_handle_t *) &c->async, fake_on_handle_closed);
	uv_close((uv_handle_t *) &c->tick, fake_on_handle_closed);
	uv_close((uv_handle_t *) &c->delay, fake_on_handle_closed);
	uv_close((uv_handle_t *) &c->prepare, fake_on_handle_closed);
	uv_close((uv_handle_t *) &c->check, fake_on_handle_closed);
}

void
cluster_close(Cluster *c, void (*done) (void *owner))
{
	c->done = done;
	fake_async = NULL;
	if (c->plan.never_closes)
		return;
	uv_timer_stop(&c->tick);
	uv_timer_start(&c->delay, fake_on_close, 0, 0);
}

#endif							/* FAKE_CLUSTER_INC_H */
