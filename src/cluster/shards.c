/*
 * cluster/shards.c
 *	  Where to connect to reach a shard of a ScyllaDB node. The rule is told in the
 *	  header.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: a port of this end that is chosen leads to the shard.
 */
#include "cluster/shards.h"

#include "cluster/random.h"
#include "cql/invariant.h"

#define PORTS (65536 - CLUSTER_SHARDS_PORT_MIN)

static bool
is_aware(const ClusterShards *s, uint64_t now)
{
	return s->aware_port != 0 && now >= s->aware_again;
}

bool
cluster_shards_may(const ClusterShards *s, uint64_t now)
{
	return is_aware(s, now) || now >= s->regular_again;
}

uint16_t
cluster_shards_port(const ClusterShards *s, uint32_t shard, uint32_t nr_shards, uint64_t now, uint64_t *random,
					uint16_t *source)
{
	uint32_t	port;

	*source = 0;
	if (nr_shards <= 1 || nr_shards > PORTS / 2 || !is_aware(s, now))
		return 0;
	port = CLUSTER_SHARDS_PORT_MIN + (uint32_t) (cluster_random(random) >> 32) % PORTS;
	port += (shard + nr_shards - port % nr_shards) % nr_shards;
	while (port > 65535)
		port -= nr_shards;
	CORE_ASSERT(port >= CLUSTER_SHARDS_PORT_MIN && port % nr_shards == shard);
	*source = (uint16_t) port;
	return s->aware_port;
}

void
cluster_shards_landed(ClusterShards *s, bool astray, bool excess, uint32_t nr_shards, uint64_t now)
{
	s->taken = 0;
	if (astray)
		s->aware_again = now + CLUSTER_SHARDS_PAUSE;	/* somebody in between changes ports */
	s->excess = excess ? s->excess + 1 : 0;
	if (s->excess < CLUSTER_SHARDS_EXCESS * nr_shards)
		return;
	s->excess = 0;
	s->regular_again = now + CLUSTER_SHARDS_PAUSE;
}

bool
cluster_shards_failed(ClusterShards *s, NetFailureKind why, uint64_t now)
{
	switch (why)
	{
		case NET_FAIL_PORT:
			if (++s->taken >= CLUSTER_SHARDS_PORTS)
				s->aware_again = now + CLUSTER_SHARDS_PAUSE;
			return true;
		case NET_FAIL_CONNECT:
		case NET_FAIL_TIMEOUT:
		case NET_FAIL_PROTOCOL:
		case NET_FAIL_CLOSED:
			s->aware_again = now + CLUSTER_SHARDS_PAUSE;
			return true;
		default:
			return false;
	}
}
