/*
 * handshake_test.c
 *	  What is asked of a node, what is made of its answers, and every way in which
 *	  a connection can fail to become ready.
 */
#include "net/peer.h"

#include "net/handshake.h"

/* ---- frames in, frames out ---- */

typedef struct Talk
{
	NetConfig	config;
	NetHandshake h;
	CqlBuffer	out;
	NetFailure	why;
} Talk;

static void
talk_begin(Talk *talk)
{
	cql_buffer_reset(&talk->out);
	talk->config.driver_name = "test";
	talk->config.driver_version = "1";
	net_handshake_begin(&talk->h, &talk->config, net_handshake_versions(&talk->config), &talk->out);
	assert_int_equal(talk->out.len, 9);
	assert_int_equal(talk->out.data[0], talk->config.protocol_version == 5 ? 5 : 4);
	assert_memory_equal(talk->out.data + 1, "\0\0\0\x05\0\0\0\0", 8);
	cql_buffer_reset(&talk->out);
}

static NetHandshakeStep
answer(Talk *talk, uint8_t opcode, const void *body, size_t len)
{
	CqlFrame	frame = {.version = 4, .response = true, .opcode = opcode, .body = body, .length = (uint32_t) len};

	cql_buffer_reset(&talk->out);
	return net_handshake_answer(&talk->h, &frame, &talk->out, &talk->why);
}

static NetHandshakeStep
answer_options(Talk *talk, const char *const *pairs)
{
	CqlBuffer	body = {0};
	NetHandshakeStep step;

	talk_begin(talk);
	put_supported(&body, pairs);
	step = answer(talk, CQL_OP_SUPPORTED, body.data, body.len);
	cql_buffer_free(&body);
	return step;
}

static bool
startup_has(const Talk *talk, const char *key, const char *value)
{
	CqlReader	r = cql_reader(talk->out.data + 9, talk->out.len - 9);
	uint16_t	n = cql_get_u16(&r);
	bool		found = false;

	assert_int_equal(talk->out.data[4], CQL_OP_STARTUP);
	for (uint16_t i = 0; i < n; i++)
	{
		CqlString	k = cql_get_string(&r);
		CqlString	v = cql_get_string(&r);

		found |= cql_string_equal(k, key) && cql_string_equal(v, value);
	}
	assert_false(r.failed);
	assert_int_equal(cql_reader_left(&r), 0);
	return found;
}

static void
test_version_is_chosen_from_supported(void **state)
{
	static const char *const v5[] = {"PROTOCOL_VERSIONS", "5/v5", NULL};
	static const char *const beta[] = {"PROTOCOL_VERSIONS", "5/v5-beta", NULL};
	static const char *const only4[] = {"PROTOCOL_VERSIONS", "4/v4", NULL};
	static const char *const none[] = {"COMPRESSION", "lz4", NULL};
	static const char *const scylla[] = {"PROTOCOL_VERSIONS", "5/v5", "SCYLLA_PARTITIONER", "x", NULL};
	static const char *const tablets[] = {"PROTOCOL_VERSIONS", "5/v5", "TABLETS_ROUTING_V1", "", NULL};
	static const struct
	{
		const char *const *supported;
		int			asked;
		uint8_t		version;
	}			cases[] = {
		{v5, 0, 5}, {beta, 0, 4}, {only4, 0, 4}, {none, 0, 4}, {scylla, 0, 4}, {tablets, 0, 4},
		{v5, 4, 4}, {only4, 5, 5}, {scylla, 5, 5},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Talk		talk = {.config.protocol_version = cases[i].asked};

		assert_int_equal(answer_options(&talk, cases[i].supported), NET_HANDSHAKE_SEND);
		assert_int_equal(talk.out.data[0], cases[i].version);
		assert_int_equal(talk.h.version, cases[i].version);
		assert_true(startup_has(&talk, "CQL_VERSION", "3.0.0"));
		assert_true(startup_has(&talk, "DRIVER_NAME", "test"));
		assert_int_equal(talk.h.shard.scylla, cases[i].supported == scylla || cases[i].supported == tablets);
		cql_buffer_free(&talk.out);
	}
}

static void
test_startup_says_who_uses_the_driver(void **state)
{
	static const char *const none[] = {"COMPRESSION", "lz4", NULL};
	static const NetOption option[] = {{"APPLICATION_NAME", "ps\"ql"}, {"POSTGRES_PID", "42"}};
	Talk		talk = {.config.option = option, .config.noptions = 2};

	assert_int_equal(answer_options(&talk, none), NET_HANDSHAKE_SEND);
	assert_true(startup_has(&talk, "APPLICATION_NAME", "ps\"ql"));
	assert_true(startup_has(&talk, "POSTGRES_PID", "42"));
	assert_true(startup_has(&talk, "DRIVER_VERSION", "1"));
	cql_buffer_free(&talk.out);
}

