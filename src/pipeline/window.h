/*
 * pipeline/window.h
 *	  How many requests may be in flight: fixed, or found out while running.
 *
 * Submitter thread only; plain arithmetic. A round is as many completions as the
 * window is wide, so that each decision sees a whole window's worth of answers to
 * the one before it. At a round's end:
 *
 *	 overloaded answers		halve; so does a mean latency above WINDOW_SLOW, long
 *							before nodes give requests up
 *	 never full				leave it: the window was not what held us back
 *	 under WINDOW_START		double, add WINDOW_STEP once it was halved
 *	 latency as at START	grow by an eighth: the nodes are not queueing yet
 *	 latency twice that		shrink by an eighth: what we added only waits in line
 *
 * Latency is compared with the best round since the window last stood at
 * WINDOW_START. Every WINDOW_RESTART ms it goes back there and measures anew, or
 * a figure from quieter times would hold for ever.
 */
#ifndef PIPELINE_WINDOW_H
#define PIPELINE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_MIN 32
#define WINDOW_FIRST 128		/* nodes and their caches may be cold */
#define WINDOW_MAX 4096
#define WINDOW_START 1024
#define WINDOW_STEP 32
#define WINDOW_RESTART 10000
#define WINDOW_SLOW UINT64_C(500000000) /* ns; a write times out at 2 s in the nodes' own default */

typedef struct Window
{
	uint32_t	limit;
	bool		fixed;
	bool		halved;			/* ever */
	uint32_t	skip;			/* completions still due from before the last cut: not judged */
	uint64_t	base;			/* ns, mean latency of the best round; 0 not measured */
	uint64_t	restarted;		/* ms */

	/* the round under way */
	uint32_t	completions;
	uint64_t	latency;		/* their sum, ns */
	bool		overloaded;		/* a node said so */
	bool		pressed;		/* requests waited because of the window */
} Window;

extern void window_init(Window *w, uint32_t max_in_flight, uint64_t now);	/* 0: adaptive */
extern void window_note(Window *w, uint64_t latency, bool overloaded);	/* one completion; O(1) */
extern void window_turn(Window *w, bool pressed, uint64_t now);	/* end of a loop turn; now in ms */

#endif							/* PIPELINE_WINDOW_H */
