/*
 * cluster/window.c
 *	  How many requests may be in flight at a place. The rule is told in the header;
 *	  its grid of slots is cluster/window_slot, its judgement cluster/window_evidence.
 *
 * Submitter thread only.
 * Owns: nothing.
 * Invariants: width is within CLUSTER_WINDOW_MIN and _MAX, less only after a node
 * refused; limit is width or floor, the higher one, halved in the slot.
 *
 * Rates are counts of answers over the stamps of turns, never latencies: those tell of
 * requests that were sent under an earlier width. A clock that jumps leaves a part of a
 * tick before its end, or enters one behind its beginning: what was measured is void.
 *
 * A newcomer sees its share of the node grow with its window, however full the node is.
 * So start ends at FIRST, until a slot that all sessions share has told more, unless
 * answers take less than SHORT, which bounds the queue that newcomers can make. Other ways
 * around that which were tried (going on while latency stays, however long it is, a first
 * slot that is judged alone) let 64 sessions of one node drive each other up.
 */
#include "cluster/window.h"

#include "cql/invariant.h"


/* In start. */
#define GROWN_LATENCY 1.5
#define GROWN_RATE 1.25
#define STRIKES 3
#define SHORT 2000000			/* ns: a queue of so long is in nobody's way */

/* In ticks. Others fill the node's queue: clients that do not halve with us. */
#define CROWD_LATENCY 2.5
#define NO_RAISE_LATENCY 3
#define FAR_TOO_SMALL 0.68		/* ratio */
#define FORGET_TURNS 8
#define LONGEST_TURN UINT64_C(100000000)	/* ns; a machine that slept is no turn */

static inline uint32_t
at_least(uint32_t value, uint32_t floor)
{
	return value > floor ? value : floor;
}

static inline uint32_t
at_most(uint32_t value, uint32_t ceiling)
{
	return value < ceiling ? value : ceiling;
}

/* ---- parts of a tick, and of start ---- */

static bool
is_rate(ClusterSlotPart part)
{
	return part == CLUSTER_SLOT_HALF_RATE || part == CLUSTER_SLOT_FULL_RATE;
}

static void
set_limit(ClusterWindow *w)
{
	bool		halved = w->part == CLUSTER_SLOT_HALF_SETTLE || w->part == CLUSTER_SLOT_HALF_RATE;
	uint32_t	width = cluster_window_width(w);

	w->limit = halved ? at_least(width / 2, 1) : width;
}

static void
enter(ClusterWindow *w, ClusterSlotPart part, bool whole, uint64_t now, uint64_t span)
{
	w->part = part;
	w->whole = whole;
	w->pressed = false;
	w->since = now;
	w->span = span;
	w->from = w->done;
	w->idle = 0;
	w->timed = 0;
	w->latency = 0;
	set_limit(w);
}

/* The part under way. Its rate is not known where nobody waited for the window, or most of it was idle. */
static ClusterWindowRate
measure(const ClusterWindow *w, uint64_t now)
{
	ClusterWindowRate r = {0};
	int64_t		time = (int64_t) (now - w->since - w->idle);

	if (w->pressed && time > 0 && w->idle < (uint64_t) time)
		r.rate = (double) (w->done - w->from) / (double) time;
	if (w->timed > 0)
		r.latency = (double) w->latency / (double) w->timed;
	return r;
}

/* What was told under another width tells nothing of this one. */
static void
forget(ClusterWindow *w)
{
	w->evidence.count = 0;
	w->before.rate = 0;
}

/* The length of a turn as a moment meets it: one of 20 ms among 20 of 1 ms counts for half. */
static double
long_turn(const ClusterWindow *w)
{
	return w->turns > 0 ? w->turn_squares / w->turns : 0;
}

static void
follow_class(ClusterWindow *w)
{
	uint8_t		class = cluster_slot_class(w->class, w->delay, long_turn(w));

	if (class != w->class)
		w->before.rate = 0;
	w->class = class;
}

