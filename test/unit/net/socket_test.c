/*
 * socket_test.c
 *	  Bytes in, bytes out, their end: against a bare listener.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

#define NOT_YET 1				/* no error of libuv */

typedef struct End
{
	NetSocket	socket;			/* first */
	uv_loop_t	loop;
	NetAddress	address;		/* of the listener */
	int			listener;
	int			fd;				/* the other end */
	uint8_t		room[64];
	size_t		got;			/* bytes in room */
	bool		no_room;
	bool		close_at_bytes;
	int			connected;		/* what on_connected told, or NOT_YET */
	int			ended;
	int			closed;
} End;

static void
on_connected(NetSocket *s, int error)
{
	((End *) s)->connected = error;
}

static uint8_t *
give_room(NetSocket *s, size_t *n)
{
	End		   *e = (End *) s;

	*n = sizeof(e->room) - e->got;
	return e->no_room ? NULL : e->room + e->got;
}

static void
on_bytes(NetSocket *s, size_t n)
{
	End		   *e = (End *) s;

	assert_false(net_socket_closing(s));
	e->got += n;
	if (e->close_at_bytes)
		net_socket_close(s);
}

static void
on_end(NetSocket *s, int error)
{
	((End *) s)->ended = error;
}

static void
on_closed(NetSocket *s)
{
	((End *) s)->closed++;
}

static const NetSocketOps ops = {
	.on_connected = on_connected,
	.room = give_room,
	.on_bytes = on_bytes,
	.on_end = on_end,
	.on_closed = on_closed,
};

static void
end_init(End *e)
{
	struct sockaddr_in *in = (struct sockaddr_in *) &e->address.storage;
	socklen_t	len = sizeof(*in);

	memset(e, 0, sizeof(*e));
	assert_int_equal(uv_loop_init(&e->loop), 0);
	assert_int_equal(uv_ip4_addr("127.0.0.1", 0, in), 0);
	e->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(e->listener, (struct sockaddr *) in, len), 0);
	assert_int_equal(listen(e->listener, 4), 0);
	assert_int_equal(getsockname(e->listener, (struct sockaddr *) in, &len), 0);
	e->socket.ops = &ops;
	e->connected = NOT_YET;
	e->ended = NOT_YET;
}

static void
end_open(End *e)
{
	assert_int_equal(net_socket_open(&e->socket, &e->loop, &e->address, 0), 0);
	assert_int_equal(e->connected, NOT_YET);	/* from the loop alone */
	while (e->connected == NOT_YET)
		uv_run(&e->loop, UV_RUN_ONCE);
}

static void
end_accept(End *e)
{
	end_open(e);
	assert_int_equal(e->connected, 0);
	e->fd = accept(e->listener, NULL, NULL);
	assert_true(e->fd >= 0);
}

/* Runs until no handle is left. times: that it was closed in all. */
static void
end_free(End *e, int times)
{
	net_socket_close(&e->socket);
	net_socket_close(&e->socket);
	assert_true(net_socket_closing(&e->socket));
	uv_run(&e->loop, UV_RUN_DEFAULT);
	assert_int_equal(e->closed, times);
	assert_int_equal(uv_loop_close(&e->loop), 0);
	close(e->listener);
	if (e->fd > 0)
		close(e->fd);
}

static void
test_bytes_come_until_their_end(void **state)
{
	End			e;

	end_init(&e);
	e.socket.patience = 1000;
	end_accept(&e);
	assert_int_equal(send(e.fd, "some ", 5, 0), 5);
	while (e.got < 5)
		uv_run(&e.loop, UV_RUN_ONCE);
	assert_int_equal(send(e.fd, "bytes", 5, 0), 5);
	shutdown(e.fd, SHUT_WR);
	while (e.ended == NOT_YET)
		uv_run(&e.loop, UV_RUN_ONCE);
	assert_int_equal(e.ended, UV_EOF);
	assert_int_equal(e.got, 10);
	assert_memory_equal(e.room, "some bytes", 10);
	assert_int_equal(net_socket_backlog(&e.socket), 0);
	assert_int_equal(e.closed, 0);
	end_free(&e, 1);
}

