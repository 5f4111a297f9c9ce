/*
 * cluster/health.c
 *	  Whether a place answers. The rule is told in the header.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: a place from which an answer came in this turn is well at its end.
 */
#include "cluster/health.h"

#include "cluster/random.h"
#include "cql/invariant.h"

bool
cluster_health_turn(ClusterHealth *h, uint64_t now)
{
	bool		back = h->heard && h->suspect;

	if (!h->heard)
		return false;
	h->heard = false;
	h->answered = h->fine = now;
	h->suspect = false;
	return back;
}

static void
suspect(ClusterHealth *h, uint64_t now)
{
	h->suspect = true;
	h->pause = CLUSTER_HEALTH_SILENCE;
	h->probe = now + h->pause;
}

bool
cluster_health_doubt(ClusterHealth *h, uint64_t since, uint64_t now)
{
	if (h->suspect || h->heard || h->answered > since)
		return false;
	suspect(h, now);
	return true;
}

bool
cluster_health_tick(ClusterHealth *h, uint32_t owed, uint32_t limit, uint64_t now)
{
	if (h->fine == 0 || (owed < CLUSTER_HEALTH_OWED && owed < limit))
	{
		if (!h->suspect)
			h->fine = now;
		return false;
	}
	if (h->suspect || now < h->fine + CLUSTER_HEALTH_SILENCE)
		return false;
	suspect(h, now);
	return true;
}

bool
cluster_health_probe(ClusterHealth *h, bool harmless, uint64_t now, uint64_t *random)
{
	CORE_ASSERT(h->suspect);
	if (now < h->probe + (harmless ? 0 : CLUSTER_HEALTH_RISK))
		return false;
	h->pause = h->pause < CLUSTER_HEALTH_PAUSE_MAX / 2 ? h->pause * 2 : CLUSTER_HEALTH_PAUSE_MAX;
	h->probe = now + h->pause * (85 + cluster_random(random) % 31) / 100;
	return true;
}
