/*
 * net/tls.h
 *	  TLS of one connection: bytes in, bytes out, no socket.
 *
 * Submitter thread only.
 *
 *	 net_tls_open -> SHAKING, with the first bytes in wire
 *	 SHAKING -> net_tls_fed, net_tls_take: OPEN, and the node is who it should be
 *	 any -> FAILED: a reason, and an alert in wire
 *
 * What is to leave gathers in wire: the owner writes it to the socket, and empties it, after each call that may add to it
 * (open, take, seal, end). Bytes of the handshake, new keys and alerts are among them.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "cql/buffer.h"
#include "net/tls_context.h"

typedef enum NetTlsStep
{
	NET_TLS_BYTES,				/* so many are there */
	NET_TLS_MORE,				/* nothing, before more comes */
	NET_TLS_END,				/* the node has said that nothing will come any more */
	NET_TLS_FAILED				/* *why tells */
} NetTlsStep;

typedef struct NetTls
{
	NetTlsContext *context;
	SSL		   *ssl;
	NetAddress	address;
	bool		open;			/* the handshake is over: bytes may be sealed */
	bool		failed;
	bool		resumed;		/* once it is open */
	bool		asked;			/* the node has asked for the client's certificate */
	bool		asked_before;	/* when the session that is offered began */
	const char *version;		/* as these: constants */
	const char *cipher;
	CqlBuffer	wire;
	const uint8_t *fed;			/* and not yet taken by OpenSSL */
	size_t		nfed;
	NetFailure	refusal;		/* why the certificate is not trusted, while OpenSSL looks at it */
} NetTls;

/* address is copied, its host is not. NULL: *why tells. */
extern NetTls *net_tls_open(NetTlsContext *context, const NetAddress *address, NetFailure *why);
extern void net_tls_close(NetTls *t);	/* NULL: nothing to do */

/* Room for bytes from the socket; they are to be taken before any other connection's are asked for. */
extern uint8_t *net_tls_room(NetTls *t, size_t *n);

/* n of them have come: net_tls_take is due until it gives no more bytes. */
extern void net_tls_fed(NetTls *t, size_t n);

/* Up to size bytes that the node has said, *n of them. The handshake goes on by this, and new keys are made. */
extern NetTlsStep net_tls_take(NetTls *t, uint8_t *into, size_t size, size_t *n, NetFailure *why);

/* Bytes to be said, once open. false: *why tells. */
extern bool net_tls_seal(NetTls *t, const uint8_t *bytes, size_t n, NetFailure *why);

/* Say that nothing will be said any more. */
extern void net_tls_end(NetTls *t);

/* Whether the node has asked who the client is: now, or when the session began that goes on. */
static inline bool
net_tls_has_asked(const NetTls *t)
{
	return t->asked || (t->resumed && t->asked_before);
}

#endif							/* NET_TLS_H */
