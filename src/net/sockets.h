/*
 * net/sockets.h
 *	  How many sockets may be opened: a number that who accounts for descriptors
 *	  hands out, and takes back.
 *
 * Submitter thread; who accounts for descriptors is in another one. Each socket is taken before it is opened, so it never is one
 * that nobody knows of. NULL in place of the number: any number may be opened.
 */
#ifndef NET_SOCKETS_H
#define NET_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_SOCKETS_WANTED_MAX 8	/* more are handed out when these are open */

typedef struct NetSockets
{
	_Atomic uint32_t free;		/* so many more may be opened */
	_Atomic uint32_t wanted;	/* asked for in vain since somebody looked */
	_Atomic bool denied;		/* somebody has looked, and there are no more */
	bool		call;			/* submitter: it is time to look, as none was wanted before */
} NetSockets;

/* One of those that are free. false: none is. */
static inline bool
net_sockets_take(NetSockets *s)
{
	uint32_t	n = s ? atomic_load(&s->free) : 1;

	while (s && n > 0 && !atomic_compare_exchange_weak(&s->free, &n, n - 1))
		;
	return n > 0;
}

/* For the submitter: whether one is free; if none is, one is wanted. */
static inline bool
net_sockets_ask(NetSockets *s)
{
	if (!s || atomic_load(&s->free) > 0)
		return true;
	if (atomic_load_explicit(&s->wanted, memory_order_relaxed) < NET_SOCKETS_WANTED_MAX)
		s->call |= atomic_fetch_add(&s->wanted, 1) == 0;
	return false;
}

/* None is free, and none will be before one is closed. */
static inline bool
net_sockets_exhausted(NetSockets *s)
{
	return s && atomic_load(&s->free) == 0 && atomic_load(&s->denied);
}

static inline void
net_sockets_give(NetSockets *s, uint32_t n)
{
	if (s)
		atomic_fetch_add(&s->free, n);
}

#endif							/* NET_SOCKETS_H */
