/*
 * fdw/table.c
 *	  Asking the cluster what a table looks like.
 *
 * Backend thread. Owns the descriptions of a session, each in a memory context of
 * its own below the session's.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "fdw/deparse.h"
#include "fdw/error.h"
#include "fdw/rows.h"
#include "fdw/table.h"

#define DESCRIBE_CQL "SELECT column_name, kind, position, type FROM system_schema.columns " \
	"WHERE keyspace_name = ? AND table_name = ?"

typedef struct TableEntry
{
	char		name[2 * NAMEDATALEN + 2];	/* key: keyspace.table, as options give them */
	ScyllaTable *table;
	MemoryContext context;		/* the table's */
	uint32		schema;			/* the session's when it was described */
} TableEntry;

static char *
text_value(CqlBytes value)
{
	return value.len < 0 ? pstrdup("") : pnstrdup((const char *) value.data, (Size) value.len);
}

static ScyllaColumnKind
kind_value(CqlBytes value)
{
	CqlString	text = {(const char *) value.data, value.len > 0 ? (uint32_t) value.len : 0};

	if (cql_string_equal(text, "partition_key"))
		return SCYLLA_PARTITION_KEY;
	if (cql_string_equal(text, "clustering"))
		return SCYLLA_CLUSTERING;
	if (cql_string_equal(text, "static"))
		return SCYLLA_STATIC;
	return SCYLLA_REGULAR;
}

static ScyllaTable *
read_columns(ScyllaRows *rows)
{
	ScyllaTable *table = palloc0(sizeof(*table));

	if (rows->metadata.count != 4)
		scyllaRaiseMalformed("description of a table");
	table->column = palloc(sizeof(ScyllaTableColumn) * rows->left);
	while (scyllaRowsNext(rows))
	{
		ScyllaTableColumn *column = &table->column[table->ncolumns++];

		column->name = text_value(rows->value[0]);
		column->kind = kind_value(rows->value[1]);
		column->position = rows->value[2].len == 4 ? (int32) cql_load_u32(rows->value[2].data) : -1;
		column->type = text_value(rows->value[3]);
		table->npartition += column->kind == SCYLLA_PARTITION_KEY;
	}
	return table;
}

/* In context. */
static ScyllaTable *
describe(ScyllaSession *session, const ScyllaTableOptions *options, MemoryContext context)
{
	ScyllaTableOptions local = *options;
	const char *keyspace = scyllaToUtf8(options->keyspace);
	const char *name = scyllaToUtf8(options->table);
	CqlBuffer	values = scyllaPallocBuffer(strlen(keyspace) + strlen(name) + 16);
	CqlBytes	no_state = {NULL, -1};
	MemoryContext old;
	ScyllaResponse response;
	ScyllaRows *rows;
	ScyllaTable *table;

	local.read_consistency = CQL_ONE;	/* every node holds the whole schema */
	local.fetch_size = 1000000; /* in one page */
	cql_put_u16(&values, 2);
	cql_put_long_string(&values, keyspace, strlen(keyspace));
	cql_put_long_string(&values, name, strlen(name));
	response = scyllaQuery(session, &local, DESCRIBE_CQL, &values, no_state);

	rows = scyllaRowsBegin(response.body, response.length);
	if (rows->left == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("table \"%s.%s\" does not exist in the cluster", options->keyspace, options->table)));
	old = MemoryContextSwitchTo(context);
	table = read_columns(rows);
	MemoryContextSwitchTo(old);
	scyllaRowsEnd(rows);
	return table;
}

static HTAB *
create_cache(MemoryContext context)
{
	HASHCTL		ctl = {.keysize = sizeof(((TableEntry *) 0)->name), .entrysize = sizeof(TableEntry),
	.hcxt = context};

	return hash_create("scylla_fdw tables", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static void
remember(ScyllaSession *session, const char *name, const TableEntry *described)
{
	bool		found;
	TableEntry *entry = hash_search(session->tables, name, HASH_ENTER, &found);

	if (found)
		MemoryContextDelete(entry->context);
	entry->table = described->table;
	entry->context = described->context;
	entry->schema = described->schema;
	MemoryContextSetParent(entry->context, session->context);
}

ScyllaTable *
scyllaDescribeTable(ScyllaSession *session, const ScyllaTableOptions *options)
{
	char		name[sizeof(((TableEntry *) 0)->name)];
	bool		cacheable = strlen(options->keyspace) + strlen(options->table) + 2 <= sizeof(name);
	TableEntry	new = {.schema = session->schema};
	TableEntry *entry;

	snprintf(name, sizeof(name), "%s.%s", options->keyspace, options->table);
	if (session->tables == NULL)
		session->tables = create_cache(session->context);
	entry = cacheable ? hash_search(session->tables, name, HASH_FIND, NULL) : NULL;
	if (entry != NULL && entry->schema == session->schema)
		return entry->table;
	new.context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw table", ALLOCSET_SMALL_SIZES);
	new.table = describe(session, options, new.context);
	if (cacheable)
		remember(session, name, &new);
	return new.table;
}

ScyllaTableColumn *
scyllaTableColumn(const ScyllaTable *table, const char *name)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (strcmp(table->column[i].name, name) == 0)
			return &table->column[i];
	}
	return NULL;
}

ScyllaTableColumn *
scyllaPartitionColumn(const ScyllaTable *table, int position)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->column[i].kind == SCYLLA_PARTITION_KEY && table->column[i].position == position)
			return &table->column[i];
	}
	return NULL;
}

static bool
is_named(const ScyllaTableColumn *column, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), column->name) == 0)
			return true;
	}
	return false;
}

static bool
suits(const ScyllaTable *table, List *names, bool whole_key)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (scyllaTableColumn(table, lfirst(lc)) == NULL)
			return false;
	}
	for (int i = 0; whole_key && i < table->ncolumns; i++)
	{
		if (table->column[i].kind == SCYLLA_PARTITION_KEY && !is_named(&table->column[i], names))
			return false;
	}
	return true;
}

ScyllaTable *
scyllaDescribeColumns(ScyllaSession *session, const ScyllaTableOptions *options, List *names, bool whole_key)
{
	ScyllaTable *table = scyllaDescribeTable(session, options);

	if (suits(table, names, whole_key))
		return table;
	session->schema++;
	return scyllaDescribeTable(session, options);
}
