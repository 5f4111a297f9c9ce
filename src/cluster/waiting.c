/*
 * cluster/waiting.c
 *	  Requests between two attempts.
 *
 * Submitter thread only.
 * Owns: nothing; requests are linked where they lie.
 * Invariants: a request is on one list at most; `out` of ClusterStrained is the
 * number of requests whose `out` is set.
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
cluster_strained_init(ClusterStrained *strained)
{
	cluster_list_init(&strained->list);
	strained->out = 0;
	strained->allowed = 1;
	strained->strains = 0;
}

void
cluster_strained_add(ClusterStrained *strained, ClusterRequest *request)
{
	cluster_strained_done(strained, request);
	strained->strains++;
	cluster_list_add(&strained->list, request);
}

ClusterRequest *
cluster_strained_next(ClusterStrained *strained, uint64_t now)
{
	ClusterRequest *request = strained->list.first;

	if (!request || strained->out >= strained->allowed || now < request->due)
		return NULL;
	strained->list.first = request->next;
	if (!strained->list.first)
		strained->list.end = &strained->list.first;
	request->out = true;
	strained->out++;
	return request;
}

void
cluster_strained_done(ClusterStrained *strained, ClusterRequest *request)
{
	strained->out -= request->out;
	request->out = false;
}
