/*
 * cluster/window.h
 *	  How many requests may be in flight at a place: an adaptive rule that looks for
 *	  the knee, where more in flight begins to stand in line.
 *
 * Submitter thread only; plain arithmetic, no clock and no random numbers of its own.
 *
 * The window is halved for a short slot, again and again, and the rate of answers in
 * the slot is compared with that around it. Half the rate: nothing stands in line, the
 * window is too small. The same rate: half of the window only stands in line. The rule
 * keeps the window where a half of it loses about 7 %. It needs neither the least
 * latency nor the capacity of the node, and what disturbs one slot disturbs the others.
 *
 * The slots lie at the same times of the wall clock for all sessions: a node loses half
 * of what all of them have in flight there, so the loss tells of the node. A session
 * that halved alone would see nothing but its own share.
 *
 *	 start --latency grows, rate does not, or FIRST and answers are not quick--> ticks
 *	 ticks --the first slot shows that far more is wanted--> start, now beyond FIRST
 *	 ticks --not used for CLUSTER_WINDOW_IDLE--> start, from no more than FIRST
 *
 * In start the window doubles after each window of answers. In ticks it moves when the
 * slots have told enough. Where no request waited for the window, nothing is judged: it
 * stays. A node that refuses halves it, once per window of answers.
 */
#ifndef CLUSTER_WINDOW_H
#define CLUSTER_WINDOW_H

#include "cluster/window_evidence.h"
#include "cluster/window_slot.h"

#define CLUSTER_WINDOW_START 16
#define CLUSTER_WINDOW_FIRST 32 /* no wider before a slot allowed it, unless answers are quick */
#define CLUSTER_WINDOW_MIN 4	/* half of it is 2; less only for a node that refuses */
#define CLUSTER_WINDOW_MAX 8192
#define CLUSTER_WINDOW_IDLE INT64_C(10000000000)	/* ns */

/* Answers over some time. */
typedef struct ClusterWindowRate
{
	double		rate;			/* per ns; 0: not known */
	double		latency;		/* mean, ns; 0: not known */
} ClusterWindowRate;

typedef struct ClusterWindow
{
	uint32_t	limit;			/* how many may be in flight now: callers read this alone */
	uint32_t	width;			/* what the rule moves: limit without halving and floor */
	uint32_t	floor;			/* what the node answers during long turns of ours */
	uint32_t	refused;		/* width when the node last refused: approached by halves; 0: never */

	/* the part under way, of a tick or of start, which has the two full ones */
	bool		starting;
	ClusterSlotPart part;
	bool		whole;			/* under way since its beginning, and as long before as answers take */
	bool		pressed;		/* requests waited because of the window */
	uint64_t	since;			/* ns of the wall clock */
	uint64_t	span;			/* ns until there is something to do */
	uint64_t	from;			/* done at its beginning */
	uint64_t	idle;			/* ns of it in which there was nothing to do */
	uint64_t	timed;			/* answers whose latency is known */
	uint64_t	latency;		/* of these the sum, ns */

	/* start */
	ClusterWindowRate best;		/* the highest rate and the least latency; 0: none yet */
	uint8_t		strikes;		/* rounds of this width that were no better than those before */

	/* ticks */
	uint8_t		class;			/* of the slots */
	bool		allowed;		/* a slot has told whether to start again, wider than FIRST */
	ClusterWindowRate before;	/* as it is, in the tick before */
	ClusterWindowRate half;		/* halved, in this one */
	double		rate;			/* as it is: falls slowly */
	double		delay;			/* latency as it is, of late */
	double		base;			/* latency when halved, of long */
	double		turns;			/* work of turns, ns: falls by an eighth a tick */
	double		turn_squares;
	ClusterEvidence evidence;

	uint64_t	last;			/* ns of the wall clock, the last turn */
	uint64_t	done;			/* answers ever */
	uint64_t	forgiven;		/* overload counts again from this done on */
} ClusterWindow;

extern void cluster_window_init(ClusterWindow *w);

/* The window, whether or not it is halved now. */
static inline uint32_t
cluster_window_width(const ClusterWindow *w)
{
	return w->width > w->floor ? w->width : w->floor;
}

/* There is something to do again, and there was nothing since the last turn. Before the first request is sent. */
extern void cluster_window_wake(ClusterWindow *w, uint64_t now);

/* One completion; its latency in ns from its sending, 0: not known. */
static inline void
cluster_window_note(ClusterWindow *w, uint64_t latency)
{
	w->done++;
	w->timed += latency != 0;
	w->latency += latency;
}

/* The node said that it has too much to do. Such an answer is a completion, too. */
extern void cluster_window_overloaded(ClusterWindow *w);

/*
 * End of a loop turn. now: ns of the wall clock, which may jump. pressed: requests wait
 * because of this window. busy: ns that the turn worked, without its wait in poll.
 */
extern void cluster_window_turn(ClusterWindow *w, uint64_t now, bool pressed, uint64_t busy);

#endif							/* CLUSTER_WINDOW_H */
