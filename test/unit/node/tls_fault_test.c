/* The node with TLS as an ill-behaved one: every fault of a handshake and of records. */
#include "tls_client.h"

/* ---- faults in the handshake ---- */

static void
handshakes_end_as_ordered(void **state)
{
	static const struct
	{
		const char *action;
		int			bytes;		/* that came; -1: any */
		int			reason;		/* of OpenSSL; 0: any, -1: the connection's end */
	}			cases[] = {
		{"close", 0, -1}, {"reset", 0, -1}, {"cut 1", 1, -1}, {"cut 5", 5, -1}, {"cut 70", 70, -1},
		{"garbage", -1, SSL_R_WRONG_VERSION_NUMBER}, {"plain", -1, SSL_R_WRONG_VERSION_NUMBER},
		{"alert 40", 7, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE}, {"alert 80", 7, SSL_R_TLSV1_ALERT_INTERNAL_ERROR},
		{"tls-flip", -1, 0}, {"tls-flip 0", -1, 0}
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls("", "");
		Client		c;

		assert_true(node_order(node, "on CLIENT_HELLO nth 2 %s", cases[i / 2].action));
		shake(&c, node, ctx);
		client_close(&c);
		meet(&c, node, ctx);
		assert_int_not_equal(SSL_connect(c.ssl), 1);
		if (cases[i / 2].bytes >= 0)
			assert_int_equal(BIO_number_read(SSL_get_rbio(c.ssl)), cases[i / 2].bytes);
		if (cases[i / 2].reason > 0)
			assert_int_equal(reason(), cases[i / 2].reason);
		if (cases[i / 2].reason < 0)
			assert_int_not_equal(errno, EAGAIN);
		client_close(&c);
		assert_true(node_await_below(node, "open", 0, 5000));
		assert_int_equal(node_count(node, "faults"), 1);
		shake(&c, node, ctx);
		client_begin(&c, 4, false);
		expect_rows(&c);
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* A client that goes on in plain text when its handshake has failed is found out. */
static void
plain_bytes_behind_a_failure_are_counted(void **state)
{
	static const char *const actions[] = {"garbage", "plain", "alert 40", "silent", "tls-flip 0"};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
	{
		SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
		Node	   *node = start_tls("", "");
		CqlBuffer	body = {0};
		Client		c;

		assert_true(node_order(node, "on CLIENT_HELLO %s", actions[i]));
		meet(&c, node, ctx);
		block(&c, false);
		assert_int_equal(SSL_connect(c.ssl), -1);
		assert_true(node_await(node, "faults", 1, 5000));
		block(&c, true);
		SSL_free(c.ssl);
		c.ssl = NULL;
		c.version = 4;
		client_send(&c, 0, CQL_OP_OPTIONS, &body);
		assert_true(node_await(node, "plain_bytes", 9, 5000));
		assert_int_equal(node_count(node, "requests"), 0);
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* Both flights: nothing, or nothing more than these bytes, until `release`. */
static void
handshakes_stall(void **state)
{
	static const char *const flights[] = {"CLIENT_HELLO", "CLIENT_FINISHED"};

	for (int i = 0; i < 8; i++)
	{
		const char *flight = flights[i >> 1 & 1];
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls("", "");
		int			stall = i & 4 ? 0 : 7;
		Client		c;

		assert_true(node_order(node, "on %s nth 1 stall %d\non %s nth 2 silent", flight, stall, flight));
		meet(&c, node, ctx);
		block(&c, false);
		/* a client of TLS 1.3 does not wait for the last flight: tickets */
		while (node_count(node, "held") == 0)
			SSL_connect(c.ssl);
		assert_int_equal(SSL_connect(c.ssl) == 1, i >> 1 & 1 && versions[i & 1] == TLS1_3_VERSION);
		assert_true(node_order(node, "release"));
		assert_int_equal(node_count(node, "held"), 0);
		block(&c, true);
		assert_int_equal(SSL_connect(c.ssl), 1);
		client_begin(&c, 4, false);
		expect_rows(&c);
		client_close(&c);

		meet(&c, node, ctx);
		block(&c, false);
		while (node_count(node, "faults") < 2)
			SSL_connect(c.ssl);
		assert_int_equal(SSL_connect(c.ssl) == 1, i >> 1 & 1 && versions[i & 1] == TLS1_3_VERSION);
		assert_true(node_order(node, "disconnect"));
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

static void
bytes_dribble(void **state)
{
	for (int i = 0; i < 4; i++)
	{
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls("", "");
		Client		c;

		assert_true(node_order(node, "on %s dribble", i & 2 ? "CLIENT_HELLO" : "STARTUP"));
		shake(&c, node, ctx);
		client_begin(&c, 5, false);
		expect_rows(&c);
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* ---- faults of records ---- */

static void
records_end_as_ordered(void **state)
{
	static const struct
	{
		const char *action;
		bool		notified;
		bool		mac;		/* the client finds a record that was changed */
	}			cases[] = {
		{"close", false, false}, {"reset", false, false}, {"tls-close", true, false}, {"tls-cut 0", false, false},
		{"tls-cut 5", false, false}, {"tls-cut 11", false, false}, {"tls-flip", false, true},
		{"tls-flip 7", false, true}
	};

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++)
	{
		SSL_CTX    *ctx = new_context(versions[i & 1], NULL);
		Node	   *node = start_tls("", "");
		Client		c;

		assert_true(node_order(node, "on QUERY nth 2 %s", cases[i / 2].action));
		shake(&c, node, ctx);
		client_begin(&c, 5, true);
		expect_rows(&c);
		client_send_query(&c, 1, "SELECT s FROM ks.t WHERE id = 1");
		assert_int_equal(read_error(&c) == SSL_ERROR_ZERO_RETURN, cases[i / 2].notified);
		if (cases[i / 2].mac)
		{
			assert_int_equal(reason(), SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC);
			assert_true(node_await(node, "tls_failed", 1, 5000));	/* by the client's alert */
		}
		client_close(&c);
		assert_true(node_await_below(node, "open", 0, 5000));
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* The rest of the record, and all behind it, leaves on `release`; plain connections stall as well. */
static void
answers_stall(void **state)
{
	for (int i = 0; i < 3; i++)
	{
		SSL_CTX    *ctx = i < 2 ? new_context(versions[i], NULL) : NULL;
		Node	   *node = ctx ? start_tls("", "") : start_node(SCHEMA);
		CqlMetadata metadata;
		CqlReader	r;
		uint8_t		byte;
		Client		c;

		assert_true(node_order(node, "on QUERY nth 2 stall 9"));
		if (ctx)
			shake(&c, node, ctx);
		else
			client_connect(&c, node);
		client_begin(&c, 4, false);
		expect_rows(&c);
		client_send_query(&c, 1, "SELECT s FROM ks.t WHERE id = 1");
		client_send_query(&c, 2, "SELECT s FROM ks.t WHERE id = 1");
		assert_true(node_await(node, "answers", 4, 5000));
		assert_int_equal(node_count(node, "held"), 1);
		assert_int_equal(recv(c.fd, &byte, 1, MSG_PEEK), 1);
		if (ctx)
		{
			block(&c, false);
			assert_int_equal(SSL_read(c.ssl, &byte, 1), -1);
			assert_int_equal(SSL_get_error(c.ssl, -1), SSL_ERROR_WANT_READ);
			block(&c, true);
		}
		assert_true(node_order(node, "release"));
		assert_int_equal(client_expect_rows(&c, 1, &metadata, &r), 1);
		assert_int_equal(client_expect_rows(&c, 2, &metadata, &r), 1);
		expect_rows(&c);

		assert_true(node_order(node, "on QUERY nth 1 stall 9"));
		client_send_query(&c, 1, "SELECT s FROM ks.t WHERE id = 1");
		assert_true(node_await(node, "held", 1, 5000));
		client_close(&c);
		assert_true(node_await_below(node, "held", 0, 5000));
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

static int	key_updates[2];		/* received, sent */

static void
on_message(int sent, int version, int type, const void *data, size_t n, SSL *ssl, void *arg)
{
	if (type == SSL3_RT_HANDSHAKE && *(const uint8_t *) data == SSL3_MT_KEY_UPDATE)
		key_updates[sent]++;
}

static void
keys_are_updated(void **state)
{
	static const char *const words[] = {"", "request"};

	for (int i = 0; i < 2; i++)
	{
		SSL_CTX    *ctx = new_context(TLS1_3_VERSION, NULL);
		Node	   *node = start_tls("", "");
		Client		c;

		key_updates[0] = key_updates[1] = 0;
		SSL_CTX_set_msg_callback(ctx, on_message);
		assert_true(node_order(node, "on QUERY every 2 key-update %s", words[i]));
		shake(&c, node, ctx);
		client_begin(&c, 5, true);
		for (int k = 0; k < 11; k++)
			expect_rows(&c);
		assert_int_equal(key_updates[0], 5);
		assert_int_equal(key_updates[1], i * 5);
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

/* A client that does not want to is hung up on, as OpenSSL does. */
static void
renegotiation_is_asked_for(void **state)
{
	for (int refused = 0; refused < 2; refused++)
	{
		SSL_CTX    *ctx = new_context(TLS1_2_VERSION, NULL);
		Node	   *node = start_tls("", "");
		Client		c;

		if (refused)
			SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
		assert_true(node_order(node, "on QUERY nth 2 renegotiate"));
		shake(&c, node, ctx);
		client_begin(&c, 4, false);
		expect_rows(&c);
		expect_rows(&c);
		if (refused)
			assert_true(node_await(node, "tls_failed", 1, 5000));
		else
			expect_rows(&c);
		client_close(&c);
		node_stop(node);
		SSL_CTX_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes_end_as_ordered),
		cmocka_unit_test(plain_bytes_behind_a_failure_are_counted),
		cmocka_unit_test(handshakes_stall),
		cmocka_unit_test(bytes_dribble),
		cmocka_unit_test(records_end_as_ordered),
		cmocka_unit_test(answers_stall),
		cmocka_unit_test(keys_are_updated),
		cmocka_unit_test(renegotiation_is_asked_for)
	};

	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