/* crate scylla 1.9, network/connection.rs: on the control connection alone, as it is the same for all. */
static void
test_configuration_is_told_where_it_is_asked_for(void **state)
{
	static const char *const none[] = {"COMPRESSION", "lz4", NULL};

	for (int i = 0; i < 4; i++)
	{
		Talk		talk = {.config.report = i & 1 ? "{}" : NULL};
		CqlBuffer	body = {0};

		talk_begin(&talk);
		talk.h.reports = i & 2;
		put_supported(&body, none);
		assert_int_equal(answer(&talk, CQL_OP_SUPPORTED, body.data, body.len), NET_HANDSHAKE_SEND);
		assert_int_equal(startup_has(&talk, "DRIVER_CONFIG", "{}"), i == 3);
		cql_buffer_free(&body);
		cql_buffer_free(&talk.out);
	}
}

static void
test_compression_only_where_both_want_it(void **state)
{
	static const char *const with[] = {"COMPRESSION", "lz4", NULL};
	static const char *const without[] = {"COMPRESSION", "snappy", NULL};

	for (int i = 0; i < 4; i++)
	{
		Talk		talk = {.config.lz4 = i & 1};

		assert_int_equal(answer_options(&talk, i & 2 ? with : without), NET_HANDSHAKE_SEND);
		assert_int_equal(talk.h.lz4, i == 3);
		assert_int_equal(startup_has(&talk, "COMPRESSION", "lz4"), i == 3);
		cql_buffer_free(&talk.out);
	}
}

static void
test_extensions_are_asked_for(void **state)
{
	static const char *const scylla[] = {
		"SCYLLA_USE_METADATA_ID", "", "SCYLLA_RATE_LIMIT_ERROR", "ERROR_CODE=61440", "TABLETS_ROUTING_V1", "",
		"TABLETS_ROUTING_V2_EXPERIMENTAL", "",
		"SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648", NULL
	};
	static const char *const plain[] = {"SCYLLA_PARTITIONER", "x", NULL};
	Talk		talk = {0};

	assert_int_equal(answer_options(&talk, scylla), NET_HANDSHAKE_SEND);
	assert_true(startup_has(&talk, "SCYLLA_USE_METADATA_ID", ""));
	assert_true(startup_has(&talk, "SCYLLA_RATE_LIMIT_ERROR", ""));
	assert_true(startup_has(&talk, "TABLETS_ROUTING_V1", ""));
	assert_false(startup_has(&talk, "TABLETS_ROUTING_V2_EXPERIMENTAL", ""));
	assert_true(talk.h.shard.tablets);
	assert_true(talk.h.has_metadata_id);
	assert_true(startup_has(&talk, "SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648"));
	assert_int_equal(talk.h.lwt_mask, UINT32_C(2147483648));
	assert_int_equal(answer_options(&talk, plain), NET_HANDSHAKE_SEND);
	assert_false(startup_has(&talk, "SCYLLA_USE_METADATA_ID", ""));
	assert_false(talk.h.has_metadata_id);
	assert_int_equal(talk.h.lwt_mask, 0);
	cql_buffer_free(&talk.out);
}

