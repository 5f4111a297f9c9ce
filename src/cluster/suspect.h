/*
 * cluster/suspect.h
 *	  Places that are suspect from now on, or not any more (cluster/health): asked at
 *	  the right times, and told to the trace.
 *
 * Submitter thread only.
 */
#ifndef CLUSTER_SUSPECT_H
#define CLUSTER_SUSPECT_H

#include "cluster/dispatch_state.h"

/* End of a turn: it may have answered. */
extern void cluster_suspect_turn(ClusterDispatch *d, ClusterPlace *place);
/* Every now and then, while it has requests. */
extern void cluster_suspect_tick(ClusterDispatch *d, ClusterPlace *place);
/* What was sent there by this call is still owed, though others would have answered it, or have. */
extern void cluster_suspect_doubt(ClusterDispatch *d, ClusterPlace *place, const NetCall *call);

#endif							/* CLUSTER_SUSPECT_H */
