/*
 * fdw/catalog/table.c
 *	  Asking the cluster what a table looks like.
 *
 * Backend thread. Owns the descriptions of a session, each in a memory context of
 * its own below the session's. Invariant: all of a description lies in that context,
 * which goes as a whole.
 *
 * INSERT must know keys before it sends a row, and error messages know both names of
 * a column. So a table is described once per session and change of the schema. Which
 * table an event speaks of is not kept: changes are rare, and a description costs
 * one round trip.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/catalog/missing.h"
#include "fdw/catalog/system_query.h"
#include "fdw/catalog/table.h"
#include "fdw/catalog/vector_index.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option_cache.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"

#define COLUMNS_CQL "SELECT column_name, kind, position, type, clustering_order FROM system_schema.columns " \
	"WHERE keyspace_name = ? AND table_name = ?"
#define FLAGS_CQL "SELECT flags FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?"

#define CONSISTENCY_CQL "SELECT consistency FROM system_schema.scylla_keyspaces WHERE keyspace_name = ?"
#define KNOWS_CONSISTENCY_CQL "SELECT column_name FROM system_schema.columns WHERE keyspace_name = 'system_schema' AND " \
	"table_name = 'scylla_keyspaces' AND column_name = 'consistency'"

typedef struct TableEntry
{
	char		name[2 * NAMEDATALEN + 2];	/* key: keyspace.table, as options give them */
	ScyllaTable *table;
	MemoryContext context;		/* the table's */
	uint32		schema;			/* the session's when it was described */
	uint32		version;		/* the session's schema_version then, or when it was last found to be as it was */
} TableEntry;

ScyllaColumnKind
scyllaColumnKind(CqlBytes value)
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

static void
take_column(const ScyllaRows *rows, void *context)
{
	ScyllaTable *table = context;
	ScyllaTableColumn *column;

	if ((table->ncolumns & (table->ncolumns - 1)) == 0)
		table->column = table->column ? repalloc(table->column, sizeof(*column) * 2 * table->ncolumns) :
			palloc(sizeof(*column));
	column = memset(&table->column[table->ncolumns++], 0, sizeof(*column));
	column->name = scyllaSystemText(rows->value[0]);
	column->kind = scyllaColumnKind(rows->value[1]);
	column->position = rows->value[2].len == 4 ? (int32) cql_load_u32(rows->value[2].data) : -1;
	column->type = scyllaSystemText(rows->value[3]);
	column->descending = strcasecmp(scyllaSystemText(rows->value[4]), "desc") == 0;
	table->npartition += column->kind == SCYLLA_PARTITION_KEY;
	table->nclustering += column->kind == SCYLLA_CLUSTERING;
}

void
scyllaAskSchema(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaSystemQuery query)
{
	query.texts = list_make2(scyllaToUtf8(options->keyspace), scyllaToUtf8(options->table));
	scyllaReadSystem(session, options, &query);
}

/* ---- compact tables ---- */

bool
scyllaHasFlag(CqlBytes flags, const char *name)
{
	CqlReader	r = cql_reader(flags.data, flags.len > 0 ? (size_t) flags.len : 0);
	int32_t		n = (int32_t) cql_get_u32(&r);

	while (n-- > 0 && !r.failed)
	{
		CqlBytes	flag = cql_get_bytes(&r);
		CqlString	text = {(const char *) flag.data, flag.len > 0 ? (uint32_t) flag.len : 0};

		if (!r.failed && cql_string_equal(text, name))
			return true;
	}
	return false;
}

bool
scyllaIsOneRow(CqlBytes flags)
{
	return !scyllaHasFlag(flags, "dense") && !scyllaHasFlag(flags, "super") && !scyllaHasFlag(flags, "compound");
}

static int
count_kind(const ScyllaTable *table, ScyllaColumnKind kind)
{
	int			n = 0;

	for (int i = 0; i < table->ncolumns; i++)
		n += table->column[i].kind == kind;
	return n;
}

static void
take_flags(const ScyllaRows *rows, void *context)
{
	*(bool *) context = scyllaIsOneRow(rows->value[0]);
}

/* Only one that looks so is asked about. */
static bool
is_one_row(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaTable *table)
{
	bool		one_row = false;

	if (table->nclustering == 1 && count_kind(table, SCYLLA_STATIC) > 0 && count_kind(table, SCYLLA_REGULAR) <= 1)
		scyllaAskSchema(session, options, (ScyllaSystemQuery) {.cql = FLAGS_CQL, .ncolumns = 1,
															   .what = "description of a table", .take = take_flags, .context = &one_row});
	return one_row;
}

