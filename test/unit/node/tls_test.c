/* The node with TLS as a well-behaved one: versions, sessions, who the client is. */
#include "tls_client.h"

/* ---- as it should be ---- */

/* Plain and TLS beside each other, as with ScyllaDB: four ports, and each is told on all of them. */
static void
ports_of_tls_are_its_own(void **state)
{
	SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
	Node	   *node = start_tls("", "scylla 4\ntls_port 0\n");
	int			port[] = {node_port(node), node_shard_port(node), node_tls_port(node), node_tls_shard_port(node)};

	for (int i = 0; i < 4; i++)
	{
		CqlBuffer	body = {0};
		CqlPrefix	prefix;
		CqlReader	r;
		char		text[16];
		Client		c;

		for (int k = 0; k < i; k++)
			assert_int_not_equal(port[i], port[k]);
		client_connect_port(&c, node, port[i]);
		if (i >= 2)
		{
			begin_tls(&c, ctx);
			assert_int_equal(SSL_connect(c.ssl), 1);
		}
		c.version = 4;
		client_send(&c, 0, CQL_OP_OPTIONS, &body);
		client_expect(&c, 0, CQL_OP_SUPPORTED);
		assert_true(cql_response_prefix(&c.frame, &prefix, &r));
		snprintf(text, sizeof(text), "%d", port[1]);
		assert_true(cql_response_supported_has(r, "SCYLLA_SHARD_AWARE_PORT", text));
		snprintf(text, sizeof(text), "%d", port[3]);
		assert_true(cql_response_supported_has(r, "SCYLLA_SHARD_AWARE_PORT_SSL", text));
		client_close(&c);
	}
	assert_int_equal(node_count(node, "tls_handshakes"), 2);
	assert_true(node_order(node, "refuse shard_aware\nlisten"));
	assert_int_equal(node_tls_shard_port(node), port[3]);
	node_stop(node);
	SSL_CTX_free(ctx);
}

