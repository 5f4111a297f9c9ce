/*
 * cluster/reread.c
 *	  When the topology is read again: a while after events, and now and then
 *	  without any.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariants: a burst of events, however long, leads to a read within
 * CLUSTER_REREAD_LATEST of its first one, but to no more than one for each
 * CLUSTER_REREAD_PAUSE; events that come while a read is under way lead to another.
 *
 * One change of the cluster is several events mostly, and each session of each
 * backend hears them at the same moment. So a read waits for the others, and for
 * how long is a matter of chance.
 *
 * Events get lost: a node may not send them, or not know itself. Whoever uses the
 * topology has it read now and then. A session that nobody uses does not: its nodes
 * are nobody's concern, and hundreds of idle backends would ask for nothing. Its next
 * use finds the topology too old, if it is, and has it read at once.
 */
#include "cluster/reread.h"

#include "cluster/random.h"

void
cluster_reread_event(ClusterReread *r, uint64_t now)
{
	if (r->changed)
		return;
	r->changed = true;
	r->due = now + CLUSTER_REREAD_SOONEST
		+ cluster_random_below(r->random, CLUSTER_REREAD_LATEST - CLUSTER_REREAD_SOONEST + 1);
	if (r->due < r->last + CLUSTER_REREAD_PAUSE)
		r->due = r->last + CLUSTER_REREAD_PAUSE;
}

void
cluster_reread_began(ClusterReread *r, uint64_t now)
{
	r->changed = false;
	r->last = now;
	r->stale = now + r->interval / 5 * 4 + cluster_random_below(r->random, r->interval / 5 * 2 + 1);
}

uint64_t
cluster_reread_due(const ClusterReread *r, bool used)
{
	uint64_t	stale = used && r->interval > 0 ? r->stale : UINT64_MAX;

	return r->changed && r->due < stale ? r->due : stale;
}
