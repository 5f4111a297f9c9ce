/*
 * test/node/tls.c
 *	  TLS of one connection: the server's side of OpenSSL between two memory BIOs.
 *
 * Thread: the node's. Owns: NodeTls, which goes with its connection.
 * Invariants: what the socket brings goes to `in` once it has been looked at for
 * bytes that are no TLS; what OpenSSL has to send is in `sealed` after each call
 * of it; nothing of `wire` is sealed before the handshake is done.
 *
 *	 begin -> (first byte) -> shake: ClientHello ... Finished -> done: read, seal
 *	              |                      |                          |
 *	              +-> plain              +-----> give_up <----------+
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "internal.h"

#define RECORD_HEADER 5
#define RECORD_FIRST 20			/* types: change_cipher_spec, alert, handshake, application_data */
#define RECORD_HANDSHAKE 22
#define RECORD_LAST 23
#define READ_SIZE (64 * 1024)

struct NodeTls
{
	SSL		   *ssl;
	BIO		   *in;				/* both belong to ssl */
	BIO		   *out;
	bool		optional;		/* of the listener when it came */
	bool		decided;		/* it is TLS */
	bool		hello;			/* its ClientHello was whole */
	bool		greeted;		/* and answered */
	bool		done;			/* with the handshake */
	bool		failed;
	uint8_t		header[RECORD_HEADER];	/* of the record that comes in */
	size_t		have;			/* bytes of it */
	size_t		left;			/* bytes of the record's body to come */
	bool		strayed;		/* bytes came that are no record: nor is anything behind them */
};

/* ---- what a ClientHello tells ---- */

static CqlReader
extension(SSL *ssl, unsigned type)
{
	const unsigned char *data = NULL;
	size_t		n = 0;

	if (!SSL_client_hello_get0_ext(ssl, type, &data, &n))
		n = 0;
	return cql_reader(data, n);
}

