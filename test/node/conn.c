/*
 * test/node/conn.c
 *	  One connection: bytes in, frames, bytes out, late answers, closing.
 *
 * Thread: the node's. Owns: the socket and every buffer of NodeConn; a
 * connection is freed by its close callback alone.
 * Invariants: answers of one read leave in one write; `writing` belongs to libuv
 * while it has bytes; a request counts as in flight until its answer is in `wire`.
 *
 *	 read -> node_respond -> answer -> frames -> seal -> wire -> push -> socket
 *	                            |                  |         (TLS: -> sealed)
 *	                            +-> parked         +-> late      (tick: -> wire)
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "internal.h"

#define READ_SIZE (64 * 1024)
#define BUNCH 50000				/* ns: what is served within leaves together, and a tick costs more than a request */
#define WIRE_LIMIT (8 * 1024 * 1024)	/* a client that does not read is not read either */

/* ---- streams ---- */

void
node_conn_received(NodeConn *c, const CqlFrame *frame)
{
	NodeReport *report = &c->node->report;
	uint64_t	bit = UINT64_C(1) << (frame->stream & 63);
	int			word = (frame->stream & 0x7fff) >> 6;

	report->in_flight++;
	c->in_flight++;
	if (report->in_flight > report->max_in_flight)
		report->max_in_flight = report->in_flight;
	if (c->in_flight > report->max_conn_in_flight)
		report->max_conn_in_flight = c->in_flight;
	if (c->node->null)
		return;
	report->stream_clashes += (c->busy[word] & bit) != 0;
	report->streams += (c->used[word] & bit) == 0;
	c->busy[word] |= bit;
	c->used[word] |= bit;
}

static void
answered(NodeConn *c, uint64_t count, const CqlBuffer *streams)
{
	c->in_flight -= count;
	c->node->report.in_flight -= count;
	c->node->report.answers += count;
	for (size_t i = 0; i + 2 <= streams->len; i += 2)
	{
		int16_t		stream;

		memcpy(&stream, streams->data + i, 2);
		c->busy[(stream & 0x7fff) >> 6] &= ~(UINT64_C(1) << (stream & 63));
	}
}

/* ---- closing ---- */

static void
free_parcels(NodeConn *c, NodeParcel *p)
{
	for (NodeParcel *next; p != NULL; p = next)
	{
		next = p->next;
		if (p->due == NODE_NEVER)
			c->node->report.held--;
		cql_buffer_free(&p->bytes);
		cql_buffer_free(&p->streams);
		free(p);
	}
}

static void
on_closed(uv_handle_t *handle)
{
	NodeConn   *c = handle->data;

	cql_splitter_free(&c->in);
	cql_buffer_free(&c->answer);
	cql_buffer_free(&c->frames);
	cql_buffer_free(&c->owed);
	cql_buffer_free(&c->wire);
	cql_buffer_free(&c->sealed);
	cql_buffer_free(&c->writing);
	node_tls_free(c);
	free(c);
}

void
node_conn_close(NodeConn *c, NodeClose how)
{
	NodeReport *report = &c->node->report;
	NodeConn  **at = &c->node->conns;

	if (c->closing)
		return;
	c->closing = true;
	report->open--;
	report->ready -= c->state == STATE_READY;
	node_on_shard(c, c->state == STATE_READY && c->registered == 0 ? -1 : 0);
	report->in_flight -= c->in_flight;
	report->held -= c->leave != NODE_NO_LIMIT;
	free_parcels(c, c->late);
	free_parcels(c, c->parked);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (how != CLOSE_RESET || uv_tcp_close_reset(&c->tcp, on_closed) != 0)
		uv_close((uv_handle_t *) &c->tcp, on_closed);
}

void
node_conn_close_when_written(NodeConn *c, NodeClose how)
{
	c->close_when_written = how;
}

/* ---- bytes in and out ---- */

static void write_on(NodeConn *c);

static void
on_written(uv_write_t *write, int status)
{
	NodeConn   *c = write->data;

	if (status != 0)
		node_conn_close(c, CLOSE_NORMAL);
	else if (c->written < c->writing.len && !c->closing)
		write_on(c);
	else
	{
		cql_buffer_reset(&c->writing);
		if (!c->closing)
			node_conn_push(c);
	}
}

static void
write_on(NodeConn *c)
{
	size_t		n = c->dribble ? 1 : c->writing.len - c->written;
	uv_buf_t	buf = uv_buf_init((char *) c->writing.data + c->written, (unsigned) n);

	c->written += n;
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *) &c->tcp, &buf, 1, on_written) != 0)
		abort();
}

