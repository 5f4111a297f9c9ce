/*
 * tls: bytes in, bytes out. The node is OpenSSL's server without a socket, so each test says when which bytes come.
 */
#include "net/tls.h"

#include <fcntl.h>
#include <openssl/err.h>

#include "net/certificate.h"

/* Both ends; zero but for what a test wants. */
typedef struct Pair
{
	NetTlsConfig config;
	NetTlsContext *context;
	NetTls	   *t;
	NetAddress	address;
	NetFailure	why;
	CqlBuffer	heard;			/* what the node has said */

	Folder		folder;
	Certificate authority;
	Certificate node;
	SSL_CTX    *ctx;			/* the node's */
	SSL		   *ssl;
	BIO		   *in;
	BIO		   *out;
} Pair;

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

#define EACH_VERSION(v) for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++)

/* ---- both ends ---- */

static void
make_node(Pair *p, Wanted wanted)
{
	free_certificate(&p->node);
	p->node = make_certificate(&p->authority, wanted);
	assert_int_equal(SSL_CTX_use_certificate(p->ctx, p->node.x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, p->node.key), 1);
}

static void
set_version(Pair *p, int version)
{
	SSL_CTX_set_min_proto_version(p->ctx, version);
	SSL_CTX_set_max_proto_version(p->ctx, version);
}

/* A node that is trusted, and of address 127.0.0.1. */
static void
begin(Pair *p, int version)
{
	char	   *root;

	memset(p, 0, sizeof(*p));
	make_folder(&p->folder);
	p->authority = make_certificate(NULL, (Wanted) {.common_name = "ca", .authority = true});
	root = path_of(&p->folder, "root");
	write_certificate(root, &p->authority);
	p->config = (NetTlsConfig) {.mode = NET_SSL_VERIFY_FULL, .root_cert = root, .sni = true};
	assert_int_equal(uv_ip4_addr("127.0.0.1", 9142, (struct sockaddr_in *) &p->address.storage), 0);
	p->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_session_id_context(p->ctx, (const unsigned char *) "node", 4);
	set_version(p, version);
	make_node(p, (Wanted) {0});
	p->context = net_tls_context_open(&p->config);
	assert_non_null(p->context);
}

static void
hang_up(Pair *p)
{
	net_tls_close(p->t);
	SSL_free(p->ssl);
	p->t = NULL;
	p->ssl = NULL;
	cql_buffer_reset(&p->heard);
}

static void
finish(Pair *p)
{
	hang_up(p);
	net_tls_context_close(p->context);
	SSL_CTX_free(p->ctx);
	free_certificate(&p->node);
	free_certificate(&p->authority);
	remove_folder(&p->folder);
	cql_buffer_free(&p->heard);
	free((char *) p->config.root_cert);
	free((char *) p->config.cert);
	free((char *) p->config.key);
}

static void
dial(Pair *p)
{
	p->ssl = SSL_new(p->ctx);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	SSL_set_bio(p->ssl, p->in, p->out);
	SSL_set_accept_state(p->ssl);
	p->t = net_tls_open(p->context, &p->address, &p->why);
	if (!p->t)
		fail_msg("%s", p->why.message);
	assert_true(p->t->wire.len > 0);
}

/* All that the client has to say. */
static void
to_node(Pair *p)
{
	if (p->t->wire.len > 0)
		assert_int_equal(BIO_write(p->in, p->t->wire.data, (int) p->t->wire.len), (int) p->t->wire.len);
	cql_buffer_reset(&p->t->wire);
}

static NetTlsStep
feed(Pair *p, const uint8_t *bytes, size_t n)
{
	size_t		room;
	uint8_t    *into = net_tls_room(p->t, &room);
	NetTlsStep	step;

	assert_true(n <= room);
	memcpy(into, bytes, n);
	net_tls_fed(p->t, n);
	do
	{
		assert_true(cql_buffer_reserve(&p->heard, 1024));
		step = net_tls_take(p->t, p->heard.data + p->heard.len, 1024, &n, &p->why);
		p->heard.len += n;
	} while (step == NET_TLS_BYTES);
	return step;
}

/* What the node has to say, so many bytes at a time. */
static NetTlsStep
to_client(Pair *p, int at_once)
{
	NetTlsStep	step = NET_TLS_MORE;
	uint8_t		bytes[65536];
	int			n;

	while (step == NET_TLS_MORE && (n = BIO_read(p->out, bytes, at_once)) > 0)
		step = feed(p, bytes, (size_t) n);
	return step;
}

