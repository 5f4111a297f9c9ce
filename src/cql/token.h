/*
 * cql/token.h
 *	  Murmur3Partitioner tokens and composite routing keys.
 *
 * Any thread. Source: Cassandra's Murmur3Partitioner, held to tokens read from a
 * server by SELECT token(...). Deviates from reference MurmurHash3 x64_128: tail
 * bytes are sign-extended, and INT64_MIN becomes INT64_MAX.
 */
#ifndef CQL_TOKEN_H
#define CQL_TOKEN_H

#include "cql/buffer.h"

extern int64_t cql_token_murmur3(const uint8_t *key, size_t len);

/*
 * Append one component of a composite key: u16 length, bytes, one zero byte.
 * Longer than 65535 bytes sets failed. A single-column key is its bytes alone.
 */
extern void cql_token_put_component(CqlBuffer *key, const uint8_t *data, size_t len);

/*
 * Shard of a token on a ScyllaDB node (dht/token.cc, biased-token-round-robin).
 * nr_shards > 0; ignore_msb 0..63.
 */
extern uint32_t cql_token_shard(int64_t token, uint32_t nr_shards, uint32_t ignore_msb);

#endif							/* CQL_TOKEN_H */