static void
alloc_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	NodeConn   *c = handle->data;
	size_t		room = NODE_INBOX;

	buf->base = (char *) (c->tls ? c->node->inbox : cql_splitter_room(&c->in, READ_SIZE, &room));
	buf->len = room;
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	NodeConn   *c = stream->data;
	NodeReport *report = &c->node->report;

	if (n < 0)
		node_conn_close(c, CLOSE_NORMAL);
	else if (n > 0)
	{
		report->bytes_in += (uint64_t) n;
		report->plain_bytes += c->stray ? (uint64_t) n : 0;
		if (c->tls != NULL)
			node_tls_received(c, (const uint8_t *) buf->base, (size_t) n);
		else if (!c->deaf)
		{
			cql_splitter_fed(&c->in, (size_t) n);
			node_conn_process(c);
		}
	}
}

static void
read_if_room(NodeConn *c)
{
	bool		read = c->wire.len + c->sealed.len + c->writing.len < WIRE_LIMIT;

	if (read == c->reading || c->closing)
		return;
	c->reading = read;
	if (read)
		uv_read_start((uv_stream_t *) &c->tcp, alloc_room, on_read);
	else
		uv_read_stop((uv_stream_t *) &c->tcp);
}

CqlBuffer *
node_conn_leaving(NodeConn *c)
{
	node_conn_seal(c);
	if (c->tls == NULL)
		return &c->wire;
	node_tls_seal(c);
	return &c->sealed;
}

void
node_conn_stall(NodeConn *c, size_t n)
{
	c->node->report.held += c->leave == NODE_NO_LIMIT;
	c->leave = n < c->leave ? n : c->leave;
}

/* The first n bytes of out to `writing`, which is empty. */
static void
take_leaving(NodeConn *c, CqlBuffer *out, size_t n)
{
	CqlBuffer	empty = c->writing;

	if (n == out->len)
	{
		c->writing = *out;
		*out = empty;
		return;
	}
	cql_put_raw(&c->writing, out->data, n);
	memmove(out->data, out->data + n, out->len - n);
	out->len -= n;
}

/* What the socket does not take at once goes by uv_write. */
static void
push_bytes(NodeConn *c, CqlBuffer *out)
{
	size_t		may = out->len < c->leave ? out->len : (size_t) c->leave;
	uv_buf_t	buf = uv_buf_init((char *) out->data, (unsigned) may);
	int			n = 0;

	if (may == 0)
		return;
	if (!c->dribble)
		n = uv_try_write((uv_stream_t *) &c->tcp, &buf, 1);
	if (n < 0 && n != UV_EAGAIN)
	{
		node_conn_close(c, CLOSE_NORMAL);
		return;
	}
	c->node->report.bytes_out += may;
	if (c->leave != NODE_NO_LIMIT)
		c->leave -= may;
	take_leaving(c, out, may);
	c->written = n < 0 ? 0 : (size_t) n;
	if (c->written < c->writing.len)
		write_on(c);
	else
		cql_buffer_reset(&c->writing);
}

static void
linger(NodeConn *c)
{
	uv_os_fd_t	fd;

	if (uv_fileno((uv_handle_t *) &c->tcp, &fd) == 0)
		shutdown(fd, SHUT_WR);
	c->deaf = true;
	c->close_when_written = CLOSE_NO;
}

void
node_conn_push(NodeConn *c)
{
	CqlBuffer  *out = c->tls ? &c->sealed : &c->wire;

	if (c->closing || c->writing.len > 0)
		return;
	if (c->tls != NULL)
		node_tls_seal(c);
	push_bytes(c, out);
	if (c->close_when_written == CLOSE_LINGER && c->writing.len + out->len == 0)
		linger(c);
	if (c->close_when_written != CLOSE_NO && c->writing.len + out->len == 0)
		node_conn_close(c, c->close_when_written);
	else
		read_if_room(c);
}

/* Bare frames to what this connection speaks. */
void
node_conn_to_wire(NodeConn *c, CqlBuffer *out, const uint8_t *frames, size_t n)
{
	if (c->segments)
		cql_segment_write(out, frames, n, c->lz4);
	else if (c->lz4 && c->version < 5)
		for (size_t at = 0, size; at < n; at += size)
		{
			size = CQL_FRAME_HEADER_SIZE + cql_load_u32(frames + at + 5);
			cql_frame_compress(out, frames + at, size);
		}
	else
		cql_put_raw(out, frames, n);
	if (out->failed)
		abort();
}

static NodeParcel *
new_parcel(uint64_t due, uint64_t count)
{
	NodeParcel *p = node_alloc(sizeof(*p));

	p->due = due;
	p->count = count;
	return p;
}

