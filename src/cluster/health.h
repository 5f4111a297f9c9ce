/*
 * cluster/health.h
 *	  Whether a place answers, and how quickly.
 *
 * Submitter thread; pure.
 *
 * A node may take requests and answer none, while it still accepts connections and
 * answers OPTIONS: its process is stopped, its disk hangs, its heap is full. Its
 * connection looks alive, and all that is in flight there waits for its timeout. So
 * a place that owes many answers, and gave none for a while, is suspect: whoever
 * can go elsewhere does. One request is sent there now and then, with growing pauses, as
 * only a real answer proves that the node answers.
 *
 * Who sends few requests learns it from one of them: it was sent to another node later
 * and answered there, or it was given up, and nothing came meanwhile.
 *
 *	 well --owes CLUSTER_HEALTH_OWED, none came for CLUSTER_HEALTH_SILENCE--> suspect
 *	 well --cluster_health_doubt, none came since that was sent--> suspect
 *	 suspect --any answer--> well
 */
#ifndef CLUSTER_HEALTH_H
#define CLUSTER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_HEALTH_OWED 10
#define CLUSTER_HEALTH_SILENCE 1000 /* ms */
#define CLUSTER_HEALTH_PAUSE_MAX 10000	/* ms, between two probes; the first one is SILENCE */
#define CLUSTER_HEALTH_RISK 60000	/* ms behind a due probe that none has come: what may be lost goes, too */

/* Zero-initialise. */
typedef struct ClusterHealth
{
	bool		suspect;
	bool		heard;			/* an answer came in this turn */
	uint64_t	latency;		/* ns, moving mean that rises quickly and falls slowly; 0: not known */
	uint64_t	answered;		/* ms, when an answer last came; 0: never */
	uint64_t	fine;			/* ms, when an answer last came, or few were due; 0: nothing was due until now */
	uint32_t	pause;			/* ms, behind the next probe */
	uint64_t	probe;			/* ms, when the next one is due */
} ClusterHealth;

#define CLUSTER_HEALTH_WEIGHT 16	/* of what was known against what is new and less */

/* One answer: of each turn, the first one counts. latency in ns, 0: not known. */
static inline void
cluster_health_note(ClusterHealth *h, uint64_t latency)
{
	if (h->heard)
		return;
	h->heard = true;
	if (latency > h->latency)
		h->latency = h->latency ? (h->latency + latency) / 2 : latency;
	else if (latency > 0)
		h->latency -= (h->latency - latency) / CLUSTER_HEALTH_WEIGHT;
}

/* End of a turn; now in ms. true: it was suspect, and is not any more. */
extern bool cluster_health_turn(ClusterHealth *h, uint64_t now);
/* It owes nothing any more. */
static inline void
cluster_health_rest(ClusterHealth *h)
{
	h->fine = 0;
}

/* Every now and then, while it owes so many answers, out of so many that it may. true: it is suspect from now on. */
extern bool cluster_health_tick(ClusterHealth *h, uint32_t owed, uint32_t limit, uint64_t now);
/* What was sent there at that time, ms, would have been answered elsewhere by now. true: it is suspect from now on. */
extern bool cluster_health_doubt(ClusterHealth *h, uint64_t since, uint64_t now);
/*
 * Of a suspect place: whether a request may go there to see if it answers, and does. harmless: another place may do it as well if it does
 * not; others go only where none such has come for long, or the place would stay suspect. *random is the caller's.
 */
extern bool cluster_health_probe(ClusterHealth *h, bool harmless, uint64_t now, uint64_t *random);

#endif							/* CLUSTER_HEALTH_H */
