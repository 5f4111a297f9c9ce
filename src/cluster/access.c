/*
 * cluster/access.c
 *	  Whether one more connection may be opened now.
 *
 * Submitter thread. Owns nothing.
 * Invariants: places leave one connection of max_connections to the control
 * connection, whether it has it or not; few connections of places are opened at a
 * time, so that a load on a hundred nodes neither floods them with handshakes nor
 * keeps the loop from answers.
 */
#include "cluster/access.h"

static NetSockets *
sockets(const ClusterAccess *a)
{
	return a->config->net.sockets;
}

/* Places have all that there may be. */
static bool
is_full(const ClusterAccess *a)
{
	uint32_t	max = a->config->max_connections;

	return max > 0 && a->open + (a->control > 0 ? 0 : 1) >= max;
}

bool
cluster_access_may(ClusterAccess *a, uint64_t now)
{
	if (a->opening >= CLUSTER_OPENING_MAX || cluster_credentials_paused(&a->credentials, now))
		return false;
	if (is_full(a))
	{
		a->crowded = true;
		return false;
	}
	return net_sockets_ask(sockets(a));
}

bool
cluster_access_take(ClusterAccess *a, uint64_t now)
{
	if (!cluster_access_may(a, now) || !cluster_credentials_try(&a->credentials, now) || !net_sockets_take(sockets(a)))
		return false;
	a->open++;
	a->opening++;
	return true;
}

bool
cluster_access_shut(const ClusterAccess *a, uint64_t now)
{
	return is_full(a) || cluster_credentials_paused(&a->credentials, now) || net_sockets_exhausted(sockets(a));
}

void
cluster_access_ready(ClusterAccess *a)
{
	CORE_ASSERT(a->opening > 0);
	a->opening--;
	cluster_credentials_accepted(&a->credentials);
}

void
cluster_access_closed(ClusterAccess *a, bool was_ready)
{
	CORE_ASSERT(a->open > 0 && (was_ready || a->opening > 0));
	a->open--;
	a->opening -= !was_ready;
}

bool
cluster_access_take_control(ClusterAccess *a, uint64_t now)
{
	if (a->control > 0 && is_full(a))
		return false;
	if (!net_sockets_ask(sockets(a)) || !cluster_credentials_try(&a->credentials, now) || !net_sockets_take(sockets(a)))
		return false;
	a->open++;
	a->control++;
	return true;
}

void
cluster_access_closed_control(ClusterAccess *a)
{
	CORE_ASSERT(a->open > 0 && a->control > 0);
	a->open--;
	a->control--;
}
