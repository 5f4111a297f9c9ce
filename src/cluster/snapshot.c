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
cluster_snapshot_table(const ClusterRequest *request, const char **keyspace, const char **table)
{
	const char *names = (const char *) request->payload;
	size_t		first = request->length > 0 ? strnlen(names, request->length) + 1 : 0;

	if (first == 0 || first >= request->length || names[request->length - 1] != '\0')
		return false;
	*keyspace = names;
	*table = names + first;
	return true;
}

bool
cluster_snapshot_ready(const ClusterTopology *t, const ClusterRequest *request)
{
	if (request->kind != CLUSTER_NODES)
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
	CqlRingNode told = {.key = node->key, .name = node->name, .dc = node->dc, .rack = node->rack, .local = node->local};

	if (node->pool)
	{
		told.connections = cluster_pool_count_ready(node->pool);
		told.shards = cluster_pool_shards(node->pool);
		cluster_pool_tls(node->pool, &told.tls, &told.cipher);
	}
	return told;
}

/* Room for n positions, none of them there yet. false: out of memory. */
static bool
reserve(CqlArena *arena, CqlRing *ring, size_t n)
{
	ring->position = cql_arena_alloc(arena, (n + 1) * sizeof(*ring->position));
	return ring->position != NULL;
}

/* The ring is of the same commit as the nodes: each of its nodes is present. number: of each node in what is told. */
static void
put_ring(const ClusterTopology *t, const uint16_t *number, CqlArena *arena, CqlRing *ring)
{
	uint32_t	n = cluster_locate_positions(t);

	if (!reserve(arena, ring, n))
		return;
	for (uint32_t i = 0; i < n; i++)
		ring->position[i] = (CqlRingPosition) {cluster_locate_token(t, i), number[cluster_locate_owner(t, i)]};
	ring->npositions = n;
}

/* Where one tablet is known and the one before is not, the first one's beginning is a border, too. */
static void
put_borders(const ClusterTablets *tablets, CqlArena *arena, CqlRing *ring)
{
	int64_t		last = INT64_MIN;

	ring->of_tablets = true;
	if (!tablets || !reserve(arena, ring, 2 * (size_t) tablets->n))
		return;
	for (uint32_t i = 0; i < tablets->n; i++)
	{
		if (tablets->tablet[i]->first != last)
			ring->position[ring->npositions++] = (CqlRingPosition) {.token = tablets->tablet[i]->first};
		last = tablets->last[i];
		ring->position[ring->npositions++] = (CqlRingPosition) {.token = last};
	}
}

static void
build(const ClusterTopology *t, const ClusterRequest *request, CqlArena *arena, CqlRing *ring)
{
	uint16_t   *number = cql_arena_alloc(arena, (t->nnodes + 1) * sizeof(*number)); /* by node number */
	const char *keyspace;
	const char *table;

	ring->version = t->generation;
	ring->has_tablets = cluster_locate_some_tablets(t);
	ring->node = cql_arena_alloc(arena, (t->nnodes + 1) * sizeof(*ring->node));
	if (arena->failed)
		return;
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		number[i] = ring->nnodes;
		if (t->node[i]->present)
			ring->node[ring->nnodes++] = describe(t->node[i]);
	}
	if (cluster_snapshot_table(request, &keyspace, &table) && cluster_locate_in_tablets(t, keyspace))
		put_borders(cluster_tablets_of(&t->tablets, keyspace, table), arena, ring);
	else
		put_ring(t, number, arena, ring);
}

void
cluster_snapshot_answer(const ClusterTopology *t, ClusterRequest *request)
{
	CqlArena	arena = {0};
	CqlRing		ring = {0};
	CqlBuffer	body = {0};

	if (request->kind != CLUSTER_WARM)
	{
		build(t, request, &arena, &ring);
		cql_ring_put(&body, &ring);
	}
	request->failed = arena.failed || body.failed;
	request->failure = NULL;	/* failed without one: out of memory */
	if (request->failed)
		cql_buffer_free(&body);
	request->body = body.data;
	request->body_length = (uint32_t) body.len;
	cql_arena_free(&arena);
}
