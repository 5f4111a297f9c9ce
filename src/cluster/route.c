/*
 * cluster/route.c
 *	  Which node a request goes to, and whether it goes anywhere again.
 *
 * Submitter thread; allocates nothing, no I/O.
 * Owns: nothing.
 * Invariant: what the server may have done is repeated only where repeating
 * changes nothing (idempotent), or where the server says it did nothing.
 */
#include "cluster/route.h"

#define WIDEN_LOOKS 3			/* nodes of a large cluster that are looked at for one request */

bool
cluster_route_conditional(const ClusterStatement *statement, const ClusterRequest *request)
{
	return (statement && statement->conditional) || (request->flags & CQL_PARAM_SERIAL) != 0 ||
		request->consistency == CQL_SERIAL || request->consistency == CQL_LOCAL_SERIAL;
}

ClusterPlan
cluster_route_plan(ClusterTopology *t, ClusterStatement *statement, const ClusterRequest *request)
{
	ClusterPlan plan = {.topology = t, .statement = statement, .start = request->spread};

	if (!statement || !request->routed)
		return plan;
	plan.replicas = cluster_locate(t, &statement->table, request->token);
	plan.ordered = (plan.replicas.number || plan.replicas.tablet) && cluster_route_conditional(statement, request);
	if (plan.ordered)
		plan.start = 0;
	return plan;
}

/* Nodes of a plan, in its order: its replicas, or all local ones. */
static uint32_t
count_of(const ClusterPlan *plan, bool replicas)
{
	return replicas ? plan->replicas.n : plan->topology->nlocal;
}

/* Of two that would do, the less loaded one. */
typedef struct Choice
{
	ClusterPlace *place;		/* NULL: none yet */
	ClusterPlace *suspect;		/* the first one that is; NULL: none was met */
	bool		made;			/* there is nothing more to look for */
} Choice;

/* A request that another node can do as well goes to a suspect one now and then, to see if it answers. */
static bool
is_probe(const ClusterPlan *plan, ClusterPlace *place)
{
	return plan->loop && !place->lane.first && cluster_place_has_room(place) &&
		cluster_health_probe(&place->health, plan->harmless, uv_now(plan->loop), plan->random);
}

static void
consider(Choice *choice, const ClusterPlan *plan, ClusterPlace *place)
{
	if (!place)
		return;
	if (place->health.suspect)
	{
		choice->made = is_probe(plan, place);
		if (choice->made)
			choice->place = place;
		else if (!choice->suspect)
			choice->suspect = place;
		return;
	}
	choice->made = plan->ordered || choice->place;
	if (!choice->place || cluster_place_less_loaded(place, choice->place))
		choice->place = place;
}

/* Which of the nodes a request may go to. */
typedef enum Among
{
	AMONG_ALL, AMONG_NEAR, AMONG_FAR
} Among;

/* NULL: not to be asked. Where rows of all shards are as good, sessions go to different ones. */
static ClusterPool *
pool_of(const ClusterPlan *plan, uint64_t tried, bool replicas, Among among, uint32_t i, uint32_t *shard)
{
	const ClusterTopology *t = plan->topology;
	uint32_t	at = (plan->start + i) % count_of(plan, replicas);
	ClusterLocation where = {.shard = plan->start};

	if (replicas)
		where = cluster_locate_replica(t, plan->replicas, at);
	else
		where.node = t->local[at];
	if ((tried & cluster_route_bit(where.node)) || (among != AMONG_ALL && where.node->near != (among == AMONG_NEAR)))
		return NULL;
	*shard = where.shard;
	return where.node->pool;
}

static void
look(Choice *choice, const ClusterPlan *plan, uint64_t tried, bool replicas, Among among,
	 ClusterPlace *(*place_of) (ClusterPool *, uint32_t))
{
	for (uint32_t i = 0; i < count_of(plan, replicas) && !choice->made; i++)
	{
		uint32_t	shard;
		ClusterPool *pool = pool_of(plan, tried, replicas, among, i, &shard);

		consider(choice, plan, pool ? place_of(pool, shard) : NULL);
	}
}

/* The first of so many that may be. NULL: none may. */
static ClusterPlace *
open_one(const ClusterPlan *plan, uint64_t tried, bool replicas, Among among, uint32_t n)
{
	ClusterPlace *place = NULL;

	for (uint32_t i = 0; i < n && !place; i++)
	{
		uint32_t	shard;
		ClusterPool *pool = pool_of(plan, tried, replicas, among, i, &shard);

		place = pool ? cluster_pool_open(pool, shard) : NULL;
	}
	return place;
}

