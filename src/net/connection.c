/*
 * net/connection.c
 *	  One socket to one node: frames out, answers in, and an end for every call.
 *
 * Thread: submitter only.
 * Owns: its socket, its buffers, the streams. Calls in flight are lent to it;
 * config and owner outlive it.
 *
 *	 net_connection_open -> start_connecting -> CONNECTING
 *	 CONNECTING -> on_connected -> HANDSHAKE
 *	 HANDSHAKE -> take_handshake: READY | REOPENING (a version was refused, another is left)
 *	 REOPENING -> on_closed -> start_connecting -> CONNECTING
 *	 any -> fail, net_connection_close -> CLOSING -> on_closed -> freed
 *
 * Invariants:
 * - state CLOSING: the failure is final, the socket is closing, and calls complete
 *	 when it has closed, so no caller's callback runs inside its own call;
 * - bytes come in by on_bytes alone, and go out by net_connection_flush alone.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "net/connection.h"
#include "net/handshake.h"
#include "net/output.h"
#include "net/socket.h"

#define STREAM_LIMIT 8192		/* the widest window and as many orphans again */
#define READ_SIZE (128 * 1024)	/* a full window of small answers in one read */
#define HANDSHAKE_MAX_BODY (1024 * 1024)	/* more can only be another protocol */

typedef enum ConnectionState
{
	CONNECTING, HANDSHAKE, READY, REOPENING, CLOSING
} ConnectionState;

struct NetConnection
{
	NetSocket	socket;			/* first */
	const NetConfig *config;
	NetOwner   *owner;
	NetAddress	address;
	char		name[64];
	ConnectionState state;
	NetFailure	failure;		/* set on the way to CLOSING */

	uint64_t	connect_deadline;
	NetHandshake handshake;

	/* in */
	CqlSplitter splitter;
	uint64_t	last_read;		/* uv_now */

	/* out */
	NetOutput	output;
	bool		full;			/* on_writable is due once there is room */

	NetStreams	streams;

	NetCall		heartbeat;
	uint64_t	heartbeat_sent; /* uv_now */
	bool		heartbeat_pending;
};

/* ---- the end ---- */

/* The first reason wins. */
static void fail(NetConnection *c, NetFailureKind kind, const char *format,...)
	__attribute__((format(printf, 3, 4)));

static void
fail(NetConnection *c, NetFailureKind kind, const char *format,...)
{
	va_list		args;

	if (c->state == CLOSING)
		return;
	va_start(args, format);
	net_failure_setv(&c->failure, kind, format, args);
	va_end(args);
	c->state = CLOSING;
	net_socket_close(&c->socket);
}

static void
fail_uv(NetConnection *c, NetFailureKind kind, int error)
{
	char		reason[128];

	fail(c, kind, "%s", uv_strerror_r(error, reason, sizeof(reason)));
}

void
net_connection_close(NetConnection *c)
{
	fail(c, NET_FAIL_NONE, "closed");
}

/* ---- output ---- */

static bool
has_room(const NetConnection *c)
{
	return net_streams_room(&c->streams)
		&& c->output.gathered.len + net_socket_backlog(&c->socket) < NET_OUTPUT_LIMIT;
}

static void
announce_room(NetConnection *c)
{
	if (c->full && net_connection_writable(c))
	{
		c->full = false;
		c->owner->ops->on_writable(c->owner, c);
	}
}

static NetWrap
wrap_now(const NetConnection *c)
{
	const NetHandshake *h = &c->handshake;

	if (h->segments)
		return h->lz4 ? NET_WRAP_LZ4_SEGMENTS : NET_WRAP_SEGMENTS;
	return h->lz4 && c->state == READY ? NET_WRAP_COMPRESS : NET_WRAP_NONE;
}

static void
on_written(uv_write_t *write, int status)
{
	NetConnection *c = write->data;

	net_output_written(&c->output);
	if (net_socket_closing(&c->socket))
		return;
	if (status < 0)
	{
		fail_uv(c, NET_FAIL_CLOSED, status);
		return;
	}
	net_connection_flush(c);
	announce_room(c);
}

