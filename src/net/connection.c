/*
 * net/connection.c
 *	  One connection to one node: how it comes about, stays alive and ends, with an
 *	  end for every call.
 *
 * Thread: submitter only.
 * Owns: its socket, its buffers, the streams. Calls in flight are lent to it;
 * config and owner outlive it.
 *
 *	 net_connection_open -> start_connecting -> CONNECTING
 *	 CONNECTING -> on_connected -> HANDSHAKE
 *	 CONNECTING -> on_tls_connected -> TLS -> on_tls_bytes -> HANDSHAKE
 *	 HANDSHAKE -> net_frames_take: READY | REOPENING (a version was refused, another is left)
 *	 REOPENING -> on_closed -> start_connecting -> CONNECTING
 *	 any -> net_frames_fail, net_connection_close -> CLOSING -> on_closed -> freed
 *
 * Invariants:
 * - state CLOSING: the failure is final, the socket is closing, and calls complete
 *	 when it has closed, so no caller's callback runs inside its own call;
 * - bytes come in by on_bytes or on_tls_bytes alone, and go out by net_frames_flush
 *	 alone, but for TLS's last ones;
 * - where config has a tls_context, nothing is said or heard but by c->tls.
 *
 * What travels is the business of net/frames, how bytes travel that of net/socket.
 */
#include "net/connection.h"

#include <stdlib.h>

#include "net/frames.h"

#define STREAM_LIMIT 8192		/* the widest window and as many orphans again */
#define READ_SIZE (128 * 1024)	/* a full window of small answers in one read */
#define TLS_RECORD (16 * 1024)	/* the most that OpenSSL gives at once */
#define HANDSHAKE_MAX_BODY (1024 * 1024)	/* more can only be another protocol */

/* ---- the end ---- */

void
net_connection_close(NetConnection *c)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	net_frames_fail(c, NET_FAIL_NONE, "closed");
}

/* ---- bytes ---- */

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
	return c->state == NET_STATE_HANDSHAKE && c->handshake.phase == NET_PHASE_OPTIONS;
}

static void
refuse_stranger(NetConnection *c)
{
	size_t		n;
	const uint8_t *bytes = cql_splitter_rest(&c->splitter, &n);
	const char *who = net_handshake_stranger(bytes, n);

	if (who)
		net_frames_fail(c, NET_FAIL_PROTOCOL, "%s", who);
}

static void
on_bytes(NetSocket *socket, size_t n)
{
	NetConnection *c = (NetConnection *) socket;

	CORE_ASSERT(c->state == NET_STATE_HANDSHAKE || c->state == NET_STATE_READY);
	c->last_read = uv_now(c->config->loop);
	cql_splitter_fed(&c->splitter, n);
	if (is_new(c))
		refuse_stranger(c);
	net_frames_take(c);
	net_frames_announce_room(c);
}

/*
 * A node that wants TLS hangs up, mostly without a word. So does one that wants a certificate: an alert that was on its way
 * may be lost where the node had bytes to read still.
 */
static const char *
early_end(const NetConnection *c)
{
	if (c->state == NET_STATE_TLS)
		return "the node closed the connection during the TLS handshake: does this port speak TLS?";
	if (!is_new(c))
		return NULL;
	if (!c->tls)
		return "the node closed the connection before it answered: does it want TLS, or another protocol than CQL?";
	if (net_tls_has_asked(c->tls))
		return c->config->tls.cert ? "the node closed the connection behind the TLS handshake: does it not take the certificate of sslcert?" :
			"the node closed the connection behind the TLS handshake: it asks for a client certificate (sslcert, sslkey)";
	return NULL;
}

static void
on_end(NetSocket *socket, int error)
{
	NetConnection *c = (NetConnection *) socket;
	const char *early = early_end(c);

	if (early && (error == UV_EOF || error == UV_ECONNRESET))
		net_frames_fail(c, NET_FAIL_CLOSED, "%s", early);
	else if (error == UV_EOF)
		net_frames_fail(c, NET_FAIL_CLOSED, "the node closed the connection");
	else if (error == UV_ENOBUFS)
		net_frames_fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		net_frames_fail_uv(c, error == UV_ETIMEDOUT ? NET_FAIL_TIMEOUT : NET_FAIL_CLOSED, error);
}

/* ---- connecting ---- */

