/*
 * cluster/reread.h
 *	  When the topology is read again: a while after events, and now and then
 *	  without any.
 *
 * Submitter thread; pure. Times are ms of the loop.
 */
#ifndef CLUSTER_REREAD_H
#define CLUSTER_REREAD_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_REREAD_SOONEST 200	/* ms from the first event of a burst to the read */
#define CLUSTER_REREAD_LATEST 1000
#define CLUSTER_REREAD_PAUSE 1000	/* ms between two reads, whatever events come */

/* Zero-initialise; set random and interval. */
typedef struct ClusterReread
{
	uint64_t   *random;			/* the owner's generator */
	uint32_t	interval;		/* ms without an event, within 20 %; 0: never */
	bool		changed;		/* an event asks for a read */
	uint64_t	due;			/* of that read */
	uint64_t	last;			/* when the last read began */
	uint64_t	stale;			/* from then on it is too old for who uses it */
} ClusterReread;

extern void cluster_reread_event(ClusterReread *r, uint64_t now);
extern void cluster_reread_began(ClusterReread *r, uint64_t now);
/* used: the topology was of use to somebody since the last read. */
extern uint64_t cluster_reread_due(const ClusterReread *r, bool used);	/* UINT64_MAX: no read is wanted */

static inline bool
cluster_reread_wanted(const ClusterReread *r, uint64_t now, bool used)
{
	return now >= cluster_reread_due(r, used);
}

#endif							/* CLUSTER_REREAD_H */