void
net_connection_flush(NetConnection *c)
{
	int			error;

	if (c->output.writing || c->output.gathered.len == 0 || (c->state != HANDSHAKE && c->state != READY))
		return;
	if (!net_output_wrap(&c->output, wrap_now(c)))
	{
		fail(c, NET_FAIL_MEMORY, "out of memory");
		return;
	}
	net_streams_sent(&c->streams);
	/* Where the owner waits for room, it must be told from the loop, not from here. */
	error = net_output_write(&c->output, (uv_stream_t *) &c->socket.tcp, c->full, on_written);
	if (error < 0)
		fail_uv(c, NET_FAIL_CLOSED, error);
	c->full |= !has_room(c);
}

static size_t
bytes_length(CqlBytes b)
{
	return b.len > 0 ? (size_t) b.len : 0;
}

static bool
start_call(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail)
{
	CqlBuffer  *out = &c->output.gathered;
	size_t		length = bytes_length(head) + bytes_length(tail);

	if (length > CQL_FRAME_MAX_BODY)
		return false;
	if (!cql_buffer_reserve(out, CQL_FRAME_HEADER_SIZE + length))
	{
		out->failed = false;	/* what it holds is whole */
		return false;
	}
	if (!net_streams_begin(&c->streams, call))
		return false;
	cql_frame_store_header(out->data + out->len, c->handshake.version, 0, call->stream, opcode,
						   (uint32_t) length);
	out->len += CQL_FRAME_HEADER_SIZE;
	cql_put_raw(out, head.data, bytes_length(head));
	cql_put_raw(out, tail.data, bytes_length(tail));
	c->full |= !has_room(c);
	return true;
}

bool
net_connection_send(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail)
{
	return net_connection_writable(c) && start_call(c, call, opcode, head, tail);
}

/* ---- answers ---- */

static void
fail_with_error(NetConnection *c, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;

	if (cql_response_prefix(frame, &prefix, &r) && cql_response_error(r, frame->version, &error))
		fail(c, NET_FAIL_PROTOCOL, "%.*s", (int) error.message.len, error.message.data);
	else
		fail(c, NET_FAIL_PROTOCOL, "malformed ERROR on stream 0");
}

static void
take_answer(NetConnection *c, const CqlFrame *frame)
{
	NetCall    *call;
	NetStreamReply reply;

	/* Before the version: an ERROR about the connection may carry another one. */
	if (frame->stream == 0 && frame->opcode == CQL_OP_ERROR && frame->response)
	{
		fail_with_error(c, frame);
		return;
	}
	if (!frame->response || frame->version != c->handshake.version)
	{
		fail(c, NET_FAIL_PROTOCOL, "%s of version %u where a response of version %u is due",
			 frame->response ? "response" : "request", frame->version, c->handshake.version);
		return;
	}
	if (frame->stream < 0 && frame->opcode == CQL_OP_EVENT)
	{
		c->owner->ops->on_event(c->owner, c, frame);
		return;
	}
	reply = net_streams_reply(&c->streams, frame->stream, &call);
	if (reply == NET_STREAM_CALL)
		call->on_done(call, c, NET_ANSWERED, frame);
	else if (reply == NET_STREAM_UNKNOWN)
		fail(c, NET_FAIL_PROTOCOL, "answer on stream %d, which has no request", frame->stream);
}

static void
take_handshake(NetConnection *c, const CqlFrame *frame)
{
	NetFailure	why;

	switch (net_handshake_answer(&c->handshake, frame, &c->output.gathered, &why))
	{
		case NET_HANDSHAKE_FAILED:
			fail(c, why.kind, "%s", why.message);
			return;
		case NET_HANDSHAKE_AGAIN:
			c->state = REOPENING;
			net_socket_close(&c->socket);
			return;
		case NET_HANDSHAKE_SEND:
		case NET_HANDSHAKE_READY:
			break;
	}
	if (c->handshake.segments && !c->splitter.segments)
		cql_splitter_use_segments(&c->splitter, c->handshake.lz4);
	if (c->handshake.phase == NET_PHASE_DONE)
	{
		c->state = READY;
		c->splitter.max_body = 0;
		c->owner->ops->on_ready(c->owner, c);
	}
	else if (c->output.gathered.failed)
		fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		net_connection_flush(c);
}

