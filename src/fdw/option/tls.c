/*
 * fdw/option/tls.c
 *	  What options about TLS mean together.
 *
 * Backend thread. Owns nothing. Invariant: nothing is given that would be ignored, so
 * nobody believes to be protected by it. sslmode disable alone, where it is given,
 * leaves the others as they are: that is what it is given for.
 */
#include "postgres.h"

#include "fdw/option/option.h"
#include "fdw/option/tls.h"

NetSslMode
scyllaSslMode(List *server)
{
	const char *mode = scyllaLookUpOption("sslmode", server);

	if (mode != NULL)
		return (NetSslMode) scyllaOptionValue(scyllaFindOption("sslmode", ON_SERVER), mode).number;
	return scyllaLookUpOption("sslrootcert", server) != NULL ? NET_SSL_VERIFY_FULL : NET_SSL_DISABLE;
}

/* Who gives one of them wants encryption. No encryption, but the options kept, must be said: sslmode disable. */
static void
refuse_idle(List *server, List *options)
{
	ListCell   *lc;

	if (scyllaLookUpOption("sslmode", server) != NULL || scyllaLookUpOption("sslrootcert", server) != NULL)
		return;
	foreach(lc, options)
	{
		const char *name = lfirst_node(DefElem, lc)->defname;

		if (strncmp(name, "ssl", 3) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
					 errmsg("option \"sslmode\" or \"sslrootcert\" of the server is required with option \"%s\"", name),
					 errdetail("Connections are encrypted only if the server has one of these."),
					 errhint("With sslmode \"disable\", other options about encryption may stay, unused.")));
	}
}

/* ---- of a server ---- */

static void
refuse_weak_mode(const char *mode)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("weak sslmode \"%s\" may not be used with sslrootcert \"system\"", mode),
			 errdetail("Anybody can get a certificate from the authorities that the system trusts, so its name must be verified."),
			 errhint("Use sslmode \"verify-full\".")));
}

/* why: what needs it. */
static void
refuse_without_root(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
			 errmsg("option \"sslrootcert\" is required with %s", why),
			 errhint("Name a file with certificates of authorities that you trust. With sslmode \"verify-full\", \"system\" names those that the system trusts.")));
}

static void
check_root(List *server)
{
	const char *mode = scyllaLookUpOption("sslmode", server);
	const char *root = scyllaLookUpOption("sslrootcert", server);

	if (root != NULL && strcmp(root, NET_SSL_SYSTEM) == 0 && scyllaSslMode(server) != NET_SSL_VERIFY_FULL)
		refuse_weak_mode(mode);
	if (root == NULL && scyllaSslMode(server) >= NET_SSL_VERIFY_CA)
		refuse_without_root(psprintf("sslmode \"%s\"", mode));
	if (root == NULL && scyllaLookUpOption("sslcrl", server) != NULL)
		refuse_without_root("option \"sslcrl\"");
}

static const char *
given_or_default(const ScyllaOptionDef *def, List *server)
{
	const char *text = scyllaLookUpOption(def->name, server);

	return text ? text : def->otherwise;
}

static void
check_versions(List *server)
{
	const ScyllaOptionDef *min = scyllaFindOption("ssl_min_protocol_version", ON_SERVER);
	const ScyllaOptionDef *max = scyllaFindOption("ssl_max_protocol_version", ON_SERVER);
	const char *least = given_or_default(min, server);
	const char *most = given_or_default(max, server);

	if (most != NULL && scyllaOptionValue(min, least).number > scyllaOptionValue(max, most).number)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("option \"%s\" (%s) is above option \"%s\" (%s)", min->name, least, max->name, most)));
}

void
scyllaCheckTls(List *server)
{
	check_root(server);
	check_versions(server);
	refuse_idle(server, server);
}

/* ---- of a server and a user mapping ---- */

static void
check_pair(List *options, const char *what)
{
	bool		cert = scyllaLookUpOption("sslcert", options) != NULL;
	bool		key = scyllaLookUpOption("sslkey", options) != NULL;

	if (cert != key)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
				 errmsg("%s has option \"%s\" without option \"%s\"", what, cert ? "sslcert" : "sslkey", cert ? "sslkey" : "sslcert"),
				 errhint("A certificate and its key are given at one place: both in the user mapping, or both on the server.")));
}

bool
scyllaCheckCertificate(List *server, List *mapping)
{
	bool		of_mapping;

	check_pair(mapping, "user mapping");
	refuse_idle(server, mapping);
	of_mapping = scyllaLookUpOption("sslcert", mapping) != NULL;
	if (!of_mapping)
		check_pair(server, "server");
	return of_mapping;
}
