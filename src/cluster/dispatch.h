/*
 * cluster/dispatch.h
 *	  Takes requests to nodes and brings them to their fate.
 *
 * Submitter thread only. A request that was taken is one of these:
 *
 *	 in flight	the connection has it
 *	 preparing	in the lane of its statement on a node
 *	 waiting	in the lane here, until its due time or its deadline; strained writes until few are out
 *
 *	 cluster_dispatch_submit -> in flight | preparing
 *	 in flight --answer--> on_complete | again: in flight, preparing, waiting
 *	 preparing --PREPARED--> in flight
 *	 waiting --due, cluster_dispatch_tick--> in flight | preparing | waiting
 *	 any --deadline--> on_complete
 */
#ifndef CLUSTER_DISPATCH_H
#define CLUSTER_DISPATCH_H

#include "cluster/dispatch_state.h"

extern void cluster_dispatch_init(ClusterDispatch *d, const ClusterConfig *config, ClusterTopology *topology);
extern void cluster_dispatch_free(ClusterDispatch *d);	/* no request is left */

extern ClusterSubmit cluster_dispatch_submit(ClusterDispatch *d, ClusterRequest *request);
extern void cluster_dispatch_flush(ClusterDispatch *d);
/* Deadlines and due times. */
extern void cluster_dispatch_tick(ClusterDispatch *d, uint64_t now);
/* Nothing can be sent any more: fail what waits. why NULL: it is given back. */
extern void cluster_dispatch_give_up(ClusterDispatch *d, const ClusterFailure *why);
extern bool cluster_dispatch_idle(const ClusterDispatch *d);	/* nothing waits (what is in flight aside) */

#endif							/* CLUSTER_DISPATCH_H */
