/*
 * net/handshake.h
 *	  From a fresh socket to READY: frames in, frames out, no socket.
 *
 * Submitter thread only. Everything happens on stream 0, one request at a time.
 *
 *	 net_handshake_begin -> OPTIONS at the oldest version that the node may take
 *	 SUPPORTED           -> STARTUP at the version chosen
 *	 READY               -> done
 *	 AUTHENTICATE        -> AUTH_RESPONSE (PLAIN, or nothing where a certificate tells);  AUTH_SUCCESS -> done
 *	 ERROR about the version -> again with the versions that are left, or failed
 *	 ERROR, or anything else where it does not belong -> failed
 *
 * Each connection finds its own version, as the nodes of a cluster may differ. A
 * node may take 4 only (ScyllaDB), or 5 only (Cassandra without
 * native_transport_allow_older_protocols), even for OPTIONS. Each refusal takes a
 * version away, so there are at most as many tries as versions.
 */
#ifndef NET_HANDSHAKE_H
#define NET_HANDSHAKE_H

#include "net/config.h"

typedef enum NetHandshakePhase
{
	NET_PHASE_OPTIONS, NET_PHASE_STARTUP, NET_PHASE_AUTH, NET_PHASE_DONE
} NetHandshakePhase;

/* Those a node may take, as far as is known. */
typedef struct NetVersions
{
	uint8_t		oldest;
	uint8_t		newest;			/* less than oldest: none */
} NetVersions;

typedef struct NetHandshake
{
	const NetConfig *config;
	NetHandshakePhase phase;	/* which answer is awaited */
	NetVersions versions;
	uint8_t		version;		/* of the frames it sends; final from STARTUP on */
	bool		lz4;			/* asked for in STARTUP */
	bool		segments;		/* v5, and READY or AUTHENTICATE came: both sides use segments from here */
	bool		has_metadata_id;
	bool		asked_certificate;	/* in TLS, the node has asked for the client's; set behind net_handshake_begin */
	bool		reports;		/* config->report is told; set behind net_handshake_begin */
	uint32_t	lwt_mask;		/* bits that PREPARED's bind metadata has of a conditional statement; 0: nothing tells */
	NetShard	shard;
} NetHandshake;

typedef enum NetHandshakeStep
{
	NET_HANDSHAKE_SEND,			/* one more frame was appended to out */
	NET_HANDSHAKE_READY,
	NET_HANDSHAKE_AGAIN,		/* a version was refused: begin anew with h->versions, on a new socket */
	NET_HANDSHAKE_FAILED		/* *why tells */
} NetHandshakeStep;

/* What to begin with: the version that is configured, or all. */
extern NetVersions net_handshake_versions(const NetConfig *config);
extern void net_handshake_begin(NetHandshake *h, const NetConfig *config, NetVersions versions, CqlBuffer *out);
extern NetHandshakeStep net_handshake_answer(NetHandshake *h, const CqlFrame *frame, CqlBuffer *out,
											 NetFailure *why);
/*
 * What answered OPTIONS by these bytes, if it is no node: "... speaks TLS". NULL:
 * it may be one, or there are too few bytes to tell.
 */
extern const char *net_handshake_stranger(const uint8_t *bytes, size_t n);
/* "OPTIONS", for the message of a timeout */
extern const char *net_handshake_awaiting(const NetHandshake *h);

#endif							/* NET_HANDSHAKE_H */
