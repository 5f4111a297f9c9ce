/*
 * cluster/pools.h
 *	  The pools of all nodes, looked at together.
 *
 * Submitter thread only; nothing here blocks.
 */
#ifndef CLUSTER_POOLS_H
#define CLUSTER_POOLS_H

#include "cluster/pool.h"

extern bool cluster_pools_some_up(const ClusterTopology *t);
/* A connection is being opened, and was begun by then. */
extern bool cluster_pools_some_opening(const ClusterTopology *t, uint64_t by);
extern bool cluster_pools_closed(const ClusterTopology *t);
/* Why those failed that did. */
extern void cluster_pools_report(const ClusterTopology *t, ClusterReport *report);

extern void cluster_pools_stop(ClusterTopology *t);
extern void cluster_pools_free(ClusterTopology *t);

/* Nodes that are not up may be back. */
extern void cluster_pools_forget_failures(ClusterTopology *t);
/* For who wants to know of each node: those that have neither a connection nor failed. */
extern void cluster_pools_open_undecided(ClusterTopology *t);
/* If a connection is wanted and max_connections leaves none: the one that was not used for longest goes. */
extern void cluster_pools_make_room(ClusterTopology *t, ClusterAccess *access, uint64_t now);

#endif							/* CLUSTER_POOLS_H */
