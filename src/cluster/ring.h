/*
 * cluster/ring.h
 *	  The token ring and the replicas of each of its positions. Pure functions.
 *
 * Submitter thread. Sources: Cassandra's SimpleStrategy and
 * NetworkTopologyStrategy. A position's node owns (previous token, its token].
 * Replicas are computed once per (strategy, factor), for the local data center
 * only, so that a look-up is one binary search and allocates nothing.
 */
#ifndef CLUSTER_RING_H
#define CLUSTER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLUSTER_RING_NONE UINT16_MAX	/* pads short replica sets; never a node */

typedef struct ClusterRingNode
{
	bool		member;			/* has a position on the ring */
	uint32_t	dc;				/* numbers: equal names, equal numbers */
	uint32_t	rack;			/* distinct over data centers */
} ClusterRingNode;

typedef struct ClusterRingPosition
{
	int64_t		token;
	uint16_t	node;
} ClusterRingPosition;

/* Owns its arrays. position is sorted by token. */
typedef struct ClusterRing
{
	ClusterRingPosition *position;
	uint32_t	npositions;
	ClusterRingNode *node;		/* by node number */
	uint32_t	nnodes;
} ClusterRing;

/* One position's replicas are replica[position * width] and on. */
typedef struct ClusterPlacement ClusterPlacement;
struct ClusterPlacement
{
	ClusterPlacement *next;		/* the topology's list */
	bool		network;		/* NetworkTopologyStrategy */
	uint32_t	factor;
	uint32_t	width;
	uint16_t   *replica;		/* in ring order, padded with CLUSTER_RING_NONE */
	uint64_t	steps;			/* nodes that placing looked at; kept by CORE_NOTE */
};

/* Without positions yet, of which there is room for so many. NULL: out of memory. */
extern ClusterRing *cluster_ring_new(uint32_t nnodes, size_t npositions);
extern void cluster_ring_free(ClusterRing *ring);	/* NULL: none */
extern void cluster_ring_sort(ClusterRing *ring);

/* The position that owns a token: the first one >= token, or the first of all. npositions > 0. */
extern uint32_t cluster_ring_owner(const ClusterRing *ring, int64_t token);

/*
 * Replicas within data center dc for every position. SimpleStrategy counts its
 * factor over all data centers, NetworkTopologyStrategy within dc. NULL: out of memory.
 */
extern ClusterPlacement *cluster_ring_place(const ClusterRing *ring, bool network, uint32_t factor, uint32_t dc);
extern void cluster_placement_free(ClusterPlacement *p);

#endif							/* CLUSTER_RING_H */
