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

static void
append_identifier(StringInfo out, const char *name)
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

static void
append_table(StringInfo out, const ScyllaTableOptions *options)
{
	append_identifier(out, scyllaToUtf8(options->keyspace));
	appendStringInfoChar(out, '.');
	append_identifier(out, scyllaToUtf8(options->table));
}

static void
append_columns(StringInfo out, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (lc != list_head(columns))
			appendStringInfoString(out, ", ");
		append_identifier(out, lfirst(lc));
	}
}

char *
scyllaDeparseInsert(const ScyllaTableOptions *options, List *columns, bool if_not_exists)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "INSERT INTO ");
	append_table(&out, options);
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

char *
scyllaDeparseSelect(const ScyllaTableOptions *options, List *columns, const char *any_column, List *keys)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT ");
	if (columns != NIL)
		append_columns(&out, columns);
	else
		append_identifier(&out, any_column);
	appendStringInfoString(&out, " FROM ");
	append_table(&out, options);
	foreach(lc, keys)
	{
		appendStringInfoString(&out, lc == list_head(keys) ? " WHERE " : " AND ");
		append_identifier(&out, lfirst(lc));
		appendStringInfoString(&out, " = ?");
	}
	return out.data;
}
