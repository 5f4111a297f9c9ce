/*
 * cluster/answer.h
 *	  What an answer means for its request, and what the lack of one: its fate, or
 *	  another attempt.
 *
 * Submitter thread only; called by connections and statements, from the loop.
 */
#ifndef CLUSTER_ANSWER_H
#define CLUSTER_ANSWER_H

#include "cluster/dispatch_state.h"

/* Whether the request may be sent again though it may have been done. */
extern bool cluster_answer_may_repeat(const ClusterRequest *request);

/* NetCall.on_done of each second attempt. */
extern void cluster_answer_on_second_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);
/* NetCall.on_done of each request. */
extern void cluster_answer_on_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);
/* ClusterStatements.on_prepared: for those that waited for it. */
extern void cluster_answer_on_prepared(void *owner, ClusterPrepared *p, NetConnection *c, ClusterLane waiting,
									   ClusterPrepareOutcome outcome, const CqlError *error);

#endif							/* CLUSTER_ANSWER_H */
