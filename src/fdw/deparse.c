/*
 * fdw/deparse.c
 *	  From foreign tables to CQL text.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "fdw/deparse.h"

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

static void
append_columns(StringInfo out, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (lc != list_head(columns))
			appendStringInfoString(out, ", ");
		scyllaAppendIdentifier(out, lfirst(lc));
	}
}

char *
scyllaDeparseInsert(const ScyllaTableOptions *options, List *columns, bool if_not_exists)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "INSERT INTO ");
	scyllaAppendTable(&out, options);
	appendStringInfoString(&out, " (");
	append_columns(&out, columns);
	appendStringInfoString(&out, ") VALUES (");
	for (int i = 0; i < list_length(columns); i++)
		appendStringInfoString(&out, i == 0 ? "?" : ", ?");
	appendStringInfoChar(&out, ')');
	if (if_not_exists)
		appendStringInfoString(&out, " IF NOT EXISTS");
	if (options->ttl >= 0)
		appendStringInfo(&out, " USING TTL %d", options->ttl);
	return out.data;
}
