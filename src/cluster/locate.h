/*
 * cluster/locate.h
 *	  Where rows live: (keyspace, table, token) -> nodes, and the shard on each.
 *
 * Submitter thread; no I/O. The one door to the token ring and to tablets: nobody else but
 * topology, which keeps both, knows them.
 */
#ifndef CLUSTER_LOCATE_H
#define CLUSTER_LOCATE_H

#include "cluster/shard.h"
#include "cluster/tablet.h"
#include "cluster/topology.h"

/* A table, and what was found out about its rows. Names are borrowed. */
typedef struct ClusterTable
{
	const char *keyspace;		/* NULL: not known, its rows may be anywhere */
	const char *name;
	const struct ClusterPlacement *placement;	/* as of generation; NULL: anywhere */
	uint32_t	generation;		/* of the topology; 0: not looked up yet */
	const struct ClusterTablets *tablets;	/* NULL: none is known */
	uint32_t	tablets_generation; /* of the map of tablets, plus 1; 0: not looked up yet */
} ClusterTable;

/* Where one replica of a row is. */
typedef struct ClusterLocation
{
	ClusterNode *node;
	uint32_t	shard;			/* 0: the node has none, or they are not told apart */
} ClusterLocation;

/* The replicas of a row within the local data center, in the order of the ring. Valid until the next commit. */
typedef struct ClusterReplicas
{
	const uint16_t *number;		/* of nodes; NULL: unknown, or any node is as good, or a tablet tells */
	const struct ClusterTabletReplica *tablet;	/* NULL: none */
	uint32_t	n;				/* 0, too, where the local data center has none */
	int64_t		token;
} ClusterReplicas;

/* The table is looked up again after each change of the topology, and remembers what was found. */
extern ClusterReplicas cluster_locate(ClusterTopology *t, ClusterTable *table, int64_t token);

static inline ClusterLocation
cluster_locate_replica(const ClusterTopology *t, ClusterReplicas replicas, uint32_t i)
{
	ClusterNode *node;

	if (replicas.tablet)
		return (ClusterLocation) {t->node[replicas.tablet[i].node], replicas.tablet[i].shard};
	node = t->node[replicas.number[i]];
	return (ClusterLocation) {node, node->nr_shards > 1 ? cluster_shard_of(replicas.token, node->nr_shards, node->ignore_msb) : 0};
}

/* Its tables have tablets: the ring tells nothing of them. */
extern bool cluster_locate_in_tablets(const ClusterTopology *t, const char *keyspace);
extern bool cluster_locate_some_tablets(const ClusterTopology *t);	/* there is such a keyspace */

/* The whole ring: how many positions it has, and each of them in the order of tokens. */
extern uint32_t cluster_locate_positions(const ClusterTopology *t);
extern int64_t cluster_locate_token(const ClusterTopology *t, uint32_t position);
extern uint16_t cluster_locate_owner(const ClusterTopology *t, uint32_t position);	/* its node's number */

#endif							/* CLUSTER_LOCATE_H */
