/*
 * fdw/catalog/schema.c
 *	  Reading a keyspace's part of system_schema.
 *
 * Backend thread. Owns nothing. Invariant: relations that are asked for stand in the
 * order of their names' bytes, as the rows of their columns come: target_relation
 * goes through both once.
 *
 * The tables are described by Cassandra's SchemaKeyspace.java, and ScyllaDB keeps
 * the same ones. Compact tables of old show there how they are stored, which is not
 * what CQL sees of them.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "cql/value.h"
#include "fdw/catalog/index.h"
#include "fdw/catalog/missing.h"
#include "fdw/catalog/schema.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/names.h"
#include "fdw/option/resolve.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"

#define FEW_BETWEEN 16			/* relations that are read along rather than left out by another request */

/* ---- rows ---- */

typedef void (*TakeRow) (const ScyllaRows *rows, void *context);

static void
read_rows(ScyllaKeyspace *keyspace, const char *cql, List *texts, uint32 ncolumns, TakeRow take, void *context)
{
	ScyllaSystemQuery query = {cql, texts, ncolumns, "description of a keyspace", take, context};

	scyllaReadSystem(keyspace->session, keyspace->options, &query);
}

/* Of a list or set of texts: char *. */
static List *
text_list(const ScyllaRows *rows, int column)
{
	const CqlType *type = rows->metadata.column[column].type;
	CqlBytes	body = rows->value[column];
	CqlElements it;
	const CqlType *element;
	CqlBytes	text;
	List	   *texts = NIL;

	if (body.len <= 0)
		return NIL;
	if ((type->id != CQL_TYPE_LIST && type->id != CQL_TYPE_SET) || !cql_elements_begin(&it, type, body))
		scyllaRaiseMalformed("description of a keyspace");
	while (cql_elements_next(&it, &element, &text))
		texts = lappend(texts, scyllaSystemText(text));
	if (it.r.failed)
		scyllaRaiseMalformed("description of a keyspace");
	return texts;
}

/* ---- the keyspace ---- */

ScyllaKeyspace *
scyllaOpenKeyspace(Oid userid, ForeignServer *server, const char *name)
{
	ScyllaKeyspace *keyspace = palloc(sizeof(*keyspace));

	keyspace->session = scyllaGetSession(userid, server->serverid);
	keyspace->options = scyllaServerOptions(server);
	keyspace->name = name;
	/* who asks here wants the schema as it is now: what the session remembers may be older */
	scyllaForgetSchema(keyspace->session);
	scyllaCheckKeyspace(keyspace->session, keyspace->options, name);
	return keyspace;
}

/* ---- tables and views ---- */

static void
take_table(const ScyllaRows *rows, void *context)
{
	List	  **relations = context;
	ScyllaSchemaRelation *relation = palloc0(sizeof(*relation));

	relation->name = scyllaSystemText(rows->value[0]);
	relation->dense = scyllaHasFlag(rows->value[1], "dense");
	relation->one_row = scyllaIsOneRow(rows->value[1]);
	*relations = lappend(*relations, relation);
}

static void
take_view(const ScyllaRows *rows, void *context)
{
	List	  **relations = context;
	ScyllaSchemaRelation *relation = palloc0(sizeof(*relation));

	relation->name = scyllaSystemText(rows->value[0]);
	relation->base = scyllaSystemText(rows->value[1]);
	*relations = lappend(*relations, relation);
}

typedef struct IndexName
{
	char	   *table;
	char	   *index;
} IndexName;

static void
take_index(const ScyllaRows *rows, void *context)
{
	List	  **indexes = context;
	IndexName  *index = palloc(sizeof(*index));

	index->table = scyllaSystemText(rows->value[0]);
	index->index = scyllaSystemText(rows->value[1]);
	*indexes = lappend(*indexes, index);
}

/* No node knows whether those that a service beside them keeps are built. */
static void
take_built_index(const ScyllaRows *rows, void *context)
{
	List	  **indexes = context;

	if (scyllaNodesKeepIndex(rows->value[1]))
		*indexes = lappend(*indexes, makeString(scyllaSystemText(rows->value[0])));
}

