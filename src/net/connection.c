/*
 * net/connection.c
 *	  One socket to one node: frames out, answers in, and an end for every call.
 *
 * Thread: submitter only.
 * Owns: its socket, its buffers, the stream table. Calls in flight are lent to
 * it; config and owner outlive it.
 *
 *	 net_connection_open -> start_connecting -> CONNECTING
 *	 CONNECTING -> on_connected -> HANDSHAKE
 *	 HANDSHAKE -> take_handshake: READY | REOPENING (a version was refused, another is left)
 *	 REOPENING -> on_tcp_closed -> start_connecting -> CONNECTING
 *	 any -> fail, net_connection_close -> CLOSING -> on_tcp_closed -> freed
 *
 * Invariants:
 * - a call is on the list exactly while the stream table holds it; the list is in
 *	 the order of sending, and from `unsent` on no byte was handed to the socket;
 * - no call has a deadline before next_deadline;
 * - state CLOSING: the failure is final, the socket is closing, and nothing but
 *	 on_tcp_closed completes calls, so no caller's callback runs inside its own call.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/connection.h"
#include "net/handshake.h"
#include "net/output.h"

#define STREAM_LIMIT 8192		/* the widest window and as many orphans again */
#define READ_SIZE (128 * 1024)	/* a full window of small answers in one read */
#define HANDSHAKE_MAX_BODY (1024 * 1024)	/* more can only be another protocol */
#define KEEPALIVE_SECONDS 30
#define NO_DEADLINE UINT64_MAX

typedef enum ConnectionState
{
	CONNECTING, HANDSHAKE, READY, REOPENING, CLOSING
} ConnectionState;

struct NetConnection
{
	const NetConfig *config;
	NetOwner   *owner;
	NetAddress	address;
	char		name[64];
	ConnectionState state;
	NetFailure	failure;		/* set on the way to CLOSING */

	uv_tcp_t	tcp;
	uv_connect_t connect;
	uint64_t	connect_deadline;
	NetHandshake handshake;

	/* in */
	CqlSplitter splitter;
	uint64_t	last_read;		/* uv_now */

	/* out */
	NetOutput	output;
	bool		full;			/* on_writable is due once there is room */

	/* calls */
	NetStreams	streams;
	NetCall    *head;
	NetCall    *tail;
	NetCall    *unsent;			/* first call whose frame is in output.gathered */
	uint64_t	next_deadline;

	NetCall		heartbeat;
	uint64_t	heartbeat_sent; /* uv_now */
	bool		heartbeat_pending;
};

static void on_tcp_closed(uv_handle_t *handle);

/* ---- the end ---- */

static void
close_socket(NetConnection *c)
{
	if (!uv_is_closing((uv_handle_t *) &c->tcp))
		uv_close((uv_handle_t *) &c->tcp, on_tcp_closed);
}

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
	close_socket(c);
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

/* ---- calls in flight ---- */

static void
link_call(NetConnection *c, NetCall *call)
{
	call->prev = c->tail;
	call->next = NULL;
	if (c->tail)
		c->tail->next = call;
	else
		c->head = call;
	c->tail = call;
	if (!c->unsent)
		c->unsent = call;
	if (call->deadline != 0 && call->deadline < c->next_deadline)
		c->next_deadline = call->deadline;
}

static void
unlink_call(NetConnection *c, NetCall *call)
{
	if (c->unsent == call)
		c->unsent = call->next;
	if (call->prev)
		call->prev->next = call->next;
	else
		c->head = call->next;
	if (call->next)
		call->next->prev = call->prev;
	else
		c->tail = call->prev;
}

static void
complete_all(NetConnection *c)
{
	bool		sent = true;

	while (c->head)
	{
		NetCall    *call = c->head;

		if (call == c->unsent)
			sent = false;
		unlink_call(c, call);
		(void) net_streams_reply(&c->streams, call->stream, &call);
		call->on_done(call, c, sent ? NET_LOST : NET_UNSENT, NULL);
	}
}

/*
 * The next deadline has passed, though perhaps of a call that is gone. The
 * callers' callbacks may append to the list, not take from it; what they append
 * is not looked at before the next tick.
 */
static void
expire_calls(NetConnection *c, uint64_t now)
{
	NetCall    *last = c->tail;
	NetCall    *call = NULL;
	NetCall    *next = c->head;

	c->next_deadline = NO_DEADLINE;
	while (call != last && c->state == READY)
	{
		call = next;
		next = call->next;
		if (call->deadline == 0)
			continue;
		if (call->deadline > now)
		{
			if (call->deadline < c->next_deadline)
				c->next_deadline = call->deadline;
			continue;
		}
		unlink_call(c, call);
		net_streams_orphan(&c->streams, (uint16_t) call->stream);
		call->on_done(call, c, NET_TIMED_OUT, NULL);
	}
	if (c->streams.orphans > c->config->max_orphans)
		fail(c, NET_FAIL_TIMEOUT, "%u requests were never answered", c->streams.orphans);
}

