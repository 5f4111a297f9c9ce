/*
 * fdw/option/names.c
 *	  Names of the cluster's as CQL text.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"

char *
scyllaToUtf8(const char *text)
{
	return pg_server_to_any(text, strlen(text), PG_UTF8);
}

char *
scyllaFromUtf8(const char *text)
{
	return pg_any_to_server(text, strlen(text), PG_UTF8);
}

void
scyllaAppendIdentifier(StringInfo out, const char *name)
{
	appendStringInfoChar(out, '"');
	for (; *name != '\0'; name++)
	{
		if (*name == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *name);
	}
	appendStringInfoChar(out, '"');
}

void
scyllaAppendTable(StringInfo out, const ScyllaTableOptions *options)
{
	scyllaAppendIdentifier(out, scyllaToUtf8(options->keyspace));
	appendStringInfoChar(out, '.');
	scyllaAppendIdentifier(out, scyllaToUtf8(options->table));
}

char *
scyllaColumnCql(Oid relid, AttrNumber attnum)
{
	ScyllaPseudo pseudo = scyllaPseudoColumn(relid, attnum);
	StringInfoData cql;

	initStringInfo(&cql);
	if (pseudo != SCYLLA_NO_PSEUDO)
		appendStringInfoString(&cql, pseudo == SCYLLA_TTL ? "TTL(" : "WRITETIME(");
	scyllaAppendIdentifier(&cql, scyllaToUtf8(scyllaColumnName(relid, attnum)));
	if (pseudo != SCYLLA_NO_PSEUDO)
		appendStringInfoChar(&cql, ')');
	return cql.data;
}
