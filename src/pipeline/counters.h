/*
 * pipeline/counters.h
 *	  What the submitter has counted, for the backend to read at any time.
 *
 * Thread: both. The submitter counts in a Tally of its own, and publishes it once per turn: a
 * request costs no atomic operation. All loads and stores are relaxed.
 */
#ifndef PIPELINE_COUNTERS_H
#define PIPELINE_COUNTERS_H

#include "cluster/cluster.h"

#include <stdatomic.h>

typedef struct SubmitterCounters
{
	_Atomic uint64_t requests;	/* taken by the cluster */
	_Atomic uint64_t bytes;		/* their payloads */
	_Atomic uint64_t failures;
	_Atomic uint64_t retries;	/* attempts above the first */
	_Atomic uint32_t in_flight;
	_Atomic uint32_t window_peak;	/* highest in_flight */
	_Atomic uint64_t stalls;	/* turns that ended with requests that waited because of a window */
	_Atomic uint32_t topology_version;	/* ClusterVersions */
	_Atomic uint32_t schema_version;
	atomic_bool scylla;
} SubmitterCounters;

/* The submitter's own: plain counts. */
typedef struct Tally
{
	uint64_t	requests;
	uint64_t	bytes;
	uint64_t	failures;
	uint64_t	retries;
	uint64_t	stalls;
	uint32_t	in_flight;
	uint32_t	peak;
} Tally;

extern void counters_publish(SubmitterCounters *c, const Tally *tally);
extern void counters_publish_versions(SubmitterCounters *c, ClusterVersions versions);

#endif							/* PIPELINE_COUNTERS_H */
