/*
 * fdw/catalog/ring.c
 *	  The nodes of a cluster, and who owns which part of its token ring.
 *
 * Backend thread. Owns each session's ring, in the session's context. Invariant:
 * the ring kept is the one of session->ring_version; callers get copies, as
 * another statement may have it replaced.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fdw/catalog/ring.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"

/* What the core tells; it goes with CurrentMemoryContext. */
typedef struct Told
{
	CqlRing		ring;
	CqlArena	arena;
	MemoryContextCallback callback;
} Told;

const CqlRing *
scyllaAskNodes(ScyllaSession *session, const ScyllaTableOptions *options, ClusterRequestKind kind)
{
	Told	   *told = palloc0(sizeof(*told));
	CqlReader	r = scyllaAskClient(session, options, kind);

	scyllaTieArena(&told->callback, &told->arena);
	if (cql_ring_get(&r, &told->arena, &told->ring))
		return &told->ring;
	if (told->arena.failed)
		scyllaRaiseOutOfMemory();
	scyllaRaiseMalformed("list of nodes");
}

/* ---- the ring ---- */

static ScyllaRing *
make_ring(int nnodes, int ntokens)
{
	ScyllaRing *ring = palloc(sizeof(*ring));

	ring->nnodes = nnodes;
	ring->ntokens = ntokens;
	ring->token = palloc_array(int64, Max(ntokens, 1));
	ring->owner = palloc_array(uint16, Max(ntokens, 1));
	return ring;
}

static void
forget_ring(ScyllaSession *session)
{
	ScyllaRing *old = session->ring;

	session->ring = NULL;
	if (old != NULL)
		MemoryContextDelete(GetMemoryChunkContext(old));
}

/* In a context of its own, which is the session's as soon as it is whole. */
static void
keep_ring(ScyllaSession *session, const CqlRing *told)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw ring", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaRing *ring = make_ring(told->nnodes, (int) told->npositions);

	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, session->context);
	for (int i = 0; i < ring->ntokens; i++)
	{
		ring->token[i] = told->position[i].token;
		ring->owner[i] = told->position[i].owner;
		Assert(ring->owner[i] < ring->nnodes && (i == 0 || ring->token[i - 1] < ring->token[i]));
	}
	forget_ring(session);
	session->ring = ring;
	session->ring_version = told->version;
}

ScyllaRing *
scyllaRing(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const ScyllaRing *kept;
	ScyllaRing *copy;

	if (session->ring == NULL || session->ring_version != client_topology_version(session->client))
	{
		MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw nodes", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(scratch);

		keep_ring(session, scyllaAskNodes(session, options, CLUSTER_RING));
		MemoryContextSwitchTo(old);
		MemoryContextDelete(scratch);
	}
	kept = session->ring;
	Assert(MemoryContextGetParent(GetMemoryChunkContext(session->ring)) == session->context);
	copy = make_ring(kept->nnodes, kept->ntokens);
	memcpy(copy->token, kept->token, kept->ntokens * sizeof(*kept->token));
	memcpy(copy->owner, kept->owner, kept->ntokens * sizeof(*kept->owner));
	return copy;
}

/* ---- the nodes ---- */

int
scyllaConnectedNodes(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const CqlRing *told = scyllaAskNodes(session, options, CLUSTER_NODES);
	int			n = 0;

	for (uint16 i = 0; i < told->nnodes; i++)
		n += told->node[i].connections > 0;
	return n;
}