/* ---- output ---- */

static bool
has_room(const NetConnection *c)
{
	return c->streams.nfree > 0
		&& c->output.gathered.len + c->tcp.write_queue_size < NET_OUTPUT_LIMIT;
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
	if (uv_is_closing((uv_handle_t *) &c->tcp))
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
	c->unsent = NULL;
	/* Where the owner waits for room, it must be told from the loop, not from here. */
	error = net_output_write(&c->output, (uv_stream_t *) &c->tcp, c->full, on_written);
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

	if (length > CQL_FRAME_MAX_BODY || c->streams.nfree == 0)
		return false;
	if (!cql_buffer_reserve(out, CQL_FRAME_HEADER_SIZE + length))
	{
		out->failed = false;	/* what it holds is whole */
		return false;
	}
	call->stream = (int16_t) net_streams_take(&c->streams, call);
	cql_frame_store_header(out->data + out->len, c->handshake.version, 0, call->stream, opcode,
						   (uint32_t) length);
	out->len += CQL_FRAME_HEADER_SIZE;
	cql_put_raw(out, head.data, bytes_length(head));
	cql_put_raw(out, tail.data, bytes_length(tail));
	link_call(c, call);
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
	{
		unlink_call(c, call);
		call->on_done(call, c, NET_ANSWERED, frame);
	}
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
			close_socket(c);
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

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	NetConnection *c = handle->data;
	size_t		room = 0;
	uint8_t    *p = cql_splitter_room(&c->splitter, READ_SIZE, &room);

	*buf = uv_buf_init((char *) p, p ? (unsigned int) room : 0);
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

/* A node that wants TLS hangs up, mostly without a word. */
static void
read_failed(NetConnection *c, int error)
{
	if (is_new(c) && (error == UV_EOF || error == UV_ECONNRESET))
		fail(c, NET_FAIL_CLOSED, "the node closed the connection before it answered: does it want TLS, or another protocol than CQL?");
	else if (error == UV_EOF)
		fail(c, NET_FAIL_CLOSED, "the node closed the connection");
	else if (error == UV_ENOBUFS)
		fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		fail_uv(c, error == UV_ETIMEDOUT ? NET_FAIL_TIMEOUT : NET_FAIL_CLOSED, error);
}

static void
on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	NetConnection *c = stream->data;

	if (nread < 0)
		read_failed(c, (int) nread);
	if (nread <= 0)
		return;
	c->last_read = uv_now(c->config->loop);
	cql_splitter_fed(&c->splitter, (size_t) nread);
	if (is_new(c))
		refuse_stranger(c);
	take_frames(c);
	announce_room(c);
}

/* ---- connecting ---- */

/* A dead peer is noticed by the kernel too, unsent bytes or not; none of it is vital. */
static void
set_socket_options(NetConnection *c)
{
	const NetConfig *config = c->config;
	unsigned int patience = config->heartbeat_interval + config->heartbeat_timeout;
	uv_os_fd_t	fd;

	uv_tcp_nodelay(&c->tcp, 1);
	uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_SECONDS);
	if (config->heartbeat_interval > 0 && uv_fileno((uv_handle_t *) &c->tcp, &fd) == 0)
		(void) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
}

static void
on_connected(uv_connect_t *connect, int status)
{
	NetConnection *c = connect->data;
	NetVersions versions = c->handshake.versions;

	if (uv_is_closing((uv_handle_t *) &c->tcp))
		return;
	if (status < 0)
	{
		fail_uv(c, NET_FAIL_CONNECT, status);
		return;
	}
	set_socket_options(c);
	status = uv_read_start((uv_stream_t *) &c->tcp, on_alloc, on_read);
	if (status < 0)
	{
		fail_uv(c, NET_FAIL_CONNECT, status);
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
	uv_tcp_init(c->config->loop, &c->tcp);	/* makes no socket yet, so it cannot fail */
	c->tcp.data = c;
	error = uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *) &c->address.storage, on_connected);
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

/* libuv has let go of the socket; writes and connects under way were called back before. */
static void
on_tcp_closed(uv_handle_t *handle)
{
	NetConnection *c = handle->data;

	if (c->state == REOPENING)
	{
		cql_splitter_free(&c->splitter);
		net_output_reset(&c->output);
		start_connecting(c, c->handshake.versions);
		return;
	}
	complete_all(c);
	c->owner->ops->on_closed(c->owner, c, &c->failure);
	free_connection(c);
}

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
	c->connect.data = c;
	c->output.write.data = c;
	c->next_deadline = NO_DEADLINE;
	c->connect_deadline = uv_now(config->loop) + config->connect_timeout;
	start_connecting(c, net_handshake_versions(config));
	return c;
}

/* ---- time ---- */

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
		if (now >= c->next_deadline)
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
	return c->streams.limit - c->streams.nfree - c->streams.orphans - c->heartbeat_pending;
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
