/*
 * net/handshake.c
 *	  Version, compression, extensions and password of one connection.
 *
 * Thread: submitter only; pure functions over a NetHandshake.
 * Owns: nothing; the frames it appends belong to the caller's buffer.
 * Invariants: nothing is appended behind STARTUP before its answer is here (a v5
 * node reads no bare frame after it); version does not change after STARTUP.
 */
#include "net/handshake.h"

#include <stdio.h>
#include <string.h>

#include "cql/request.h"
#include "cql/value.h"

#define OLDEST_VERSION 4
#define NEWEST_VERSION 5
#define V5_NAME "5/v5"
#define TLS_ALERT 0x15			/* types of records */
#define TLS_HANDSHAKE 0x16
#define TLS_MAJOR 0x03
#define BY_CERTIFICATE "org.apache.cassandra.auth.MutualTls"
#define RATE_LIMIT_KEY "SCYLLA_RATE_LIMIT_ERROR"
#define METADATA_ID_KEY "SCYLLA_USE_METADATA_ID"
#define TABLETS_KEY "TABLETS_ROUTING_V1"
#define LWT_KEY "SCYLLA_LWT_ADD_METADATA_MARK"	/* docs/dev/protocol-extensions.md of ScyllaDB */
#define LWT_VALUE "LWT_OPTIMIZATION_META_BIT_MASK="

static NetHandshakeStep
malformed(const CqlFrame *frame, NetFailure *why)
{
	net_failure_set(why, NET_FAIL_PROTOCOL, "malformed or unexpected answer to the handshake (opcode 0x%02X)",
					frame->opcode);
	return NET_HANDSHAKE_FAILED;
}

/* ---- what the node offers ---- */

static bool
offers(CqlReader r, const char *key)
{
	CqlReader	values;
	uint16_t	count;

	return cql_response_supported(r, key, &values, &count) && count > 0;
}

static bool
first_value(CqlReader r, const char *key, CqlString *value)
{
	CqlReader	values;
	uint16_t	count;

	if (!cql_response_supported(r, key, &values, &count) || count == 0)
		return false;
	*value = cql_get_string(&values);
	return !values.failed;
}

static bool
parse_number(CqlString s, uint32_t *number)
{
	uint64_t	n = 0;

	if (s.len == 0 || s.len > 10)
		return false;
	for (uint32_t i = 0; i < s.len; i++)
	{
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t) (s.data[i] - '0');
	}
	*number = (uint32_t) n;
	return n <= UINT32_MAX;
}

static bool
first_number(CqlReader r, const char *key, uint32_t *number)
{
	CqlString	s;

	return first_value(r, key, &s) && parse_number(s, number);
}

/* 0: it does not tell. */
static uint32_t
read_lwt_mask(CqlReader r)
{
	const size_t prefix = sizeof(LWT_VALUE) - 1;
	CqlString	s;
	uint32_t	mask;

	if (!first_value(r, LWT_KEY, &s) || s.len <= prefix || memcmp(s.data, LWT_VALUE, prefix) != 0)
		return 0;
	s.data += prefix;
	s.len -= (uint32_t) prefix;
	return parse_number(s, &mask) ? mask : 0;
}

/* Never from one that is encrypted to one that is not. */
static uint16_t
read_aware_port(CqlReader r, bool tls)
{
	uint32_t	port;

	return first_number(r, tls ? "SCYLLA_SHARD_AWARE_PORT_SSL" : "SCYLLA_SHARD_AWARE_PORT", &port) && port <= UINT16_MAX ?
		(uint16_t) port : 0;
}

/* false: it tells of none. */
static bool
read_host_id(CqlReader r, uint8_t *id)
{
	CqlString	s;

	return first_value(r, "SCYLLA_HOST_ID", &s) && cql_uuid_parse(s.data, s.len, id);
}

