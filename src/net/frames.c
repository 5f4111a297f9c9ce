/*
 * net/frames.c
 *	  What travels over a connection: frames out, answers in.
 *
 * Thread: submitter only.
 * Owns: nothing; everything is the connection's.
 * Invariants: a frame is in the output buffer exactly if its call has a stream;
 * an answer goes to the call of its stream, and to nobody if that gave up.
 */
#include "net/frames.h"

#include <stdarg.h>

/* ---- failing ---- */

/* With TLS, the node is told that no more comes, or what was wrong: where the kernel takes it at once. */
static void
close_socket(NetConnection *c)
{
	uv_buf_t	last;

	if (c->tls && !c->output.writing)
	{
		net_tls_end(c->tls);
		last = uv_buf_init((char *) c->tls->wire.data, (unsigned int) c->tls->wire.len);
		(void) uv_try_write((uv_stream_t *) &c->socket.tcp, &last, 1);
	}
	net_socket_close(&c->socket);
}

void
net_frames_fail(NetConnection *c, NetFailureKind kind, const char *format,...)
{
	va_list		args;

	if (c->state == NET_STATE_CLOSING)
		return;
	va_start(args, format);
	net_failure_setv(&c->failure, kind, format, args);
	va_end(args);
	c->state = NET_STATE_CLOSING;
	close_socket(c);
}

void
net_frames_fail_uv(NetConnection *c, NetFailureKind kind, int error)
{
	char		reason[128];

	net_frames_fail(c, kind, "%s", uv_strerror_r(error, reason, sizeof(reason)));
}

/* ---- output ---- */

static bool
has_room(const NetConnection *c)
{
	return net_streams_room(&c->streams)
		&& c->output.gathered.len + net_socket_backlog(&c->socket) < NET_OUTPUT_LIMIT;
}

void
net_frames_announce_room(NetConnection *c)
{
	if (c->full && net_frames_room(c))
	{
		c->full = false;
		c->owner->ops->on_writable(c->owner, c);
	}
}

bool
net_frames_room(const NetConnection *c)
{
	return c->state == NET_STATE_READY && has_room(c);
}

static NetWrap
wrap_now(const NetConnection *c)
{
	const NetHandshake *h = &c->handshake;

	if (h->segments)
		return h->lz4 ? NET_WRAP_LZ4_SEGMENTS : NET_WRAP_SEGMENTS;
	return h->lz4 && c->state == NET_STATE_READY ? NET_WRAP_COMPRESS : NET_WRAP_NONE;
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
		net_frames_fail_uv(c, NET_FAIL_CLOSED, status);
		return;
	}
	net_frames_flush(c);
	net_frames_announce_room(c);
}

/* What was gathered becomes what is written. */
static bool
wrap_gathered(NetConnection *c)
{
	NetOutput  *o = &c->output;
	NetFailure	why;

	if (o->gathered.len == 0)
		return true;
	if (!net_output_wrap(o, wrap_now(c)))
	{
		net_frames_fail(c, NET_FAIL_MEMORY, "out of memory");
		return false;
	}
	if (c->tls && !net_tls_seal(c->tls, o->wire.data, o->wire.len, &why))
	{
		net_frames_fail(c, why.kind, "%s", why.message);
		return false;
	}
	net_streams_sent(&c->streams);
	return true;
}

/* Behind the handshake, TLS has something to say of its own at any time. */
static bool
has_output(const NetConnection *c)
{
	bool		open = c->state == NET_STATE_HANDSHAKE || c->state == NET_STATE_READY;

	return (open && c->output.gathered.len > 0) || (c->tls && c->tls->wire.len > 0 && (open || c->state == NET_STATE_TLS));
}

void
net_frames_flush(NetConnection *c)
{
	int			error;

	if (c->output.writing || !has_output(c) || !wrap_gathered(c))
		return;
	if (c->tls)
		net_output_replace(&c->output, &c->tls->wire);
	/* Where the owner waits for room, it must be told from the loop, not from here. */
	error = net_output_write(&c->output, (uv_stream_t *) &c->socket.tcp, c->full, on_written);
	if (error < 0)
		net_frames_fail_uv(c, NET_FAIL_CLOSED, error);
	c->full |= !has_room(c);
}

static size_t
bytes_length(CqlBytes b)
{
	return b.len > 0 ? (size_t) b.len : 0;
}

bool
net_frames_begin_call(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail)
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
	CORE_ASSERT(call->stream > 0 && call->on_done);
	cql_frame_store_header(out->data + out->len, c->handshake.version, 0, call->stream, opcode,
						   (uint32_t) length);
	out->len += CQL_FRAME_HEADER_SIZE;
	cql_put_raw(out, head.data, bytes_length(head));
	cql_put_raw(out, tail.data, bytes_length(tail));
	c->full |= !has_room(c);
	return true;
}

bool
net_frames_send(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail)
{
	return net_frames_room(c) && net_frames_begin_call(c, call, opcode, head, tail);
}

/* ---- answers ---- */

static void
fail_with_error(NetConnection *c, const CqlFrame *frame)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlError	error;

	if (cql_response_prefix(frame, &prefix, &r) && cql_response_error(r, frame->version, &error))
		net_frames_fail(c, NET_FAIL_PROTOCOL, "%.*s", (int) error.message.len, error.message.data);
	else
		net_frames_fail(c, NET_FAIL_PROTOCOL, "malformed ERROR on stream 0");
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
		net_frames_fail(c, NET_FAIL_PROTOCOL, "%s of version %u where a response of version %u is due",
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
		net_frames_fail(c, NET_FAIL_PROTOCOL, "answer on stream %d, which has no request", frame->stream);
}

static void
take_handshake(NetConnection *c, const CqlFrame *frame)
{
	NetFailure	why;

	switch (net_handshake_answer(&c->handshake, frame, &c->output.gathered, &why))
	{
		case NET_HANDSHAKE_FAILED:
			net_frames_fail(c, why.kind, "%s", why.message);
			return;
		case NET_HANDSHAKE_AGAIN:
			c->state = NET_STATE_REOPENING;
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
		c->state = NET_STATE_READY;
		c->splitter.max_body = 0;
		net_output_wipe(&c->output);
		if (c->tls)
			cql_buffer_wipe(&c->tls->wire);
		c->owner->ops->on_ready(c->owner, c);
	}
	else if (c->output.gathered.failed)
		net_frames_fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		net_frames_flush(c);
}

void
net_frames_take(NetConnection *c)
{
	CqlFrame	frame;
	CqlSplitStatus status = CQL_SPLIT_FRAME;

	while (c->state == NET_STATE_HANDSHAKE || c->state == NET_STATE_READY)
	{
		status = cql_splitter_next(&c->splitter, &frame);
		if (status != CQL_SPLIT_FRAME)
			break;
		if (c->state == NET_STATE_READY)
			take_answer(c, &frame);
		else
			take_handshake(c, &frame);
	}
	if (status == CQL_SPLIT_BAD_LENGTH)
		net_frames_fail(c, NET_FAIL_PROTOCOL, "the node sent a frame of an impossible length");
	else if (status == CQL_SPLIT_BAD_CRC)
		net_frames_fail(c, NET_FAIL_PROTOCOL, "the node sent a segment with a wrong checksum");
	else if (status == CQL_SPLIT_BAD_COMPRESSION)
		net_frames_fail(c, NET_FAIL_PROTOCOL, "the node sent data that cannot be decompressed");
	else if (status == CQL_SPLIT_NO_MEMORY)
		net_frames_fail(c, NET_FAIL_MEMORY, "out of memory");
}
