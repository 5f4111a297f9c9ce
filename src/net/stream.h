/*
 * net/stream.h
 *	  The calls in flight of one connection: their stream ids, their order, their
 *	  deadlines.
 *
 * Submitter thread only; no socket, no clock. A stream id is free, held by a call,
 * or orphaned: its call gave up, the answer is still due, and the id must not be
 * used again before that (native_protocol_v4.spec section 2.3). Ids 1..limit; 0
 * belongs to the handshake, negative ids to events.
 *
 *	 net_streams_begin -> in flight --net_streams_reply--> the caller's again
 *						  in flight --net_streams_expire, net_streams_abandon--> the caller's, its id an orphan
 *						  in flight --net_streams_end--> the caller's, as the connection is lost
 *	 orphan --net_streams_reply--> free
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "cql/frame.h"

typedef struct NetConnection NetConnection;
typedef struct NetCall NetCall;

typedef enum NetLoss
{
	NET_ANSWERED,				/* frame != NULL */
	NET_UNSENT,					/* no byte of it can have reached the node: any retry is safe */
	NET_LOST,					/* connection lost, outcome unknown */
	NET_TIMED_OUT				/* its deadline passed; the stream is an orphan */
} NetLoss;

/*
 * A request in flight: embedded at the head of the caller's request. From
 * net_connection_send until on_done it belongs to the connection. on_done is
 * called exactly once, from the loop (never from inside net_connection_send):
 * with a frame (borrowed), or with NULL and the reason.
 */
struct NetCall
{
	NetCall    *prev;			/* the connection's list of calls in flight */
	NetCall    *next;
	void		(*on_done) (NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame);
	uint64_t	deadline;		/* uv_now of the loop, ms; 0 = none */
	uint32_t	sent;			/* the caller's: uv_now when it was sent, cut to 32 bits */
	int16_t		stream;
};

typedef struct NetStreams
{
	/* ids */
	NetCall   **call;			/* by id; NULL free, NET_ORPHAN orphaned */
	uint16_t   *free;			/* stack of free ids of 1..size */
	uint32_t	nfree;
	uint32_t	size;			/* the tables have room for ids 1..size, and grow up to limit */
	uint32_t	limit;
	uint32_t	orphans;

	/* calls, in the order of sending */
	NetCall    *head;
	NetCall    *tail;
	NetCall    *unsent;			/* the first of which nothing was handed to the socket */
	uint64_t	next_deadline;	/* no call is due before */
} NetStreams;

extern bool net_streams_init(NetStreams *s, uint32_t limit);	/* 1..32767; false: out of memory */
extern void net_streams_free(NetStreams *s);

/* Gives the call a stream and appends it. false: all are used, or out of memory. */
extern bool net_streams_begin(NetStreams *s, NetCall *call);

typedef enum NetStreamReply
{
	NET_STREAM_CALL,			/* *call held it, and is taken off the list; the id is free again */
	NET_STREAM_ORPHAN,			/* late reply: drop it; the id is free again */
	NET_STREAM_UNKNOWN			/* never issued: the connection is broken */
} NetStreamReply;
extern NetStreamReply net_streams_reply(NetStreams *s, int id, NetCall **call);

/* All calls so far are with the socket. */
static inline void
net_streams_sent(NetStreams *s)
{
	s->unsent = NULL;
}

/* Takes all that are due off the list, oldest first, linked by next. NULL: none is. */
extern NetCall *net_streams_expire(NetStreams *s, uint64_t now);

/* The call, which is in flight, is its owner's again, and its id an orphan. */
extern void net_streams_abandon(NetStreams *s, NetCall *call);

/* Takes the oldest call off, as nothing will be answered any more; *loss tells what is known of it. NULL: none is left. */
extern NetCall *net_streams_end(NetStreams *s, NetLoss *loss);

/* An id is left for another call. */
static inline bool
net_streams_room(const NetStreams *s)
{
	return s->nfree > 0 || s->size < s->limit;
}

/* Calls on the list. */
static inline uint32_t
net_streams_in_flight(const NetStreams *s)
{
	return s->size - s->nfree - s->orphans;
}

#endif							/* NET_STREAM_H */
