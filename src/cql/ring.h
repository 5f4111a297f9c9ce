/*
 * cql/ring.h
 *	  Nodes and token ring as the core tells them to the backend: the body of the
 *	  answer to CLUSTER_RING and CLUSTER_NODES. No node ever sends or gets it.
 *
 * Pure; any thread.
 *
 *	 [int version] [short n] n x ([long key] [string name] [string dc] [string rack] [byte local] [int connections]
 *	 [int shards] [string tls] [string cipher]) [byte has_tablets]
 *	 [byte of_tablets] [int n] n x ([long token] [short owner])
 */
#ifndef CQL_RING_H
#define CQL_RING_H

#include "cql/buffer.h"

typedef struct CqlRingNode
{
	uint64_t	key;			/* the same in all processes; 0: none */
	const char *name;			/* address and port; all three UTF-8, NUL-terminated */
	const char *dc;
	const char *rack;
	bool		local;			/* requests go there; to nodes of other data centers nothing is connected */
	uint32_t	connections;	/* that are ready; 0: not up, as far as this client can tell */
	uint32_t	shards;			/* 0: it does not shard, or was not connected to yet */
	const char *tls;			/* version of TLS that a connection uses, and its cipher; NULL: not encrypted */
	const char *cipher;
} CqlRingNode;

/* The owner has the tokens above the position before, up to this one. */
typedef struct CqlRingPosition
{
	int64_t		token;
	uint16_t	owner;			/* index in CqlRing.node */
} CqlRingPosition;

typedef struct CqlRing
{
	uint32_t	version;		/* of the topology: ClusterVersions.topology when it was made */
	CqlRingNode *node;
	uint16_t	nnodes;
	bool		has_tablets;	/* some tables have tablets: of these the ring tells nothing */
	bool		of_tablets;		/* positions are borders of a table's tablets, and their owners mean nothing */
	CqlRingPosition *position;	/* by token; whatever a keyspace's replication, these are the first replicas */
	uint32_t	npositions;		/* 0: the cluster's tokens are not Murmur3's, or unknown; of tablets: none is known */
} CqlRing;

extern void cql_ring_put(CqlBuffer *b, const CqlRing *ring);

/* Into the arena, nothing borrowed. false: malformed or out of memory (arena->failed). */
extern bool cql_ring_get(CqlReader *r, CqlArena *arena, CqlRing *out);

#endif							/* CQL_RING_H */
