/*
 * cluster/place.h
 *	  A place: one connection to a node, with what the cluster layer keeps of it.
 *
 * Submitter thread only; nothing here blocks. A place outlives the connections that
 * come and go in it, so who points to one need not hear of a loss.
 *
 *	 empty --cluster_place_open--> opening --on_up--> up
 *	 opening, up --on_down--> empty
 */
#ifndef CLUSTER_PLACE_H
#define CLUSTER_PLACE_H

#include "cluster/topology.h"
#include "net/connection.h"

typedef struct ClusterPlace ClusterPlace;

/* Called from the loop, never from inside a cluster_place function. */
typedef struct ClusterPlaceOps
{
	void		(*on_up) (ClusterPlace *place);
	void		(*on_room) (ClusterPlace *place);	/* it was full */
	void		(*on_down) (ClusterPlace *place, bool was_up, const NetFailure *why);	/* it is empty now */
} ClusterPlaceOps;

struct ClusterPlace
{
	NetOwner	owner;			/* first; the connection points here */
	const ClusterPlaceOps *ops;
	struct ClusterPool *pool;	/* whose it is */
	ClusterNode *node;
	NetConnection *net;			/* NULL: empty */
	bool		up;				/* the connection got ready */
	bool		dirty;			/* on the list of places to flush */
	ClusterPlace *next_dirty;
};

/* NULL: out of memory. */
extern ClusterPlace *cluster_place_new(const ClusterPlaceOps *ops, struct ClusterPool *pool, ClusterNode *node);
extern void cluster_place_free(ClusterPlace *place);	/* an empty one, or NULL */

/* The place is empty. false: out of memory. */
extern bool cluster_place_open(ClusterPlace *place, const NetConfig *config);
extern void cluster_place_close(ClusterPlace *place);	/* harmless when empty */
extern void cluster_place_tick(ClusterPlace *place, uint64_t now);
/* The node's address may have changed: a connection to another one is closed. */
extern void cluster_place_follow(ClusterPlace *place);

/* Ready, full or not. */
static inline bool
cluster_place_ready(const ClusterPlace *place)
{
	return place->net && net_connection_ready(place->net);
}

/* Ready, and takes one more request. */
static inline bool
cluster_place_has_room(const ClusterPlace *place)
{
	return place->net && net_connection_writable(place->net);
}

static inline uint32_t
cluster_place_in_flight(const ClusterPlace *place)
{
	return place->net ? net_connection_in_flight(place->net) : 0;
}

/* Onto a list of places to flush, unless it is there already. */
static inline void
cluster_place_mark_dirty(ClusterPlace *place, ClusterPlace **dirty)
{
	if (place->dirty)
		return;
	place->dirty = true;
	place->next_dirty = *dirty;
	*dirty = place;
}

/* Flush all of a list, which is empty then. */
extern void cluster_place_flush(ClusterPlace **dirty);

#endif							/* CLUSTER_PLACE_H */
