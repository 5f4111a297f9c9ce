/*
 * cql/tablet.h
 *	  The custom payload by which ScyllaDB tells where the tablet of a row is.
 *
 * Pure; any thread. Sources: scylladb docs/dev/protocol-extensions.md,
 * transport/messages/result_message.cc.
 *
 * "tablets-routing-v1": tuple<bigint first, bigint last, list<tuple<uuid, int>>>. The
 * tablet has the tokens of (first, last]; that of the first tablet is INT64_MIN, which
 * is no token. A node that is asked for a row of another node, or through a connection
 * of another shard, sends it with its answer.
 */
#ifndef CQL_TABLET_H
#define CQL_TABLET_H

#include "cql/response.h"

#define CQL_TABLET_REPLICAS 64	/* more than any replication factor; bounds what a broken payload costs */

typedef struct CqlTabletReplica
{
	uint8_t		host_id[16];
	uint32_t	shard;
} CqlTabletReplica;

typedef struct CqlTablet
{
	int64_t		first;			/* not of it */
	int64_t		last;			/* more than first */
	uint32_t	nreplicas;		/* 1 and more */
	CqlTabletReplica replica[CQL_TABLET_REPLICAS];
} CqlTablet;

typedef enum CqlTabletFound
{
	CQL_TABLET_NONE,			/* the answer tells of none */
	CQL_TABLET_FOUND,
	CQL_TABLET_BROKEN			/* it tells of one, in a way that makes no sense */
} CqlTabletFound;

/* A list of replicas alone, as system.tablets has it. false: it makes no sense. */
extern bool cql_tablet_replicas(CqlReader list, CqlTablet *tablet);

extern CqlTabletFound cql_tablet_of(const CqlPrefix *prefix, CqlTablet *tablet);

#endif							/* CQL_TABLET_H */
