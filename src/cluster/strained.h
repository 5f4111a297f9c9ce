/*
 * cluster/strained.h
 *	  Writes that failed on a replica and are repeated, a few at a time.
 *
 * Submitter thread only.
 *
 * A write that failed on a replica (0x1500) may have failed because too many came
 * at once: a vector index of Cassandra 5.0 takes about as many as the node has
 * cores. Such writes are repeated one after the other, or as many at a time as the
 * window allows. The writes keep their place in the window meanwhile, so nothing new is
 * sent before most of them are through.
 *
 *	 failed --cluster_strained_add--> waits --cluster_strained_next--> out --cluster_strained_done--> fate, or waits again
 */
#ifndef CLUSTER_STRAINED_H
#define CLUSTER_STRAINED_H

#include "cluster/lane.h"

typedef struct ClusterStrained
{
	ClusterLane lane;			/* each not before its due time */
	uint32_t	out;			/* on their way again */
	uint32_t	allowed;		/* how many may be out, 1 or more */
	uint32_t	strains;		/* how many ever came here */
} ClusterStrained;

extern void cluster_strained_init(ClusterStrained *strained);
extern void cluster_strained_add(ClusterStrained *strained, ClusterRequest *request);
/* One that may go on now; NULL: none. */
extern ClusterRequest *cluster_strained_next(ClusterStrained *strained, uint64_t now);
/* Of any request that has its fate, or is to wait; one that is not out changes nothing. */
extern void cluster_strained_done(ClusterStrained *strained, ClusterRequest *request);

#endif							/* CLUSTER_STRAINED_H */