/* The handshake, until both are open or one gives up; the client's last step. */
static NetTlsStep
shake(Pair *p, int at_once)
{
	NetTlsStep	step = NET_TLS_MORE;

	dial(p);
	for (int turn = 0; turn < 6 && step == NET_TLS_MORE; turn++)
	{
		to_node(p);
		(void) SSL_do_handshake(p->ssl);
		step = to_client(p, at_once);
	}
	return step;
}

static void
connect_to(Pair *p)
{
	if (shake(p, 65536) != NET_TLS_MORE || !p->t->open)
		fail_msg("not open: %s", p->why.message);
	to_node(p);
	assert_int_equal(SSL_do_handshake(p->ssl), 1);
	assert_int_equal(to_client(p, 65536), NET_TLS_MORE);
}

static void
say(Pair *p, const void *bytes, size_t n)
{
	size_t		written;

	assert_int_equal(SSL_write_ex(p->ssl, bytes, n, &written), 1);
	assert_int_equal(written, n);
}

/* The node hears exactly this. */
static void
expect_said(Pair *p, const uint8_t *bytes, size_t n)
{
	uint8_t    *heard = malloc(n);
	size_t		total = 0;
	size_t		some;

	to_node(p);
	while (total < n && SSL_read_ex(p->ssl, heard + total, n - total, &some) == 1)
		total += some;
	assert_int_equal(total, n);
	assert_memory_equal(heard, bytes, n);
	free(heard);
}

/* ---- bytes ---- */

static void
test_bytes_travel_both_ways(void **state)
{
	static uint8_t large[200000];

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t) (i * 7 + i / 251);
	EACH_VERSION(v)
	{
		Pair		p;

		begin(&p, versions[v]);
		connect_to(&p);
		assert_string_equal(p.t->version, v == 0 ? "TLSv1.2" : "TLSv1.3");
		assert_non_null(p.t->cipher);
		assert_false(p.t->resumed);
		assert_true(net_tls_seal(p.t, large, sizeof(large), &p.why));
		expect_said(&p, large, sizeof(large));
		say(&p, large, 5);
		say(&p, large, sizeof(large));
		assert_int_equal(to_client(&p, 65536), NET_TLS_MORE);
		assert_int_equal(p.heard.len, 5 + sizeof(large));
		assert_memory_equal(p.heard.data, large, 5);
		assert_memory_equal(p.heard.data + 5, large, sizeof(large));
		finish(&p);
	}
}

static void
test_bytes_come_one_at_a_time(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;

		begin(&p, versions[v]);
		assert_int_equal(shake(&p, 1), NET_TLS_MORE);
		assert_true(p.t->open);
		to_node(&p);
		say(&p, "hello", 5);
		say(&p, " again", 6);
		assert_int_equal(to_client(&p, 1), NET_TLS_MORE);
		assert_int_equal(p.heard.len, 11);
		assert_memory_equal(p.heard.data, "hello again", 11);
		finish(&p);
	}
}

