/*
 * fdw/import/refresh.c
 *	  What a foreign table needs to be as the cluster's table is now.
 *
 * Backend thread. Owns nothing. Invariants: nothing is changed here, as who asks for
 * the statements runs them, or does not; a column is taken for renamed only where one
 * pair alone fits.
 *
 * CQL renames key columns alone, and never adds or drops one. So a key column that
 * the foreign table lacks was renamed, and if one column here is left over that is
 * like it, that is it. All others that are left over were dropped. Fields of user types
 * are renamed and added, and keep their positions.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "fdw/catalog/schema.h"
#include "fdw/compat.h"
#include "fdw/import/import.h"
#include "fdw/import/import_name.h"
#include "fdw/import/import_type.h"
#include "fdw/import/refresh.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/type/composite.h"
#include "fdw/type/typemap.h"

typedef struct Refresh
{
	Relation	rel;
	char	   *name;			/* the foreign table's, quoted */
	ScyllaTypeMap *types;
	List	   *missing;		/* ScyllaTableColumn * that no column here stands for */
	List	   *left_over;		/* Form_pg_attribute whose column the cluster does not have */
	List	   *statements;		/* char * */
	List	   *doubts;			/* char *: statements for the user to judge */
} Refresh;

static void
append(List **statements, char *statement)
{
	ListCell   *lc;

	foreach(lc, *statements)
	{
		if (strcmp(lfirst(lc), statement) == 0)
			return;				/* two columns of the same composite type */
	}
	*statements = lappend(*statements, statement);
}

static void
append_alter(Refresh *refresh, char *action)
{
	append(&refresh->statements, psprintf("ALTER FOREIGN TABLE %s %s", refresh->name, action));
}

/* ---- types ---- */

static bool follow_type(Refresh *refresh, const CqlType *type, Oid pgtype);

/* The attributes that no field stands for. */
static Bitmapset *
stray_attributes(TupleDesc desc, const CqlType *type)
{
	Bitmapset  *strays = NULL;

	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			strays = bms_add_member(strays, i);
	}
	for (uint32 i = 0; i < type->count; i++)
	{
		int			at = scyllaAttributeOfField(desc, type, i);

		if (at >= 0)
			strays = bms_del_member(strays, at);
	}
	return strays;
}

/* The attribute that has as many before it as the field has; -1: there are fewer. */
static int
attribute_at(TupleDesc desc, uint32 field)
{
	int			i = 0;

	while (i < desc->natts && (TupleDescAttr(desc, i)->attisdropped || field-- > 0))
		i++;
	return i < desc->natts ? i : -1;
}

/* The stray attribute that a field was called; NULL: none, it was added. */
static Form_pg_attribute
find_renamed_field(Refresh *refresh, TupleDesc desc, const CqlType *type, uint32 field)
{
	int			at = attribute_at(desc, field);
	Form_pg_attribute att;

	if (at < 0 || !bms_is_member(at, stray_attributes(desc, type)))
		return NULL;
	att = TupleDescAttr(desc, at);
	return scyllaTypesMatch(type->child[field], att->atttypid, att->atttypmod) ||
		follow_type(refresh, type->child[field], att->atttypid) ? att : NULL;
}

/*
 * Fields that were added or renamed, and those that are composite types themselves.
 * CQL drops and moves none. But of several that were renamed, one could be taken for
 * another where the attributes have an order of their own: who asks has to tell.
 */
static bool
follow_fields(Refresh *refresh, const CqlType *type, Oid pgtype)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(pgtype, -1);
	bool		sure = bms_membership(stray_attributes(desc, type)) == BMS_SINGLETON;
	const char *type_name = format_type_be_qualified(pgtype);
	bool		found = false;

	for (uint32 i = 0; i < type->count; i++)
	{
		ScyllaImportName *field = scyllaMakeImportName(type->field[i], SCYLLA_FOLD_KEEP);
		int			at = scyllaAttributeOfField(desc, type, i);
		Form_pg_attribute renamed;

		if (field->local == NULL || field->changed)
			continue;
		if (at >= 0)
		{
			found |= follow_type(refresh, type->child[i], TupleDescAttr(desc, at)->atttypid);
			continue;
		}
		found = true;
		renamed = find_renamed_field(refresh, desc, type, i);
		if (renamed)
			append(sure ? &refresh->statements : &refresh->doubts,
				   psprintf("ALTER TYPE %s RENAME ATTRIBUTE %s TO %s CASCADE", type_name,
							quote_identifier(NameStr(renamed->attname)), quote_identifier(field->local)));
		else
			append(&refresh->statements, psprintf("ALTER TYPE %s ADD ATTRIBUTE %s %s", type_name, quote_identifier(field->local),
												  scyllaImportTypeText(refresh->types, type->child[i])));
	}
	return found;
}

