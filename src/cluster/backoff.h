/*
 * cluster/backoff.h
 *	  When to try again: 50 ms doubled up to 10 s, or minutes after a refusal, with
 *	  jitter.
 *
 * Submitter thread; pure.
 */
#ifndef CLUSTER_BACKOFF_H
#define CLUSTER_BACKOFF_H

#include <stdint.h>

#define CLUSTER_BACKOFF_MIN 50
#define CLUSTER_BACKOFF_MAX 10000
#define CLUSTER_REFUSED_MIN 10000
#define CLUSTER_REFUSED_MAX 300000

typedef struct ClusterBackoff
{
	uint32_t	failures;		/* in a row */
	uint64_t	due;			/* ms of the loop; 0: at once */
} ClusterBackoff;

extern void cluster_backoff_reset(ClusterBackoff *b);
/* After a failure at now: sets due. *random is the caller's generator, not 0. */
extern void cluster_backoff_failed(ClusterBackoff *b, uint64_t now, uint64_t *random);
/* After the loss of a connection that worked: once, within so many ms, as many others lost theirs at the same time. */
extern void cluster_backoff_lost(ClusterBackoff *b, uint64_t now, uint32_t within, uint64_t *random);
/* ms to wait after so many failures in a row (1 and up), within 15% of the doubled minimum. */
extern uint32_t cluster_backoff_delay(uint32_t failures, uint64_t *random);
/* As cluster_backoff_failed, after a failure that does not pass by itself. */
extern void cluster_backoff_refused(ClusterBackoff *b, uint64_t now, uint64_t *random);

#endif							/* CLUSTER_BACKOFF_H */
