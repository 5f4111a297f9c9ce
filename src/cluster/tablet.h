/*
 * cluster/tablet.h
 *	  Tablets of ScyllaDB's tables, as far as nodes have told of them.
 *
 * Submitter thread; no I/O. What is known of a table may have gaps: its tablets are
 * learned from answers. A tablet that is told replaces all that it overlaps, as
 * tablets are split, merged and moved. It may be out of date and a replica still: then
 * nobody says so (scylladb/scylladb#21664), and requests go to a node that passes them on.
 */
#ifndef CLUSTER_TABLET_H
#define CLUSTER_TABLET_H

#include "cql/tablet.h"

#define CLUSTER_TABLET_LIMIT 131072 /* of a table: more can only be a mistake, and they begin anew */

typedef struct ClusterTabletReplica
{
	uint8_t		host_id[16];
	uint16_t	node;			/* its number; CLUSTER_RING_NONE: no such node is known, or it is of another data
								 * center */
	uint16_t	shard;
} ClusterTabletReplica;

typedef struct ClusterTablet
{
	int64_t		first;			/* not of it */
	uint32_t	nreplicas;
	uint32_t	nlocal;			/* of these, the first ones: those that have a number */
	ClusterTabletReplica replica[];
} ClusterTablet;

/* Of one table. */
typedef struct ClusterTablets
{
	struct ClusterTablets *next;
	char	   *keyspace;
	char	   *table;
	int64_t    *last;			/* of each, rising: what a look-up goes through */
	ClusterTablet **tablet;
	uint32_t	n;
	uint32_t	size;
	bool		asked;			/* whoever knows all of them was asked, or will be: once */
	bool		awaited;		/* and has not answered yet */
} ClusterTablets;

/* Of all tables. Zero-initialise. */
typedef struct ClusterTabletMap
{
	ClusterTablets *tables;
	uint32_t	generation;		/* one more whenever a table comes or goes: what was found before is void */
} ClusterTabletMap;

/* The number of the local node with this id; CLUSTER_RING_NONE: there is none. */
typedef uint16_t (*ClusterNumberOf) (const void *context, const uint8_t *host_id);

extern void cluster_tablets_free(ClusterTabletMap *map);

/* NULL: nothing is known. */
extern ClusterTablets *cluster_tablets_of(const ClusterTabletMap *map, const char *keyspace, const char *table);
/* NULL: the tablet of the token is not known. */
extern const ClusterTablet *cluster_tablet_find(const ClusterTablets *tablets, int64_t token);

/* Found or made, with none known. NULL: out of memory. */
extern ClusterTablets *cluster_tablets_make(ClusterTabletMap *map, const char *keyspace, const char *table);

/* One that was told of. false: out of memory; what overlaps it may be forgotten. */
extern bool cluster_tablets_learn(ClusterTabletMap *map, const char *keyspace, const char *table, const CqlTablet *told,
								  ClusterNumberOf number_of, const void *context);

/* A table was dropped or made anew; table NULL: all of the keyspace, whose replication may have changed. */
extern void cluster_tablets_forget(ClusterTabletMap *map, const char *keyspace, const char *table);
/* Nodes have come or gone: the numbers of replicas anew. A tablet with a node that is known no more is forgotten. */
extern void cluster_tablets_renumber(ClusterTabletMap *map, ClusterNumberOf number_of, const void *context,
									 bool (*is_known) (const void *context, const uint8_t *host_id));

#endif							/* CLUSTER_TABLET_H */
