/*
 * cluster/second.h
 *	  The second attempt of a request, beside the first one or after it.
 *
 * Submitter thread only. Who sends one is cluster/patience.
 *
 *	 first in flight --cluster_second_begin--> both in flight
 *	 both --a RESULT comes--> on_complete; the other one's stream is an orphan
 *	 both --the first ends otherwise--> second in flight
 *	 both --the second ends otherwise, cluster_second_end--> first in flight
 *	 second in flight --it ends, cluster_second_promote--> as if it were the first
 */
#ifndef CLUSTER_SECOND_H
#define CLUSTER_SECOND_H

#include "cluster/dispatch_state.h"

typedef struct ClusterSecond
{
	NetCall		call;			/* first */
	ClusterRequest *request;
	ClusterPlace *place;
	uint32_t	generation;
} ClusterSecond;

/* It was sent: the request owns it. */
extern void cluster_second_begin(ClusterSecond *second);
/* The second attempt, which is not in flight any more, is the one that counts: the first one is over, or is dropped. */
extern void cluster_second_promote(ClusterRequest *request);
/* It is in flight, and its answer is of no interest. */
extern void cluster_second_drop(ClusterRequest *request);
/* It is not in flight any more, and does not count. */
extern void cluster_second_end(ClusterRequest *request);

#endif							/* CLUSTER_SECOND_H */
