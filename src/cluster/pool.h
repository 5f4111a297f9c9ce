/*
 * cluster/pool.h
 *	  The places of one node: connections are opened there in the background, and
 *	  again after a loss, with backoff.
 *
 * Submitter thread only; nothing here blocks.
 *
 *	 idle --cluster_pool_start--> opening --on_ready--> up
 *	 opening, up --on_closed--> waiting (backoff) --cluster_pool_tick--> opening
 *	 any --cluster_pool_stop, cluster_pool_retire--> idle, once its connections are closed
 */
#ifndef CLUSTER_POOL_H
#define CLUSTER_POOL_H

#include "cluster/credentials.h"
#include "cluster/place.h"

typedef struct ClusterPool ClusterPool;

/* Called from the loop, never from inside a cluster_pool function. */
typedef struct ClusterPoolOps
{
	void		(*on_up) (ClusterPool *pool, const NetConnection *c);	/* c got ready */
	void		(*on_down) (ClusterPlace *place, bool was_up, const NetFailure *why);	/* its connection is gone */
} ClusterPoolOps;

struct ClusterPool
{
	const ClusterPoolOps *ops;
	void	   *owner;
	const NetConfig *config;
	ClusterNode *node;
	ClusterPlace **place;
	uint32_t	nplaces;
	bool		started;		/* connections are wanted */
	ClusterBackoff backoff;
	NetFailure	last;			/* why the last connection ended or could not be made */
	ClusterCredentials *credentials;
	uint64_t   *random;
};

/* NULL: out of memory. credentials: the owner's, of all pools. random: the owner's generator, for jitter. */
extern ClusterPool *cluster_pool_new(const ClusterPoolOps *ops, void *owner, const NetConfig *config,
									 ClusterNode *node, ClusterCredentials *credentials, uint64_t *random);
extern void cluster_pool_free(ClusterPool *pool);	/* only while cluster_pool_closed */

extern void cluster_pool_start(ClusterPool *pool);	/* opens at once; harmless when started */
extern void cluster_pool_stop(ClusterPool *pool);	/* closes at once */
extern void cluster_pool_retire(ClusterPool *pool); /* closes once no request is left there */
extern void cluster_pool_tick(ClusterPool *pool, uint64_t now);

/* The node may be back: no more waiting for the next attempt. */
extern void cluster_pool_hurry(ClusterPool *pool);
/* The node's address may have changed: connections to another one are replaced. */
extern void cluster_pool_follow(ClusterPool *pool);

/* The place to send from: ready, the least loaded. NULL: none now. */
extern ClusterPlace *cluster_pool_pick(const ClusterPool *pool);
extern bool cluster_pool_ready(const ClusterPool *pool);	/* some place is, full or not */
extern uint32_t cluster_pool_count_ready(const ClusterPool *pool);
extern bool cluster_pool_decided(const ClusterPool *pool);	/* a connection got ready, or one failed since the pool was
															 * made, or none may be opened */
extern uint32_t cluster_pool_shards(const ClusterPool *pool);	/* of the node; 0: none, or no connection is ready */
/* As net_connection_tls, of a connection that is ready. */
extern void cluster_pool_tls(const ClusterPool *pool, const char **version, const char **cipher);
extern ClusterPlace *cluster_pool_find(const ClusterPool *pool, const NetConnection *net);
extern bool cluster_pool_closed(const ClusterPool *pool);
extern uint32_t cluster_pool_load(const ClusterPool *pool); /* requests that are there, in flight or waiting */
extern uint64_t cluster_pool_window(const ClusterPool *pool);	/* requests that may be in flight at places that are
																 * ready */

#endif							/* CLUSTER_POOL_H */
