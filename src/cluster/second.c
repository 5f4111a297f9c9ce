/*
 * cluster/second.c
 *	  The second attempt of a request.
 *
 * Submitter thread only.
 * Owns: each ClusterSecond, from when it is sent until it is answered, dropped or
 * promoted.
 * Invariants: a request has one second attempt at most, and it is at another node
 * than the first; both count as in flight at their places; whichever is not needed any
 * more becomes an orphan of its connection.
 *
 * A write that is sent twice has one timestamp, so whichever comes last changes
 * nothing. The one that was not waited for may reach its node later, as after any
 * timeout: a row deleted with a newer timestamp meanwhile stays deleted.
 */
#include "cluster/second.h"


#include <stdlib.h>

void
cluster_second_begin(ClusterSecond *s)
{
	ClusterDispatch *d = s->request->dispatch;

	CORE_ASSERT(!s->request->second && s->request->place != s->place);
	s->request->second = s;
	s->place->in_flight++;
	d->in_flight++;
	cluster_place_activate(s->place, &d->active);
}

static void
leave(ClusterSecond *s)
{
	CORE_ASSERT(s->place->in_flight > 0 && s->request->dispatch->in_flight > 0);
	s->place->in_flight--;
	s->request->dispatch->in_flight--;
	s->request->second = NULL;
}

void
cluster_second_drop(ClusterRequest *r)
{
	ClusterSecond *s = r->second;

	leave(s);
	net_connection_abandon(s->place->net, &s->call);
	free(s);
}

void
cluster_second_end(ClusterRequest *r)
{
	ClusterSecond *s = r->second;

	leave(s);
	free(s);
}

void
cluster_second_promote(ClusterRequest *r)
{
	ClusterSecond *s = r->second;

	leave(s);
	if (r->there)
	{
		net_connection_abandon(r->place->net, &r->call);
		cluster_leave_place(r);
	}
	cluster_set_place(r, s->place);
	r->generation = s->generation;
	r->call.sent = s->call.sent;
	free(s);
}
