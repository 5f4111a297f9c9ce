/*
 * net/tls_name.c
 *	  Whether a certificate is one of the host that was connected to.
 *
 * Thread: any; pure functions.
 * Owns: nothing.
 * Invariants: a name with a NUL in it, or an address of another length than 4 or
 * 16 bytes, is of no host, and no further name is looked at.
 */
#include "net/tls_name.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SHOWN_NAMES 3

/* What a certificate says whose it is: each name in turn, until visit returns false. */
typedef struct Names
{
	const char *host;
	bool		matches;
	bool		bad;
	int			seen;
	char	   *text;			/* of the names, where they are wanted */
	size_t		size;
} Names;

bool
net_tls_is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return inet_aton(host, &v4) || inet_pton(AF_INET6, host, &v6) == 1;
}

/* "*.example.com" is any one label in front of the rest. */
static bool
matches_wildcard(const char *pattern, const char *host)
{
	size_t		length = strlen(pattern);
	size_t		host_length = strlen(host);
	const char *rest;

	if (length < 3 || pattern[0] != '*' || pattern[1] != '.' || length > host_length || net_tls_is_address(host))
		return false;
	rest = host + host_length - length + 1;
	return strcasecmp(pattern + 1, rest) == 0 && strchr(host, '.') >= rest;
}

static void
show(Names *names, const char *name)
{
	size_t		used = names->text ? strlen(names->text) : 0;

	if (names->text && names->seen < SHOWN_NAMES)
		snprintf(names->text + used, names->size - used, "%s\"%s\"", names->seen > 0 ? ", " : "", name);
	names->seen++;
}

static void
visit_name(Names *names, const ASN1_STRING *name)
{
	char		text[256];
	int			length = name ? ASN1_STRING_length(name) : -1;

	if (length < 0 || length >= (int) sizeof(text) || memchr(ASN1_STRING_get0_data(name), 0, (size_t) length))
	{
		names->bad = true;
		return;
	}
	memcpy(text, ASN1_STRING_get0_data(name), (size_t) length);
	text[length] = '\0';
	names->matches |= strcasecmp(text, names->host) == 0 || matches_wildcard(text, names->host);
	show(names, text);
}

static void
visit_address(Names *names, const ASN1_STRING *address)
{
	const unsigned char *bytes = ASN1_STRING_get0_data(address);
	int			length = ASN1_STRING_length(address);
	char		text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (length != sizeof(v4) && length != sizeof(v6))
	{
		names->bad = true;
		return;
	}
	if (length == sizeof(v4))
		names->matches |= inet_aton(names->host, &v4) && memcmp(&v4, bytes, sizeof(v4)) == 0;
	else
		names->matches |= inet_pton(AF_INET6, names->host, &v6) == 1 && memcmp(&v6, bytes, sizeof(v6)) == 0;
	inet_ntop(length == sizeof(v4) ? AF_INET : AF_INET6, bytes, text, sizeof(text));
	show(names, text);
}

static bool
goes_on(const Names *names)
{
	return !names->bad && (names->text || !names->matches);
}

static void
visit_alternative(Names *names, const GENERAL_NAME *name)
{
	if (name->type == GEN_DNS)
		visit_name(names, name->d.dNSName);
	else if (name->type == GEN_IPADD)
		visit_address(names, name->d.iPAddress);
}

/* Those of the host's kind come first in a text. Whether there was one. */
static bool
visit_alternatives(Names *names, X509 *certificate)
{
	GENERAL_NAMES *alternatives = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int			kind = net_tls_is_address(names->host) ? GEN_IPADD : GEN_DNS;
	bool		found = false;

	for (int turn = names->text ? 0 : 1; turn < 2; turn++)
	{
		for (int i = 0; i < sk_GENERAL_NAME_num(alternatives) && goes_on(names); i++)
		{
			const GENERAL_NAME *name = sk_GENERAL_NAME_value(alternatives, i);
			bool		is_kind = name->type == kind;

			found |= is_kind;
			if (!names->text || is_kind == (turn == 0))
				visit_alternative(names, name);
		}
	}
	GENERAL_NAMES_free(alternatives);
	return found;
}

static void
visit_all(Names *names, X509 *certificate)
{
	bool		found = visit_alternatives(names, certificate);
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int			i = X509_NAME_get_index_by_NID((X509_NAME *) subject, NID_commonName, -1);

	if (!found && i >= 0 && goes_on(names))
		visit_name(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
}

bool
net_tls_name_matches(X509 *certificate, const char *host)
{
	Names		names = {.host = host};

	visit_all(&names, certificate);
	return names.matches && !names.bad;
}

void
net_tls_names(X509 *certificate, const char *host, char *text, size_t size)
{
	Names		names = {.host = host, .text = text, .size = size};
	size_t		used;

	text[0] = '\0';
	visit_all(&names, certificate);
	used = strlen(text);
	if (names.seen > SHOWN_NAMES)
		snprintf(text + used, size - used, " and %d more", names.seen - SHOWN_NAMES);
	else if (names.seen == 0)
		snprintf(text, size, "nobody");
}