List *
scyllaReadIndexes(ScyllaKeyspace *keyspace, const char *table)
{
	List	   *indexes = NIL;

	read_rows(keyspace, "SELECT index_name, options FROM system_schema.indexes WHERE keyspace_name = ? AND table_name = ?",
			  list_make2(scyllaToUtf8(keyspace->name), unconstify(char *, table)), 2, take_built_index, &indexes);
	return indexes;
}

/* ScyllaDB keeps an index in a view, named after it. */
static bool
backs_index(const ScyllaSchemaRelation *view, List *indexes)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		IndexName  *index = lfirst(lc);

		if (strcmp(view->base, index->table) == 0 &&
			strcmp(view->name, psprintf("%s_index", index->index)) == 0)
			return true;
	}
	return false;
}

static bool
has_relation(List *relations, const char *name, size_t length)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		ScyllaSchemaRelation *relation = lfirst(lc);

		if (strlen(relation->name) == length && memcmp(relation->name, name, length) == 0)
			return true;
	}
	return false;
}

/*
 * ScyllaDB has tables for others, named after them: changes of those with CDC
 * (cdc/log.cc), conditional writes of those with tablets (service/paxos/paxos_state.cc).
 */
static bool
belongs_to_another(const ScyllaSchemaRelation *table, List *relations)
{
	static const char *const suffixes[] = {"_scylla_cdc_log", "$paxos"};
	size_t		length = strlen(table->name);

	for (size_t i = 0; i < lengthof(suffixes); i++)
	{
		size_t		base = length - strlen(suffixes[i]);

		if (length > strlen(suffixes[i]) && strcmp(table->name + base, suffixes[i]) == 0 &&
			has_relation(relations, table->name, base))
			return true;
	}
	return false;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(((ScyllaSchemaRelation *) lfirst(a))->name, ((ScyllaSchemaRelation *) lfirst(b))->name);
}

/* Among all of the keyspace, as system_schema has them. */
static void
number_relations(List *relations)
{
	List	   *sorted = list_copy(relations);
	ListCell   *lc;

	list_sort(sorted, compare_names);
	foreach(lc, sorted)
		((ScyllaSchemaRelation *) lfirst(lc))->index = foreach_current_index(lc);
}

List *
scyllaReadRelations(ScyllaKeyspace *keyspace)
{
	List	   *name = list_make1(scyllaToUtf8(keyspace->name));
	List	   *relations = NIL;
	List	   *indexes = NIL;
	ListCell   *lc;

	read_rows(keyspace, "SELECT table_name, flags FROM system_schema.tables WHERE keyspace_name = ?",
			  name, 2, take_table, &relations);
	read_rows(keyspace, "SELECT view_name, base_table_name FROM system_schema.views WHERE keyspace_name = ?",
			  name, 2, take_view, &relations);
	read_rows(keyspace, "SELECT table_name, index_name FROM system_schema.indexes WHERE keyspace_name = ?",
			  name, 2, take_index, &indexes);
	foreach(lc, relations)
	{
		ScyllaSchemaRelation *relation = lfirst(lc);

		relation->helper = relation->base ? backs_index(relation, indexes) : belongs_to_another(relation, relations);
	}
	number_relations(relations);
	return relations;
}

static void
take_user_type(const ScyllaRows *rows, void *context)
{
	List	  **types = context;
	ScyllaUserType *type = palloc(sizeof(*type));

	type->name = scyllaSystemText(rows->value[0]);
	type->fields = text_list(rows, 1);
	type->types = text_list(rows, 2);
	if (type->fields == NIL || list_length(type->fields) != list_length(type->types))
		scyllaRaiseMalformed("description of a user-defined type");
	*types = lappend(*types, type);
}

