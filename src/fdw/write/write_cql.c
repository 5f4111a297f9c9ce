/*
 * fdw/write/write_cql.c
 *	  The CQL of what writes rows.
 *
 * Backend thread. Owns nothing. Invariant: markers stand in the text as
 * modify_state.c binds them: those of USING last in an INSERT, else first.
 */
#include "postgres.h"

#include "fdw/option/names.h"
#include "fdw/write/write_cql.h"

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

/* Values, so that one text, which nodes keep prepared, does for all of them. */
static void
append_using(StringInfo out, const ScyllaWriteText *text)
{
	if (text->ttl)
		appendStringInfoString(out, " USING TTL ?");
	if (text->timestamp)
		appendStringInfo(out, " %s TIMESTAMP ?", text->ttl ? "AND" : "USING");
}

static void
append_insert(StringInfo out, const ScyllaTableOptions *options, const ScyllaWriteText *text)
{
	appendStringInfoString(out, "INSERT INTO ");
	scyllaAppendTable(out, options);
	appendStringInfoString(out, " (");
	append_columns(out, text->columns);
	appendStringInfoString(out, ") VALUES (");
	for (int i = 0; i < list_length(text->columns); i++)
		appendStringInfoString(out, i == 0 ? "?" : ", ?");
	appendStringInfoChar(out, ')');
	if (text->conditional)
		appendStringInfoString(out, " IF NOT EXISTS");
	append_using(out, text);
}

static void
append_assignments(StringInfo out, const ScyllaWriteText *text)
{
	ListCell   *lc;

	foreach(lc, text->columns)
	{
		appendStringInfoString(out, lc == list_head(text->columns) ? " SET " : ", ");
		scyllaAppendIdentifier(out, lfirst(lc));
		appendStringInfoString(out, " = ");
		if (text->counter)
		{
			scyllaAppendIdentifier(out, lfirst(lc));
			appendStringInfoString(out, " + ");
		}
		appendStringInfoChar(out, '?');
	}
}

static void
append_keys(StringInfo out, const ScyllaWriteText *text)
{
	ListCell   *lc;

	foreach(lc, text->keys)
	{
		appendStringInfoString(out, lc == list_head(text->keys) ? " WHERE " : " AND ");
		scyllaAppendIdentifier(out, lfirst(lc));
		appendStringInfoString(out, " = ?");
	}
	if (text->where != NULL)
		appendStringInfoString(out, text->where);
	if (text->conditional)
		appendStringInfoString(out, " IF EXISTS");
}

char *
scyllaDeparseWrite(const ScyllaTableOptions *options, const ScyllaWriteText *text)
{
	StringInfoData out;

	initStringInfo(&out);
	if (text->operation == CMD_INSERT)
	{
		append_insert(&out, options, text);
		return out.data;
	}
	if (text->operation == CMD_DELETE)
	{
		appendStringInfoString(&out, text->columns == NIL ? "DELETE" : "DELETE ");
		append_columns(&out, text->columns);
	}
	appendStringInfoString(&out, text->operation == CMD_UPDATE ? "UPDATE " : " FROM ");
	scyllaAppendTable(&out, options);
	append_using(&out, text);
	if (text->operation == CMD_UPDATE)
		append_assignments(&out, text);
	append_keys(&out, text);
	return out.data;
}
