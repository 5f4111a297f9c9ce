/*
 * cluster/relief.c
 *	  What waits for a place while others have nothing to do. The reason is told in
 *	  the header.
 *
 * Submitter thread only. Owns nothing.
 * Invariants: requests whose place is given by their order, and those that were sent
 * before, keep their turn; one turn looks at no more requests than there is room for,
 * and gives up soon where none of them can go.
 */
#include "cluster/relief.h"

#include "cluster/attempt.h"
#include "cluster/route.h"

#define AT_A_TICK 256			/* requests that are looked at when nobody knows of room */
#define IN_VAIN 16				/* in a row that stay: so may the rest, as where rows have one replica */

static bool
is_idle(const ClusterPlace *place)
{
	return !place->lane.first && !place->health.suspect && cluster_place_has_room(place);
}

static bool
is_replica(const ClusterPlan *plan, const ClusterNode *node)
{
	for (uint32_t i = 0; i < plan->replicas.n; i++)
	{
		if (cluster_locate_replica(plan->topology, plan->replicas, i).node == node)
			return true;
	}
	return plan->replicas.n == 0;
}

/* NULL: it stays. */
static ClusterPlace *
other_place(const ClusterPlan *plan, const ClusterRequest *r, const ClusterPlace *from)
{
	ClusterPlace *other = cluster_route_choose(plan, r->tried | cluster_route_bit(from->node));

	if (!other || !is_idle(other) || !is_replica(plan, other->node))
		return NULL;
	if (!from->up && !cluster_route_owns(plan, other))
		return NULL;			/* it waits for a connection, so as not to be passed on */
	return other->node->near || !from->node->near || cluster_place_is_crowded(from) ? other : NULL;
}

/* Where it goes, or where in the lane it stays: in front, or behind all, so that others are looked at the next time. true: it went. */
static bool
place_anew(ClusterRequest *r, ClusterPlace *from, ClusterLane *front, ClusterLane *behind)
{
	ClusterDispatch *d = r->dispatch;
	ClusterStatement *s = cluster_is_execution(r) ? cluster_statement_find(&d->statements, r->statement) : NULL;
	ClusterPlan plan = cluster_route_plan(d->topology, s, r);
	bool		stays = plan.ordered || cluster_is_begun(r) || !cluster_may_go(r);
	ClusterPlace *other = stays ? NULL : other_place(&plan, r, from);
	ClusterAttempt outcome = other ? cluster_attempt_on(r, other) : CLUSTER_ATTEMPT_FULL;

	if (outcome != CLUSTER_ATTEMPT_FULL)
		cluster_attempt_settle(r, outcome);
	else
		cluster_lane_append(stays ? front : behind, r);
	return outcome != CLUSTER_ATTEMPT_FULL;
}

static void
relieve(ClusterPlace *from, uint32_t n)
{
	ClusterLane front = {0};
	ClusterLane behind = {0};
	ClusterRequest *r;
	uint32_t	vain = 0;

	while (n-- > 0 && vain < IN_VAIN && (r = cluster_lane_take(&from->lane)))
		vain = place_anew(r, from, &front, &behind) ? 0 : vain + 1;
	cluster_lane_join(&front, &from->lane);
	cluster_lane_join(&front, &behind);
	from->lane = front;
}

/* The place where most wait. NULL: nobody waits anywhere. */
static ClusterPlace *
longest(const ClusterDispatch *d)
{
	ClusterPlace *most = NULL;

	for (ClusterPlace *place = d->active; place; place = place->next_active)
	{
		if (place->lane.first && (!most || place->lane.count > most->lane.count))
			most = place;
	}
	return most;
}

static uint32_t
idle_room(const ClusterDispatch *d)
{
	uint32_t	room = 0;

	for (const ClusterPlace *place = d->active; place; place = place->next_active)
	{
		if (is_idle(place) && room < CLUSTER_WINDOW_MAX)
			room += place->limit - place->in_flight;
	}
	return room < CLUSTER_WINDOW_MAX ? room : CLUSTER_WINDOW_MAX;
}

void
cluster_relief_turn(ClusterDispatch *d)
{
	ClusterPlace *from = longest(d);

	if (from)
		relieve(from, idle_room(d));
}

void
cluster_relief_tick(ClusterDispatch *d)
{
	ClusterPlace *from = longest(d);

	if (from)
		relieve(from, AT_A_TICK);
}
