/*
 * cluster/contacts.c
 *	  The contact points, while their names are looked up.
 *
 * Submitter thread only.
 * Owns: the look-ups under way.
 * Invariant: a contact point has one look-up at a time, and hears of its end unless
 * it was cancelled.
 */
#include "cluster/contacts.h"

#include "cluster/random.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct ClusterLookup
{
	ClusterContacts *contacts;
	const ClusterContact *contact;
	NetResolve *resolve;		/* NULL: done */
} ClusterLookup;

static void
report(const ClusterLookup *lookup, NetFailureKind kind, const char *reason)
{
	const ClusterContacts *contacts = lookup->contacts;
	char		name[300];
	NetFailure	why;

	net_failure_set(&why, kind, "%s", reason);
	snprintf(name, sizeof(name), "%s:%u", lookup->contact->host, lookup->contact->port);
	contacts->ops->on_failed(contacts->owner, name, &why);
}

static void
on_resolved(void *owner, int status, const NetAddress *address, int n)
{
	ClusterLookup *lookup = owner;
	const ClusterContacts *contacts = lookup->contacts;

	CORE_ASSERT(lookup->resolve);
	lookup->resolve = NULL;
	if (status != 0)
		report(lookup, NET_FAIL_CONNECT, gai_strerror(status));
	contacts->ops->on_resolved(contacts->owner, address, status == 0 ? n : 0);
}

bool
cluster_contacts_init(ClusterContacts *contacts, const ClusterConfig *config, const ClusterContactsOps *ops, void *owner)
{
	*contacts = (ClusterContacts) {.config = config, .ops = ops, .owner = owner};
	contacts->lookup = calloc((size_t) config->ncontacts + 1, sizeof(*contacts->lookup));
	return contacts->lookup != NULL;
}

void
cluster_contacts_free(ClusterContacts *contacts)
{
	free(contacts->lookup);
}

static void
shuffle(ClusterLookup *lookup, int n, uint64_t *random)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) cluster_random_below(random, (uint32_t) i + 1);
		ClusterLookup other = lookup[j];

		lookup[j] = lookup[i];
		lookup[i] = other;
	}
}

void
cluster_contacts_look_up(ClusterContacts *contacts, uint64_t *random)
{
	const ClusterConfig *config = contacts->config;

	CORE_ASSERT(!cluster_contacts_pending(contacts));
	for (int i = 0; i < config->ncontacts; i++)
		contacts->lookup[i] = (ClusterLookup) {.contacts = contacts, .contact = &config->contact[i]};
	if (random)
		shuffle(contacts->lookup, config->ncontacts, random);
	for (int i = 0; i < config->ncontacts; i++)
	{
		ClusterLookup *lookup = &contacts->lookup[i];

		lookup->resolve = net_resolve(config->net.loop, lookup->contact->host, lookup->contact->port,
									  on_resolved, lookup);
		if (!lookup->resolve)
			report(lookup, NET_FAIL_MEMORY, "out of memory");
	}
}

bool
cluster_contacts_pending(const ClusterContacts *contacts)
{
	for (int i = 0; i < contacts->config->ncontacts; i++)
	{
		if (contacts->lookup[i].resolve)
			return true;
	}
	return false;
}

void
cluster_contacts_time_out(ClusterContacts *contacts, const char *reason)
{
	for (int i = 0; i < contacts->config->ncontacts; i++)
	{
		if (contacts->lookup[i].resolve)
			report(&contacts->lookup[i], NET_FAIL_TIMEOUT, reason);
	}
}

void
cluster_contacts_cancel(ClusterContacts *contacts)
{
	for (int i = 0; i < contacts->config->ncontacts; i++)
	{
		if (contacts->lookup[i].resolve)
			net_resolve_cancel(contacts->lookup[i].resolve);
		contacts->lookup[i].resolve = NULL;
	}
}
