/*
 * cluster/pool.c
 *	  The places of one node.
 *
 * Submitter thread only.
 * Owns: its places.
 * Invariants: nothing is opened that no request wants; a stopped pool opens nothing;
 * each connection is one that the access was taken for; a retired place takes nothing
 * new, and its end is no failure of the node; place[i]->shard is i.
 *
 * One connection to a node, or to a shard, has stream ids enough, and keeps writes
 * large.
 */
#include "cluster/pool.h"

#include <stdlib.h>
#include <string.h>

#define RETURN_WITHIN 100		/* ms in which a connection that was lost is opened again, if one is wanted */

static uint64_t
now_of(const ClusterPool *pool)
{
	return uv_now(pool->config->net.loop);
}

static void on_up(ClusterPlace *place);
static void on_down(ClusterPlace *place, bool was_up, const NetFailure *why);

static const ClusterPlaceOps place_ops = {
	.on_up = on_up,
	.on_down = on_down,
};

/* ---- places ---- */

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

/* What is there ends there. */
static void
put_aside(ClusterPool *pool, ClusterPlace *place)
{
	place->retired = true;
	place->next_retired = pool->retired;
	pool->retired = place;
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
	fresh->shard = (*place)->shard;
	put_aside(pool, *place);
	*place = fresh;
}

/* ---- shards ---- */

static void
swap(ClusterPool *pool, uint32_t i, uint32_t j)
{
	ClusterPlace *place = pool->place[i];

	pool->place[i] = pool->place[j];
	pool->place[j] = place;
	pool->place[i]->shard = i;
	pool->place[j]->shard = j;
}

/* So many that nothing is known of. NULL: out of memory. */
static ClusterPlace **
fresh_places(ClusterPool *pool, uint32_t n)
{
	ClusterPlace **all = calloc(n, sizeof(*all));

	for (uint32_t i = 0; all && i < n; i++)
	{
		all[i] = fresh_place(pool);
		if (all[i])
			continue;
		while (i > 0)
			put_aside(pool, all[--i]);
		free(all);
		return NULL;
	}
	return all;
}

/* The node tells of another number of shards than before, or for the first time: its other connections are of before. */
static void
renumber(ClusterPool *pool, ClusterPlace *place, uint32_t n)
{
	ClusterPlace **all = fresh_places(pool, n);

	if (!all)
		return;					/* as it is, requests are passed on within the node */
	for (uint32_t i = 0; i < n; i++)
	{
		all[i]->shard = i;
		all[i]->limit = place->limit;
	}
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		ClusterPlace *before = pool->place[i];

		if (before == place)
			continue;
		put_aside(pool, before);
		cluster_place_close(before);
	}
	put_aside(pool, all[0]);
	all[0] = place;
	place->shard = 0;
	free(pool->place);
	pool->place = all;
	pool->nplaces = n;
	pool->shards = (ClusterShards) {0}; /* ports that did not do may do now */
}

/* To the place of the shard that serves it. false: that one has a connection. */
static bool
settle(ClusterPool *pool, ClusterPlace *place, uint32_t shard)
{
	ClusterPlace *other = pool->place[shard];
	bool		astray = place->aware && place->asked_of == pool->nplaces && place->asked != shard;

	cluster_shards_landed(&pool->shards, astray, other != place && other->up, pool->nplaces, now_of(pool));
	if (other == place)
		return true;
	if (other->up)
		return false;
	swap(pool, place->shard, shard);
	pool->ops->on_moved(place);
	pool->ops->on_moved(other);
	return true;
}

/* false: the connection is of no use. */
static bool
arrange(ClusterPool *pool, ClusterPlace *place)
{
	const NetShard *told = net_connection_shard(place->net);
	uint32_t	n = told->nr_shards > 0 ? told->nr_shards : 1;

	if (told->has_host_id && memcmp(told->host_id, pool->node->host_id, sizeof(told->host_id)) != 0)
	{
		cluster_backoff_failed(&pool->backoff, now_of(pool), pool->random);
		pool->stranger = true;
		pool->ops->on_stranger(pool);
		return false;
	}
	if (n != pool->nplaces || told->ignore_msb != pool->node->ignore_msb)
		renumber(pool, place, n);
	pool->node->nr_shards = told->nr_shards;
	pool->node->ignore_msb = told->ignore_msb;
	pool->shards.aware_port = told->aware_port;
	return told->shard >= pool->nplaces || settle(pool, place, told->shard);
}

static void
on_up(ClusterPlace *place)
{
	ClusterPool *pool = place->pool;

	CORE_ASSERT(cluster_pool_find(pool, place->net) == place);
	cluster_access_ready(pool->access);
	if (!arrange(pool, place))
	{
		cluster_place_close(place);
		return;
	}
	cluster_backoff_reset(&pool->backoff);
	pool->ops->on_up(pool, place->net);
}

/* ---- ends of connections ---- */

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
	if (!was_up && place->aware && cluster_shards_failed(&pool->shards, why->kind, now_of(pool)))
		failure = false;		/* the node's other port may be better */
	if (failure)
		failed(pool, why);
	if (failure && was_up)
		cluster_backoff_lost(&pool->backoff, now_of(pool), RETURN_WITHIN, pool->random);
	pool->ops->on_down(place, was_up, why);
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
	pool->place = fresh_places(pool, 1);
	pool->nplaces = pool->place ? 1 : 0;
	if (pool->place)
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

