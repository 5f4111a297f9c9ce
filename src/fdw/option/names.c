/*
 * fdw/option/names.c
 *	  Names of the cluster's as CQL text.
 *
 * Backend thread. Owns nothing. Invariants: a name in CQL is always quoted;
 * scyllaTellUtf8 and scyllaTryFromUtf8 raise for no text.
 */
#include "postgres.h"

#include "catalog/namespace.h"
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

char *
scyllaTryFromUtf8(const char *utf8)
{
	int			length = (int) strlen(utf8);
	int			encoding = GetDatabaseEncoding();
	Size		room = (Size) length * MAX_CONVERSION_GROWTH + 1;
	Oid			conversion;
	unsigned char *text;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
		return pg_verify_mbstr(PG_UTF8, utf8, length, true) ? pstrdup(utf8) : NULL;
	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(conversion))
		return NULL;
	text = palloc(room);
	if (pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding, (unsigned char *) unconstify(char *, utf8),
									  length, text, (int) room, true) != length)
		return NULL;
	return (char *) text;
}

/* An error about the text of an error would hide what happened. */
char *
scyllaTellUtf8(const char *utf8)
{
	char	   *text = scyllaTryFromUtf8(utf8);
	StringInfoData told;

	if (text != NULL)
		return text;
	initStringInfo(&told);
	while (*utf8 != '\0')
	{
		int			length = (int) strnlen(utf8, pg_utf_mblen((const unsigned char *) utf8));

		text = scyllaTryFromUtf8(pnstrdup(utf8, length));
		appendStringInfoString(&told, text != NULL ? text : "?");
		utf8 += length;
	}
	return told.data;
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
