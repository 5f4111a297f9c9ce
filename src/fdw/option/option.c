/*
 * fdw/option/option.c
 *	  Every option, in one table.
 *
 * Backend thread. Owns nothing. Invariants: an option that is accepted is used, and
 * its value is parsed by one function only, so what passes validation cannot fail at
 * run time.
 *
 * To add an option, add a row here, a field to one of the structs in option.h, and
 * what uses the field. doc/options.md has a row for each, too; a test compares them.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "utils/lsyscache.h"

#include "cql/request.h"
#include "fdw/option/guard.h"
#include "fdw/option/option.h"
#include "fdw/option/setting.h"

/* ---- the table ---- */

#define SERVER_OR_TABLE (ON_SERVER | ON_TABLE)
#define FIELD(type, field) .offset = offsetof(type, field), .size = sizeof(((type *) NULL)->field)
#define CONNECTION(field) .target = TO_CONNECTION, FIELD(ScyllaConnectionOptions, field)
#define TABLE(field) .target = TO_TABLE, FIELD(ScyllaTableOptions, field)
#define IMPORT(field) .target = TO_IMPORT, FIELD(ScyllaImportOptions, field)
#define TLS_FILE .kind = KIND_FILE, .guard = scyllaGuardFile
#define TLS_VERSION .kind = KIND_WORD, .words = {{"TLSv1", 0x0301}, {"TLSv1.1", 0x0302}, {"TLSv1.2", 0x0303}, {"TLSv1.3", 0x0304}}
#define ANY_CONSISTENCY .kind = KIND_CONSISTENCY, .min = CQL_ANY, .max = CQL_LOCAL_ONE