static void
take_frames(NetConnection *c)
{
	CqlFrame	frame;
	CqlSplitStatus status = CQL_SPLIT_FRAME;

	while (c->state == HANDSHAKE || c->state == READY)
	{
		status = cql_splitter_next(&c->splitter, &frame);
		if (status != CQL_SPLIT_FRAME)
			break;
		if (c->state == READY)
			take_answer(c, &frame);
		else
			take_handshake(c, &frame);
	}
	if (status == CQL_SPLIT_BAD_LENGTH)
		fail(c, NET_FAIL_PROTOCOL, "the node sent a frame of an impossible length");
	else if (status == CQL_SPLIT_BAD_CRC)
		fail(c, NET_FAIL_PROTOCOL, "the node sent a segment with a wrong checksum");
	else if (status == CQL_SPLIT_BAD_COMPRESSION)
		fail(c, NET_FAIL_PROTOCOL, "the node sent data that cannot be decompressed");
	else if (status == CQL_SPLIT_NO_MEMORY)
		fail(c, NET_FAIL_MEMORY, "out of memory");
}

static uint8_t *
give_room(NetSocket *socket, size_t *n)
{
	NetConnection *c = (NetConnection *) socket;

	return cql_splitter_room(&c->splitter, READ_SIZE, n);
}

/* Nothing was heard of the node yet. */
static bool
is_new(const NetConnection *c)
{
	return c->state == HANDSHAKE && c->handshake.phase == NET_PHASE_OPTIONS;
}

static void
refuse_stranger(NetConnection *c)
{
	size_t		n;
	const uint8_t *bytes = cql_splitter_rest(&c->splitter, &n);
	const char *who = net_handshake_stranger(bytes, n);

	if (who)
		fail(c, NET_FAIL_PROTOCOL, "%s", who);
}

static void
on_bytes(NetSocket *socket, size_t n)
{
	NetConnection *c = (NetConnection *) socket;

	c->last_read = uv_now(c->config->loop);
	cql_splitter_fed(&c->splitter, n);
	if (is_new(c))
		refuse_stranger(c);
	take_frames(c);
	announce_room(c);
}

/* A node that wants TLS hangs up, mostly without a word. */
static void
on_end(NetSocket *socket, int error)
{
	NetConnection *c = (NetConnection *) socket;

	if (is_new(c) && (error == UV_EOF || error == UV_ECONNRESET))
		fail(c, NET_FAIL_CLOSED, "the node closed the connection before it answered: does it want TLS, or another protocol than CQL?");
	else if (error == UV_EOF)
		fail(c, NET_FAIL_CLOSED, "the node closed the connection");
	else if (error == UV_ENOBUFS)
		fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		fail_uv(c, error == UV_ETIMEDOUT ? NET_FAIL_TIMEOUT : NET_FAIL_CLOSED, error);
}

/* ---- connecting ---- */

static void
on_connected(NetSocket *socket, int error)
{
	NetConnection *c = (NetConnection *) socket;
	NetVersions versions = c->handshake.versions;

	if (error < 0)
	{
		fail_uv(c, NET_FAIL_CONNECT, error);
		return;
	}
	c->state = HANDSHAKE;
	c->splitter.max_body = HANDSHAKE_MAX_BODY;
	net_handshake_begin(&c->handshake, c->config, versions, &c->output.gathered);
	if (c->output.gathered.failed)
		fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		net_connection_flush(c);
}

static void
start_connecting(NetConnection *c, NetVersions versions)
{
	int			error;

	c->state = CONNECTING;
	c->handshake = (NetHandshake) {.versions = versions};
	error = net_socket_open(&c->socket, c->config->loop, &c->address);
	if (error < 0)
		fail_uv(c, NET_FAIL_CONNECT, error);
}

static void
count_connections(const NetConfig *config, int more)
{
	if (config->connections)
		*config->connections += (uint32_t) more;
}

static void
free_connection(NetConnection *c)
{
	count_connections(c->config, -1);
	cql_splitter_free(&c->splitter);
	net_output_free(&c->output);
	net_streams_free(&c->streams);
	free(c);
}

static void
end_calls(NetConnection *c)
{
	NetCall    *call;
	NetLoss		loss;

	while ((call = net_streams_end(&c->streams, &loss)))
		call->on_done(call, c, loss, NULL);
}

/* Writes under way were called back before. */
static void
on_closed(NetSocket *socket)
{
	NetConnection *c = (NetConnection *) socket;

	if (c->state == REOPENING)
	{
		cql_splitter_free(&c->splitter);
		net_output_reset(&c->output);
		start_connecting(c, c->handshake.versions);
		return;
	}
	end_calls(c);
	c->owner->ops->on_closed(c->owner, c, &c->failure);
	free_connection(c);
}

