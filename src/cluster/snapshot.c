/*
 * cluster/snapshot.c
 *	  The topology as the backend is told of it.
 *
 * Submitter thread; no I/O. Owns nothing: the body becomes the request's.
 * Invariant: nodes that left the cluster are not told of, so a node's number in
 * the snapshot is not the one that it has in the topology.
 *
 * The backend asks for the ring by a request, CLUSTER_RING, on the same road as all
 * others. So it waits interruptibly while the cluster is found, its failures have
 * the same reasons, and nothing of the topology is shared. cluster_submit takes such
 * a request, and cluster_flush of the same turn answers it. A counter,
 * client_topology_version, tells when the copy that a session keeps is old.
 */
#include "cluster/snapshot.h"

#include "cluster/locate.h"
#include "cluster/pool.h"
#include "cql/ring.h"

#include <stdlib.h>

bool
cluster_snapshot_ready(const ClusterTopology *t, const ClusterRequest *request)
{
	if (request->kind == CLUSTER_RING)
		return true;
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		/* without memory for a pool, a node is simply not used */
		if (t->local[i]->pool && !cluster_pool_decided(t->local[i]->pool))
			return false;
	}
	return true;
}

static CqlRingNode
describe(const ClusterNode *node)
{
	CqlRingNode told = {.name = node->name, .dc = node->dc, .rack = node->rack, .local = node->local};

	if (node->pool)
	{
		told.connections = cluster_pool_count_ready(node->pool);
		told.shards = cluster_pool_shards(node->pool);
		cluster_pool_tls(node->pool, &told.tls, &told.cipher);
	}
	return told;
}

/* false: out of memory. */
static bool
build(const ClusterTopology *t, CqlArena *arena, CqlRing *ring)
{
	uint16_t   *number = cql_arena_alloc(arena, (t->nnodes + 1) * sizeof(*number)); /* by node number */

	ring->version = t->generation;
	ring->node = cql_arena_alloc(arena, (t->nnodes + 1) * sizeof(*ring->node));
	ring->npositions = cluster_locate_positions(t);
	ring->position = cql_arena_alloc(arena, ((size_t) ring->npositions + 1) * sizeof(*ring->position));
	if (arena->failed)
		return false;
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		number[i] = ring->nnodes;
		if (t->node[i]->present)
			ring->node[ring->nnodes++] = describe(t->node[i]);
	}
	/* the ring is of the same commit: each of its nodes is present */
	for (uint32_t i = 0; i < ring->npositions; i++)
		ring->position[i] = (CqlRingPosition) {cluster_locate_token(t, i), number[cluster_locate_owner(t, i)]};
	return true;
}

void
cluster_snapshot_answer(const ClusterTopology *t, ClusterRequest *request)
{
	CqlArena	arena = {0};
	CqlRing		ring = {0};
	CqlBuffer	body = {0};

	if (build(t, &arena, &ring))
		cql_ring_put(&body, &ring);
	request->failed = arena.failed || body.failed;
	request->failure = NULL;	/* failed without one: out of memory */
	if (request->failed)
		cql_buffer_free(&body);
	request->body = body.data;
	request->body_length = (uint32_t) body.len;
	cql_arena_free(&arena);
}
