/*
 * fdw/import/import.c
 *	  IMPORT FOREIGN SCHEMA: from a keyspace to CREATE FOREIGN TABLE statements.
 *
 * Backend thread. Owns nothing. Invariant: what is wanted is imported, or a WARNING
 * says why it is not.
 *
 * What cannot be imported must not keep the rest from it: a table or column whose
 * name PostgreSQL cannot write, or that another one has already, is left out with a
 * WARNING that names both. But a table is imported with its whole key or not at
 * all, as it could not be written without.
 *
 * Import reads the schema anew, and not what the session has cached; the session
 * forgets what it has cached. What import makes must fit what is there now. Columns
 * are asked for by 50 tables at a time, so those of tables that are not wanted are
 * not read.
 *
 * Clustering columns beside static ones are not declared NOT NULL. A partition of
 * static columns alone has a null there. The planner believes NOT NULL, and since
 * PostgreSQL 17 IS NULL on such a column would find nothing.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "fdw/catalog/mask.h"
#include "fdw/catalog/schema.h"
#include "fdw/import/import.h"
#include "fdw/import/import_name.h"
#include "fdw/import/import_order.h"
#include "fdw/import/import_type.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option_check.h"
#include "fdw/option/resolve.h"

/* ---- options ---- */

/* A table to go by, and that it is gone by, belong together; the former says enough. */
static void
check_order(const ScyllaImportOptions *o)
{
	if (o->column_order != SCYLLA_ORDER_UNTOLD && (o->like != NULL) != (o->column_order == SCYLLA_ORDER_LIKE))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 o->like ? errmsg("option \"like\" needs \"column_order\" to be \"like\"") :
				 errmsg("option \"column_order\" is \"like\" without the option \"like\""),
				 errhint("\"like\" names the local table whose columns give the order.")));
}

static ScyllaImportOptions
read_options(List *elements)
{
	ScyllaImportOptions options;

	scyllaCheckOptions(elements, ON_IMPORT);
	options = scyllaImportOptions(elements);
	check_order(&options);
	return options;
}

/* ---- names ---- */

/* What a WARNING calls an object: 'table "shop.items"', 'column "id" of table "shop.items"'. */
static char *
describe_relation(const ScyllaKeyspace *keyspace, const ScyllaImportName *name)
{
	const ScyllaSchemaRelation *relation = name->object;

	return psprintf("%s \"%s.%s\"", relation->base ? "materialized view" : "table", keyspace->name, name->remote);
}

static char *
describe_column(const ScyllaImportName *name, const char *relation)
{
	return psprintf("column \"%s\" of %s", name->remote, relation);
}

static void
warn_left_out(const char *what, const char *why)
{
	ereport(WARNING, (errmsg("%s is not imported", what), errdetail_internal("%s", why)));
}

static void
warn_changed(const char *what, const ScyllaImportName *name)
{
	if (name->changed)
		ereport(WARNING,
				(errmsg("%s is imported as \"%s\"", what, name->local), errdetail_internal("%s", name->changed)));
}

/* NULL: nothing is wrong with it. */
static char *
why_not(const ScyllaImportName *name)
{
	if (!name->local)
		return pstrdup(*name->remote ? "The database's encoding lacks characters of its name." : "Its name has a NUL.");
	if (name->winner)
		return psprintf("It would have the name \"%s\", which \"%s\" has.", name->local, name->winner->remote);
	return NULL;
}

/* ---- which tables and views ---- */

