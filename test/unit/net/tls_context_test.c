/*
 * tls_context: what files say is what connections go by, and what they cannot be is told.
 */
#include "net/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <sys/wait.h>

#include "net/certificate.h"

typedef struct Files
{
	Folder		folder;
	Certificate authority;
	Certificate mine;
	char	   *root;
	char	   *cert;
	char	   *key;
	char	   *crl;
} Files;

static void
make_files(Files *f)
{
	make_folder(&f->folder);
	f->authority = make_certificate(NULL, (Wanted) {.common_name = "ca", .authority = true});
	f->mine = make_certificate(&f->authority, (Wanted) {.common_name = "alice"});
	f->root = path_of(&f->folder, "root");
	f->cert = path_of(&f->folder, "cert");
	f->key = path_of(&f->folder, "key");
	f->crl = path_of(&f->folder, "crl");
	write_certificate(f->root, &f->authority);
	write_certificate(f->cert, &f->mine);
	write_key(f->key, &f->mine, NULL);
}

static void
remove_files(Files *f)
{
	remove_folder(&f->folder);
	free_certificate(&f->authority);
	free_certificate(&f->mine);
	free(f->root);
	free(f->cert);
	free(f->key);
	free(f->crl);
}

static NetTlsConfig
all_of(const Files *f)
{
	return (NetTlsConfig) {.mode = NET_SSL_VERIFY_FULL, .root_cert = f->root, .cert = f->cert, .key = f->key};
}

static void
write_key_in_der(const char *path, EVP_PKEY *key)
{
	FILE	   *file = open_file(path);

	assert_int_equal(i2d_PrivateKey_fp(file, key), 1);
	fclose(file);
}

/* says NULL: there is a connection to be had. */
static void
expect(const NetTlsConfig *config, const char *says)
{
	NetTlsContext *x = net_tls_context_open(config);
	NetFailure	why = {0};
	SSL		   *ssl;

	net_tls_enter(x);
	ssl = net_tls_context_ssl(x, &why);
	assert_int_equal(ERR_peek_error(), 0);
	if (says == NULL && !ssl)
		fail_msg("%s", why.message);
	if (says != NULL && (ssl || !strstr(why.message, says)))
		fail_msg("\"%s\" instead of %s", ssl ? "fine" : why.message, says);
	SSL_free(ssl);
	net_tls_leave(x);
	net_tls_context_close(x);
}

/* ---- files ---- */

static void
test_files_that_are_not_there(void **state)
{
	Files		f;
	NetTlsConfig config;

	make_files(&f);
	config = all_of(&f);
	expect(&config, NULL);
	config.root_cert = "/nowhere/root";
	expect(&config, "could not read root certificate file \"/nowhere/root\": No such file or directory");
	config = all_of(&f);
	config.cert = "/nowhere/cert";
	expect(&config, "could not read certificate file \"/nowhere/cert\": ");
	config = all_of(&f);
	config.key = "/nowhere/key";
	expect(&config, "private key file \"/nowhere/key\" does not exist");
	config = all_of(&f);
	config.crl = "/nowhere/crl";
	expect(&config, "could not read the file of revoked certificates \"/nowhere/crl\": ");
	remove_files(&f);
}

static void
test_files_that_are_something_else(void **state)
{
	Files		f;
	NetTlsConfig config;

	make_files(&f);
	config = all_of(&f);
	config.root_cert = f.key;
	expect(&config, "could not read root certificate file");
	expect(&config, "; it must have the format PEM");
	config = all_of(&f);
	config.crl = f.key;
	expect(&config, "; it must have the format PEM");
	config = all_of(&f);
	config.cert = f.key;
	expect(&config, "could not read certificate file");
	expect(&config, "; it must have the format PEM");
	config = all_of(&f);
	config.key = f.cert;
	assert_int_equal(chmod(f.cert, 0600), 0);
	expect(&config, "could not read private key file");
	expect(&config, "; it must have the format PEM or DER");
	config = all_of(&f);
	config.key = f.folder.path;
	expect(&config, "is not a regular file");
	/* whoever opens it waits for somebody who writes to it */
	assert_int_equal(mkfifo(f.crl, 0600), 0);
	for (int i = 0; i < 3; i++)
	{
		config = all_of(&f);
		*(i == 0 ? &config.root_cert : i == 1 ? &config.crl : &config.cert) = f.crl;
		expect(&config, "is not a regular file");
	}
	remove_files(&f);
}

