/*
 * fdw/import/import_order.c
 *	  Columns in the order that a local table has them in.
 *
 * Backend thread. Owns nothing. Columns are the same if their names here are.
 * Invariant: another order has the same columns, none more and none less.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "fdw/import/import_name.h"
#include "fdw/import/import_order.h"

/* One or two names. */
static List *
split_name(const char *value)
{
	List	   *parts;

	if (!SplitIdentifierString(pstrdup(value), '.', &parts) || parts == NIL || list_length(parts) > 2)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("invalid value for option \"like\": \"%s\"", value),
				 errhint("It is the name of a table, or of a schema.")));
	return parts;
}

static void
missing_model(const char *value, bool one_table)
{
	ereport(ERROR,
			(errcode(one_table ? ERRCODE_UNDEFINED_TABLE : ERRCODE_UNDEFINED_SCHEMA),
			 one_table ? errmsg("no table or schema \"%s\" for option \"like\"", value) :
			 errmsg("no schema \"%s\" for option \"like\"", value),
			 one_table ? 0 : errhint("Where several tables are imported, it names a schema that has tables of the same names.")));
}

ScyllaLike
scyllaFindLike(const char *value, int imported)
{
	ScyllaLike	like = {InvalidOid, InvalidOid};
	List	   *parts;

	if (value == NULL)
		return like;
	parts = split_name(value);
	if (imported <= 1)
	{
		char	   *schema = list_length(parts) > 1 ? linitial(parts) : NULL;

		like.table = RangeVarGetRelid(makeRangeVar(schema, llast(parts), -1), NoLock, true);
	}
	if (!OidIsValid(like.table) && list_length(parts) == 1)
		like.schema = LookupExplicitNamespace(linitial(parts), true);
	if (!OidIsValid(like.table) && !OidIsValid(like.schema))
		missing_model(value, imported <= 1);
	return like;
}

static ScyllaImportName *
find_name(List *names, const char *local)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		ScyllaImportName *name = lfirst(lc);

		if (strcmp(name->local, local) == 0)
			return name;
	}
	return NULL;
}

List *
scyllaOrderLike(List *names, const ScyllaLike *like, const char *local)
{
	Oid			model = OidIsValid(like->schema) ? get_relname_relid(local, like->schema) : like->table;
	Relation	rel = OidIsValid(model) ? relation_open(model, AccessShareLock) : NULL;
	List	   *ordered = NIL;

	for (int i = 0; rel && i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		ScyllaImportName *name = att->attisdropped ? NULL : find_name(names, NameStr(att->attname));

		if (name)
			ordered = lappend(ordered, name);
	}
	if (rel)
		relation_close(rel, AccessShareLock);
	ordered = list_concat_unique_ptr(ordered, names);
	Assert(list_length(ordered) == list_length(names));
	return ordered;
}
