/*
 * net/tls_ticket.h
 *	  TLS sessions that may be resumed: a handshake without certificates.
 *
 * Submitter thread only.
 *
 * Each session is offered to a node once at most, as who listens could else tell that two connections are of one client
 * (RFC 8446, C.4). ScyllaDB hands out two with each connection, by TLS 1.3 alone (db/config.cc).
 */
#ifndef NET_TLS_TICKET_H
#define NET_TLS_TICKET_H

#include <openssl/ssl.h>

#include "net/resolve.h"

#define NET_TICKETS_MAX 128		/* of all nodes */
#define NET_TICKETS_OF_NODE 8

typedef struct NetTicket
{
	NetAddress	address;
	SSL_SESSION *session;
	bool		asked;			/* the node has asked for the client's certificate when the session began */
} NetTicket;

/* Zero-initialise. The oldest comes first. */
typedef struct NetTickets
{
	NetTicket	ticket[NET_TICKETS_MAX];
	int			n;
} NetTickets;

/* Takes the session over. Where there are too many, the oldest is forgotten. */
extern void net_tickets_keep(NetTickets *t, const NetAddress *address, SSL_SESSION *session, bool asked);
/* The newest of that address and host, which the caller owns then; NULL: none. */
extern SSL_SESSION *net_tickets_take(NetTickets *t, const NetAddress *address, bool *asked);
extern void net_tickets_forget(NetTickets *t);	/* all of them */

#endif							/* NET_TLS_TICKET_H */
