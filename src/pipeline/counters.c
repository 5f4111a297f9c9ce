/*
 * pipeline/counters.c
 *	  What the submitter has counted, for the backend to read at any time.
 *
 * Thread: submitter; the backend reads the counters without a function of this file.
 * Owns: nothing.
 * Invariants: none between two counters: each is as new as its own last store.
 */
#include "pipeline/counters.h"

void
counters_publish(SubmitterCounters *c, const Tally *tally)
{
	atomic_store_explicit(&c->requests, tally->requests, memory_order_relaxed);
	atomic_store_explicit(&c->bytes, tally->bytes, memory_order_relaxed);
	atomic_store_explicit(&c->failures, tally->failures, memory_order_relaxed);
	atomic_store_explicit(&c->retries, tally->retries, memory_order_relaxed);
	atomic_store_explicit(&c->in_flight, tally->in_flight, memory_order_relaxed);
	atomic_store_explicit(&c->window_peak, tally->peak, memory_order_relaxed);
	atomic_store_explicit(&c->stalls, tally->stalls, memory_order_relaxed);
}

void
counters_publish_versions(SubmitterCounters *c, ClusterVersions versions)
{
	atomic_store_explicit(&c->topology_version, versions.topology, memory_order_relaxed);
	atomic_store_explicit(&c->schema_version, versions.schema, memory_order_relaxed);
	atomic_store_explicit(&c->scylla, versions.scylla, memory_order_relaxed);
}