/* As PEM, as DER, with a password, and of another kind, of which OpenSSL keeps one beside the certificate's. */
static void
test_a_key_of_another_certificate(void **state)
{
	Files		f;
	NetTlsConfig config;
	Certificate other;

	make_files(&f);
	config = all_of(&f);
	config.password = "secret";
	other = make_certificate(&f.authority, (Wanted) {.common_name = "bob"});
	write_key(f.key, &other, NULL);
	expect(&config, "the certificate does not match private key file \"");
	write_key(f.key, &other, "secret");
	expect(&config, "the certificate does not match private key file \"");
	write_key_in_der(f.key, other.key);
	expect(&config, "the certificate does not match private key file \"");
	EVP_PKEY_free(other.key);
	other.key = make_key(EVP_PKEY_ED448);
	write_key(f.key, &other, NULL);
	expect(&config, "the certificate does not match private key file \"");
	free_certificate(&other);
	remove_files(&f);
}

static void
test_a_key_is_the_owner_s_alone(void **state)
{
	static const struct
	{
		mode_t		mode;
		bool		root;		/* where root owns it */
		bool		other;		/* where somebody else does */
	}			cases[] = {{0600, true, true}, {0400, true, true}, {0640, true, false}, {0660, false, false}, {0644, false, false}, {0601, false, false}, {0610, false, false}};
	Files		f;
	NetTlsConfig config;
	bool		root = getuid() == 0;

	make_files(&f);
	config = all_of(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		assert_int_equal(chmod(f.key, cases[i].mode), 0);
		expect(&config, (root ? cases[i].root : cases[i].other) ? NULL : "has group or world access");
		if (!root)
			continue;
		assert_int_equal(chown(f.key, 1, 1), 0);
		expect(&config, cases[i].other ? NULL : "has group or world access");
		assert_int_equal(chown(f.key, 0, 0), 0);
	}
	remove_files(&f);
}

static void
test_keys_with_a_password(void **state)
{
	Files		f;
	NetTlsConfig config;

	make_files(&f);
	config = all_of(&f);
	write_key(f.key, &f.mine, "secret");
	config.password = "secret";
	expect(&config, NULL);
	config.password = "wrong";
	expect(&config, "could not decrypt private key file \"");
	config.password = NULL;		/* and nobody is asked on a terminal */
	expect(&config, "has a password, and sslpassword is not given");
	remove_files(&f);
}

static void
test_a_key_in_der(void **state)
{
	Files		f;
	NetTlsConfig config;

	make_files(&f);
	config = all_of(&f);
	write_key_in_der(f.key, f.mine.key);
	expect(&config, NULL);
	remove_files(&f);
}

static void
test_versions(void **state)
{
	NetTlsConfig config = {.mode = NET_SSL_REQUIRE, .min_version = TLS1_3_VERSION, .max_version = TLS1_3_VERSION};

	expect(&config, NULL);
	config.min_version = 0;
	expect(&config, NULL);
	config.min_version = 0x0399;
	expect(&config, "are not offered by \"OpenSSL");
}

static void
test_the_roots_of_the_system(void **state)
{
	NetTlsConfig config = {.mode = NET_SSL_VERIFY_FULL, .root_cert = NET_SSL_SYSTEM};

	expect(&config, NULL);
}

/* ---- files that change ---- */

static SSL_CTX *
context_of(NetTlsContext *x)
{
	NetFailure	why;
	SSL		   *ssl;
	SSL_CTX    *ctx;

	net_tls_enter(x);
	ssl = net_tls_context_ssl(x, &why);
	ctx = ssl ? SSL_get_SSL_CTX(ssl) : NULL;
	if (ctx)
		SSL_CTX_up_ref(ctx);	/* so that no other takes its place in memory */
	SSL_free(ssl);
	net_tls_leave(x);
	return ctx;
}

