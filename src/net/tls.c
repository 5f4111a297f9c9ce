/*
 * net/tls.c
 *	  TLS of one connection: bytes in, bytes out, no socket.
 *
 * Thread: submitter only.
 * Owns: OpenSSL's connection, and what is to leave.
 * Invariants: nothing is sealed before the handshake is over and the certificate
 * is of the host; all that was fed is taken before the function ends that took it.
 *
 * OpenSSL reads and writes by a BIO of its own kind, which copies once: from what
 * was read, to what is to be written. Memory BIOs would hold both a second time.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/tls_name.h"

static BIO_METHOD *method;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

/* ---- the BIO ---- */

static int
bio_write(BIO *bio, const char *bytes, int n)
{
	NetTls	   *t = BIO_get_data(bio);

	cql_put_raw(&t->wire, bytes, (size_t) n);
	return t->wire.failed ? -1 : n;
}

static int
bio_read(BIO *bio, char *into, int size)
{
	NetTls	   *t = BIO_get_data(bio);
	size_t		n = t->nfed < (size_t) size ? t->nfed : (size_t) size;

	BIO_clear_retry_flags(bio);
	if (n == 0)
	{
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(into, t->fed, n);
	t->fed += n;
	t->nfed -= n;
	return (int) n;
}

static long
bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	return what == BIO_CTRL_FLUSH;
}