static void
enter_tick(ClusterWindow *w, uint64_t now)
{
	uint64_t	tick = cluster_slot_length(w->class) * CLUSTER_SLOTS_OF_TICK;
	uint64_t	left;
	ClusterSlotPart part = cluster_slot_part(w->class, now, &left);
	/* a clock that went back makes it late by ages */
	bool		in_order = !w->starting && part == (w->part + 1) % (CLUSTER_SLOT_FULL_RATE + 1) && now - w->since - w->span < tick;

	if (!in_order)
		w->before.rate = w->half.rate = 0;
	w->starting = false;
	enter(w, part, in_order && (w->whole || is_rate(w->part)), now, left);
}

/* ---- start ---- */

static void
begin_start(ClusterWindow *w, uint64_t now)
{
	forget(w);
	w->starting = true;
	w->best = (ClusterWindowRate) {0};
	w->strikes = 0;
	enter(w, CLUSTER_SLOT_FULL_SETTLE, true, now, 0);
}

void
cluster_window_init(ClusterWindow *w)
{
	*w = (ClusterWindow) {.width = CLUSTER_WINDOW_START};
	begin_start(w, 0);
}

/* What was learnt long ago may hold no more. */
static void
restart(ClusterWindow *w, uint64_t now)
{
	w->width = at_most(w->width, CLUSTER_WINDOW_FIRST);
	w->floor = 0;
	w->rate = 0;
	w->base = 0;
	w->allowed = false;
	w->refused = 0;
	begin_start(w, now);
}

static void
begin_ticks(ClusterWindow *w, uint64_t now)
{
	follow_class(w);
	enter_tick(w, now);
}

/* The last doubling brought something: the rate grew, and more than latency did. */
static bool
start_pays(const ClusterWindow *w, ClusterWindowRate r)
{
	if (w->best.rate == 0)
		return true;
	return r.rate >= w->best.rate * GROWN_RATE && r.latency <= w->best.latency * GROWN_LATENCY;
}

/* Twice as wide, or on to ticks. A long turn of anybody spoils a round: it is measured again. */
static void
leave_round(ClusterWindow *w, ClusterWindowRate r, uint64_t now)
{
	bool		pays = start_pays(w, r);

	w->delay = r.latency;
	if (w->best.rate == 0 || r.latency < w->best.latency)
		w->best.latency = r.latency;
	if (pays)
		w->best.rate = r.rate;
	else if (++w->strikes < STRIKES)
	{
		enter(w, CLUSTER_SLOT_FULL_RATE, true, now, 0);
		return;
	}
	w->strikes = 0;
	w->width = pays ? at_most(w->width * 2, CLUSTER_WINDOW_MAX) : at_least(w->width / 2, CLUSTER_WINDOW_MIN);
	if (!pays || w->width == CLUSTER_WINDOW_MAX || (w->width >= CLUSTER_WINDOW_FIRST && !w->allowed && r.latency > SHORT))
		begin_ticks(w, now);
	else
		enter(w, CLUSTER_SLOT_FULL_SETTLE, true, now, 0);
}

static void
start_turn(ClusterWindow *w, uint64_t now)
{
	ClusterWindowRate r;

	if (w->done - w->from < w->width)
		return;
	r = measure(w, now);
	if (w->part == CLUSTER_SLOT_FULL_RATE && r.rate > 0)
		leave_round(w, r, now);
	else
		enter(w, CLUSTER_SLOT_FULL_RATE, true, now, 0);
}

/* ---- ticks ---- */

/* A long turn of ours must not leave the node without work, however small the window could be. */
static void
set_floor(ClusterWindow *w, double rate)
{
	double		floor;

	w->rate = rate;
	floor = 2 * rate * long_turn(w);
	w->floor = floor < CLUSTER_WINDOW_MAX ? (uint32_t) floor : CLUSTER_WINDOW_MAX;
}

/* Half of the window between the whole of it before and after. */
static void
add_evidence(ClusterWindow *w, double after)
{
	cluster_evidence_add(&w->evidence, w->half.rate / ((w->before.rate + after) / 2));
	if (w->base == 0)
		w->base = w->half.latency;
	else
		w->base += (w->half.latency - w->base) / (w->half.latency < w->base ? 4 : 50);
}