/* Lists hold local names, as PostgreSQL itself filters by those once more. */
static bool
is_wanted(const ScyllaImportName *name, ImportForeignSchemaStmt *stmt, const ScyllaImportOptions *options)
{
	const ScyllaSchemaRelation *relation = name->object;

	if (relation->base && !options->views)
		return false;
	if (!name->local)
		return stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO;
	if (relation->helper && stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		return false;
	return IsImportableForeignTable(name->local, stmt);
}

/* PostgreSQL says nothing of it, and who mistypes a name wonders. */
static void
warn_of_missing(const ScyllaKeyspace *keyspace, List *wanted, List *all, const ImportForeignSchemaStmt *stmt)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		return;
	foreach(lc, stmt->table_list)
	{
		const char *listed = lfirst_node(RangeVar, lc)->relname;
		const char *nearest;
		bool		found = false;

		foreach(lc2, wanted)
			found |= strcmp(((ScyllaImportName *) lfirst(lc2))->local, listed) == 0;
		if (found)
			continue;
		nearest = scyllaNearestName(listed, all);
		ereport(WARNING,
				(errmsg("keyspace \"%s\" has nothing to import as \"%s\"", keyspace->name, listed),
				 nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
	}
}

/* Names (ScyllaImportName *) of the relations to import. */
static List *
choose_relations(const ScyllaKeyspace *keyspace, List *relations, ImportForeignSchemaStmt *stmt,
				 const ScyllaImportOptions *options)
{
	List	   *all = NIL;		/* local names */
	List	   *wanted = NIL;
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, relations)
	{
		ScyllaSchemaRelation *relation = lfirst(lc);
		ScyllaImportName *name = scyllaMakeImportName(relation->name, options->folding);

		name->object = relation;
		if (name->local)
			all = lappend(all, name->local);
		if (is_wanted(name, stmt, options))
			wanted = lappend(wanted, name);
	}
	warn_of_missing(keyspace, wanted, all, stmt);
	scyllaSettleNames(wanted);
	foreach(lc, wanted)
	{
		ScyllaImportName *name = lfirst(lc);
		char	   *why = why_not(name);

		if (why)
			warn_left_out(describe_relation(keyspace, name), why);
		else
		{
			warn_changed(describe_relation(keyspace, name), name);
			chosen = lappend(chosen, name);
		}
	}
	return chosen;
}

/* ---- columns ---- */

/* Names (ScyllaImportName *) of the columns, or NIL with a WARNING if the table cannot be had. */
static List *
choose_columns(const ScyllaSchemaRelation *relation, const char *described, const ScyllaImportOptions *options)
{
	List	   *names = NIL;
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, relation->columns)
	{
		ScyllaTableColumn *column = lfirst(lc);
		ScyllaImportName *name = scyllaMakeImportName(column->name, options->folding);

		scyllaEvadeSystemColumn(name);
		name->object = column;
		name->rank = scyllaIsKeyColumn(column) ? 0 : 1;
		names = lappend(names, name);
	}
	scyllaSettleNames(names);
	foreach(lc, names)
	{
		ScyllaImportName *name = lfirst(lc);
		char	   *why = why_not(name);

		if (why && scyllaIsKeyColumn(name->object))
		{
			warn_left_out(described, psprintf("Its key column \"%s\" cannot be imported. %s", name->remote, why));
			return NIL;
		}
		if (why)
			warn_left_out(describe_column(name, described), why);
		else
		{
			warn_changed(describe_column(name, described), name);
			chosen = lappend(chosen, name);
		}
	}
	if (list_length(chosen) > MaxHeapAttributeNumber)
	{
		warn_left_out(described, psprintf("Tables have at most %d columns.", MaxHeapAttributeNumber));
		return NIL;
	}
	return chosen;
}

static bool
has_static(const ScyllaSchemaRelation *relation)
{
	ListCell   *lc;

	foreach(lc, relation->columns)
	{
		if (((ScyllaTableColumn *) lfirst(lc))->kind == SCYLLA_STATIC)
			return true;
	}
	return false;
}

/*
 * A partition with nothing but static columns reads as one row without clustering
 * columns, and dense tables of old may lack the last of them. To tell the planner
 * that they are never null would make it drop such rows.
 */
static bool
is_never_null(const ScyllaSchemaRelation *relation, const ScyllaTableColumn *column)
{
	if (column->kind == SCYLLA_CLUSTERING)
		return !relation->dense && !has_static(relation);
	return column->kind == SCYLLA_PARTITION_KEY;
}

/* ---- statements ---- */

