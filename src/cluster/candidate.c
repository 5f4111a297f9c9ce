/*
 * cluster/candidate.c
 *	  The addresses that the control connection may use.
 *
 * Submitter thread only.
 * Owns: the candidates, in the order to try them.
 * Invariants: one that is not dropped has an address of its own; one that has a
 * connection is not freed.
 */
#include "cluster/candidate.h"

#include <stdlib.h>

ClusterCandidate *
cluster_candidates_add(ClusterCandidate **list, const NetAddress *address)
{
	ClusterCandidate *candidate;

	for (; *list; list = &(*list)->next)
	{
		if (!(*list)->dropped && net_address_equal(&(*list)->address, address))
			return NULL;
	}
	candidate = calloc(1, sizeof(*candidate));
	if (!candidate)
		return NULL;
	candidate->address = *address;
	candidate->query.address = &candidate->address;
	return *list = candidate;
}

void
cluster_candidates_tick(const ClusterCandidate *list, uint64_t now)
{
	for (const ClusterCandidate *candidate = list; candidate; candidate = candidate->next)
	{
		if (candidate->net)
			net_connection_tick(candidate->net, now);
	}
}

bool
cluster_candidates_closed(const ClusterCandidate *list)
{
	for (const ClusterCandidate *candidate = list; candidate; candidate = candidate->next)
	{
		if (candidate->net)
			return false;
	}
	return true;
}

void
cluster_candidates_reap(ClusterCandidate **list)
{
	while (*list)
	{
		ClusterCandidate *candidate = *list;

		if (!candidate->dropped || candidate->net)
		{
			list = &candidate->next;
			continue;
		}
		*list = candidate->next;
		free(candidate);
	}
}

void
cluster_candidate_drop(ClusterCandidate *candidate)
{
	candidate->dropped = true;
	cluster_topology_query_stop(&candidate->query);
}

void
cluster_candidate_close(ClusterCandidate *candidate)
{
	cluster_candidate_drop(candidate);
	if (candidate->net)
		net_connection_close(candidate->net);
}

void
cluster_candidates_close_others(ClusterCandidate *list, const ClusterCandidate *stays)
{
	for (ClusterCandidate *candidate = list; candidate; candidate = candidate->next)
	{
		if (candidate != stays)
			cluster_candidate_close(candidate);
	}
}
