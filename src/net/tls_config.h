/*
 * net/tls_config.h
 *	  What TLS of a client's connections goes by: libpq's parameters, by libpq's
 *	  names and meanings.
 *
 * Any thread; types. Read-only once a client has its copy.
 */
#ifndef NET_TLS_CONFIG_H
#define NET_TLS_CONFIG_H

#include <stdbool.h>

typedef enum NetSslMode
{
	NET_SSL_DISABLE,			/* not encrypted */
	NET_SSL_REQUIRE,			/* encrypted; where root_cert is given, as verify-ca */
	NET_SSL_VERIFY_CA,			/* and the node's certificate is signed by who is trusted */
	NET_SSL_VERIFY_FULL			/* and it is a certificate of the host that was connected to */
} NetSslMode;

#define NET_SSL_SYSTEM "system" /* as root_cert: whom OpenSSL trusts by itself */

/* Files are PEM, and read again when they have changed. NULL: none. */
typedef struct NetTlsConfig
{
	NetSslMode	mode;
	const char *root_cert;		/* whom is trusted: a file, or NET_SSL_SYSTEM; given where mode verifies */
	const char *crl;			/* certificates that are not trusted any more */
	const char *cert;			/* the client's own, with those between it and its root */
	const char *key;			/* of cert; PEM or DER; given where cert is */
	const char *password;		/* of key; secret */
	int			min_version;	/* as OpenSSL has it: 0x0303 is TLS 1.2; 0: TLS 1.2 */
	int			max_version;	/* 0: the highest that OpenSSL has */
	bool		sni;			/* tell the node by which name it was reached */
} NetTlsConfig;

#endif							/* NET_TLS_CONFIG_H */
