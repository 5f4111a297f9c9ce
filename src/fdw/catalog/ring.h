/*
 * fdw/catalog/ring.h
 *	  The nodes of a cluster, and where parts of its token ring begin and end.
 *
 * Backend thread. The core knows nodes and ring: nothing is asked of any node, but for tablets.
 */
#ifndef FDW_CATALOG_RING_H
#define FDW_CATALOG_RING_H

#include "postgres.h"

#include "cql/ring.h"
#include "fdw/session/session.h"

/* Nodes, and the tokens behind which other nodes may have the rows. */
typedef struct ScyllaRing
{
	uint32		version;		/* of the topology */
	int			nnodes;
	bool		has_tablets;	/* some tables have tablets, whose borders are others */
	int			ntokens;		/* 0: the cluster's tokens are not Murmur3's */
	int64	   *token;			/* ascending */
} ScyllaRing;

/*
 * The session's ring, palloc'd in CurrentMemoryContext. Asked of the submitter
 * only if the topology was read since the last time. Raises what any request
 * would, if the cluster cannot be reached.
 */
extern ScyllaRing *scyllaRing(ScyllaSession *session, const ScyllaTableOptions *options);

/*
 * The same with the borders of the table's tablets in place of the ring's, if it has some: as far as they are known, or none.
 * The first time all of them are read, where the role may do that.
 */
extern ScyllaRing *scyllaTableRing(ScyllaSession *session, const ScyllaTableOptions *options);

/* Many requests for the table are to come: where its tablets are begins to be read, if it has some. Nothing waits for that. */
extern void scyllaWarmTablets(ScyllaSession *session, const ScyllaTableOptions *options);

/* How many nodes this session is connected to; waits until it is decided, of each of the local ones. */
extern int	scyllaConnectedNodes(ScyllaSession *session, const ScyllaTableOptions *options);

/* Nodes and ring as they are known; nothing is connected to for that. It goes with CurrentMemoryContext. */
extern const CqlRing *scyllaKnownNodes(ScyllaSession *session, const ScyllaTableOptions *options);

/* What the core tells of nodes and ring, as CLUSTER_NODES (cluster/request.h); it goes with CurrentMemoryContext. */
extern const CqlRing *scyllaAskNodes(ScyllaSession *session, const ScyllaTableOptions *options);

#endif							/* FDW_CATALOG_RING_H */