static void
end_of_tick(ClusterWindow *w, ClusterWindowRate r)
{
	if (w->before.rate > 0 && w->half.rate > 0 && r.rate > 0)
		add_evidence(w, r.rate);
	w->before = r;
	w->half.rate = 0;
	if (r.latency > 0)
		w->delay = r.latency;
	if (r.rate > 0)
		set_floor(w, r.rate > w->rate ? r.rate : w->rate + (r.rate - w->rate) / 4);
	follow_class(w);
	w->turns -= w->turns / FORGET_TURNS;
	w->turn_squares -= w->turn_squares / FORGET_TURNS;
}

/* The first slot may tell that start ended far too early. */
static bool
wants_start(ClusterWindow *w)
{
	if (w->allowed || w->width < CLUSTER_WINDOW_FIRST)
		return false;
	w->allowed = true;
	return w->evidence.ratio[0] < FAR_TOO_SMALL;
}

/* At the beginning of a tick. */
static void
decide(ClusterWindow *w, uint64_t now)
{
	uint32_t	full = cluster_window_width(w); /* the evidence is about it */
	uint32_t	width = full;

	if (w->width < CLUSTER_WINDOW_MIN)
	{
		/* It refused, and perhaps does so no more. */
		w->width++;
		forget(w);
	}
	if (w->evidence.count == 0)
		return;
	if (wants_start(w))
	{
		w->width = at_most(full * 2, CLUSTER_WINDOW_MAX);
		begin_start(w, now);
		return;
	}
	if (!cluster_evidence_judge(&w->evidence, cluster_slot_tick(w->class, now), w->delay > CROWD_LATENCY * w->base, &width))
		return;
	width = at_least(at_most(width, CLUSTER_WINDOW_MAX), CLUSTER_WINDOW_MIN);
	if (width <= full)
		w->width = at_most(w->width, width);
	else if (w->delay <= NO_RAISE_LATENCY * w->base)
		w->width = full < w->refused ? at_most(width, full + (w->refused - full + 1) / 2) : width;
	forget(w);
	set_limit(w);
}

static void
tick_turn(ClusterWindow *w, uint64_t now)
{
	ClusterWindowRate r = measure(w, now);

	if (r.rate > w->rate)
		set_floor(w, r.rate);
	if (!w->whole)
		r.rate = 0;
	if (w->part == CLUSTER_SLOT_HALF_RATE)
		w->half = r;
	else if (w->part == CLUSTER_SLOT_FULL_RATE)
		end_of_tick(w, r);
	enter_tick(w, now);
	if (w->part == CLUSTER_SLOT_HALF_SETTLE)
		decide(w, now);
}

/* ---- for callers ---- */

void
cluster_window_wake(ClusterWindow *w, uint64_t now)
{
	int64_t		idle = (int64_t) (now - w->last);

	if (idle > CLUSTER_WINDOW_IDLE)
		restart(w, now);
	else if (idle > 0)
		w->idle += (uint64_t) idle;
	w->last = now;
}

void
cluster_window_overloaded(ClusterWindow *w)
{
	/* The part under way is void, and start is over. */
	forget(w);
	w->half.rate = 0;
	w->whole = false;
	w->allowed = true;
	if (w->starting)
	{
		w->starting = false;
		w->part = CLUSTER_SLOT_FULL_SETTLE;
		w->span = 0;
	}
	/* What is in flight was sent under the width before. */
	if (w->done < w->forgiven)
		return;
	w->forgiven = w->done + w->width;
	w->refused = w->width;
	w->width = at_least(w->width / 2, 1);
	w->floor = 0;
	w->rate = 0;
	set_limit(w);
}

void
cluster_window_turn(ClusterWindow *w, uint64_t now, bool pressed, uint64_t busy)
{
	if (busy > LONGEST_TURN)
		busy = LONGEST_TURN;
	w->pressed |= pressed;
	w->turns += (double) busy;
	w->turn_squares += (double) busy * (double) busy;
	w->last = now;
	if (now - w->since < w->span)	/* not so behind a clock that went back */
		return;
	if (w->starting)
		start_turn(w, now);
	else
		tick_turn(w, now);
	CORE_ASSERT(w->width >= 1 && w->width <= CLUSTER_WINDOW_MAX && w->limit >= 1);
}
