/*
 * fdw/option/resolve.c
 *	  Options as they are used: setting beats table beats server beats default.
 *
 * Backend thread. Owns nothing: results live in CurrentMemoryContext. Invariant: the
 * field that a value goes to has the type of the option's kind.
 */
#include "postgres.h"

#include "fdw/option/resolve.h"
#include "fdw/option/setting.h"
#include "fdw/option/tls.h"

/* Of an object that has options, of which some may stand there. */
typedef struct Place
{
	int			where;
	List	   *options;
} Place;

/*
 * The special name beats the general one at the same place, but a table's general
 * one beats the server's special one.
 */
static const char *
value_text(const ScyllaOptionDef *def, const Place *place, int nplaces)
{
	for (int i = 0; i < nplaces; i++)
	{
		const char *text = NULL;

		if (def->where & place[i].where)
			text = scyllaLookUpOption(def->name, place[i].options);
		if (text == NULL && def->general != NULL)
			text = scyllaLookUpOption(def->general, place[i].options);
		if (text != NULL)
			return text;
	}
	return def->otherwise;
}

#ifdef USE_ASSERT_CHECKING
static size_t
size_of_value(ScyllaOptionKind kind)
{
	switch (kind)
	{
		case KIND_TEXT:
		case KIND_UTF8:
		case KIND_LOCAL:
		case KIND_HOSTS:
		case KIND_FILE:
			return sizeof(char *);
		case KIND_EITHER:
		case KIND_BOOLEAN:
			return sizeof(bool);
		case KIND_BYTES:
			return sizeof(int64);
		case KIND_COST:
			return sizeof(double);
		default:
			return sizeof(int);
	}
}
#endif

static bool
is_overridden(const ScyllaOptionDef *def)
{
	Assert(def->setting == NULL || size_of_value(def->kind) == sizeof(int));
	return def->setting != NULL && *def->setting >= def->min && *def->setting <= def->max;
}

/* All members of a value begin where it begins: the field takes the one of its size. */
static void
set_field(const ScyllaOptionDef *def, const Place *place, int nplaces, void *target)
{
	const char *text = value_text(def, place, nplaces);
	ScyllaOptionValue value;

	Assert(def->size == size_of_value(def->kind));
	if (is_overridden(def))
		value.number = *def->setting;
	else if (text != NULL)
		value = scyllaOptionValue(def, text);
	else
		return;
	memcpy((char *) target + def->offset, &value, def->size);
}

static void
set_fields(ScyllaOptionTarget target, const Place *place, int nplaces, void *to)
{
	int			n;
	const ScyllaOptionDef *def = scyllaOptionDefs(&n);

	for (int i = 0; i < n; i++)
	{
		if (def[i].target == target)
			set_field(&def[i], place, nplaces, to);
	}
}

/* A certificate proves who the user is only if it is the user's own, and only where a node can ask for it. */
static void
set_tls(ScyllaConnectionOptions *o, List *server, List *mapping)
{
	bool		own = scyllaCheckCertificate(server, mapping);

	scyllaCheckTls(server);		/* there are wrappers without a validator */
	o->core.net.tls.mode = scyllaSslMode(server);
	o->core.net.cert_proves = own && o->core.net.tls.mode != NET_SSL_DISABLE;
}

ScyllaConnectionOptions *
scyllaConnectionOptions(ForeignServer *server, UserMapping *mapping)
{
	ScyllaConnectionOptions *o = palloc0(sizeof(*o));
	const Place places[] = {{ON_MAPPING, mapping->options}, {ON_SERVER, server->options}};
	ClusterContact *contact;

	set_fields(TO_CONNECTION, places, lengthof(places), o);
	set_tls(o, server->options, mapping->options);
	o->core.ncontacts = scyllaParseHosts(scyllaFindOption("host", ON_SERVER), o->host, (uint16_t) o->port, &contact);
	o->core.contact = contact;
	return o;
}

ScyllaTableOptions *
scyllaResolveOptions(List *table, List *server)
{
	ScyllaTableOptions *o = palloc0(sizeof(*o));
	const Place places[] = {{ON_TABLE, table}, {ON_SERVER, server}};

	o->ttl = -1;
	o->write_timestamp = scylla_write_timestamp;
	set_fields(TO_TABLE, places, lengthof(places), o);
	return o;
}

ScyllaTableOptions *
scyllaServerOptions(ForeignServer *server)
{
	return scyllaResolveOptions(NIL, server->options);
}

ScyllaImportOptions
scyllaImportOptions(List *options)
{
	ScyllaImportOptions o = {0};
	const Place place = {ON_IMPORT, options};

	set_fields(TO_IMPORT, &place, 1, &o);
	return o;
}
