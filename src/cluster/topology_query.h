/*
 * cluster/topology_query.h
 *	  Asks one node for the topology, over one connection.
 *
 * Submitter thread only; nothing here blocks.
 *
 *	 cluster_topology_query_register --on_registered--> cluster_topology_query_all --on_answered-->
 *	   cluster_topology_query_all again, whenever something may have changed
 *	 any --on_failed, cluster_topology_query_stop--> stopped: answers still to come are not looked at
 *
 * An answer that does not come because the connection is lost is no failure here:
 * the owner of the connection hears of that.
 */
#ifndef CLUSTER_TOPOLOGY_QUERY_H
#define CLUSTER_TOPOLOGY_QUERY_H

#include "cluster/topology.h"
#include "net/connection.h"

typedef struct ClusterTopologyQuery ClusterTopologyQuery;

/* Called from the loop; on_failed also from inside the functions below. */
typedef struct ClusterTopologyQueryOps
{
	void		(*on_registered) (ClusterTopologyQuery *q); /* for events, as far as the node has them */
	void		(*on_answered) (ClusterTopologyQuery *q);	/* the topology has all answers of this node, to be
															 * committed */
	void		(*on_failed) (ClusterTopologyQuery *q, const NetFailure *why);	/* once */
	uint64_t	(*deadline) (ClusterTopologyQuery *q);	/* of a question that is asked now */
} ClusterTopologyQueryOps;

typedef enum ClusterQuestionKind
{
	CLUSTER_ASK_REGISTER, CLUSTER_ASK_LOCAL, CLUSTER_ASK_PEERS, CLUSTER_ASK_KEYSPACES, CLUSTER_ASK_TABLETS, CLUSTER_QUESTIONS
} ClusterQuestionKind;

typedef struct ClusterQuestion
{
	NetCall		call;			/* first */
	ClusterTopologyQuery *query;
	ClusterQuestionKind kind;
	bool		answered;
	CqlBuffer	answer;			/* its rows, until all are there */
} ClusterQuestion;

/* Its owner embeds it, and it lives until no question is pending. Zero-initialise; set ops, topology and address. */
struct ClusterTopologyQuery
{
	const ClusterTopologyQueryOps *ops;
	ClusterTopology *topology;
	const NetAddress *address;	/* of the node, as it was reached */
	NetConnection *net;
	bool		peers_v1;		/* the node has no system.peers_v2 */
	bool		stopped;
	int			pending;		/* questions in flight */
	ClusterQuestion question[CLUSTER_QUESTIONS];
};

/* c is ready. */
extern void cluster_topology_query_register(ClusterTopologyQuery *q, NetConnection *c);
extern void cluster_topology_query_all(ClusterTopologyQuery *q);	/* none is pending */
extern void cluster_topology_query_stop(ClusterTopologyQuery *q);

#endif							/* CLUSTER_TOPOLOGY_QUERY_H */
