/*
 * peer.h
 *	  Both ends of one connection on one thread: the connection under test on its
 *	  loop, and a node made of a bare socket, which the test plays byte by byte.
 *
 * Whoever waits for something turns the loop until it is there (5 s at most), so
 * no test sleeps. Time stands still but where a test lets it pass: this file's
 * uv_now takes the place of libuv's (which does not use it itself).
 */
#ifndef PEER_H
#define PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cql/request.h"
#include "cql/splitter.h"
#include "net/certificate.h"
#include "net/connection.h"
#include "net/tls_context.h"

#define AWAIT_LIMIT_NS (5 * UINT64_C(1000000000))

/* ---- the clock ---- */

static uint64_t clock_ms = 1000000;

uint64_t
uv_now(const uv_loop_t *loop)
{
	return clock_ms;
}

/* ---- the connection's owner ---- */

typedef struct Client Client;
struct Client
{
	NetOwner	owner;			/* first */
	uv_loop_t	loop;
	NetConfig	config;
	NetSockets	sockets;
	NetConnection *c;			/* NULL once closed */
	int			ready;
	int			closed;
	int			writable;
	int			events;
	int			done;			/* completions of Calls */
	bool		inside;			/* a function of the connection is running: no on_done now */
	NetFailure	why;
	void		(*hook) (Client *client);	/* what a test does in on_ready, on_writable, on_event */
};

