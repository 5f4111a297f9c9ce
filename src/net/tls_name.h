/*
 * net/tls_name.h
 *	  Whether a certificate is one of the host that was connected to, as libpq
 *	  decides it.
 *
 * Any thread; pure functions.
 *
 * A subject alternative name is compared with the host: names without regard to case, "*." for one label, addresses by
 * their bytes. Where the certificate has none of the host's kind (name or address), its common name is. So a common
 * name counts for an address even beside alternative names of hosts, against RFC 6125, as in libpq (fe-secure-openssl.c,
 * pgtls_verify_peer_name_matches_certificate_guts).
 */
#ifndef NET_TLS_NAME_H
#define NET_TLS_NAME_H

#include <openssl/x509.h>
#include <stdbool.h>

/* An IPv4 or IPv6 address, and no name. */
extern bool net_tls_is_address(const char *host);

extern bool net_tls_name_matches(X509 *certificate, const char *host);

/* The names that are looked at, for a message: "a.example.com", "10.0.0.1" and 3 more. Valid UTF-8. */
extern void net_tls_names(X509 *certificate, const char *host, char *text, size_t size);

#endif							/* NET_TLS_NAME_H */
