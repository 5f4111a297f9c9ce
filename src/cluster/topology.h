/*
 * cluster/topology.h
 *	  The nodes by host id, the token ring and where each keyspace's rows live.
 *
 * Submitter thread; no I/O. Filled from the answers of the control connection:
 *
 *	 cluster_topology_begin -> local, peers, keyspaces in any order -> cluster_topology_commit
 *
 * Until commit the old state stays in force. A node is never freed before the
 * topology: one that left stays, not present, so that whoever holds a pointer
 * to it can still name it; its number is never given to another node.
 */
#ifndef CLUSTER_TOPOLOGY_H
#define CLUSTER_TOPOLOGY_H

#include "cluster/system_tables.h"
#include "cluster/tablet.h"

typedef struct ClusterNode
{
	uint8_t		host_id[16];
	uint64_t	key;			/* of its host id: the same in all processes; not 0 */
	uint16_t	number;			/* index in ClusterTopology.node */
	bool		present;		/* in the last read */
	bool		local;			/* present and in the local data center */
	bool		near;			/* local and in the local rack, if that is given and some node is there */
	bool		dialled;		/* address is contacted, not advertised */
	NetAddress	address;
	NetAddress	advertised;		/* as the peers tell; family 0: never read */
	NetAddress	contacted;		/* where it was reached: a forwarded one perhaps, which holds until its peers tell
								 * another address than before; or of two rows of one node, the second; family 0: none,
								 * or it holds no more */
	char		name[64];		/* of address */
	char	   *dc;
	char	   *rack;
	struct ClusterPool *pool;	/* the cluster's; NULL: none yet */
	uint32_t	nr_shards;		/* as its connections tell; 0: not known, or it does not shard */
	uint32_t	ignore_msb;		/* as cluster_shard_of wants it */
} ClusterNode;

typedef struct ClusterKeyspace
{
	const char *name;
	bool		any;			/* every node is as good: local, everywhere, unknown strategy; or tablets tell, not the
								 * ring */
	bool		tablets;		/* its tables have some */
	bool		network;
	uint32_t	factor;			/* of the local data center if network */
	const struct ClusterPlacement *placement;	/* NULL: not computed yet */
} ClusterKeyspace;

typedef struct ClusterTopology
{
	ClusterNode **node;			/* by number */
	uint32_t	nnodes;
	ClusterNode **local;		/* the local ones */
	uint32_t	nlocal;
	char	   *local_dc;		/* NULL: not known yet */
	const char *local_rack;		/* NULL: none is given */
	uint32_t	nrack;			/* local nodes in local_rack */
	uint32_t	local_dc_number;
	struct ClusterRing *ring;	/* NULL: not read yet; no positions: tokens are not Murmur3's, or unknown */
	ClusterKeyspace *keyspace;	/* in keyspaces */
	uint32_t	nkeyspaces;
	CqlArena	keyspaces;
	struct ClusterPlacement *placements;	/* of this ring, as far as they were asked for */
	uint32_t	generation;		/* one more with each commit */
	bool		scylla;			/* it was read from a node of ScyllaDB */
	ClusterTabletMap tablets;
	NetAddress *named;			/* addresses with the names that contact points gave them */
	uint32_t	nnamed;

	/* what was read since begin */
	CqlArena	arena;
	ClusterNodeRow *peers;
	ClusterNodeRow *contacted;	/* the row of system.local */
	ClusterKeyspaceRow *keyspace_rows;
	ClusterKeyspaceRow *tablet_rows;	/* keyspaces with tablets */
} ClusterTopology;

/*
 * local_dc NULL: that of the node which system.local is read from first. local_rack is borrowed; NULL: none is preferred.
 * false: out of memory.
 */
extern bool cluster_topology_init(ClusterTopology *t, const char *local_dc, const char *local_rack);
extern void cluster_topology_free(ClusterTopology *t);

/* Connecting anew: names are looked up again. */
extern void cluster_topology_restart(ClusterTopology *t);

extern void cluster_topology_begin(ClusterTopology *t);
/*
 * r stands at a RESULT message's [int kind]. false: malformed or out of memory.
 * address is the one the answering node was reached at; rows of system.peers
 * have no port: they get port.
 */
extern bool cluster_topology_read_local(ClusterTopology *t, CqlReader r, const NetAddress *address);
extern bool cluster_topology_read_peers(ClusterTopology *t, CqlReader r, uint16_t port);
extern bool cluster_topology_read_keyspaces(ClusterTopology *t, CqlReader r);
extern bool cluster_topology_read_tablets(ClusterTopology *t, CqlReader r); /* which keyspaces have some */
/* false: out of memory, or no complete system.local row was read; the old state stays. */
extern bool cluster_topology_commit(ClusterTopology *t);

/* No connection could be made to a node's address: if there is another one, that is tried next. */
extern void cluster_topology_turn(const ClusterTopology *t, ClusterNode *node);

/* The schema has changed: of a table or view that was made or dropped, tablets are others. */
extern void cluster_topology_heed(ClusterTopology *t, const CqlEvent *event);

/* A node has told of a tablet. false: out of memory; then it is learned another time. */
extern bool cluster_topology_learn(ClusterTopology *t, const char *keyspace, const char *table, const CqlTablet *told);

/*
 * An address has this host as its name: the node that is there, or will be, has it too. Who told of the node knows no name,
 * and its certificate is one of a name mostly. The host outlives the topology.
 */
extern void cluster_topology_name(ClusterTopology *t, const NetAddress *address);

#endif							/* CLUSTER_TOPOLOGY_H */
