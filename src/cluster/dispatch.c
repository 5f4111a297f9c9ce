/*
 * cluster/dispatch.c
 *	  Takes requests to nodes and brings them to their fate.
 *
 * Submitter thread only.
 * Owns: the lanes of waiting requests, the statements, the lists of active places
 * and of those to flush. Requests belong to the caller and lie where it put them.
 * Invariants: a request taken completes exactly once, never from inside
 * cluster_dispatch_submit; one that waits is looked at every SWEEP_PAUSE; a place
 * with requests is on the list of active places.
 *
 * Each place has a lane of its own: one that is full, slow or silent holds up what
 * waits for it and nothing else. How many requests wait in all is bounded by who
 * submits.
 *
 * A request's time runs from when it is sent. Before, it waits for its turn, and
 * that comes as long as the cluster answers anything, however slowly: so a request
 * that waits fails only when nothing was answered for the time that it has.
 */
#include "cluster/dispatch.h"

#include "cluster/answer.h"
#include "cluster/attempt.h"
#include "cluster/fate.h"
#include "cluster/patience.h"
#include "cluster/relief.h"
#include "cluster/suspect.h"
#include "cluster/trace.h"

#define SWEEP_PAUSE 50			/* ms between two looks at all that waits */

void
cluster_dispatch_init(ClusterDispatch *d, const ClusterConfig *config, ClusterTopology *topology)
{
	*d = (ClusterDispatch) {.config = config, .topology = topology, .limit = UINT32_MAX};
	cluster_strained_init(&d->strained);
	d->statements.on_prepared = cluster_answer_on_prepared;
	d->statements.owner = d;
}

void
cluster_dispatch_free(ClusterDispatch *d)
{
	CORE_ASSERT(cluster_dispatch_idle(d) && d->strained.out == 0 && d->in_flight == 0);
	cluster_statements_free(&d->statements);
	cql_buffer_free(&d->head);
}

void
cluster_dispatch_submit(ClusterDispatch *d, ClusterRequest *r)
{
	CORE_ASSERT(!r->held && !r->listed);
	r->dispatch = d;
	r->call.on_done = cluster_answer_on_done;
	r->next = NULL;
	r->attempts = 0;
	r->paced = 0;
	r->spent = 0;
	r->strained = false;
	r->misrouted = false;
	r->out = false;
	r->tried = 0;
	r->failed = false;
	r->failure = NULL;
	r->place = NULL;
	r->node = 0;
	r->second = NULL;
	r->started = 0;
	r->there = false;
	r->spread = d->spread++;
	r->due = cluster_dispatch_now(d);
	CORE_NOTE(r->held = true);
	if (!d->ready)
		cluster_lane_append(&d->unplaced, r);
	else
		cluster_attempt_first(r);
}

/* ---- what waits ---- */

/* Each of the lane anew: on another place, or to where it waits next. */
static void
try_all(ClusterLane all)
{
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)))
		cluster_attempt_again(r);
}

void
cluster_dispatch_resume(ClusterDispatch *d)
{
	if (d->ready && !d->closing)
		try_all(cluster_lane_take_all(&d->unplaced));
}

void
cluster_dispatch_leave(ClusterDispatch *d, ClusterPlace *place)
{
	ClusterLane all = cluster_lane_take_all(&place->lane);

	if (d->ready && !d->closing)
		try_all(all);
	else
		cluster_lane_join(&d->unplaced, &all);
}

/* What waits for this place, as far as there is room. */
static void
serve(ClusterPlace *place)
{
	while (place->lane.first && cluster_place_has_room(place) && cluster_may_go(place->lane.first))
	{
		ClusterRequest *r = cluster_lane_take(&place->lane);
		ClusterAttempt outcome;

		if (cluster_is_late(r))
		{
			cluster_fate_timeout(r);
			continue;
		}
		outcome = cluster_attempt_on(r, place);
		if (outcome == CLUSTER_ATTEMPT_FULL)
		{
			cluster_lane_push(&place->lane, r);
			return;
		}
		cluster_attempt_settle(r, outcome);
	}
}

/* Who waits for a connection that could not be opened yet has it opened as soon as that may be. */
static void
serve_all(ClusterDispatch *d)
{
	for (ClusterPlace *place = d->active; place; place = place->next_active)
	{
		if (!place->net && place->lane.first && !place->retired)
			(void) cluster_pool_open(place->pool, place->shard);
		serve(place);
	}
}

static uint32_t
limit_of(const ClusterDispatch *d, const ClusterPlace *place)
{
	return d->fixed ? CLUSTER_PLACE_UNLIMITED : place->window.limit;
}

/* Windows move, and places without requests leave the list. */
static void
end_turn(ClusterDispatch *d)
{
	ClusterPlace **at = &d->active;
	uint64_t	now = cluster_place_wall_clock();
	uint64_t	since = d->began && (!d->clock || d->began < d->clock) ? d->began : d->clock;
	uint64_t	busy = since ? uv_hrtime() - since : 0;

	while (*at)
	{
		ClusterPlace *place = *at;

		cluster_suspect_turn(d, place);
		if (!d->fixed)
		{
			cluster_window_turn(&place->window, now, cluster_place_is_pressed(place), busy);
			cluster_trace_window(d->config->trace, place->node->name, cluster_window_width(&place->window), &place->magnitude);
		}
		place->limit = limit_of(d, place);
		place->used = cluster_dispatch_now(d);
		place->widened = false;
		if (cluster_place_load(place) > 0)
		{
			at = &place->next_active;
			continue;
		}
		place->active = false;
		cluster_health_rest(&place->health);
		*at = place->next_active;
	}
}

