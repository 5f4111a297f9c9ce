/*
 * certificate.h
 *	  Certificates that a test makes for itself, and a folder with them as files.
 */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Certificate
{
	X509	   *x509;
	EVP_PKEY   *key;
} Certificate;

static inline void
certificate_must(int ok)
{
	if (ok <= 0)
		abort();
}

static inline EVP_PKEY *
certificate_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY   *key = NULL;

	certificate_must(EVP_PKEY_keygen_init(ctx));
	certificate_must(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1));
	certificate_must(EVP_PKEY_keygen(ctx, &key));
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static inline void
certificate_extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX	ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	certificate_must(extension != NULL && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

/*
 * Valid from and until so many seconds from now. names as OpenSSL has them: "IP:127.0.0.1,DNS:node"; NULL: no name
 * but cn. issuer NULL: its own, and a CA.
 */
static inline Certificate
certificate_make(const char *cn, const char *names, const Certificate *issuer, long from, long until)
{
	static long serial;
	Certificate c = {X509_new(), certificate_key()};
	X509_NAME  *name = X509_NAME_new();
	X509	   *by = issuer ? issuer->x509 : c.x509;

	certificate_must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *) cn, -1, -1, 0));
	certificate_must(X509_set_version(c.x509, 2));
	certificate_must(ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial));
	certificate_must(X509_set_subject_name(c.x509, name));
	certificate_must(X509_set_issuer_name(c.x509, issuer ? X509_get_subject_name(by) : name));
	certificate_must(X509_set_pubkey(c.x509, c.key));
	X509_gmtime_adj(X509_getm_notBefore(c.x509), from);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), until);
	if (names != NULL)
		certificate_extend(c.x509, by, NID_subject_alt_name, names);
	if (issuer == NULL)
		certificate_extend(c.x509, by, NID_basic_constraints, "critical,CA:TRUE");
	certificate_must(X509_sign(c.x509, issuer ? issuer->key : c.key, EVP_sha256()));
	X509_NAME_free(name);
	return c;
}

static inline void
certificate_free(Certificate *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

/* ---- files ---- */

#define CERTIFICATE_FOLDER "/tmp/certificate_test.XXXXXX"

/* FOLDER/NAME.pem, or .key */
static inline const char *
certificate_path(char *path, size_t size, const char *folder, const char *name, const char *kind)
{
	snprintf(path, size, "%s/%s.%s", folder, name, kind);
	return path;
}

static inline FILE *
certificate_open(const char *folder, const char *name, const char *kind)
{
	char		path[256];
	FILE	   *file = fopen(certificate_path(path, sizeof(path), folder, name, kind), "w");

	certificate_must(file != NULL);
	return file;
}

/* NAME.pem and NAME.key, which others cannot read. */
static inline void
certificate_write(const Certificate *c, const char *folder, const char *name)
{
	FILE	   *file = certificate_open(folder, name, "pem");

	certificate_must(PEM_write_X509(file, c->x509));
	fclose(file);
	umask(077);
	file = certificate_open(folder, name, "key");
	certificate_must(PEM_write_PKCS8PrivateKey(file, c->key, NULL, NULL, 0, NULL, NULL));
	fclose(file);
}

static inline void
certificate_remove(const char *folder, const char *name)
{
	char		path[256];

	unlink(certificate_path(path, sizeof(path), folder, name, "pem"));
	unlink(certificate_path(path, sizeof(path), folder, name, "key"));
}

#endif							/* CERTIFICATE_H */
