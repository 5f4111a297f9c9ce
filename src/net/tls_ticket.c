/*
 * net/tls_ticket.c
 *	  TLS sessions that may be resumed.
 *
 * Thread: submitter only.
 * Owns: the sessions, until they are taken.
 * Invariants: a session is in here once; no address has more than
 * NET_TICKETS_OF_NODE.
 */
#include "net/tls_ticket.h"

#include <string.h>

/* The name too: it is what the certificate was looked at for. */
static bool
is_of(const NetTicket *ticket, const NetAddress *address)
{
	const char *a = ticket->address.host;
	const char *b = address->host;

	return net_address_equal(&ticket->address, address) && (a == b || (a && b && strcmp(a, b) == 0));
}

static void
take_out(NetTickets *t, int i)
{
	t->n--;
	memmove(t->ticket + i, t->ticket + i + 1, (size_t) (t->n - i) * sizeof(*t->ticket));
}

/* Of that address; of all, where address is NULL. */
static void
forget_oldest(NetTickets *t, const NetAddress *address)
{
	for (int i = 0; i < t->n; i++)
	{
		if (address && !is_of(&t->ticket[i], address))
			continue;
		SSL_SESSION_free(t->ticket[i].session);
		take_out(t, i);
		return;
	}
}

static int
count_of(const NetTickets *t, const NetAddress *address)
{
	int			n = 0;

	for (int i = 0; i < t->n; i++)
		n += is_of(&t->ticket[i], address);
	return n;
}

void
net_tickets_keep(NetTickets *t, const NetAddress *address, SSL_SESSION *session, bool asked)
{
	if (count_of(t, address) == NET_TICKETS_OF_NODE)
		forget_oldest(t, address);
	else if (t->n == NET_TICKETS_MAX)
		forget_oldest(t, NULL);
	t->ticket[t->n++] = (NetTicket) {*address, session, asked};
}

SSL_SESSION *
net_tickets_take(NetTickets *t, const NetAddress *address, bool *asked)
{
	for (int i = t->n - 1; i >= 0; i--)
	{
		SSL_SESSION *session = t->ticket[i].session;

		if (!is_of(&t->ticket[i], address))
			continue;
		*asked = t->ticket[i].asked;
		take_out(t, i);
		return session;
	}
	return NULL;
}

void
net_tickets_forget(NetTickets *t)
{
	while (t->n > 0)
		SSL_SESSION_free(t->ticket[--t->n].session);
}