static void
note_name(NodeReport *report, SSL *ssl)
{
	CqlReader	r = extension(ssl, TLSEXT_TYPE_server_name);
	const char *name;
	size_t		n;

	cql_get_u16(&r);			/* of the list, which has one name */
	cql_get_u8(&r);
	n = cql_get_u16(&r);
	name = (const char *) cql_get_raw(&r, n);
	if (r.failed || n >= sizeof(report->tls_sni))
		return;
	for (size_t i = 0; i < n; i++)
		report->tls_sni[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
	report->tls_sni[n] = '\0';
}

/* What the client wants to go on from: a TLS 1.3 ticket, an older one, or a session id. */
static CqlReader
offered_session(SSL *ssl)
{
	CqlReader	r = extension(ssl, TLSEXT_TYPE_psk);
	const unsigned char *id;
	size_t		n;

	if (cql_reader_left(&r) > 0)
	{
		cql_get_u16(&r);		/* of the list; the first one will do */
		n = cql_get_u16(&r);
		id = cql_get_raw(&r, n);
		return cql_reader(id, r.failed ? 0 : n);
	}
	r = extension(ssl, TLSEXT_TYPE_session_ticket);
	if (cql_reader_left(&r) > 0)
		return r;
	n = SSL_client_hello_get0_session_id(ssl, &id);
	return cql_reader(id, n);
}

/* Clients of TLS 1.3 make session ids up: they count, but are never seen again. */
static void
note_session(Node *node, SSL *ssl)
{
	CqlReader	r = offered_session(ssl);
	uint64_t	hash = node_hash(r.at, cql_reader_left(&r));
	bool		known = false;

	if (cql_reader_left(&r) == 0)
		return;
	for (size_t i = 0; i < node->offered.len; i += sizeof(hash))
		known |= memcmp(node->offered.data + i, &hash, sizeof(hash)) == 0;
	node->report.tls_tickets++;
	node->report.ticket_reused += known;
	cql_put_raw(&node->offered, &hash, sizeof(hash));
}

/* Called for the second ClientHello too, where the first was not liked. */
static int
on_client_hello(SSL *ssl, int *alert, void *arg)
{
	NodeConn   *c = SSL_get_app_data(ssl);

	if (!c->tls->hello)
	{
		note_name(&c->node->report, ssl);
		note_session(c->node, ssl);
	}
	c->tls->hello = true;
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- begin and end ---- */

void
node_tls_begin(NodeConn *c)
{
	NodeTls    *t;

	if (c->node->tls == NULL)
		return;
	t = c->tls = node_alloc(sizeof(*t));
	t->optional = c->node->tls_optional;
	SSL_CTX_set_client_hello_cb(c->node->tls, on_client_hello, NULL);
	t->ssl = SSL_new(c->node->tls);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (t->ssl == NULL || t->in == NULL || t->out == NULL)
		abort();
	SSL_set_bio(t->ssl, t->in, t->out);
	SSL_set_accept_state(t->ssl);
	SSL_set_app_data(t->ssl, c);
}

void
node_tls_free(NodeConn *c)
{
	if (c->tls == NULL)
		return;
	SSL_free(c->tls->ssl);
	free(c->tls);
	c->tls = NULL;
}

static void
take_records(NodeConn *c)
{
	size_t		n = BIO_ctrl_pending(c->tls->out);

	if (n == 0)
		return;
	if (!cql_buffer_reserve(&c->sealed, n) || BIO_read(c->tls->out, c->sealed.data + c->sealed.len, (int) n) != (int) n)
		abort();
	c->sealed.len += n;
}

/* The alert that says why is sealed already; the client shall see it. */
static void
give_up(NodeConn *c)
{
	c->tls->failed = true;
	c->node->report.tls_failed++;
	cql_buffer_reset(&c->wire);
	node_conn_close_when_written(c, CLOSE_LINGER);
}

/* ---- out ---- */

void
node_tls_seal(NodeConn *c)
{
	NodeTls    *t = c->tls;
	size_t		written;

	if (t->done && !t->failed && c->wire.len > 0)
	{
		ERR_clear_error();
		if (SSL_write_ex(t->ssl, c->wire.data, c->wire.len, &written))
			cql_buffer_reset(&c->wire);
		else if (SSL_get_error(t->ssl, 0) != SSL_ERROR_WANT_READ)	/* that one: after the client has spoken */
			give_up(c);
	}
	take_records(c);
}

static void
tell_if(bool wrong, const char *what)
{
	if (wrong)
		fprintf(stderr, "node: %s: this connection's TLS does not know it\n", what);
	ERR_clear_error();
}

/* Leaves in front of what is sealed next. */
void
node_tls_key_update(NodeConn *c, bool request)
{
	int			type = request ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;

	tell_if(c->tls == NULL || !SSL_key_update(c->tls->ssl, type), "key-update");
}

void
node_tls_renegotiate(NodeConn *c)
{
	tell_if(c->tls == NULL || !SSL_renegotiate(c->tls->ssl) || SSL_do_handshake(c->tls->ssl) != 1, "renegotiate");
}

void
node_tls_close_notify(NodeConn *c)
{
	if (c->tls == NULL)
		return;
	SSL_shutdown(c->tls->ssl);
	take_records(c);
}

/* ---- in ---- */

/* Follows the records that come in, for what is none. */
static void
look_for_plain(NodeConn *c, const uint8_t *data, size_t n)
{
	NodeTls    *t = c->tls;

	while (n > 0 && !t->strayed)
	{
		size_t		step = t->left < n ? t->left : n;

		t->left -= step;
		data += step;
		n -= step;
		if (n == 0)
			break;
		t->header[t->have++] = *data;
		if (t->header[0] < RECORD_FIRST || t->header[0] > RECORD_LAST || (t->have == 2 && *data != 3))
		{
			t->strayed = true;
			n += t->have - 1;
			break;
		}
		if (t->have == RECORD_HEADER)
		{
			t->left = cql_load_u16(t->header + 3);
			t->have = 0;
		}
		data++;
		n--;
	}
	if (t->strayed)
		c->node->report.plain_bytes += n;
}

/* Cassandra's `optional` takes it for CQL; else it hangs up without a word. */
static void
take_plain(NodeConn *c, const uint8_t *data, size_t n)
{
	bool		optional = c->tls->optional;
	size_t		room;

	c->node->report.plain_bytes += n;
	if (!optional || c->deaf)
	{
		c->tls->strayed = c->tls->decided = true;
		if (!c->deaf)
			node_conn_close(c, CLOSE_NORMAL);
		return;
	}
	node_tls_free(c);
	c->stray = true;
	memcpy(cql_splitter_room(&c->in, n, &room), data, n);
	cql_splitter_fed(&c->in, n);
	node_conn_process(c);
}

static void
count_handshake(NodeConn *c)
{
	NodeReport *report = &c->node->report;
	X509	   *cert = SSL_get_peer_certificate(c->tls->ssl);

	report->tls_handshakes++;
	report->tls_resumed += SSL_session_reused(c->tls->ssl) != 0;
	report->tls_client_certs += cert != NULL;
	X509_free(cert);
}

/* A rule for these bytes, which begin at mark of what is sealed. */
static void
meet_rule(NodeConn *c, size_t mark, int occasion)
{
	NodeRule   *rule = node_rule_for(c->node, NULL, occasion);

	if (rule != NULL)
		node_rule_on_flight(c, mark, rule);
}

static void
shake(NodeConn *c)
{
	NodeTls    *t = c->tls;
	size_t		mark = c->sealed.len;
	int			rc;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	take_records(c);
	if (rc != 1 && SSL_get_error(t->ssl, rc) != SSL_ERROR_WANT_READ)
		give_up(c);
	if (t->hello && !t->greeted)
	{
		t->greeted = true;
		meet_rule(c, mark, NODE_ON_CLIENT_HELLO);
	}
	if (rc == 1)
	{
		t->done = true;
		count_handshake(c);
		meet_rule(c, mark, NODE_ON_CLIENT_FINISHED);
	}
}

/* All that has come, before the first of it is answered. */
static void
read_records(NodeConn *c)
{
	SSL		   *ssl = c->tls->ssl;
	size_t		room;
	uint8_t    *at;
	int			n;
	int			error;

	ERR_clear_error();
	do
	{
		at = cql_splitter_room(&c->in, READ_SIZE, &room);
		n = SSL_read(ssl, at, room < INT32_MAX ? (int) room : INT32_MAX);
		if (n > 0)
			cql_splitter_fed(&c->in, (size_t) n);
	} while (n > 0);
	error = SSL_get_error(ssl, n);
	c->node->report.close_notifies += error == SSL_ERROR_ZERO_RETURN;
	node_conn_process(c);
	if (c->closing || c->deaf || error == SSL_ERROR_WANT_READ)
		return;
	if (error == SSL_ERROR_ZERO_RETURN)
	{
		node_tls_close_notify(c);
		node_conn_close_when_written(c, CLOSE_NORMAL);
	}
	else
		give_up(c);
}

void
node_tls_received(NodeConn *c, const uint8_t *data, size_t n)
{
	NodeTls    *t = c->tls;

	if (!t->decided && data[0] != RECORD_HANDSHAKE)
	{
		take_plain(c, data, n);
		return;
	}
	t->decided = true;
	look_for_plain(c, data, n);
	if (c->deaf || t->failed || c->close_when_written != CLOSE_NO)
		return;
	if (BIO_write(t->in, data, (int) n) != (int) n)
		abort();
	if (!t->done)
		shake(c);
	if (t->done && !c->closing && !c->deaf && !t->failed)
		read_records(c);
	if (!c->closing)
		node_conn_push(c);
}

/* ---- who it is ---- */

bool
node_tls_client_name(const NodeConn *c, char *name, size_t size)
{
	X509	   *cert = c->tls ? SSL_get_peer_certificate(c->tls->ssl) : NULL;
	bool		shown = cert != NULL;

	name[0] = '\0';
	if (shown)
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, (int) size);
	X509_free(cert);
	return shown;
}
