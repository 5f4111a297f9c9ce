/*
 * cluster/pool.c
 *	  The connections of one node.
 *
 * Submitter thread only.
 * Owns: its connections, from net_connection_open to their on_closed.
 * Invariants: one attempt at a time follows a failure, however many places are
 * empty; a stopped pool opens nothing.
 *
 * One connection to a node has stream ids enough, and keeps writes large. ScyllaDB's
 * shards are read in the handshake and not used yet.
 */
#include "cluster/pool.h"

#include <stdlib.h>

#define CONNECTIONS_PER_NODE 1

static void
on_ready(NetOwner *owner, NetConnection *c)
{
	ClusterPool *pool = ((ClusterConnection *) owner)->pool;

	((ClusterConnection *) owner)->up = true;
	cluster_backoff_reset(&pool->backoff);
	pool->ops->on_up(pool, c);
}

static void
on_event(NetOwner *owner, NetConnection *c, const CqlFrame *frame)
{
	/* only the control connection registers for events */
}

static void
on_writable(NetOwner *owner, NetConnection *c)
{
	ClusterPool *pool = ((ClusterConnection *) owner)->pool;

	pool->ops->on_room(pool);
}

static void
failed(ClusterPool *pool, const NetFailure *why)
{
	pool->last = *why;
	/* a wrong password does not get right by itself, and may lock the role */
	if (why->kind == NET_FAIL_CREDENTIALS)
		pool->backoff.failures = UINT32_MAX;
	cluster_backoff_failed(&pool->backoff, uv_now(pool->config->loop), pool->random);
}

static void
on_closed(NetOwner *owner, NetConnection *c, const NetFailure *why)
{
	ClusterConnection *place = (ClusterConnection *) owner;
	ClusterPool *pool = place->pool;
	bool		was_up = place->up;

	place->net = NULL;
	place->up = false;
	if (why->kind != NET_FAIL_NONE)
		failed(pool, why);
	pool->ops->on_down(pool, was_up, why);
}

static const NetOwnerOps owner_ops = {
	.on_ready = on_ready,
	.on_event = on_event,
	.on_writable = on_writable,
	.on_closed = on_closed,
};

ClusterPool *
cluster_pool_new(const ClusterPoolOps *ops, void *owner, const NetConfig *config, ClusterNode *node,
				 uint64_t *random)
{
	ClusterPool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->connection = calloc(CONNECTIONS_PER_NODE, sizeof(*pool->connection));
	if (!pool->connection)
	{
		free(pool);
		return NULL;
	}
	pool->ops = ops;
	pool->owner = owner;
	pool->config = config;
	pool->node = node;
	pool->random = random;
	pool->nconnections = CONNECTIONS_PER_NODE;
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		pool->connection[i].owner.ops = &owner_ops;
		pool->connection[i].pool = pool;
	}
	return pool;
}

void
cluster_pool_free(ClusterPool *pool)
{
	if (!pool)
		return;
	free(pool->connection);
	free(pool);
}

static void
open_missing(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		ClusterConnection *place = &pool->connection[i];

		if (place->net)
			continue;
		place->net = net_connection_open(pool->config, &pool->node->address, &place->owner);
		if (!place->net)
		{
			NetFailure	why;

			net_failure_set(&why, NET_FAIL_MEMORY, "out of memory");
			failed(pool, &why);
			return;
		}
	}
}

void
cluster_pool_start(ClusterPool *pool)
{
	if (pool->started)
		return;
	pool->started = true;
	cluster_backoff_reset(&pool->backoff);
	open_missing(pool);
}

static void
close_all(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (pool->connection[i].net)
			net_connection_close(pool->connection[i].net);
	}
}

void
cluster_pool_retire(ClusterPool *pool)
{
	pool->started = false;
}

void
cluster_pool_stop(ClusterPool *pool)
{
	pool->started = false;
	close_all(pool);
}

void
cluster_pool_tick(ClusterPool *pool, uint64_t now)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (pool->connection[i].net)
			net_connection_tick(pool->connection[i].net, now);
	}
	if (!pool->started)
	{
		if (cluster_pool_in_flight(pool) == 0)
			close_all(pool);
	}
	else if (now >= pool->backoff.due)
		open_missing(pool);
}

void
cluster_pool_hurry(ClusterPool *pool)
{
	cluster_backoff_reset(&pool->backoff);
}

void
cluster_pool_follow(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		NetConnection *net = pool->connection[i].net;

		if (net && !net_address_equal(net_connection_address(net), &pool->node->address))
			net_connection_close(net);
	}
}

ClusterConnection *
cluster_pool_pick(const ClusterPool *pool)
{
	ClusterConnection *best = NULL;

	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		ClusterConnection *place = &pool->connection[i];

		if (!place->net || !net_connection_writable(place->net))
			continue;
		if (!best || net_connection_in_flight(place->net) < net_connection_in_flight(best->net))
			best = place;
	}
	return best;
}

static bool
is_ready(const ClusterConnection *place)
{
	return place->net && net_connection_ready(place->net);
}

bool
cluster_pool_ready(const ClusterPool *pool)
{
	return cluster_pool_count_ready(pool) > 0;
}

uint32_t
cluster_pool_count_ready(const ClusterPool *pool)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < pool->nconnections; i++)
		n += is_ready(&pool->connection[i]);
	return n;
}

bool
cluster_pool_decided(const ClusterPool *pool)
{
	return cluster_pool_ready(pool) || pool->last.kind != NET_FAIL_NONE;
}

uint32_t
cluster_pool_shards(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (is_ready(&pool->connection[i]))
			return net_connection_shard(pool->connection[i].net)->nr_shards;
	}
	return 0;
}

ClusterConnection *
cluster_pool_find(const ClusterPool *pool, const NetConnection *net)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (pool->connection[i].net == net)
			return &pool->connection[i];
	}
	return NULL;
}

bool
cluster_pool_closed(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (pool->connection[i].net)
			return false;
	}
	return true;
}

uint32_t
cluster_pool_in_flight(const ClusterPool *pool)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < pool->nconnections; i++)
	{
		if (pool->connection[i].net)
			n += net_connection_in_flight(pool->connection[i].net);
	}
	return n;
}
