/*
 * cluster/snapshot.h
 *	  The topology as the backend is told of it: the answer to CLUSTER_RING and
 *	  CLUSTER_NODES.
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
	return request->kind == CLUSTER_RING || request->kind == CLUSTER_NODES;
}

/* Of a committed topology: what this kind wants to know is known. */
extern bool cluster_snapshot_ready(const ClusterTopology *t, const ClusterRequest *request);

/* Fill in the request's fate. */
extern void cluster_snapshot_answer(const ClusterTopology *t, ClusterRequest *request);

#endif							/* CLUSTER_SNAPSHOT_H */