static void
test_new_keys(void **state)
{
	Pair		p;

	begin(&p, TLS1_3_VERSION);
	connect_to(&p);
	for (int i = 0; i < 3; i++)
	{
		assert_int_equal(SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		say(&p, "new", 3);
		assert_int_equal(to_client(&p, 65536), NET_TLS_MORE);
		assert_true(net_tls_seal(p.t, (const uint8_t *) "old", 3, &p.why));
		expect_said(&p, (const uint8_t *) "old", 3);
	}
	assert_int_equal(p.heard.len, 9);
	finish(&p);
}

/* The node asks in vain, and may go on without. */
static void
test_nothing_is_negotiated_anew(void **state)
{
	Pair		p;

	begin(&p, TLS1_2_VERSION);
	connect_to(&p);
	assert_int_equal(SSL_renegotiate(p.ssl), 1);
	(void) SSL_do_handshake(p.ssl);
	say(&p, "x", 1);
	(void) to_client(&p, 65536);
	to_node(&p);
	(void) SSL_do_handshake(p.ssl);
	assert_int_equal(SSL_total_renegotiations(p.t->ssl), 0);
	finish(&p);
}

static void
test_an_end_is_told_and_heard(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;
		char		byte;

		begin(&p, versions[v]);
		connect_to(&p);
		say(&p, "last", 4);
		(void) SSL_shutdown(p.ssl);
		assert_int_equal(to_client(&p, 65536), NET_TLS_END);
		assert_int_equal(p.heard.len, 4);
		net_tls_end(p.t);
		to_node(&p);
		assert_int_equal(SSL_read(p.ssl, &byte, 1), 0);
		assert_int_equal(SSL_get_shutdown(p.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
		finish(&p);
	}
}

/* ---- what is not TLS, or not whole ---- */

static void
test_a_flipped_byte_ends_it(void **state)
{
	EACH_VERSION(v)
	{
		for (int at = 5; at < 24; at++)
		{
			Pair		p;
			uint8_t		bytes[256];
			int			n;

			begin(&p, versions[v]);
			connect_to(&p);
			say(&p, "hello", 5);
			n = BIO_read(p.out, bytes, sizeof(bytes));
			assert_true(n > at);
			bytes[at] ^= 1;
			assert_int_equal(feed(&p, bytes, (size_t) n), NET_TLS_FAILED);
			assert_int_equal(p.heard.len, 0);
			assert_int_equal(p.why.kind, NET_FAIL_CONNECT);
			assert_int_equal(memcmp(p.why.message, "TLS: ", 5), 0);
			assert_true(p.t->wire.len > 0); /* an alert */
			finish(&p);
		}
	}
}

static void
expect_stranger(const char *bytes, size_t n, const char *says)
{
	Pair		p;

	begin(&p, TLS1_3_VERSION);
	dial(&p);
	assert_int_equal(feed(&p, (const uint8_t *) bytes, n), NET_TLS_FAILED);
	assert_non_null(strstr(p.why.message, says));
	assert_false(p.t->open);
	finish(&p);
}

static void
test_a_node_that_speaks_no_tls(void **state)
{
	expect_stranger("\x85\x00\x00\x00\x00\x00\x00\x00\x44\x00\x00\x00\x0a", 13, "does this port speak TLS");
	expect_stranger("HTTP/1.1 400 Bad Request\r\n", 26, "does this port speak TLS");
	expect_stranger("\x15\x03\x01\x00\x02\x02\x28", 7, "the node refuses");
}

/* ---- who the node is ---- */

/* NULL: it is trusted. */
static void
expect_node(int version, NetSslMode mode, const char *host, Wanted wanted, bool own, const char *says)
{
	Pair		p;
	NetTlsStep	step;

	begin(&p, version);
	p.config.mode = mode;
	p.address.host = host;
	if (own)
	{
		free_certificate(&p.authority);
		p.authority = make_certificate(NULL, (Wanted) {.common_name = "other ca", .authority = true});
	}
	make_node(&p, wanted);
	step = shake(&p, 65536);
	if (says == NULL && (step != NET_TLS_MORE || !p.t->open))
		fail_msg("%s", p.why.message);
	if (says != NULL && (step != NET_TLS_FAILED || p.t->open || !strstr(p.why.message, says)))
		fail_msg("%s instead of %s", step == NET_TLS_FAILED ? p.why.message : "trusted", says);
	finish(&p);
}

static void
test_who_is_trusted(void **state)
{
	EACH_VERSION(v)
	{
		int			version = versions[v];

		expect_node(version, NET_SSL_VERIFY_FULL, NULL, (Wanted) {0}, false, NULL);
		expect_node(version, NET_SSL_VERIFY_FULL, "a.b", (Wanted) {.common_name = "x", .alternatives = "DNS:*.b"}, false, NULL);
		expect_node(version, NET_SSL_VERIFY_FULL, "a.b", (Wanted) {.common_name = "x", .alternatives = "DNS:c,DNS:d"}, false,
					"the node's certificate is of \"c\", \"d\", not of host \"a.b\" (issuer \"CN=ca\")");
		expect_node(version, NET_SSL_VERIFY_FULL, NULL, (Wanted) {.common_name = "x", .alternatives = "IP:10.0.0.1"}, false,
					"is of \"10.0.0.1\", not of host \"127.0.0.1\"");
		expect_node(version, NET_SSL_VERIFY_CA, NULL, (Wanted) {.common_name = "x"}, false, NULL);
		expect_node(version, NET_SSL_VERIFY_CA, NULL, (Wanted) {0}, true, "unable to get local issuer certificate (code 20 at depth 0; subject \"CN=node\", issuer \"CN=other ca\"");
		expect_node(version, NET_SSL_REQUIRE, NULL, (Wanted) {0}, true, "unable to get local issuer");
		expect_node(version, NET_SSL_VERIFY_CA, NULL, (Wanted) {.begins = -3, .ends = -2}, false, "certificate has expired (code 10");
		expect_node(version, NET_SSL_VERIFY_CA, NULL, (Wanted) {.begins = 2, .ends = 3}, false, "certificate is not yet valid (code 9");
	}
}

/* Encrypted, whoever it is. */
static void
test_require_without_roots_asks_for_nothing(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;

		begin(&p, versions[v]);
		free((char *) p.config.root_cert);
		p.config = (NetTlsConfig) {.mode = NET_SSL_REQUIRE};
		make_node(&p, (Wanted) {.common_name = "x", .begins = -3, .ends = -2});
		connect_to(&p);
		finish(&p);
	}
}

static void
test_the_node_hears_a_name_and_no_address(void **state)
{
	static const struct
	{
		const char *host;
		bool		sni;
		const char *heard;
	}			cases[] = {{"a.b", true, "a.b"}, {"a.b", false, NULL}, {"127.0.0.1", true, NULL}, {NULL, true, NULL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Pair		p;
		const char *heard;

		begin(&p, TLS1_3_VERSION);
		p.config.mode = NET_SSL_VERIFY_CA;
		p.config.sni = cases[i].sni;
		p.address.host = cases[i].host;
		connect_to(&p);
		heard = SSL_get_servername(p.ssl, TLSEXT_NAMETYPE_host_name);
		if (cases[i].heard)
			assert_string_equal(heard, cases[i].heard);
		else
			assert_null(heard);
		finish(&p);
	}
}

/* ---- who the client is ---- */

static void
give_certificate(Pair *p)
{
	Certificate mine = make_certificate(&p->authority, (Wanted) {.common_name = "alice"});

	p->config.cert = path_of(&p->folder, "cert");
	p->config.key = path_of(&p->folder, "key");
	write_certificate(p->config.cert, &mine);
	write_key(p->config.key, &mine, NULL);
	free_certificate(&mine);
}

static void
ask_for_certificate(Pair *p)
{
	X509_STORE_add_cert(SSL_CTX_get_cert_store(p->ctx), p->authority.x509);
	SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void
test_a_certificate_is_shown_where_it_is_asked_for(void **state)
{
	EACH_VERSION(v)
	{
		for (int asks = 0; asks < 2; asks++)
		{
			Pair		p;
			X509	   *shown;

			begin(&p, versions[v]);
			give_certificate(&p);
			if (asks)
				ask_for_certificate(&p);
			for (int again = 0; again < 2; again++)
			{
				connect_to(&p);
				assert_int_equal(net_tls_has_asked(p.t), asks);
				assert_int_equal(p.t->resumed, again);
				shown = SSL_get_peer_certificate(p.ssl);
				assert_int_equal(shown != NULL, asks);
				X509_free(shown);
				hang_up(&p);
			}
			finish(&p);
		}
	}
}

static void
test_a_node_asks_in_vain(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;
		NetTlsStep	step;

		begin(&p, versions[v]);
		ask_for_certificate(&p);
		step = shake(&p, 65536);
		to_node(&p);
		(void) SSL_do_handshake(p.ssl);
		if (step == NET_TLS_MORE)
			step = to_client(&p, 65536);
		assert_int_equal(step, NET_TLS_FAILED);
		assert_non_null(strstr(p.why.message, "the node refuses: "));
		assert_non_null(strstr(p.why.message, "it asks for a client certificate: sslcert and sslkey are not given"));
		finish(&p);
	}
}

/* ---- sessions ---- */

static void
test_a_session_goes_on_once(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;

		begin(&p, versions[v]);
		SSL_CTX_set_num_tickets(p.ctx, 2);
		connect_to(&p);
		assert_false(p.t->resumed);
		assert_int_equal(p.context->tickets.n, v == 0 ? 1 : 2);
		hang_up(&p);
		for (int i = 0; i < 4; i++)
		{
			int			before = p.context->tickets.n;

			dial(&p);
			assert_int_equal(p.context->tickets.n, before - 1);
			hang_up(&p);
			connect_to(&p);
			if (before > 1)
				assert_true(p.t->resumed);
			hang_up(&p);
		}
		finish(&p);
	}
}

/* The name is looked at again, and a session that began without it is none of a stricter client. */
static void
test_a_session_does_not_outlive_what_it_stands_for(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;
		struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

		begin(&p, versions[v]);
		connect_to(&p);
		hang_up(&p);
		assert_true(p.context->tickets.n > 0);
		assert_int_equal(utimensat(AT_FDCWD, p.config.root_cert, old, 0), 0);
		connect_to(&p);
		assert_false(p.t->resumed);
		hang_up(&p);
		p.config.mode = NET_SSL_VERIFY_CA;
		p.address.host = "other";
		connect_to(&p);
		assert_false(p.t->resumed);
		hang_up(&p);
		p.config.mode = NET_SSL_VERIFY_FULL;
		assert_int_equal(shake(&p, 65536), NET_TLS_FAILED);
		assert_non_null(strstr(p.why.message, "not of host \"other\""));
		finish(&p);
	}
}

