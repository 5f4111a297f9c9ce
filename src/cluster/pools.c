/*
 * cluster/pools.c
 *	  The pools of all nodes, looked at together.
 *
 * Submitter thread only. Owns nothing: each pool is its node's.
 * Invariant: what is in use is never closed for another one.
 */
#include "cluster/pools.h"

#define STAYS 10000				/* ms that a connection is not closed for another one: else each request could swap
								 * some */

bool
cluster_pools_some_up(const ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		if (t->local[i]->pool && cluster_pool_ready(t->local[i]->pool))
			return true;
	}
	return false;
}

bool
cluster_pools_some_opening(const ClusterTopology *t, uint64_t by)
{
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		const ClusterPool *pool = t->local[i]->pool;

		if (pool && cluster_pool_opening(pool, by))
			return true;
	}
	return false;
}

bool
cluster_pools_closed(const ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (t->node[i]->pool && !cluster_pool_closed(t->node[i]->pool))
			return false;
	}
	return true;
}

void
cluster_pools_report(const ClusterTopology *t, ClusterReport *report)
{
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		const ClusterNode *node = t->local[i];

		if (node->pool && node->pool->last.kind != NET_FAIL_NONE)
			cluster_report_add(report, node->name, &node->pool->last);
	}
}

void
cluster_pools_stop(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (t->node[i]->pool)
			cluster_pool_stop(t->node[i]->pool);
	}
}

void
cluster_pools_free(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
		cluster_pool_free(t->node[i]->pool);
}

void
cluster_pools_forget_failures(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		ClusterPool *pool = t->local[i]->pool;

		if (pool && !cluster_pool_ready(pool))
			cluster_pool_hurry(pool);
	}
}

void
cluster_pools_open_undecided(ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		ClusterPool *pool = t->local[i]->pool;

		if (pool && !cluster_pool_decided(pool))
			(void) cluster_pool_open(pool, 0);
	}
}

void
cluster_pools_make_room(ClusterTopology *t, ClusterAccess *access, uint64_t now)
{
	ClusterPool *oldest = NULL;

	if (!access->crowded)
		return;
	access->crowded = false;
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		ClusterPool *pool = t->local[i]->pool;

		if (pool && cluster_pool_unused_since(pool, now) && now >= cluster_pool_opened(pool) + STAYS
			&& (!oldest || cluster_pool_used(pool) < cluster_pool_used(oldest)))
			oldest = pool;
	}
	if (oldest)
		cluster_pool_close(oldest);
}
