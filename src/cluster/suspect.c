/*
 * cluster/suspect.c
 *	  Places that are suspect from now on, or not any more.
 *
 * Submitter thread only. Owns nothing.
 * Invariant: the trace is told of each change, once.
 */
#include "cluster/suspect.h"

#include "cluster/trace.h"

void
cluster_suspect_turn(ClusterDispatch *d, ClusterPlace *place)
{
	if (!place->health.heard)
		return;
	d->answered = cluster_dispatch_now(d);
	if (cluster_health_turn(&place->health, d->answered))
		cluster_trace_add(d->config->trace, CLUSTER_EVENT_SUSPECT, place->node->name, "it answers again");
}

void
cluster_suspect_tick(ClusterDispatch *d, ClusterPlace *place)
{
	if (cluster_health_tick(&place->health, place->in_flight, place->limit, cluster_dispatch_now(d)))
		cluster_trace_add(d->config->trace, CLUSTER_EVENT_SUSPECT, place->node->name,
						  "%u requests are not answered, and none was for %u ms", place->in_flight, CLUSTER_HEALTH_SILENCE);
}

void
cluster_suspect_doubt(ClusterDispatch *d, ClusterPlace *place, const NetCall *call)
{
	uint64_t	now = cluster_dispatch_now(d);
	uint64_t	age = cluster_age(d, call);

	if (cluster_health_doubt(&place->health, now - age, now))
		cluster_trace_add(d->config->trace, CLUSTER_EVENT_SUSPECT, place->node->name,
						  "a request is not answered, and nothing was for %u ms", (uint32_t) age);
}
