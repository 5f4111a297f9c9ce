/*
 * cluster/system_tables.h
 *	  Rows of the tables in which a node describes its cluster: what to ask for,
 *	  and what the answers say.
 *
 * Any thread; pure. Rows lie in the caller's arena. Each function takes a RESULT
 * message that stands at [int kind], and fails where it is malformed or memory ran
 * out; rows that are merely incomplete, as those of a node that is about to join
 * are, are left out.
 */
#ifndef CLUSTER_SYSTEM_TABLES_H
#define CLUSTER_SYSTEM_TABLES_H

#include "cql/response.h"
#include "cql/tablet.h"
#include "net/resolve.h"

#define CLUSTER_SELECT_LOCAL "SELECT host_id, data_center, rack, tokens FROM system.local WHERE key = 'local'"
#define CLUSTER_SELECT_PEERS_V2 \
	"SELECT host_id, data_center, rack, tokens, native_address, native_port FROM system.peers_v2"
#define CLUSTER_SELECT_PEERS "SELECT host_id, data_center, rack, tokens, rpc_address, peer FROM system.peers"
#define CLUSTER_SELECT_KEYSPACES "SELECT keyspace_name, replication FROM system_schema.keyspaces"
#define CLUSTER_SELECT_TABLETS "SELECT keyspace_name, initial_tablets FROM system_schema.scylla_keyspaces"	/* ScyllaDB alone */

/* Of a table; its name, or its id, is bound. ScyllaDB alone has tablets; before it had base tables, there was no column of that name. */
#define CLUSTER_SELECT_TABLE_ID "SELECT id FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?"
#define CLUSTER_SELECT_VIEW_ID "SELECT id FROM system_schema.views WHERE keyspace_name = ? AND view_name = ?"
#define CLUSTER_SELECT_MAP "SELECT last_token, replicas, base_table FROM system.tablets WHERE table_id = ?"
#define CLUSTER_SELECT_MAP_ALONE "SELECT last_token, replicas FROM system.tablets WHERE table_id = ?"

/* Of system.local, peers or peers_v2. */
typedef struct ClusterNodeRow ClusterNodeRow;
struct ClusterNodeRow
{
	ClusterNodeRow *next;
	uint8_t		host_id[16];
	NetAddress	address;		/* a peer's; system.local does not tell one that clients can use */
	bool		port_guessed;	/* the table does not tell its port */
	const char *dc;
	const char *rack;
	int64_t    *token;
	uint32_t	ntokens;
	bool		foreign;		/* tokens of another partitioner than Murmur3 */
};

/* Of system_schema.keyspaces. */
typedef struct ClusterKeyspaceRow ClusterKeyspaceRow;
struct ClusterKeyspaceRow
{
	ClusterKeyspaceRow *next;
	const char *keyspace;
	const char *class;			/* without its package; NULL: none */
	const char **option;		/* name, value, ... */
	uint32_t	noptions;
};

/* NULL: malformed, incomplete or out of memory. Its address is the caller's. */
extern ClusterNodeRow *cluster_system_local(CqlReader r, CqlArena *arena);
/* Rows of peers have no port and get this one. */
extern bool cluster_system_peers(CqlReader r, uint16_t port, CqlArena *arena, ClusterNodeRow **rows);
extern bool cluster_system_keyspaces(CqlReader r, CqlArena *arena, ClusterKeyspaceRow **rows);

/* Of system_schema.scylla_keyspaces: keyspaces whose tables have tablets. Those alone have a row here, without options. */
extern bool cluster_system_tablets(CqlReader r, CqlArena *arena, ClusterKeyspaceRow **rows);

/* The id of the one table or view. false: there is none. */
extern bool cluster_system_id(CqlReader r, CqlArena *arena, uint8_t *id);

/* A page of system.tablets, whose rows are in the order of their tokens. */
typedef struct ClusterTabletPage
{
	int64_t		above;			/* last token of the page before, INT64_MIN at first; then of this one */
	bool		has_base;		/* the table has the tablets of another one, */
	uint8_t		base[16];		/* which has this id */
	CqlBytes	paging_state;	/* borrowed; len -1: it is the last page */
} ClusterTabletPage;

/* take: each tablet. */
extern bool cluster_system_tablet_page(CqlReader r, CqlArena *arena, ClusterTabletPage *page,
									   void (*take) (void *owner, const CqlTablet *tablet), void *owner);

/* A replication option's value; NULL: none. */
extern const char *cluster_system_option(const ClusterKeyspaceRow *row, const char *name);

#endif							/* CLUSTER_SYSTEM_TABLES_H */