/* All that a ScyllaDB node says (transport/server.cc, make_supported; transport/cql_protocol_extension.cc), and what is said to that. */
static void
test_all_that_scylladb_offers(void **state)
{
	static const char *const scylla[] = {
		"CQL_VERSION", "3.3.1", "COMPRESSION", "lz4", "CLIENT_OPTIONS", "", "SCYLLA_HOST_ID", "00112233-4455-6677-8899-aabbccddeeff",
		"SCYLLA_SHARD", "3", "SCYLLA_NR_SHARDS", "8", "SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin",
		"SCYLLA_SHARD_AWARE_PORT", "19042", "SCYLLA_SHARD_AWARE_PORT_SSL", "19142", "SCYLLA_SHARDING_IGNORE_MSB", "12",
		"SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner",
		"SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648", "SCYLLA_RATE_LIMIT_ERROR", "ERROR_CODE=61440",
		"TABLETS_ROUTING_V1", "", "SCYLLA_USE_METADATA_ID", "", "TABLETS_ROUTING_V2_EXPERIMENTAL", "", NULL
	};
	static const char *const said[][2] = {
		{"CQL_VERSION", "3.0.0"}, {"DRIVER_NAME", "test"}, {"DRIVER_VERSION", "1"},
		{"SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648"}, {"SCYLLA_RATE_LIMIT_ERROR", ""},
		{"TABLETS_ROUTING_V1", ""}, {"SCYLLA_USE_METADATA_ID", ""}
	};
	static const uint8_t host_id[16] = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	Talk		talk = {0};
	size_t		n = sizeof(said) / sizeof(said[0]);

	assert_int_equal(answer_options(&talk, scylla), NET_HANDSHAKE_SEND);
	assert_int_equal(talk.out.data[0], 4);
	assert_int_equal(cql_load_u16(talk.out.data + 9), n);
	for (size_t i = 0; i < n; i++)
		assert_true(startup_has(&talk, said[i][0], said[i][1]));
	assert_int_equal(talk.h.shard.shard, 3);
	assert_int_equal(talk.h.shard.nr_shards, 8);
	assert_int_equal(talk.h.shard.ignore_msb, 12);
	assert_int_equal(talk.h.shard.aware_port, 19042);
	assert_true(talk.h.shard.scylla && talk.h.shard.tablets && talk.h.shard.has_host_id);
	assert_memory_equal(talk.h.shard.host_id, host_id, sizeof(host_id));
	assert_true(talk.h.has_metadata_id);
	cql_buffer_free(&talk.out);
}

static void
test_lwt_mark_that_makes_no_sense_is_not_asked_for(void **state)
{
	static const char *const values[] = {
		"", "2147483648", "LWT_OPTIMIZATION_META_BIT_MASK", "LWT_OPTIMIZATION_META_BIT_MASK=",
		"LWT_OPTIMIZATION_META_BIT_MASK=0", "LWT_OPTIMIZATION_META_BIT_MASK=4294967296",
		"LWT_OPTIMIZATION_META_BIT_MASK=99999999999", "LWT_OPTIMIZATION_META_BIT_MASK=0x80000000"
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		const char *const supported[] = {"SCYLLA_LWT_ADD_METADATA_MARK", values[i], NULL};
		Talk		talk = {0};

		assert_int_equal(answer_options(&talk, supported), NET_HANDSHAKE_SEND);
		assert_int_equal(talk.h.lwt_mask, 0);
		assert_false(startup_has(&talk, "SCYLLA_LWT_ADD_METADATA_MARK", values[i]));
		cql_buffer_free(&talk.out);
	}
}