/* All that was answered so far: into `wire`, or with `latency` or `capacity` into a parcel of its own. */
void
node_conn_seal(NodeConn *c)
{
	if (c->nframes == 0)
		return;
	if (c->node->latency == 0 && c->node->queue.workers == 0)
	{
		node_conn_to_wire(c, &c->wire, c->frames.data, c->frames.len);
		answered(c, c->nframes, &c->owed);
	}
	else
	{
		uint64_t	due = c->node->queue.workers > 0 ? c->due : uv_hrtime();
		NodeParcel *p = new_parcel(due + c->node->latency, c->nframes);

		node_conn_to_wire(c, &p->bytes, c->frames.data, c->frames.len);
		cql_put_raw(&p->streams, c->owed.data, c->owed.len);
		if (c->late == NULL)
			c->late = p;
		else
			c->late_last->next = p;
		c->late_last = p;
		node_clock_arm(c->node, c->late->due);
	}
	cql_buffer_reset(&c->frames);
	cql_buffer_reset(&c->owed);
	c->nframes = 0;
}

/* With `capacity` the answer at hand gets its time. False: it does not queue, and leaves by itself. */
static bool
wait_in_queue(NodeConn *c)
{
	Node	   *node = c->node;
	uint64_t	due;

	if (node->queue.workers == 0)
		return true;
	if (!c->queues)
		return false;
	due = node_queue_take(node, node->arrived);
	if (c->nframes > 0 && due > c->first_due + BUNCH)
		node_conn_seal(c);
	if (c->nframes == 0)
		c->first_due = due;
	c->due = due;
	return true;
}

void
node_conn_out(NodeConn *c, int16_t stream)
{
	if (!wait_in_queue(c))
	{
		node_conn_out_late(c, stream, c->node->arrived + c->node->latency);
		return;
	}
	cql_put_raw(&c->frames, c->answer.data, c->answer.len);
	if (!c->node->null)
		cql_put_raw(&c->owed, &stream, 2);
	c->nframes++;
}

void
node_conn_out_void(NodeConn *c, int16_t stream)
{
	uint8_t    *p;

	wait_in_queue(c);
	if (!cql_buffer_reserve(&c->frames, 13))
		abort();
	p = c->frames.data + c->frames.len;
	cql_frame_store_header(p, c->version | CQL_RESPONSE_BIT, 0, stream, CQL_OP_RESULT, 4);
	cql_store_u32(p + CQL_FRAME_HEADER_SIZE, CQL_RESULT_VOID);
	c->frames.len += 13;
	c->nframes++;
}

void
node_conn_out_raw(NodeConn *c, int16_t stream, const uint8_t *data, size_t n)
{
	CqlBuffer	streams = {0};

	node_conn_seal(c);
	cql_put_raw(&c->wire, data, n);
	cql_put_raw(&streams, &stream, 2);
	answered(c, 1, &streams);
	cql_buffer_free(&streams);
}

void
node_conn_out_late(NodeConn *c, int16_t stream, uint64_t due)
{
	NodeParcel *p = new_parcel(due, 1);
	NodeParcel **at = &c->parked;

	node_conn_to_wire(c, &p->bytes, c->answer.data, c->answer.len);
	cql_put_raw(&p->streams, &stream, 2);
	while (*at != NULL)
		at = &(*at)->next;
	*at = p;
	if (due == NODE_NEVER)
		c->node->report.held++;
	else
		node_clock_arm(c->node, due);
}

void
node_conn_event(NodeConn *c, const CqlBuffer *body)
{
	CqlBuffer	frame = {0};
	size_t		mark = cql_frame_begin(&frame, c->version | CQL_RESPONSE_BIT, 0, -1, CQL_OP_EVENT);

	cql_put_raw(&frame, body->data, body->len);
	cql_frame_end(&frame, mark);
	node_conn_seal(c);
	node_conn_to_wire(c, &c->wire, frame.data, frame.len);
	cql_buffer_free(&frame);
	c->node->report.events++;
	node_conn_push(c);
}

/* ---- late answers ---- */

/* Those of the list that are due go to `wire`; returns when the next one is. */
static uint64_t
deliver(NodeConn *c, NodeParcel **at, uint64_t now, bool held)
{
	uint64_t	next = NODE_NEVER;

	while (*at != NULL)
	{
		NodeParcel *p = *at;

		if (p->due <= now || (held && p->due == NODE_NEVER))
		{
			*at = p->next;
			p->next = NULL;
			cql_put_raw(&c->wire, p->bytes.data, p->bytes.len);
			answered(c, p->count, &p->streams);
			free_parcels(c, p);
		}
		else
		{
			next = p->due < next ? p->due : next;
			at = &p->next;
		}
	}
	return next;
}