static void
begin_handshake(NetConnection *c)
{
	NetVersions versions = c->handshake.versions;

	c->state = NET_STATE_HANDSHAKE;
	c->splitter.max_body = HANDSHAKE_MAX_BODY;
	net_handshake_begin(&c->handshake, c->config, versions, &c->output.gathered);
	c->handshake.asked_certificate = c->tls && net_tls_has_asked(c->tls);
	c->handshake.reports = c->owner->ops->reports;
	if (c->output.gathered.failed)
		net_frames_fail(c, NET_FAIL_MEMORY, "out of memory");
	else
		net_frames_flush(c);
}

/* Another socket has the port that this one was to have: the node has nothing to do with that. */
static NetFailureKind
connect_failure(const NetConnection *c, int error)
{
	return c->source_port != 0 && (error == UV_EADDRINUSE || error == UV_EADDRNOTAVAIL) ? NET_FAIL_PORT : NET_FAIL_CONNECT;
}

static void
on_connected(NetSocket *socket, int error)
{
	NetConnection *c = (NetConnection *) socket;

	CORE_ASSERT(c->state == NET_STATE_CONNECTING);
	if (error < 0)
		net_frames_fail_uv(c, connect_failure(c, error), error);
	else
		begin_handshake(c);
}

static void
start_connecting(NetConnection *c, NetVersions versions)
{
	int			error;

	c->state = NET_STATE_CONNECTING;
	c->handshake = (NetHandshake) {.versions = versions};
	error = net_socket_open(&c->socket, c->config->loop, &c->address, c->source_port);
	if (error < 0)
		net_frames_fail_uv(c, connect_failure(c, error), error);
}

static void
free_connection(NetConnection *c)
{
	CORE_ASSERT(!c->streams.head && !c->output.writing);
	net_sockets_give(c->config->sockets, 1);
	cql_splitter_free(&c->splitter);
	net_output_free(&c->output);
	net_tls_close(c->tls);
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

	CORE_ASSERT(core_thread_is_mine(&c->thread));
	CORE_ASSERT(c->state == NET_STATE_REOPENING || c->state == NET_STATE_CLOSING);
	if (c->state == NET_STATE_REOPENING)
	{
		cql_splitter_free(&c->splitter);
		net_output_reset(&c->output);
		net_tls_close(c->tls);
		c->tls = NULL;
		start_connecting(c, c->handshake.versions);
		return;
	}
	end_calls(c);
	c->owner->ops->on_closed(c->owner, c, &c->failure);
	free_connection(c);
}

static const NetSocketOps plain_ops = {
	.on_connected = on_connected,
	.room = give_room,
	.on_bytes = on_bytes,
	.on_end = on_end,
	.on_closed = on_closed,
};

/* ---- TLS ---- */

static void
on_tls_connected(NetSocket *socket, int error)
{
	NetConnection *c = (NetConnection *) socket;
	NetFailure	why;

	CORE_ASSERT(c->state == NET_STATE_CONNECTING && !c->tls);
	if (error < 0)
	{
		net_frames_fail_uv(c, connect_failure(c, error), error);
		return;
	}
	c->tls = net_tls_open(c->config->tls_context, &c->address, &why);
	if (!c->tls)
	{
		net_frames_fail(c, why.kind, "%s", why.message);
		return;
	}
	c->state = NET_STATE_TLS;
	net_frames_flush(c);
}

static uint8_t *
give_tls_room(NetSocket *socket, size_t *n)
{
	return net_tls_room(((NetConnection *) socket)->tls, n);
}

/* All that OpenSSL makes of what has come. */
static NetTlsStep
open_records(NetConnection *c, NetFailure *why)
{
	NetTlsStep	step;

	do
	{
		size_t		n;
		uint8_t    *room = cql_splitter_room(&c->splitter, TLS_RECORD, &n);

		if (!room)
		{
			net_failure_set(why, NET_FAIL_MEMORY, "out of memory");
			return NET_TLS_FAILED;
		}
		step = net_tls_take(c->tls, room, n, &n, why);
		cql_splitter_fed(&c->splitter, n);
	} while (step == NET_TLS_BYTES);
	return step;
}