/* One that is up, else one that soon may be. */
static void
reach(Choice *choice, const ClusterPlan *plan, uint64_t tried, bool replicas, Among among)
{
	look(choice, plan, tried, replicas, among, cluster_pool_pick);
	if (!choice->place)
		look(choice, plan, tried, replicas, among, cluster_pool_awaited);
	if (!choice->place)
		choice->place = open_one(plan, tried, replicas, among, count_of(plan, replicas));
}

/* Far ones take what there are too many requests for near by. */
static void
reach_near(Choice *choice, const ClusterPlan *plan, uint64_t tried, bool replicas)
{
	ClusterPlace *near;

	reach(choice, plan, tried, replicas, AMONG_NEAR);
	near = choice->place;
	if (near && !cluster_place_is_crowded(near))
		return;
	choice->place = NULL;
	choice->made = false;
	reach(choice, plan, tried, replicas, AMONG_FAR);
	if (near && (!choice->place || cluster_place_is_crowded(choice->place)))
		choice->place = near;
}

static void
reach_all(Choice *choice, const ClusterPlan *plan, uint64_t tried, bool replicas)
{
	/* sessions of all racks agree on where rounds of Paxos begin */
	if (!plan->topology->local_rack || plan->ordered)
		reach(choice, plan, tried, replicas, AMONG_ALL);
	else
		reach_near(choice, plan, tried, replicas);
}

/* NULL: the place of that replica is not up and well. */
static inline ClusterPlace *
place_at(const ClusterPlan *plan, uint64_t tried, uint32_t at)
{
	ClusterLocation where = cluster_locate_replica(plan->topology, plan->replicas, at);
	const ClusterPool *pool = where.node->pool;
	ClusterPlace *place;

	if (!pool || where.shard >= pool->nplaces || (tried & cluster_route_bit(where.node)))
		return NULL;
	place = pool->place[where.shard];
	return place->up && !place->health.suspect ? place : NULL;
}

/* What nearly every request of a load meets: its next two replicas, up and well. NULL: there is more to look at. */
static ClusterPlace *
choose_at_once(const ClusterPlan *plan, uint64_t tried)
{
	uint32_t	n = plan->replicas.n;
	uint32_t	at = n > 1 ? plan->start % n : 0;
	ClusterPlace *place;
	ClusterPlace *other;

	if (n == 0 || plan->topology->local_rack)
		return NULL;
	place = place_at(plan, tried, at);
	if (!place || n == 1 || plan->ordered)
		return place;
	other = place_at(plan, tried, at + 1 < n ? at + 1 : 0);
	if (!other)
		return NULL;
	return cluster_place_less_loaded(other, place) ? other : place;
}

ClusterPlace *
cluster_route_choose(const ClusterPlan *plan, uint64_t tried)
{
	Choice		choice = {0};
	ClusterPlace *place = choose_at_once(plan, tried);

	if (place && cluster_place_ready(place))
		return place;
	reach_all(&choice, plan, tried, true);
	/* no replica is up, or well: those met a second time here are turned down again */
	if (!choice.place)
		reach_all(&choice, plan, tried, false);
	return choice.place ? choice.place : choice.suspect;
}

bool
cluster_route_owns(const ClusterPlan *plan, const ClusterPlace *place)
{
	for (uint32_t i = 0; i < plan->replicas.n; i++)
	{
		ClusterLocation where = cluster_locate_replica(plan->topology, plan->replicas, i);

		if (where.node == place->node)
			return where.shard == place->shard;
	}
	return plan->replicas.n == 0;
}

bool
cluster_route_widen(const ClusterPlan *plan, uint64_t tried)
{
	bool		replicas = plan->replicas.n > 0;
	uint32_t	n = count_of(plan, replicas);

	return !plan->ordered && open_one(plan, tried, replicas, plan->topology->local_rack ? AMONG_NEAR : AMONG_ALL,
									  n < WIDEN_LOOKS ? n : WIDEN_LOOKS);
}

static ClusterVerdict
once(uint8_t bit, uint8_t *spent, ClusterVerdict verdict)
{
	if (*spent & bit)
		return CLUSTER_VERDICT_FAIL;
	*spent |= bit;
	return verdict;
}

