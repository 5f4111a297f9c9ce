/*
 * fdw/option/option.c
 *	  Every option, in one table.
 *
 * Backend thread. Owns what was found last of each table. Invariant: an option that is
 * accepted is used, and it is parsed by one function only, so what passes
 * validation cannot fail at run time.
 */
#include "postgres.h"


#include "access/reloptions.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "cql/request.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option.h"
#include "fdw/option/option_value.h"
#include "fdw/option/setting.h"

#define ON_SERVER 1
#define ON_TABLE 2
#define ON_COLUMN 4
#define ON_MAPPING 8

static const ScyllaOptionDef option_defs[] = {
	{"host", ON_SERVER, KIND_HOSTS, 0, 0},
	{"port", ON_SERVER, KIND_INTEGER, 1, 65535},
	{"local_dc", ON_SERVER, KIND_TEXT, 0, 0},
	{"protocol_version", ON_SERVER, KIND_PROTOCOL, 0, 0},
	{"compression", ON_SERVER, KIND_COMPRESSION, 0, 0},
	{"connect_timeout", ON_SERVER, KIND_MILLISECONDS, 1, 600000},
	{"max_in_flight", ON_SERVER, KIND_INTEGER, 1, SCYLLA_MAX_IN_FLIGHT},
	{"max_in_flight_bytes", ON_SERVER, KIND_BYTES, 0, 0},
	{"keep_connections", ON_SERVER, KIND_BOOLEAN, 0, 0},
	{"request_timeout", ON_SERVER | ON_TABLE, KIND_MILLISECONDS, 1, 3600000},
	{"consistency", ON_SERVER | ON_TABLE, KIND_CONSISTENCY, 0, 0},
	{"read_consistency", ON_SERVER | ON_TABLE, KIND_CONSISTENCY, 0, 0},
	{"write_consistency", ON_SERVER | ON_TABLE, KIND_CONSISTENCY, 0, 0},
	{"serial_consistency", ON_SERVER | ON_TABLE, KIND_SERIAL, 0, 0},
	{"fetch_size", ON_SERVER | ON_TABLE, KIND_INTEGER, 1, 1000000},
	{"pushdown", ON_SERVER | ON_TABLE, KIND_PUSHDOWN, 0, 0},
	{"allow_filtering", ON_SERVER | ON_TABLE, KIND_BOOLEAN, 0, 0},
	{"async_capable", ON_SERVER | ON_TABLE, KIND_BOOLEAN, 0, 0},
	{"updatable", ON_SERVER | ON_TABLE, KIND_BOOLEAN, 0, 0},
	{"truncatable", ON_SERVER | ON_TABLE, KIND_BOOLEAN, 0, 0},
	{"insert_null", ON_SERVER | ON_TABLE, KIND_INSERT_NULL, 0, 0},
	{"update_mode", ON_SERVER | ON_TABLE, KIND_UPDATE_MODE, 0, 0},
	{"batch_mode", ON_SERVER | ON_TABLE, KIND_BATCH_MODE, 0, 0},
	{"fdw_startup_cost", ON_SERVER | ON_TABLE, KIND_COST, 0, 0},
	{"fdw_tuple_cost", ON_SERVER | ON_TABLE, KIND_COST, 0, 0},
	{"keyspace", ON_TABLE, KIND_TEXT, 0, 0},
	{"table", ON_TABLE, KIND_TEXT, 0, 0},
	{"ttl", ON_TABLE, KIND_SECONDS, 0, SCYLLA_MAX_TTL},
	{"column_name", ON_COLUMN, KIND_TEXT, 0, 0},
	{"ttl_of", ON_COLUMN, KIND_TEXT, 0, 0},
	{"writetime_of", ON_COLUMN, KIND_TEXT, 0, 0},
	{"write_ttl", ON_COLUMN, KIND_BOOLEAN, 0, 0},
	{"write_timestamp", ON_COLUMN, KIND_BOOLEAN, 0, 0},
	{"username", ON_MAPPING, KIND_TEXT, 0, 0},
	{"password", ON_MAPPING, KIND_TEXT, 0, 0},
	{"password_required", ON_MAPPING, KIND_BOOLEAN, 0, 0},
};

/* ---- validation ---- */

static const ScyllaOptionDef *
find_def(const char *name)
{
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		if (strcmp(option_defs[i].name, name) == 0)
			return &option_defs[i];
	}
	return NULL;
}

static int
where_of_catalog(Oid catalog)
{
	switch (catalog)
	{
		case ForeignServerRelationId:
			return ON_SERVER;
		case ForeignTableRelationId:
			return ON_TABLE;
		case AttributeRelationId:
			return ON_COLUMN;
		case UserMappingRelationId:
			return ON_MAPPING;
		default:
			return 0;			/* the wrapper itself takes none */
	}
}