static void
test_shard_is_read_or_left_out(void **state)
{
	static const struct
	{
		const char *shard;
		const char *nr;
		const char *msb;
		const char *algorithm;
		uint32_t	expected;	/* nr_shards */
	}			cases[] = {
		{"3", "8", "12", "biased-token-round-robin", 8},
		{"8", "8", "12", "biased-token-round-robin", 0},
		{"0", "0", "12", "biased-token-round-robin", 0},
		{"3", "8", "64", "biased-token-round-robin", 0},
		{"3", "8", "12", "another", 0},
		{"x", "8", "12", "biased-token-round-robin", 0},
		{"", "8", "12", "biased-token-round-robin", 0},
		{"-1", "8", "12", "biased-token-round-robin", 0},
		{"3", "99999999999", "12", "biased-token-round-robin", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const char *const pairs[] = {
			"SCYLLA_SHARD", cases[i].shard, "SCYLLA_NR_SHARDS", cases[i].nr,
			"SCYLLA_SHARDING_IGNORE_MSB", cases[i].msb,
			"SCYLLA_SHARDING_ALGORITHM", cases[i].algorithm, NULL
		};
		Talk		talk = {0};

		assert_int_equal(answer_options(&talk, pairs), NET_HANDSHAKE_SEND);
		assert_true(talk.h.shard.scylla);
		assert_int_equal(talk.h.shard.nr_shards, cases[i].expected);
		assert_int_equal(talk.h.shard.shard, cases[i].expected ? 3 : 0);
		assert_int_equal(talk.h.shard.ignore_msb, cases[i].expected ? 12 : 0);
		cql_buffer_free(&talk.out);
	}
}

static void
test_port_of_shards_and_host_id(void **state)
{
	static const struct
	{
		const char *plain;
		const char *ssl;
		const char *host_id;
		uint16_t	port;		/* without TLS, and with it */
		uint16_t	ssl_port;
		bool		has_host_id;
	}			cases[] = {
		{"19042", "19142", "00112233-4455-6677-8899-aabbccddeeff", 19042, 19142, true},
		{"19042", "", "00112233-4455-6677-8899-AABBCCDDEEFF", 19042, 0, true},
		{"x", "65536", "00112233-4455-6677-8899-aabbccddeefg", 0, 0, false},
		{"", "19142", "00112233445566778899aabbccddeeff", 0, 19142, false},
		{"1", "2", "", 1, 2, false},
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		tls = i % 2;
		const char *const pairs[] = {
			"SCYLLA_SHARD", "3", "SCYLLA_NR_SHARDS", "8", "SCYLLA_SHARDING_IGNORE_MSB", "12",
			"SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin", "SCYLLA_SHARD_AWARE_PORT", cases[i / 2].plain,
			"SCYLLA_SHARD_AWARE_PORT_SSL", cases[i / 2].ssl, "SCYLLA_HOST_ID", cases[i / 2].host_id, NULL
		};
		static const uint8_t id[] = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
		Talk		talk = {0};

		if (tls)
			talk.config.tls_context = (struct NetTlsContext *) &talk;	/* never looked into */
		assert_int_equal(answer_options(&talk, pairs), NET_HANDSHAKE_SEND);
		assert_int_equal(talk.h.shard.aware_port, tls ? cases[i / 2].ssl_port : cases[i / 2].port);
		assert_int_equal(talk.h.shard.has_host_id, cases[i / 2].has_host_id);
		if (talk.h.shard.has_host_id)
			assert_memory_equal(talk.h.shard.host_id, id, 16);
		cql_buffer_free(&talk.out);
	}
}

/* Every frame that is cut short, or stands where it does not belong, is refused. */
static void
test_malformed_answers(void **state)
{
	static const char *const pairs[] = {"PROTOCOL_VERSIONS", "5/v5", NULL};
	static const uint8_t wrong[] = {CQL_OP_RESULT, CQL_OP_AUTH_SUCCESS, CQL_OP_EVENT, CQL_OP_OPTIONS, 0x55};
	CqlBuffer	body = {0};
	Talk		talk = {0};
	CqlFrame	frame = {.version = 4, .response = true, .opcode = CQL_OP_SUPPORTED};

	put_supported(&body, pairs);
	for (size_t len = 0; len < body.len; len++)
	{
		talk_begin(&talk);
		assert_int_equal(answer(&talk, CQL_OP_SUPPORTED, body.data, len), NET_HANDSHAKE_FAILED);
		assert_int_equal(talk.why.kind, NET_FAIL_PROTOCOL);
	}
	for (size_t i = 0; i < sizeof(wrong); i++)
	{
		talk_begin(&talk);
		assert_int_equal(answer(&talk, wrong[i], body.data, body.len), NET_HANDSHAKE_FAILED);
		assert_int_equal(answer_options(&talk, pairs), NET_HANDSHAKE_SEND);
		assert_int_equal(answer(&talk, wrong[i], body.data, body.len), NET_HANDSHAKE_FAILED);
	}
	frame.body = body.data;
	frame.length = (uint32_t) body.len;
	frame.stream = 1;
	talk_begin(&talk);
	assert_int_equal(net_handshake_answer(&talk.h, &frame, &talk.out, &talk.why), NET_HANDSHAKE_FAILED);
	frame.stream = 0;
	frame.response = false;
	assert_int_equal(net_handshake_answer(&talk.h, &frame, &talk.out, &talk.why), NET_HANDSHAKE_FAILED);
	cql_buffer_free(&body);
	cql_buffer_free(&talk.out);
}

/* ---- through the socket ---- */

static void
begin(Client *client, Peer *peer)
{
	client_init(client);
	peer_init(peer, client);
}

static void
expect_failure(Client *client, Peer *peer, NetFailureKind kind, const char *message)
{
	await(client, client->closed);
	assert_int_equal(client->why.kind, kind);
	if (!strstr(client->why.message, message))
		fail_msg("message is: %s", client->why.message);
	assert_int_equal(client->ready, 0);
	if (peer->fd >= 0)
		await(client, peer_sees_end(peer));
	finish(client, peer);
}

static void
answer_authenticate(Peer *peer)
{
	CqlBuffer	body = {0};

	cql_put_string(&body, "org.apache.cassandra.auth.PasswordAuthenticator");
	peer_answer(peer, 0, CQL_OP_AUTHENTICATE, body.data, body.len);
	cql_buffer_free(&body);
}

/* Accepts, and plays the node up to AUTH_RESPONSE, which is left to the caller. */
static void
ask_for_password(Peer *peer, Mode mode)
{
	peer_accept(peer);
	peer_supported(peer, mode.version, mode.lz4);
	peer_expect_startup(peer, mode.version);
	answer_authenticate(peer);
	peer_settle(peer, mode.version, mode.lz4);
}

static void
expect_password(Peer *peer)
{
	CqlFrame	frame = peer_next(peer);

	assert_int_equal(frame.opcode, CQL_OP_AUTH_RESPONSE);
	assert_int_equal(frame.length, 16);
	assert_memory_equal(frame.body, "\0\0\0\x0c\0user\0secret", 16);
}

static void
test_password_in_every_mode(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;

		begin(&client, &peer);
		peer_use_mode(&peer, modes[i]);
		client.config.username = "user";
		client.config.password = "secret";
		client.config.require_auth = true;
		client_open(&client, &peer);
		ask_for_password(&peer, modes[i]);
		expect_password(&peer);
		assert_int_equal(client.ready, 0);
		assert_false(net_connection_writable(client.c));
		peer_answer(&peer, 0, CQL_OP_AUTH_SUCCESS, "\xff\xff\xff\xff", 4);
		await(&client, client.ready == 1);
		finish(&client, &peer);
	}
}