/* The clustering column and its value are the storage's own; those that it has for static are the row's. */
static void
make_one_row(ScyllaTable *table)
{
	int			n = 0;

	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->column[i].kind == SCYLLA_CLUSTERING || table->column[i].kind == SCYLLA_REGULAR)
			continue;
		table->column[n] = table->column[i];
		if (table->column[n].kind == SCYLLA_STATIC)
			table->column[n].kind = SCYLLA_REGULAR;
		n++;
	}
	table->ncolumns = n;
	table->nclustering = 0;
}

/* ---- strong consistency ---- */

static void
take_consistency(const ScyllaRows *rows, void *context)
{
	char	   *consistency = scyllaSystemText(rows->value[0]);

	if (*consistency != '\0' && strcmp(consistency, "eventual") != 0)
		*(char **) context = consistency;
}

static void
take_any(const ScyllaRows *rows, void *context)
{
	*(bool *) context = true;
}

/* NULL: it is eventual. Not to know is not enough: only versions that have no other consistency lack the column. */
static char *
strong_consistency(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaSystemQuery query = {.cql = CONSISTENCY_CQL, .ncolumns = 1, .what = "description of a keyspace", .take = take_consistency};
	ScyllaSystemQuery knows = {.cql = KNOWS_CONSISTENCY_CQL, .ncolumns = 1, .what = query.what, .take = take_any};
	char	   *consistency = NULL;
	bool		known = false;

	query.texts = list_make1(scyllaToUtf8(options->keyspace));
	query.context = &consistency;
	if (!client_is_scylla(session->client) || scyllaTrySystem(session, options, &query))
		return consistency;
	knows.context = &known;
	scyllaReadSystem(session, options, &knows);
	if (known)
		scyllaReadSystem(session, options, &query);
	return consistency;
}

/* ---- describing ---- */

/* In context. */
static ScyllaTable *
describe(ScyllaSession *session, const ScyllaTableOptions *options, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaTable *table = palloc0(sizeof(*table));

	scyllaAskSchema(session, options, (ScyllaSystemQuery) {.cql = COLUMNS_CQL, .ncolumns = 5,
														   .what = "description of a table", .take = take_column, .context = table});
	table->scylla = client_is_scylla(session->client);
	table->strong = strong_consistency(session, options);
	MemoryContextSwitchTo(old);
	if (table->ncolumns == 0)
		scyllaNoSuchTable(session, options);
	if (is_one_row(session, options, table))
		make_one_row(table);
	return table;
}