/*
 * The node did nothing but say so. What it forgets right after it was told has no
 * room in its cache of prepared statements now, but soon may have.
 */
static ClusterVerdict
unprepared(uint8_t *spent)
{
	if (*spent & CLUSTER_SPENT_PREPARE)
		return CLUSTER_VERDICT_LATER;
	*spent |= CLUSTER_SPENT_PREPARE;
	return CLUSTER_VERDICT_PREPARE;
}

/* Rounds of Paxos have met, or replicas were slow to take part. Whoever repeats that elsewhere makes more of them meet. */
static ClusterVerdict
paxos_timeout(bool idempotent, uint8_t *spent)
{
	*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
	return idempotent ? CLUSTER_VERDICT_SAME_LATER : CLUSTER_VERDICT_FAIL;
}

/* Too many requests at once, or too much for a replica: repeated more slowly they may work. */
static ClusterVerdict
write_timeout(const CqlError *error, bool idempotent, uint8_t *spent)
{
	if (error->write_type == CQL_WRITE_CAS)
		return paxos_timeout(idempotent, spent);
	if (!idempotent || error->write_type == CQL_WRITE_COUNTER)
		return CLUSTER_VERDICT_FAIL;
	if (error->write_type == CQL_WRITE_BATCH_LOG)
		return once(CLUSTER_SPENT_WRITE_TIMEOUT, spent, CLUSTER_VERDICT_SAME_NODE);
	*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
	return CLUSTER_VERDICT_LATER;
}

/* What is conditional reads, too, and may have proposed something before that. */
static ClusterVerdict
read_timeout(const CqlError *error, bool idempotent, uint8_t *spent)
{
	if (error->consistency == CQL_SERIAL || error->consistency == CQL_LOCAL_SERIAL)
		return paxos_timeout(idempotent, spent);
	if (!idempotent || error->received < error->required || error->data_present)
		return CLUSTER_VERDICT_FAIL;
	return once(CLUSTER_SPENT_READ_TIMEOUT, spent, CLUSTER_VERDICT_SAME_NODE);
}

/* ScyllaDB has one such request at a time, of all nodes, and did not begin this one (service/storage_proxy.cc). */
static ClusterVerdict
truncate_error(const CqlError *error, bool idempotent)
{
	if (cql_string_contains(error->message, "Another global topology request is ongoing"))
		return CLUSTER_VERDICT_LATER;
	return idempotent ? CLUSTER_VERDICT_NEXT_NODE : CLUSTER_VERDICT_FAIL;
}

ClusterVerdict
cluster_route_verdict(const CqlError *error, bool idempotent, uint8_t *spent)
{
	switch (error->code)
	{
		case CQL_ERR_UNAVAILABLE:
			return once(CLUSTER_SPENT_UNAVAILABLE, spent, CLUSTER_VERDICT_NEXT_NODE);
		case CQL_ERR_BOOTSTRAPPING:
			return CLUSTER_VERDICT_NEXT_NODE;
		case CQL_ERR_OVERLOADED:
		case CQL_ERR_RATE_LIMIT:
			return idempotent ? CLUSTER_VERDICT_LATER : CLUSTER_VERDICT_FAIL;
		case CQL_ERR_TRUNCATE:
			return truncate_error(error, idempotent);
		case CQL_ERR_SERVER:
			return idempotent ? CLUSTER_VERDICT_NEXT_NODE : CLUSTER_VERDICT_FAIL;
		case CQL_ERR_WRITE_TIMEOUT:
			return write_timeout(error, idempotent, spent);
		case CQL_ERR_WRITE_FAILURE:
			if (!idempotent || error->write_type == CQL_WRITE_COUNTER || error->write_type == CQL_WRITE_CAS)
				return CLUSTER_VERDICT_FAIL;
			*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
			return CLUSTER_VERDICT_FEWER;
		case CQL_ERR_READ_TIMEOUT:
			return read_timeout(error, idempotent, spent);
		case CQL_ERR_UNPREPARED:
			return unprepared(spent);
		default:
			return CLUSTER_VERDICT_FAIL;
	}
}

ClusterVerdict
cluster_route_loss(NetLoss loss, bool idempotent, uint8_t *spent)
{
	if (loss == NET_UNSENT)
		return CLUSTER_VERDICT_NEXT_NODE;
	*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
	return idempotent && loss == NET_LOST ? CLUSTER_VERDICT_NEXT_NODE : CLUSTER_VERDICT_FAIL;
}
