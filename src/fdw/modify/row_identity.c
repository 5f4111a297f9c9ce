/*
 * fdw/modify/row_identity.c
 *	  The key of a row, as the planner hands it to the executor.
 *
 * Backend thread. Owns nothing. Invariants: all columns of the primary key tell a
 * row, in the key's order, or the statement is refused; the planner gets a copy of
 * the description.
 *
 * A row is told by all columns of its primary key, which the scan below hands up
 * as junk. What an UPDATE writes are the columns that it sets, and where a trigger
 * may set others, those that it has changed.
 *
 * A cached plan names the key of the time when it was made. So UPDATE and DELETE
 * look whether the key is still the same (scyllaCheckModifyPlan). By the old key, a
 * DELETE would take rows that the new key tells apart.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/catalog/mask.h"
#include "fdw/compat.h"
#include "fdw/modify/row_identity.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option_cache.h"

ScyllaTable *
scyllaDescribeTarget(Relation rel, Oid userid)
{
	ScyllaTableOptions *options = scyllaTableOptions(RelationGetRelid(rel));
	ScyllaSession *session = scyllaGetSession(userid, GetForeignTable(RelationGetRelid(rel))->serverid);

	ScyllaTable *table = scyllaDescribeTable(session, options);

	scyllaCheckMaskedKey(session, options, table, RelationGetRelationName(rel));
	return scyllaCopyTable(table);
}

AttrNumber
scyllaAttributeOf(Relation rel, const ScyllaTableColumn *column)
{
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		if (!TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attisdropped &&
			scyllaPseudoColumn(RelationGetRelid(rel), attnum) == SCYLLA_NO_PSEUDO &&
			strcmp(scyllaToUtf8(scyllaColumnName(RelationGetRelid(rel), attnum)), column->name) == 0)
			return attnum;
	}
	return InvalidAttrNumber;
}

const ScyllaTableColumn *
scyllaUpdatedColumn(Relation rel, const ScyllaTable *table, AttrNumber attnum)
{
	if (scyllaPseudoColumn(RelationGetRelid(rel), attnum) != SCYLLA_NO_PSEUDO)
		return NULL;
	return scyllaTableColumn(table, scyllaToUtf8(scyllaColumnName(RelationGetRelid(rel), attnum)));
}

/* ---- keys ---- */

/*
 * What numeric(p, s) makes of a decimal is equal, and as a key it is another one:
 * 1.5 is not the partition 1.50. jsonb has one form of all documents that say the
 * same, and one zero.
 */
static bool
mixes_keys(const ScyllaTableColumn *column, Oid type, int32 typmod)
{
	const char *cql = column->type;

	type = getBaseTypeAndTypmod(type, &typmod);
	if (type == NUMERICOID)
		return column->kind == SCYLLA_PARTITION_KEY && strcmp(cql, "decimal") == 0 && typmod >= 0;
	return type == JSONBOID && (strcmp(cql, "text") == 0 || strcmp(cql, "varchar") == 0 || strcmp(cql, "ascii") == 0 ||
								strstr(cql, "float") || strstr(cql, "double") || strstr(cql, "decimal"));
}

static void
refuse_mixed_keys(Relation rel, const ScyllaTableColumn *column, Form_pg_attribute att)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of foreign table \"%s\" does not tell rows apart", NameStr(att->attname),
					RelationGetRelationName(rel)),
			 errdetail("It is a key of CQL type %s, of which several values are one value of type %s.",
					   scyllaTellUtf8(column->type), format_type_with_typemod(att->atttypid, att->atttypmod)),
			 errhint("Make it a numeric without precision and scale, or json instead of jsonb.")));
}

/* What a column here calls one that the cluster's table does not have, in the hope that it is this one; NULL: nothing. */
static const char *
mistyped_name(Relation rel, const ScyllaTable *table, const ScyllaTableColumn *column)
{
	List	   *strays = NIL;

	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		const char *name;

		if (att->attisdropped || scyllaIsVirtual(att) ||
			scyllaPseudoColumn(RelationGetRelid(rel), attnum) != SCYLLA_NO_PSEUDO)
			continue;
		name = scyllaColumnName(RelationGetRelid(rel), attnum);
		if (scyllaTableColumn(table, scyllaToUtf8(name)) == NULL)
			strays = lappend(strays, unconstify(char *, name));
	}
	return scyllaNearestName(scyllaTellUtf8(column->name), strays);
}

