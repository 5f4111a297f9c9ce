/*
 * cluster/waiting.c
 *	  Requests between two attempts.
 *
 * Submitter thread only.
 * Owns: nothing; requests are linked where they lie.
 * Invariants: a request is on one list at most; out is the number of requests
 * whose `passed` is set.
 */
#include "cluster/waiting.h"

void
cluster_list_init(ClusterList *list)
{
	list->first = NULL;
	list->end = &list->first;
}

void
cluster_list_add(ClusterList *list, ClusterRequest *request)
{
	request->next = NULL;
	*list->end = request;
	list->end = &request->next;
}

ClusterRequest *
cluster_list_take(ClusterList *list)
{
	ClusterRequest *all = list->first;

	cluster_list_init(list);
	return all;
}

void
cluster_gate_init(ClusterGate *gate)
{
	cluster_list_init(&gate->list);
	gate->out = 0;
	gate->allowed = 1;
	gate->strains = 0;
}

void
cluster_gate_add(ClusterGate *gate, ClusterRequest *request)
{
	cluster_gate_done(gate, request);
	gate->strains++;
	cluster_list_add(&gate->list, request);
}

ClusterRequest *
cluster_gate_next(ClusterGate *gate, uint64_t now)
{
	ClusterRequest *request = gate->list.first;

	if (!request || gate->out >= gate->allowed || now < request->due)
		return NULL;
	gate->list.first = request->next;
	if (!gate->list.first)
		gate->list.end = &gate->list.first;
	request->passed = true;
	gate->out++;
	return request;
}

void
cluster_gate_done(ClusterGate *gate, ClusterRequest *request)
{
	gate->out -= request->passed;
	request->passed = false;
}
