/*
 * net/socket.c
 *	  The bytes between this client and one node, over TCP.
 *
 * Thread: submitter only.
 * Owns: the handle of libuv. The memory that bytes are read to is the owner's.
 * Invariant: after net_socket_close nothing is called but on_closed.
 */
#include "net/socket.h"

#include "cql/invariant.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define KEEPALIVE_SECONDS 30

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	NetSocket  *s = handle->data;
	size_t		n = 0;
	uint8_t    *p = s->ops->room(s, &n);

	*buf = uv_buf_init((char *) p, p ? (unsigned int) n : 0);
}

static void
on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	NetSocket  *s = stream->data;

	CORE_ASSERT(!net_socket_closing(s));
	if (nread > 0)
		s->ops->on_bytes(s, (size_t) nread);
	else if (nread < 0)
		s->ops->on_end(s, (int) nread);
}

/* A dead peer is noticed by the kernel too, unsent bytes or not; none of it is vital. */
static void
set_options(NetSocket *s)
{
	uv_os_fd_t	fd;

	uv_tcp_nodelay(&s->tcp, 1);
	uv_tcp_keepalive(&s->tcp, 1, KEEPALIVE_SECONDS);
	if (s->patience > 0 && uv_fileno((uv_handle_t *) &s->tcp, &fd) == 0)
		(void) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &s->patience, sizeof(s->patience));
}

static void
on_connected(uv_connect_t *connect, int status)
{
	NetSocket  *s = connect->data;

	if (net_socket_closing(s))
		return;
	if (status == 0)
	{
		set_options(s);
		status = uv_read_start((uv_stream_t *) &s->tcp, on_alloc, on_read);
	}
	s->ops->on_connected(s, status);
}

/* libuv has let go of it; writes and connects under way were called back before. */
static void
on_tcp_closed(uv_handle_t *handle)
{
	NetSocket  *s = handle->data;

	s->ops->on_closed(s);
}

/* Any address of this end, as the node's own would be, and this port. */
static int
bind_port(NetSocket *s, const NetAddress *address, uint16_t port)
{
	NetAddress	own = {.storage.ss_family = address->storage.ss_family};

	net_address_set_port(&own, port);
	return uv_tcp_bind(&s->tcp, (const struct sockaddr *) &own.storage, 0);
}

int
net_socket_open(NetSocket *s, uv_loop_t *loop, const NetAddress *address, uint16_t source_port)
{
	int			error = 0;

	uv_tcp_init(loop, &s->tcp); /* makes no socket yet, so it cannot fail */
	s->tcp.data = s;
	s->connect.data = s;
	if (source_port != 0)
		error = bind_port(s, address, source_port);
	if (error < 0)
		return error;
	return uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *) &address->storage, on_connected);
}

void
net_socket_close(NetSocket *s)
{
	if (!net_socket_closing(s))
		uv_close((uv_handle_t *) &s->tcp, on_tcp_closed);
}

bool
net_socket_closing(const NetSocket *s)
{
	return uv_is_closing((const uv_handle_t *) &s->tcp);
}