static void
test_wrong_password(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;

		begin(&client, &peer);
		peer_use_mode(&peer, modes[i]);
		client.config.username = "user";
		client.config.password = "secret";
		client_open(&client, &peer);
		ask_for_password(&peer, modes[i]);
		expect_password(&peer);
		peer_error(&peer, 0, CQL_ERR_CREDENTIALS, "Provided username user and/or password are incorrect");
		expect_failure(&client, &peer, NET_FAIL_CREDENTIALS, "are incorrect");
	}
}

static void
test_password_asked_for_and_not_there(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	ask_for_password(&peer, modes[0]);
	expect_failure(&client, &peer, NET_FAIL_CREDENTIALS, "asks for a user name");
}

static void
test_password_there_and_not_asked_for(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client.config.require_auth = true;
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 4, false);
	peer_expect_startup(&peer, 4);
	peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
	expect_failure(&client, &peer, NET_FAIL_CREDENTIALS, "does not ask");
}

static void
test_other_authentication(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client.config.username = "user";
	client.config.password = "secret";
	client_open(&client, &peer);
	ask_for_password(&peer, modes[0]);
	expect_password(&peer);
	peer_answer(&peer, 0, CQL_OP_AUTH_CHALLENGE, "\xff\xff\xff\xff", 4);
	expect_failure(&client, &peer, NET_FAIL_CREDENTIALS, "plain password");
}

/* Cassandra 5.0 asks even where the certificate says who it is: the password, which it would ignore, stays here. */
static void
test_certificate_in_place_of_a_password(void **state)
{
	static const char *const none[] = {NULL};
	static const char empty[] = "\0\0\0\0";
	static const char plain[] = "\0\0\0\x04\0u\0p";
	static const struct
	{
		const char *authenticator;
		bool		cert, asked, password, require_auth, proves;
		const char *response;	/* NULL: it fails */
		size_t		length;
	}			cases[] = {
		{"org.apache.cassandra.auth.MutualTlsAuthenticator", true, true, false, false, false, empty, 4},
		{"org.apache.cassandra.auth.MutualTlsAuthenticator", true, true, true, false, false, empty, 4},
		{"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator", true, true, true, true, true, empty, 4},
		{"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator", true, true, true, true, false, NULL, 0},
		{"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator", true, false, true, true, false, plain, 8},
		{"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator", false, true, true, true, false, plain, 8},
		{"org.apache.cassandra.auth.MutualTlsWithPasswordFallbackAuthenticator", false, true, false, false, false, NULL, 0},
		{"org.apache.cassandra.auth.PasswordAuthenticator", true, true, true, true, false, plain, 8},
		{"org.apache.cassandra.auth.PasswordAuthenticator", true, true, false, false, false, NULL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Talk		talk = {.config = {.require_auth = cases[i].require_auth, .cert_proves = cases[i].proves}};
		CqlBuffer	body = {0};

		talk.config.tls.cert = cases[i].cert ? "cert" : NULL;
		if (cases[i].password)
		{
			talk.config.username = "u";
			talk.config.password = "p";
		}
		assert_int_equal(answer_options(&talk, none), NET_HANDSHAKE_SEND);
		talk.h.asked_certificate = cases[i].asked;
		cql_put_string(&body, cases[i].authenticator);
		assert_int_equal(answer(&talk, CQL_OP_AUTHENTICATE, body.data, body.len), cases[i].response ? NET_HANDSHAKE_SEND : NET_HANDSHAKE_FAILED);
		if (cases[i].response)
		{
			assert_int_equal(talk.out.data[4], CQL_OP_AUTH_RESPONSE);
			assert_int_equal(talk.out.len - 9, cases[i].length);
			assert_memory_equal(talk.out.data + 9, cases[i].response, cases[i].length);
		}
		cql_buffer_free(&body);
		cql_buffer_free(&talk.out);
	}
}

static const char refusal[] = "Invalid or unsupported protocol version (5); supported versions are (4/v4)";
static const char rejection[] = "Rejecting Protocol Version 4/v4 < 5/v5.";

/* The node refuses a version that was asked for, in a frame of another one, and leaves the socket open. */
static void
refuse(Client *client, Peer *peer, const char *message)
{
	peer->version = 9 - peer->version;
	peer_error(peer, 0, CQL_ERR_PROTOCOL, message);
	await(client, peer_sees_end(peer));
	peer_hang_up(peer);
}

/* A node that takes nothing older than v5 is asked at v5: one more connection, no more. */
static void
test_refused_v4_goes_up(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;

		if (modes[i].version < 5)
			continue;
		begin(&client, &peer);
		peer_use_mode(&peer, modes[i]);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_expect_options(&peer, 4);
		refuse(&client, &peer, rejection);
		assert_int_equal(client.closed, 0);

		peer_accept(&peer);
		peer_supported_at(&peer, 5, 5, modes[i].lz4);
		peer_expect_startup(&peer, 5);
		peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
		await(&client, client.ready == 1);
		assert_int_equal(net_connection_version(client.c), 5);
		finish(&client, &peer);
	}
}

