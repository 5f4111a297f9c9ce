/*
 * cluster/window_evidence.c
 *	  What the slots of a window have told, and what follows from it.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: ratios are kept in order, within LEAST_RATIO and MOST_RATIO.
 *
 * Where half of a window gives KNEE of its rate, all of it gives 97 % or more of what
 * there is; with 0.90 servers that answer a crowd faster lost 2 to 3 % of their rate.
 * A ratio below the knee says how much wider the window should be: KNEE / ratio, if
 * all of it reached the node's rate. One of 1 says only that half is enough.
 *
 * Narrowing must be sure of its evidence and widening need not: steps down are longer
 * than steps up, and a window that follows noise goes down for ever. What changes the
 * shares of sessions waits for a tick whose number all sessions divide alike. There the
 * step up is less than proportional and that down is not: so shares become equal.
 */
#include "cluster/window_evidence.h"

#include "cql/invariant.h"

#include <math.h>

#define LEAST_RATIO 0.3
#define MOST_RATIO 1.35
#define KNEE 0.93
#define LEAST_ERROR 0.005
#define SURE 0.06				/* the error with which a window may be narrowed */
#define SMALL 16				/* a window whose half is less than a few */
#define MOST_STEP 1.75

void
cluster_evidence_add(ClusterEvidence *e, double ratio)
{
	uint32_t	i = e->count;

	CORE_ASSERT(ratio >= 0 && i <= CLUSTER_EVIDENCE_MAX);
	if (i == CLUSTER_EVIDENCE_MAX)
		return;
	ratio = fmin(fmax(ratio, LEAST_RATIO), MOST_RATIO);
	for (; i > 0 && e->ratio[i - 1] > ratio; i--)
		e->ratio[i] = e->ratio[i - 1];
	e->ratio[i] = ratio;
	e->count++;
}

double
cluster_evidence_mean(const ClusterEvidence *e, double *error)
{
	uint32_t	n = e->count;
	uint32_t	cut = n < 4 ? 0 : n / 8 + 1;
	double		sum = 0;
	double		squares = 0;
	double		mean;

	CORE_ASSERT(n > 0);
	for (uint32_t i = cut; i < n - cut; i++)
		sum += e->ratio[i];
	mean = sum / (n - 2 * cut);
	/* for the error, an outlier counts as the outermost that is none */
	for (uint32_t i = 0; i < n; i++)
	{
		double		r = e->ratio[i < cut ? cut : i >= n - cut ? n - cut - 1 : i] - mean;

		squares += r * r;
	}
	*error = n < 2 ? 1 : sqrt(squares / (n - 1) / n) + LEAST_ERROR;
	return mean;
}

/* Not to half: at the knee exactly, half of it would lose half of the rate. Small windows of many sessions go fast. */
static double
narrowed(double width)
{
	return width * (width < SMALL ? 0.5 : 0.6);
}

/* The width to go to; 0: go on collecting. */
static double
next_width(const ClusterEvidence *e, uint64_t tick, bool crowd, double width)
{
	double		step = fmin(width + sqrt(width) + 4, width * MOST_STEP);
	double		error;
	double		mean = cluster_evidence_mean(e, &error);

	if (e->count < 2)
		return 0;
	if (!crowd && mean + 1.5 * error < 0.6)
		return width * 2;
	if (!crowd && mean + 1.5 * error < 0.72)
		return width * KNEE / mean;
	if (tick % 2 == 0 && error < SURE && mean - 1.5 * error > 0.97)
		return narrowed(width);
	if (e->count < 3 || tick % 4 != 0)
		return 0;
	if (!crowd && mean + error < 0.85)
		return fmax(width * KNEE / mean, step);
	if (mean + error < KNEE)
		return step;
	if (error < SURE && mean - error > 0.98)
		return narrowed(width);
	if (error < SURE && mean > KNEE)
		return width * 0.85;
	if (mean < KNEE)
		return step;
	return e->count >= CLUSTER_EVIDENCE_ENOUGH ? width * 0.85 : 0;
}

bool
cluster_evidence_judge(const ClusterEvidence *e, uint64_t tick, bool crowd, uint32_t *width)
{
	double		next = next_width(e, tick, crowd, *width);

	if (next > 0)
		*width = (uint32_t) next;
	return next > 0;
}
