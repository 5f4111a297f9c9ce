/*
 * cluster/lane.h
 *	  Requests in a line, wherever some wait.
 *
 * Any thread; one thread uses one lane at a time.
 * Owns: nothing; requests are linked where they lie. A lane that is all zeros is
 * empty.
 * Invariants: a request is on one lane at most; the last one's next is NULL; count
 * is the number of requests.
 *
 * All of it is inline: each row passes through half a dozen lanes.
 */
#ifndef CLUSTER_LANE_H
#define CLUSTER_LANE_H

#include "cluster/request.h"

typedef struct ClusterLane
{
	ClusterRequest *first;		/* NULL: empty; linked by next */
	ClusterRequest *last;		/* undefined while empty */
	uint32_t	count;
} ClusterLane;

static inline bool
cluster_lane_is_whole(const ClusterLane *lane)
{
	return (lane->first == NULL) == (lane->count == 0) && (!lane->first || !lane->last->next);
}

static inline void
cluster_lane_append(ClusterLane *lane, ClusterRequest *request)
{
	CORE_ASSERT(cluster_lane_is_whole(lane) && !request->listed);
	CORE_NOTE(request->listed = true);
	request->next = NULL;
	if (lane->first)
		lane->last->next = request;
	else
		lane->first = request;
	lane->last = request;
	lane->count++;
}

/* In front of all others. */
static inline void
cluster_lane_push(ClusterLane *lane, ClusterRequest *request)
{
	CORE_ASSERT(cluster_lane_is_whole(lane) && !request->listed);
	CORE_NOTE(request->listed = true);
	request->next = lane->first;
	if (!lane->first)
		lane->last = request;
	lane->first = request;
	lane->count++;
}

/* The first one; NULL: empty. */
static inline ClusterRequest *
cluster_lane_take(ClusterLane *lane)
{
	ClusterRequest *request = lane->first;

	CORE_ASSERT(cluster_lane_is_whole(lane));
	if (!request)
		return NULL;
	CORE_ASSERT(request->listed);
	CORE_NOTE(request->listed = false);
	lane->first = request->next;
	lane->count--;
	return request;
}

/* All of them, in their order; lane is empty then, and may be filled while the caller goes through these. */
static inline ClusterLane
cluster_lane_take_all(ClusterLane *lane)
{
	ClusterLane all = *lane;

	*lane = (ClusterLane) {0};
	return all;
}

/* Behind those of into; from is empty then. */
static inline void
cluster_lane_join(ClusterLane *into, ClusterLane *from)
{
	ClusterLane all = cluster_lane_take_all(from);

	CORE_ASSERT(cluster_lane_is_whole(into) && cluster_lane_is_whole(&all));
	if (!all.first)
		return;
	if (into->first)
		into->last->next = all.first;
	else
		into->first = all.first;
	into->last = all.last;
	into->count += all.count;
}

/* One of the lane, wherever it is: quick for the first. */
static inline void
cluster_lane_remove(ClusterLane *lane, ClusterRequest *request)
{
	ClusterRequest **link = &lane->first;
	ClusterRequest *before = NULL;

	while (*link != request)
	{
		CORE_ASSERT(*link != NULL);
		before = *link;
		link = &before->next;
	}
	CORE_NOTE(request->listed = false);
	*link = request->next;
	if (!request->next)
		lane->last = before;
	lane->count--;
}

#endif							/* CLUSTER_LANE_H */
