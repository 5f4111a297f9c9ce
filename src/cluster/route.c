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
	plan.ordered = plan.replicas.number && cluster_route_conditional(statement, request);
	if (plan.ordered)
		plan.start = 0;
	return plan;
}

static uint32_t
load_of(const ClusterPlan *plan, const ClusterPlace *place)
{
	uint32_t	load = cluster_place_in_flight(place);

	return plan->statement ? load + cluster_statement_waiting(plan->statement, place->node) : load;
}

/* NULL: the node is not to be asked, or not now. */
static ClusterPlace *
place_of(const ClusterNode *node, uint64_t tried, bool *full)
{
	ClusterPlace *place;

	if (!node->pool || (tried & cluster_route_bit(node)))
		return NULL;
	place = cluster_pool_pick(node->pool);
	if (!place && cluster_pool_ready(node->pool))
		*full = true;
	return place;
}

/* NULL: none. */
static ClusterPlace *
choose_replica(const ClusterPlan *plan, uint64_t tried, bool *full)
{
	ClusterPlace *first = NULL;

	for (uint32_t i = 0; i < plan->replicas.n; i++)
	{
		ClusterLocation at = cluster_locate_replica(plan->topology, plan->replicas, (plan->start + i) % plan->replicas.n);
		ClusterPlace *place = place_of(at.node, tried, full);

		if (!place)
			continue;
		if (first)
			return load_of(plan, place) < load_of(plan, first) ? place : first;
		if (plan->ordered)
			return place;
		first = place;
	}
	return first;
}

ClusterChoice
cluster_route_choose(const ClusterPlan *plan, uint64_t tried, ClusterPlace **out)
{
	const ClusterTopology *t = plan->topology;
	bool		full = false;

	*out = choose_replica(plan, tried, &full);
	if (*out)
		return CLUSTER_CHOSEN;
	if (full)
		return CLUSTER_ALL_FULL;
	/* no replica is up: those met a second time here are turned down again */
	for (uint32_t i = 0; i < t->nlocal; i++)
	{
		*out = place_of(t->local[(plan->start + i) % t->nlocal], tried, &full);
		if (*out)
			return CLUSTER_CHOSEN;
	}
	return full ? CLUSTER_ALL_FULL : CLUSTER_NONE_UP;
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

/* Too many requests at once, or too much for a replica: repeated more slowly they may work. */
static ClusterVerdict
write_timeout(const CqlError *error, bool idempotent, uint8_t *spent)
{
	if (!idempotent || error->write_type == CQL_WRITE_COUNTER || error->write_type == CQL_WRITE_CAS)
		return CLUSTER_VERDICT_FAIL;
	if (error->write_type == CQL_WRITE_BATCH_LOG)
		return once(CLUSTER_SPENT_WRITE_TIMEOUT, spent, CLUSTER_VERDICT_SAME_NODE);
	*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
	return CLUSTER_VERDICT_LATER;
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
		case CQL_ERR_SERVER:
		case CQL_ERR_TRUNCATE:
			return idempotent ? CLUSTER_VERDICT_NEXT_NODE : CLUSTER_VERDICT_FAIL;
		case CQL_ERR_WRITE_TIMEOUT:
			return write_timeout(error, idempotent, spent);
		case CQL_ERR_WRITE_FAILURE:
			if (!idempotent || error->write_type == CQL_WRITE_COUNTER || error->write_type == CQL_WRITE_CAS)
				return CLUSTER_VERDICT_FAIL;
			*spent |= CLUSTER_SPENT_MAYBE_APPLIED;
			return CLUSTER_VERDICT_FEWER;
		case CQL_ERR_READ_TIMEOUT:
			if (error->received < error->required || error->data_present)
				return CLUSTER_VERDICT_FAIL;
			return once(CLUSTER_SPENT_READ_TIMEOUT, spent, CLUSTER_VERDICT_SAME_NODE);
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
