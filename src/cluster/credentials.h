/*
 * cluster/credentials.h
 *	  Whether the password may be shown to a node: after a refusal no node is shown
 *	  it for a while.
 *
 * Submitter thread; pure.
 */
#ifndef CLUSTER_CREDENTIALS_H
#define CLUSTER_CREDENTIALS_H

#include "cluster/backoff.h"
#include "cluster/failure.h"

#define CLUSTER_CREDENTIALS_APART 250	/* ms between two tries, as long as nobody knows the outcome */

/* Zero-initialise. */
typedef struct ClusterCredentials
{
	ClusterBackoff backoff;		/* failures: refusals since the last node that let us in */
	NetAddress	node;			/* which refused last */
	NetFailure	why;
} ClusterCredentials;

/* Now a connection may be opened, and is: this is a try. */
extern bool cluster_credentials_try(ClusterCredentials *c, uint64_t now);
/* A refusal, and its pause is not over: no connection may be opened. */
extern bool cluster_credentials_paused(const ClusterCredentials *c, uint64_t now);
/* This node refused last: another one is the better next try. */
extern bool cluster_credentials_doubted(const ClusterCredentials *c, const NetAddress *node);

/* What became of tries. */
extern void cluster_credentials_accepted(ClusterCredentials *c);
extern void cluster_credentials_failed(ClusterCredentials *c, const NetAddress *node, const NetFailure *why,
									   uint64_t now, uint64_t *random);

/* While paused: the refusal, and when the next try may be. */
extern void cluster_credentials_report(const ClusterCredentials *c, uint64_t now, ClusterReport *report);

#endif							/* CLUSTER_CREDENTIALS_H */
