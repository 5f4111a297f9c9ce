/*
 * cluster/cluster.h
 *	  Many connections behind one door: what the submitter sees of the cluster.
 *
 * Submitter thread only; nothing here blocks. Built on topology (nodes, ring,
 * replicas), pool and place (connections of a node), statement (prepared per node)
 * and route (which place, and whether again). Each request is taken, and waits here
 * for its connection, for room at its place, and for another attempt.
 *
 *	 connecting --control connection ready, nodes read--> ready
 *	 connecting --every contact point failed--> down
 *	 ready --no connection left, reconnecting failed--> down
 *	 down --cluster_submit--> connecting
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "cluster/request.h"

typedef struct Cluster Cluster;

extern Cluster *cluster_open(const ClusterConfig *config, const ClusterOps *ops, void *owner);	/* NULL: out of memory */

/* on_complete will come. */
extern void cluster_submit(Cluster *c, ClusterRequest *request);

/*
 * How many requests may be in flight at all places, 1 or more. Writes that failed on replicas and wait to be repeated
 * count, too. fixed: somebody has told the number, and places do not find out by themselves.
 */
extern void cluster_limit(Cluster *c, uint32_t limit, bool fixed);
extern uint32_t cluster_strains(const Cluster *c);	/* writes that failed on replicas and were repeated, ever */

/* The turn begins to work: before, it waited for something to happen. Optional; without it, the first answer tells. */
extern void cluster_begin(Cluster *c);

/*
 * What waits goes where there is room, one write per dirty connection, and the answers
 * to questions about the cluster itself; call once per loop turn, after the callbacks
 * of the turn.
 */
extern void cluster_flush(Cluster *c);

typedef struct ClusterLoad
{
	uint32_t	in_flight;		/* requests that were sent, and not answered */
	bool		pressed;		/* requests wait because of a window */
	uint64_t	answered;		/* uv_now ms when a node last answered anything; 0: never */
} ClusterLoad;

extern ClusterLoad cluster_load(const Cluster *c);

/* Counts of what changed: equal numbers, nothing changed. And what the cluster is. */
typedef struct ClusterVersions
{
	uint32_t	topology;		/* nodes and ring: one more each time they were read */
	uint32_t	schema;			/* one more with each SCHEMA_CHANGE, and when some may not have been heard */
	bool		scylla;			/* ScyllaDB */
} ClusterVersions;

extern ClusterVersions cluster_versions(const Cluster *c);

/* Fill in the fate of a CLUSTER_CHANGES. */
extern void cluster_answer_changes(const Cluster *c, ClusterRequest *request);

/* Closes everything; done is called from the loop when no handle is left. Requests in flight complete first. */
extern void cluster_close(Cluster *c, void (*done) (void *owner));

#endif							/* CLUSTER_CLUSTER_H */