static const NetSocketOps socket_ops = {
	.on_connected = on_connected,
	.room = give_room,
	.on_bytes = on_bytes,
	.on_end = on_end,
	.on_closed = on_closed,
};

NetConnection *
net_connection_open(const NetConfig *config, const NetAddress *address, NetOwner *owner)
{
	NetConnection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (!net_streams_init(&c->streams, STREAM_LIMIT))
	{
		free(c);
		return NULL;
	}
	c->config = config;
	count_connections(config, 1);
	c->owner = owner;
	c->address = *address;
	net_address_format(address, c->name, sizeof(c->name));
	c->socket.ops = &socket_ops;
	if (config->heartbeat_interval > 0)
		c->socket.patience = config->heartbeat_interval + config->heartbeat_timeout;
	c->output.write.data = c;
	c->connect_deadline = uv_now(config->loop) + config->connect_timeout;
	start_connecting(c, net_handshake_versions(config));
	return c;
}

/* ---- time ---- */

/* What their callbacks send is not looked at before the next tick. */
static void
expire_calls(NetConnection *c, uint64_t now)
{
	NetCall    *due = net_streams_expire(&c->streams, now);

	while (due)
	{
		NetCall    *call = due;

		due = call->next;
		call->on_done(call, c, NET_TIMED_OUT, NULL);
	}
	if (c->streams.orphans > c->config->max_orphans)
		fail(c, NET_FAIL_TIMEOUT, "%u requests were never answered", c->streams.orphans);
}

static void
on_heartbeat_done(NetCall *call, NetConnection *c, NetLoss loss, const CqlFrame *frame)
{
	c->heartbeat_pending = false;
}

/*
 * Only reads are signs of life. Where no OPTIONS can be sent, because every
 * stream waits for an answer, the clock runs all the same.
 */
static void
check_heartbeat(NetConnection *c, uint64_t now)
{
	const NetConfig *config = c->config;
	const CqlBytes none = {NULL, 0};

	if (config->heartbeat_interval == 0 || now < c->last_read + config->heartbeat_interval)
		return;
	if (c->heartbeat_sent <= c->last_read)
	{
		c->heartbeat_sent = now;
		c->heartbeat.on_done = on_heartbeat_done;
		if (!c->heartbeat_pending)
			c->heartbeat_pending = start_call(c, &c->heartbeat, CQL_OP_OPTIONS, none, none);
		net_connection_flush(c);
	}
	else if (now >= c->heartbeat_sent + config->heartbeat_timeout)
		fail(c, NET_FAIL_TIMEOUT, "nothing heard from the node for %u ms", (unsigned int) (now - c->last_read));
}

void
net_connection_tick(NetConnection *c, uint64_t now)
{
	if (c->state == READY)
	{
		expire_calls(c, now);
		if (c->state == READY)
			check_heartbeat(c, now);
	}
	else if (now >= c->connect_deadline)
	{
		bool		connected = c->state == HANDSHAKE;

		fail(c, NET_FAIL_TIMEOUT, "no %s within %u ms",
			 connected ? net_handshake_awaiting(&c->handshake) : "connection", c->config->connect_timeout);
	}
}

/* ---- what it is ---- */

bool
net_connection_ready(const NetConnection *c)
{
	return c->state == READY;
}

bool
net_connection_writable(const NetConnection *c)
{
	return c->state == READY && has_room(c);
}

uint32_t
net_connection_in_flight(const NetConnection *c)
{
	return net_streams_in_flight(&c->streams) - c->heartbeat_pending;
}

uint8_t
net_connection_version(const NetConnection *c)
{
	return c->handshake.version;
}

bool
net_connection_has_metadata_id(const NetConnection *c)
{
	return c->handshake.has_metadata_id;
}

uint32_t
net_connection_lwt_mask(const NetConnection *c)
{
	return c->handshake.lwt_mask;
}

const NetAddress *
net_connection_address(const NetConnection *c)
{
	return &c->address;
}

const char *
net_connection_name(const NetConnection *c)
{
	return c->name;
}

const NetShard *
net_connection_shard(const NetConnection *c)
{
	return &c->handshake.shard;
}