/* Rows of many records, and many frames in one, both ways. */
static void
statements_pass(void **state)
{
	static const char *const words[] = {"", "fragment 512"};
	size_t		n = 100000;
	char	   *text = malloc(n + 100);
	int			head = snprintf(text, 100, "INSERT INTO ks.t (id, s) VALUES (9, '");

	for (size_t i = 0; i < n; i++)
		text[(size_t) head + i] = (char) ('a' + i * i % 23);
	snprintf(text + head + n, 64, "')");
	for (int i = 0; i < 16; i++)
	{
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls(words[i >> 1 & 1], "");
		CqlMetadata metadata;
		CqlReader	r;
		CqlBytes	v;
		Client		c;

		meet(&c, node, ctx);
		SSL_set_tlsext_host_name(c.ssl, "node.example");
		assert_int_equal(SSL_connect(c.ssl), 1);
		client_begin(&c, i & 4 ? 5 : 4, i & 8);
		client_run(&c, text);
		for (int16_t k = 0; k < 50; k++)
			client_send_query(&c, k, "SELECT s FROM ks.t WHERE id = 9");
		for (int16_t k = 0; k < 50; k++)
		{
			assert_int_equal(client_expect_rows(&c, k, &metadata, &r), 1);
			v = cql_get_bytes(&r);
			assert_int_equal(v.len, n);
			assert_memory_equal(v.data, text + head, n);
		}
		assert_int_equal(node_count(node, "tls_handshakes"), 1);
		assert_int_equal(node_count(node, "tls_tickets"), versions[i & 1] == TLS1_3_VERSION);	/* its made up id */
		assert_int_equal(node_count(node, "plain_bytes"), 0);
		SSL_shutdown(c.ssl);
		assert_true(node_await(node, "close_notifies", 1, 5000));
		assert_true(node_await_below(node, "open", 0, 5000));
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
	free(text);
}

static void
names_are_reported(void **state)
{
	SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
	Node	   *node = start_tls("", "");
	NodeReport	report;
	Client		c;

	shake(&c, node, ctx);
	node_report(node, &report);
	assert_string_equal(report.tls_sni, "");
	client_close(&c);
	meet(&c, node, ctx);
	SSL_set_tlsext_host_name(c.ssl, "node.example");
	assert_int_equal(SSL_connect(c.ssl), 1);
	node_report(node, &report);
	assert_string_equal(report.tls_sni, "node.example");
	client_close(&c);
	node_stop(node);
	SSL_CTX_free(ctx);
}

static void
versions_are_bounded(void **state)
{
	static const char *const words[] = {"max TLSv1.2", "min TLSv1.3"};

	for (int i = 0; i < 4; i++)
	{
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls(words[i >> 1], "");
		Client		c;

		meet(&c, node, ctx);
		assert_int_equal(SSL_connect(c.ssl) == 1, (i & 1) == i >> 1);
		assert_true(node_await(node, (i & 1) == i >> 1 ? "tls_handshakes" : "tls_failed", 1, 5000));
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* ---- bytes that are no TLS ---- */

static void
plain_bytes_are_counted(void **state)
{
	SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
	Node	   *node = start_tls("", "");
	CqlBuffer	body = {0};
	Client		c;

	client_connect(&c, node);
	c.version = 4;
	client_send(&c, 0, CQL_OP_OPTIONS, &body);
	assert_int_equal(client_next(&c), CQL_SPLIT_MORE);	/* hangs up */
	client_close(&c);
	assert_int_equal(node_count(node, "plain_bytes"), 9);
	assert_int_equal(node_count(node, "requests"), 0);

	/* behind a handshake too */
	shake(&c, node, ctx);
	SSL_free(c.ssl);
	c.ssl = NULL;
	c.version = 4;
	client_send(&c, 0, CQL_OP_OPTIONS, &body);
	assert_true(node_await(node, "plain_bytes", 18, 5000));
	client_close(&c);
	node_stop(node);
	SSL_CTX_free(ctx);
}

static void
first_byte_decides(void **state)
{
	SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
	Node	   *node = start_tls("", "tls optional");
	uint64_t	plain;
	Client		c;

	client_open(&c, node, 5, true);
	expect_rows(&c);
	plain = node_count(node, "plain_bytes");
	assert_int_equal(plain, node_count(node, "bytes_in"));
	client_close(&c);
	shake(&c, node, ctx);
	client_begin(&c, 5, true);
	expect_rows(&c);
	client_close(&c);
	assert_int_equal(node_count(node, "plain_bytes"), plain);
	assert_int_equal(node_count(node, "tls_handshakes"), 1);
	assert_true(node_order(node, "tls off"));
	client_open(&c, node, 5, true);
	client_close(&c);
	meet(&c, node, ctx);
	assert_int_not_equal(SSL_connect(c.ssl), 1);
	client_close(&c);
	assert_int_equal(node_count(node, "plain_bytes"), plain);
	node_stop(node);
	SSL_CTX_free(ctx);
}

static void
supports(const Client *c, const char *key, bool yes)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlReader	values;
	uint16_t	n;

	assert_true(cql_response_prefix(&c->frame, &prefix, &r));
	assert_true(cql_response_supported(r, key, &values, &n));
	assert_int_equal(n > 0, yes);
}

/* A client of TLS learns of the port that speaks it. */
static void
shard_aware_port_speaks_tls(void **state)
{
	SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);

	for (int optional = 0; optional < 2; optional++)
	{
		Node	   *node = start_tls("", optional ? "scylla 2\ntls optional" : "scylla 2");
		CqlBuffer	body = {0};
		Client		c;

		client_connect_port(&c, node, node_shard_port(node));
		begin_tls(&c, ctx);
		assert_int_equal(SSL_connect(c.ssl), 1);
		c.version = 4;
		client_send(&c, 0, CQL_OP_OPTIONS, &body);
		client_expect(&c, 0, CQL_OP_SUPPORTED);
		supports(&c, "SCYLLA_SHARD_AWARE_PORT", optional);
		supports(&c, "SCYLLA_SHARD_AWARE_PORT_SSL", true);
		client_close(&c);
		node_stop(node);
	}
	SSL_CTX_free(ctx);
}

/* ---- sessions ---- */

static int	tickets;
static SSL_SESSION *ticket;		/* the last one */

static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
	tickets++;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

static SSL_CTX *
new_keeper(int version)
{
	SSL_CTX    *ctx = new_context(version, NULL);

	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	return ctx;
}

/* A connection that offers this session; true if the node took it. The last ticket it gave is in ticket. */
static bool
resumes(Node *node, SSL_CTX *ctx, SSL_SESSION *session)
{
	bool		resumed;
	Client		c;

	meet(&c, node, ctx);
	if (session != NULL)
		assert_int_equal(SSL_set_session(c.ssl, session), 1);
	tickets = 0;
	assert_int_equal(SSL_connect(c.ssl), 1);
	client_begin(&c, 4, false);
	expect_rows(&c);			/* tickets stand before it */
	resumed = SSL_session_reused(c.ssl);
	SSL_shutdown(c.ssl);
	client_close(&c);
	return resumed;
}

static void
forget_ticket(void)
{
	SSL_SESSION_free(ticket);
	ticket = NULL;
}

static void
sessions_go_on(void **state)
{
	static const char *const words[] = {"", "ids"};

	for (int i = 0; i < 4; i++)
	{
		bool		v13 = versions[i & 1] == TLS1_3_VERSION;
		SSL_CTX    *ctx = new_keeper(versions[i & 1]);
		Node	   *node = start_tls(words[i >> 1], "");
		SSL_SESSION *first;
		SSL_SESSION *again;

		assert_false(resumes(node, ctx, NULL));
		assert_int_equal(tickets, v13 ? 2 : 1);
		first = SSL_SESSION_dup(ticket);
		again = SSL_SESSION_dup(ticket);	/* OpenSSL's client offers one of TLS 1.3 once */
		assert_true(resumes(node, ctx, first));
		assert_int_equal(node_count(node, "tls_resumed"), 1);
		assert_int_equal(node_count(node, "ticket_reused"), 0);
		assert_true(resumes(node, ctx, again));
		assert_int_equal(node_count(node, "ticket_reused"), 1);
		SSL_SESSION_free(first);
		SSL_SESSION_free(again);

		first = SSL_SESSION_dup(ticket);
		assert_true(node_order(node, "tls forget"));
		assert_false(resumes(node, ctx, first));
		SSL_SESSION_free(first);
		forget_ticket();
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

static void
tickets_are_as_many_as_ordered(void **state)
{
	for (int n = 0; n <= 5; n += 5)
	{
		SSL_CTX    *ctx = new_keeper(TLS1_3_VERSION);
		char		words[32];
		Node	   *node;

		snprintf(words, sizeof(words), "tickets %d", n);
		node = start_tls(words, "");
		assert_false(resumes(node, ctx, NULL));
		assert_int_equal(tickets, n);
		forget_ticket();
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* A node that reads its certificate again knows its tickets, unless it was told to forget them. */
static void
tickets_outlive_the_certificate(void **state)
{
	SSL_CTX    *ctx = new_keeper(TLS1_3_VERSION);
	Node	   *node = start_tls("", "");

	assert_false(resumes(node, ctx, NULL));
	assert_true(node_order(node, "tls %s %s", path("client", "pem"), path("client", "key")));
	assert_true(resumes(node, ctx, ticket));
	forget_ticket();
	node_stop(node);
	SSL_CTX_free(ctx);
}

/* ---- the client's certificate ---- */

static void
certificates_are_asked_for(void **state)
{
	static const struct
	{
		const char *words;
		const char *certificate;
		int			alert;		/* 0: accepted */
	}			cases[] = {
		{"client none", "client", 0}, {"client ask", NULL, 0}, {"client ask", "client", 0},
		{"client require", "client", 0}, {"client ask", "expired", SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED},
		{"client require", "expired", SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED},
		{"client require", NULL, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED}
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		bool		v13 = versions[i & 1] == TLS1_3_VERSION;
		SSL_CTX    *ctx = new_context(versions[i & 1], cases[i / 2].certificate);
		Node	   *node = start_tls(cases[i / 2].words, "");
		Client		c;

		meet(&c, node, ctx);
		/* TLS 1.3: the client is done before the node has looked */
		assert_int_equal(SSL_connect(c.ssl) == 1, v13 || cases[i / 2].alert == 0);
		if (cases[i / 2].alert == 0)
		{
			client_begin(&c, 4, false);
			assert_int_equal(node_count(node, "tls_client_certs"), i >= 2 && cases[i / 2].certificate != NULL);
		}
		else
		{
			if (v13)
				assert_int_equal(read_error(&c), SSL_ERROR_SSL);
			assert_int_equal(reason(), v13 || cases[i / 2].certificate ? cases[i / 2].alert :
							 SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
			assert_int_equal(node_count(node, "tls_failed"), 1);
		}
		client_close(&c);
		assert_true(node_await_below(node, "open", 0, 5000));
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

static void
certificates_log_in(void **state)
{
	static const struct
	{
		const char *auth;
		const char *certificate;
		uint8_t		answer;
		const char *text;
	}			cases[] = {
		{"auth me secret certificate", "client", CQL_OP_READY, ""},
		{"auth me secret certificate", NULL, CQL_OP_AUTHENTICATE, ""},
		{"auth me secret certificate", "stranger", CQL_OP_ERROR, "Certificate identity 'nobody' not authorized"},
		{"auth certificate me", "client", CQL_OP_READY, ""},
		{"auth certificate me", NULL, CQL_OP_ERROR, "Invalid or not supported certificate"},
		{"auth certificate me", "stranger", CQL_OP_ERROR, "Certificate identity 'nobody' not authorized"},
		{"auth me secret", "client", CQL_OP_AUTHENTICATE, ""}
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		SSL_CTX    *ctx = new_context(TLS1_3_VERSION, cases[i / 2].certificate);
		Node	   *node = start_tls("client ask", cases[i / 2].auth);
		CqlBuffer	body = {0};
		Client		c;

		shake(&c, node, ctx);
		client_startup(&c, i & 1 ? 5 : 4, false);
		if (cases[i / 2].answer == CQL_OP_ERROR)
			assert_true(cql_string_equal(client_expect_error(&c, 0, CQL_ERR_CREDENTIALS).message, cases[i / 2].text));
		else
		{
			client_expect(&c, 0, cases[i / 2].answer);
			client_start_segments(&c);
		}
		if (cases[i / 2].answer == CQL_OP_READY)
			expect_rows(&c);
		if (cases[i / 2].answer == CQL_OP_AUTHENTICATE)
		{
			cql_request_plain(&body, "me", "secret");
			client_send(&c, 0, CQL_OP_AUTH_RESPONSE, &body);
			client_expect(&c, 0, CQL_OP_AUTH_SUCCESS);
		}
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* ---- the language ---- */

static void
wrong_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"tls", "tls optional", "tls forget", "tls %1$s", "tls /nowhere %2$s", "tls %1$s /nowhere", "tls %2$s %1$s",
		"tls %1$s %2$s ca /nowhere", "tls %1$s %2$s client maybe", "tls %1$s %2$s min 3", "tls %1$s %2$s max",
		"tls %1$s %2$s fragment 5", "tls %1$s %2$s tickets x", "tls %1$s %2$s more", "on CONNECT tls-flip",
		"on CLIENT_HELLO error 5", "on CLIENT_HELLO alert", "on EXECUTE plain", "on EXECUTE stall",
		"on CLIENT_FINISHED hold", "auth", "auth certificate", "auth me", "auth me secret more"
	};
	Node	   *node = start_node("");
	int			out = dup(STDERR_FILENO);

	assert_non_null(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
	{
		char		line[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof(line), lines[i], path("server", "pem"), path("server", "key"));
#pragma GCC diagnostic pop
		if (node_order(node, "%s", line))
			fail_msg("%s", line);
	}
	assert_int_equal(dup2(out, STDERR_FILENO), STDERR_FILENO);
	close(out);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements_pass),
		cmocka_unit_test(names_are_reported),
		cmocka_unit_test(versions_are_bounded),
		cmocka_unit_test(plain_bytes_are_counted),
		cmocka_unit_test(first_byte_decides),
		cmocka_unit_test(shard_aware_port_speaks_tls),
		cmocka_unit_test(ports_of_tls_are_its_own),
		cmocka_unit_test(sessions_go_on),
		cmocka_unit_test(tickets_are_as_many_as_ordered),
		cmocka_unit_test(tickets_outlive_the_certificate),
		cmocka_unit_test(certificates_are_asked_for),
		cmocka_unit_test(certificates_log_in),
		cmocka_unit_test(wrong_lines_are_refused)
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
