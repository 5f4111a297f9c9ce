/*
 * cluster/dispatch.h
 *	  Takes requests to nodes and brings them to their fate.
 *
 * Submitter thread only. A request is one of these:
 *
 *	 unplaced	no node is up that may take it
 *	 in a lane	of the place that is to take it, as long as that one has no room
 *	 in flight	the connection has it
 *	 preparing	in the lane of its statement on a node
 *	 waiting	in the lane here, until its due time or its deadline; strained writes until few are out
 *
 *	 cluster_dispatch_submit -> unplaced | in a lane | in flight | preparing
 *	 unplaced --a place gets up--> in a lane | in flight | preparing
 *	 in a lane --room, cluster_dispatch_flush--> in flight | preparing
 *	 in a lane --the place is down--> again
 *	 in flight --answer--> on_complete | again: in a lane, in flight, preparing, waiting
 *	 preparing --PREPARED--> in flight
 *	 waiting --due, cluster_dispatch_tick--> again
 *	 begun --deadline--> on_complete
 *	 not begun --nothing was answered for its time, or nobody wants it--> on_complete
 */
#ifndef CLUSTER_DISPATCH_H
#define CLUSTER_DISPATCH_H

#include "cluster/dispatch_state.h"

extern void cluster_dispatch_init(ClusterDispatch *d, const ClusterConfig *config, ClusterTopology *topology);
extern void cluster_dispatch_free(ClusterDispatch *d);	/* no request is left */

extern void cluster_dispatch_submit(ClusterDispatch *d, ClusterRequest *request);
extern void cluster_dispatch_flush(ClusterDispatch *d);
/* A place got up, or nodes are known now: what no node could take may go there. */
extern void cluster_dispatch_resume(ClusterDispatch *d);
/* A place is down: what waits there goes elsewhere. */
extern void cluster_dispatch_leave(ClusterDispatch *d, ClusterPlace *place);
/* How many may be in flight, 1 or more; fixed: windows do not count. */
extern void cluster_dispatch_limit(ClusterDispatch *d, uint32_t limit, bool fixed);
/* Deadlines and due times. */
extern void cluster_dispatch_tick(ClusterDispatch *d, uint64_t now);
/* Nothing can be sent any more: fail what waits. why NULL: it is given back. */
extern void cluster_dispatch_give_up(ClusterDispatch *d, const ClusterFailure *why);
extern bool cluster_dispatch_idle(const ClusterDispatch *d);	/* no request is left, but for those in flight */

#endif							/* CLUSTER_DISPATCH_H */
