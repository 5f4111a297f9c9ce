/*
 * net/socket.h
 *	  The bytes between this client and one node: in, out, and their end.
 *
 * Submitter thread only. Who owns the socket embeds it and knows nothing of how
 * bytes travel; what writes them is net/output.
 *
 *	 closed --net_socket_open--> connecting --on_connected--> open
 *	 connecting, open --net_socket_close--> closing --on_closed--> closed
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <uv.h>

#include "net/resolve.h"

typedef struct NetSocket NetSocket;

/* From the loop, never from inside a function of this header. Errors are libuv's. None is NULL. */
typedef struct NetSocketOps
{
	void		(*on_connected) (NetSocket *s, int error);	/* 0: bytes come from here on */
	uint8_t    *(*room) (NetSocket *s, size_t *n);	/* for the next bytes; NULL: out of memory */
	void		(*on_bytes) (NetSocket *s, size_t n);	/* n of them are there */
	void		(*on_end) (NetSocket *s, int error);	/* no more will come: UV_EOF and others */
	void		(*on_closed) (NetSocket *s);	/* it may be opened again, or freed */
} NetSocketOps;

struct NetSocket
{
	const NetSocketOps *ops;
	uv_tcp_t	tcp;
	uv_connect_t connect;
	unsigned int patience;		/* ms until the kernel gives a silent node up; 0: by its own rules */
};

/*
 * ops and patience are set. source_port: of this end; 0: any. Returns 0, or an error, UV_EADDRINUSE if another socket
 * has that port: on_connected will not come, and it is to be closed all the same.
 */
extern int	net_socket_open(NetSocket *s, uv_loop_t *loop, const NetAddress *address, uint16_t source_port);
/* What is being written is let go. Idempotent. */
extern void net_socket_close(NetSocket *s);
extern bool net_socket_closing(const NetSocket *s);

/* Bytes written that the kernel has not taken yet. */
static inline size_t
net_socket_backlog(const NetSocket *s)
{
	return s->tcp.write_queue_size;
}

#endif							/* NET_SOCKET_H */
