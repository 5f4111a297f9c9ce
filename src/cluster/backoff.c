/*
 * cluster/backoff.c
 *	  When to try again.
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

static uint32_t
delay_of(uint32_t failures, uint32_t min, uint32_t max, uint64_t *random)
{
	uint32_t	delay = min;

	for (uint32_t i = 1; i < failures && delay < max; i++)
		delay *= 2;
	if (delay > max)
		delay = max;
	delay = delay * (85 + cluster_random_below(random, 31)) / 100;
	CORE_ASSERT(delay >= min * 85 / 100);
	return delay > max ? max : delay;
}

static void
fail(ClusterBackoff *b, uint32_t min, uint32_t max, uint64_t now, uint64_t *random)
{
	if (b->failures < UINT32_MAX)
		b->failures++;
	b->due = now + delay_of(b->failures, min, max, random);
}

uint32_t
cluster_backoff_delay(uint32_t failures, uint64_t *random)
{
	return delay_of(failures, CLUSTER_BACKOFF_MIN, CLUSTER_BACKOFF_MAX, random);
}

void
cluster_backoff_failed(ClusterBackoff *b, uint64_t now, uint64_t *random)
{
	fail(b, CLUSTER_BACKOFF_MIN, CLUSTER_BACKOFF_MAX, now, random);
}

void
cluster_backoff_refused(ClusterBackoff *b, uint64_t now, uint64_t *random)
{
	fail(b, CLUSTER_REFUSED_MIN, CLUSTER_REFUSED_MAX, now, random);
}

void
cluster_backoff_lost(ClusterBackoff *b, uint64_t now, uint32_t within, uint64_t *random)
{
	b->failures = 0;
	b->due = now + 1 + cluster_random_below(random, within);
}