/* All keys make sense, or the node counts as one that does not shard. */
static void
read_shard(CqlReader r, bool tls, NetShard *out)
{
	NetShard	s = {0};

	s.scylla = cql_response_supported_prefix(r, "SCYLLA_") || cql_response_supported_prefix(r, "TABLETS_");
	if (!first_number(r, "SCYLLA_SHARD", &s.shard)
		|| !first_number(r, "SCYLLA_NR_SHARDS", &s.nr_shards)
		|| !first_number(r, "SCYLLA_SHARDING_IGNORE_MSB", &s.ignore_msb)
		|| !cql_response_supported_has(r, "SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin")
		|| s.shard >= s.nr_shards || s.ignore_msb > 63)
	{
		s.shard = 0;
		s.nr_shards = 0;
		s.ignore_msb = 0;
	}
	if (s.nr_shards > 0)
		s.aware_port = read_aware_port(r, tls);
	s.has_host_id = read_host_id(r, s.host_id);
	s.tablets = offers(r, TABLETS_KEY);
	*out = s;
}

static uint8_t
choose_version(const NetHandshake *h, CqlReader supported)
{
	bool		offered = !h->shard.scylla && cql_response_supported_has(supported, "PROTOCOL_VERSIONS", V5_NAME);

	return offered ? h->versions.newest : h->versions.oldest;
}

/* ---- requests ---- */

static void
put_frame(NetHandshake *h, CqlBuffer *out, uint8_t opcode, const CqlBuffer *body)
{
	size_t		mark = cql_frame_begin(out, h->version, 0, 0, opcode);

	out->failed |= body->failed;
	cql_put_raw(out, body->data, body->len);
	cql_frame_end(out, mark);
}

NetVersions
net_handshake_versions(const NetConfig *config)
{
	const uint8_t only = (uint8_t) config->protocol_version;

	return only ? (NetVersions) {only, only} : (NetVersions) {OLDEST_VERSION, NEWEST_VERSION};
}

void
net_handshake_begin(NetHandshake *h, const NetConfig *config, NetVersions versions, CqlBuffer *out)
{
	const CqlBuffer empty = {0};

	memset(h, 0, sizeof(*h));
	h->config = config;
	h->versions = versions;
	h->version = versions.oldest;
	h->phase = NET_PHASE_OPTIONS;
	put_frame(h, out, CQL_OP_OPTIONS, &empty);
}

/* One more pair behind those that cql_request_startup wrote. */
static void
add_option(CqlBuffer *map, const char *key, const char *value)
{
	cql_put_string(map, key);
	cql_put_string(map, value);
	if (!map->failed)
		cql_store_u16(map->data, (uint16_t) (cql_load_u16(map->data) + 1));
}

/* It says which bit it sets; and hears it back. */
static void
ask_for_lwt_mark(const NetHandshake *h, CqlBuffer *body)
{
	char		value[sizeof(LWT_VALUE) + 10];

	snprintf(value, sizeof(value), LWT_VALUE "%u", h->lwt_mask);
	add_option(body, LWT_KEY, value);
}

static NetHandshakeStep
send_startup(NetHandshake *h, CqlReader supported, CqlBuffer *out)
{
	CqlBuffer	body = {0};

	read_shard(supported, h->config->tls_context != NULL, &h->shard);
	h->version = choose_version(h, supported);
	h->lz4 = h->config->lz4 && cql_response_supported_has(supported, "COMPRESSION", "lz4");
	h->has_metadata_id = h->version >= 5 || offers(supported, METADATA_ID_KEY);
	cql_request_startup(&body, h->lz4 ? "lz4" : NULL, h->config->driver_name, h->config->driver_version);
	for (int i = 0; i < h->config->noptions; i++)
		add_option(&body, h->config->option[i].key, h->config->option[i].value);
	if (h->reports && h->config->report)
		add_option(&body, "DRIVER_CONFIG", h->config->report);
	if (h->version < 5 && h->has_metadata_id)
		add_option(&body, METADATA_ID_KEY, "");
	if (offers(supported, RATE_LIMIT_KEY))
		add_option(&body, RATE_LIMIT_KEY, "");
	if (h->shard.tablets)
		add_option(&body, TABLETS_KEY, "");
	h->lwt_mask = read_lwt_mask(supported);
	if (h->lwt_mask != 0)
		ask_for_lwt_mark(h, &body);
	put_frame(h, out, CQL_OP_STARTUP, &body);
	cql_buffer_free(&body);
	h->phase = NET_PHASE_STARTUP;
	return NET_HANDSHAKE_SEND;
}

