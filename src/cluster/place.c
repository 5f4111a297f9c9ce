/*
 * cluster/place.c
 *	  A place: one connection to a node, its window and its lane.
 *
 * Submitter thread only.
 * Owns: its connection, from net_connection_open to on_closed. Requests in its lane
 * are linked where they lie.
 * Invariants: places are allocated singly and never move, as connections and the
 * list of places to flush point to them; a place that is up has a connection.
 */
#include "cluster/place.h"

#include "cql/invariant.h"

#include <stdlib.h>
#include <time.h>

static void
on_ready(NetOwner *owner, NetConnection *c)
{
	ClusterPlace *place = (ClusterPlace *) owner;

	CORE_ASSERT(place->net == c && !place->up);
	place->up = true;
	place->ops->on_up(place);
}

static void
on_event(NetOwner *owner, NetConnection *c, const CqlFrame *frame)
{
	/* only the control connection registers for events */
}

static void
on_writable(NetOwner *owner, NetConnection *c)
{
	/* the end of the turn looks for room */
}

static void
on_closed(NetOwner *owner, NetConnection *c, const NetFailure *why)
{
	ClusterPlace *place = (ClusterPlace *) owner;
	bool		was_up = place->up;

	CORE_ASSERT(place->net == c);
	place->net = NULL;
	place->up = false;
	place->ops->on_down(place, was_up, why);
}

static const NetOwnerOps owner_ops = {
	.on_ready = on_ready,
	.on_event = on_event,
	.on_writable = on_writable,
	.on_closed = on_closed,
};

ClusterPlace *
cluster_place_new(const ClusterPlaceOps *ops, struct ClusterPool *pool, ClusterNode *node)
{
	ClusterPlace *place = calloc(1, sizeof(*place));

	if (!place)
		return NULL;
	place->owner.ops = &owner_ops;
	place->ops = ops;
	place->pool = pool;
	place->node = node;
	cluster_window_init(&place->window);
	place->limit = place->window.limit;
	return place;
}

void
cluster_place_free(ClusterPlace *place)
{
	CORE_ASSERT(!place || (!place->net && place->in_flight == 0 && !place->lane.first));
	free(place);
}

uint64_t
cluster_place_wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

void
cluster_place_wake(ClusterPlace *place)
{
	cluster_window_wake(&place->window, cluster_place_wall_clock());
	if (place->limit != CLUSTER_PLACE_UNLIMITED)
		place->limit = place->window.limit;
}

bool
cluster_place_open(ClusterPlace *place, const NetConfig *config, uint16_t port, uint16_t source_port)
{
	NetAddress	address = place->node->address;

	CORE_ASSERT(!place->net && !place->up);
	place->opened = place->used = uv_now(config->loop);
	place->wanted = 0;
	place->aware = port != 0;
	if (place->aware)
		net_address_set_port(&address, port);
	place->net = net_connection_open(config, &address, source_port, &place->owner);
	return place->net != NULL;
}

void
cluster_place_close(ClusterPlace *place)
{
	if (place->net)
		net_connection_close(place->net);
}

void
cluster_place_tick(ClusterPlace *place, uint64_t now)
{
	if (place->net)
		net_connection_tick(place->net, now);
}

bool
cluster_place_strays(const ClusterPlace *place)
{
	NetAddress	now = place->node->address;
	NetAddress	dialled;

	if (!place->net)
		return false;
	dialled = *net_connection_address(place->net);
	if (place->aware)
	{
		net_address_set_port(&now, 0);
		net_address_set_port(&dialled, 0);
	}
	return !net_address_equal(&dialled, &now);
}

void
cluster_place_flush(ClusterPlace **dirty)
{
	while (*dirty)
	{
		ClusterPlace *place = *dirty;

		CORE_ASSERT(place->dirty);
		*dirty = place->next_dirty;
		place->dirty = false;
		if (place->net)
			net_connection_flush(place->net);
	}
}
