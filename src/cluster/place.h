/*
 * cluster/place.h
 *	  A place: one connection to a node, how many requests may be in flight there,
 *	  and the requests that wait for room.
 *
 * Submitter thread only; nothing here blocks. A place outlives the connections that
 * come and go in it, so who points to one need not hear of a loss.
 *
 * A place is active from the first request that goes or waits there until none is
 * left: active places are what a turn of the loop looks at.
 *
 *	 empty --cluster_place_open--> opening --on_up--> up
 *	 opening, up --on_down--> empty
 */
#ifndef CLUSTER_PLACE_H
#define CLUSTER_PLACE_H

#include "cluster/health.h"
#include "cluster/lane.h"
#include "cluster/topology.h"
#include "cluster/window.h"

#define CLUSTER_PLACE_PATIENCE 100	/* ms that requests wait for a connection without trying others */
#define CLUSTER_PLACE_UNLIMITED INT32_MAX

typedef struct ClusterPlace ClusterPlace;

/* Called from the loop, never from inside a cluster_place function. */
typedef struct ClusterPlaceOps
{
	void		(*on_up) (ClusterPlace *place);
	/* It is empty now; requests that wait there are the callee's to take. */
	void		(*on_down) (ClusterPlace *place, bool was_up, const NetFailure *why);
} ClusterPlaceOps;

struct ClusterPlace
{
	NetOwner	owner;			/* first; the connection points here */
	const ClusterPlaceOps *ops;
	struct ClusterPool *pool;	/* whose it is */
	ClusterNode *node;
	uint32_t	shard;			/* whose place it is; 0: the node has none, or they are not known */
	NetConnection *net;			/* NULL: empty */
	bool		aware;			/* it was opened so that the node chooses a shard: */
	uint32_t	asked;			/* that one, */
	uint32_t	asked_of;		/* of so many */
	bool		up;				/* the connection got ready */
	bool		dirty;			/* on the list of places to flush */
	bool		active;			/* on the list of active places */
	bool		retired;		/* its node has moved: nothing new is sent there */
	bool		widened;		/* it is busy, and in this turn there was no other one to open */
	uint8_t		magnitude;		/* of the window, as the trace knows it */
	uint64_t	opened;			/* ms of the loop: its connection, ready or not */
	uint64_t	wanted;			/* ms of the loop: requests came when it was empty, and it could not be opened yet; 0:
								 * they did not */
	uint64_t	used;			/* ms of the loop: it had requests last */
	uint32_t	limit;			/* how many may be in flight: the window's, unless the session's is fixed */
	uint32_t	in_flight;		/* requests that were sent and not answered, or wait for a PREPARE here */
	ClusterLane lane;			/* requests that wait for room */
	ClusterWindow window;
	ClusterHealth health;
	ClusterPlace *next_dirty;
	ClusterPlace *next_active;
	ClusterPlace *next_retired;
};

/* NULL: out of memory. */
extern ClusterPlace *cluster_place_new(const ClusterPlaceOps *ops, struct ClusterPool *pool, ClusterNode *node);
extern void cluster_place_free(ClusterPlace *place);	/* an empty one, or NULL */

/* The place is empty. port: of the node's address; 0: that of the address. source_port: of this end; 0: any. false: out of memory. */
extern bool cluster_place_open(ClusterPlace *place, const NetConfig *config, uint16_t port, uint16_t source_port);
extern void cluster_place_close(ClusterPlace *place);	/* harmless when empty */
extern void cluster_place_tick(ClusterPlace *place, uint64_t now);
/* It has a connection to another address than its node now has. The port does not count where another one was asked for. */
extern bool cluster_place_strays(const ClusterPlace *place);

/* Ready, full or not. */
static inline bool
cluster_place_ready(const ClusterPlace *place)
{
	return place->net && net_connection_ready(place->net);
}

/* Its connection is being opened, and may be ready soon: later than this, others are tried beside it. */
static inline bool
cluster_place_awaited(const ClusterPlace *place, uint64_t now)
{
	return place->net && !place->up && now < place->opened + CLUSTER_PLACE_PATIENCE;
}

/* Ready, and one more request may be in flight there. */
static inline bool
cluster_place_has_room(const ClusterPlace *place)
{
	return place->in_flight < place->limit && place->net && net_connection_writable(place->net);
}

/* Requests that are there, in flight or waiting. */
static inline uint32_t
cluster_place_load(const ClusterPlace *place)
{
	return place->in_flight + place->lane.count;
}

/* Measured by what each of them can do at a time, the place has less to do than the other one. */
static inline bool
cluster_place_less_loaded(const ClusterPlace *place, const ClusterPlace *other)
{
	return (uint64_t) cluster_place_load(place) * other->limit <
		(uint64_t) cluster_place_load(other) * place->limit;
}

/* It has so much to do that another place would be of use. */
static inline bool
cluster_place_is_busy(const ClusterPlace *place)
{
	uint32_t	load = cluster_place_load(place);

	return load >= CLUSTER_WINDOW_FIRST || load >= place->limit;
}

/* Requests wait there because of the window. */
static inline bool
cluster_place_is_pressed(const ClusterPlace *place)
{
	return place->lane.first && place->in_flight >= place->limit;
}

/* ns since 1970: clocks of hosts that are set alike tell it alike, and it may jump. */
extern uint64_t cluster_place_wall_clock(void);
/* There is something to do there again. */
extern void cluster_place_wake(ClusterPlace *place);

/* As many wait there as may be in flight. */
static inline bool
cluster_place_is_crowded(const ClusterPlace *place)
{
	return place->lane.count >= place->limit;
}

/* Onto the list of active places, unless it is there already. */
static inline void
cluster_place_activate(ClusterPlace *place, ClusterPlace **active)
{
	if (place->active)
		return;
	cluster_place_wake(place);
	place->active = true;
	place->next_active = *active;
	*active = place;
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
