/*
 * cluster/credentials.c
 *	  Whether the password may be shown to a node.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariants: one refusal holds back all connections of the cluster, whichever node
 * they would go to; behind it tries are apart, so one of them at most is refused
 * before the next pause; a node that lets us in ends all of that.
 *
 * A wrong password does not get right by itself. Each try costs a node the work of a
 * hash, and many of them may lock the role. A hundred nodes with a pause each are a
 * hundred tries, so the pause is one of all. Connections that are open go on.
 *
 * Whoever changes the password in the user mapping gets a new client, which knows of
 * no refusal.
 */
#include "cluster/credentials.h"

#include "cql/invariant.h"

#include <stdio.h>

bool
cluster_credentials_paused(const ClusterCredentials *c, uint64_t now)
{
	return c->backoff.failures > 0 && now < c->backoff.due;
}

bool
cluster_credentials_try(ClusterCredentials *c, uint64_t now)
{
	if (c->backoff.failures == 0)
		return true;
	if (now < c->backoff.due)
		return false;
	c->backoff.due = now + CLUSTER_CREDENTIALS_APART;
	return true;
}

bool
cluster_credentials_doubted(const ClusterCredentials *c, const NetAddress *node)
{
	return c->backoff.failures > 0 && net_address_equal(&c->node, node);
}

void
cluster_credentials_accepted(ClusterCredentials *c)
{
	cluster_backoff_reset(&c->backoff);
}

void
cluster_credentials_failed(ClusterCredentials *c, const NetAddress *node, const NetFailure *why,
						   uint64_t now, uint64_t *random)
{
	if (why->kind != NET_FAIL_CREDENTIALS)
		return;
	c->node = *node;
	c->why = *why;
	/* one that was under way when another one was refused is no reason for a longer pause */
	if (now >= c->backoff.due || c->backoff.due <= now + CLUSTER_CREDENTIALS_APART)
		cluster_backoff_refused(&c->backoff, now, random);
}

void
cluster_credentials_report(const ClusterCredentials *c, uint64_t now, ClusterReport *report)
{
	char		node[64];
	NetFailure	why = c->why;
	char		more[64];

	CORE_ASSERT(cluster_credentials_paused(c, now));
	net_address_format(&c->node, node, sizeof(node));
	snprintf(more, sizeof(more), " (the next try may be in %u s)", (unsigned int) ((c->backoff.due - now + 999) / 1000));
	net_failure_set(&why, why.kind, "%.*s%s", (int) (sizeof(why.message) - sizeof(more)), c->why.message, more);
	cluster_report_add(report, node, &why);
}
