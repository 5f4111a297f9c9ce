/*
 * net/tls_context.c
 *	  What the TLS connections of one client share.
 *
 * Thread: submitter only, but for the exit handler, which is whose exit() it is.
 * Owns: OpenSSL's context, and the sessions.
 * Invariants: no OpenSSL function is called outside of enter and leave; tickets
 * are of what ctx was made of, so they do not outlive another file.
 *
 * The checks of files are libpq's (fe-secure-openssl.c, initialize_SSL), but for
 * one: a list of revoked certificates that cannot be read is an error here.
 *
 * A process may exit while a submitter is busy, and exit handlers of OpenSSL free
 * what the submitter uses. Handlers run in the opposite order of their
 * registration. So the one here, registered once OpenSSL is initialised, runs
 * first and takes each gate for good.
 */
#include "net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXIT_SECONDS 5			/* a gate is held for microseconds, but for a file that cannot be read */

typedef struct KeyPassword
{
	const char *text;			/* NULL: none */
	bool		asked;
} KeyPassword;

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static NetTlsContext *contexts;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- exit ---- */

static void
close_gates(void)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += EXIT_SECONDS;
	pthread_mutex_lock(&registry);
	for (NetTlsContext *x = contexts; x; x = x->next)
		(void) pthread_mutex_timedlock(&x->gate, &limit);
	/* registry stays locked: who would open or close one more context waits for the end as well */
}

static void
init_library(void)
{
	OPENSSL_init_ssl(0, NULL);
	atexit(close_gates);
}

void
net_tls_enter(NetTlsContext *x)
{
	pthread_mutex_lock(&x->gate);
}

void
net_tls_leave(NetTlsContext *x)
{
	pthread_mutex_unlock(&x->gate);
}

/* ---- errors ---- */

bool
net_tls_is_short_of_memory(void)
{
	return ERR_GET_REASON(ERR_peek_error()) == ERR_GET_REASON(ERR_R_MALLOC_FAILURE);
}

void
net_tls_error(char *text, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : "no reason given";

	if (reason)
		snprintf(text, size, "%s", reason);
	else if (ERR_GET_LIB(code) == ERR_LIB_SYS)
		snprintf(text, size, "%s", strerror(ERR_GET_REASON(code)));
	else
		snprintf(text, size, "error %lu", code);
	ERR_clear_error();
}

static bool
fail(NetFailure *why, const char *what, const char *file)
{
	bool		short_of_memory = net_tls_is_short_of_memory();
	char		reason[128];

	net_tls_error(reason, sizeof(reason));
	if (short_of_memory)
		net_failure_set(why, NET_FAIL_MEMORY, "out of memory");
	else
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: %s \"%s\": %s", what, file, reason);
	return false;
}

/* Of what is in a file, OpenSSL says little to who does not know its formats. */
static bool
fail_to_read(NetFailure *why, const char *what, const char *file, const char *formats)
{
	bool		is_read = ERR_GET_LIB(ERR_peek_error()) != ERR_LIB_SYS;
	char		reason[128];

	net_tls_error(reason, sizeof(reason));
	net_failure_set(why, NET_FAIL_CONNECT, "TLS: could not read %s \"%s\": %s%s%s", what, file, reason,
					is_read ? "; it must have the format " : "", is_read ? formats : "");
	return false;
}

/* ---- files ---- */

static bool
is_system(const NetTlsConfig *config)
{
	return config->root_cert && strcmp(config->root_cert, NET_SSL_SYSTEM) == 0;
}

/* Who reads a pipe may wait for ever, and with it all connections. */
static bool
look_at_files(const NetTlsConfig *config, struct stat *seen, NetFailure *why)
{
	const char *const file[NET_TLS_FILES] = {is_system(config) ? NULL : config->root_cert, config->crl, config->cert, config->key};

	memset(seen, 0, NET_TLS_FILES * sizeof(*seen));
	for (int i = 0; i < NET_TLS_FILES; i++)
	{
		if (file[i] && stat(file[i], &seen[i]) != 0)
			memset(&seen[i], 0, sizeof(*seen));
		if (seen[i].st_mode != 0 && !S_ISREG(seen[i].st_mode))
		{
			net_failure_set(why, NET_FAIL_CONNECT, "TLS: \"%s\" is not a regular file", file[i]);
			return false;
		}
	}
	return true;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
		a->st_uid == b->st_uid && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* It says which bytes it wants; a password that does not fit is none. */
static int
give_password(char *into, int size, int writing, void *asked_for)
{
	KeyPassword *password = asked_for;
	size_t		length = password->text ? strlen(password->text) : 0;

	password->asked = true;
	if (length == 0 || length > (size_t) size)
		return -1;
	memcpy(into, password->text, length);
	return (int) length;
}

static bool
trust_roots(SSL_CTX *ctx, const NetTlsConfig *config, NetFailure *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	if (!config->root_cert)
		return true;
	if (is_system(config) && SSL_CTX_set_default_verify_paths(ctx) != 1)
		return fail(why, "could not load the root certificates of the", NET_SSL_SYSTEM);
	if (!is_system(config) && SSL_CTX_load_verify_locations(ctx, config->root_cert, NULL) != 1)
		return fail_to_read(why, "root certificate file", config->root_cert, "PEM");
	if (config->crl && X509_STORE_load_locations(store, config->crl, NULL) != 1)
		return fail_to_read(why, "the file of revoked certificates", config->crl, "PEM");
	if (config->crl)
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return true;
}

/* Others may not read it; the owner's, or root's for a group that the server is of. */
static bool
is_private(const char *key, const struct stat *seen, NetFailure *why)
{
	mode_t		open = seen->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;

	if (seen->st_mode == 0)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: private key file \"%s\" does not exist, or cannot be looked at", key);
	else if (seen->st_mode & open)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: private key file \"%s\" has group or world access; it must have permissions u=rw (0600) "
						"or less if owned by the server's user, or u=rw,g=r (0640) or less if owned by root", key);
	else
		return true;
	return false;
}

