/*
 * connection: TLS in front of everything else, and nothing without it.
 */
#include "net/peer.h"

#include <openssl/err.h>

#include "net/frames.h"

static void
begin(Client *client, Peer *peer)
{
	client_init(client);
	peer_init(peer, client);
	peer_use_tls(peer, TLS1_3_VERSION);
}

/* The socket alone, without the peer's side of TLS. */
static void
accept_plain(Peer *peer)
{
	await(peer->client, (peer->fd = accept(peer->listener, NULL, NULL)) >= 0);
}

static void
expect_end(Client *client, Peer *peer, NetFailureKind kind, const char *says)
{
	await(client, client->closed);
	if (client->why.kind != kind || !strstr(client->why.message, says))
		fail_msg("kind %d: %s", client->why.kind, client->why.message);
	assert_int_equal(client->ready, 0);
	finish(client, peer);
}

/* All that comes until the end is records of TLS: handshakes and alerts. */
static void
expect_records_only(Peer *peer)
{
	uint8_t		bytes[4096];
	size_t		total = 0;
	ssize_t		n;

	await(peer->client, (n = recv(peer->fd, bytes + total, sizeof(bytes) - total, MSG_DONTWAIT)) == 0 ||
		  (n > 0 && (total += (size_t) n) == 0));
	for (size_t at = 0; at < total; at += 5 + (size_t) bytes[at + 3] * 256 + bytes[at + 4])
	{
		assert_true(bytes[at] == 0x16 || bytes[at] == 0x15 || bytes[at] == 0x14);
		assert_int_equal(bytes[at + 1], 3);
	}
}

static void
test_a_node_that_hangs_up(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	accept_plain(&peer);
	shutdown(peer.fd, SHUT_WR);
	await(&client, client.closed);
	expect_records_only(&peer);
	expect_end(&client, &peer, NET_FAIL_CLOSED, "during the TLS handshake: does this port speak TLS?");
}

