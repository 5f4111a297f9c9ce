/*
 * net/stream.h
 *	  The stream table of one connection: ids, the calls that hold them, orphans.
 *
 * Submitter thread only. An id is free, held by a call, or orphaned: its call
 * gave up, the reply is still due, and the id must not be used again before that
 * (native_protocol_v4.spec section 2.3). Ids 1..limit; 0 belongs to the
 * handshake, negative ids to events.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NetCall NetCall;

typedef struct NetStreams
{
	NetCall   **call;			/* by id; NULL free, NET_ORPHAN orphaned */
	uint16_t   *free;			/* stack of free ids */
	uint32_t	nfree;
	uint32_t	limit;			/* ids 1..limit */
	uint32_t	orphans;
} NetStreams;

extern bool net_streams_init(NetStreams *s, uint32_t limit);	/* 1..32767; false: no memory */
extern void net_streams_free(NetStreams *s);
extern int	net_streams_take(NetStreams *s, NetCall *call);	/* id, or -1 when all are used */
extern void net_streams_orphan(NetStreams *s, uint16_t id);

typedef enum NetStreamReply
{
	NET_STREAM_CALL,			/* *call is its owner; the id is free again */
	NET_STREAM_ORPHAN,			/* late reply: drop it; the id is free again */
	NET_STREAM_UNKNOWN			/* never issued: the connection is broken */
} NetStreamReply;
extern NetStreamReply net_streams_reply(NetStreams *s, int id, NetCall **call);

#endif							/* NET_STREAM_H */