static const char *
nearest_option(const char *name, int where)
{
	List	   *candidates = NIL;

	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		if (option_defs[i].where & where)
			candidates = lappend(candidates, unconstify(char *, option_defs[i].name));
	}
	return scyllaNearestName(name, candidates);
}

static char *
valid_names(int where)
{
	StringInfoData names;

	initStringInfo(&names);
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		if (option_defs[i].where & where)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", option_defs[i].name);
	}
	return names.data;
}

static void
unknown_option(const char *name, int where)
{
	const char *nearest = nearest_option(name, where);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\"", name),
			 where == 0 ? errhint("There are no valid options in this context.") :
			 nearest ? errhint("Perhaps you meant the option \"%s\".", nearest) :
			 errhint("Valid options in this context are: %s", valid_names(where))));
}

/* A column stands for one thing. */
static void
check_column_options(List *options)
{
	if (list_length(options) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("options \"%s\" and \"%s\" exclude each other",
						linitial_node(DefElem, options)->defname, lsecond_node(DefElem, options)->defname)));
}

static void
require_keyspace(List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "keyspace") == 0)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_OPTION_NAME_NOT_FOUND),
			 errmsg("option \"keyspace\" is required"),
			 errhint("Use OPTIONS (keyspace 'name').")));
}

/* The options are all that the object has afterwards. */
void
scyllaValidateOptions(List *options, Oid catalog)
{
	int			where = where_of_catalog(catalog);
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *element = lfirst_node(DefElem, lc);
		const ScyllaOptionDef *def = find_def(element->defname);

		if (def == NULL || (def->where & where) == 0)
			unknown_option(element->defname, where);
		scyllaCheckValue(def, element);
		if (strcmp(def->name, "password_required") == 0 && !defGetBoolean(element) && !superuser())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("password_required=false is superuser-only"),
					 errhint("User mappings with the password_required option set to false may only be created or modified by the superuser.")));
	}
	if (where == ON_COLUMN)
		check_column_options(options);
	if (where == ON_TABLE)
		require_keyspace(options);
}

/* ---- resolution ---- */

/* Value of an option in the first of two lists that has it, or NULL. */
static const char *
lookup(const char *name, List *first, List *second)
{
	List	   *lists[2] = {first, second};

	for (int i = 0; i < 2; i++)
	{
		ListCell   *lc;

		foreach(lc, lists[i])
		{
			DefElem    *element = lfirst_node(DefElem, lc);

			if (strcmp(element->defname, name) == 0)
				return defGetString(element);
		}
	}
	return NULL;
}

static char *
text_option(const char *name, List *options)
{
	const char *value = lookup(name, options, NIL);

	return value ? pstrdup(value) : NULL;
}

static int
integer_option(const char *name, int otherwise, List *first, List *second)
{
	const char *value = lookup(name, first, second);

	return value ? scyllaIntegerValue(find_def(name), value) : otherwise;
}

static int
duration_option(const char *name, int otherwise, List *first, List *second)
{
	const char *value = lookup(name, first, second);

	return value ? scyllaDurationValue(find_def(name), value) : otherwise;
}

static bool
boolean_option(const char *name, bool otherwise, List *first, List *second)
{
	const char *value = lookup(name, first, second);

	return value ? scyllaBooleanValue(find_def(name), value) : otherwise;
}

static double
cost_option(const char *name, List *first, List *second)
{
	const char *value = lookup(name, first, second);

	return value ? scyllaCostValue(find_def(name), value) : -1;
}

static uint16_t
serial_option(List *first, List *second)
{
	const char *value = lookup("serial_consistency", first, second);

	return value ? scyllaSerialValue(find_def("serial_consistency"), value) : CQL_LOCAL_SERIAL;
}

/*
 * The special name beats the general one at the same place, but a table's
 * general one beats the server's special one.
 */
static uint16_t
consistency_option(const char *name, List *table, List *server)
{
	const char *value = scyllaConsistencySetting();

	if (value == NULL)
		value = lookup(name, table, NIL);
	if (value == NULL)
		value = lookup("consistency", table, NIL);
	if (value == NULL)
		value = lookup(name, server, NIL);
	if (value == NULL)
		value = lookup("consistency", server, NIL);
	return value ? scyllaConsistencyValue(find_def("consistency"), value) : CQL_LOCAL_QUORUM;
}