static void
append_column(StringInfo sql, const ScyllaSchemaRelation *relation, const ScyllaImportName *name,
			  ScyllaTypeMap *types, const ScyllaImportOptions *options)
{
	const ScyllaTableColumn *column = name->object;
	const char *type = scyllaImportType(types, column->type);

	appendStringInfo(sql, "%s %s", quote_identifier(name->local), type);
	if (strcmp(name->local, name->remote) != 0)
		appendStringInfo(sql, " OPTIONS (column_name %s)", quote_literal_cstr(name->remote));
	if (strcmp(type, "text") == 0 &&
		(options->collate == SCYLLA_COLLATE_ALL || (options->collate == SCYLLA_COLLATE_KEYS && scyllaIsKeyColumn(column))))
		appendStringInfoString(sql, " COLLATE pg_catalog.\"C\"");
	if (options->not_null && is_never_null(relation, column))
		appendStringInfoString(sql, " NOT NULL");
}

static char *
create_table(const ScyllaKeyspace *keyspace, const ScyllaImportName *name, List *columns, ScyllaTypeMap *types,
			 const ScyllaImportOptions *options)
{
	const ScyllaSchemaRelation *relation = name->object;
	const char *server = GetForeignServer(keyspace->session->serverid)->servername;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE FOREIGN TABLE %s (", quote_identifier(name->local));
	foreach(lc, columns)
	{
		appendStringInfoString(&sql, lc == list_head(columns) ? "\n  " : ",\n  ");
		append_column(&sql, relation, lfirst(lc), types, options);
	}
	appendStringInfo(&sql, "\n) SERVER %s\nOPTIONS (keyspace %s, \"table\" %s%s)", quote_identifier(server),
					 quote_literal_cstr(keyspace->name), quote_literal_cstr(name->remote),
					 relation->base || relation->helper ? ", updatable 'false'" : "");
	return sql.data;
}

/* ---- masks ---- */

static bool
is_masked(const ScyllaTableColumn *column, const char *table, List *masks)
{
	ListCell   *lc;

	foreach(lc, masks)
	{
		const ScyllaMask *mask = lfirst(lc);

		if (strcmp(mask->table, table) == 0 && strcmp(mask->column, column->name) == 0)
			return true;
	}
	return false;
}

/* Its rows can be read and inserted, but not updated nor deleted. */
static void
warn_masked_key(const ScyllaKeyspace *keyspace, const ScyllaImportName *name, const char *described, List *masks)
{
	const ScyllaSchemaRelation *relation = name->object;
	ScyllaTableOptions options = *keyspace->options;
	ListCell   *lc;

	options.keyspace = (char *) keyspace->name;
	options.table = (char *) name->remote;
	foreach(lc, relation->columns)
	{
		const ScyllaTableColumn *column = lfirst(lc);

		if (relation->base || !scyllaIsKeyColumn(column) || !is_masked(column, relation->name, masks))
			continue;
		if (scyllaMaskingOf(keyspace->session, &options) != SCYLLA_UNMASKED)
			ereport(WARNING,
					(errmsg("key column \"%s\" of %s is masked for this role of the cluster",
							scyllaTellUtf8(column->name), described),
					 errdetail("Its rows cannot be updated or deleted.")));
		return;
	}
}

List *
scyllaImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	ScyllaImportOptions options = read_options(stmt->options);
	ScyllaKeyspace *keyspace = scyllaOpenKeyspace(GetUserId(), GetForeignServer(serverid), stmt->remote_schema);
	List	   *relations = scyllaReadRelations(keyspace);
	List	   *names = choose_relations(keyspace, relations, stmt, &options);
	ScyllaTypeMap *types = scyllaMakeTypeMap(keyspace, relations, options.composite ? stmt->local_schema : NULL);
	ScyllaLike	like = scyllaFindLike(options.like, list_length(names));
	List	   *masks = NIL;
	List	   *chosen = NIL;
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, names)
		chosen = lappend(chosen, ((ScyllaImportName *) lfirst(lc))->object);
	scyllaReadColumns(keyspace, chosen);
	masks = scyllaReadMasks(keyspace->session, keyspace->options, keyspace->name, NULL);
	foreach(lc, names)
	{
		ScyllaImportName *name = lfirst(lc);
		const char *described = describe_relation(keyspace, name);
		List	   *columns = choose_columns(name->object, described, &options);

		if (columns == NIL)
			continue;
		warn_masked_key(keyspace, name, described, masks);
		columns = scyllaOrderLike(columns, &like, name->local);
		statements = lappend(statements, create_table(keyspace, name, columns, types, &options));
	}
	return statements;
}