static void
test_files_are_read_again_when_they_change(void **state)
{
	Files		f;
	NetTlsConfig config;
	NetTlsContext *x;
	SSL_CTX    *seen[4];
	NetAddress	nowhere = {0};

	make_files(&f);
	config = all_of(&f);
	x = net_tls_context_open(&config);
	seen[0] = context_of(x);
	net_tickets_keep(&x->tickets, &nowhere, SSL_SESSION_new(), false);
	seen[1] = context_of(x);
	assert_ptr_equal(seen[0], seen[1]);
	assert_int_equal(x->tickets.n, 1);
	assert_int_equal(rename(f.key, f.crl), 0);
	assert_null(context_of(x));
	assert_int_equal(x->tickets.n, 0);
	assert_null(context_of(x));
	assert_int_equal(rename(f.crl, f.key), 0);
	seen[2] = context_of(x);
	assert_non_null(seen[2]);
	assert_ptr_not_equal(seen[2], seen[0]);
	assert_int_equal(chmod(f.key, 0400), 0);
	seen[3] = context_of(x);
	assert_ptr_not_equal(seen[3], seen[2]);
	for (int i = 0; i < 4; i++)
		SSL_CTX_free(seen[i]);
	net_tls_context_close(x);
	remove_files(&f);
}

/* ---- exit ---- */

static NetTlsContext *left;

/* Runs behind the exit handlers that were registered later, OpenSSL's among them. */
static void
expect_closed_gate(void)
{
	if (pthread_mutex_trylock(&left->gate) != EBUSY)
		_exit(1);
}

static void
test_nobody_enters_openssl_once_the_process_exits(void **state)
{
	int			status;
	pid_t		child = fork();

	assert_true(child >= 0);
	if (child == 0)
	{
		static const NetTlsConfig config = {.mode = NET_SSL_REQUIRE};

		atexit(expect_closed_gate);
		left = net_tls_context_open(&config);
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
/* openssl.cnf of this machine can forbid everything: that is not for want of memory. */
static void
expect_no_openssl(const char *conf)
{
	static const NetTlsConfig config = {.mode = NET_SSL_REQUIRE};
	NetFailure	why = {0};
	NetTlsContext *x;

	setenv("OPENSSL_CONF", conf, 1);
	x = net_tls_context_open(&config);
	net_tls_enter(x);
	if (net_tls_context_ssl(x, &why) || why.kind != NET_FAIL_CONNECT || !strstr(why.message, "TLS: no connection can be made by \"OpenSSL"))
	{
		fprintf(stderr, "%s\n", why.message);
		_exit(1);
	}
	_exit(0);
}

static void
test_an_openssl_that_offers_nothing(void **state)
{
	Folder		folder;
	char	   *conf;
	FILE	   *file;
	int			status;
	pid_t		child;

	make_folder(&folder);
	conf = path_of(&folder, "conf");
	file = fopen(conf, "w");
	fputs("openssl_conf = a\n[a]\nproviders = b\n[b]\nnull = c\n[c]\nactivate = 1\n", file);
	fclose(file);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		expect_no_openssl(conf);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	free(conf);
	remove_folder(&folder);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: the process opens its first context behind the fork */
		cmocka_unit_test(test_nobody_enters_openssl_once_the_process_exits),
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
		cmocka_unit_test(test_an_openssl_that_offers_nothing),
#endif
		cmocka_unit_test(test_files_that_are_not_there),
		cmocka_unit_test(test_files_that_are_something_else),
		cmocka_unit_test(test_a_key_of_another_certificate),
		cmocka_unit_test(test_a_key_is_the_owner_s_alone),
		cmocka_unit_test(test_keys_with_a_password),
		cmocka_unit_test(test_a_key_in_der),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_the_roots_of_the_system),
		cmocka_unit_test(test_files_are_read_again_when_they_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