static void
test_a_node_that_forgets_sessions(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;
		unsigned char keys[80] = {1};

		begin(&p, versions[v]);
		connect_to(&p);
		hang_up(&p);
		SSL_CTX_set_tlsext_ticket_keys(p.ctx, keys, sizeof(keys));
		connect_to(&p);
		assert_false(p.t->resumed);
		finish(&p);
	}
}

/* Tickets that come when files have changed were handed out on the word of the old ones. */
static void
test_a_ticket_that_comes_late_is_of_what_files_said_before(void **state)
{
	EACH_VERSION(v)
	{
		Pair		p;
		struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
		NetTls	   *other;

		begin(&p, versions[v]);
		dial(&p);
		for (int turn = 0; turn < 2; turn++)
		{
			to_node(&p);
			(void) SSL_do_handshake(p.ssl);
			if (turn == 0)
				assert_int_equal(to_client(&p, 65536), NET_TLS_MORE);
		}
		assert_int_equal(p.context->tickets.n, 0);
		assert_int_equal(utimensat(AT_FDCWD, p.config.root_cert, old, 0), 0);
		other = net_tls_open(p.context, &p.address, &p.why);
		assert_non_null(other);
		net_tls_close(other);
		assert_int_equal(to_client(&p, 65536), NET_TLS_MORE);
		assert_true(p.t->open);
		assert_int_equal(p.context->tickets.n, 0);
		finish(&p);
	}
}