static NetHandshakeStep
send_response(NetHandshake *h, CqlBuffer *body, CqlBuffer *out)
{
	put_frame(h, out, CQL_OP_AUTH_RESPONSE, body);
	if (body->data)
		explicit_bzero(body->data, body->cap);
	cql_buffer_free(body);
	h->phase = NET_PHASE_AUTH;
	return NET_HANDSHAKE_SEND;
}

static NetHandshakeStep
send_password(NetHandshake *h, CqlBuffer *out, NetFailure *why)
{
	CqlBuffer	body = {0};

	if (!h->config->username || !h->config->password)
	{
		net_failure_set(why, NET_FAIL_CREDENTIALS, "the node asks for a user name and a password");
		return NET_HANDSHAKE_FAILED;
	}
	cql_request_plain(&body, h->config->username, h->config->password);
	return send_response(h, &body, out);
}

static NetHandshakeStep
send_nothing(NetHandshake *h, CqlBuffer *out)
{
	CqlBuffer	body = {0};

	cql_end_value(&body, cql_begin_value(&body));
	return send_response(h, &body, out);
}

/* ---- answers ---- */

/* OPTIONS says nothing that could be wrong but its version; behind it, only the text tells. */
static bool
refuses_version(const NetHandshake *h, const CqlError *error, const NetFailure *why)
{
	static const char *const texts[] = {
		"unsupported protocol version", "Rejecting Protocol Version", "Beta version", "Invalid message version"
	};

	if (error->code != CQL_ERR_PROTOCOL || h->phase == NET_PHASE_AUTH)
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		if (strstr(why->message, texts[i]))
			return true;
	}
	return h->phase == NET_PHASE_OPTIONS;
}

static NetHandshakeStep
take_refusal(NetHandshake *h, NetFailure *why)
{
	char		message[sizeof(why->message)];

	if (h->version == h->versions.oldest)
		h->versions.oldest++;
	else
		h->versions.newest--;
	if (h->versions.oldest <= h->versions.newest)
		return NET_HANDSHAKE_AGAIN;
	memcpy(message, why->message, sizeof(message));
	if (h->config->protocol_version != 0)
		net_failure_set(why, NET_FAIL_VERSION, "protocol version %u is refused: %s", h->version, message);
	else
		net_failure_set(why, NET_FAIL_VERSION, "protocol versions %u to %u are refused: %s", OLDEST_VERSION,
						NEWEST_VERSION, message);
	return NET_HANDSHAKE_FAILED;
}

static NetHandshakeStep
take_error(NetHandshake *h, const CqlFrame *frame, CqlReader r, NetFailure *why)
{
	CqlError	error;

	if (!cql_response_error(r, frame->version, &error))
		return malformed(frame, why);
	/* overloaded, bootstrapping ...: another time perhaps */
	net_failure_set(why, NET_FAIL_CONNECT, "%.*s", (int) error.message.len, error.message.data);
	if (refuses_version(h, &error, why))
		return take_refusal(h, why);
	if (error.code == CQL_ERR_CREDENTIALS)
		why->kind = NET_FAIL_CREDENTIALS;
	else if (error.code == CQL_ERR_PROTOCOL)
		why->kind = NET_FAIL_PROTOCOL;
	return NET_HANDSHAKE_FAILED;
}

/* ---- who it is ---- */

/* Cassandra 5.0 asks even then, and ignores the answer; newer ones, and ScyllaDB, are ready at once. */
static bool
goes_by_certificate(const NetHandshake *h, CqlString authenticator)
{
	const size_t prefix = sizeof(BY_CERTIFICATE) - 1;

	return h->config->tls.cert && h->asked_certificate && authenticator.len >= prefix &&
		memcmp(authenticator.data, BY_CERTIFICATE, prefix) == 0;
}

