/*
 * cluster/backoff.c
 *	  When to try a node again.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: a delay is within 15% of its step and never over the maximum.
 */
#include "cluster/backoff.h"

#include "cluster/random.h"
#include "cql/invariant.h"

void
cluster_backoff_reset(ClusterBackoff *b)
{
	*b = (ClusterBackoff) {0};
}

uint32_t
cluster_backoff_delay(uint32_t failures, uint64_t *random)
{
	uint32_t	delay = CLUSTER_BACKOFF_MIN;

	for (uint32_t i = 1; i < failures && delay < CLUSTER_BACKOFF_MAX; i++)
		delay *= 2;
	if (delay > CLUSTER_BACKOFF_MAX)
		delay = CLUSTER_BACKOFF_MAX;
	delay = delay * (85 + cluster_random_below(random, 31)) / 100;
	CORE_ASSERT(delay >= CLUSTER_BACKOFF_MIN * 85 / 100);
	return delay > CLUSTER_BACKOFF_MAX ? CLUSTER_BACKOFF_MAX : delay;
}

void
cluster_backoff_failed(ClusterBackoff *b, uint64_t now, uint64_t *random)
{
	if (b->failures < UINT32_MAX)
		b->failures++;
	b->due = now + cluster_backoff_delay(b->failures, random);
}
