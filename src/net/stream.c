/*
 * net/stream.c
 *	  Stream ids as a stack of free ones and a table of holders; their calls as a
 *	  list.
 *
 * Thread: submitter only.
 * Owns: the table and the stack; borrows the calls.
 * Invariants:
 * - each id of 1..size is either on the stack (its entry NULL), held by a call, or
 *	 an orphan; so nfree + orphans + calls = size;
 * - a call is on the list exactly while the table holds it; the list is in the
 *	 order of sending, and from `unsent` on no byte was handed to the socket;
 * - no call has a deadline before next_deadline.
 */
#include "net/stream.h"

#include <stdlib.h>
#include <string.h>

/* An address that no call can have. */
#define NET_ORPHAN ((NetCall *) (uintptr_t) 1)
#define STREAM_MAX 32767
#define FIRST_SIZE 256
#define NO_DEADLINE UINT64_MAX

/* ---- invariants ---- */

static bool
is_listed(const NetStreams *s, const NetCall *call)
{
	return (call->prev ? call->prev->next : s->head) == call && (call->next ? call->next->prev : s->tail) == call;
}

static bool
adds_up(const NetStreams *s)
{
	return s->nfree + s->orphans <= s->size && s->size <= s->limit
		&& (net_streams_in_flight(s) > 0) == (s->head != NULL);
}

/* ---- ids ---- */

/* The table has a place for 0, too, which is no id. false: out of memory, and nothing has changed. */
static bool
grow(NetStreams *s, uint32_t size)
{
	uint32_t	known = s->size > 0 ? s->size + 1 : 0;
	NetCall   **call = realloc(s->call, ((size_t) size + 1) * sizeof(*call));
	uint16_t   *stack;

	if (!call)
		return false;
	s->call = call;
	stack = realloc(s->free, size * sizeof(*stack));
	if (!stack)
		return false;
	s->free = stack;
	memset(call + known, 0, (size + 1 - known) * sizeof(*call));
	/* low ids on top: a small window touches little of the table */
	for (uint32_t id = size; id > s->size; id--)
		s->free[s->nfree++] = (uint16_t) id;
	s->size = size;
	return true;
}

bool
net_streams_init(NetStreams *s, uint32_t limit)
{
	memset(s, 0, sizeof(*s));
	if (limit < 1 || limit > STREAM_MAX)
		return false;
	s->limit = limit;
	s->next_deadline = NO_DEADLINE;
	if (grow(s, limit < FIRST_SIZE ? limit : FIRST_SIZE))
		return true;
	net_streams_free(s);
	return false;
}

void
net_streams_free(NetStreams *s)
{
	free(s->call);
	free(s->free);
	memset(s, 0, sizeof(*s));
}

static bool
reserve_id(NetStreams *s)
{
	if (s->nfree > 0)
		return true;
	return s->size < s->limit && grow(s, s->size < s->limit / 2 ? s->size * 2 : s->limit);
}

static void
release_id(NetStreams *s, int id)
{
	CORE_ASSERT(s->call[id] && s->nfree < s->size);
	s->call[id] = NULL;
	s->free[s->nfree++] = (uint16_t) id;
}

/* ---- the list ---- */

static void
append(NetStreams *s, NetCall *call)
{
	call->prev = s->tail;
	call->next = NULL;
	if (s->tail)
		s->tail->next = call;
	else
		s->head = call;
	s->tail = call;
	if (!s->unsent)
		s->unsent = call;
	if (call->deadline != 0 && call->deadline < s->next_deadline)
		s->next_deadline = call->deadline;
}

static void
take_off(NetStreams *s, NetCall *call)
{
	CORE_ASSERT(is_listed(s, call));
	if (s->unsent == call)
		s->unsent = call->next;
	if (call->prev)
		call->prev->next = call->next;
	else
		s->head = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		s->tail = call->prev;
}

/* ---- calls ---- */

bool
net_streams_begin(NetStreams *s, NetCall *call)
{
	if (!reserve_id(s))
		return false;
	call->stream = (int16_t) s->free[--s->nfree];
	CORE_ASSERT(!s->call[call->stream]);
	s->call[call->stream] = call;
	append(s, call);
	CORE_ASSERT(adds_up(s));
	return true;
}

NetStreamReply
net_streams_reply(NetStreams *s, int id, NetCall **call)
{
	NetCall    *holder = id >= 1 && (uint32_t) id <= s->size ? s->call[id] : NULL;

	if (!holder)
		return NET_STREAM_UNKNOWN;
	release_id(s, id);
	if (holder == NET_ORPHAN)
	{
		CORE_ASSERT(s->orphans > 0);
		s->orphans--;
		return NET_STREAM_ORPHAN;
	}
	CORE_ASSERT(holder->stream == id);
	CORE_ASSERT(holder->deadline == 0 || holder->deadline >= s->next_deadline);
	take_off(s, holder);
	CORE_ASSERT(adds_up(s));
	*call = holder;
	return NET_STREAM_CALL;
}

static void
make_orphan(NetStreams *s, NetCall *call)
{
	take_off(s, call);
	s->call[call->stream] = NET_ORPHAN;
	s->orphans++;
}

void
net_streams_abandon(NetStreams *s, NetCall *call)
{
	CORE_ASSERT(s->call[call->stream] == call);
	make_orphan(s, call);
	CORE_ASSERT(adds_up(s));
}

/* A deadline that has passed may be of a call that is gone. */
NetCall *
net_streams_expire(NetStreams *s, uint64_t now)
{
	NetCall    *due = NULL;
	NetCall   **end = &due;
	NetCall    *next;

	if (now < s->next_deadline)
		return NULL;
	s->next_deadline = NO_DEADLINE;
	for (NetCall *call = s->head; call; call = next)
	{
		next = call->next;
		if (call->deadline == 0)
			continue;
		if (call->deadline > now)
		{
			if (call->deadline < s->next_deadline)
				s->next_deadline = call->deadline;
			continue;
		}
		make_orphan(s, call);
		call->next = NULL;
		*end = call;
		end = &call->next;
	}
	return due;
}

NetCall *
net_streams_end(NetStreams *s, NetLoss *loss)
{
	NetCall    *call = s->head;

	if (!call)
		return NULL;
	*loss = call == s->unsent ? NET_UNSENT : NET_LOST;
	take_off(s, call);			/* the next one is unsent, too */
	release_id(s, call->stream);
	return call;
}