ScyllaConnectionOptions *
scyllaConnectionOptions(ForeignServer *server, UserMapping *mapping)
{
	ScyllaConnectionOptions *o = palloc0(sizeof(*o));
	List	   *options = server->options;
	const char *host = lookup("host", options, NIL);
	const char *protocol = lookup("protocol_version", options, NIL);
	const char *compression = lookup("compression", options, NIL);
	int			port = integer_option("port", DEFAULT_PORT, options, NIL);

	o->ncontacts = scyllaHostsValue(find_def("host"), host ? host : "127.0.0.1", (uint16_t) port, &o->contact);
	o->local_dc = text_option("local_dc", options);
	if (protocol)
		o->protocol_version = scyllaProtocolValue(find_def("protocol_version"), protocol);
	if (compression)
		o->lz4 = scyllaWordValue(find_def("compression"), compression, "none", "lz4");
	o->connect_timeout = duration_option("connect_timeout", 5000, options, NIL);
	o->max_in_flight = integer_option("max_in_flight", 0, options, NIL);
	o->keep_connections = boolean_option("keep_connections", true, options, NIL);
	o->username = text_option("username", mapping->options);
	o->password = text_option("password", mapping->options);
	o->password_required = boolean_option("password_required", true, mapping->options, NIL);
	return o;
}

ScyllaTableOptions *
scyllaResolveOptions(List *table, List *server)
{
	ScyllaTableOptions *o = palloc0(sizeof(*o));
	const char *bytes = lookup("max_in_flight_bytes", server, NIL);
	const char *insert_null = lookup("insert_null", table, server);
	const char *update_mode = lookup("update_mode", table, server);
	const char *batch_mode = lookup("batch_mode", table, server);
	const char *pushdown = lookup("pushdown", table, server);

	o->keyspace = text_option("keyspace", table);
	o->table = text_option("table", table);
	o->read_consistency = consistency_option("read_consistency", table, server);
	o->write_consistency = consistency_option("write_consistency", table, server);
	o->serial_consistency = serial_option(table, server);
	o->request_timeout = scylla_request_timeout > 0 ? scylla_request_timeout :
		duration_option("request_timeout", 12000, table, server);
	o->fetch_size = integer_option("fetch_size", 5000, table, server);
	o->max_in_flight_bytes = bytes ? scyllaBytesValue(find_def("max_in_flight_bytes"), bytes) : 16 * 1024 * 1024;
	o->pushdown = scyllaPushdownValue(find_def("pushdown"), pushdown ? pushdown : "all");
	o->allow_filtering = boolean_option("allow_filtering", false, table, server);
	o->async_capable = boolean_option("async_capable", true, table, server);
	o->updatable = boolean_option("updatable", true, table, server);
	o->truncatable = boolean_option("truncatable", true, table, server);
	o->insert_null = insert_null && scyllaWordValue(find_def("insert_null"), insert_null, "unset", "null");
	o->if_exists = update_mode && scyllaWordValue(find_def("update_mode"), update_mode, "upsert", "if_exists");
	o->batch = batch_mode && scyllaWordValue(find_def("batch_mode"), batch_mode, "none", "partition");
	o->ttl = scylla_ttl >= 0 ? scylla_ttl : duration_option("ttl", -1, table, NIL);
	o->write_timestamp = scylla_write_timestamp;
	o->startup_cost = cost_option("fdw_startup_cost", table, server);
	o->tuple_cost = cost_option("fdw_tuple_cost", table, server);
	return o;
}

ScyllaTableOptions *
scyllaServerOptions(ForeignServer *server)
{
	return scyllaResolveOptions(NIL, server->options);
}

char *
scyllaColumnName(Oid relid, AttrNumber attnum)
{
	static const char *const names[] = {"column_name", "ttl_of", "writetime_of"};	/* a column has one of them at most */
	List	   *options = GetForeignColumnOptions(relid, attnum);

	for (size_t i = 0; i < lengthof(names); i++)
	{
		const char *name = lookup(names[i], options, NIL);

		if (name != NULL)
			return pstrdup(name);
	}
	return get_attname(relid, attnum, false);
}

ScyllaPseudo
scyllaReadPseudo(Oid relid, AttrNumber attnum)
{
	List	   *options = GetForeignColumnOptions(relid, attnum);

	if (lookup("ttl_of", options, NIL) != NULL)
		return SCYLLA_TTL;
	if (lookup("writetime_of", options, NIL) != NULL)
		return SCYLLA_WRITETIME;
	if (boolean_option("write_ttl", false, options, NIL))
		return SCYLLA_WRITE_TTL;
	return boolean_option("write_timestamp", false, options, NIL) ? SCYLLA_WRITE_TIMESTAMP : SCYLLA_NO_PSEUDO;
}
