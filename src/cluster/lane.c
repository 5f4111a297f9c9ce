/*
 * cluster/lane.c
 *	  Requests in a line.
 *
 * Submitter thread only.
 * Owns: nothing; requests are linked where they lie.
 * Invariants: a request is on one lane at most; the last one's next is NULL.
 */
#include "cluster/lane.h"

void
cluster_lane_append(ClusterLane *lane, ClusterRequest *request)
{
	CORE_ASSERT(!lane->first || !lane->last->next);
	request->next = NULL;
	if (lane->first)
		lane->last->next = request;
	else
		lane->first = request;
	lane->last = request;
}

ClusterRequest *
cluster_lane_take(ClusterLane *lane)
{
	ClusterRequest *request = lane->first;

	if (request)
		lane->first = request->next;
	return request;
}

ClusterLane
cluster_lane_take_all(ClusterLane *lane)
{
	ClusterLane all = *lane;

	lane->first = NULL;
	return all;
}
