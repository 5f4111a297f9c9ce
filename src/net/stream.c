/*
 * net/stream.c
 *	  Stream ids as a stack of free ones and a table of holders.
 *
 * Thread: submitter only.
 * Owns: the table and the stack; borrows the calls.
 * Invariants: each id of 1..limit is either on the stack (its entry NULL), held
 * by a call, or an orphan; so nfree + orphans + calls = limit.
 */
#include "net/stream.h"

#include <stdlib.h>
#include <string.h>

/* An address that no call can have. */
#define NET_ORPHAN ((NetCall *) (uintptr_t) 1)
#define STREAM_MAX 32767

bool
net_streams_init(NetStreams *s, uint32_t limit)
{
	memset(s, 0, sizeof(*s));
	if (limit < 1 || limit > STREAM_MAX)
		return false;
	s->call = calloc((size_t) limit + 1, sizeof(*s->call));
	s->free = malloc(limit * sizeof(*s->free));
	if (!s->call || !s->free)
	{
		net_streams_free(s);
		return false;
	}
	s->limit = limit;
	s->nfree = limit;
	/* Low ids on top: a small window touches little of the table. */
	for (uint32_t i = 0; i < limit; i++)
		s->free[i] = (uint16_t) (limit - i);
	return true;
}

void
net_streams_free(NetStreams *s)
{
	free(s->call);
	free(s->free);
	memset(s, 0, sizeof(*s));
}

int
net_streams_take(NetStreams *s, NetCall *call)
{
	uint16_t	id;

	if (s->nfree == 0)
		return -1;
	id = s->free[--s->nfree];
	s->call[id] = call;
	return id;
}

void
net_streams_orphan(NetStreams *s, uint16_t id)
{
	s->call[id] = NET_ORPHAN;
	s->orphans++;
}

NetStreamReply
net_streams_reply(NetStreams *s, int id, NetCall **call)
{
	NetCall    *holder = id >= 1 && (uint32_t) id <= s->limit ? s->call[id] : NULL;

	if (!holder)
		return NET_STREAM_UNKNOWN;
	s->call[id] = NULL;
	s->free[s->nfree++] = (uint16_t) id;
	if (holder == NET_ORPHAN)
	{
		s->orphans--;
		return NET_STREAM_ORPHAN;
	}
	*call = holder;
	return NET_STREAM_CALL;
}