static const ScyllaOptionDef option_defs[] = {
	{
		.name = "host", .where = ON_SERVER, .kind = KIND_HOSTS, .otherwise = "127.0.0.1", CONNECTION(host),
		.meaning = "Nodes to contact first, separated by commas."
	},
	{
		.name = "port", .where = ON_SERVER, .kind = KIND_INTEGER, .min = 1, .max = 65535, .otherwise = "9042", CONNECTION(port),
		.meaning = "Port of the nodes that host gives without one."
	},
	{
		.name = "local_dc", .where = ON_SERVER, .kind = KIND_UTF8, .told = "that of the first node reached", CONNECTION(core.local_dc),
		.meaning = "Data center whose nodes are used."
	},
	{
		.name = "local_rack", .where = ON_SERVER, .kind = KIND_UTF8, .told = "all are as good", CONNECTION(core.local_rack),
		.meaning = "Rack of the data center whose nodes are preferred."
	},
	{
		.name = "protocol_version", .where = ON_SERVER, .kind = KIND_WORD, .words = {{"auto", 0}, {"4", 4}, {"5", 5}},
		.otherwise = "auto", CONNECTION(core.net.protocol_version),
		.meaning = "Version of the protocol; auto: the newest that a node speaks."
	},
	{
		.name = "compression", .where = ON_SERVER, .kind = KIND_EITHER, .words = {{"none", false}, {"lz4", true}},
		.otherwise = "none", CONNECTION(core.net.lz4),
		.meaning = "Compression of what is sent and received."
	},
	{
		.name = "connect_timeout", .where = ON_SERVER, .kind = KIND_MILLISECONDS, .min = 1, .max = 600000,
		.otherwise = "5000", CONNECTION(core.net.connect_timeout),
		.meaning = "Time for a connection to become ready, for the cluster to be found, for a lost node to come back."
	},
	{
		.name = "sslmode", .where = ON_SERVER, .kind = KIND_WORD,
		.words = {
			{"disable", NET_SSL_DISABLE}, {"require", NET_SSL_REQUIRE}, {"verify-ca", NET_SSL_VERIFY_CA},
			{"verify-full", NET_SSL_VERIFY_FULL}
		},
		.more = "allow and prefer are not offered: anybody on the way could have such connections made without encryption.",
		.told = "verify-full with sslrootcert, else disable", CONNECTION(core.net.tls.mode),
		.meaning = "Whether connections are encrypted, and what of the nodes' certificates is verified."
	},
	{
		.name = "sslrootcert", .where = ON_SERVER, TLS_FILE, .words = {{NET_SSL_SYSTEM, 0}}, CONNECTION(core.net.tls.root_cert),
		.meaning = "File with certificates of the authorities that are trusted; system: those that the system trusts."
	},
	{
		.name = "sslcrl", .where = ON_SERVER, TLS_FILE, CONNECTION(core.net.tls.crl),
		.meaning = "File with lists of certificates that are not trusted any more."
	},
	{
		.name = "sslcert", .where = ON_SERVER | ON_MAPPING, TLS_FILE, CONNECTION(core.net.tls.cert),
		.meaning = "File with the certificate that is shown to nodes that ask for one."
	},
	{
		.name = "sslkey", .where = ON_SERVER | ON_MAPPING, TLS_FILE, CONNECTION(core.net.tls.key),
		.meaning = "File with the key of that certificate."
	},
	{
		.name = "sslpassword", .where = ON_MAPPING, .kind = KIND_UTF8, .secret = true, CONNECTION(core.net.tls.password),
		.meaning = "Password of that key."
	},
	{
		.name = "ssl_min_protocol_version", .where = ON_SERVER, TLS_VERSION, .otherwise = "TLSv1.2",
		CONNECTION(core.net.tls.min_version),
		.meaning = "Lowest version of TLS that is used."
	},
	{
		.name = "ssl_max_protocol_version", .where = ON_SERVER, TLS_VERSION, .told = "the highest there is",
		CONNECTION(core.net.tls.max_version),
		.meaning = "Highest version of TLS that is used."
	},
	{
		.name = "sslsni", .where = ON_SERVER, .kind = KIND_BOOLEAN, .otherwise = "true", CONNECTION(core.net.tls.sni),
		.meaning = "Tell a node in plain text by which name it was reached."
	},
	{
		/* the setting of this name works without a new client: client_limit_all */
		.name = "max_in_flight", .where = ON_SERVER, .kind = KIND_INTEGER, .min = 1, .max = SCYLLA_MAX_IN_FLIGHT,
		.told = "adapts", CONNECTION(core.max_in_flight),
		.meaning = "Requests in flight of one session."
	},
	{
		.name = "max_in_flight_bytes", .where = ON_SERVER, .kind = KIND_BYTES, .min = 64, .max = 1024 * 1024,
		.otherwise = "16MB", TABLE(max_in_flight_bytes),
		.meaning = "Size of the rows of one statement and foreign table that are encoded and not acknowledged."
	},
	{
		.name = "max_connections", .where = ON_SERVER, .kind = KIND_INTEGER, .min = CLUSTER_CONNECTIONS_MIN, .max = 10000,
		.told = "no limit", CONNECTION(core.max_connections),
		.meaning = "Connections of one session; one of them hears of changes in the cluster."
	},
	{
		.name = "idle_timeout", .where = ON_SERVER, .kind = KIND_MILLISECONDS, .min = 0, .max = 86400000,
		.otherwise = "300000", CONNECTION(core.idle_timeout),
		.meaning = "Time after which a connection that nothing was sent on is closed; 0: never."
	},
	{
		.name = "keep_connections", .where = ON_SERVER, .kind = KIND_BOOLEAN, .otherwise = "true", CONNECTION(keep_connections),
		.meaning = "Keep connections after the transaction."
	},
	{
		.name = "request_timeout", .where = SERVER_OR_TABLE, .kind = KIND_MILLISECONDS, .min = 1,
		.max = SCYLLA_MAX_REQUEST_TIMEOUT, .otherwise = "12000", .setting = &scylla_request_timeout, TABLE(request_timeout),
		.meaning = "Time that one row or page may take once it is sent, with retries."
	},
	{
		.name = "consistency", .where = SERVER_OR_TABLE, ANY_CONSISTENCY, .otherwise = "local_quorum",
		.meaning = "Consistency of reads and writes."
	},
	{
		.name = "read_consistency", .where = SERVER_OR_TABLE, ANY_CONSISTENCY, .otherwise = "local_quorum",
		.told = "that of consistency", .general = "consistency", .setting = &scylla_consistency, TABLE(read_consistency),
		.meaning = "Consistency of reads; overrides consistency at the same place."
	},
	{
		.name = "write_consistency", .where = SERVER_OR_TABLE, ANY_CONSISTENCY, .otherwise = "local_quorum",
		.told = "that of consistency", .general = "consistency", .setting = &scylla_consistency, TABLE(write_consistency),
		.meaning = "Consistency of writes; overrides consistency at the same place."
	},
	{
		.name = "serial_consistency", .where = SERVER_OR_TABLE, .kind = KIND_CONSISTENCY, .min = CQL_SERIAL,
		.max = CQL_LOCAL_SERIAL, .otherwise = "local_serial", TABLE(serial_consistency),
		.meaning = "Consistency of ON CONFLICT DO NOTHING and of update_mode if_exists."
	},
	{
		.name = "fetch_size", .where = SERVER_OR_TABLE, .kind = KIND_INTEGER, .min = 1, .max = 1000000,
		.otherwise = "5000", TABLE(fetch_size),
		.meaning = "Rows of a page, at most."
	},
	{
		.name = "pushdown", .where = SERVER_OR_TABLE, .kind = KIND_LIST,
		.words = {
			{"keys", SCYLLA_PUSH_KEYS}, {"indexes", SCYLLA_PUSH_INDEXES}, {"filtering", SCYLLA_PUSH_FILTERING},
			{"aggregates", SCYLLA_PUSH_AGGREGATES}, {"vectors", SCYLLA_PUSH_VECTORS}
		},
		.otherwise = "all", TABLE(pushdown),
		.meaning = "What the cluster may do; PostgreSQL does the rest."
	},
	{
		.name = "allow_filtering", .where = SERVER_OR_TABLE, .kind = KIND_BOOLEAN, .otherwise = "false", TABLE(allow_filtering),
		.meaning = "Send conditions that no key or index serves with ALLOW FILTERING."
	},
	{
		.name = "async_capable", .where = SERVER_OR_TABLE, .kind = KIND_BOOLEAN, .otherwise = "true", TABLE(async_capable),
		.meaning = "The table may be read at the same time as others below an Append."
	},
	{
		.name = "updatable", .where = SERVER_OR_TABLE, .kind = KIND_BOOLEAN, .otherwise = "true", TABLE(updatable),
		.meaning = "Rows may be inserted, updated and deleted."
	},
	{
		.name = "truncatable", .where = SERVER_OR_TABLE, .kind = KIND_BOOLEAN, .otherwise = "true", TABLE(truncatable),
		.meaning = "TRUNCATE is allowed."
	},
	{
		.name = "insert_null", .where = SERVER_OR_TABLE, .kind = KIND_EITHER, .words = {{"unset", false}, {"null", true}},
		.otherwise = "unset", TABLE(insert_null),
		.meaning = "What a NULL in INSERT does: unset leaves the cell as it is, null deletes it."
	},
	{
		.name = "update_mode", .where = SERVER_OR_TABLE, .kind = KIND_EITHER, .words = {{"upsert", false}, {"if_exists", true}},
		.otherwise = "upsert", TABLE(if_exists),
		.meaning = "What UPDATE and DELETE do with rows that are gone since they were read: if_exists leaves them alone."
	},
	{
		.name = "batch_mode", .where = SERVER_OR_TABLE, .kind = KIND_EITHER, .words = {{"none", false}, {"partition", true}},
		.otherwise = "none", TABLE(batch),
		.meaning = "Rows that share a request: adjacent ones of one partition, or none."
	},
	{
		.name = "fdw_startup_cost", .where = SERVER_OR_TABLE, .kind = KIND_COST, .otherwise = "100", TABLE(startup_cost),
		.meaning = "Planner's cost of starting a scan."
	},
	{
		.name = "fdw_tuple_cost", .where = SERVER_OR_TABLE, .kind = KIND_COST, .otherwise = "0.01", TABLE(tuple_cost),
		.meaning = "Planner's cost of fetching a row."
	},
	{
		.name = "keyspace", .where = ON_TABLE, .kind = KIND_TEXT, .required = true, TABLE(keyspace),
		.meaning = "Keyspace of the table; required."
	},
	{
		.name = "table", .where = ON_TABLE, .kind = KIND_TEXT, .told = "the foreign table's name", TABLE(table),
		.meaning = "Name of the table in the cluster."
	},
	{
		.name = "ttl", .where = ON_TABLE, .kind = KIND_SECONDS, .min = 0, .max = SCYLLA_MAX_TTL, .told = "the table's own",
		.setting = &scylla_ttl, TABLE(ttl),
		.meaning = "Time after which every row that is written expires; 0: never."
	},
	{
		.name = "column_name", .where = ON_COLUMN, .kind = KIND_TEXT, .told = "the column's name",
		.meaning = "Name of the column in the cluster."
	},
	{
		.name = "ttl_of", .where = ON_COLUMN, .kind = KIND_TEXT, .pseudo = SCYLLA_TTL,
		.meaning = "Column of the cluster's table whose remaining time to live this one shows, in seconds."
	},
	{
		.name = "writetime_of", .where = ON_COLUMN, .kind = KIND_TEXT, .pseudo = SCYLLA_WRITETIME,
		.meaning = "Column of the cluster's table whose time of writing this one shows, in microseconds since 1970."
	},
	{
		.name = "write_ttl", .where = ON_COLUMN, .kind = KIND_BOOLEAN, .otherwise = "false", .pseudo = SCYLLA_WRITE_TTL,
		.meaning = "What is written to this column is the TTL of the row, in seconds."
	},
	{
		.name = "write_timestamp", .where = ON_COLUMN, .kind = KIND_BOOLEAN, .otherwise = "false", .pseudo = SCYLLA_WRITE_TIMESTAMP,
		.meaning = "What is written to this column is the timestamp of the row, in microseconds since 1970."
	},
	{
		.name = "username", .where = ON_MAPPING, .kind = KIND_UTF8, CONNECTION(core.net.username),
		.meaning = "Role in the cluster."
	},
	{
		.name = "password", .where = ON_MAPPING, .kind = KIND_UTF8, .secret = true, CONNECTION(core.net.password),
		.meaning = "Password of that role."
	},
	{
		.name = "password_required", .where = ON_MAPPING, .kind = KIND_BOOLEAN, .otherwise = "true",
		.guard = scyllaGuardPasswordRequired, CONNECTION(password_required),
		.meaning = "Users who are no superusers must give a password; only superusers may set false."
	},
	{
		.name = "import_views", .where = ON_IMPORT, .kind = KIND_BOOLEAN, .otherwise = "true", IMPORT(views),
		.meaning = "Import materialized views."
	},
	{
		.name = "case", .where = ON_IMPORT, .kind = KIND_WORD,
		.words = {{"keep", SCYLLA_FOLD_KEEP}, {"lower", SCYLLA_FOLD_LOWER}, {"smart", SCYLLA_FOLD_SMART}},
		.otherwise = "keep", IMPORT(folding),
		.meaning = "Case of the names of tables and columns; smart: lower unless a name has both upper and lower case."
	},
	{
		.name = "import_not_null", .where = ON_IMPORT, .kind = KIND_BOOLEAN, .otherwise = "true", IMPORT(not_null),
		.meaning = "Columns of the primary key are NOT NULL."
	},
	{
		.name = "udt", .where = ON_IMPORT, .kind = KIND_EITHER, .words = {{"jsonb", false}, {"composite", true}},
		.otherwise = "jsonb", IMPORT(composite),
		.meaning = "What user-defined types become."
	},
	{
		.name = "collate", .where = ON_IMPORT, .kind = KIND_WORD,
		.words = {{"none", SCYLLA_COLLATE_NONE}, {"keys", SCYLLA_COLLATE_KEYS}, {"all", SCYLLA_COLLATE_ALL}},
		.otherwise = "none", IMPORT(collate),
		.meaning = "Which columns of type text are COLLATE \"C\": those of the primary key, or all."
	},
	{
		.name = "column_order", .where = ON_IMPORT, .kind = KIND_WORD,
		.words = {{"cluster", SCYLLA_ORDER_CLUSTER}, {"like", SCYLLA_ORDER_LIKE}}, .told = "cluster", IMPORT(column_order),
		.meaning = "Whose order of columns is used: the cluster's, or that of the table that like names."
	},
	{
		.name = "like", .where = ON_IMPORT, .kind = KIND_LOCAL, IMPORT(like),
		.meaning = "Local table whose order of columns is used; for several tables, the schema that has them."
	},
};