static void
refuse_lack(Relation rel, const ScyllaTable *table, const ScyllaTableColumn *column)
{
	const char *name = scyllaTellUtf8(column->name);
	const char *mistyped = mistyped_name(rel, table, column);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("foreign table \"%s\" lacks key column \"%s\"", RelationGetRelationName(rel), name),
			 errdetail("Rows are told apart by all columns of the primary key for UPDATE and DELETE."),
			 mistyped ? errhint("Perhaps you meant \"%s\" by \"%s\".", name, mistyped) : 0));
}

static AttrNumber
key_attribute(Relation rel, const ScyllaTable *table, const ScyllaTableColumn *column)
{
	AttrNumber	attnum = scyllaAttributeOf(rel, column);
	Form_pg_attribute att;

	if (attnum == InvalidAttrNumber)
		refuse_lack(rel, table, column);
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	if (mixes_keys(column, att->atttypid, att->atttypmod))
		refuse_mixed_keys(rel, column, att);
	return attnum;
}

List *
scyllaKeyAttributes(Relation rel, const ScyllaTable *table)
{
	List	   *attnums = NIL;

	for (int i = 0; i < table->npartition; i++)
		attnums = lappend_int(attnums, key_attribute(rel, table, scyllaPartitionColumn(table, i)));
	for (int i = 0; i < table->nclustering; i++)
		attnums = lappend_int(attnums, key_attribute(rel, table, scyllaClusteringColumn(table, i)));
	return attnums;
}

char *
scyllaJunkName(Relation rel, AttrNumber attnum)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

	/* the partitions of a table share what has the same name, so it has to be the same for the planner */
	return psprintf("scylla key %d %u %d %u", attnum, att->atttypid, att->atttypmod, att->attcollation);
}

/* ---- what tells rows, in a plan ---- */

bool
scyllaAllStatic(Relation rel, const ScyllaTable *table, List *attnums)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, attnums)
	{
		const ScyllaTableColumn *column = scyllaUpdatedColumn(rel, table, lfirst_int(lc));

		if (column != NULL && column->kind != SCYLLA_STATIC)
			return false;
		any |= column != NULL;
	}
	return any;
}

static List *
static_columns(const ScyllaTable *table)
{
	List	   *names = NIL;

	for (int i = 0; i < table->ncolumns; i++)
	{
		if (table->column[i].kind == SCYLLA_STATIC)
			names = lappend(names, makeString(pstrdup(table->column[i].name)));
	}
	return names;
}

List *
scyllaDescribeRows(Relation rel, const ScyllaTable *table, CmdType operation, List *targets)
{
	/* CQL wants static columns to be updated without the clustering columns */
	int			nwritten = table->npartition + (scyllaAllStatic(rel, table, targets) ? 0 : table->nclustering);

	return list_make3(scyllaKeyAttributes(rel, table),
					  list_make3_int(scyllaHasCounters(table), table->npartition, nwritten),
					  operation == CMD_DELETE ? static_columns(table) : NIL);
}

void
scyllaCheckModifyPlan(ScyllaSession *session, const ScyllaTableOptions *options, Relation rel, CmdType operation,
					  List *fdw_private)
{
	ScyllaTable *table = scyllaDescribeTable(session, options);
	List	   *rows;

	scyllaCheckMaskedKey(session, options, table, RelationGetRelationName(rel));
	rows = scyllaDescribeRows(rel, table, operation, list_nth(fdw_private, SCYLLA_MODIFY_TARGETS));
	if (equal(rows, list_copy_tail(fdw_private, SCYLLA_MODIFY_KEYS)))
		return;
	scyllaForgetSchema(session);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
			 errmsg("primary key of foreign table \"%s\" has changed, or what else tells its rows",
					RelationGetRelationName(rel)),
			 errhint("Repeat the statement.")));
}