/* One for the process, which has few numbers for kinds of BIOs. Made again where there was no memory for it. */
static BIO_METHOD *
get_method(void)
{
	pthread_mutex_lock(&making);
	if (!method && (method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scylla_fdw")))
	{
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	pthread_mutex_unlock(&making);
	return method;
}

static bool
attach(NetTls *t)
{
	BIO_METHOD *kind = get_method();
	BIO		   *bio = kind ? BIO_new(kind) : NULL;

	if (!bio)
		return false;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}

/* ---- what OpenSSL asks for ---- */

static int
on_certificate_asked(SSL *ssl, void *tls)
{
	((NetTls *) tls)->asked = true;
	return 1;
}

/*
 * By TLS 1.3, whenever the node likes once the handshake is over; by 1.2 in the middle of it. One that comes when files
 * have changed was not looked at as they demand now.
 */
static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
	NetTls	   *t = SSL_get_app_data(ssl);

	if (SSL_get_SSL_CTX(ssl) != t->context->ctx)
		return 0;
	net_tickets_keep(&t->context->tickets, &t->address, session,
					 t->asked || (t->asked_before && SSL_session_reused(ssl)));
	return 1;
}

static void
format_name(const X509_NAME *name, char *text, size_t size)
{
	BIO		   *bio = BIO_new(BIO_s_mem());
	int			n = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(bio, text, (int) size - 1);
	text[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static void
format_day(const ASN1_TIME *time, char *text, size_t size)
{
	struct tm	tm;

	if (ASN1_TIME_to_tm(time, &tm) == 1)
		strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
	else
		snprintf(text, size, "?");
}

/* Before OpenSSL forgets which certificate it was. */
static int
on_verified(int trusted, X509_STORE_CTX *store)
{
	SSL		   *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	NetTls	   *t = SSL_get_app_data(ssl);
	X509	   *certificate = X509_STORE_CTX_get_current_cert(store);
	int			code = X509_STORE_CTX_get_error(store);
	char		subject[128] = "?";
	char		issuer[128] = "?";
	char		from[32] = "?";
	char		until[32] = "?";

	if (trusted)
		return 1;
	if (certificate)
	{
		format_name(X509_get_subject_name(certificate), subject, sizeof(subject));
		format_name(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
		format_day(X509_get0_notBefore(certificate), from, sizeof(from));
		format_day(X509_get0_notAfter(certificate), until, sizeof(until));
	}
	net_failure_set(&t->refusal, NET_FAIL_CONNECT, "TLS: the node's certificate is not trusted: %s (code %d at depth %d; subject \"%s\", "
					"issuer \"%s\", valid from %s to %s UTC)", X509_verify_cert_error_string(code), code,
					X509_STORE_CTX_get_error_depth(store), subject, issuer, from, until);
	return 0;
}

/* ---- opening ---- */

/* Names only, as RFC 6066 has it; the same rule as libpq's. */
static bool
tell_name(NetTls *t)
{
	const char *host = t->address.host;

	if (!t->context->config->sni || !host || net_tls_is_address(host))
		return true;
	return SSL_set_tlsext_host_name(t->ssl, host) == 1;
}

static void
resume(NetTls *t)
{
	SSL_SESSION *session = net_tickets_take(&t->context->tickets, &t->address, &t->asked_before);

	if (!session)
		return;
	if (SSL_SESSION_is_resumable(session))
		(void) SSL_set_session(t->ssl, session);
	SSL_SESSION_free(session);	/* ssl has its own hold of it */
}

static bool
set_up(NetTls *t)
{
	SSL_CTX    *ctx = SSL_get_SSL_CTX(t->ssl);

	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	SSL_set_app_data(t->ssl, t);
	SSL_set_cert_cb(t->ssl, on_certificate_asked, t);
	if (t->context->config->root_cert)
		SSL_set_verify(t->ssl, SSL_VERIFY_PEER, on_verified);
	SSL_set_connect_state(t->ssl);
	if (!attach(t) || !tell_name(t))
		return false;
	resume(t);
	return true;
}

NetTls *
net_tls_open(NetTlsContext *context, const NetAddress *address, NetFailure *why)
{
	NetTls	   *t = calloc(1, sizeof(*t));
	uint8_t		none;
	size_t		n;

	net_failure_set(why, NET_FAIL_MEMORY, "out of memory");
	if (!t)
		return NULL;
	t->context = context;
	t->address = *address;
	net_tls_enter(context);
	t->ssl = net_tls_context_ssl(context, why);
	if (t->ssl && !set_up(t))
	{
		SSL_free(t->ssl);
		t->ssl = NULL;
	}
	net_tls_leave(context);
	if (t->ssl && net_tls_take(t, &none, 0, &n, why) == NET_TLS_MORE)
		return t;
	net_tls_close(t);
	return NULL;
}

void
net_tls_close(NetTls *t)
{
	if (!t)
		return;
	net_tls_enter(t->context);
	if (t->open && !t->failed)	/* else its session could not be resumed */
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	net_tls_leave(t->context);
	cql_buffer_reset(&t->wire);
	cql_buffer_wipe(&t->wire);	/* it held what was sealed, too */
	cql_buffer_free(&t->wire);
	free(t);
}

/* ---- who the node is ---- */

static const char *
host_of(const NetTls *t, char *text, size_t size)
{
	if (t->address.host)
		return t->address.host;
	net_address_format_ip(&t->address, text, size);
	return text;
}

/* OpenSSL has seen to the rest. */
static bool
is_the_host(NetTls *t, NetFailure *why)
{
	X509	   *certificate;
	char		text[64];
	const char *host = host_of(t, text, sizeof(text));
	char		names[200];
	char		issuer[100];
	bool		matches;

	if (t->context->config->mode != NET_SSL_VERIFY_FULL)
		return true;
	certificate = SSL_get_peer_certificate(t->ssl);
	matches = certificate && net_tls_name_matches(certificate, host);
	if (!certificate)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: the node shows no certificate");
	else if (!matches)
	{
		net_tls_names(certificate, host, names, sizeof(names));
		format_name(X509_get_issuer_name(certificate), issuer, sizeof(issuer));
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: the node's certificate is of %s, not of host \"%s\" (issuer \"%s\")", names, host, issuer);
	}
	X509_free(certificate);
	return matches;
}

/* ---- bytes ---- */

uint8_t *
net_tls_room(NetTls *t, size_t *n)
{
	*n = sizeof(t->context->scratch);
	return t->context->scratch;
}

void
net_tls_fed(NetTls *t, size_t n)
{
	CORE_ASSERT(t->nfed == 0 && n <= sizeof(t->context->scratch));
	t->fed = t->context->scratch;
	t->nfed = n;
}

/* What an alert of the node says of a certificate is about the client's. */
static void
set_failure(NetTls *t, NetFailure *why)
{
	int			reason = ERR_GET_REASON(ERR_peek_error());
	bool		is_alert = reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + UINT8_MAX;
	char		text[128];

	if (t->wire.failed || net_tls_is_short_of_memory())
	{
		ERR_clear_error();
		net_failure_set(why, NET_FAIL_MEMORY, "out of memory");
		return;
	}
	if (t->refusal.kind != NET_FAIL_NONE)
	{
		ERR_clear_error();
		*why = t->refusal;
		return;
	}
	net_tls_error(text, sizeof(text));
	if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: %s: does this port speak TLS, and the versions from ssl_min_protocol_version "
						"to ssl_max_protocol_version?", text);
	else if (is_alert && t->asked)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: the node refuses: %s (it asks for a client certificate: sslcert and sslkey %s)", text,
						t->context->config->cert ? "are given" : "are not given");
	else if (is_alert)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: the node refuses: %s", text);
	else
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: %s", text);
}

static NetTlsStep
step_of(NetTls *t, int rc, NetFailure *why)
{
	switch (SSL_get_error(t->ssl, rc))
	{
		case SSL_ERROR_WANT_READ:
			if (!t->wire.failed)
				return NET_TLS_MORE;
			break;
		case SSL_ERROR_ZERO_RETURN:
			return NET_TLS_END;
		default:
			break;
	}
	set_failure(t, why);
	return NET_TLS_FAILED;
}

static NetTlsStep
take(NetTls *t, uint8_t *into, size_t size, size_t *n, NetFailure *why)
{
	int			rc;

	ERR_clear_error();
	if (!t->open)
	{
		rc = SSL_do_handshake(t->ssl);
		if (rc != 1)
			return step_of(t, rc, why);
		if (!is_the_host(t, why))
			return NET_TLS_FAILED;
		t->open = true;
		t->resumed = SSL_session_reused(t->ssl) == 1;
		t->version = SSL_get_version(t->ssl);
		t->cipher = SSL_get_cipher_name(t->ssl);
	}
	if (size == 0)
		return NET_TLS_MORE;
	rc = SSL_read_ex(t->ssl, into, size, n);
	return rc == 1 ? NET_TLS_BYTES : step_of(t, rc, why);
}

NetTlsStep
net_tls_take(NetTls *t, uint8_t *into, size_t size, size_t *n, NetFailure *why)
{
	NetTlsStep	step;

	*n = 0;
	net_tls_enter(t->context);
	step = take(t, into, size, n, why);
	t->failed |= step == NET_TLS_FAILED;
	net_tls_leave(t->context);
	CORE_ASSERT(step != NET_TLS_MORE || t->nfed == 0);
	return step;
}

bool
net_tls_seal(NetTls *t, const uint8_t *bytes, size_t n, NetFailure *why)
{
	size_t		sealed = 0;
	bool		done;

	CORE_ASSERT(t->open && n > 0);
	net_tls_enter(t->context);
	ERR_clear_error();
	done = SSL_write_ex(t->ssl, bytes, n, &sealed) == 1 && !t->wire.failed;
	if (!done)
	{
		set_failure(t, why);
		cql_buffer_free(&t->wire);	/* some of them may be in it: they count as not said */
	}
	t->failed |= !done;
	net_tls_leave(t->context);
	CORE_ASSERT(!done || sealed == n);
	return done;
}

void
net_tls_end(NetTls *t)
{
	net_tls_enter(t->context);
	ERR_clear_error();
	if (t->open && !t->failed)
		(void) SSL_shutdown(t->ssl);
	ERR_clear_error();
	net_tls_leave(t->context);
}