const ScyllaOptionDef *
scyllaOptionDefs(int *n)
{
	*n = lengthof(option_defs);
	return option_defs;
}

const ScyllaOptionDef *
scyllaFindOption(const char *name, int where)
{
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		if ((option_defs[i].where & where) && strcmp(option_defs[i].name, name) == 0)
			return &option_defs[i];
	}
	return NULL;
}

const char *
scyllaLookUpOption(const char *name, List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *element = lfirst_node(DefElem, lc);

		if (strcmp(element->defname, name) == 0)
			return defGetString(element);
	}
	return NULL;
}

/* ---- columns ---- */

char *
scyllaColumnName(Oid relid, AttrNumber attnum)
{
	List	   *options = GetForeignColumnOptions(relid, attnum);

	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const ScyllaOptionDef *def = &option_defs[i];
		const char *name = def->where == ON_COLUMN && def->kind == KIND_TEXT ? scyllaLookUpOption(def->name, options) : NULL;

		if (name != NULL)
			return pstrdup(name);
	}
	return get_attname(relid, attnum, false);
}

const char *
scyllaNamingOption(ScyllaPseudo pseudo)
{
	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		if (option_defs[i].where == ON_COLUMN && option_defs[i].kind == KIND_TEXT && option_defs[i].pseudo == pseudo)
			return option_defs[i].name;
	}
	return "column_name";
}

ScyllaPseudo
scyllaReadPseudo(Oid relid, AttrNumber attnum)
{
	List	   *options = GetForeignColumnOptions(relid, attnum);

	for (size_t i = 0; i < lengthof(option_defs); i++)
	{
		const ScyllaOptionDef *def = &option_defs[i];
		const char *text = def->pseudo != SCYLLA_NO_PSEUDO ? scyllaLookUpOption(def->name, options) : NULL;

		if (text != NULL && (def->kind != KIND_BOOLEAN || scyllaOptionValue(def, text).boolean))
			return def->pseudo;
	}
	return SCYLLA_NO_PSEUDO;
}
