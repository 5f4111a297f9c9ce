/*
 * cluster/fate.h
 *	  How a request that was taken ends: an answer or a failure, once.
 *
 * Submitter thread only; calls on_complete of the dispatch's owner.
 */
#ifndef CLUSTER_FATE_H
#define CLUSTER_FATE_H

#include "cluster/dispatch_state.h"

/* uv_hrtime, the same all over a turn of the loop. */
extern uint64_t cluster_fate_clock(ClusterDispatch *d);

/* The failure of an attempt that is followed by another. */
extern void cluster_fate_forget(ClusterRequest *request);

extern void cluster_fate_complete(ClusterRequest *request);
extern void cluster_fate_fail(ClusterRequest *request, ClusterFailure *failure);
/* There is no time left, for another attempt or for the answer to one: it fails as the last one failed, if any did. */
extern void cluster_fate_timeout(ClusterRequest *request);
/* It waited to be sent, and nothing was answered for as long as it has. */
extern void cluster_fate_unheard(ClusterRequest *request);
/* Nobody wants it any more. */
extern void cluster_fate_abandoned(ClusterRequest *request);
extern void cluster_fate_lost(ClusterRequest *request, const char *why);
/* Nothing will be sent any more. why NULL: because the cluster closes. */
extern void cluster_fate_undeliverable(ClusterRequest *request, const ClusterFailure *why);

#endif							/* CLUSTER_FATE_H */
