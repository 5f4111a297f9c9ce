/*
 * cluster/window.h
 *	  How many requests may be in flight: fixed, or found out while running.
 *
 * Submitter thread only; plain arithmetic. A round is as many completions as the
 * window is wide, so that each decision sees a whole window's worth of answers to
 * the one before it. At a round's end (START is CLUSTER_WINDOW_START, and so on):
 *
 *	 overloaded answers		halve; so does a mean latency above SLOW, long before
 *							nodes give requests up
 *	 never full				leave it: the window was not what held us back
 *	 under START			double, add STEP once it was halved
 *	 latency as at START	grow by an eighth: the nodes are not queueing yet
 *	 latency twice that		shrink by an eighth: what we added only waits in line
 *
 * Strain, which is writes that failed on replicas and are repeated, falls to
 * STRAINED at once, and to 1 from there, whatever the rule, a fixed window too:
 * perhaps fewer at a time work. From there it grows by a quarter, one at least,
 * after each PATIENCE answers; each further strain doubles that patience, so that
 * what does not get better is not tried again and again. At the width to begin
 * with, the rule of before is in force again.
 *
 * Latency is compared with the best round since the window last stood at START.
 * Every RESTART ms it goes back there and measures anew, or a figure from quieter
 * times would hold for ever.
 */
#ifndef CLUSTER_WINDOW_H
#define CLUSTER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_WINDOW_MIN 32
#define CLUSTER_WINDOW_FIRST 128	/* nodes and their caches may be cold */
#define CLUSTER_WINDOW_MAX 4096
#define CLUSTER_WINDOW_START 1024
#define CLUSTER_WINDOW_STEP 32
#define CLUSTER_WINDOW_RESTART 10000
#define CLUSTER_WINDOW_STRAINED 2	/* a vector index of Cassandra takes one more than the node has cores */
#define CLUSTER_WINDOW_PATIENCE 32
#define CLUSTER_WINDOW_PATIENCE_MAX 4096
#define CLUSTER_WINDOW_STRAIN_PAUSE 50	/* ms in which more strain is still that of before the fall */
#define CLUSTER_WINDOW_SLOW UINT64_C(500000000) /* ns; a write times out at 2 s in the nodes' own default */

typedef struct ClusterWindow
{
	uint32_t	limit;
	uint32_t	fixed;			/* as configured; 0: adaptive */
	bool		halved;			/* ever */
	uint32_t	skip;			/* completions still due from before the last cut: not judged */
	uint64_t	base;			/* ns, mean latency of the best round; 0 not measured */
	uint64_t	restarted;		/* ms */

	/* strain */
	uint32_t	strains;		/* as counted when last looked at */
	uint32_t	patience;		/* answers between two steps up; 0: not strained */
	uint32_t	quiet;			/* answers since the last step or strain */
	uint64_t	strained;		/* ms, when it last fell */

	/* the round under way */
	uint32_t	completions;
	uint64_t	latency;		/* their sum, ns */
	bool		overloaded;		/* a node said so */
	bool		pressed;		/* requests waited because of the window */
} ClusterWindow;

extern void cluster_window_init(ClusterWindow *w, uint32_t max_in_flight, uint64_t now);	/* 0: adaptive */
extern void cluster_window_follow(ClusterWindow *w, uint32_t max_in_flight, uint64_t now);	/* it may have changed */
extern void cluster_window_note(ClusterWindow *w, uint64_t latency, bool overloaded);	/* one completion; O(1) */
extern void cluster_window_turn(ClusterWindow *w, bool pressed, uint64_t now);	/* end of a loop turn; now in ms */
extern void cluster_window_strain(ClusterWindow *w, uint32_t strains, uint64_t now);	/* their count ever */

#endif							/* CLUSTER_WINDOW_H */