/* What OPTIONS is refused with need not be worded as anybody knows it. */
static void
test_both_versions_refused(void **state)
{
	static const char *const texts[] = {rejection, refusal, "no"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		Client		client;
		Peer		peer;

		begin(&client, &peer);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_expect_options(&peer, 4);
		refuse(&client, &peer, "not this one");
		peer_accept(&peer);
		peer_expect_options(&peer, 5);
		peer_error(&peer, 0, CQL_ERR_PROTOCOL, texts[i]);
		expect_failure(&client, &peer, NET_FAIL_VERSION, "protocol versions 4 to 5 are refused: ");
		assert_non_null(strstr(client.why.message, texts[i]));
	}
}

/* A node changes its mind between OPTIONS and STARTUP, and once more: two tries, not an endless dance. */
static void
test_versions_are_tried_once(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 5, false);
	peer_expect_startup(&peer, 5);
	refuse(&client, &peer, refusal);
	peer_accept(&peer);
	peer_expect_options(&peer, 4);
	peer_error(&peer, 0, CQL_ERR_PROTOCOL, rejection);
	expect_failure(&client, &peer, NET_FAIL_VERSION, rejection);
}

/* In automatic mode a refused v5 costs one more connection, and then it is v4. */
static void
test_refused_v5_falls_back(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 5, false);
	peer_expect_startup(&peer, 5);
	peer_error(&peer, 0, CQL_ERR_PROTOCOL, refusal);
	await(&client, peer_sees_end(&peer));
	assert_int_equal(client.closed, 0);
	peer_hang_up(&peer);

	peer_accept(&peer);
	peer_supported(&peer, 5, false);
	peer_expect_startup(&peer, 4);
	peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
	await(&client, client.ready == 1);
	assert_int_equal(net_connection_version(client.c), 4);
	finish(&client, &peer);
}

static void
test_refused_v4_after_v5_is_final(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	for (uint8_t version = 5; version >= 4; version--)
	{
		peer_hang_up(&peer);
		peer_accept(&peer);
		peer_supported(&peer, 5, false);
		peer_expect_startup(&peer, version);
		peer_error(&peer, 0, CQL_ERR_PROTOCOL, refusal);
	}
	expect_failure(&client, &peer, NET_FAIL_VERSION, refusal);
}

/* From the first byte on. */
static void
test_explicit_version_is_never_changed(void **state)
{
	static const char *const refused[] = {"protocol version 4 is refused: ", "protocol version 5 is refused: "};

	for (uint8_t version = 4; version <= 5; version++)
	{
		for (int phase = 0; phase < 2; phase++)
		{
			Client		client;
			Peer		peer;

			begin(&client, &peer);
			client.config.protocol_version = version;
			client_open(&client, &peer);
			peer_accept(&peer);
			if (phase == 0)
				peer_expect_options(&peer, version);
			else
			{
				peer_supported_at(&peer, version, 9 - version, false);
				peer_expect_startup(&peer, version);
			}
			peer_error(&peer, 0, CQL_ERR_PROTOCOL, refusal);
			expect_failure(&client, &peer, NET_FAIL_VERSION, refused[version - 4]);
			assert_non_null(strstr(client.why.message, refusal));
		}
	}
}

