/*
 * cluster/window.c
 *	  How many requests may be in flight at one place.
 *
 * Submitter thread only. Owns nothing.
 * Invariant: the limit is within 1 and CLUSTER_WINDOW_MAX.
 */
#include "cluster/window.h"

#include "cql/invariant.h"

void
cluster_window_init(ClusterWindow *w)
{
	*w = (ClusterWindow) {.limit = CLUSTER_WINDOW_FIRST};
}

void
cluster_window_overloaded(ClusterWindow *w)
{
	w->overloaded = true;
}

/* As long as it is pressed, it doubles; overloaded, it halves. */
void
cluster_window_turn(ClusterWindow *w, uint64_t now, bool pressed, uint64_t busy)
{
	(void) now;
	(void) busy;
	if (w->done < w->limit)
		return;
	w->done = 0;
	if (w->overloaded)
		w->limit = w->limit > 1 ? w->limit / 2 : 1;
	else if (pressed && w->limit < 1024)
		w->limit *= 2;
	w->overloaded = false;
	CORE_ASSERT(w->limit >= 1 && w->limit <= CLUSTER_WINDOW_MAX);
}
