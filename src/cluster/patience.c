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
#include "cluster/trace.h"

#include <stdlib.h>

static uint64_t
age_of(const ClusterRequest *r, uint64_t now)
{
	return (uint32_t) now - r->call.sent;
}

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

static bool
may_spend(const ClusterDispatch *d)
{
	return d->seconds < CLUSTER_PATIENCE_FREE + d->sent / CLUSTER_PATIENCE_SHARE;
}

/* NULL: none that is known to be better. */
static ClusterPlace *
choose(ClusterRequest *r, ClusterStatement *statement, uint64_t now)
{
	ClusterDispatch *d = r->dispatch;
	ClusterPlan plan = cluster_route_plan(d->topology, statement, r);
	ClusterPlace *other;

	if (plan.ordered)
		return NULL;
	other = cluster_route_choose(&plan, r->tried | cluster_route_bit(r->place->node));
	return other && cluster_place_has_room(other) && is_slower(r->place, other, age_of(r, now), now) ? other : NULL;
}

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

static bool
may_double(const ClusterRequest *r)
{
	return !r->second && cluster_answer_may_repeat(r) && !r->divisible;
}

static void
try_second(ClusterRequest *r, uint64_t now)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *statement = cluster_is_execution(r) ? cluster_statement_find(&d->statements, r->statement) : NULL;
	ClusterPrepared *p = NULL;
	ClusterPlace *place = choose(r, statement, now);

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

		if (call->on_done != cluster_answer_on_done)
			continue;
		if (age_of(r, now) < CLUSTER_ATTEMPT_MIN || !may_spend(d))
			return;
		if (may_double(r))
			try_second(r, now);
	}
}

void
cluster_patience_tick(ClusterDispatch *d, uint64_t now)
{
	for (const ClusterPlace *place = d->active; place; place = place->next_active)
		look_at(d, place, now);
}
