/*
 * cluster/dispatch_state.h
 *	  What is known of all requests that were taken: the state of dispatch, which
 *	  attempt, answer and fate share.
 *
 * Submitter thread only.
 */
#ifndef CLUSTER_DISPATCH_STATE_H
#define CLUSTER_DISPATCH_STATE_H

#include "cluster/pool.h"
#include "cluster/statement.h"
#include "cluster/strained.h"

typedef struct ClusterDispatch
{
	const ClusterConfig *config;
	const ClusterOps *ops;		/* all but on_down */
	void	   *owner;			/* of ops */
	ClusterTopology *topology;
	ClusterStatements statements;
	ClusterPlace *dirty;		/* those with frames to flush */
	ClusterPlace *active;		/* those with requests, in flight or in their lanes */
	ClusterLane unplaced;		/* no node was up to take them, or none is known yet */
	ClusterLane waiting;		/* each for its due time */
	ClusterStrained strained;	/* writes that failed on a replica */
	CqlBuffer	head;			/* scratch: what stands in front of a payload */
	uint32_t	spread;			/* where the next plan starts; at first by chance, as sessions begin alike */
	uint64_t	clock;			/* uv_hrtime, read once from flush to flush; 0: not yet */
	uint64_t	began;			/* uv_hrtime when the turn began to work; 0: nobody said so */
	uint64_t	answered;		/* uv_now ms when a node last answered anything */
	uint64_t	swept;			/* uv_now ms when what waits was last looked at */
	uint32_t	in_flight;		/* sent or waiting for a PREPARE, at all places */
	uint64_t	sent;			/* requests, ever */
	uint64_t	seconds;		/* of these, second attempts */
	uint64_t   *random;
	uint32_t	limit;			/* how many may be in flight at all places, with strained writes that wait */
	bool		fixed;			/* windows do not count */
	bool		ready;			/* nodes are known: requests may be sent */
	bool		closing;		/* nothing is sent again */
} ClusterDispatch;

static inline uint64_t
cluster_dispatch_now(const ClusterDispatch *d)
{
	return uv_now(d->config->net.loop);
}

/* ms since it was sent. */
static inline uint64_t
cluster_age(const ClusterDispatch *d, const NetCall *call)
{
	return (uint32_t) cluster_dispatch_now(d) - call->sent;
}

/* It was sent, or a PREPARE was for it: its time runs. */
static inline bool
cluster_is_begun(const ClusterRequest *r)
{
	return r->started != 0;
}

/* Its deadline has passed: nothing is sent for it any more. */
static inline bool
cluster_is_late(const ClusterRequest *r)
{
	return cluster_is_begun(r) && cluster_dispatch_now(r->dispatch) >= r->deadline;
}

/* Of the place only what may be told later, when it is gone. */
static inline void
cluster_set_place(ClusterRequest *r, ClusterPlace *place)
{
	r->place = place;
	r->node = place->node->key;
	r->shard = place->shard;
}

/* It is in flight there no more. */
static inline void
cluster_leave_place(ClusterRequest *r)
{
	CORE_ASSERT(!r->there || (r->place->in_flight > 0 && r->dispatch->in_flight > 0));
	r->place->in_flight -= r->there;
	r->dispatch->in_flight -= r->there;
	r->there = false;
}

/* Who submits has not bounded the number of those in flight, or not by so few. */
static inline bool
cluster_may_go(const ClusterRequest *r)
{
	const ClusterDispatch *d = r->dispatch;

	return d->in_flight + d->strained.lane.count < d->limit || r->out;
}

/* A request that needs a statement which the node has prepared. */
static inline bool
cluster_is_execution(const ClusterRequest *r)
{
	return r->kind == CLUSTER_EXECUTE || r->kind == CLUSTER_BATCH;
}

/* Once more, as far as a byte can count. */
static inline void
cluster_count(uint8_t *times)
{
	*times += *times < UINT8_MAX;
}

#endif							/* CLUSTER_DISPATCH_STATE_H */
