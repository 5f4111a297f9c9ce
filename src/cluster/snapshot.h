/*
 * cluster/snapshot.h
 *	  The topology as the backend is told of it: the answer to CLUSTER_RING,
 *	  CLUSTER_NODES and CLUSTER_WARM.
 *
 * Submitter thread; no I/O.
 */
#ifndef CLUSTER_SNAPSHOT_H
#define CLUSTER_SNAPSHOT_H

#include "cluster/request.h"
#include "cluster/topology.h"

/* Asks about the cluster itself: no node is needed for the answer. */
static inline bool
cluster_snapshot_wanted(const ClusterRequest *request)
{
	return request->kind == CLUSTER_RING || request->kind == CLUSTER_NODES || request->kind == CLUSTER_WARM;
}

/* The table that it is about. false: it is about none. */
extern bool cluster_snapshot_table(const ClusterRequest *request, const char **keyspace, const char **table);

/* Of a committed topology: what this kind wants to know of nodes is known. */
extern bool cluster_snapshot_ready(const ClusterTopology *t, const ClusterRequest *request);

/* Fill in the request's fate. */
extern void cluster_snapshot_answer(const ClusterTopology *t, ClusterRequest *request);

#endif							/* CLUSTER_SNAPSHOT_H */
