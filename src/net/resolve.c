/*
 * net/resolve.c
 *	  Name resolution on detached threads, and what one does with addresses.
 *
 * Thread: NetResolve belongs to the submitter. A NetLookup is shared by it and
 * one resolver thread, which runs only resolver_main.
 * Owns: NetResolve its async handle and one reference to the lookup; the lookup
 * its strings and addresses. The last reference frees it.
 * Invariants: the thread touches the async handle only under the lock and only
 * while lookup->wake is set; cancelling clears it, so the handle and the loop may
 * go while getaddrinfo is still silent.
 *
 * uv_getaddrinfo would not do: libuv joins its pool when the process exits, so a
 * silent name server would hold a terminated backend. net_resolve_cancel leaves the
 * thread behind.
 */
#include "net/resolve.h"

#include "cql/invariant.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct NetLookup
{
	pthread_mutex_t lock;		/* protects wake, references, and the result until wake was sent */
	int			references;
	uv_async_t *wake;			/* NULL: nobody waits any more */
	char	   *host;
	uint16_t	port;
	int			status;
	NetAddress *address;
	int			naddress;
} NetLookup;

struct NetResolve
{
	CoreThread	thread;			/* the loop's */
	uv_async_t	async;
	const char *host;			/* the caller's */
	NetResolved done;
	void	   *owner;
	NetLookup  *lookup;
};

/* ---- the lookup, shared ---- */

static NetLookup *
lookup_new(const char *host, uint16_t port)
{
	NetLookup  *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->host = strdup(host);
	if (!l->host || pthread_mutex_init(&l->lock, NULL) != 0)
	{
		free(l->host);
		free(l);
		return NULL;
	}
	l->references = 1;
	l->port = port;
	return l;
}

static void
lookup_release(NetLookup *l)
{
	bool		last;

	pthread_mutex_lock(&l->lock);
	CORE_ASSERT(l->references > 0);
	last = --l->references == 0;
	pthread_mutex_unlock(&l->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->address);
	free(l->host);
	free(l);
}

void
net_address_set_port(NetAddress *a, uint16_t port)
{
	if (a->storage.ss_family == AF_INET)
		((struct sockaddr_in *) &a->storage)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *) &a->storage)->sin6_port = htons(port);
}

static bool
usable(const struct addrinfo *info)
{
	return (info->ai_family == AF_INET || info->ai_family == AF_INET6)
		&& info->ai_addrlen <= sizeof(struct sockaddr_storage);
}

/* The list of getaddrinfo as an array without doubles; returns 0 or a gai error. */
static int
collect(const struct addrinfo *list, uint16_t port, NetAddress **out, int *nout)
{
	int			n = 0;
	NetAddress *address;

	for (const struct addrinfo *i = list; i; i = i->ai_next)
		n += usable(i);
	if (n == 0)
		return EAI_NONAME;
	address = calloc((size_t) n, sizeof(*address));
	if (!address)
		return EAI_MEMORY;

	n = 0;
	for (const struct addrinfo *i = list; i; i = i->ai_next)
	{
		int			seen = 0;

		if (!usable(i))
			continue;
		memcpy(&address[n].storage, i->ai_addr, i->ai_addrlen);
		net_address_set_port(&address[n], port);
		while (!net_address_equal(&address[seen], &address[n]))
			seen++;
		n += seen == n;
	}
	*out = address;
	*nout = n;
	return 0;
}

static void *
resolver_main(void *arg)
{
	NetLookup  *l = arg;
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	NetAddress *address = NULL;
	int			n = 0;
	int			status = getaddrinfo(l->host, NULL, &hints, &list);

	if (status == 0)
	{
		status = collect(list, l->port, &address, &n);
		freeaddrinfo(list);
	}
	pthread_mutex_lock(&l->lock);
	l->status = status;
	l->address = address;
	l->naddress = n;
	if (l->wake)
		uv_async_send(l->wake);
	pthread_mutex_unlock(&l->lock);
	lookup_release(l);
	return NULL;
}

/* Signals belong to the process's main thread: none may be handled here. */
static bool
start_thread(NetLookup *l)
{
	pthread_t	thread;
	pthread_attr_t attr;
	sigset_t	all;
	sigset_t	before;
	int			error;

	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	l->references++;
	error = pthread_create(&thread, &attr, resolver_main, l);
	if (error)
		l->references--;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return error == 0;
}

/* ---- the loop's side ---- */

static void
on_async_closed(uv_handle_t *handle)
{
	NetResolve *r = handle->data;

	lookup_release(r->lookup);
	free(r);
}

