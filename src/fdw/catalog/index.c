/*
 * fdw/catalog/index.c
 *	  Which indexes a table has, and what they find.
 *
 * Backend thread. Owns nothing. Invariant: what an index is of lies in the memory of
 * the table's description.
 *
 * Both clusters describe indexes in system_schema.indexes. What ScyllaDB has beside
 * Cassandra is kept by a service of its own, and nodes ask that: vectors
 * (index/vector_index.cc), of which a column may have several indexes, and words
 * (index/fulltext_index.cc), which no condition of ours asks for.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "fdw/catalog/index.h"
#include "fdw/catalog/index_target.h"
#include "fdw/catalog/vector_index.h"
#include "fdw/session/rows.h"

#define INDEXES_CQL "SELECT kind, options, index_name FROM system_schema.indexes WHERE keyspace_name = ? AND table_name = ?"

/* ---- options ---- */

/* A text of a map<text, text>; empty if it is not there. */
static char *
map_value(CqlBytes map, const char *key)
{
	CqlReader	r = cql_reader(map.data, map.len > 0 ? (size_t) map.len : 0);
	int32_t		n = (int32_t) cql_get_u32(&r);

	while (n-- > 0 && !r.failed)
	{
		CqlBytes	name = cql_get_bytes(&r);
		CqlBytes	value = cql_get_bytes(&r);
		CqlString	text = {(const char *) name.data, name.len > 0 ? (uint32_t) name.len : 0};

		if (!r.failed && cql_string_equal(text, key))
			return scyllaSystemText(value);
	}
	return pstrdup("");
}

/* Such an index finds texts that are not equal. */
static bool
changes_text(CqlBytes options)
{
	static const char *const keys[] = {"index_analyzer", "query_analyzer", "normalize", "ascii"};

	for (size_t i = 0; i < lengthof(keys); i++)
	{
		char	   *value = map_value(options, keys[i]);

		if (*value != '\0' && pg_strcasecmp(value, "false") != 0)
			return true;
	}
	return pg_strcasecmp(map_value(options, "case_sensitive"), "false") == 0;
}

/* The class without its package; empty: one of the cluster's own indexes. */
static const char *
index_class(CqlBytes options)
{
	const char *class = map_value(options, "class_name");

	return strrchr(class, '.') ? strrchr(class, '.') + 1 : class;
}

static bool
is_class(CqlBytes options, const char *name)
{
	return pg_strcasecmp(index_class(options), name) == 0;
}

static bool
is_attached(CqlBytes options)
{
	return is_class(options, "StorageAttachedIndex") || is_class(options, "sai");
}

bool
scyllaNodesKeepIndex(CqlBytes options)
{
	return !is_class(options, "vector_index") && !is_class(options, "fulltext_index");
}

/* ---- of values ---- */

static ScyllaIndexKind
index_kind(CqlBytes kind, CqlBytes options, const char *type)
{
	if (strcmp(scyllaSystemText(kind), "CUSTOM") != 0)
		return SCYLLA_SECONDARY_INDEX;
	if (!scyllaNodesKeepIndex(options))
		return SCYLLA_NO_INDEX;
	/* for SAI 1.2.3.4 and ::ffff:1.2.3.4 are one address */
	if (is_attached(options))
		return changes_text(options) || strcmp(type, "inet") == 0 ? SCYLLA_INEXACT_INDEX : SCYLLA_SAI;
	return SCYLLA_INEXACT_INDEX;
}

/* ---- of vectors ---- */

/* Both clusters go by the cosine unless told otherwise. NULL: no such index. */
static const char *
similarity_of_index(CqlBytes options)
{
	static const char *const names[] = {"cosine", "euclidean", "dot_product"};
	const char *similarity = map_value(options, "similarity_function");

	if (!is_attached(options) && !is_class(options, "vector_index"))
		return NULL;
	if (*similarity == '\0')
		return names[0];
	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (pg_strcasecmp(similarity, names[i]) == 0)
			return names[i];
	}
	return NULL;
}

static void
add_vector_index(ScyllaTableColumn *column, const ScyllaIndexTarget *target, CqlBytes options, CqlBytes name)
{
	ScyllaVectorIndex index = {.name = scyllaSystemText(name), .similarity = similarity_of_index(options),
		.attached = !is_class(options, "vector_index"), .partition = target->partition, .filtering = target->filtering};

	if (index.similarity != NULL)
		column->vector_indexes = list_concat(column->vector_indexes, scyllaCopyVectorIndexes(list_make1(&index)));
}

/* ---- all of them ---- */

static void
take_index(const ScyllaRows *rows, void *context)
{
	ScyllaTable *table = context;
	MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(table));
	CqlBytes	options = rows->value[1];
	ScyllaIndexTarget target = scyllaIndexTarget(map_value(options, "target"));
	ScyllaTableColumn *column = target.column != NULL ? scyllaTableColumn(table, target.column) : NULL;

	if (column != NULL && strncmp(column->type, "vector<", 7) == 0)
		add_vector_index(column, &target, options, rows->value[2]);
	else if (column != NULL && target.partition == NIL)
		column->index = Max(column->index, index_kind(rows->value[0], options, column->type));
	else if (column != NULL && index_kind(rows->value[0], options, column->type) == SCYLLA_SECONDARY_INDEX)
		column->local_index = true;
	MemoryContextSwitchTo(old);
}

/* Of ScyllaDB's view: it has no clustering columns, or the node reads partitions by it (actually_do_execute). */
static bool
stands_for_several(const ScyllaTable *table, const ScyllaTableColumn *column)
{
	if (column->kind == SCYLLA_CLUSTERING)
		return column->position == 0 && table->nclustering > 1;
	return column->kind != SCYLLA_REGULAR && table->nclustering > 0;
}

/*
 * ScyllaDB's indexes are views. Where a page ends within a partition for its bytes,
 * the next one goes on behind that partition (find_index_partition_ranges in
 * cql3/statements/select_statement.cc).
 */
static void
tell_views(ScyllaTable *table)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		ScyllaTableColumn *column = &table->column[i];

		if (column->index == SCYLLA_SECONDARY_INDEX)
			column->index = stands_for_several(table, column) ? SCYLLA_LOSSY_INDEX : SCYLLA_VIEW_INDEX;
	}
}

void
scyllaDescribeIndexes(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaTable *table)
{
	if (table->indexes_known)
		return;
	scyllaAskSchema(session, options, (ScyllaSystemQuery) {.cql = INDEXES_CQL, .ncolumns = 3,
														   .what = "description of an index", .take = take_index, .context = table});
	if (table->scylla)
		tell_views(table);
	table->indexes_known = true;
}
