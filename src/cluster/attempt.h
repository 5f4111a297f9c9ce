/*
 * cluster/attempt.h
 *	  One attempt of a request: which place, a PREPARE first where the node needs one,
 *	  and onto the connection.
 *
 * Submitter thread only; cluster_attempt_settle and cluster_attempt_again alone may
 * complete the request.
 */
#ifndef CLUSTER_ATTEMPT_H
#define CLUSTER_ATTEMPT_H

#include "cluster/dispatch_state.h"

#define CLUSTER_ATTEMPT_MIN 500 /* ms that an attempt has before another node is asked */

typedef enum ClusterAttempt
{
	CLUSTER_ATTEMPT_TAKEN,		/* in flight, waiting for a PREPARE, or in the lane of a place */
	CLUSTER_ATTEMPT_FULL,		/* cluster_attempt_on: no room now */
	CLUSTER_ATTEMPT_NO_NODE,	/* none is up that was not tried */
	CLUSTER_ATTEMPT_UNWANTED,	/* nobody wants it any more */
	CLUSTER_ATTEMPT_SENSELESS,	/* the request itself is wrong */
	CLUSTER_ATTEMPT_TOO_LARGE,	/* for a frame */
	CLUSTER_ATTEMPT_NO_MEMORY
} ClusterAttempt;

/* On whichever place its plan has next. */
extern ClusterAttempt cluster_attempt(ClusterRequest *r);
/* From this place, whatever waits in its lane. */
extern ClusterAttempt cluster_attempt_on(ClusterRequest *r, ClusterPlace *place);

/* The request onto the connection of that place, by this call, whose on_done is set. p: NULL unless it executes. */
extern ClusterAttempt cluster_attempt_put(ClusterRequest *r, NetCall *call, ClusterPlace *place, const ClusterPrepared *p);
/* A PREPARE to that node. false: no room. */
extern bool cluster_attempt_prepare(const ClusterDispatch *d, ClusterPrepared *p, ClusterPlace *place);

/* What becomes of a request after an attempt outside of submit: it waits for another one, or fails. */
extern void cluster_attempt_settle(ClusterRequest *r, ClusterAttempt outcome);
/* Both. */
extern void cluster_attempt_again(ClusterRequest *r);
/* The first one, inside of submit: one that fails does so in the next tick. */
extern void cluster_attempt_first(ClusterRequest *r);
/* The request waits for an attempt at that time. */
extern void cluster_attempt_later(ClusterRequest *r, uint64_t due);

#endif							/* CLUSTER_ATTEMPT_H */
