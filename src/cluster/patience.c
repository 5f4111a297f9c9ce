/*
 * cluster/patience.c
 *	  Second attempts, when the first ones take too long. The rule is told in the
 *	  header.
 *
 * Submitter thread only.
 * Owns: nothing; a second attempt is its request's once it is sent.
 * Invariants: what may not be repeated is sent once; a second attempt goes to
 * another node than the first.
 */
#include "cluster/patience.h"

#include "cluster/answer.h"
#include "cluster/attempt.h"
#include "cluster/route.h"
#include "cluster/second.h"
#include "cluster/suspect.h"
#include "cluster/trace.h"

#include <stdlib.h>

/* ms; 0: not known. */
static uint64_t
latency_of(const ClusterPlace *place)
{
	return place->health.latency / 1000000;
}

/* It is that place that is slow, not the cluster. */
static bool
is_slower(const ClusterPlace *place, const ClusterPlace *other, uint64_t age, uint64_t now)
{
	uint64_t	usual = latency_of(other) * CLUSTER_PATIENCE_TIMES;

	if (age < usual || other->health.suspect)
		return false;
	/* what it had to do meanwhile it did */
	if (other->in_flight > 0 && other->health.answered + age <= now)
		return false;
	return place->health.answered + CLUSTER_ATTEMPT_MIN <= now || latency_of(place) >= usual;
}

/* A place that gave no answer for so long is as good as lost, and what it has is sent again as after a loss. */
static bool
may_spend(const ClusterDispatch *d, const ClusterPlace *place, uint64_t age, uint64_t now)
{
	if (place->health.suspect && age >= CLUSTER_HEALTH_SILENCE && place->health.answered + age <= now)
		return true;
	return d->seconds < CLUSTER_PATIENCE_FREE + d->sent / CLUSTER_PATIENCE_SHARE;
}

/* Another place that is known to be better. NULL: none. */
static ClusterPlace *
choose(const ClusterPlan *plan, const ClusterRequest *r, uint64_t age, uint64_t now)
{
	ClusterPlace *other = cluster_route_choose(plan, r->tried | cluster_route_bit(r->place->node));

	return other && cluster_place_has_room(other) && is_slower(r->place, other, age, now) ? other : NULL;
}

/* ---- what was sent ---- */

/* The statement as that node knows it, which is asked to prepare it if it does not: then it does at another time. */
static bool
is_prepared(ClusterDispatch *d, ClusterStatement *statement, ClusterPlace *place, ClusterPrepared **out)
{
	ClusterPrepared *p = cluster_statement_on(&d->statements, statement, place->node);

	if (p && p->state == CLUSTER_PREPARED_NONE)
		(void) cluster_attempt_prepare(d, p, place);
	*out = p;
	return p && p->state == CLUSTER_PREPARED_READY;
}

static void
send_second(ClusterRequest *r, ClusterPlace *place, const ClusterPrepared *p)
{
	ClusterDispatch *d = r->dispatch;
	ClusterSecond *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->request = r;
	s->place = place;
	s->generation = p ? p->generation : 0;
	s->call.on_done = cluster_answer_on_second_done;
	if (cluster_attempt_put(r, &s->call, place, p) != CLUSTER_ATTEMPT_TAKEN)
	{
		free(s);
		return;
	}
	cluster_second_begin(s);
	d->seconds++;
	cluster_trace_add(d->config->trace, CLUSTER_EVENT_RETRIED, r->place->node->name,
					  "not answered yet: another node is asked, too");
}

/* One that asks for much may take long anywhere, unless nothing at all comes from there. */
static bool
is_due(const ClusterRequest *r, uint64_t age)
{
	return !r->divisible || r->place->health.suspect || age >= r->timeout_ms / CLUSTER_PATIENCE_MUCH;
}

static bool
may_double(const ClusterRequest *r)
{
	return !r->second && cluster_answer_may_repeat(r);
}

static void
try_second(ClusterRequest *r, uint64_t age, uint64_t now)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *statement = cluster_is_execution(r) ? cluster_statement_find(&d->statements, r->statement) : NULL;
	ClusterPlan plan = cluster_route_plan(d->topology, statement, r);
	ClusterPlace *place = plan.ordered ? NULL : choose(&plan, r, age, now);
	ClusterPrepared *p = NULL;

	if (!place || (statement && !is_prepared(d, statement, place, &p)))
		return;
	send_second(r, place, p);
}

/* What is in flight there, from the oldest on. */
static void
look_at(ClusterDispatch *d, const ClusterPlace *place, uint64_t now)
{
	for (NetCall *call = place->net ? net_connection_oldest(place->net) : NULL; call; call = call->next)
	{
		ClusterRequest *r = (ClusterRequest *) call;
		uint64_t	age = cluster_age(d, call);

		if (call->on_done != cluster_answer_on_done)
			continue;
		if (age < CLUSTER_ATTEMPT_MIN || !may_spend(d, place, age, now))
			return;
		if (may_double(r) && is_due(r, age))
			try_second(r, age, now);
	}
}

/* ---- what waits for a PREPARE, and was not sent ---- */

static bool
is_better_elsewhere(ClusterRequest *r, ClusterStatement *statement, uint64_t age, uint64_t now)
{
	ClusterPlan plan = cluster_route_plan(r->dispatch->topology, statement, r);

	return choose(&plan, r, age, now) != NULL;
}

static void
go_elsewhere(ClusterRequest *r, const ClusterPrepared *p)
{
	cluster_suspect_doubt(r->dispatch, r->place, &p->call);
	r->tried |= cluster_route_bit(r->place->node);
	cluster_leave_place(r);
	cluster_attempt_again(r);
}

static void
look_at_prepare(ClusterDispatch *d, ClusterPrepared *p, uint64_t now)
{
	uint64_t	age = cluster_age(d, &p->call);
	ClusterLane all;
	ClusterRequest *r;

	if (age < CLUSTER_ATTEMPT_MIN)
		return;
	all = cluster_lane_take_all(&p->waiting);
	while ((r = cluster_lane_take(&all)))
	{
		if (is_better_elsewhere(r, p->statement, age, now))
			go_elsewhere(r, p);
		else
			cluster_lane_append(&p->waiting, r);
	}
}

void
cluster_patience_tick(ClusterDispatch *d, uint64_t now)
{
	for (const ClusterPlace *place = d->active; place; place = place->next_active)
		look_at(d, place, now);
	for (ClusterPrepared *p = d->statements.pending; p; p = p->next)
		look_at_prepare(d, p, now);
}
