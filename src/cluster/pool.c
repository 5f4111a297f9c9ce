/*
 * cluster/pool.c
 *	  The places of one node.
 *
 * Submitter thread only.
 * Owns: its places.
 * Invariants: nothing is opened that no request wants; a stopped pool opens nothing;
 * each connection is one that the access was taken for; a retired place takes nothing
 * new, and its end is no failure of the node.
 *
 * One connection to a node has stream ids enough, and keeps writes large. ScyllaDB's
 * shards are read in the handshake and not used yet.
 */
#include "cluster/pool.h"

#include <stdlib.h>

#define PLACES_PER_NODE 1

#define RETURN_WITHIN 100		/* ms in which a connection that was lost is opened again, if one is wanted */

static uint64_t
now_of(const ClusterPool *pool)
{
	return uv_now(pool->config->net.loop);
}

static void
on_up(ClusterPlace *place)
{
	ClusterPool *pool = place->pool;

	CORE_ASSERT(cluster_pool_find(pool, place->net) == place);
	cluster_backoff_reset(&pool->backoff);
	cluster_access_ready(pool->access);
	pool->ops->on_up(pool, place->net);
}

static void
failed(ClusterPool *pool, const NetFailure *why)
{
	uint64_t	now = now_of(pool);

	pool->last = *why;
	cluster_credentials_failed(&pool->access->credentials, &pool->node->address, why, now, pool->random);
	if (why->kind == NET_FAIL_CREDENTIALS)
	{
		pool->backoff.failures++;	/* a longer pause than that of all: the next try is another node's */
		cluster_backoff_refused(&pool->backoff, now, pool->random);
	}
	else
		cluster_backoff_failed(&pool->backoff, now, pool->random);
}

static void
on_down(ClusterPlace *place, bool was_up, const NetFailure *why)
{
	ClusterPool *pool = place->pool;

	bool		failure = why->kind != NET_FAIL_NONE && !place->retired;

	cluster_access_closed(pool->access, was_up);
	if (failure)
		failed(pool, why);
	if (failure && was_up)
		cluster_backoff_lost(&pool->backoff, now_of(pool), RETURN_WITHIN, pool->random);
	pool->ops->on_down(place, was_up, why);
}

static const ClusterPlaceOps place_ops = {
	.on_up = on_up,
	.on_down = on_down,
};

/* false: out of memory. */
static bool
add_places(ClusterPool *pool)
{
	pool->place = calloc(PLACES_PER_NODE, sizeof(*pool->place));
	for (uint32_t i = 0; pool->place && i < PLACES_PER_NODE; i++)
	{
		pool->place[i] = cluster_place_new(&place_ops, pool, pool->node);
		if (!pool->place[i])
			return false;
		pool->nplaces++;
	}
	return pool->place != NULL;
}

ClusterPool *
cluster_pool_new(const ClusterPoolOps *ops, void *owner, const ClusterConfig *config, ClusterNode *node,
				 ClusterAccess *access, uint64_t *random)
{
	ClusterPool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->ops = ops;
	pool->owner = owner;
	pool->config = config;
	pool->node = node;
	pool->access = access;
	pool->random = random;
	if (add_places(pool))
		return pool;
	cluster_pool_free(pool);
	return NULL;
}

void
cluster_pool_free(ClusterPool *pool)
{
	if (!pool)
		return;
	for (uint32_t i = 0; i < pool->nplaces; i++)
		cluster_place_free(pool->place[i]);
	while (pool->retired)
	{
		ClusterPlace *next = pool->retired->next_retired;

		cluster_place_free(pool->retired);
		pool->retired = next;
	}
	free(pool->place);
	free(pool);
}

/* NULL: all have a connection. */
static ClusterPlace *
empty_place(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (!pool->place[i]->net)
			return pool->place[i];
	}
	return NULL;
}

bool
cluster_pool_may_open(const ClusterPool *pool)
{
	return pool->started && now_of(pool) >= pool->backoff.due && empty_place(pool)
		&& cluster_access_may(pool->access, now_of(pool));
}

ClusterPlace *
cluster_pool_open(ClusterPool *pool)
{
	ClusterPlace *place = empty_place(pool);
	NetFailure	why;

	if (!cluster_pool_may_open(pool) || !cluster_access_take(pool->access, now_of(pool)))
		return NULL;
	if (cluster_place_open(place, &pool->config->net))
		return place;
	cluster_access_closed(pool->access, false);
	net_failure_set(&why, NET_FAIL_MEMORY, "out of memory");
	failed(pool, &why);
	return NULL;
}

void
cluster_pool_start(ClusterPool *pool)
{
	pool->started = true;
}

ClusterPlace *
cluster_pool_awaited(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (cluster_place_awaited(pool->place[i], now_of(pool)))
			return pool->place[i];
	}
	return NULL;
}

bool
cluster_pool_opening(const ClusterPool *pool, uint64_t by)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		const ClusterPlace *place = pool->place[i];

		if (place->net && !place->up && place->opened <= by)
			return true;
	}
	return false;
}

uint64_t
cluster_pool_used(const ClusterPool *pool)
{
	uint64_t	used = 0;

	for (uint32_t i = 0; i < pool->nplaces; i++)
		used = pool->place[i]->used > used ? pool->place[i]->used : used;
	return used;
}

