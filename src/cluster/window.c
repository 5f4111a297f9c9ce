/*
 * cluster/window.c
 *	  How many requests may be in flight. The rule is told in the header.
 *
 * Submitter thread only.
 * Owns: nothing.
 * Invariants: without strain, a fixed window never changes; an adaptive one stays
 * within CLUSTER_WINDOW_MIN and CLUSTER_WINDOW_MAX, and once there only halving
 * takes it below CLUSTER_WINDOW_START.
 */
#include "cluster/window.h"

#include "cql/invariant.h"

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

static uint32_t
first_limit(const ClusterWindow *w)
{
	return w->fixed ? w->fixed : CLUSTER_WINDOW_FIRST;
}

/* Without strain. */
static bool
is_within(const ClusterWindow *w)
{
	return w->fixed ? w->limit == w->fixed : w->limit >= CLUSTER_WINDOW_MIN && w->limit <= CLUSTER_WINDOW_MAX;
}

static void
begin_round(ClusterWindow *w)
{
	w->completions = 0;
	w->latency = 0;
	w->overloaded = false;
	w->pressed = false;
}

/* Without strain, at the width to begin with. */
static void
begin_anew(ClusterWindow *w, uint64_t now)
{
	w->limit = first_limit(w);
	w->halved = false;
	w->skip = 0;
	w->base = 0;
	w->restarted = now;
	w->patience = 0;
	begin_round(w);
}

void
cluster_window_init(ClusterWindow *w, uint32_t max_in_flight, uint64_t now)
{
	w->fixed = max_in_flight;
	w->strains = 0;
	begin_anew(w, now);
}

/* One that strain holds lower stays there. */
void
cluster_window_follow(ClusterWindow *w, uint32_t max_in_flight, uint64_t now)
{
	if (w->fixed == max_in_flight)
		return;
	w->fixed = max_in_flight;
	if (w->patience > 0 && w->limit < first_limit(w))
		return;
	begin_anew(w, now);
}

/* What was in flight before the fall fails for some time: one strain, one fall. */
void
cluster_window_strain(ClusterWindow *w, uint32_t strains, uint64_t now)
{
	if (strains == w->strains)
		return;
	w->strains = strains;
	w->quiet = 0;
	if (w->patience > 0 && now - w->strained < CLUSTER_WINDOW_STRAIN_PAUSE)
		return;
	w->patience = w->patience ? at_most(w->patience * 2, CLUSTER_WINDOW_PATIENCE_MAX) : CLUSTER_WINDOW_PATIENCE;
	w->limit = w->limit > CLUSTER_WINDOW_STRAINED ? CLUSTER_WINDOW_STRAINED : 1;
	w->strained = now;
}

static void
recover(ClusterWindow *w, uint64_t now)
{
	if (w->quiet < w->patience)
		return;
	w->quiet = 0;
	w->limit = at_most(w->limit + at_least(w->limit / 4, 1), first_limit(w));
	if (w->limit == first_limit(w))
		begin_anew(w, now);
}

void
cluster_window_note(ClusterWindow *w, uint64_t latency, bool overloaded)
{
	if (w->patience > 0)
	{
		w->quiet++;
		return;
	}
	if (w->skip > 0)
	{
		w->skip--;
		return;
	}
	w->completions++;
	w->latency += latency;
	w->overloaded |= overloaded;
}

/* A window that stands at CLUSTER_WINDOW_START or above has to earn its place by latency. */
static void
weigh_latency(ClusterWindow *w, uint64_t now)
{
	uint64_t	mean = w->latency / w->completions;

	if (now - w->restarted >= CLUSTER_WINDOW_RESTART)
	{
		w->skip = w->limit;
		w->limit = CLUSTER_WINDOW_START;
		w->base = 0;
		w->restarted = now;
		return;
	}
	if (w->base == 0 || mean < w->base)
		w->base = mean;
	if (mean <= w->base + w->base / 4)
		w->limit = at_most(w->limit + w->limit / 8, CLUSTER_WINDOW_MAX);
	else if (mean > w->base * 2)
		w->limit = at_least(w->limit - w->limit / 8, CLUSTER_WINDOW_START);
}

void
cluster_window_turn(ClusterWindow *w, bool pressed, uint64_t now)
{
	if (w->patience > 0)
	{
		recover(w, now);
		return;
	}
	CORE_ASSERT(is_within(w));
	w->pressed |= pressed;
	if (w->fixed || w->completions < w->limit)
		return;
	if (w->overloaded || w->latency / w->completions > CLUSTER_WINDOW_SLOW)
	{
		/* What is in flight now was sent under the old limit: one overload, one cut. */
		w->skip = w->limit;
		w->limit = at_least(w->limit / 2, CLUSTER_WINDOW_MIN);
		w->halved = true;
	}
	else if (w->pressed && w->limit < CLUSTER_WINDOW_START)
		w->limit = at_most(w->halved ? w->limit + CLUSTER_WINDOW_STEP : w->limit * 2, CLUSTER_WINDOW_START);
	else if (w->pressed)
		weigh_latency(w, now);
	CORE_ASSERT(is_within(w));
	begin_round(w);
}
