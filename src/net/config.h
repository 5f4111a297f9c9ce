/*
 * net/config.h
 *	  The vocabulary of connections: what one is opened with, whom it tells, what a
 *	  node says of itself.
 *
 * Submitter thread only; types.
 */
#ifndef NET_CONFIG_H
#define NET_CONFIG_H

#include "cql/frame.h"
#include "cql/response.h"
#include "net/failure.h"
#include "net/resolve.h"
#include "net/sockets.h"
#include "net/stream.h"
#include "net/tls_config.h"

#define NET_OUTPUT_LIMIT (512 * 1024)	/* bytes that wait for the socket: more is no room */

typedef struct NetOwner NetOwner;

/*
 * The owner embeds NetOwner and is told what happens. Each callback may call any
 * function of this header on c; c itself is freed by the connection after
 * on_closed returned and libuv let its handles go.
 */
typedef struct NetOwnerOps		/* no callback is NULL */
{
	void		(*on_ready) (NetOwner *owner, NetConnection *c);
	void		(*on_event) (NetOwner *owner, NetConnection *c, const CqlFrame *frame); /* EVENT; prefix undecoded */
	void		(*on_writable) (NetOwner *owner, NetConnection *c); /* room again after a full one */
	void		(*on_closed) (NetOwner *owner, NetConnection *c, const NetFailure *why);
	/* exactly once per opened connection, after every call got its on_done; then forget c */
	bool		reports;		/* the node is told how its client is configured: once a client is enough */
} NetOwnerOps;

struct NetOwner
{
	const NetOwnerOps *ops;
};

/* One more pair of STARTUP: a node shows it in its list of clients. */
typedef struct NetOption
{
	const char *key;
	const char *value;			/* UTF-8 */
} NetOption;

/* Read-only, outlives the connection. */
typedef struct NetConfig
{
	uv_loop_t  *loop;
	NetSockets *sockets;		/* of all connections; NULL: as many as there may be */
	int			protocol_version;	/* 0 auto, 4 or 5 */
	bool		lz4;			/* used if the node offers it */
	uint32_t	connect_timeout;	/* ms */
	uint32_t	heartbeat_interval; /* ms without a read before OPTIONS is sent; 0 = never */
	uint32_t	heartbeat_timeout;	/* ms more before the connection is given up */
	NetTlsConfig tls;
	struct NetTlsContext *tls_context;	/* what the submitter made of tls; NULL: nothing is encrypted */
	const char *username;		/* NULL: none */
	const char *password;
	const char *driver_name;
	const char *driver_version;
	const NetOption *option;	/* of who uses the driver */
	int			noptions;
	const char *report;			/* how the client is configured; NULL: nobody is told */
	uint32_t	max_orphans;	/* more: the connection is replaced (closed) */
	bool		require_auth;	/* refuse a node that does not ask for the password, */
	bool		cert_proves;	/* or, in TLS, for the certificate: it is the user's own */
} NetConfig;

/* From SUPPORTED; nr_shards 0: the node does not shard. */
typedef struct NetShard
{
	uint32_t	shard;			/* that serves this connection */
	uint32_t	nr_shards;
	uint32_t	ignore_msb;
	uint16_t	aware_port;		/* where a client's own port chooses the shard, encrypted or not as this one is; 0:
								 * none */
	bool		scylla;			/* any SCYLLA_* key was seen */
	bool		tablets;		/* answers tell of tablets */
	bool		has_host_id;
	uint8_t		host_id[16];
} NetShard;

#endif							/* NET_CONFIG_H */
