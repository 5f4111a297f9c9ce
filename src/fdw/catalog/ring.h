/*
 * fdw/catalog/ring.h
 *	  The nodes of a cluster, and who owns which part of its token ring.
 *
 * Backend thread. The core knows nodes and ring: nothing is asked of any node.
 */
#ifndef FDW_CATALOG_RING_H
#define FDW_CATALOG_RING_H

#include "postgres.h"

#include "cql/ring.h"
#include "fdw/session/session.h"

/* Position i of the ring owns the tokens above token[i - 1], up to token[i]; the first those above the last, too. */
typedef struct ScyllaRing
{
	int			nnodes;
	int			ntokens;		/* 0: the cluster's tokens are not Murmur3's */
	int64	   *token;			/* ascending */
	uint16	   *owner;			/* of each position, from 0 to nnodes - 1: the first replica */
} ScyllaRing;

/*
 * The session's ring, palloc'd in CurrentMemoryContext. Asked of the submitter
 * only if the topology was read since the last time. Raises what any request
 * would, if the cluster cannot be reached.
 */
extern ScyllaRing *scyllaRing(ScyllaSession *session, const ScyllaTableOptions *options);

/* How many nodes this session is connected to; waits until it is decided, of each of the local ones. */
extern int	scyllaConnectedNodes(ScyllaSession *session, const ScyllaTableOptions *options);

/*
 * What the core tells of nodes and ring, as CLUSTER_RING or CLUSTER_NODES (cluster/request.h);
 * it goes with CurrentMemoryContext.
 */
extern const CqlRing *scyllaAskNodes(ScyllaSession *session, const ScyllaTableOptions *options, ClusterRequestKind kind);

#endif							/* FDW_CATALOG_RING_H */