static HTAB *
create_cache(MemoryContext context)
{
	HASHCTL		ctl = {.keysize = sizeof(((TableEntry *) 0)->name), .entrysize = sizeof(TableEntry),
		.hcxt = context};

	return hash_create("scylla_fdw tables", 16, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static bool
is_as_before(ScyllaSession *session, const ScyllaTableOptions *options, TableEntry *entry)
{
	if (entry->schema != session->schema || scyllaChangedSince(session, options, entry->version))
		return false;
	entry->version = session->schema_version;
	return true;
}

/* Some tables may be gone from the cluster. Tables are described anew when they are needed, and nobody keeps one over a request. */
static void
forget_stale(ScyllaSession *session, const ScyllaTableOptions *options)
{
	HASH_SEQ_STATUS scan;
	TableEntry *entry;
	ScyllaTableOptions other = *options;

	hash_seq_init(&scan, session->tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		char	   *keyspace = pstrdup(entry->name);

		other.keyspace = keyspace;
		other.table = strchr(keyspace, '.') + 1;
		keyspace[other.table - keyspace - 1] = '\0';
		if (is_as_before(session, &other, entry))
			continue;
		MemoryContextDelete(entry->context);
		(void) hash_search(session->tables, entry->name, HASH_REMOVE, NULL);
	}
	session->tables_schema = session->schema;
	session->tables_version = session->schema_version;
}

static void
remember(ScyllaSession *session, const ScyllaTableOptions *options, const char *name, const TableEntry *described)
{
	bool		found;
	TableEntry *entry;

	if (session->tables_schema != session->schema || session->tables_version != session->schema_version)
		forget_stale(session, options);
	entry = hash_search(session->tables, name, HASH_ENTER, &found);
	if (found)
		MemoryContextDelete(entry->context);
	entry->table = described->table;
	entry->context = described->context;
	entry->schema = described->schema;
	entry->version = described->version;
	Assert(GetMemoryChunkContext(entry->table) == entry->context);
	MemoryContextSetParent(entry->context, session->context);
}

ScyllaTable *
scyllaDescribeTable(ScyllaSession *session, const ScyllaTableOptions *options)
{
	char		name[sizeof(((TableEntry *) 0)->name)];
	bool		cacheable = strlen(options->keyspace) + strlen(options->table) + 2 <= sizeof(name);
	TableEntry	new = {.schema = session->schema, .version = session->schema_version};
	TableEntry *entry;

	snprintf(name, sizeof(name), "%s.%s", options->keyspace, options->table);
	if (session->tables == NULL)
		session->tables = create_cache(session->context);
	entry = cacheable ? hash_search(session->tables, name, HASH_FIND, NULL) : NULL;
	if (entry != NULL && is_as_before(session, options, entry))
		return entry->table;
	new.context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw table", ALLOCSET_SMALL_SIZES);
	new.table = describe(session, options, new.context);
	if (cacheable)
		remember(session, options, name, &new);
	return new.table;
}

/* ---- looking at a description ---- */

ScyllaTable *
scyllaCopyTable(const ScyllaTable *table)
{
	ScyllaTable *copy = palloc(sizeof(*copy));

	*copy = *table;
	copy->strong = table->strong ? pstrdup(table->strong) : NULL;
	copy->column = palloc(sizeof(ScyllaTableColumn) * Max(table->ncolumns, 1));
	for (int i = 0; i < table->ncolumns; i++)
	{
		copy->column[i] = table->column[i];
		copy->column[i].name = pstrdup(table->column[i].name);
		copy->column[i].type = pstrdup(table->column[i].type);
		copy->column[i].vector_indexes = scyllaCopyVectorIndexes(table->column[i].vector_indexes);
	}
	return copy;
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

void
scyllaNoSuchColumn(const ScyllaTable *table, Oid relid, AttrNumber attnum)
{
	const ScyllaTableOptions *options = scyllaTableOptions(relid);
	const char *attname = get_attname(relid, attnum, false);
	const char *name = scyllaColumnName(relid, attnum);
	const char *option = scyllaNamingOption(scyllaPseudoColumn(relid, attnum));
	const char *nearest;
	const char *said;
	List	   *names = NIL;

	for (int i = 0; i < table->ncolumns; i++)
		names = lappend(names, scyllaTellUtf8(table->column[i].name));
	nearest = scyllaNearestName(name, names);
	said = strcmp(name, attname) == 0 ? psprintf("The option %s of the column names another one.", option) :
		psprintf("The option %s of the column says \"%s\".", option, name);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("column \"%s\" of foreign table \"%s\" does not exist in table \"%s.%s\"",
					attname, get_rel_name(relid), options->keyspace, options->table),
			 nearest ? errhint("Perhaps you meant \"%s\". %s", nearest, said) : errhint("%s", said)));
}

static ScyllaTableColumn *
key_column(const ScyllaTable *table, ScyllaColumnKind kind, int position)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->column[i].kind == kind && table->column[i].position == position)
			return &table->column[i];
	}
	return NULL;
}

ScyllaTableColumn *
scyllaPartitionColumn(const ScyllaTable *table, int position)
{
	return key_column(table, SCYLLA_PARTITION_KEY, position);
}

ScyllaTableColumn *
scyllaClusteringColumn(const ScyllaTable *table, int position)
{
	return key_column(table, SCYLLA_CLUSTERING, position);
}

bool
scyllaIsKeyColumn(const ScyllaTableColumn *column)
{
	return column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING;
}

bool
scyllaHasCounters(const ScyllaTable *table)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (strcmp(table->column[i].type, "counter") == 0)
			return true;
	}
	return false;
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

/* A write of static columns alone is one of the partition, any other is one of a row in it. */
const ScyllaTableColumn *
scyllaMissingKey(const ScyllaTable *table, List *names)
{
	bool		row = false;
	bool		partition = false;

	for (int i = 0; i < table->ncolumns; i++)
	{
		ScyllaColumnKind kind = table->column[i].kind;

		if (!is_named(&table->column[i], names))
			continue;
		row |= kind == SCYLLA_REGULAR || kind == SCYLLA_CLUSTERING;
		partition |= kind == SCYLLA_STATIC;
	}
	for (int i = 0; i < table->ncolumns; i++)
	{
		ScyllaColumnKind kind = table->column[i].kind;

		if ((kind == SCYLLA_PARTITION_KEY || (kind == SCYLLA_CLUSTERING && (row || !partition)))
			&& !is_named(&table->column[i], names))
			return &table->column[i];
	}
	return NULL;
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
	return !whole_key || scyllaMissingKey(table, names) == NULL;
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
