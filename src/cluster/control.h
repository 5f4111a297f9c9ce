/*
 * cluster/control.h
 *	  The control connection: finds a node to talk to, reads the topology from
 *	  it, hears of changes.
 *
 * Submitter thread only; nothing here blocks.
 *
 *	 idle --cluster_control_discover--> discovering: contact points are resolved
 *	   and tried, each address shortly after the one before it; where one is ready and
 *	   does not answer, others are asked beside it, and the first answer counts
 *	 discovering --topology read--> settled
 *	 discovering --nothing left to try, or a refused password, or connect_timeout--> idle (on_failed)
 *	 settled --connection lost--> replacing: the known nodes in turn, with backoff
 *	 replacing --topology read--> settled
 *	 any --cluster_control_stop--> idle
 *
 * A connection that gets ready registers for events first and reads then, so no
 * change is missed in between.
 */
#ifndef CLUSTER_CONTROL_H
#define CLUSTER_CONTROL_H

#include "cluster/changes.h"
#include "cluster/access.h"
#include "cluster/request.h"
#include "cluster/topology.h"

typedef struct ClusterControl ClusterControl;

/* Called from the loop. */
typedef struct ClusterControlOps
{
	/* the topology was read and committed; nodes_up: some node was said to be up again */
	void		(*on_topology) (void *owner, bool nodes_up);
	/* discovering only: no node could be reached */
	void		(*on_failed) (void *owner, const ClusterReport *report);
} ClusterControlOps;

/* NULL: out of memory. access: the owner's, which its pools use, too. random: the owner's generator. */
extern ClusterControl *cluster_control_new(const ClusterConfig *config, ClusterTopology *topology,
										   const ClusterControlOps *ops, void *owner,
										   ClusterAccess *access, uint64_t *random);
extern void cluster_control_free(ClusterControl *control);	/* only while cluster_control_closed */

extern void cluster_control_discover(ClusterControl *control);
extern void cluster_control_stop(ClusterControl *control);
extern void cluster_control_tick(ClusterControl *control, uint64_t now);
/* Before, a tick does nothing, unless something happens meanwhile. */
extern uint64_t cluster_control_due(const ClusterControl *control, uint64_t now);
extern void cluster_control_use(ClusterControl *control);	/* somebody needs the topology to be true */
extern bool cluster_control_closed(const ClusterControl *control);
extern const ClusterChanges *cluster_control_changes(const ClusterControl *control);	/* of the schema */
extern NetConnection *cluster_control_connection(const ClusterControl *control);	/* to a node that tells of changes,
																					 * or will; NULL: none */
/* What was read last is not how things are. */
extern void cluster_control_reread(ClusterControl *control);

#endif							/* CLUSTER_CONTROL_H */
