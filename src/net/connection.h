/*
 * net/connection.h
 *	  One CQL connection: connect, handshake, streams, one write per loop turn.
 *
 * Submitter thread only; nothing here blocks. The thread blocks or ignores SIGPIPE.
 *
 *	 open -> connecting -> options -> startup [-> auth] -> ready -> closing -> freed
 *
 * Handshake: OPTIONS at v4 (at v5 where that is configured, or v4 was refused),
 * then STARTUP at the version chosen (4 where any SCYLLA_* key or no
 * PROTOCOL_VERSIONS is seen, 5 where "5/v5" is listed), then READY, or
 * AUTHENTICATE and PLAIN. All on stream 0, which is not used again; an
 * ERROR on stream 0 afterwards ends the connection. connect_timeout covers
 * everything from net_connection_open to ready.
 */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/config.h"

/*
 * The caller has taken a socket of config->sockets for it, which the connection gives
 * back when it is freed, or when there is none: NULL only when out of memory.
 * source_port: of this end; 0: any. Where another socket has it, the connection fails with NET_FAIL_PORT.
 */
extern NetConnection *net_connection_open(const NetConfig *config, const NetAddress *address, uint16_t source_port,
										  NetOwner *owner);

/*
 * Append one frame to the output buffer: header, then head, then tail (both
 * copied). call->deadline and on_done are set by the caller. false: not ready,
 * no stream, over max_output, or out of memory - then nothing happened and on_done
 * is not called.
 */
extern bool net_connection_send(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail);

/* A call in flight: its answer is of no interest any more, and on_done will not be called. */
extern void net_connection_abandon(NetConnection *c, NetCall *call);
/* The calls in flight in the order of sending, linked by next; also those of the connection itself. NULL: none. */
extern NetCall *net_connection_oldest(const NetConnection *c);

/* Room to send: ready, a free stream, and less than NET_OUTPUT_LIMIT bytes waiting for the socket. */
extern bool net_connection_writable(const NetConnection *c);

/* Hand the output buffer to the socket: once per loop turn. A write still under way: after it. */
extern void net_connection_flush(NetConnection *c);

/* Deadlines, heartbeat; called by the owner's timer with uv_now, every 20 to 100 ms or when it is due. */
extern void net_connection_tick(NetConnection *c, uint64_t now);
/* Before, a tick does nothing, unless something is sent or comes meanwhile. UINT64_MAX: nor does it ever. */
extern uint64_t net_connection_due(const NetConnection *c);

static inline uint64_t
net_sooner(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

/*
 * Close: every call in flight gets NET_LOST or NET_UNSENT from the loop, then
 * on_closed. Idempotent.
 */
extern void net_connection_close(NetConnection *c);

extern bool net_connection_ready(const NetConnection *c);
extern uint32_t net_connection_in_flight(const NetConnection *c);
extern uint8_t net_connection_version(const NetConnection *c);	/* 3..5 once ready */
extern bool net_connection_has_metadata_id(const NetConnection *c); /* v5, or ScyllaDB's extension */
extern uint32_t net_connection_lwt_mask(const NetConnection *c);	/* as NetHandshake.lwt_mask */
extern const NetAddress *net_connection_address(const NetConnection *c);
extern const char *net_connection_name(const NetConnection *c); /* formatted address, lives with c */

extern const NetShard *net_connection_shard(const NetConnection *c);
/* Constants of OpenSSL; NULL: not encrypted, or not yet. */
extern void net_connection_tls(const NetConnection *c, const char **version, const char **cipher);

#endif							/* NET_CONNECTION_H */