/* An answer to STARTUP speaks the version that STARTUP asked for. */
static void
test_answer_of_another_version(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 5, false);
	peer_expect_startup(&peer, 5);
	peer.version = 4;
	peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
	expect_failure(&client, &peer, NET_FAIL_PROTOCOL, "version 4 where version 5 is due");
}

static void
test_errors_during_the_handshake(void **state)
{
	static const struct
	{
		uint32_t	code;
		NetFailureKind kind;
	}			cases[] = {
		{CQL_ERR_OVERLOADED, NET_FAIL_CONNECT},
		{CQL_ERR_BOOTSTRAPPING, NET_FAIL_CONNECT},
		{CQL_ERR_CREDENTIALS, NET_FAIL_CREDENTIALS},
	};
	Client		client;
	Peer		peer;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		begin(&client, &peer);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_next(&peer);
		peer_error(&peer, 0, cases[i].code, "not now");
		expect_failure(&client, &peer, cases[i].kind, "not now");
	}

	/* STARTUP may be wrong otherwise than by its version */
	begin(&client, &peer);
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 5, false);
	peer_expect_startup(&peer, 5);
	peer_error(&peer, 0, CQL_ERR_PROTOCOL, "Unknown compression algorithm");
	expect_failure(&client, &peer, NET_FAIL_PROTOCOL, "Unknown compression");
}