/* Of the shard; the number of shards may have changed since it was asked for. */
static ClusterPlace *
place_of(const ClusterPool *pool, uint32_t shard)
{
	return pool->place[shard < pool->nplaces ? shard : shard % pool->nplaces];
}

bool
cluster_pool_may_open(const ClusterPool *pool, uint32_t shard)
{
	uint64_t	now = now_of(pool);

	return pool->started && now >= pool->backoff.due && !place_of(pool, shard)->net
		&& (cluster_shards_may(&pool->shards, now) || !cluster_pool_ready(pool))
		&& cluster_access_may(pool->access, now);
}

ClusterPlace *
cluster_pool_open(ClusterPool *pool, uint32_t shard)
{
	ClusterPlace *place = place_of(pool, shard);
	uint64_t	now = now_of(pool);
	uint16_t	source;
	uint16_t	port;
	NetFailure	why;

	if (!cluster_pool_may_open(pool, shard) || !cluster_access_take(pool->access, now))
		return NULL;
	port = cluster_shards_port(&pool->shards, place->shard, pool->nplaces, now, pool->random, &source);
	place->asked = place->shard;
	place->asked_of = pool->nplaces;
	if (cluster_place_open(place, &pool->config->net, port, source))
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
cluster_pool_awaited(ClusterPool *pool, uint32_t shard)
{
	if (cluster_place_awaited(place_of(pool, shard), now_of(pool)))
		return place_of(pool, shard);
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

void
cluster_pool_close(ClusterPool *pool)
{
	for (uint32_t i = 0; i < pool->nplaces; i++)
		cluster_place_close(pool->place[i]);
	for (ClusterPlace *place = pool->retired; place; place = place->next_retired)
		cluster_place_close(place);
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
	cluster_pool_close(pool);
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

/* One that was not used for so long goes; of a pool that is not wanted, one that has no requests. */
static bool
is_idle(const ClusterPool *pool, const ClusterPlace *place, uint64_t now)
{
	uint32_t	idle = pool->config->idle_timeout;

	if (!place->net || cluster_place_load(place) > 0)
		return false;
	return !pool->started || (place->up && idle > 0 && now >= place->used + idle);
}

void
cluster_pool_tick(ClusterPool *pool, uint64_t now)
{
	tick_retired(pool, now);
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		ClusterPlace *place = pool->place[i];

		cluster_place_tick(place, now);
		if (is_idle(pool, place, now))
			cluster_place_close(place);
	}
}

uint64_t
cluster_pool_due(const ClusterPool *pool, uint64_t now)
{
	uint32_t	idle = pool->config->idle_timeout;
	uint64_t	due = UINT64_MAX;

	for (const ClusterPlace *place = pool->retired; place; place = place->next_retired)
		due = place->net ? now : due;
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		const ClusterPlace *place = pool->place[i];

		if (place->net)
			due = net_sooner(due, pool->started ? net_connection_due(place->net) : now);
		if (place->up && idle > 0)
			due = net_sooner(due, place->used + idle);
	}
	return due;
}

/* What a connection failed with before is of no interest to who asks now. */
void
cluster_pool_hurry(ClusterPool *pool)
{
	cluster_backoff_reset(&pool->backoff);
	pool->last.kind = NET_FAIL_NONE;
}

void
cluster_pool_follow(ClusterPool *pool)
{
	if (pool->stranger)
		cluster_pool_hurry(pool);
	pool->stranger = false;
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		if (cluster_place_strays(pool->place[i]))
			retire(pool, &pool->place[i]);
	}
}

/* Its connection may be ready soon: it is being opened, or waits for its turn to be. */
static bool
comes_soon(const ClusterPool *pool, ClusterPlace *own)
{
	uint64_t	now = now_of(pool);

	if (own->net)
		return cluster_place_awaited(own, now);
	if (now < pool->backoff.due || !cluster_shards_may(&pool->shards, now) || cluster_access_shut(pool->access, now))
		return false;
	if (own->wanted == 0)
		own->wanted = now;
	return now < own->wanted + CLUSTER_PLACE_PATIENCE;
}

ClusterPlace *
cluster_pool_pick(ClusterPool *pool, uint32_t shard)
{
	ClusterPlace *own = place_of(pool, shard);
	ClusterPlace *best = NULL;

	if (cluster_place_ready(own))
		return own;
	for (uint32_t i = 0; i < pool->nplaces; i++)
	{
		ClusterPlace *place = pool->place[i];

		if (cluster_place_ready(place) && (!best || cluster_place_less_loaded(place, best)))
			best = place;
	}
	if (!best)
		return NULL;
	(void) cluster_pool_open(pool, shard);
	return (own->lane.first || cluster_place_load(best) > 0) && comes_soon(pool, own) ? own : best;
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

bool
cluster_pool_ready(const ClusterPool *pool)
{
	return any_ready(pool) != NULL;
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
