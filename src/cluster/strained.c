/*
 * cluster/strained.c
 *	  Writes that failed on a replica and are repeated, a few at a time.
 *
 * Submitter thread only.
 * Owns: nothing; requests are linked where they lie.
 * Invariant: `out` of ClusterStrained is the number of requests whose `out` is set.
 *
 * All writes of a window fail within milliseconds. So each keeps its place in the
 * window, and goes on after its pause when the window, which has fallen to 2 or 1,
 * has room.
 */
#include "cluster/strained.h"

void
cluster_strained_init(ClusterStrained *strained)
{
	*strained = (ClusterStrained) {.allowed = 1};
}

void
cluster_strained_add(ClusterStrained *strained, ClusterRequest *request)
{
	cluster_strained_done(strained, request);
	strained->strains++;
	cluster_lane_append(&strained->lane, request);
}

ClusterRequest *
cluster_strained_next(ClusterStrained *strained, uint64_t now)
{
	ClusterRequest *request = strained->lane.first;

	if (!request || strained->out >= strained->allowed || now < request->due)
		return NULL;
	CORE_ASSERT(!request->out);
	cluster_lane_take(&strained->lane);
	request->out = true;
	strained->out++;
	return request;
}

void
cluster_strained_done(ClusterStrained *strained, ClusterRequest *request)
{
	CORE_ASSERT(strained->out >= request->out);
	strained->out -= request->out;
	request->out = false;
}