List *
scyllaReadUserTypes(ScyllaKeyspace *keyspace)
{
	List	   *types = NIL;

	read_rows(keyspace, "SELECT type_name, field_names, field_types FROM system_schema.types WHERE keyspace_name = ?",
			  list_make1(scyllaToUtf8(keyspace->name)), 3, take_user_type, &types);
	return types;
}

/* ---- columns ---- */

typedef struct ColumnTarget
{
	List	   *relations;		/* those asked for, by name */
	int			current;		/* whose columns come: they come by name, too */
} ColumnTarget;

/* NULL: it was not asked for. */
static ScyllaSchemaRelation *
target_relation(ColumnTarget *target, const char *name)
{
	for (; target->current < list_length(target->relations); target->current++)
	{
		ScyllaSchemaRelation *relation = list_nth(target->relations, target->current);
		int			order = strcmp(relation->name, name);

		if (order >= 0)
			return order == 0 ? relation : NULL;
	}
	return NULL;
}

/*
 * What CQL cannot name: the value of a compact table that has keys only, and in one
 * without clustering columns those that hold the storage's own ones.
 */
static bool
is_hidden(const ScyllaSchemaRelation *relation, const ScyllaTableColumn *column)
{
	if (relation->one_row && (column->kind == SCYLLA_CLUSTERING || column->kind == SCYLLA_REGULAR))
		return true;
	return relation->dense && strcmp(column->type, "empty") == 0;
}

static void
take_column(const ScyllaRows *rows, void *context)
{
	ScyllaSchemaRelation *relation = target_relation(context, scyllaSystemText(rows->value[0]));
	ScyllaTableColumn *column = palloc0(sizeof(*column));

	if (relation == NULL)
		return;
	column->name = scyllaSystemText(rows->value[1]);
	column->kind = scyllaColumnKind(rows->value[2]);
	column->position = rows->value[3].len == 4 ? (int32) cql_load_u32(rows->value[3].data) : -1;
	column->type = scyllaSystemText(rows->value[4]);
	if (is_hidden(relation, column))
		return;
	if (relation->one_row && column->kind == SCYLLA_STATIC)
		column->kind = SCYLLA_REGULAR;
	relation->columns = lappend(relation->columns, column);
}

/* As SELECT * and DESCRIBE: partition key, clustering, static, regular, the latter two by name. */
static int
compare_columns(const ListCell *a, const ListCell *b)
{
	const ScyllaTableColumn *x = lfirst(a);
	const ScyllaTableColumn *y = lfirst(b);

	if (x->kind != y->kind)
		return x->kind > y->kind ? -1 : 1;
	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of relations that are next to each other by name, nearly. */
static void
read_columns_of(ScyllaKeyspace *keyspace, List *relations)
{
	ColumnTarget target = {relations, 0};
	List	   *texts = list_make3(scyllaToUtf8(keyspace->name), ((ScyllaSchemaRelation *) linitial(relations))->name,
								   ((ScyllaSchemaRelation *) llast(relations))->name);
	ListCell   *lc;

	read_rows(keyspace, "SELECT table_name, column_name, kind, position, type FROM system_schema.columns "
			  "WHERE keyspace_name = ? AND table_name >= ? AND table_name <= ?", texts, 5, take_column, &target);
	foreach(lc, relations)
		list_sort(((ScyllaSchemaRelation *) lfirst(lc))->columns, compare_columns);
}

/* By ranges of names: an IN of many may be forbidden, and asking for each alone takes a round trip each. */
void
scyllaReadColumns(ScyllaKeyspace *keyspace, List *relations)
{
	List	   *sorted = list_copy(relations);
	List	   *asked = NIL;
	ListCell   *lc;

	list_sort(sorted, compare_names);
	foreach(lc, sorted)
	{
		ScyllaSchemaRelation *relation = lfirst(lc);
		ListCell   *next = lnext(sorted, lc);

		asked = lappend(asked, relation);
		if (next != NULL && ((ScyllaSchemaRelation *) lfirst(next))->index - relation->index <= FEW_BETWEEN)
			continue;
		read_columns_of(keyspace, asked);
		asked = NIL;
	}
}
