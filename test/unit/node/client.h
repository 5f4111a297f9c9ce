/*
 * client.h
 *	  A client made of a blocking socket, with TLS or without, and the node it talks to.
 *
 * A socket that stays silent for 5 s fails the test, so nothing here hangs.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cql/request.h"
#include "cql/response.h"
#include "cql/splitter.h"
#include "node.h"

typedef struct Client
{
	int			fd;
	SSL		   *ssl;			/* NULL: plain */
	uint8_t		version;
	bool		lz4;
	bool		segments;
	bool		metadata_id;
	bool		ended;			/* the node closed or reset */
	CqlSplitter in;
	CqlFrame	frame;			/* the last one received */
	CqlArena	arena;
} Client;

static const CqlBytes no_bytes = {NULL, -1};

/* ---- the node ---- */

static inline Node *
start_node(const char *script)
{
	char		error[256];
	Node	   *node = node_start(script, error, sizeof(error));

	if (node == NULL)
		fail_msg("%s", error);
	return node;
}

/* ---- bytes ---- */

static inline void
client_connect_port(Client *c, const Node *node, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
	struct timeval limit = {.tv_sec = 5};
	int			on = 1;

	signal(SIGPIPE, SIG_IGN);
	memset(c, 0, sizeof(*c));
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	assert_int_equal(inet_pton(AF_INET, node_address(node), &to.sin_addr), 1);
	assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(c->fd, (struct sockaddr *) &to, sizeof(to)), 0);
}

static inline void
client_connect(Client *c, const Node *node)
{
	client_connect_port(c, node, node_port(node));
}

static inline void
client_close(Client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
	cql_splitter_free(&c->in);
	cql_arena_free(&c->arena);
}

static inline void
client_write(Client *c, const uint8_t *data, size_t n)
{
	while (n > 0)
	{
		ssize_t		sent = c->ssl ? SSL_write(c->ssl, data, (int) n) : send(c->fd, data, n, MSG_NOSIGNAL);

		assert_true(sent > 0);
		data += sent;
		n -= (size_t) sent;
	}
}

/* Takes the body's memory. */
static inline void
client_send(Client *c, int16_t stream, uint8_t opcode, CqlBuffer *body)
{
	CqlBuffer	frame = {0};
	CqlBuffer	wire = {0};
	size_t		mark = cql_frame_begin(&frame, c->version, 0, stream, opcode);

	cql_put_raw(&frame, body->data, body->len);
	cql_frame_end(&frame, mark);
	assert_false(frame.failed || body->failed);
	if (c->segments)
		cql_segment_write(&wire, frame.data, frame.len, c->lz4);
	else if (c->lz4 && c->version < 5 && opcode != CQL_OP_STARTUP && opcode != CQL_OP_OPTIONS)
		cql_frame_compress(&wire, frame.data, frame.len);
	else
		cql_put_raw(&wire, frame.data, frame.len);
	client_write(c, wire.data, wire.len);
	cql_buffer_free(&frame);
	cql_buffer_free(&wire);
	cql_buffer_free(body);
}

/* CQL_SPLIT_MORE: the connection ended. */
static inline CqlSplitStatus
client_next(Client *c)
{
	CqlSplitStatus status;

	errno = 0;
	while ((status = cql_splitter_next(&c->in, &c->frame)) == CQL_SPLIT_MORE && !c->ended)
	{
		size_t		room;
		uint8_t    *at = cql_splitter_room(&c->in, 4096, &room);
		ssize_t		n = c->ssl ? SSL_read(c->ssl, at, (int) room) : recv(c->fd, at, room, 0);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			fail_msg("the node is silent");
		if (n > 0)
			cql_splitter_fed(&c->in, (size_t) n);
		else
			c->ended = true;
	}
	return status;
}

static inline void
client_expect(Client *c, int16_t stream, uint8_t opcode)
{
	assert_int_equal(client_next(c), CQL_SPLIT_FRAME);
	assert_int_equal(c->frame.opcode, opcode);
	assert_int_equal(c->frame.stream, stream);
	assert_true(c->frame.response);
	assert_int_equal(c->frame.version, c->version);
}

static inline CqlError
client_expect_error(Client *c, int16_t stream, uint32_t code)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;

	client_expect(c, stream, CQL_OP_ERROR);
	assert_true(cql_response_prefix(&c->frame, &prefix, &r));
	assert_true(cql_response_error(r, c->version, &error));
	assert_int_equal(error.code, code);
	return error;
}

/* ---- handshake ---- */

static inline void
client_startup(Client *c, uint8_t version, bool lz4)
{
	CqlBuffer	body = {0};

	c->version = version;
	c->lz4 = lz4;
	c->metadata_id = version >= 5;
	cql_request_startup(&body, lz4 ? "lz4" : NULL, "node_test", "1");
	client_send(c, 0, CQL_OP_STARTUP, &body);
}

/* With these options and their values beside CQL_VERSION; NULL ends them. On v4. */
static inline void
client_open_with(Client *c, const Node *node, const char *const *option)
{
	CqlBuffer	body = {0};
	uint16_t	n = 1;

	client_connect(c, node);
	c->version = 4;
	cql_put_u16(&body, 0);
	cql_put_string(&body, "CQL_VERSION");
	cql_put_string(&body, "3.0.0");
	for (; *option != NULL; option += 2, n++)
	{
		cql_put_string(&body, option[0]);
		cql_put_string(&body, option[1]);
	}
	cql_store_u16(body.data, n);
	client_send(c, 0, CQL_OP_STARTUP, &body);
	client_expect(c, 0, CQL_OP_READY);
}

