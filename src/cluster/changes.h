/*
 * cluster/changes.h
 *	  Which parts of the schema have changed, as nodes tell by their events.
 *
 * Submitter thread only; no I/O, and nothing is allocated but for an answer.
 */
#ifndef CLUSTER_CHANGES_H
#define CLUSTER_CHANGES_H

#include "cluster/request.h"
#include "cql/response.h"

#define CLUSTER_CHANGES_KEPT 64
#define CLUSTER_CHANGE_NAME 256 /* of a keyspace or table, its end included: longer than any has */

/* Zero-initialise. */
typedef struct ClusterChanges
{
	uint32_t	version;		/* one more with each change */
	uint32_t	lost;			/* of changes up to this one, some are not in the list */
	uint32_t	n;
	struct
	{
		uint32_t	version;
		char		keyspace[CLUSTER_CHANGE_NAME];
		char		table[CLUSTER_CHANGE_NAME]; /* "": all of the keyspace */
	}			list[CLUSTER_CHANGES_KEPT];
} ClusterChanges;

extern void cluster_changes_add(ClusterChanges *c, const CqlEvent *event);
/* Nobody listened for a while. */
extern void cluster_changes_add_unknown(ClusterChanges *c);

/* Fill in the fate of a CLUSTER_CHANGES. */
extern void cluster_changes_answer(const ClusterChanges *c, ClusterRequest *request);

#endif							/* CLUSTER_CHANGES_H */