static bool
use_key(SSL_CTX *ctx, const char *key, int format)
{
	return SSL_CTX_use_PrivateKey_file(ctx, key, format) == 1;
}

/* It is compared with the certificate as soon as it is read. */
static bool
is_of_another(void)
{
	return ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;
}

static void
say_why_not(const char *key, const KeyPassword *password, NetFailure *why)
{
	if (password->asked && !password->text)
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: private key file \"%s\" has a password, and sslpassword is not given", key);
	else if (password->asked)
		fail(why, "could not decrypt private key file", key);
	else
		fail_to_read(why, "private key file", key, "PEM or DER");
	ERR_clear_error();
}

/* The first reason is the one that counts: a file in PEM is no DER at all. */
static bool
read_key(SSL_CTX *ctx, const char *key, const KeyPassword *password, NetFailure *why)
{
	bool		done = use_key(ctx, key, SSL_FILETYPE_PEM);
	bool		pair = !is_of_another();

	if (!done && pair)
	{
		say_why_not(key, password, why);
		done = use_key(ctx, key, SSL_FILETYPE_ASN1);
		pair = !is_of_another();
	}
	if (!pair || (done && SSL_CTX_check_private_key(ctx) != 1))
	{
		net_failure_set(why, NET_FAIL_CONNECT, "TLS: the certificate does not match private key file \"%s\"", key);
		done = false;
	}
	ERR_clear_error();
	return done;
}

static bool
read_pair(SSL_CTX *ctx, const NetTlsConfig *config, const struct stat *key, const KeyPassword *password, NetFailure *why)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, config->cert) != 1)
		return fail_to_read(why, "certificate file", config->cert, "PEM");
	return is_private(config->key, key, why) && read_key(ctx, config->key, password, why);
}

static bool
show_certificate(SSL_CTX *ctx, const NetTlsConfig *config, const struct stat *key, NetFailure *why)
{
	KeyPassword password = {config->password, false};
	bool		shown;

	if (!config->cert)
		return true;
	SSL_CTX_set_default_passwd_cb(ctx, give_password);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &password);
	shown = read_pair(ctx, config, key, &password, why);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
	return shown;
}

/* ---- the context ---- */

/* Renegotiation would change who it is in the middle; sessions are kept by net/tls. */
static bool
set_up(SSL_CTX *ctx, const NetTlsConfig *config, const struct stat *seen, NetFailure *why)
{
	int			least = config->min_version ? config->min_version : TLS1_2_VERSION;

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (SSL_CTX_set_min_proto_version(ctx, least) != 1 || SSL_CTX_set_max_proto_version(ctx, config->max_version) != 1)
		return fail(why, "the versions from ssl_min_protocol_version to ssl_max_protocol_version are not offered by",
					OpenSSL_version(OPENSSL_VERSION));
	return trust_roots(ctx, config, why) && show_certificate(ctx, config, &seen[NET_TLS_FILES - 1], why);
}

/* Connections that are open keep theirs. */
static bool
renew(NetTlsContext *x, const struct stat *seen, NetFailure *why)
{
	SSL_CTX    *ctx = SSL_CTX_new(TLS_client_method());

	net_tickets_forget(&x->tickets);
	SSL_CTX_free(x->ctx);
	x->ctx = NULL;
	if (!ctx)
		return fail(why, "no connection can be made by", OpenSSL_version(OPENSSL_VERSION));
	if (!set_up(ctx, x->config, seen, why))
	{
		SSL_CTX_free(ctx);
		return false;
	}
	x->ctx = ctx;
	memcpy(x->seen, seen, sizeof(x->seen));
	return true;
}

static bool
is_current(const NetTlsContext *x, const struct stat *seen)
{
	for (int i = 0; i < NET_TLS_FILES; i++)
	{
		if (!is_same(&x->seen[i], &seen[i]))
			return false;
	}
	return x->ctx != NULL;
}

SSL *
net_tls_context_ssl(NetTlsContext *x, NetFailure *why)
{
	struct stat seen[NET_TLS_FILES];
	SSL		   *ssl;

	ERR_clear_error();
	if (!look_at_files(x->config, seen, why) || (!is_current(x, seen) && !renew(x, seen, why)))
		return NULL;
	ssl = SSL_new(x->ctx);
	if (!ssl)
		net_failure_set(why, NET_FAIL_MEMORY, "out of memory");
	return ssl;
}

NetTlsContext *
net_tls_context_open(const NetTlsConfig *config)
{
	NetTlsContext *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	pthread_once(&once, init_library);
	x->config = config;
	pthread_mutex_init(&x->gate, NULL);
	pthread_mutex_lock(&registry);
	x->next = contexts;
	contexts = x;
	pthread_mutex_unlock(&registry);
	return x;
}

/* What OpenSSL keeps of the thread goes too: behind this, the thread has nothing to do with it, not even when it ends. */
void
net_tls_context_close(NetTlsContext *x)
{
	NetTlsContext **link = &contexts;

	if (!x)
		return;
	net_tls_enter(x);
	net_tickets_forget(&x->tickets);
	SSL_CTX_free(x->ctx);
	OPENSSL_thread_stop();
	net_tls_leave(x);
	pthread_mutex_lock(&registry);
	while (*link != x)
		link = &(*link)->next;
	*link = x->next;
	pthread_mutex_unlock(&registry);
	pthread_mutex_destroy(&x->gate);
	free(x);
}