/* Whether its composite types lack fields, be it that they have them by another name. */
static bool
follow_type(Refresh *refresh, const CqlType *type, Oid pgtype)
{
	Oid			element;

	pgtype = getBaseType(pgtype);
	element = get_element_type(pgtype);
	if ((type->id == CQL_TYPE_LIST || type->id == CQL_TYPE_SET) && OidIsValid(element))
		return follow_type(refresh, type->child[0], element);
	return type->id == CQL_TYPE_UDT && type_is_rowtype(pgtype) && follow_fields(refresh, type, pgtype);
}

static void
follow_column(Refresh *refresh, const ScyllaTableColumn *column, Form_pg_attribute att)
{
	const CqlType *type = scyllaParseImportType(refresh->types, column->type);

	if (type && !scyllaTypesMatch(type, att->atttypid, att->atttypmod) && !follow_type(refresh, type, att->atttypid))
		append_alter(refresh, psprintf("ALTER COLUMN %s TYPE %s", quote_identifier(NameStr(att->attname)),
									   scyllaImportTypeText(refresh->types, type)));
}

/* ---- columns ---- */

static ScyllaTableColumn *
find_column(List *columns, const char *name)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		ScyllaTableColumn *column = lfirst(lc);

		if (strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/* Which column of the cluster's each one here stands for; what has none is left over. */
static void
match_columns(Refresh *refresh, List *columns)
{
	Oid			relid = RelationGetRelid(refresh->rel);

	refresh->missing = list_copy(columns);
	for (int i = 0; i < RelationGetNumberOfAttributes(refresh->rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(refresh->rel), i);
		ScyllaTableColumn *column;

		if (att->attisdropped || scyllaIsVirtual(att) || scyllaIsWriteOnly(relid, att->attnum))
			continue;
		column = find_column(columns, scyllaToUtf8(scyllaColumnName(relid, att->attnum)));
		if (column == NULL)
			refresh->left_over = lappend(refresh->left_over, att);
		else if (scyllaPseudoColumn(relid, att->attnum) == SCYLLA_NO_PSEUDO)
		{
			refresh->missing = list_delete_ptr(refresh->missing, column);
			follow_column(refresh, column, att);
		}
	}
}

/* How sure it is that a key column was called what a column here is. */
typedef enum Likeness
{
	AS_IMPORTED,				/* of the type that import gives it, and NOT NULL */
	SAME_TYPE,
	FITS,						/* could hold its values */
	NO_LIKENESS
} Likeness;

static bool
is_alike(const Refresh *refresh, const ScyllaTableColumn *column, Form_pg_attribute att, Likeness likeness)
{
	const CqlType *type = scyllaParseImportType(refresh->types, column->type);

	if (!scyllaIsKeyColumn(column) || type == NULL ||
		scyllaPseudoColumn(RelationGetRelid(refresh->rel), att->attnum) != SCYLLA_NO_PSEUDO)
		return false;
	if (likeness == FITS)
		return scyllaTypesMatch(type, att->atttypid, att->atttypmod);
	return (att->attnotnull || likeness == SAME_TYPE) &&
		strcmp(format_type_with_typemod(att->atttypid, att->atttypmod), scyllaImportTypeText(refresh->types, type)) == 0;
}

/* The one of those left over that may be this one; NULL: none, or more than one. */
static Form_pg_attribute
find_renamed(const Refresh *refresh, const ScyllaTableColumn *column, Likeness likeness)
{
	Form_pg_attribute found = NULL;
	int			alike = 0;
	ListCell   *lc;

	foreach(lc, refresh->left_over)
	{
		if (is_alike(refresh, column, lfirst(lc), likeness))
		{
			found = lfirst(lc);
			alike++;
		}
	}
	if (alike != 1)
		return NULL;
	alike = 0;
	foreach(lc, refresh->missing)
		alike += is_alike(refresh, lfirst(lc), found, likeness);
	return alike == 1 ? found : NULL;
}

static ScyllaImportName *
local_name(const ScyllaTableColumn *column)
{
	ScyllaImportName *name = scyllaMakeImportName(column->name, SCYLLA_FOLD_KEEP);

	scyllaEvadeSystemColumn(name);
	return name;
}

static char *
name_option(const char *verb, const ScyllaImportName *name)
{
	return psprintf("OPTIONS (%scolumn_name %s)", verb, quote_literal_cstr(name->remote));
}

/* A column that had the cluster's name gets the new one, too. */
static void
rename_column(Refresh *refresh, const ScyllaTableColumn *column, Form_pg_attribute att)
{
	ScyllaImportName *name = local_name(column);
	Oid			relid = RelationGetRelid(refresh->rel);
	char	   *old = NameStr(att->attname);
	bool		has_option = strcmp(scyllaColumnName(relid, att->attnum), old) != 0;
	bool		is_free = name->local && get_attnum(relid, name->local) == InvalidAttrNumber;

	if (!has_option && is_free)
		append_alter(refresh, psprintf("RENAME COLUMN %s TO %s", quote_identifier(old), quote_identifier(name->local)));
	if (has_option || !is_free || strcmp(name->local, name->remote) != 0)
		append_alter(refresh, psprintf("ALTER COLUMN %s %s", quote_identifier(!has_option && is_free ? name->local : old),
									   name_option(has_option ? "SET " : "ADD ", name)));
}

static void
rename_columns(Refresh *refresh, Likeness likeness)
{
	List	   *missing = list_copy(refresh->missing);
	ListCell   *lc;

	foreach(lc, missing)
	{
		Form_pg_attribute att = find_renamed(refresh, lfirst(lc), likeness);

		if (att == NULL)
			continue;
		rename_column(refresh, lfirst(lc), att);
		refresh->missing = list_delete_ptr(refresh->missing, lfirst(lc));
		refresh->left_over = list_delete_ptr(refresh->left_over, att);
	}
}

static void
drop_columns(Refresh *refresh)
{
	ListCell   *lc;

	foreach(lc, refresh->left_over)
		append_alter(refresh, psprintf("DROP COLUMN %s", quote_identifier(NameStr(((Form_pg_attribute) lfirst(lc))->attname))));
}

/* A column that was dropped here has left its name free. */
static bool
is_taken(const Refresh *refresh, const char *local)
{
	ListCell   *lc;

	foreach(lc, refresh->left_over)
	{
		if (strcmp(NameStr(((Form_pg_attribute) lfirst(lc))->attname), local) == 0)
			return false;
	}
	return get_attnum(RelationGetRelid(refresh->rel), local) != InvalidAttrNumber;
}

static void
add_columns(Refresh *refresh)
{
	ListCell   *lc;

	foreach(lc, refresh->missing)
	{
		ScyllaTableColumn *column = lfirst(lc);
		ScyllaImportName *name = local_name(column);

		if (name->local == NULL || is_taken(refresh, name->local))
		{
			ereport(WARNING,
					(errmsg("column \"%s\" cannot be added to foreign table \"%s\" by its name", name->remote,
							RelationGetRelationName(refresh->rel)),
					 errhint("Add it under another name, with the option \"column_name\".")));
			continue;
		}
		append_alter(refresh, psprintf("ADD COLUMN %s %s%s%s", quote_identifier(name->local),
									   scyllaImportType(refresh->types, column->type),
									   strcmp(name->local, name->remote) == 0 ? "" : " ",
									   strcmp(name->local, name->remote) == 0 ? "" : name_option("", name)));
	}
}

/* ---- the table ---- */

static void
check_foreign_table(Relation rel)
{
	if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE ||
		GetFdwRoutineForRelation(rel, false)->ImportForeignSchema != scyllaImportForeignSchema)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table of scylla_fdw", RelationGetRelationName(rel))));
}

