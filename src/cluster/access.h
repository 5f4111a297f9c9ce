/*
 * cluster/access.h
 *	  Whether one more connection may be opened now: one gate for all nodes.
 *
 * Submitter thread; pure but for the sockets that it takes (net/sockets.h).
 *
 * A connection is counted from cluster_access_take, which comes before it is opened,
 * to cluster_access_closed.
 */
#ifndef CLUSTER_ACCESS_H
#define CLUSTER_ACCESS_H

#include "cluster/credentials.h"
#include "cluster/request.h"

#define CLUSTER_OPENING_MAX 8	/* connections that are being opened, at a time */

typedef struct ClusterAccess
{
	const ClusterConfig *config;
	ClusterCredentials credentials;
	uint32_t	open;			/* connections, those that are being opened among them */
	uint32_t	opening;		/* of places */
	uint32_t	control;		/* of the control connection's candidates */
	bool		crowded;		/* somebody was turned away because of max_connections */
} ClusterAccess;

/* A place may have a connection opened now; if not because of a number, this is told to whom it concerns. */
extern bool cluster_access_may(ClusterAccess *a, uint64_t now);
/* The same, and it is. */
extern bool cluster_access_take(ClusterAccess *a, uint64_t now);
/* No place may have one before something is closed, or a pause is over. */
extern bool cluster_access_shut(const ClusterAccess *a, uint64_t now);
extern void cluster_access_ready(ClusterAccess *a); /* one of a place got ready */
extern void cluster_access_closed(ClusterAccess *a, bool was_ready);	/* ... is gone, or could not be made */

/* The same for the control connection: one more is always there for it. */
extern bool cluster_access_take_control(ClusterAccess *a, uint64_t now);
extern void cluster_access_closed_control(ClusterAccess *a);

#endif							/* CLUSTER_ACCESS_H */