static void
test_a_node_that_says_nothing(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	accept_plain(&peer);
	await(&client, recv(peer.fd, &(uint8_t) {0}, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
	pass_time(&client, 1000);
	expect_end(&client, &peer, NET_FAIL_TIMEOUT, "no TLS handshake within 1000 ms");
}

static void
test_a_node_that_speaks_plain_cql(void **state)
{
	static const uint8_t error[] = {0x85, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 10, 0, 0};
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	client_open(&client, &peer);
	accept_plain(&peer);
	assert_int_equal(send(peer.fd, error, sizeof(error), MSG_NOSIGNAL), sizeof(error));
	await(&client, client.closed);
	expect_records_only(&peer);
	expect_end(&client, &peer, NET_FAIL_CONNECT, "does this port speak TLS");
}

static void
test_a_node_that_is_not_trusted_hears_nothing(void **state)
{
	Folder		folder;
	Certificate authority = make_certificate(NULL, (Wanted) {.common_name = "ca", .authority = true});
	Client		client;
	Peer		peer;
	char	   *root;

	make_folder(&folder);
	root = path_of(&folder, "root");
	write_certificate(root, &authority);
	begin(&client, &peer);
	client.config.tls.root_cert = root;
	client.config.tls.mode = NET_SSL_VERIFY_CA;
	client_open(&client, &peer);
	accept_plain(&peer);
	peer.ssl = SSL_new(peer.tls);
	SSL_set_fd(peer.ssl, peer.fd);
	fcntl(peer.fd, F_SETFL, O_NONBLOCK);
	await(&client, (SSL_accept(peer.ssl), client.closed));
	assert_int_not_equal(SSL_is_init_finished(peer.ssl), 1);
	expect_end(&client, &peer, NET_FAIL_CONNECT, "the node's certificate is not trusted: self");
	remove_folder(&folder);
	free_certificate(&authority);
	free(root);
}

/* A refused version comes with its reason and the end in one read: another version is left all the same. */
static void
test_a_node_that_refuses_a_version_and_says_goodbye(void **state)
{
	for (int tls = TLS1_2_VERSION; tls <= TLS1_3_VERSION; tls++)
	{
		Client		client;
		Peer		peer;

		client_init(&client);
		peer_init(&peer, &client);
		peer_use_tls(&peer, tls);
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_expect_options(&peer, 4);
		peer.version = 5;
		peer_error(&peer, 0, CQL_ERR_PROTOCOL, "Invalid or unsupported protocol version (4)");
		(void) SSL_shutdown(peer.ssl);
		await(&client, peer_sees_end(&peer) || client.closed);
		assert_int_equal(client.closed, 0);
		peer_hang_up(&peer);
		peer_accept(&peer);
		peer_supported_at(&peer, 5, 5, false);
		peer_expect_startup(&peer, 5);
		peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
		await(&client, client.ready == 1);
		finish(&client, &peer);
	}
}

/* New keys are answered; a node that wants more and more of them, and reads nothing, is hung up on. */
static void
test_a_node_that_asks_for_keys_without_end(void **state)
{
	static const uint8_t large[16 * 1024 * 1024];
	Client		client;
	Peer		peer;
	Call		call = {0};

	start(&client, &peer, (Mode) {5, false, TLS1_3_VERSION});
	assert_true(call_send(&call, &client, large, sizeof(large), 0));
	client_flush(&client);
	for (int i = 0; i < 100000 && !client.closed; i++)
	{
		(void) SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED);
		(void) SSL_do_handshake(peer.ssl);
		ERR_clear_error();
		uv_run(&client.loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(client.closed, 1);
	assert_non_null(strstr(client.why.message, "reads nothing"));
	finish(&client, &peer);
}

/* ---- who the client is ---- */

static bool
holds(const CqlBuffer *b, const char *text)
{
	for (size_t i = 0; i + strlen(text) <= b->cap; i++)
	{
		if (memcmp(b->data + i, text, strlen(text)) == 0)
			return true;
	}
	return false;
}

static void
test_a_password_is_in_no_buffer_once_it_was_said(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;

		client_init(&client);
		peer_init(&peer, &client);
		peer_use_mode(&peer, modes[i]);
		client.config.username = "user";
		client.config.password = "open sesame";
		client_open(&client, &peer);
		peer_accept(&peer);
		peer_supported(&peer, modes[i].version, modes[i].lz4);
		peer_expect_startup(&peer, modes[i].version);
		peer_answer(&peer, 0, CQL_OP_AUTHENTICATE, "\0\1a", 3);
		peer_settle(&peer, modes[i].version, modes[i].lz4);
		assert_int_equal(peer_next(&peer).opcode, CQL_OP_AUTH_RESPONSE);
		peer_answer(&peer, 0, CQL_OP_AUTH_SUCCESS, "\xff\xff\xff\xff", 4);
		await(&client, client.ready == 1);
		assert_false(holds(&client.c->output.gathered, "sesame") || holds(&client.c->output.wire, "sesame"));
		if (modes[i].tls)
			assert_false(holds(&client.c->tls->wire, "sesame"));
		finish(&client, &peer);
	}
}


/* Up to READY, which comes without a question for the password. */
static void
demand_proof(Client *client, Peer *peer, bool asks, bool proves)
{
	begin(client, peer);
	client->config.require_auth = true;
	client->config.cert_proves = proves;
	if (asks)
		SSL_CTX_set_verify(peer->tls, SSL_VERIFY_PEER, NULL);
	client_open(client, peer);
	peer_accept(peer);
	peer_supported(peer, 4, false);
	peer_expect_startup(peer, 4);
	peer_answer(peer, 0, CQL_OP_READY, NULL, 0);
	await(client, client->ready || client->closed);
}

static void
test_the_certificate_proves_who_where_it_was_asked_for(void **state)
{
	for (int asks = 0; asks < 2; asks++)
	{
		for (int proves = 0; proves < 2; proves++)
		{
			Client		client;
			Peer		peer;

			demand_proof(&client, &peer, asks, proves);
			assert_int_equal(client.ready, asks && proves);
			if (client.ready)
				finish(&client, &peer);
			else
				expect_end(&client, &peer, NET_FAIL_CREDENTIALS, "password_required");
		}
	}
}

/* In TLS 1.3 the node's verdict comes behind the handshake, and may be lost. */
static void
test_a_node_that_hangs_up_for_want_of_a_certificate(void **state)
{
	Client		client;
	Peer		peer;

	begin(&client, &peer);
	SSL_CTX_set_verify(peer.tls, SSL_VERIFY_PEER, NULL);
	client_open(&client, &peer);
	peer_accept(&peer);
	shutdown(peer.fd, SHUT_WR);
	expect_end(&client, &peer, NET_FAIL_CLOSED, "it asks for a client certificate (sslcert, sslkey)");
}

static void
test_what_it_is(void **state)
{
	Client		client;
	Peer		peer;
	const char *version;
	const char *cipher;

	start(&client, &peer, (Mode) {5, true, TLS1_2_VERSION});
	net_connection_tls(client.c, &version, &cipher);
	assert_string_equal(version, "TLSv1.2");
	assert_string_equal(cipher, SSL_get_cipher_name(peer.ssl));
	finish(&client, &peer);
	start(&client, &peer, (Mode) {5, true, 0});
	net_connection_tls(client.c, &version, &cipher);
	assert_null(version);
	assert_null(cipher);
	finish(&client, &peer);
}

/* Memory stays what it is: the sanitizers of this test say so. */
static void
test_a_thousand_handshakes(void **state)
{
	Client		client;
	Peer		peer;
	int			resumed = 0;

	begin(&client, &peer);
	for (int i = 0; i < 1000; i++)
	{
		client.ready = client.closed = 0;
		client_open(&client, &peer);
		peer_make_ready(&peer, 4, false);
		resumed += SSL_session_reused(peer.ssl);
		client_close(&client);
		await(&client, client.closed);
		peer_hang_up(&peer);
	}
	assert_int_equal(resumed, 999);
	finish(&client, &peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_node_that_hangs_up),
		cmocka_unit_test(test_a_node_that_says_nothing),
		cmocka_unit_test(test_a_node_that_speaks_plain_cql),
		cmocka_unit_test(test_a_node_that_is_not_trusted_hears_nothing),
		cmocka_unit_test(test_a_node_that_refuses_a_version_and_says_goodbye),
		cmocka_unit_test(test_a_node_that_asks_for_keys_without_end),
		cmocka_unit_test(test_a_password_is_in_no_buffer_once_it_was_said),
		cmocka_unit_test(test_the_certificate_proves_who_where_it_was_asked_for),
		cmocka_unit_test(test_a_node_that_hangs_up_for_want_of_a_certificate),
		cmocka_unit_test(test_what_it_is),
		cmocka_unit_test(test_a_thousand_handshakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