static void
test_nobody_listens(void **state)
{
	End			e;

	end_init(&e);
	close(e.listener);
	e.listener = -1;
	end_open(&e);
	assert_int_equal(e.connected, UV_ECONNREFUSED);
	end_free(&e, 1);
}

/* Whoever closes hears of nothing but that. */
static void
test_closed_while_connecting(void **state)
{
	End			e;

	end_init(&e);
	assert_int_equal(net_socket_open(&e.socket, &e.loop, &e.address, 0), 0);
	end_free(&e, 1);
	assert_int_equal(e.connected, NOT_YET);
}

static void
test_closed_with_bytes_to_come(void **state)
{
	End			e;

	end_init(&e);
	end_accept(&e);
	e.close_at_bytes = true;
	assert_int_equal(send(e.fd, "x", 1, 0), 1);
	while (e.got == 0)
		uv_run(&e.loop, UV_RUN_ONCE);
	assert_int_equal(send(e.fd, "y", 1, 0), 1);
	end_free(&e, 1);
	assert_int_equal(e.got, 1);
	assert_int_equal(e.ended, NOT_YET);
}

static void
test_no_room_for_bytes(void **state)
{
	End			e;

	end_init(&e);
	end_accept(&e);
	e.no_room = true;
	assert_int_equal(send(e.fd, "x", 1, 0), 1);
	while (e.ended == NOT_YET)
		uv_run(&e.loop, UV_RUN_ONCE);
	assert_int_equal(e.ended, UV_ENOBUFS);
	end_free(&e, 1);
}

static void
test_opened_again(void **state)
{
	End			e;

	end_init(&e);
	end_accept(&e);
	net_socket_close(&e.socket);
	while (e.closed == 0)
		uv_run(&e.loop, UV_RUN_ONCE);
	close(e.fd);
	e.connected = NOT_YET;
	end_accept(&e);
	assert_int_equal(send(e.fd, "x", 1, 0), 1);
	while (e.got == 0)
		uv_run(&e.loop, UV_RUN_ONCE);
	end_free(&e, 2);
}

/* The port of this end is the one that was asked for; a second socket does not get it. */
static void
test_source_port(void **state)
{
	End			e;
	End			other;
	struct sockaddr_in in;
	socklen_t	len = sizeof(in);
	uint16_t	port = 49152;
	int			error = UV_EADDRINUSE;

	end_init(&e);
	for (; error == UV_EADDRINUSE; port++)
	{
		if (port > 49152)
		{
			end_free(&e, 1);
			end_init(&e);
		}
		error = net_socket_open(&e.socket, &e.loop, &e.address, port);
		while (error == 0 && e.connected == NOT_YET)
			uv_run(&e.loop, UV_RUN_ONCE);
		error = error ? error : e.connected;	/* some errors are told in time, others by the loop */
	}
	assert_int_equal(error, 0);
	e.fd = accept(e.listener, (struct sockaddr *) &in, &len);
	assert_true(e.fd >= 0);
	assert_int_equal(ntohs(in.sin_port), port - 1);

	end_init(&other);
	other.address = e.address;	/* the same two ends */
	error = net_socket_open(&other.socket, &other.loop, &other.address, (uint16_t) (port - 1));
	while (error == 0 && other.connected == NOT_YET)
		uv_run(&other.loop, UV_RUN_ONCE);
	error = error ? error : other.connected;
	assert_true(error == UV_EADDRINUSE || error == UV_EADDRNOTAVAIL);
	end_free(&other, 1);
	end_free(&e, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_come_until_their_end),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_closed_while_connecting),
		cmocka_unit_test(test_closed_with_bytes_to_come),
		cmocka_unit_test(test_no_room_for_bytes),
		cmocka_unit_test(test_opened_again),
		cmocka_unit_test(test_source_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
