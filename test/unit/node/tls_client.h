/*
 * tls_client.h
 *	  The client of client.h with TLS, certificates for it, and a node that shows one.
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include "client.h"
#include "net/certificate.h"

#include <fcntl.h>
#include <openssl/err.h>

#define SCHEMA "keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)\nrow ks.t (1, 'x')\n"

/* ---- certificates ---- */

static Folder folder;

static inline const char *
path(const char *name, const char *kind)
{
	static char text[4][128];
	static int	i;

	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%s/%s.%s", folder.path, name, kind);
	return text[i];
}

static inline int
make_certificates(void **state)
{
	static const char *const names[] = {"ca", "server", "client", "stranger", "expired"};
	Certificate ca = make_certificate(NULL, (Wanted) {.common_name = "test CA", .authority = true});
	Certificate made[] = {
		ca, make_certificate(&ca, (Wanted) {0}), make_certificate(&ca, (Wanted) {.common_name = "me"}),
		make_certificate(&ca, (Wanted) {.common_name = "nobody"}),
		make_certificate(&ca, (Wanted) {.common_name = "me", .begins = -2, .ends = -1})
	};

	make_folder(&folder);
	for (int i = 0; i < 5; i++)
	{
		write_certificate(path(names[i], "pem"), &made[i]);
		write_key(path(names[i], "key"), &made[i], NULL);
		free_certificate(&made[i]);
	}
	return 0;
}

static inline int
remove_certificates(void **state)
{
	remove_folder(&folder);
	return 0;
}

/* A node with these words behind its certificate. */
static inline Node *
start_tls(const char *words, const char *more)
{
	char		script[1024];

	snprintf(script, sizeof(script), "%stls %s %s ca %s %s\n%s", SCHEMA, path("server", "pem"), path("server", "key"),
			 path("ca", "pem"), words, more);
	return start_node(script);
}

/* ---- the client ---- */

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static inline SSL_CTX *
new_context(int version, const char *certificate)
{
	SSL_CTX    *ctx = SSL_CTX_new(TLS_client_method());

	assert_int_equal(SSL_CTX_load_verify_locations(ctx, path("ca", "pem"), NULL), 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (certificate != NULL)
	{
		assert_int_equal(SSL_CTX_use_certificate_file(ctx, path(certificate, "pem"), SSL_FILETYPE_PEM), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, path(certificate, "key"), SSL_FILETYPE_PEM), 1);
	}
	return ctx;
}

static inline void
begin_tls(Client *c, SSL_CTX *ctx)
{
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	ERR_clear_error();
}

/* Connected; SSL_connect is to come. */
static inline void
meet(Client *c, const Node *node, SSL_CTX *ctx)
{
	client_connect(c, node);
	begin_tls(c, ctx);
}

static inline void
shake(Client *c, const Node *node, SSL_CTX *ctx)
{
	meet(c, node, ctx);
	if (SSL_connect(c->ssl) != 1)
		fail_msg("%s", ERR_reason_error_string(ERR_peek_error()));
}

static inline void
block(Client *c, bool yes)
{
	int			flags = fcntl(c->fd, F_GETFL);

	assert_int_equal(fcntl(c->fd, F_SETFL, yes ? flags & ~O_NONBLOCK : flags | O_NONBLOCK), 0);
}

static inline void
expect_rows(Client *c)
{
	CqlMetadata metadata;
	CqlReader	r;

	assert_int_equal(client_select(c, "SELECT s FROM ks.t WHERE id = 1", &metadata, &r), 1);
	assert_text_value(&r, "x");
}

/* ---- what is wrong ---- */

static inline int
reason(void)
{
	return ERR_GET_REASON(ERR_peek_last_error());
}

/* What SSL_read of the ended connection tells. */
static inline int
read_error(Client *c)
{
	char		byte;
	int			n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(c->ssl, &byte, 1);
	assert_int_not_equal(errno, EAGAIN);
	return SSL_get_error(c->ssl, n);
}

#endif							/* TLS_CLIENT_H */