/* A node that has asked for the user's own certificate knows the user by it. */
static bool
takes_without_password(const NetHandshake *h, NetFailure *why)
{
	if (!h->config->require_auth || (h->config->cert_proves && h->asked_certificate))
		return true;
	net_failure_set(why, NET_FAIL_CREDENTIALS, "the node does not ask for a password, but password_required demands one");
	return false;
}

static NetHandshakeStep
take_startup_answer(NetHandshake *h, const CqlFrame *frame, CqlReader r, CqlBuffer *out, NetFailure *why)
{
	CqlString	authenticator;

	h->segments = h->version >= 5;
	if (frame->opcode == CQL_OP_READY)
	{
		if (!takes_without_password(h, why))
			return NET_HANDSHAKE_FAILED;
		h->phase = NET_PHASE_DONE;
		return NET_HANDSHAKE_READY;
	}
	if (frame->opcode != CQL_OP_AUTHENTICATE || !cql_response_authenticate(r, &authenticator))
		return malformed(frame, why);
	if (!goes_by_certificate(h, authenticator))
		return send_password(h, out, why);
	return takes_without_password(h, why) ? send_nothing(h, out) : NET_HANDSHAKE_FAILED;
}

static NetHandshakeStep
take_auth_answer(NetHandshake *h, const CqlFrame *frame, NetFailure *why)
{
	if (frame->opcode == CQL_OP_AUTH_SUCCESS)
	{
		h->phase = NET_PHASE_DONE;
		return NET_HANDSHAKE_READY;
	}
	if (frame->opcode == CQL_OP_AUTH_CHALLENGE)
	{
		net_failure_set(why, NET_FAIL_CREDENTIALS, "the node does not take a plain password");
		return NET_HANDSHAKE_FAILED;
	}
	return malformed(frame, why);
}

NetHandshakeStep
net_handshake_answer(NetHandshake *h, const CqlFrame *frame, CqlBuffer *out, NetFailure *why)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlReader	values;
	uint16_t	count;

	if (!frame->response || frame->stream != 0 || !cql_response_prefix(frame, &prefix, &r))
		return malformed(frame, why);
	if (frame->opcode == CQL_OP_ERROR)
		return take_error(h, frame, r, why);
	if (h->phase != NET_PHASE_OPTIONS && frame->version != h->version)
	{
		net_failure_set(why, NET_FAIL_PROTOCOL, "response of version %u where version %u is due",
						frame->version, h->version);
		return NET_HANDSHAKE_FAILED;
	}
	if (h->phase == NET_PHASE_STARTUP)
		return take_startup_answer(h, frame, r, out, why);
	if (h->phase == NET_PHASE_AUTH)
		return take_auth_answer(h, frame, why);
	if (frame->opcode != CQL_OP_SUPPORTED || !cql_response_supported(r, "", &values, &count))
		return malformed(frame, why);
	return send_startup(h, r, out);
}

const char *
net_handshake_stranger(const uint8_t *bytes, size_t n)
{
	static const char http[] = "HTTP/";
	const size_t enough = sizeof(http) - 1;

	if (n >= 2 && (bytes[0] == TLS_ALERT || bytes[0] == TLS_HANDSHAKE) && bytes[1] == TLS_MAJOR)
		return "this port speaks TLS, but connections are not encrypted";
	if (n < enough || (bytes[0] & CQL_RESPONSE_BIT))
		return NULL;
	if (memcmp(bytes, http, enough) == 0)
		return "an HTTP server answered: is this the right port?";
	return "what answered does not speak CQL: is this the right port?";
}

const char *
net_handshake_awaiting(const NetHandshake *h)
{
	static const char *const request[] = {
		[NET_PHASE_OPTIONS] = "OPTIONS",
		[NET_PHASE_STARTUP] = "STARTUP",
		[NET_PHASE_AUTH] = "AUTH_RESPONSE",
		[NET_PHASE_DONE] = "nothing",
	};

	return request[h->phase];
}
