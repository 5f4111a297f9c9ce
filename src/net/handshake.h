/*
 * net/handshake.h
 *	  From a fresh socket to READY: frames in, frames out, no socket.
 *
 * Submitter thread only. Everything happens on stream 0, one request at a time.
 *
 *	 net_handshake_begin -> OPTIONS (always at v4)
 *	 SUPPORTED           -> STARTUP at the version chosen
 *	 READY               -> done
 *	 AUTHENTICATE        -> AUTH_RESPONSE (PLAIN);  AUTH_SUCCESS -> done
 *	 ERROR, or anything else where it does not belong -> failed, or again at v4
 */
#ifndef NET_HANDSHAKE_H
#define NET_HANDSHAKE_H

#include "net/connection.h"

typedef enum NetHandshakePhase
{
	NET_PHASE_OPTIONS, NET_PHASE_STARTUP, NET_PHASE_AUTH, NET_PHASE_DONE
} NetHandshakePhase;

typedef struct NetHandshake
{
	const NetConfig *config;
	NetHandshakePhase phase;	/* which answer is awaited */
	uint8_t		max_version;	/* 5; 4 once a node refused 5 */
	uint8_t		version;		/* of the frames it sends; final from STARTUP on */
	bool		lz4;			/* asked for in STARTUP */
	bool		segments;		/* v5, and READY or AUTHENTICATE came: both sides use segments from here */
	bool		has_metadata_id;
	uint32_t	lwt_mask;		/* bits that PREPARED's bind metadata has of a conditional statement; 0: nothing tells */
	NetShard	shard;
} NetHandshake;

typedef enum NetHandshakeStep
{
	NET_HANDSHAKE_SEND,			/* one more frame was appended to out */
	NET_HANDSHAKE_READY,
	NET_HANDSHAKE_AGAIN,		/* v5 was refused: begin anew with max_version 4, on a new socket */
	NET_HANDSHAKE_FAILED		/* *why tells */
} NetHandshakeStep;

extern void net_handshake_begin(NetHandshake *h, const NetConfig *config, uint8_t max_version, CqlBuffer *out);
extern NetHandshakeStep net_handshake_answer(NetHandshake *h, const CqlFrame *frame, CqlBuffer *out,
											 NetFailure *why);
/* "OPTIONS", for the message of a timeout */
extern const char *net_handshake_awaiting(const NetHandshake *h);

#endif							/* NET_HANDSHAKE_H */
