/*
 * cluster/statement.h
 *	  Statements by the backend's number, and each of them on each node.
 *
 * Submitter thread only. A statement is defined by the answer to its first
 * PREPARE; other nodes prepare it when the first EXECUTE goes there:
 *
 *	 none --cluster_statement_prepare--> preparing --answer--> ready
 *	 preparing --error, loss, other bind markers--> none
 *	 ready --cluster_statement_forget (the node forgot it)--> none
 *
 * One PREPARE at a time per node and statement; requests wait for it in its lane.
 */
#ifndef CLUSTER_STATEMENT_H
#define CLUSTER_STATEMENT_H

#include "cluster/lane.h"
#include "cluster/locate.h"

typedef struct ClusterStatement ClusterStatement;
typedef struct ClusterPrepared ClusterPrepared;
typedef struct ClusterStatements ClusterStatements;

typedef enum ClusterPreparedState
{
	CLUSTER_PREPARED_NONE,
	CLUSTER_PREPARED_PENDING,
	CLUSTER_PREPARED_READY
} ClusterPreparedState;

/* A statement on a node. */
struct ClusterPrepared
{
	NetCall		call;			/* first; its PREPARE in flight */
	ClusterStatements *set;
	ClusterStatement *statement;
	ClusterNode *node;
	ClusterPreparedState state;
	uint32_t	generation;		/* one more with each preparation */
	uint32_t	doubts;			/* the statement's when its PREPARE was sent */
	CqlBytes	id;				/* malloc'd; the node's own, valid while ready */
	ClusterLane waiting;		/* for the PREPARE in flight */
	ClusterPrepared *next;		/* list of those pending */
};

struct ClusterStatement
{
	char	   *text;
	uint32_t	length;
	bool		conditional;	/* the node that prepared it first says so; others that are may not be marked */
	CqlArena	arena;			/* of bind */
	CqlMetadata bind;			/* what values are encoded for: a later preparation must accept them */
	uint32_t	doubts;			/* one more whenever one did not: no node is trusted that has prepared it before */

	/*
	 * Result metadata id of the first preparation. EXECUTE always carries this
	 * one, whatever nodes answered since: an answer without metadata then always
	 * means the metadata the backend got with PREPARED, in whatever order answers
	 * come. A node that has another sends its metadata along.
	 */
	CqlBytes	metadata_id;
	ClusterTable table;			/* of its bind markers, if it has any */
	ClusterPrepared **on;		/* by node number; NULL: never needed there */
	uint32_t	non;
};

typedef enum ClusterPrepareOutcome
{
	CLUSTER_PREPARE_READY,
	CLUSTER_PREPARE_ERROR,		/* the node's, in error */
	CLUSTER_PREPARE_LOST,		/* no answer */
	CLUSTER_PREPARE_STALE,		/* other bind markers than at first; a field more of a user type is none */
	CLUSTER_PREPARE_MALFORMED,
	CLUSTER_PREPARE_MEMORY
} ClusterPrepareOutcome;

struct ClusterStatements
{
	ClusterStatement **statement;	/* by number */
	uint32_t	n;
	ClusterPrepared *pending;
	CqlBuffer	scratch;

	/* The PREPARE of p has its outcome; those that waited are the callee's. */
	void		(*on_prepared) (void *owner, ClusterPrepared *p, NetConnection *c, ClusterLane waiting,
								ClusterPrepareOutcome outcome, const CqlError *error);
	void	   *owner;
};

extern void cluster_statements_free(ClusterStatements *set);	/* no PREPARE is in flight */

/* NULL: not defined. */
static inline ClusterStatement *
cluster_statement_find(const ClusterStatements *set, uint32_t number)
{
	return number < set->n ? set->statement[number] : NULL;
}

/*
 * Define a statement, or learn that it is as it was: r stands at [int kind] of a
 * RESULT that answered the PREPARE of request on connection c.
 */
extern ClusterPrepareOutcome cluster_statement_define(ClusterStatements *set, const ClusterRequest *request,
													  const NetConnection *c, CqlReader r);

/* NULL: out of memory. */
extern ClusterPrepared *cluster_statement_on(ClusterStatements *set, ClusterStatement *s, ClusterNode *node);

/* Send its PREPARE; state is none. false: no room on c. */
extern bool cluster_statement_prepare(ClusterPrepared *p, NetConnection *c, uint64_t now, uint64_t deadline);
/* The node did not know the id of that generation: prepare again, unless that happened since (false). */
extern bool cluster_statement_forget(ClusterPrepared *p, uint32_t generation);

#endif							/* CLUSTER_STATEMENT_H */
