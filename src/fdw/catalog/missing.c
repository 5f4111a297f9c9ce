/*
 * fdw/catalog/missing.c
 *	  Keyspaces, tables and columns that are not there.
 *
 * Backend thread. Owns nothing. Invariants: which names there are is asked only where
 * one is missing; hints about CQL by hand have names of the cluster's alone, so no
 * value that stands in the CQL.
 */
#include "postgres.h"

#include <ctype.h>

#include "fdw/catalog/missing.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/hide_literals.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"

#define KEYSPACES_CQL "SELECT keyspace_name FROM system_schema.keyspaces"
#define COLUMNS_CQL "SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?"

static void
take_name(const ScyllaRows *rows, void *context)
{
	List	  **names = context;

	*names = lappend(*names, scyllaTellUtf8(scyllaSystemText(rows->value[0])));
}

/* char *, in the database's encoding. texts: of the query's bind markers, UTF-8. raise false: NIL where the cluster does not tell. */
static List *
read_names(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql, List *texts, bool raise)
{
	List	   *names = NIL;
	ScyllaSystemQuery query = {.cql = cql, .texts = texts, .ncolumns = 1, .what = "description of a keyspace", .take = take_name, .context = &names};

	if (raise)
		scyllaReadSystem(session, options, &query);
	else if (!scyllaTrySystem(session, options, &query))
		return NIL;
	return names;
}

/* Tables and views. */
static List *
read_tables(ScyllaSession *session, const ScyllaTableOptions *options, char *keyspace, bool raise)
{
	return list_concat(read_names(session, options, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", list_make1(keyspace), raise),
					   read_names(session, options, "SELECT view_name FROM system_schema.views WHERE keyspace_name = ?", list_make1(keyspace), raise));
}

void
scyllaCheckKeyspace(ScyllaSession *session, const ScyllaTableOptions *options, const char *keyspace)
{
	const char *nearest;

	if (read_names(session, options, "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", list_make1(scyllaToUtf8(keyspace)), true) != NIL)
		return;
	nearest = scyllaNearestName(keyspace, read_names(session, options, KEYSPACES_CQL, NIL, true));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
			 errmsg("keyspace \"%s\" does not exist in the cluster", keyspace),
			 nearest ? errhint("Perhaps you meant the keyspace \"%s\".", nearest) : 0));
}

void
scyllaNoSuchTable(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const char *keyspace = options->keyspace;
	const char *nearest;

	scyllaCheckKeyspace(session, options, keyspace);
	nearest = scyllaNearestName(options->table, read_tables(session, options, scyllaToUtf8(keyspace), true));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("table \"%s.%s\" does not exist in the cluster", keyspace, options->table),
			 nearest ? errhint("Perhaps you meant the table \"%s\".", nearest) : 0));
}

/* ---- CQL by hand ---- */

static bool
in_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || IS_HIGHBIT_SET(c);
}

/* As Cassandra and ScyllaDB say it. A text that lacks these words may name what is yet to be, such as a column that is added. */
static bool
says_missing(const char *said)
{
	static const char *const words[] = {"does not exist", "doesn't exist", "not found", "undefined", "unconfigured", "unknown",
	"unrecognized", "non existing", "non-existent"};

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (strcasestr(said, words[i]))
			return true;
	}
	return false;
}

/* The word behind the noun, without quotes. NULL: the text does not have the noun. */
static char *
name_behind(const char *said, const char *noun)
{
	const char *at = said;
	StringInfoData name;

	while ((at = strcasestr(at, noun)) != NULL)
	{
		bool		begins = at == said || !in_word(at[-1]);

		at += strlen(noun);
		if (begins && (*at == ' ' || *at == ':'))
			break;
	}
	if (at == NULL)
		return NULL;
	initStringInfo(&name);
	for (at += strspn(at, " :"); *at != '\0' && *at != ' '; at++)
	{
		if (*at != '\'' && *at != '"')
			appendStringInfoChar(&name, *at);
	}
	while (name.len > 0 && strchr(".,>", name.data[name.len - 1]))
		name.data[--name.len] = '\0';
	return name.data;
}

/* A name of the CQL as the cluster takes it, or another character. NULL: there is no more. */
static char *
next_word(const char **cql)
{
	const char *at = *cql + strspn(*cql, " \t\r\n\f");
	StringInfoData word;

	if (*at == '\0')
		return NULL;
	initStringInfo(&word);
	if (*at == '"')
	{
		while (*++at != '\0' && (*at != '"' || *++at == '"'))
			appendStringInfoChar(&word, *at);
	}
	else if (in_word(*at))
	{
		for (; in_word(*at); at++)
			appendStringInfoChar(&word, pg_ascii_tolower(*at));
	}
	else
		appendStringInfoChar(&word, *at++);
	*cql = at;
	return word.data;
}

/* Keyspace and table of the CQL that are called name, or keyspace.name. name NULL: of its only table. NIL: there is none. */
static List *
table_in_cql(const char *cql, const char *name)
{
	const char *at = scyllaHideLiterals(cql);
	char	   *word[4] = {pstrdup(""), pstrdup(""), pstrdup(""), pstrdup("")};
	char	   *next;
	char	   *full_name = NULL;	/* of what is found */
	List	   *found = NIL;

	while ((next = next_word(&at)) != NULL)
	{
		char	   *this_name;

		pfree(word[0]);
		memmove(word, word + 1, 3 * sizeof(word[0]));
		word[3] = next;
		if (strcmp(word[2], ".") != 0 || !strstr(" from into update table truncate on ", psprintf(" %s ", word[0])))
			continue;
		this_name = psprintf("%s.%s", word[1], word[3]);
		if (name && strcmp(name, word[3]) != 0 && strcmp(name, this_name) != 0)
			continue;
		if (full_name && strcmp(full_name, this_name) != 0)
			return NIL;
		full_name = this_name;
		found = list_make2(pstrdup(word[1]), pstrdup(word[3]));
	}
	return found;
}

/* NULL: no name is near, or this very one is there. name: UTF-8 */
static const char *
hint_of(const char *what, const char *name, List *names)
{
	const char *missing = scyllaTellUtf8(name);
	const char *nearest = scyllaNearestName(missing, names);

	return nearest && strcmp(nearest, missing) != 0 ? psprintf("Perhaps you meant the %s \"%s\".", what, nearest) : NULL;
}

const char *
scyllaMissingHint(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql, const char *said)
{
	static const char *const nouns[] = {"column with name", "column name", "column", "identifier", "name"};
	const char *keyspace = name_behind(said, "keyspace");
	const char *table = name_behind(said, "table");
	const char *column = NULL;
	const char *hint = NULL;
	List	   *found;

	if (!says_missing(said))
		return NULL;
	if (keyspace)
		hint = hint_of("keyspace", keyspace, read_names(session, options, KEYSPACES_CQL, NIL, false));
	for (size_t i = 0; i < lengthof(nouns) && !column; i++)
		column = name_behind(said, nouns[i]);
	if (hint || (!column && !table) || (found = table_in_cql(cql, table)) == NIL)
		return hint;
	if (column)
		return hint_of("column", column, read_names(session, options, COLUMNS_CQL, found, false));
	return hint_of("table", lsecond(found), read_tables(session, options, linitial(found), false));
}
