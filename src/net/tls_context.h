/*
 * net/tls_context.h
 *	  What the TLS connections of one client share: whom they trust, who they are,
 *	  and the sessions that they may resume. For net/tls alone, but for open and
 *	  close.
 *
 * Submitter thread only. OpenSSL 1.1.1 or newer.
 *
 * Files are read for the first connection, and again for one that comes after a file has changed: so what is mended, or
 * renewed in time, needs no new session.
 */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <pthread.h>
#include <sys/stat.h>

#include "net/failure.h"
#include "net/tls_config.h"
#include "net/tls_ticket.h"

#define NET_TLS_FILES 4			/* root_cert, crl, cert, key */
#define NET_TLS_SCRATCH (128 * 1024)

typedef struct NetTlsContext
{
	const NetTlsConfig *config;
	pthread_mutex_t gate;		/* held by who is inside OpenSSL */
	struct NetTlsContext *next; /* of all in this process */
	SSL_CTX    *ctx;			/* NULL until files were read */
	struct stat seen[NET_TLS_FILES];	/* the files that ctx was made of; all zero: none, or no such file */
	NetTickets	tickets;
	uint8_t		scratch[NET_TLS_SCRATCH];	/* bytes as they came, until OpenSSL has them, at once */
} NetTlsContext;

/* config outlives it, and is not NET_SSL_DISABLE. NULL: out of memory. */
extern NetTlsContext *net_tls_context_open(const NetTlsConfig *config);
extern void net_tls_context_close(NetTlsContext *x);	/* no connection is left. NULL: nothing to do */

/*
 * The thread is inside OpenSSL between these two alone. Where the process exits and the thread was left behind, enter does
 * not return any more: what OpenSSL's exit handler has freed is not used.
 */
extern void net_tls_enter(NetTlsContext *x);
extern void net_tls_leave(NetTlsContext *x);

/* The following between enter and leave. */

/* For one more connection, as the files are now. NULL: *why tells. */
extern SSL *net_tls_context_ssl(NetTlsContext *x, NetFailure *why);

/* Whether it is for want of memory that OpenSSL has something to say. */
extern bool net_tls_is_short_of_memory(void);

/* What OpenSSL has to say; its queue of errors is empty then. */
extern void net_tls_error(char *text, size_t size);

#endif							/* NET_TLS_CONTEXT_H */