void
cluster_dispatch_limit(ClusterDispatch *d, uint32_t limit, bool fixed)
{
	d->limit = limit;
	d->strained.allowed = limit;
	if (d->fixed == fixed)
		return;
	d->fixed = fixed;
	for (uint32_t i = 0; i < d->topology->nnodes; i++)
	{
		const ClusterPool *pool = d->topology->node[i]->pool;

		for (uint32_t j = 0; pool && j < pool->nplaces; j++)
			pool->place[j]->limit = limit_of(d, pool->place[j]);
	}
}

/* ---- time, end ---- */

static void
send_strained(ClusterDispatch *d)
{
	ClusterRequest *r;

	while ((r = cluster_strained_next(&d->strained, cluster_dispatch_now(d))))
		cluster_attempt_again(r);
}

void
cluster_dispatch_flush(ClusterDispatch *d)
{
	send_strained(d);
	serve_all(d);
	cluster_relief_turn(d);
	cluster_place_flush(&d->dirty);
	if (d->active)
		end_turn(d);
	d->clock = 0;
	d->began = 0;
}

/* true: it has its fate. */
static bool
expire(ClusterDispatch *d, ClusterRequest *r, uint64_t now)
{
	uint64_t	since = r->due > d->answered ? r->due : d->answered;

	if (!d->ops->is_wanted(d->owner, r))
		cluster_fate_abandoned(r);
	else if (cluster_is_late(r))
		cluster_fate_timeout(r);
	else if (!cluster_is_begun(r) && now >= since + r->timeout_ms)
		cluster_fate_unheard(r);
	else
		return false;
	return true;
}

static void
sweep(ClusterDispatch *d, ClusterLane *lane, uint64_t now)
{
	ClusterLane all = cluster_lane_take_all(lane);
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)))
	{
		if (!expire(d, r, now))
			cluster_lane_append(lane, r);
	}
}

static void
sweep_all(ClusterDispatch *d, uint64_t now)
{
	if (now < d->swept + SWEEP_PAUSE)
		return;
	d->swept = now;
	sweep(d, &d->unplaced, now);
	sweep(d, &d->strained.lane, now);
	for (ClusterPlace *place = d->active; place; place = place->next_active)
		sweep(d, &place->lane, now);
	for (ClusterPrepared *p = d->statements.pending; p; p = p->next)
		sweep(d, &p->waiting, now); /* the PREPARE may come in time for others */
}

/* Whatever can goes elsewhere. What comes back to that lane has no other place. */
static void
suspect_the_silent(ClusterDispatch *d)
{
	ClusterPlace *next;

	for (ClusterPlace *place = d->active; place; place = next)
	{
		next = place->next_active;
		cluster_suspect_tick(d, place);
		if (place->health.suspect && place->lane.first)
			cluster_dispatch_leave(d, place);
	}
}

/* Requests that wait for a connection which takes long try another one beside it. */
static void
stop_awaiting(ClusterDispatch *d, uint64_t now)
{
	for (ClusterPlace *place = d->active; place; place = place->next_active)
	{
		if (place->lane.first && !place->up && !cluster_place_awaited(place, now))
			cluster_dispatch_leave(d, place);
	}
	cluster_dispatch_resume(d);
}

void
cluster_dispatch_tick(ClusterDispatch *d, uint64_t now)
{
	ClusterLane all = cluster_lane_take_all(&d->waiting);
	ClusterRequest *r;

	while ((r = cluster_lane_take(&all)))
	{
		if (expire(d, r, now))
			continue;
		if (now < r->due)
			cluster_attempt_later(r, r->due);
		else
			cluster_attempt_again(r);
	}
	suspect_the_silent(d);
	cluster_patience_tick(d, now);
	cluster_relief_tick(d);
	stop_awaiting(d, now);
	sweep_all(d, now);
}

/* What waits at places was handed back by cluster_dispatch_leave, when their connections closed. */
void
cluster_dispatch_give_up(ClusterDispatch *d, const ClusterFailure *why)
{
	ClusterLane all = cluster_lane_take_all(&d->unplaced);
	ClusterRequest *r;

	cluster_lane_join(&all, &d->waiting);
	cluster_lane_join(&all, &d->strained.lane);
	for (ClusterPlace *place = d->active; place; place = place->next_active)
		cluster_lane_join(&all, &place->lane);
	while ((r = cluster_lane_take(&all)))
		cluster_fate_undeliverable(r, why);
}

bool
cluster_dispatch_idle(const ClusterDispatch *d)
{
	for (const ClusterPlace *place = d->active; place; place = place->next_active)
	{
		if (place->lane.first)
			return false;
	}
	return !d->unplaced.first && !d->waiting.first && !d->strained.lane.first && !d->statements.pending;
}
