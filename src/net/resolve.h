/*
 * net/resolve.h
 *	  Asynchronous name resolution that nobody ever has to wait for.
 *
 * Submitter thread only, but for the resolver thread itself. Not
 * uv_getaddrinfo: libuv joins its thread pool when the process exits, so a
 * silent name server would hold a terminated backend. Here each lookup runs on
 * a detached thread with all signals blocked, which is left behind when it is
 * cancelled. Literals (1.2.3.4, ::1) start no thread.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <stdbool.h>
#include <uv.h>

typedef struct NetResolve NetResolve;

/*
 * Where a node is. host is the name that was given for it: what its certificate is
 * to be of. The name belongs to who asked for the name, and outlives the address. NULL: a
 * node that others told of has none.
 */
typedef struct NetAddress
{
	struct sockaddr_storage storage;
	const char *host;
} NetAddress;

/*
 * status 0 and n >= 1 addresses (every A and AAAA record, borrowed during the
 * call), or a gai error code. Called exactly once, from the loop, never from
 * inside net_resolve; not called after net_resolve_cancel. Each address has the
 * host that net_resolve was called with.
 */
typedef void (*NetResolved) (void *owner, int status, const NetAddress *address, int n);

extern NetResolve *net_resolve(uv_loop_t *loop, const char *host, uint16_t port,
							   NetResolved done, void *owner);	/* NULL: out of memory */
extern void net_resolve_cancel(NetResolve *r);

/* "10.0.0.1" or "::1", NUL-terminated; size is INET6_ADDRSTRLEN at least. */
extern void net_address_format_ip(const NetAddress *a, char *out, size_t size);
/* "10.0.0.1:9042" or "[::1]:9042", NUL-terminated, cut at size. */
extern void net_address_format(const NetAddress *a, char *out, size_t size);
extern bool net_address_equal(const NetAddress *a, const NetAddress *b);	/* port included, host left out */
extern void net_address_set_port(NetAddress *a, uint16_t port); /* of an address of IPv4 or IPv6 */
/* From 4 or 16 raw bytes of an inet value; false on another length. */
extern bool net_address_from_bytes(const uint8_t *data, int32_t len, uint16_t port, NetAddress *out);

#endif							/* NET_RESOLVE_H */
