/*
 * cluster/candidate.h
 *	  The addresses that the control connection may use, each with its connection and
 *	  what is asked there.
 *
 * Submitter thread only; nothing here blocks.
 *
 *	 added -> opened (by cluster/control) -> ready -> asked
 *	 any --cluster_candidate_drop--> dropped --its connection is closed, cluster_candidates_reap--> freed
 */
#ifndef CLUSTER_CANDIDATE_H
#define CLUSTER_CANDIDATE_H

#include "cluster/topology_query.h"

typedef struct ClusterCandidate
{
	NetOwner	owner;			/* first */
	struct ClusterControl *control;
	struct ClusterCandidate *next;
	NetAddress	address;
	NetConnection *net;			/* NULL: not opened yet, or closed */
	bool		opened;
	bool		ready;			/* it is, or was */
	bool		asked;			/* for the topology, and events */
	bool		dropped;		/* its end is of no interest any more */
	ClusterTopologyQuery query; /* once it is asked */
} ClusterCandidate;

/* At the end. NULL: another name of an address that is there, or out of memory, which is one hope less. */
extern ClusterCandidate *cluster_candidates_add(ClusterCandidate **list, const NetAddress *address);
extern void cluster_candidates_tick(const ClusterCandidate *list, uint64_t now);
extern bool cluster_candidates_closed(const ClusterCandidate *list);
extern void cluster_candidates_reap(ClusterCandidate **list);	/* no callback of a connection walks them */

/* What its node is asked is not looked at any more. */
extern void cluster_candidate_drop(ClusterCandidate *candidate);
extern void cluster_candidate_close(ClusterCandidate *candidate);	/* drops it, too */
extern void cluster_candidates_close_others(ClusterCandidate *list, const ClusterCandidate *stays);

#endif							/* CLUSTER_CANDIDATE_H */
