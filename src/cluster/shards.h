/*
 * cluster/shards.h
 *	  Where to connect to reach a shard of a ScyllaDB node.
 *
 * Submitter thread; pure. Source: scylladb docs/dev/protocol-extensions.md,
 * transport/generic_server.cc.
 *
 * A connection to the shard-aware port is served by the shard (port of the client modulo
 * number of shards). On the regular port the node chooses, mostly the shard that has
 * the fewest connections. In between, address translation may change the client's
 * port, or the port may be closed: then the regular port is used for a while. A connection
 * that comes to a shard which has one is closed again; when this happens too often, no more
 * are made for a while, and requests for shards without a connection are passed on within
 * the node.
 */
#ifndef CLUSTER_SHARDS_H
#define CLUSTER_SHARDS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/failure.h"

#define CLUSTER_SHARDS_PAUSE 300000 /* ms in which a port that did not do is not used */
#define CLUSTER_SHARDS_EXCESS 2 /* connections in a row for nothing: so many for each shard */
#define CLUSTER_SHARDS_PORTS 16 /* ports of this end that are in use, in a row */
#define CLUSTER_SHARDS_PORT_MIN 49152	/* of this end: those that nobody has registered */

/* Zero-initialise. */
typedef struct ClusterShards
{
	uint16_t	aware_port;		/* 0: the node tells of none */
	uint64_t	aware_again;	/* ms of the loop: before, the shard-aware port is not used */
	uint64_t	regular_again;	/* ... no connection is made that may come to any shard */
	uint32_t	excess;			/* connections in a row that came to a shard which had one */
	uint32_t	taken;			/* ports of this end in a row that were */
} ClusterShards;

/* A connection for a shard may be made. Where there is none to the node at all, one may be in any case. */
extern bool cluster_shards_may(const ClusterShards *s, uint64_t now);
/* The node's port for it, and that of this end. 0, and 0: its regular one, and any. *random is the caller's. */
extern uint16_t cluster_shards_port(const ClusterShards *s, uint32_t shard, uint32_t nr_shards, uint64_t now,
									uint64_t *random, uint16_t *source);

/* A connection came to a shard. astray: through the shard-aware port, and to another shard than it was made for. excess: that shard has one. */
extern void cluster_shards_landed(ClusterShards *s, bool astray, bool excess, uint32_t nr_shards, uint64_t now);
/* One to the shard-aware port could not be made. true: that is no reason not to try the regular one at once. */
extern bool cluster_shards_failed(ClusterShards *s, NetFailureKind why, uint64_t now);

#endif							/* CLUSTER_SHARDS_H */