static void
deliver_all(Node *node, bool held)
{
	uint64_t	now = uv_hrtime();
	uint64_t	next = NODE_NEVER;

	for (NodeConn *c = node->conns, *after; c != NULL; c = after)
	{
		after = c->next;
		while (c->late != NULL && c->late->due <= now)
		{
			NodeParcel *p = c->late;

			c->late = p->next;
			p->next = NULL;
			cql_put_raw(&c->wire, p->bytes.data, p->bytes.len);
			answered(c, p->count, &p->streams);
			free_parcels(c, p);
		}
		if (c->late != NULL && c->late->due < next)
			next = c->late->due;
		if (c->parked != NULL)
		{
			uint64_t	due = deliver(c, &c->parked, now, held);

			next = due < next ? due : next;
		}
		if (held && c->leave != NODE_NO_LIMIT)
		{
			c->leave = NODE_NO_LIMIT;
			node->report.held--;
		}
		node_conn_push(c);
	}
	if (next != NODE_NEVER)
		node_clock_arm(node, next);
}

void
node_conns_tick(Node *node)
{
	node_queue_look(node, uv_hrtime());
	deliver_all(node, false);
}

void
node_conns_release(Node *node)
{
	deliver_all(node, true);
}

/* ---- frames in ---- */

static void
refuse_bytes(NodeConn *c, CqlSplitStatus status)
{
	static const char crc[] = "unrecoverable CRC mismatch detected in frame";
	static const char other[] = "frame cannot be decoded";
	const char *why = status == CQL_SPLIT_BAD_CRC ? crc : other;

	c->node->report.protocol_errors++;
	c->node->report.errors++;
	cql_buffer_reset(&c->answer);
	cql_frame_begin(&c->answer, (c->version ? c->version : 4) | CQL_RESPONSE_BIT, 0, 0, CQL_OP_ERROR);
	cql_put_u32(&c->answer, CQL_ERR_PROTOCOL);
	cql_put_string(&c->answer, why);
	cql_frame_end(&c->answer, 0);
	node_conn_seal(c);
	node_conn_to_wire(c, &c->wire, c->answer.data, c->answer.len);
	node_conn_close_when_written(c, CLOSE_NORMAL);
}

void
node_conn_process(NodeConn *c)
{
	CqlSplitStatus status = CQL_SPLIT_MORE;
	CqlFrame	frame;

	c->node->arrived = uv_hrtime();
	while (!c->closing && !c->deaf && c->close_when_written == CLOSE_NO &&
		   (status = cql_splitter_next(&c->in, &frame)) == CQL_SPLIT_FRAME)
		node_respond(c, &frame);
	if (c->closing)
		return;
	if (status != CQL_SPLIT_MORE && status != CQL_SPLIT_FRAME)
		refuse_bytes(c, status);
	node_conn_seal(c);
	node_conn_push(c);
}

/* ---- accepting ---- */

static uint16_t
peer_port(const uv_tcp_t *tcp)
{
	struct sockaddr_storage a;
	int			n = sizeof(a);

	if (uv_tcp_getpeername(tcp, (struct sockaddr *) &a, &n) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *) &a)->sin6_port :
				 ((struct sockaddr_in *) &a)->sin_port);
}

void
node_conn_accept(NodeListener *listener)
{
	Node	   *node = listener->node;
	NodeConn   *c = node_alloc(sizeof(*c));
	NodeRule   *rule;

	c->node = node;
	c->leave = NODE_NO_LIMIT;
	c->tcp.data = c;
	uv_tcp_init(&node->loop, &c->tcp);
	if (uv_accept((uv_stream_t *) &listener->tcp, (uv_stream_t *) &c->tcp) != 0)
	{
		uv_close((uv_handle_t *) &c->tcp, on_closed);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	c->number = ++node->report.connections;
	node->report.open++;
	c->source_port = peer_port(&c->tcp);
	c->shard = node_landing_shard(node, listener->shard_aware, c->source_port);
	c->next = node->conns;
	node->conns = c;
	if ((rule = node_rule_for(node, NULL, NODE_ON_CONNECT)) != NULL)
	{
		c->deaf = rule->action == ACTION_SILENT;
		if (!c->deaf)
		{
			node_conn_close(c, rule->action == ACTION_RESET ? CLOSE_RESET : CLOSE_NORMAL);
			return;
		}
	}
	if (node->tls_port < 0 || listener->own_tls)
		node_tls_begin(c);
	read_if_room(c);
}
