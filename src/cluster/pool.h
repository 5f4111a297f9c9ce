/*
 * cluster/pool.h
 *	  The places of one node: a connection is opened there when a request wants one,
 *	  and closed when none has for long.
 *
 * A node of ScyllaDB has a place for each shard, once its first connection has told
 * how many there are; any other node has one. Which shard serves a connection is told
 * by the node, and that is where the connection goes, whatever was asked for
 * (cluster/shards).
 *
 * Submitter thread only; nothing here blocks.
 *
 *	 empty --cluster_pool_open--> opening --on_ready--> up
 *	 opening, up --on_closed--> empty; for a while it may not be opened (backoff)
 *	 up --cluster_pool_tick: idle_timeout--> empty
 *	 any --cluster_pool_stop, cluster_pool_retire--> empty, once its connections are closed
 */
#ifndef CLUSTER_POOL_H
#define CLUSTER_POOL_H

#include "cluster/access.h"
#include "cluster/backoff.h"
#include "cluster/place.h"
#include "cluster/shards.h"

typedef struct ClusterPool ClusterPool;

/* Called from the loop, never from inside a cluster_pool function. */
typedef struct ClusterPoolOps
{
	void		(*on_up) (ClusterPool *pool, const NetConnection *c);	/* c got ready */
	void		(*on_down) (ClusterPlace *place, bool was_up, const NetFailure *why);	/* its connection is gone */
	void		(*on_moved) (ClusterPlace *place);	/* it is that of another shard now: what waits there is for another
													 * place */
	void		(*on_stranger) (ClusterPool *pool); /* another node than this one is at its address */
} ClusterPoolOps;

struct ClusterPool
{
	const ClusterPoolOps *ops;
	void	   *owner;
	const ClusterConfig *config;
	ClusterNode *node;
	ClusterPlace **place;		/* by shard */
	uint32_t	nplaces;		/* 1 and more */
	ClusterPlace *retired;		/* of an address or a number of shards before: closed once no request is left there,
								 * and used again */
	ClusterShards shards;		/* where to connect for a shard */
	bool		started;		/* connections may be opened */
	bool		stranger;		/* another node was at its address, and the topology was not read since */
	ClusterBackoff backoff;
	NetFailure	last;			/* why the last connection ended or could not be made */
	ClusterAccess *access;
	uint64_t   *random;
};

/* NULL: out of memory. access: the owner's, of all pools. random: the owner's generator, for jitter. */
extern ClusterPool *cluster_pool_new(const ClusterPoolOps *ops, void *owner, const ClusterConfig *config,
									 ClusterNode *node, ClusterAccess *access, uint64_t *random);
extern void cluster_pool_free(ClusterPool *pool);	/* only while cluster_pool_closed */

extern void cluster_pool_start(ClusterPool *pool);	/* opens nothing by itself; harmless when started */
extern void cluster_pool_stop(ClusterPool *pool);	/* closes at once */
extern void cluster_pool_retire(ClusterPool *pool); /* closes once no request is left there */
extern void cluster_pool_tick(ClusterPool *pool, uint64_t now);
/* Where no request is: before, a tick does nothing, unless something happens meanwhile. */
extern uint64_t cluster_pool_due(const ClusterPool *pool, uint64_t now);

/* Whether that shard's place is empty, and may get a connection now. */
extern bool cluster_pool_may_open(const ClusterPool *pool, uint32_t shard);
/* The place, which gets one. NULL: it may not. */
extern ClusterPlace *cluster_pool_open(ClusterPool *pool, uint32_t shard);
/* A place whose connection is being opened, and not for long yet; rather that of the shard. NULL: none. */
extern ClusterPlace *cluster_pool_awaited(ClusterPool *pool, uint32_t shard);
/* For long or not; by: it was begun by then. */
extern bool cluster_pool_opening(const ClusterPool *pool, uint64_t by);
/* Nothing was sent there since that time, and nothing is there. */
extern bool cluster_pool_unused_since(const ClusterPool *pool, uint64_t since);
extern uint64_t cluster_pool_used(const ClusterPool *pool); /* ms of the loop: when something was last there */
extern uint64_t cluster_pool_opened(const ClusterPool *pool);	/* ... when the latest connection was */
extern void cluster_pool_close(ClusterPool *pool);	/* may be opened again */

/* The node may be back: no more waiting for the next attempt. */
extern void cluster_pool_hurry(ClusterPool *pool);
/* The node's address may have changed: of connections to another one, what is in flight there is all that is left to do. */
extern void cluster_pool_follow(ClusterPool *pool);

/*
 * The place to send from: that of the shard, or, while it has no connection, the least loaded one of others, which pass
 * requests on: then a connection is opened for the shard, if one may be. Where that has requests already, there are many:
 * they wait for the shard's connection as long as it may be ready soon. NULL: none is ready now.
 */
extern ClusterPlace *cluster_pool_pick(ClusterPool *pool, uint32_t shard);
extern bool cluster_pool_ready(const ClusterPool *pool);	/* some place is, full or not */
extern uint32_t cluster_pool_count_ready(const ClusterPool *pool);
/* For who asked by cluster_pool_hurry: a connection is ready, or failed since, or may not be opened now. */
extern bool cluster_pool_decided(const ClusterPool *pool);
extern uint32_t cluster_pool_shards(const ClusterPool *pool);	/* of the node; 0: none, or no connection is ready */
/* As net_connection_tls, of a connection that is ready. */
extern void cluster_pool_tls(const ClusterPool *pool, const char **version, const char **cipher);
extern ClusterPlace *cluster_pool_find(const ClusterPool *pool, const NetConnection *net);
extern bool cluster_pool_closed(const ClusterPool *pool);
extern uint32_t cluster_pool_load(const ClusterPool *pool); /* requests that are there, in flight or waiting */

#endif							/* CLUSTER_POOL_H */
