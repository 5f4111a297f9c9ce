/*
 * net/frames.h
 *	  What travels over a connection, and what a connection is made of. For
 *	  connection.c alone.
 *
 * Submitter thread only.
 */
#ifndef NET_FRAMES_H
#define NET_FRAMES_H

#include "cql/splitter.h"
#include "net/config.h"
#include "net/handshake.h"
#include "net/output.h"
#include "net/socket.h"
#include "net/tls.h"

typedef enum NetConnectionState
{
	NET_STATE_CONNECTING, NET_STATE_TLS, NET_STATE_HANDSHAKE, NET_STATE_READY, NET_STATE_REOPENING, NET_STATE_CLOSING
} NetConnectionState;

struct NetConnection
{
	NetSocket	socket;			/* first */
	CoreThread	thread;			/* that opened it */
	const NetConfig *config;
	NetOwner   *owner;
	NetAddress	address;
	uint16_t	source_port;	/* of this end; 0: any */
	char		name[64];
	NetConnectionState state;
	NetFailure	failure;		/* set on the way to NET_STATE_CLOSING */

	uint64_t	connect_deadline;
	NetHandshake handshake;
	NetTls	   *tls;			/* NULL: plain, or not connected */

	/* in */
	CqlSplitter splitter;
	uint64_t	last_read;		/* uv_now */

	/* out */
	NetOutput	output;
	bool		full;			/* on_writable is due once there is room */

	NetStreams	streams;

	NetCall		heartbeat;
	uint64_t	heartbeat_sent; /* uv_now */
	bool		heartbeat_pending;
};

/* Ends the connection, from the loop. The first reason wins. */
extern void net_frames_fail(NetConnection *c, NetFailureKind kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));
extern void net_frames_fail_uv(NetConnection *c, NetFailureKind kind, int error);

/* These are what net_connection_send, _writable and _flush do. */
extern bool net_frames_send(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail);
extern bool net_frames_room(const NetConnection *c);
extern void net_frames_flush(NetConnection *c);

/* As net_frames_send, whether there is room or not. */
extern bool net_frames_begin_call(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail);
/* All whole frames that the splitter has. */
extern void net_frames_take(NetConnection *c);
/* Whoever found the connection full is told once there is room. */
extern void net_frames_announce_room(NetConnection *c);

#endif							/* NET_FRAMES_H */