static inline void
client_start_segments(Client *c)
{
	if (c->version < 5)
		return;
	c->segments = true;
	cql_splitter_use_segments(&c->in, c->lz4);
}

static inline void
client_begin(Client *c, uint8_t version, bool lz4)
{
	client_startup(c, version, lz4);
	client_expect(c, 0, CQL_OP_READY);
	client_start_segments(c);
}

static inline void
client_open(Client *c, const Node *node, uint8_t version, bool lz4)
{
	client_connect(c, node);
	client_begin(c, version, lz4);
}

/* ---- statements ---- */

static inline void
client_send_query(Client *c, int16_t stream, const char *text)
{
	CqlBuffer	body = {0};

	cql_request_query_head(&body, c->version, text, strlen(text), CQL_ONE, 0);
	client_send(c, stream, CQL_OP_QUERY, &body);
}

static inline CqlResultKind
client_expect_result(Client *c, int16_t stream, CqlReader *r)
{
	CqlPrefix	prefix;

	client_expect(c, stream, CQL_OP_RESULT);
	assert_true(cql_response_prefix(&c->frame, &prefix, r));
	return cql_response_result_kind(r);
}

static inline void
client_run(Client *c, const char *text)
{
	CqlReader	r;

	client_send_query(c, 1, text);
	assert_int_equal(client_expect_result(c, 1, &r), CQL_RESULT_VOID);
}

/* Rows of the answer that comes; *r is at the first value. */
static inline uint32_t
client_expect_rows(Client *c, int16_t stream, CqlMetadata *metadata, CqlReader *r)
{
	uint32_t	n;

	assert_int_equal(client_expect_result(c, stream, r), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(r, &c->arena, metadata, &n));
	return n;
}

static inline uint32_t
client_select(Client *c, const char *text, CqlMetadata *metadata, CqlReader *r)
{
	client_send_query(c, 2, text);
	return client_expect_rows(c, 2, metadata, r);
}

static inline void
client_send_prepare(Client *c, int16_t stream, const char *text)
{
	CqlBuffer	body = {0};

	cql_request_prepare(&body, c->version, text, strlen(text));
	client_send(c, stream, CQL_OP_PREPARE, &body);
}

typedef struct Prepared
{
	uint8_t		id[16];
	uint8_t		metadata_id[16];
	CqlPrepared p;
} Prepared;

static inline void
client_expect_prepared(Client *c, int16_t stream, Prepared *out)
{
	CqlReader	r;

	assert_int_equal(client_expect_result(c, stream, &r), CQL_RESULT_PREPARED);
	assert_true(cql_response_prepared(&r, c->metadata_id, &c->arena, &out->p));
	assert_int_equal(out->p.id.len, 16);
	memcpy(out->id, out->p.id.data, 16);
	if (c->metadata_id)
		memcpy(out->metadata_id, out->p.metadata_id.data, 16);
}

static inline void
client_prepare(Client *c, const char *text, Prepared *out)
{
	client_send_prepare(c, 3, text);
	client_expect_prepared(c, 3, out);
}

/* What EXECUTE carries; zeroed is: no values, no page size, no timestamp. */
typedef struct Execute
{
	CqlBuffer	values;			/* n x [value]; freed by client_execute */
	uint16_t	nvalues;
	uint8_t		flags;			/* CQL_PARAM_* but VALUES */
	int32_t		page_size;
	CqlBytes	paging_state;
	int64_t		timestamp;
} Execute;

static inline void
put_int(Execute *e, int32_t v)
{
	cql_put_u32(&e->values, 4);
	cql_put_u32(&e->values, (uint32_t) v);
	e->nvalues++;
}

static inline void
put_text(Execute *e, const char *s)
{
	cql_put_bytes(&e->values, s, (int32_t) strlen(s));
	e->nvalues++;
}

static inline void
client_execute(Client *c, int16_t stream, const Prepared *s, Execute *e)
{
	CqlBuffer	body = {0};
	CqlBytes	id = {s->id, 16};
	CqlBytes	metadata_id = {s->metadata_id, 16};
	uint8_t		flags = e->flags | (e->nvalues > 0 ? CQL_PARAM_VALUES : 0);

	cql_request_execute_head(&body, c->version, id, c->metadata_id ? &metadata_id : NULL, CQL_LOCAL_QUORUM, flags);
	if (e->nvalues > 0)
	{
		cql_put_u16(&body, e->nvalues);
		cql_put_raw(&body, e->values.data, e->values.len);
	}
	cql_request_tail(&body, flags, e->page_size, e->paging_state, CQL_LOCAL_SERIAL, e->timestamp);
	client_send(c, stream, CQL_OP_EXECUTE, &body);
	cql_buffer_free(&e->values);
	memset(e, 0, sizeof(*e));
}

/* Next value must be this int, or this text. */
static inline void
assert_int_value(CqlReader *r, int32_t expected)
{
	CqlBytes	v = cql_get_bytes(r);

	assert_int_equal(v.len, 4);
	assert_int_equal((int32_t) cql_load_u32(v.data), expected);
}

static inline void
assert_text_value(CqlReader *r, const char *expected)
{
	CqlBytes	v = cql_get_bytes(r);

	assert_int_equal(v.len, strlen(expected));
	assert_memory_equal(v.data, expected, strlen(expected));
}

#endif							/* CLIENT_H */
