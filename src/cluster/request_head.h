/*
 * cluster/request_head.h
 *	  What stands in front of a request's payload: it depends on the connection's
 *	  version, and on the id that the node gave to the statement.
 *
 * Submitter thread only.
 */
#ifndef CLUSTER_REQUEST_HEAD_H
#define CLUSTER_REQUEST_HEAD_H

#include "cluster/request.h"
#include "cluster/statement.h"

/*
 * Into head, which is emptied; out of memory sets its failed. *tail gets what of the
 * payload goes behind it, borrowed. p: NULL unless it executes. false: the payload makes no sense.
 */
extern bool cluster_request_head_put(CqlBuffer *head, const ClusterRequest *r, const NetConnection *c,
									 const ClusterPrepared *p, CqlBytes *tail);

#endif							/* CLUSTER_REQUEST_HEAD_H */
