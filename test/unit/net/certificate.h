/*
 * certificate.h
 *	  Certificates as a test wants them, in memory and in files of a directory of
 *	  its own.
 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Certificate
{
	EVP_PKEY   *key;
	X509	   *x509;
} Certificate;

/* Zero: of host 127.0.0.1, from yesterday until tomorrow. */
typedef struct Wanted
{
	const char *common_name;
	const char *alternatives;	/* "DNS:a.example.com,IP:127.0.0.1"; NULL: none */
	int			begins;			/* days from now; 0: yesterday */
	int			ends;			/* 0: tomorrow */
	bool		authority;
} Wanted;

static inline EVP_PKEY *
make_key(int kind)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(kind, NULL);
	EVP_PKEY   *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static inline void
add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* signer NULL: it signs itself. */
static inline Certificate
make_certificate(const Certificate *signer, Wanted wanted)
{
	static long serial;
	Certificate made = {make_key(EVP_PKEY_ED25519), X509_new()};
	X509_NAME  *name = X509_get_subject_name(made.x509);

	X509_set_version(made.x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(made.x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(made.x509), (wanted.begins ? wanted.begins : -1) * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(made.x509), (wanted.ends ? wanted.ends : 1) * 86400L);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
							   (const unsigned char *) (wanted.common_name ? wanted.common_name : "node"), -1, -1, 0);
	X509_set_issuer_name(made.x509, signer ? X509_get_subject_name(signer->x509) : name);
	X509_set_pubkey(made.x509, made.key);
	if (wanted.authority)
		add_extension(made.x509, NID_basic_constraints, "critical,CA:TRUE");
	if (wanted.alternatives)
		add_extension(made.x509, NID_subject_alt_name, wanted.alternatives);
	else if (!wanted.common_name)
		add_extension(made.x509, NID_subject_alt_name, "IP:127.0.0.1");
	assert_true(X509_sign(made.x509, signer ? signer->key : made.key, NULL) > 0);
	return made;
}

static inline void
free_certificate(Certificate *certificate)
{
	EVP_PKEY_free(certificate->key);
	X509_free(certificate->x509);
	*certificate = (Certificate) {0};
}

/* ---- files ---- */

typedef struct Folder
{
	char		path[64];
} Folder;

static inline void
make_folder(Folder *folder)
{
	snprintf(folder->path, sizeof(folder->path), "/tmp/certificates_XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

static inline void
remove_folder(Folder *folder)
{
	char		command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
	assert_int_equal(system(command), 0);
}

/* Owned by the caller. */
static inline char *
path_of(const Folder *folder, const char *name)
{
	char		path[96];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	return strdup(path);
}

static inline FILE *
open_file(const char *path)
{
	FILE	   *file = fopen(path, "w");

	assert_non_null(file);
	return file;
}

static inline void
write_certificate(const char *path, const Certificate *certificate)
{
	FILE	   *file = open_file(path);

	assert_int_equal(PEM_write_X509(file, certificate->x509), 1);
	fclose(file);
}

/* password NULL: none. */
static inline void
write_key(const char *path, const Certificate *certificate, const char *password)
{
	FILE	   *file = open_file(path);

	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, certificate->key, password ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
											   (void *) password), 1);
	fclose(file);
}

#endif							/* CERTIFICATE_H */
