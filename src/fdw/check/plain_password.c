/*
 * fdw/check/plain_password.c
 *	  Passwords that would travel where others can read them.
 *
 * Backend thread. Owns nothing. Invariant: a server's options are read only if the
 * validator has seen them, so all of them are valid.
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "fdw/check/plain_password.h"
#include "fdw/option/option.h"
#include "fdw/option/tls.h"

/* ---- of a server ---- */

static bool
is_local(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return pg_strcasecmp(host, "localhost") == 0;
}

static bool
is_remote(List *options)
{
	const ScyllaOptionDef *def = scyllaFindOption("host", ON_SERVER);
	const char *host = scyllaLookUpOption(def->name, options);
	ClusterContact *contact;
	int			n = scyllaParseHosts(def, host ? host : def->otherwise, 0, &contact);

	for (int i = 0; i < n; i++)
	{
		if (!is_local(contact[i].host))
			return true;
	}
	return false;
}

static bool
is_validated(const ForeignServer *server)
{
	Oid			validator = GetForeignDataWrapper(server->fdwid)->fdwvalidator;
	const char *name = OidIsValid(validator) ? get_func_name(validator) : NULL;

	return name != NULL && strcmp(name, "scylla_fdw_validator") == 0;
}

/* Over a network, without encryption. */
static bool
is_plain(Oid serverid)
{
	ForeignServer *server = GetForeignServerExtended(serverid, FSV_MISSING_OK);

	return server != NULL && is_validated(server) && scyllaSslMode(server->options) == NET_SSL_DISABLE &&
		is_remote(server->options);
}

/* ---- of user mappings ---- */

static bool
has_password(TupleDesc desc, HeapTuple mapping)
{
	bool		isnull;
	Datum		options = heap_getattr(mapping, Anum_pg_user_mapping_umoptions, desc, &isnull);

	return !isnull && scyllaLookUpOption("password", untransformRelOptions(options)) != NULL;
}

static bool
some_has_password(Oid serverid)
{
	Relation	mappings = table_open(UserMappingRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, Anum_pg_user_mapping_umserver, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(serverid));
	scan = systable_beginscan(mappings, InvalidOid, false, NULL, 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = has_password(RelationGetDescr(mappings), tuple);
	systable_endscan(scan);
	table_close(mappings, AccessShareLock);
	return found;
}

/* The server to which this one's password goes; InvalidOid: it has none. */
static Oid
server_of_password(Oid umid)
{
	Relation	mappings = table_open(UserMappingRelationId, AccessShareLock);
	HeapTuple	tuple = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(umid));
	Oid			server = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		if (has_password(RelationGetDescr(mappings), tuple))
			server = ((Form_pg_user_mapping) GETSTRUCT(tuple))->umserver;
		ReleaseSysCache(tuple);
	}
	table_close(mappings, AccessShareLock);
	return server;
}

/* ---- both ---- */

Oid
scyllaExposedServer(Oid class_id, Oid object_id)
{
	Oid			server = class_id == UserMappingRelationId ? server_of_password(object_id) : object_id;

	if (!OidIsValid(server) || !is_plain(server) || (class_id == ForeignServerRelationId && !some_has_password(server)))
		return InvalidOid;
	return server;
}

void
scyllaWarnOfPlainPassword(Oid server)
{
	ereport(WARNING,
			(errmsg("passwords of user mappings are sent to server \"%s\" without encryption", GetForeignServer(server)->servername),
			 errhint("Set the server's options sslmode and sslrootcert.")));
}
