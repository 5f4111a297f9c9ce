/*
 * cluster/backoff.c
 *	  When to try a node again.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: a delay is within 15% of its step and never over the maximum.
 */
#include "cluster/backoff.h"

#include "cql/invariant.h"

void
cluster_backoff_reset(ClusterBackoff *b)
{
	*b = (ClusterBackoff) {0};
}

/* xorshift64: sessions must not reconnect in step, nothing more is asked of it */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t	x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

uint32_t
cluster_backoff_delay(uint32_t failures, uint64_t *random)
{
	uint32_t	delay = CLUSTER_BACKOFF_MIN;

	for (uint32_t i = 1; i < failures && delay < CLUSTER_BACKOFF_MAX; i++)
		delay *= 2;
	if (delay > CLUSTER_BACKOFF_MAX)
		delay = CLUSTER_BACKOFF_MAX;
	delay = delay * (85 + next_random(random) % 31) / 100;
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