uint64_t
cluster_pool_opened(const ClusterPool *pool)
{
	uint64_t	opened = 0;

	for (uint32_t i = 0; i < pool->nplaces; i++)
		opened = pool->place[i]->opened > opened ? pool->place[i]->opened : opened;
	return opened;
}

bool
cluster_pool_unused_since(const ClusterPool *pool, uint64_t since)
{
	return cluster_pool_ready(pool) && cluster_pool_load(pool) == 0 && cluster_pool_used(pool) <= since;
}

static void
close_all(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
		cluster_place_close(pool->place[i]);
	for (ClusterPlace *place = pool->retired; place; place = place->next_retired)
		cluster_place_close(place);
}

void
cluster_pool_close(ClusterPool *pool)
{
	close_all(pool);
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

static void
tick_retired(const ClusterPool *pool, uint64_t now)
{
	for (ClusterPlace *place = pool->retired; place; place = place->next_retired)
	{
		cluster_place_tick(place, now);
		if (cluster_place_load(place) == 0)
			cluster_place_close(place);
	}
}

void
cluster_pool_tick(ClusterPool *pool, uint64_t now)
{
	uint32_t	idle = pool->config->idle_timeout;

	tick_retired(pool, now);
	for (uint32_t i = 0; i < pool->nplaces; i++)
		cluster_place_tick(pool->place[i], now);
	if (!pool->started && cluster_pool_load(pool) == 0)
		close_all(pool);
	else if (idle > 0 && now >= idle && cluster_pool_unused_since(pool, now - idle))
		close_all(pool);
}

/* What a connection failed with before is of no interest to who asks now. */
void
cluster_pool_hurry(ClusterPool *pool)
{
	cluster_backoff_reset(&pool->backoff);
	pool->last.kind = NET_FAIL_NONE;
}

/* One that is over with what it had, or a new one. NULL: out of memory. */
static ClusterPlace *
fresh_place(ClusterPool *pool)
{
	ClusterPlace **at = &pool->retired;
	ClusterPlace *place;

	while (*at && ((*at)->net || cluster_place_load(*at) > 0))
		at = &(*at)->next_retired;
	place = *at;
	if (!place)
		return cluster_place_new(&place_ops, pool, pool->node);
	*at = place->next_retired;
	place->next_retired = NULL;
	place->retired = false;
	place->health = (ClusterHealth) {0};
	return place;
}

/* The connection works, or looks so: what is there ends there, and what comes goes to where the node is now. */
static void
retire(ClusterPool *pool, ClusterPlace **place)
{
	ClusterPlace *fresh = (*place)->up ? fresh_place(pool) : NULL;

	if (!fresh)
	{
		cluster_place_close(*place);
		return;
	}
	fresh->limit = (*place)->limit;
	(*place)->retired = true;
	(*place)->next_retired = pool->retired;
	pool->retired = *place;
	*place = fresh;
}

void
cluster_pool_follow(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (cluster_place_strays(pool->place[i]))
			retire(pool, &pool->place[i]);
	}
}

ClusterPlace *
cluster_pool_pick(const ClusterPool *pool)
{
	ClusterPlace *best = NULL;

	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		ClusterPlace *place = pool->place[i];

		if (cluster_place_ready(place) && (!best || cluster_place_less_loaded(place, best)))
			best = place;
	}
	return best;
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

	for (uint32_t i = 0; i < pool->nplaces; i++)
		n += cluster_place_ready(pool->place[i]);
	return n;
}

bool
cluster_pool_decided(const ClusterPool *pool)
{
	return cluster_pool_ready(pool) || pool->last.kind != NET_FAIL_NONE
		|| (cluster_pool_closed(pool) && cluster_access_shut(pool->access, now_of(pool)));
}

/* NULL: none is. */
static const NetConnection *
any_ready(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (cluster_place_ready(pool->place[i]))
			return pool->place[i]->net;
	}
	return NULL;
}

uint32_t
cluster_pool_shards(const ClusterPool *pool)
{
	const NetConnection *net = any_ready(pool);

	return net ? net_connection_shard(net)->nr_shards : 0;
}

void
cluster_pool_tls(const ClusterPool *pool, const char **version, const char **cipher)
{
	const NetConnection *net = any_ready(pool);

	*version = *cipher = NULL;
	if (net)
		net_connection_tls(net, version, cipher);
}

ClusterPlace *
cluster_pool_find(const ClusterPool *pool, const NetConnection *net)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (pool->place[i]->net == net)
			return pool->place[i];
	}
	return NULL;
}

bool
cluster_pool_closed(const ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (pool->place[i]->net)
			return false;
	}
	for (const ClusterPlace *place = pool->retired; place; place = place->next_retired)
	{
		if (place->net)
			return false;
	}
	return true;
}

uint32_t
cluster_pool_load(const ClusterPool *pool)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < pool->nplaces; i++)
		n += cluster_place_load(pool->place[i]);
	for (const ClusterPlace *place = pool->retired; place; place = place->next_retired)
		n += cluster_place_load(place);
	return n;
}

uint64_t
cluster_pool_window(const ClusterPool *pool)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < pool->nplaces; i++)
		n += cluster_place_ready(pool->place[i]) ? cluster_place_width(pool->place[i]) : 0;
	return n;
}