/* What came before the end, or before something was wrong, counts. */
static void
on_tls_bytes(NetSocket *socket, size_t n)
{
	NetConnection *c = (NetConnection *) socket;
	NetTlsStep	step;
	NetFailure	why;

	CORE_ASSERT(c->state == NET_STATE_TLS || c->state == NET_STATE_HANDSHAKE || c->state == NET_STATE_READY);
	c->last_read = uv_now(c->config->loop);
	net_tls_fed(c->tls, n);
	step = open_records(c, &why);
	if (c->state == NET_STATE_TLS && c->tls->open)
		begin_handshake(c);
	net_frames_take(c);
	if (net_socket_closing(&c->socket))
		return;
	if (step == NET_TLS_END)
		net_frames_fail(c, NET_FAIL_CLOSED, "the node closed the connection");
	else if (step == NET_TLS_FAILED)
		net_frames_fail(c, why.kind, "%s", why.message);
	else if (c->tls->wire.len > NET_OUTPUT_LIMIT)
		net_frames_fail(c, NET_FAIL_PROTOCOL, "the node asks for new TLS keys again and again, and reads nothing");
	net_frames_flush(c);
	net_frames_announce_room(c);
}

static const NetSocketOps tls_ops = {
	.on_connected = on_tls_connected,
	.room = give_tls_room,
	.on_bytes = on_tls_bytes,
	.on_end = on_end,
	.on_closed = on_closed,
};

/* ---- opening ---- */

/* NULL: out of memory. */
static NetConnection *
new_connection(void)
{
	NetConnection *c = calloc(1, sizeof(*c));

	if (c && net_streams_init(&c->streams, STREAM_LIMIT))
		return c;
	free(c);
	return NULL;
}

NetConnection *
net_connection_open(const NetConfig *config, const NetAddress *address, uint16_t source_port, NetOwner *owner)
{
	NetConnection *c = new_connection();

	if (!c)
	{
		net_sockets_give(config->sockets, 1);
		return NULL;
	}
	core_thread_take(&c->thread);
	c->config = config;
	c->owner = owner;
	c->address = *address;
	c->source_port = source_port;
	net_address_format(address, c->name, sizeof(c->name));
	c->socket.ops = config->tls_context ? &tls_ops : &plain_ops;
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
		net_frames_fail(c, NET_FAIL_TIMEOUT, "%u requests were never answered", c->streams.orphans);
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
			c->heartbeat_pending = net_frames_begin_call(c, &c->heartbeat, CQL_OP_OPTIONS, none, none);
		net_frames_flush(c);
	}
	else if (now >= c->heartbeat_sent + config->heartbeat_timeout)
		net_frames_fail(c, NET_FAIL_TIMEOUT, "nothing heard from the node for %u ms", (unsigned int) (now - c->last_read));
}

static const char *
awaiting(const NetConnection *c)
{
	if (c->state == NET_STATE_HANDSHAKE)
		return net_handshake_awaiting(&c->handshake);
	return c->state == NET_STATE_TLS ? "TLS handshake" : "connection";
}

void
net_connection_tick(NetConnection *c, uint64_t now)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	if (c->state == NET_STATE_READY)
	{
		expire_calls(c, now);
		if (c->state == NET_STATE_READY)
			check_heartbeat(c, now);
	}
	else if (now >= c->connect_deadline)
	{
		net_frames_fail(c, NET_FAIL_TIMEOUT, "no %s within %u ms", awaiting(c), c->config->connect_timeout);
	}
}

static uint64_t
heartbeat_due(const NetConnection *c)
{
	if (c->config->heartbeat_interval == 0)
		return UINT64_MAX;
	return c->heartbeat_sent <= c->last_read ? c->last_read + c->config->heartbeat_interval :
		c->heartbeat_sent + c->config->heartbeat_timeout;
}

uint64_t
net_connection_due(const NetConnection *c)
{
	uint64_t	heartbeat = heartbeat_due(c);

	if (c->state != NET_STATE_READY)
		return c->connect_deadline;
	return net_sooner(heartbeat, c->streams.next_deadline);
}

/* ---- requests ---- */

bool
net_connection_send(NetConnection *c, NetCall *call, uint8_t opcode, CqlBytes head, CqlBytes tail)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	return net_frames_send(c, call, opcode, head, tail);
}

void
net_connection_abandon(NetConnection *c, NetCall *call)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	net_streams_abandon(&c->streams, call);
}

NetCall *
net_connection_oldest(const NetConnection *c)
{
	return c->streams.head;
}

bool
net_connection_writable(const NetConnection *c)
{
	return net_frames_room(c);
}

void
net_connection_flush(NetConnection *c)
{
	CORE_ASSERT(core_thread_is_mine(&c->thread));
	net_frames_flush(c);
}

/* ---- what it is ---- */

bool
net_connection_ready(const NetConnection *c)
{
	return c->state == NET_STATE_READY;
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

void
net_connection_tls(const NetConnection *c, const char **version, const char **cipher)
{
	*version = c->tls ? c->tls->version : NULL;
	*cipher = c->tls ? c->tls->cipher : NULL;
}
