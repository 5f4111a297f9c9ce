/*
 * cluster/window_evidence.h
 *	  What the slots of a window have told, and what follows from it.
 *
 * Submitter thread only; pure. A ratio is the rate of answers under half of the window
 * over that under all of it: 0.5 where nothing stands in line, 1 where half of it does.
 */
#ifndef CLUSTER_WINDOW_EVIDENCE_H
#define CLUSTER_WINDOW_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_EVIDENCE_ENOUGH 12
#define CLUSTER_EVIDENCE_MAX 16 /* a verdict may have to wait for its tick */

typedef struct ClusterEvidence
{
	double		ratio[CLUSTER_EVIDENCE_MAX];
	uint32_t	count;
} ClusterEvidence;

extern void cluster_evidence_add(ClusterEvidence *e, double ratio);
/* Without the outliers; *error is its standard error, never 0. count > 0. */
extern double cluster_evidence_mean(const ClusterEvidence *e, double *error);
/*
 * Moves *width where the evidence is enough. false: go on collecting. tick: its number, the same for all sessions. crowd: others fill the
 * node's queue, whatever we do.
 */
extern bool cluster_evidence_judge(const ClusterEvidence *e, uint64_t tick, bool crowd, uint32_t *width);

#endif							/* CLUSTER_WINDOW_EVIDENCE_H */