/* From here on the resolver thread is on its own. */
static void
detach(NetResolve *r)
{
	CORE_ASSERT(core_thread_is_mine(&r->thread));
	if (uv_is_closing((uv_handle_t *) &r->async))
		return;
	pthread_mutex_lock(&r->lookup->lock);
	r->lookup->wake = NULL;
	pthread_mutex_unlock(&r->lookup->lock);
	uv_close((uv_handle_t *) &r->async, on_async_closed);
}

static void
on_async(uv_async_t *async)
{
	NetResolve *r = async->data;
	NetLookup  *l = r->lookup;

	/* The result is not written again; the lock orders it before these reads. */
	CORE_ASSERT(core_thread_is_mine(&r->thread));
	pthread_mutex_lock(&l->lock);
	l->wake = NULL;
	pthread_mutex_unlock(&l->lock);
	for (int i = 0; i < l->naddress; i++)
		l->address[i].host = r->host;
	r->done(r->owner, l->status, l->address, l->naddress);
	detach(r);
}

static bool
parse_literal(const char *host, uint16_t port, NetAddress *out)
{
	memset(out, 0, sizeof(*out));
	return uv_ip4_addr(host, port, (struct sockaddr_in *) &out->storage) == 0
		|| uv_ip6_addr(host, port, (struct sockaddr_in6 *) &out->storage) == 0;
}

/* False: out of memory. */
static bool
start_lookup(NetLookup *l)
{
	NetAddress	literal;

	if (parse_literal(l->host, l->port, &literal))
	{
		l->address = malloc(sizeof(literal));
		if (!l->address)
			return false;
		*l->address = literal;
		l->naddress = 1;
		uv_async_send(l->wake);
	}
	else if (!start_thread(l))
	{
		l->status = EAI_AGAIN;
		uv_async_send(l->wake);
	}
	return true;
}

NetResolve *
net_resolve(uv_loop_t *loop, const char *host, uint16_t port, NetResolved done, void *owner)
{
	NetResolve *r = calloc(1, sizeof(*r));
	NetLookup  *l = lookup_new(host, port);

	if (!r || !l || uv_async_init(loop, &r->async, on_async) != 0)
	{
		if (l)
			lookup_release(l);
		free(r);
		return NULL;
	}
	core_thread_take(&r->thread);
	r->async.data = r;
	r->host = host;
	r->done = done;
	r->owner = owner;
	r->lookup = l;
	l->wake = &r->async;
	if (!start_lookup(l))
	{
		detach(r);
		return NULL;
	}
	return r;
}

void
net_resolve_cancel(NetResolve *r)
{
	detach(r);
}

/* ---- addresses ---- */

void
net_address_format_ip(const NetAddress *a, char *out, size_t size)
{
	snprintf(out, size, "no address");
	if (a->storage.ss_family == AF_INET)
		uv_ip4_name((const struct sockaddr_in *) &a->storage, out, size);
	else if (a->storage.ss_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *) &a->storage, out, size);
}

void
net_address_format(const NetAddress *a, char *out, size_t size)
{
	char		ip[INET6_ADDRSTRLEN];

	net_address_format_ip(a, ip, sizeof(ip));
	if (a->storage.ss_family == AF_INET)
		snprintf(out, size, "%s:%u", ip, ntohs(((const struct sockaddr_in *) &a->storage)->sin_port));
	else if (a->storage.ss_family == AF_INET6)
		snprintf(out, size, "[%s]:%u", ip, ntohs(((const struct sockaddr_in6 *) &a->storage)->sin6_port));
	else
		snprintf(out, size, "%s", ip);
}

bool
net_address_equal(const NetAddress *a, const NetAddress *b)
{
	if (a->storage.ss_family != b->storage.ss_family)
		return false;
	if (a->storage.ss_family == AF_INET)
	{
		const struct sockaddr_in *x = (const struct sockaddr_in *) &a->storage;
		const struct sockaddr_in *y = (const struct sockaddr_in *) &b->storage;

		return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
	}
	else
	{
		const struct sockaddr_in6 *x = (const struct sockaddr_in6 *) &a->storage;
		const struct sockaddr_in6 *y = (const struct sockaddr_in6 *) &b->storage;

		return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id
			&& memcmp(&x->sin6_addr, &y->sin6_addr, sizeof(x->sin6_addr)) == 0;
	}
}

bool
net_address_from_bytes(const uint8_t *data, int32_t len, uint16_t port, NetAddress *out)
{
	memset(out, 0, sizeof(*out));
	if (len == 4)
	{
		out->storage.ss_family = AF_INET;
		memcpy(&((struct sockaddr_in *) &out->storage)->sin_addr, data, 4);
	}
	else if (len == 16)
	{
		out->storage.ss_family = AF_INET6;
		memcpy(&((struct sockaddr_in6 *) &out->storage)->sin6_addr, data, 16);
	}
	else
		return false;
	net_address_set_port(out, port);
	return true;
}
