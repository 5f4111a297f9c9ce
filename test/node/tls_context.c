/*
 * test/node/tls_context.c
 *	  What the line `tls` says: certificate, versions, tickets of connections to come.
 *
 * Thread: the node's, or the caller's before the node's thread runs.
 * Owns: Node.tls; connections hold on to the one they began with.
 * Invariant: the keys of tickets outlive the line, as in a node that reads its
 * certificate again: a session goes on with another certificate, until `tls forget`.
 */
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "internal.h"

typedef struct Settings
{
	const char *certificate;
	const char *key;
	const char *ca;
	int			verify;
	int			min;
	int			max;
	int			tickets;		/* -1: OpenSSL's number */
	int			fragment;		/* 0: as large as they may be */
	bool		ids;
} Settings;

static const struct
{
	const char *name;
	int			version;
}			versions[] = {
	{"TLSv1", TLS1_VERSION}, {"TLSv1.1", TLS1_1_VERSION}, {"TLSv1.2", TLS1_2_VERSION}, {"TLSv1.3", TLS1_3_VERSION}
};

/* ---- the line ---- */

static bool
take_version(Node *node, NodeLexer *x, int *version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (node_lexer_accept(x, versions[i].name))
		{
			*version = versions[i].version;
			return true;
		}
	return node_fail(node, 0, "a version (TLSv1.2) is missing at \"%.40s\"", x->token.text);
}

static bool
take_verify(Node *node, NodeLexer *x, int *verify)
{
	if (node_lexer_accept(x, "none"))
		*verify = SSL_VERIFY_NONE;
	else if (node_lexer_accept(x, "ask"))
		*verify = SSL_VERIFY_PEER;
	else if (node_lexer_accept(x, "require"))
		*verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else
		return node_fail(node, 0, "none, ask or require is missing at \"%.40s\"", x->token.text);
	return true;
}

static bool
take_setting(Node *node, NodeLexer *x, Settings *s)
{
	if (node_lexer_accept(x, "ca"))
		return node_take_word(node, x, &s->ca);
	if (node_lexer_accept(x, "client"))
		return take_verify(node, x, &s->verify);
	if (node_lexer_accept(x, "min"))
		return take_version(node, x, &s->min);
	if (node_lexer_accept(x, "max"))
		return take_version(node, x, &s->max);
	if (node_lexer_accept(x, "tickets"))
		return node_take_int(node, x, 0, 100, &s->tickets);
	if (node_lexer_accept(x, "fragment"))
		return node_take_int(node, x, 512, SSL3_RT_MAX_PLAIN_LENGTH, &s->fragment);
	if (node_lexer_accept(x, "ids"))
		return s->ids = true;
	return node_fail(node, 0, "unknown word \"%.40s\"", x->token.text);
}

/* ---- the context ---- */

static bool
refuse_file(Node *node, const char *file)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	return node_fail(node, 0, "%.150s: %s", file, why ? why : "cannot be used");
}

static bool
use_files(Node *node, SSL_CTX *ctx, const Settings *s)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, s->certificate) != 1)
		return refuse_file(node, s->certificate);
	if (SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1)
		return refuse_file(node, s->key);
	if (s->ca != NULL)
	{
		if (SSL_CTX_load_verify_locations(ctx, s->ca, NULL) != 1)
			return refuse_file(node, s->ca);
		SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(s->ca));
	}
	return true;
}

static void
new_ticket_keys(Node *node, SSL_CTX *ctx)
{
	long		n = SSL_CTX_set_tlsext_ticket_keys(ctx, NULL, 0);	/* how many bytes they have */

	cql_buffer_reset(&node->ticket_keys);
	if (!cql_buffer_reserve(&node->ticket_keys, (size_t) n) || RAND_bytes(node->ticket_keys.data, (int) n) != 1)
		abort();
	node->ticket_keys.len = (size_t) n;
}

static void
use_ticket_keys(Node *node, SSL_CTX *ctx)
{
	if (node->ticket_keys.len == 0)
		new_ticket_keys(node, ctx);
	if (SSL_CTX_set_tlsext_ticket_keys(ctx, node->ticket_keys.data, (long) node->ticket_keys.len) != 1)
		abort();
}

/* Sessions begun under another name are not gone on with. */
static void
name_sessions(const Node *node, SSL_CTX *ctx)
{
	SSL_CTX_set_session_id_context(ctx, (const uint8_t *) &node->forgotten, sizeof(node->forgotten));
}

/* Tickets hold all of a session; with `ids` the node keeps it, and a ticket of TLS 1.3 is its id too. */
static void
use_sessions(Node *node, SSL_CTX *ctx, const Settings *s)
{
	name_sessions(node, ctx);
	SSL_CTX_set_session_cache_mode(ctx, s->ids ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
	if (s->ids || s->tickets == 0)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	if (s->tickets >= 0)
		SSL_CTX_set_num_tickets(ctx, (size_t) s->tickets);
	use_ticket_keys(node, ctx);
}

static bool
make_context(Node *node, SSL_CTX *ctx, const Settings *s)
{
	if (!use_files(node, ctx, s))
		return false;
	if (s->min < TLS1_2_VERSION)
		SSL_CTX_set_security_level(ctx, 0); /* the old versions' hashes are below any other */
	SSL_CTX_set_min_proto_version(ctx, s->min);
	SSL_CTX_set_max_proto_version(ctx, s->max);
	SSL_CTX_set_verify(ctx, s->verify, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (s->fragment > 0)
		SSL_CTX_set_max_send_fragment(ctx, s->fragment);
	use_sessions(node, ctx, s);
	return true;
}

void
node_tls_off(Node *node)
{
	SSL_CTX_free(node->tls);
	node->tls = NULL;
	node->tls_optional = false;
}

static bool
use_settings(Node *node, const Settings *s)
{
	SSL_CTX    *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL)
		abort();
	if (!make_context(node, ctx, s))
	{
		SSL_CTX_free(ctx);
		return false;
	}
	node_tls_off(node);
	node->tls = ctx;
	return true;
}

/* Words that say something of the certificate in use. */
static bool
change(Node *node, NodeLexer *x)
{
	if (node->tls == NULL)
		return node_fail(node, 0, "no certificate was given");
	if (node_lexer_accept(x, "optional"))
		node->tls_optional = true;
	else if (node_lexer_accept(x, "forget"))
	{
		node->forgotten++;
		new_ticket_keys(node, node->tls);
		use_ticket_keys(node, node->tls);
		name_sessions(node, node->tls);
	}
	return true;
}

/* off, optional, forget, or CERT_FILE KEY_FILE and its settings */
bool
node_tls_line(Node *node, NodeLexer *x)
{
	Settings	s = {.verify = SSL_VERIFY_NONE, .min = TLS1_2_VERSION, .tickets = -1};

	if (node_lexer_accept(x, "off"))
	{
		node_tls_off(node);
		return true;
	}
	if (node_lexer_is(x, "optional") || node_lexer_is(x, "forget"))
		return change(node, x);
	if (!node_take_word(node, x, &s.certificate) || !node_take_word(node, x, &s.key))
		return false;
	while (x->token.kind != TOKEN_END)
		if (!take_setting(node, x, &s))
			return false;
	if (s.max != 0 && s.max < s.min)
		s.min = s.max;
	return use_settings(node, &s);
}
