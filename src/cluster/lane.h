/*
 * cluster/lane.h
 *	  Requests in a line: first in, first out.
 *
 * Submitter thread only; nothing is allocated. A lane that is all zeros is empty.
 */
#ifndef CLUSTER_LANE_H
#define CLUSTER_LANE_H

#include "cluster/request.h"

typedef struct ClusterLane
{
	ClusterRequest *first;		/* NULL: empty; linked by next */
	ClusterRequest *last;		/* undefined while empty */
} ClusterLane;

extern void cluster_lane_append(ClusterLane *lane, ClusterRequest *request);
/* The first one; NULL: empty. */
extern ClusterRequest *cluster_lane_take(ClusterLane *lane);
/* All of them, in their order; lane is empty then, and may be filled while the caller goes through these. */
extern ClusterLane cluster_lane_take_all(ClusterLane *lane);

#endif							/* CLUSTER_LANE_H */
