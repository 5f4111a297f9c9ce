/*
 * fdw/catalog/missing.c
 *	  Keyspaces and tables that are not there.
 *
 * Backend thread. Owns nothing. Invariant: which names there are is asked only where
 * one is missing.
 */
#include "postgres.h"

#include "fdw/catalog/missing.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"

static void
take_name(const ScyllaRows *rows, void *context)
{
	List	  **names = context;

	*names = lappend(*names, scyllaTellUtf8(scyllaSystemText(rows->value[0])));
}

/* char *, in the database's encoding. keyspace: of the query's bind marker; NULL: it has none. */
static List *
read_names(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql, const char *keyspace)
{
	List	   *names = NIL;
	ScyllaSystemQuery query = {.cql = cql, .ncolumns = 1, .what = "description of a keyspace", .take = take_name, .context = &names};

	if (keyspace != NULL)
		query.texts = list_make1(scyllaToUtf8(keyspace));
	scyllaReadSystem(session, options, &query);
	return names;
}

void
scyllaCheckKeyspace(ScyllaSession *session, const ScyllaTableOptions *options, const char *keyspace)
{
	const char *nearest;

	if (read_names(session, options, "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?", keyspace) != NIL)
		return;
	nearest = scyllaNearestName(keyspace, read_names(session, options, "SELECT keyspace_name FROM system_schema.keyspaces", NULL));
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
	List	   *names;

	scyllaCheckKeyspace(session, options, keyspace);
	names = read_names(session, options, "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", keyspace);
	names = list_concat(names, read_names(session, options, "SELECT view_name FROM system_schema.views WHERE keyspace_name = ?", keyspace));
	nearest = scyllaNearestName(options->table, names);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("table \"%s.%s\" does not exist in the cluster", keyspace, options->table),
			 nearest ? errhint("Perhaps you meant the table \"%s\".", nearest) : 0));
}
