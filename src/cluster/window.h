/*
 * cluster/window.h
 *	  How many requests may be in flight at one place.
 *
 * Submitter thread only; plain arithmetic.
 */
#ifndef CLUSTER_WINDOW_H
#define CLUSTER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_WINDOW_MIN 4
#define CLUSTER_WINDOW_FIRST 32
#define CLUSTER_WINDOW_MAX 8192

typedef struct ClusterWindow
{
	uint32_t	limit;			/* how many may be in flight now; 1 or more */
	uint32_t	done;
	bool		overloaded;
} ClusterWindow;

extern void cluster_window_init(ClusterWindow *w);
/* A node said that there is too much to do. */
extern void cluster_window_overloaded(ClusterWindow *w);
/*
 * End of a loop turn. now: ns of the wall clock; pressed: requests wait for this
 * place because of its window; busy: ns that the last turn worked, without the wait
 * in poll.
 */
extern void cluster_window_turn(ClusterWindow *w, uint64_t now, bool pressed, uint64_t busy);

/* One completion; latency in ns from its sending, 0: not known. */
static inline void
cluster_window_note(ClusterWindow *w, uint64_t latency)
{
	(void) latency;
	w->done++;
}

#endif							/* CLUSTER_WINDOW_H */