static ScyllaSchemaRelation *
find_relation(const ScyllaKeyspace *keyspace, List *relations, const ScyllaTableOptions *options)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		ScyllaSchemaRelation *relation = lfirst(lc);

		if (strcmp(relation->name, scyllaToUtf8(options->table)) == 0)
			return relation;
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
			 errmsg("table \"%s.%s\" does not exist in the cluster", keyspace->name, options->table)));
}

static void
warn_of_doubts(const Refresh *refresh)
{
	ListCell   *lc;

	foreach(lc, refresh->doubts)
		ereport(WARNING,
				(errmsg("it is not certain which attribute stands for a field that was renamed"),
				 errhint("If it is right, run: %s", (char *) lfirst(lc))));
}

void
scyllaListChanges(Oid foreigntableid, ReturnSetInfo *result)
{
	Refresh		refresh = {.rel = relation_open(foreigntableid, AccessShareLock)};
	ForeignServer *server;
	ScyllaTableOptions *options;
	ScyllaKeyspace *keyspace;
	ScyllaSchemaRelation *relation;
	List	   *relations;
	ListCell   *lc;

	check_foreign_table(refresh.rel);
	server = GetForeignServer(GetForeignTable(foreigntableid)->serverid);
	scyllaCheckServerUsage(server, GetUserId());
	options = scyllaTableOptions(foreigntableid);
	keyspace = scyllaOpenKeyspace(GetUserId(), server, options->keyspace);
	relations = scyllaReadRelations(keyspace);
	relation = find_relation(keyspace, relations, options);
	scyllaReadColumns(keyspace, list_make1(relation));
	refresh.name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(refresh.rel)),
											  RelationGetRelationName(refresh.rel));
	refresh.types = scyllaMakeTypeMap(keyspace, relations, NULL);
	match_columns(&refresh, relation->columns);
	for (Likeness likeness = AS_IMPORTED; likeness < NO_LIKENESS; likeness++)
		rename_columns(&refresh, likeness);
	drop_columns(&refresh);
	add_columns(&refresh);
	warn_of_doubts(&refresh);
	foreach(lc, refresh.statements)
	{
		Datum		value = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	relation_close(refresh.rel, AccessShareLock);
}