/* Turns the loop until the condition holds. */
#define await(client, condition) \
	do { \
		uint64_t	limit_ = uv_hrtime() + AWAIT_LIMIT_NS; \
		while (!(condition)) \
		{ \
			uv_run(&(client)->loop, UV_RUN_NOWAIT); \
			if (uv_hrtime() > limit_) \
				fail_msg("in vain awaited: %s", #condition); \
		} \
	} while (0)

static inline void
client_on_ready(NetOwner *owner, NetConnection *c)
{
	Client	   *client = (Client *) owner;

	client->ready++;
	if (client->hook)
		client->hook(client);
}

static inline void
client_on_event(NetOwner *owner, NetConnection *c, const CqlFrame *frame)
{
	Client	   *client = (Client *) owner;

	client->events++;
	if (client->hook)
		client->hook(client);
}

static inline void
client_on_writable(NetOwner *owner, NetConnection *c)
{
	Client	   *client = (Client *) owner;

	assert_false(client->inside);
	assert_true(net_connection_writable(c));
	client->writable++;
	if (client->hook)
		client->hook(client);
}

static inline void
client_on_closed(NetOwner *owner, NetConnection *c, const NetFailure *why)
{
	Client	   *client = (Client *) owner;

	assert_false(client->inside);
	assert_ptr_equal(client->c, c);
	assert_int_equal(net_connection_in_flight(c), 0);
	client->closed++;
	client->why = *why;
	client->c = NULL;
}

static const NetOwnerOps client_ops = {
	client_on_ready, client_on_event, client_on_writable, client_on_closed, true
};

static inline void
client_init(Client *client)
{
	signal(SIGPIPE, SIG_IGN);
	memset(client, 0, sizeof(*client));
	assert_int_equal(uv_loop_init(&client->loop), 0);
	client->owner.ops = &client_ops;
	client->config.loop = &client->loop;
	client->sockets.free = 1;
	client->config.sockets = &client->sockets;
	client->config.connect_timeout = 1000;
	client->config.heartbeat_timeout = 500;
	client->config.max_orphans = 100;
	client->config.driver_name = "test";
	client->config.driver_version = "1";
}

/* Fails if anything of the connection is left. */
static inline void
client_free(Client *client)
{
	if (client->c)
	{
		client->hook = NULL;
		net_connection_close(client->c);
		await(client, client->closed);
	}
	assert_true(client->closed <= 1);
	uv_run(&client->loop, UV_RUN_DEFAULT);
	assert_int_equal(client->sockets.free, 1);
	net_tls_context_close(client->config.tls_context);
	assert_int_equal(uv_loop_close(&client->loop), 0);
}

static inline void
pass_time(Client *client, uint64_t ms)
{
	clock_ms += ms;
	net_connection_tick(client->c, clock_ms);
}

/* ---- calls ---- */

typedef struct Call
{
	NetCall		call;			/* first */
	Client	   *client;
	int			done;
	NetLoss		loss;
	uint8_t		opcode;
	uint32_t	length;			/* of the answer's body */
	uint8_t		body[64];		/* its first bytes */
	void		(*hook) (struct Call *call);
} Call;

static inline void
call_on_done(NetCall *net_call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	Call	   *call = (Call *) net_call;

	assert_false(call->client->inside);
	assert_int_equal(call->client->closed, 0);
	assert_true((frame != NULL) == (loss == NET_ANSWERED));
	call->done++;
	call->client->done++;
	call->loss = loss;
	if (frame)
	{
		call->opcode = frame->opcode;
		call->length = frame->length;
		memcpy(call->body, frame->body, frame->length < sizeof(call->body) ? frame->length : sizeof(call->body));
	}
	if (call->hook)
		call->hook(call);
}

/* The body is head and tail. timeout 0: none. */
static inline bool
call_send(Call *call, Client *client, const void *body, size_t len, uint64_t timeout)
{
	CqlBytes	head = {body, (int32_t) (len / 2)};
	CqlBytes	tail = {(const uint8_t *) body + len / 2, (int32_t) (len - len / 2)};
	bool		inside = client->inside;
	bool		sent;

	call->client = client;
	call->call.on_done = call_on_done;
	call->call.deadline = timeout ? clock_ms + timeout : 0;
	client->inside = true;
	sent = net_connection_send(client->c, &call->call, CQL_OP_EXECUTE, head, tail);
	client->inside = inside;
	return sent;
}

static inline void
client_flush(Client *client)
{
	client->inside = true;
	net_connection_flush(client->c);
	client->inside = false;
}

static inline void
client_close(Client *client)
{
	client->inside = true;
	net_connection_close(client->c);
	client->inside = false;
}

/* ---- the node ---- */

typedef struct Peer
{
	Client	   *client;
	int			listener;
	int			fd;				/* -1: none */
	NetAddress	address;
	SSL_CTX    *tls;			/* NULL: plain */
	SSL		   *ssl;
	CqlSplitter in;
	bool		segments;		/* of what it sends from now on */
	bool		lz4;
	uint8_t		version;		/* of its frames */
} Peer;

static inline void
peer_init(Peer *peer, Client *client)
{
	struct sockaddr_in *in = (struct sockaddr_in *) &peer->address.storage;
	socklen_t	len = sizeof(*in);

	memset(peer, 0, sizeof(*peer));
	peer->client = client;
	peer->fd = -1;
	peer->version = 4;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(peer->listener >= 0);
	assert_int_equal(uv_ip4_addr("127.0.0.1", 0, in), 0);
	assert_int_equal(bind(peer->listener, (struct sockaddr *) in, len), 0);
	assert_int_equal(listen(peer->listener, 16), 0);
	assert_int_equal(getsockname(peer->listener, (struct sockaddr *) in, &len), 0);
}

/* Both sides, of this version only. The certificate is looked at by others' tests. */
static inline void
peer_use_tls(Peer *peer, int version)
{
	NetConfig  *config = &peer->client->config;
	Certificate node = make_certificate(NULL, (Wanted) {0});

	peer->tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_session_id_context(peer->tls, (const unsigned char *) "peer", 4);
	assert_int_equal(SSL_CTX_use_certificate(peer->tls, node.x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(peer->tls, node.key), 1);
	free_certificate(&node);
	config->tls = (NetTlsConfig) {.mode = NET_SSL_REQUIRE, .min_version = version, .max_version = version};
	config->tls_context = net_tls_context_open(&config->tls);
	assert_non_null(config->tls_context);
}

/* The ways of talking. */
typedef struct Mode
{
	uint8_t		version;
	bool		lz4;
	int			tls;			/* 0: plain */
} Mode;

static const Mode modes[]
__attribute__((unused)) =
{
	{
		4, false, 0
	},
	{
		4, true, 0
	},
	{
		5, false, 0
	},
	{
		5, true, 0
	},
	{
		4, false, TLS1_2_VERSION
	},
	{
		4, true, TLS1_3_VERSION
	},
	{
		5, false, TLS1_3_VERSION
	},
	{
		5, true, TLS1_2_VERSION
	}
};
#define NMODES (sizeof(modes) / sizeof(modes[0]))

/* Before the connection is opened. */
static inline void
peer_use_mode(Peer *peer, Mode mode)
{
	peer->client->config.lz4 = mode.lz4;
	if (mode.tls)
		peer_use_tls(peer, mode.tls);
}

static inline void
peer_hang_up(Peer *peer)
{
	SSL_free(peer->ssl);
	peer->ssl = NULL;
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	peer->segments = false;
	peer->lz4 = false;
	peer->version = 4;
	cql_splitter_free(&peer->in);
}

static inline void
peer_free(Peer *peer)
{
	peer_hang_up(peer);
	SSL_CTX_free(peer->tls);
	close(peer->listener);
}

static inline void
client_open(Client *client, const Peer *peer)
{
	assert_true(net_sockets_take(&client->sockets));
	client->inside = true;
	client->c = net_connection_open(&client->config, &peer->address, 0, &client->owner);
	client->inside = false;
	assert_non_null(client->c);
	assert_int_equal(client->sockets.free, 0);
}

static inline void
peer_accept(Peer *peer)
{
	await(peer->client, (peer->fd = accept(peer->listener, NULL, NULL)) >= 0);
	if (!peer->tls)
		return;
	assert_int_equal(fcntl(peer->fd, F_SETFL, O_NONBLOCK), 0);
	peer->ssl = SSL_new(peer->tls);
	SSL_set_fd(peer->ssl, peer->fd);
	await(peer->client, SSL_accept(peer->ssl) == 1);
}

/* As recv and send: -1 with EAGAIN where there is nothing to be had, or no room. */
static inline ssize_t
peer_io(Peer *peer, int rc)
{
	int			error = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(peer->ssl, rc);

	errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : rc > 0 ? rc : -1;
}

static inline ssize_t
peer_recv(Peer *peer, void *into, size_t size)
{
	if (!peer->ssl)
		return recv(peer->fd, into, size, MSG_DONTWAIT);
	return peer_io(peer, SSL_read(peer->ssl, into, (int) size));
}

static inline ssize_t
peer_put(Peer *peer, const void *bytes, size_t n)
{
	if (!peer->ssl)
		return send(peer->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return peer_io(peer, SSL_write(peer->ssl, bytes, (int) n));
}

/* Whatever the socket holds now; false at its end. */
static inline bool
peer_read(Peer *peer)
{
	size_t		room;
	uint8_t    *p = cql_splitter_room(&peer->in, 65536, &room);
	ssize_t		n = peer_recv(peer, p, room);

	assert_non_null(p);
	if (n > 0)
		cql_splitter_fed(&peer->in, (size_t) n);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static inline bool
peer_poll(Peer *peer, CqlFrame *frame)
{
	CqlSplitStatus status = cql_splitter_next(&peer->in, frame);

	if (status == CQL_SPLIT_MORE)
	{
		assert_true(peer_read(peer));
		status = cql_splitter_next(&peer->in, frame);
	}
	assert_true(status == CQL_SPLIT_FRAME || status == CQL_SPLIT_MORE);
	return status == CQL_SPLIT_FRAME;
}

/* The next request; its body is valid until the next call. */
static inline CqlFrame
peer_next(Peer *peer)
{
	CqlFrame	frame;

	await(peer->client, peer_poll(peer, &frame));
	assert_false(frame.response);
	return frame;
}

/* Until the connection's side has closed the socket; what it still sent is of no interest. */
static inline bool
peer_sees_end(Peer *peer)
{
	uint8_t		waste[4096];
	ssize_t		n;

	while ((n = peer_recv(peer, waste, sizeof(waste))) > 0)
		;
	return n == 0 || errno == ECONNRESET;
}

static inline void
peer_send(Peer *peer, const uint8_t *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		n = peer_put(peer, data, len);

		if (n < 0)
		{
			assert_int_equal(errno, EAGAIN);
			uv_run(&peer->client->loop, UV_RUN_NOWAIT);
			continue;
		}
		data += n;
		len -= (size_t) n;
	}
}

static inline void
put_frame(CqlBuffer *out, uint8_t version, int16_t stream, uint8_t opcode, const void *body, size_t len)
{
	size_t		mark = cql_frame_begin(out, version | CQL_RESPONSE_BIT, 0, stream, opcode);

	cql_put_raw(out, body, len);
	cql_frame_end(out, mark);
}

/* Frames in the form the connection expects now: compressed, in segments, or bare. */
static inline void
peer_wrap(const Peer *peer, CqlBuffer *out, const CqlBuffer *frames)
{
	if (peer->segments)
		cql_segment_write(out, frames->data, frames->len, peer->lz4);
	else if (peer->lz4)
		cql_frame_compress(out, frames->data, frames->len);
	else
		cql_put_raw(out, frames->data, frames->len);
	assert_false(out->failed || frames->failed);
}

static inline void
peer_answer(Peer *peer, int16_t stream, uint8_t opcode, const void *body, size_t len)
{
	CqlBuffer	frame = {0};
	CqlBuffer	wire = {0};

	put_frame(&frame, peer->version, stream, opcode, body, len);
	peer_wrap(peer, &wire, &frame);
	peer_send(peer, wire.data, wire.len);
	cql_buffer_free(&frame);
	cql_buffer_free(&wire);
}

static inline void
peer_error(Peer *peer, int16_t stream, uint32_t code, const char *message)
{
	CqlBuffer	body = {0};

	cql_put_u32(&body, code);
	cql_put_string(&body, message);
	peer_answer(peer, stream, CQL_OP_ERROR, body.data, body.len);
	cql_buffer_free(&body);
}

/* Pairs of key and value; NULL ends. */
static inline void
put_supported(CqlBuffer *body, const char *const *pairs)
{
	uint16_t	n = 0;

	while (pairs[2 * n])
		n++;
	cql_put_u16(body, n);
	for (; *pairs; pairs += 2)
	{
		cql_put_string(body, pairs[0]);
		cql_put_u16(body, 1);
		cql_put_string(body, pairs[1]);
	}
}

static inline void
peer_expect_options(Peer *peer, uint8_t version)
{
	CqlFrame	frame = peer_next(peer);

	assert_int_equal(frame.opcode, CQL_OP_OPTIONS);
	assert_int_equal(frame.version, version);
	assert_int_equal(frame.stream, 0);
}

/* Answers OPTIONS, which was asked at version 4 or 5. version 5: the node speaks it. */
static inline void
peer_supported_at(Peer *peer, uint8_t asked, uint8_t version, bool lz4)
{
	const char *const pairs[] = {
		"PROTOCOL_VERSIONS", version == 5 ? "5/v5" : "4/v4", "COMPRESSION", lz4 ? "lz4" : "snappy", NULL
	};
	CqlBuffer	body = {0};

	peer_expect_options(peer, asked);
	peer->version = asked;
	put_supported(&body, pairs);
	peer_answer(peer, 0, CQL_OP_SUPPORTED, body.data, body.len);
	cql_buffer_free(&body);
}

static inline void
peer_supported(Peer *peer, uint8_t version, bool lz4)
{
	peer_supported_at(peer, 4, version, lz4);
}

/* From here on both sides speak as STARTUP has settled. */
static inline void
peer_settle(Peer *peer, uint8_t version, bool lz4)
{
	peer->version = version;
	peer->lz4 = lz4;
	peer->segments = version == 5;
	if (peer->segments)
		cql_splitter_use_segments(&peer->in, lz4);
}

static inline void
peer_expect_startup(Peer *peer, uint8_t version)
{
	CqlFrame	frame = peer_next(peer);

	assert_int_equal(frame.opcode, CQL_OP_STARTUP);
	assert_int_equal(frame.version, version);
	assert_int_equal(frame.stream, 0);
	peer->version = version;
}

/* Accept and everything up to READY. */
static inline void
peer_make_ready(Peer *peer, uint8_t version, bool lz4)
{
	peer_accept(peer);
	peer_supported(peer, version, lz4);
	peer_expect_startup(peer, version);
	peer_answer(peer, 0, CQL_OP_READY, NULL, 0);
	await(peer->client, peer->client->ready == 1);
	peer_settle(peer, version, lz4);
}

static inline void
start(Client *client, Peer *peer, Mode mode)
{
	client_init(client);
	peer_init(peer, client);
	peer_use_mode(peer, mode);
	client_open(client, peer);
	peer_make_ready(peer, mode.version, mode.lz4);
}

static inline void
finish(Client *client, Peer *peer)
{
	client_free(client);
	peer_free(peer);
}

/* A ready connection with a call in flight; its stream. */
static inline int16_t
start_with_call(Client *client, Peer *peer, Mode mode, Call *call)
{
	memset(call, 0, sizeof(*call));
	start(client, peer, mode);
	assert_true(call_send(call, client, "q", 1, 0));
	client_flush(client);
	return peer_next(peer).stream;
}

#endif							/* PEER_H */