/* ---- out of memory ---- */

/* Requests of which not all was sealed count as not sent: none of them may leave. */
static void
test_what_cannot_be_sealed_as_a_whole_does_not_leave(void **state)
{
	static const uint8_t bytes[64 * 1024];

	EACH_VERSION(v)
	{
		Pair		p;

		begin(&p, versions[v]);
		connect_to(&p);
		assert_true(cql_buffer_reserve(&p.t->wire, CQL_BUFFER_MAX / 2 + 1));
		p.t->wire.len = CQL_BUFFER_MAX - 40 * 1024;
		assert_false(net_tls_seal(p.t, bytes, sizeof(bytes), &p.why));
		assert_int_equal(p.why.kind, NET_FAIL_MEMORY);
		net_tls_end(p.t);
		assert_int_equal(p.t->wire.len, 0);
		finish(&p);
	}
}

static void
run_short(int write, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
	SSLerr(0, ERR_R_MALLOC_FAILURE);
}

static void
test_openssl_runs_short_of_memory(void **state)
{
	Pair		p;

	begin(&p, TLS1_3_VERSION);
	dial(&p);
	SSL_set_msg_callback(p.t->ssl, run_short);
	assert_int_equal(feed(&p, (const uint8_t *) "\x16\x03\x03\x00\x04\x02\xff\xff\xff", 9), NET_TLS_FAILED);
	assert_int_equal(p.why.kind, NET_FAIL_MEMORY);
	assert_string_equal(p.why.message, "out of memory");
	finish(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_travel_both_ways),
		cmocka_unit_test(test_bytes_come_one_at_a_time),
		cmocka_unit_test(test_new_keys),
		cmocka_unit_test(test_nothing_is_negotiated_anew),
		cmocka_unit_test(test_an_end_is_told_and_heard),
		cmocka_unit_test(test_a_flipped_byte_ends_it),
		cmocka_unit_test(test_a_node_that_speaks_no_tls),
		cmocka_unit_test(test_who_is_trusted),
		cmocka_unit_test(test_require_without_roots_asks_for_nothing),
		cmocka_unit_test(test_the_node_hears_a_name_and_no_address),
		cmocka_unit_test(test_a_certificate_is_shown_where_it_is_asked_for),
		cmocka_unit_test(test_a_node_asks_in_vain),
		cmocka_unit_test(test_a_session_goes_on_once),
		cmocka_unit_test(test_a_session_does_not_outlive_what_it_stands_for),
		cmocka_unit_test(test_a_node_that_forgets_sessions),
		cmocka_unit_test(test_a_ticket_that_comes_late_is_of_what_files_said_before),
		cmocka_unit_test(test_what_cannot_be_sealed_as_a_whole_does_not_leave),
		cmocka_unit_test(test_openssl_runs_short_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
