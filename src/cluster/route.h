/*
 * cluster/route.h
 *	  Which node a request goes to, and whether it goes anywhere again.
 *
 * Submitter thread; pure but for a look at the pools.
 *
 * A request's plan is the local replicas of its token, from a start that differs
 * from request to request, then the other local nodes. Of the first two replicas
 * that are up, the less loaded one takes it: so a node that is slower than its peers
 * holds as much of what it can do at a time as they do, rather than more and more
 * until it holds all that there may be (Mitzenmacher, "The Power of Two Choices").
 * Where there is a local rack, its nodes come first, until as many requests wait
 * there as may be in flight: what is too much for them others can do as well.
 * Places that are suspect (cluster/health.h) come last, but for a probe now and then.
 * Conditional requests go to the replicas in the ring's order, the first one first:
 * they queue there, where rounds of Paxos begun on several nodes would collide.
 * Positions already tried are in request->tried, one bit per node number modulo 64:
 * in a larger cluster a node may be skipped that was not tried, never the reverse.
 */
#ifndef CLUSTER_ROUTE_H
#define CLUSTER_ROUTE_H

#include "cluster/pool.h"
#include "cluster/statement.h"

typedef struct ClusterPlan
{
	const ClusterTopology *topology;
	const ClusterStatement *statement;	/* NULL: none */
	ClusterReplicas replicas;	/* none: not routed */
	uint32_t	start;
	bool		ordered;		/* conditional: the first of the replicas, whatever its load */

	/* set by who wants suspect places to be probed */
	bool		harmless;		/* the request may be sent twice */
	uv_loop_t  *loop;
	uint64_t   *random;
} ClusterPlan;

/* Whether it takes part in Paxos, as far as anything tells. statement NULL: none. */
extern bool cluster_route_conditional(const ClusterStatement *statement, const ClusterRequest *request);

/* statement NULL: not routed. */
extern ClusterPlan cluster_route_plan(ClusterTopology *t, ClusterStatement *statement, const ClusterRequest *request);

/*
 * A place of the plan whose node was not tried, with or without room: of a replica, if there is one that is up, or else
 * whose connection is being opened, or is opened now; then of another node, by the same order. NULL: none. A replica
 * without room is worth waiting for; one that is down is not, nor one whose connection takes long.
 */
extern ClusterPlace *cluster_route_choose(const ClusterPlan *plan, uint64_t tried);
/* The place is that of a replica and of its shard. Of a plan without replicas, any is as good. */
extern bool cluster_route_owns(const ClusterPlan *plan, const ClusterPlace *place);
/* The chosen place is busy: of nodes that would do as well, another one gets a connection, for requests to come. */
extern bool cluster_route_widen(const ClusterPlan *plan, uint64_t tried);

static inline uint64_t
cluster_route_bit(const ClusterNode *node)
{
	return UINT64_C(1) << (node->number % 64);
}

typedef enum ClusterVerdict
{
	CLUSTER_VERDICT_FAIL,
	CLUSTER_VERDICT_SAME_NODE,
	CLUSTER_VERDICT_NEXT_NODE,
	CLUSTER_VERDICT_SAME_LATER, /* the plan from its start, after a pause: rounds of Paxos that have met go on there */
	CLUSTER_VERDICT_LATER,		/* next node, after a pause; the same one if there is no other. As often as time allows */
	CLUSTER_VERDICT_FEWER,		/* after a pause, and few at a time */
	CLUSTER_VERDICT_PREPARE		/* the statement, on the same connection, then again at once */
} ClusterVerdict;

/* request->spent: verdicts that are given once only, and what is known of its past. */
#define CLUSTER_SPENT_UNAVAILABLE 0x01
#define CLUSTER_SPENT_WRITE_TIMEOUT 0x02
#define CLUSTER_SPENT_READ_TIMEOUT 0x04
#define CLUSTER_SPENT_PREPARE 0x08	/* on this node */
#define CLUSTER_SPENT_MAYBE_APPLIED 0x10	/* a connection was lost with it in flight, or it failed on a replica */

/* What an ERROR means for a request; marks in *spent what it spends. */
extern ClusterVerdict cluster_route_verdict(const CqlError *error, bool idempotent, uint8_t *spent);
/* What a connection that was lost means: NEXT_NODE or FAIL. */
extern ClusterVerdict cluster_route_loss(NetLoss loss, bool idempotent, uint8_t *spent);

#endif							/* CLUSTER_ROUTE_H */
