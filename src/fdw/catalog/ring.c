/*
 * fdw/catalog/ring.c
 *	  The nodes of a cluster, and where parts of its token ring begin and end.
 *
 * Backend thread. Owns each session's ring, in the session's context. Invariant:
 * callers get copies of the ring that is kept, as another statement may have it
 * replaced.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fdw/catalog/ring.h"
#include "fdw/option/names.h"
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

/* table: NULL, or what the client takes for one's name. */
static const CqlRing *
ask(ScyllaSession *session, const ScyllaTableOptions *options, ClusterRequestKind kind, const CqlBuffer *table)
{
	Told	   *told = palloc0(sizeof(*told));
	CqlReader	r = scyllaAskClient(session, options, kind, table);

	scyllaTieArena(&told->callback, &told->arena);
	if (cql_ring_get(&r, &told->arena, &told->ring))
		return &told->ring;
	if (told->arena.failed)
		scyllaRaiseOutOfMemory();
	scyllaRaiseMalformed("list of nodes");
}

const CqlRing *
scyllaKnownNodes(ScyllaSession *session, const ScyllaTableOptions *options)
{
	return ask(session, options, CLUSTER_RING, NULL);
}

const CqlRing *
scyllaAskNodes(ScyllaSession *session, const ScyllaTableOptions *options)
{
	return ask(session, options, CLUSTER_NODES, NULL);
}

/* ---- the ring ---- */

static ScyllaRing *
make_ring(int nnodes, int ntokens)
{
	ScyllaRing *ring = palloc0(sizeof(*ring));

	ring->nnodes = nnodes;
	ring->ntokens = ntokens;
	ring->token = palloc_array(int64, Max(ntokens, 1));
	return ring;
}

/* What else was told goes at once. */
static ScyllaRing *
ask_ring(ScyllaSession *session, const ScyllaTableOptions *options, const CqlBuffer *table)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw nodes", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(scratch);
	const CqlRing *told = ask(session, options, CLUSTER_RING, table);
	ScyllaRing *ring;

	MemoryContextSwitchTo(old);
	ring = make_ring(told->nnodes, (int) told->npositions);
	ring->version = told->version;
	ring->has_tablets = told->has_tablets;
	for (int i = 0; i < ring->ntokens; i++)
	{
		ring->token[i] = told->position[i].token;
		Assert(i == 0 || ring->token[i - 1] < ring->token[i]);
	}
	MemoryContextDelete(scratch);
	return ring;
}

/* In a context of its own, which is the session's as soon as it is whole. */
static void
keep_ring(ScyllaSession *session, const ScyllaTableOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw ring", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaRing *ring = ask_ring(session, options, NULL);
	ScyllaRing *before = session->ring;

	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, session->context);
	session->ring = ring;
	if (before != NULL)
		MemoryContextDelete(GetMemoryChunkContext(before));
}

/* Valid until the next request. */
static const ScyllaRing *
kept_ring(ScyllaSession *session, const ScyllaTableOptions *options)
{
	if (session->ring == NULL || session->ring->version != client_topology_version(session->client))
		keep_ring(session, options);
	Assert(MemoryContextGetParent(GetMemoryChunkContext(session->ring)) == session->context);
	return session->ring;
}

ScyllaRing *
scyllaRing(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const ScyllaRing *kept = kept_ring(session, options);
	ScyllaRing *copy = make_ring(kept->nnodes, kept->ntokens);

	copy->version = kept->version;
	copy->has_tablets = kept->has_tablets;
	memcpy(copy->token, kept->token, kept->ntokens * sizeof(*kept->token));
	return copy;
}

/* ---- tablets ---- */

static CqlBuffer
name_of(const ScyllaTableOptions *options)
{
	const char *keyspace = scyllaToUtf8(options->keyspace);
	const char *table = scyllaToUtf8(options->table);
	CqlBuffer	name = scyllaPallocBuffer(strlen(keyspace) + strlen(table) + 2);

	cql_put_raw(&name, keyspace, strlen(keyspace) + 1);
	cql_put_raw(&name, table, strlen(table) + 1);
	return name;
}

ScyllaRing *
scyllaTableRing(ScyllaSession *session, const ScyllaTableOptions *options)
{
	CqlBuffer	name = name_of(options);

	return kept_ring(session, options)->has_tablets ? ask_ring(session, options, &name) : scyllaRing(session, options);
}

void
scyllaWarmTablets(ScyllaSession *session, const ScyllaTableOptions *options)
{
	CqlBuffer	name = name_of(options);

	if (kept_ring(session, options)->has_tablets)
		(void) scyllaAskClient(session, options, CLUSTER_WARM, &name);
}

/* ---- the nodes ---- */

int
scyllaConnectedNodes(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const CqlRing *told = scyllaAskNodes(session, options);
	int			n = 0;

	for (uint16 i = 0; i < told->nnodes; i++)
		n += told->node[i].connections > 0;
	return n;
}
