/*
 * cluster/tablet_query.h
 *	  Reads all tablets of a table from the nodes' own table of them, before answers tell
 *	  of them one by one.
 *
 * Submitter thread only; nothing here blocks. Sources: scylladb docs/dev/system_keyspace.md,
 * replica/tablets.cc (make_tablets_schema), service/client_state.cc.
 *
 *	 idle --cluster_tablet_query_want--> the table's id, or that of a view --> its tablets, page by page
 *	   [--> those of its base table, whose tablets it has] --> the next table, or idle
 *
 * It goes on beside the requests, over the connection that the topology is read by. A table is
 * asked about once. system.tablets may be read only by who was granted that: who is refused says
 * nothing, and is not asked again. What moves later is told by answers.
 */
#ifndef CLUSTER_TABLET_QUERY_H
#define CLUSTER_TABLET_QUERY_H

#include "cluster/topology.h"
#include "net/connection.h"

typedef enum ClusterTabletStep
{
	CLUSTER_TABLETS_IDLE, CLUSTER_TABLETS_ID, CLUSTER_TABLETS_VIEW_ID, CLUSTER_TABLETS_MAP
} ClusterTabletStep;

/* Its owner embeds it, and it lives until no connection is left. Zero-initialise; set topology and config. */
typedef struct ClusterTabletQuery
{
	NetCall		call;			/* first; the question in flight, unless idle */
	ClusterTopology *topology;
	const NetConfig *config;
	ClusterTabletStep step;
	bool		refused;		/* not to be asked again */
	bool		alone;			/* the nodes know of no base tables */
	bool		base;			/* the tablets under way are those of the base table */
	char		keyspace[256];	/* of the table under way */
	char		table[256];
	uint8_t		id[16];			/* of what is read */
	int64_t		above;			/* up to here its tablets are known */
} ClusterTabletQuery;

/* c: ready, or NULL: there is none, and nothing happens. So it is with tables without tablets. */
extern void cluster_tablet_query_want(ClusterTabletQuery *q, NetConnection *c, const char *keyspace, const char *table);

/* Its tablets are being read, or will be. */
extern bool cluster_tablet_query_awaits(const ClusterTabletQuery *q, const char *keyspace, const char *table);

#endif							/* CLUSTER_TABLET_QUERY_H */
