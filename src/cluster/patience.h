/*
 * cluster/patience.h
 *	  When the first attempt of a request takes too long: another node is asked as
 *	  well, and the first answer counts.
 *
 * Submitter thread only.
 *
 * Only of requests that may be repeated, and whose first attempt has taken its time
 * (CLUSTER_ATTEMPT_MIN, and four times what the other node needs, so that a cluster
 * that is slow as a whole gets no more work for it); only away from a place that
 * answers nothing, or is four times as slow as the one that is asked; never more
 * than a twentieth of all requests, and CLUSTER_PATIENCE_FREE. What a suspect place has had
 * for CLUSTER_HEALTH_SILENCE is sent again beyond that, as if its connection had been lost:
 * no more goes there, so it is what was in flight there once. It counts, and so
 * it is others that are not sent twice for a while.
 *
 * What waits for a PREPARE was not sent yet: it goes elsewhere whatever it is, at no cost.
 */
#ifndef CLUSTER_PATIENCE_H
#define CLUSTER_PATIENCE_H

#include "cluster/dispatch_state.h"

#define CLUSTER_PATIENCE_TIMES 4
#define CLUSTER_PATIENCE_SHARE 20
#define CLUSTER_PATIENCE_MUCH 8 /* what asks for much has so great a part of its timeout */
#define CLUSTER_PATIENCE_FREE 100	/* of a session that has sent few: what a node may hold that hangs */

/* Second attempts for what is due; now in ms. */
extern void cluster_patience_tick(ClusterDispatch *d, uint64_t now);

#endif							/* CLUSTER_PATIENCE_H */
