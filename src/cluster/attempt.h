/*
 * cluster/attempt.h
 *	  One attempt of a request: which node, a PREPARE first where the node needs one,
 *	  and onto the connection.
 *
 * Submitter thread only; cluster_attempt_settle alone may complete the request.
 */
#ifndef CLUSTER_ATTEMPT_H
#define CLUSTER_ATTEMPT_H

#include "cluster/dispatch_state.h"

typedef enum ClusterAttempt
{
	CLUSTER_ATTEMPT_TAKEN,		/* in flight, or waiting for a PREPARE */
	CLUSTER_ATTEMPT_FULL,		/* no room now */
	CLUSTER_ATTEMPT_NO_NODE,	/* none is up that was not tried */
	CLUSTER_ATTEMPT_SENSELESS,	/* the request itself is wrong */
	CLUSTER_ATTEMPT_TOO_LARGE,	/* for a frame */
	CLUSTER_ATTEMPT_NO_MEMORY
} ClusterAttempt;

/* On whichever node its plan has next. */
extern ClusterAttempt cluster_attempt(ClusterRequest *r);
/* From this place. */
extern ClusterAttempt cluster_attempt_on(ClusterRequest *r, ClusterPlace *place);

/* What becomes of a request after an attempt outside of submit: it waits for another one, or fails. */
extern void cluster_attempt_settle(ClusterRequest *r, ClusterAttempt outcome);
/* The request waits for an attempt at that time. */
extern void cluster_attempt_later(ClusterRequest *r, uint64_t due);

#endif							/* CLUSTER_ATTEMPT_H */