static void
test_another_protocol(void **state)
{
	static const struct
	{
		const char *greeting;
		size_t		length;
		const char *message;
	}			cases[] = {
		{"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "an HTTP server answered: is this the right port?"},
		{"HTTP/", 5, "HTTP server"},
		{"SSH-2.0-OpenSSH_9.2p1\r\n", 23, "does not speak CQL: is this the right port?"},
		{"\x4a\0\0\0\x0a" "8.0.36", 11, "does not speak CQL"},
		{"\x15\x03\x03\0\x02\x02\x46", 7, "this port speaks TLS"},	/* shorter than a frame's header */
		{"\x15\x03\x01", 3, "this port speaks TLS"},
		{"\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03", 11, "this port speaks TLS"},
		{"\x84\0\0\0\x55\0\0\0\0", 9, "malformed or unexpected answer"},
		{"\x84\0\0\0\x06\x7f\xff\xff\xff", 9, "impossible length"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Client		client;
		Peer		peer;

		begin(&client, &peer);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_expect_options(&peer, 4);
		peer_send(&peer, (const uint8_t *) cases[i].greeting, cases[i].length);
		expect_failure(&client, &peer, NET_FAIL_PROTOCOL, cases[i].message);
	}
}

static void
test_nobody_listens(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	close(peer.listener);
	peer.listener = socket(AF_INET, SOCK_STREAM, 0);
	client_open(&client, &peer);
	assert_int_equal(client.closed, 0);
	expect_failure(&client, &peer, NET_FAIL_CONNECT, "refused");

	/* no address at all: fails at once, and is told from the loop all the same */
	begin(&client, &peer);
	memset(&peer.address, 0, sizeof(peer.address));
	client_open(&client, &peer);
	assert_int_equal(client.closed, 0);
	expect_failure(&client, &peer, NET_FAIL_CONNECT, "");
}

typedef enum Silence
{
	SILENT_CONNECT, SILENT_OPTIONS, SILENT_STARTUP, SILENT_AUTH, SILENT_REOPENING, SILENT_PHASES
} Silence;

/* Plays the node up to the request that it leaves unanswered. */
static void
play_until(Client *client, Peer *peer, Silence phase)
{
	begin(client, peer);
	client->config.heartbeat_interval = 100;
	client->config.username = "user";
	client->config.password = "secret";
	client_open(client, peer);
	if (phase == SILENT_CONNECT)
		return;
	peer_accept(peer);
	if (phase == SILENT_OPTIONS)
	{
		assert_int_equal(peer_next(peer).opcode, CQL_OP_OPTIONS);
		return;
	}
	peer_supported(peer, 5, false);
	peer_expect_startup(peer, 5);
	if (phase == SILENT_REOPENING)
	{
		peer_error(peer, 0, CQL_ERR_PROTOCOL, refusal);
		await(client, peer_sees_end(peer));
		peer_hang_up(peer);
	}
	if (phase == SILENT_AUTH)
	{
		answer_authenticate(peer);
		peer_settle(peer, 5, false);
		expect_password(peer);
	}
}

/* A heartbeat before READY would break the handshake, so the clock sends nothing. */
static void
test_silence_in_every_phase_ends_in_time(void **state)
{
	static const char *const awaited[] = {"connection", "OPTIONS", "STARTUP", "AUTH_RESPONSE", "connection"};

	for (Silence phase = SILENT_CONNECT; phase < SILENT_PHASES; phase++)
	{
		Client		client;
		Peer		peer;
		CqlFrame	frame;

		play_until(&client, &peer, phase);
		for (int i = 0; i < 3; i++)
			pass_time(&client, 333);
		if (phase != SILENT_CONNECT && phase != SILENT_REOPENING)
		{
			uv_run(&client.loop, UV_RUN_NOWAIT);
			assert_false(peer_poll(&peer, &frame));
		}
		assert_int_equal(client.closed, 0);
		pass_time(&client, 1);
		expect_failure(&client, &peer, NET_FAIL_TIMEOUT, awaited[phase]);
	}
}

static void
test_close_in_every_phase(void **state)
{
	for (Silence phase = SILENT_CONNECT; phase < SILENT_PHASES; phase++)
	{
		Client		client;
		Peer		peer;

		play_until(&client, &peer, phase);
		client_close(&client);
		expect_failure(&client, &peer, NET_FAIL_NONE, "closed");
	}
}

static void
test_hang_up_in_every_phase(void **state)
{
	for (Silence phase = SILENT_OPTIONS; phase < SILENT_REOPENING; phase++)
	{
		Client		client;
		Peer		peer;

		play_until(&client, &peer, phase);
		peer_hang_up(&peer);
		expect_failure(&client, &peer, NET_FAIL_CLOSED,
					   phase == SILENT_OPTIONS ? "closed the connection before it answered: does it want TLS, or another protocol than CQL?" :
					   "closed the connection");
		assert_int_equal(strstr(client.why.message, "TLS") != NULL, phase == SILENT_OPTIONS);
	}
}

/* The last frame of the handshake and the first segment in one read, cut anywhere. */
static void
test_segments_begin_behind_ready(void **state)
{
	for (size_t cut = 0; cut <= 34; cut++)
	{
		Client		client;
		Peer		peer;
		CqlBuffer	wire = {0};
		CqlBuffer	event = {0};

		begin(&client, &peer);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_supported(&peer, 5, false);
		peer_expect_startup(&peer, 5);
		put_frame(&wire, 5, 0, CQL_OP_READY, NULL, 0);
		put_frame(&event, 5, -1, CQL_OP_EVENT, "event", 5);
		cql_segment_write(&wire, event.data, event.len, false);
		assert_true(wire.len <= 34);
		peer_send(&peer, wire.data, cut < wire.len ? cut : wire.len);
		uv_run(&client.loop, UV_RUN_NOWAIT);
		if (cut < wire.len)
			peer_send(&peer, wire.data + cut, wire.len - cut);
		await(&client, client.events == 1);
		assert_int_equal(client.ready, 1);
		cql_buffer_free(&wire);
		cql_buffer_free(&event);
		finish(&client, &peer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_is_chosen_from_supported),
		cmocka_unit_test(test_startup_says_who_uses_the_driver),
		cmocka_unit_test(test_configuration_is_told_where_it_is_asked_for),
		cmocka_unit_test(test_compression_only_where_both_want_it),
		cmocka_unit_test(test_extensions_are_asked_for),
		cmocka_unit_test(test_all_that_scylladb_offers),
		cmocka_unit_test(test_lwt_mark_that_makes_no_sense_is_not_asked_for),
		cmocka_unit_test(test_shard_is_read_or_left_out),
		cmocka_unit_test(test_port_of_shards_and_host_id),
		cmocka_unit_test(test_malformed_answers),
		cmocka_unit_test(test_password_in_every_mode),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_password_asked_for_and_not_there),
		cmocka_unit_test(test_password_there_and_not_asked_for),
		cmocka_unit_test(test_other_authentication),
		cmocka_unit_test(test_certificate_in_place_of_a_password),
		cmocka_unit_test(test_refused_v5_falls_back),
		cmocka_unit_test(test_refused_v4_after_v5_is_final),
		cmocka_unit_test(test_refused_v4_goes_up),
		cmocka_unit_test(test_both_versions_refused),
		cmocka_unit_test(test_versions_are_tried_once),
		cmocka_unit_test(test_explicit_version_is_never_changed),
		cmocka_unit_test(test_answer_of_another_version),
		cmocka_unit_test(test_errors_during_the_handshake),
		cmocka_unit_test(test_another_protocol),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_silence_in_every_phase_ends_in_time),
		cmocka_unit_test(test_close_in_every_phase),
		cmocka_unit_test(test_hang_up_in_every_phase),
		cmocka_unit_test(test_segments_begin_behind_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
