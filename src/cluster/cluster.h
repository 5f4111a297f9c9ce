/*
 * cluster/cluster.h
 *	  Many connections behind one door: what the submitter sees of the cluster.
 *
 * Submitter thread only; nothing here blocks. Built on topology (nodes, ring,
 * replicas), pool (connections of a node), statement (prepared per node) and
 * route (which node, and whether again).
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

extern ClusterSubmit cluster_submit(Cluster *c, ClusterRequest *request);

/*
 * How many writes failed on replicas and are repeated, ever; limit: how many of
 * these may be in flight from now on, 1 or more.
 */
extern uint32_t cluster_strains(Cluster *c, uint32_t limit);

/*
 * One write per dirty connection, and the answers to questions about the cluster
 * itself; call once per loop turn, after the callbacks of the turn.
 */
extern void cluster_flush(Cluster *c);

/* Counts of what changed; equal numbers, nothing changed. */
typedef struct ClusterVersions
{
	uint32_t	topology;		/* nodes and ring: one more each time they were read */
	uint32_t	schema;			/* one more with each SCHEMA_CHANGE, and when some may not have been heard */
} ClusterVersions;

extern ClusterVersions cluster_versions(const Cluster *c);

/*
 * Down: what a request that cannot be sent should fail with. NULL while
 * connecting or ready. While down, cluster_submit starts connecting anew and
 * answers CLUSTER_BUSY: so read it only for requests that already waited for an
 * attempt (the submitter fails its whole queue when on_room finds it down).
 */
extern const ClusterFailure *cluster_down(const Cluster *c);

/* Closes everything; done is called from the loop when no handle is left. Requests in flight complete first. */
extern void cluster_close(Cluster *c, void (*done) (void *owner));

#endif							/* CLUSTER_CLUSTER_H */
