/*
 * cluster/shard.h
 *	  Which shard of a ScyllaDB node has a token, where its table has no tablets.
 *
 * Submitter thread; pure. Source: scylladb dht/token.cc, "biased-token-round-robin".
 */
#ifndef CLUSTER_SHARD_H
#define CLUSTER_SHARD_H

#include <stdint.h>

/* nr_shards > 0; ignore_msb: 0 to 63, as the node tells in SUPPORTED. */
static inline uint32_t
cluster_shard_of(int64_t token, uint32_t nr_shards, uint32_t ignore_msb)
{
	uint64_t	biased = (uint64_t) token + (UINT64_C(1) << 63);

	return (uint32_t) (((unsigned __int128) (biased << ignore_msb) * nr_shards) >> 64);
}

#endif							/* CLUSTER_SHARD_H */
