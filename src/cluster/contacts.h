/*
 * cluster/contacts.h
 *	  The contact points that the user gave, while their names are looked up.
 *
 * Submitter thread only; nothing here blocks.
 */
#ifndef CLUSTER_CONTACTS_H
#define CLUSTER_CONTACTS_H

#include "cluster/request.h"

/* Called from the loop; on_failed also from inside cluster_contacts_look_up and _time_out. */
typedef struct ClusterContactsOps
{
	/* a name was looked up: n addresses, each with the name as its host; none if it failed */
	void		(*on_resolved) (void *owner, const NetAddress *address, int n);
	/* contact is "name:port" */
	void		(*on_failed) (void *owner, const char *contact, const NetFailure *why);
} ClusterContactsOps;

typedef struct ClusterContacts
{
	const ClusterConfig *config;
	const ClusterContactsOps *ops;
	void	   *owner;
	struct ClusterLookup *lookup;	/* one for each contact point */
} ClusterContacts;

/* false: out of memory. */
extern bool cluster_contacts_init(ClusterContacts *contacts, const ClusterConfig *config,
								  const ClusterContactsOps *ops, void *owner);
extern void cluster_contacts_free(ClusterContacts *contacts);	/* none is pending */

/* In any order by the caller's generator; NULL: in the order that they were given in. */
extern void cluster_contacts_look_up(ClusterContacts *contacts, uint64_t *random);
extern bool cluster_contacts_pending(const ClusterContacts *contacts);
/* Tell of those still pending that they took too long; they stay pending. */
extern void cluster_contacts_time_out(ClusterContacts *contacts, const char *reason);
extern void cluster_contacts_cancel(ClusterContacts *contacts);

#endif							/* CLUSTER_CONTACTS_H */
