/*
 * fdw/plan/modify_plan.c
 *	  Planning UPDATE and DELETE.
 *
 * Backend thread. Owns nothing.
 *
 * A cached plan names the key of the time when it was made. So UPDATE and DELETE
 * look whether the key is still the same (scyllaCheckModifyPlan). By the old key, a
 * DELETE would take rows that the new key tells apart.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/inherit.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "fdw/catalog/mask.h"
#include "fdw/catalog/table.h"
#include "fdw/check/position.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/nearest.h"
#include "fdw/option/option_cache.h"
#include "fdw/plan/modify_plan.h"
#include "fdw/read/system_columns.h"

ScyllaTable *
scyllaDescribeTarget(Relation rel, Oid userid)
{
	ScyllaTableOptions *options = scyllaTableOptions(RelationGetRelid(rel));
	ScyllaSession *session = scyllaGetSession(userid, GetForeignTable(RelationGetRelid(rel))->serverid);

	ScyllaTable *table = scyllaDescribeTable(session, options);

	scyllaCheckMaskedKey(session, options, table, RelationGetRelationName(rel));
	return scyllaCopyTable(table);
}

/* InvalidAttrNumber: none. */
static AttrNumber
attribute_of(Relation rel, const ScyllaTableColumn *column)
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
					   scyllaFromUtf8(column->type), format_type_with_typemod(att->atttypid, att->atttypmod)),
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
	return scyllaNearestName(scyllaFromUtf8(column->name), strays);
}

static void
refuse_lack(Relation rel, const ScyllaTable *table, const ScyllaTableColumn *column)
{
	const char *name = scyllaFromUtf8(column->name);
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
	AttrNumber	attnum = attribute_of(rel, column);
	Form_pg_attribute att;

	if (attnum == InvalidAttrNumber)
		refuse_lack(rel, table, column);
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	if (mixes_keys(column, att->atttypid, att->atttypmod))
		refuse_mixed_keys(rel, column, att);
	return attnum;
}

static List *
key_attributes(Relation rel, const ScyllaTable *table)
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

void
scyllaAddForeignUpdateTargets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel)
{
	ScyllaTable *table = scyllaDescribeTarget(rel, scyllaTargetUser(root, rte));
	ListCell   *lc;

	foreach(lc, key_attributes(rel, table))
	{
		AttrNumber	attnum = lfirst_int(lc);
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

		add_row_identity_var(root, makeVar((int) rtindex, attnum, att->atttypid, att->atttypmod, att->attcollation, 0),
							 rtindex, scyllaJunkName(rel, attnum));
	}
	/* the old row, where its values are asked for; the planner adds it for UPDATE and for triggers */
	if (root->parse->commandType == CMD_DELETE && root->parse->returningList != NIL)
		add_row_identity_var(root, makeVar((int) rtindex, InvalidAttrNumber, RECORDOID, -1, InvalidOid, 0), rtindex,
							 "wholerow");
}

/* ---- what an UPDATE writes ---- */

static bool
has_before_trigger(Relation rel)
{
	return rel->trigdesc != NULL && rel->trigdesc->trig_update_before_row;
}

static void
refuse_column(Relation rel, AttrNumber attnum, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot update column \"%s\" of foreign table \"%s\"",
					NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname), RelationGetRelationName(rel)),
			 errdetail("%s", detail)));
}

/*
 * Whether the column can be written. named: by the statement, which must not name
 * what cannot be. A partition's key is left for the executor to compare: the same
 * UPDATE may move rows of other partitions.
 */
static bool
is_written(Relation rel, const ScyllaTable *table, AttrNumber attnum, bool named, bool partition)
{
	const ScyllaTableColumn *column = scyllaUpdatedColumn(rel, table, attnum);

	if (scyllaIsWriteOnly(RelationGetRelid(rel), attnum))
	{
		if (named && scyllaHasCounters(table))
			refuse_column(rel, attnum, "Counters have neither TTL nor timestamp.");
		return !scyllaHasCounters(table);
	}
	if (column == NULL && scyllaPseudoColumn(RelationGetRelid(rel), attnum) != SCYLLA_NO_PSEUDO)
	{
		if (named)
			refuse_column(rel, attnum, "It shows what the cluster knows about another column.");
		return false;
	}
	if (column == NULL)
		scyllaNoSuchColumn(table, RelationGetRelid(rel), attnum);
	if (column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING)
	{
		if (named && !partition)
			refuse_column(rel, attnum, "It is part of the primary key: delete the row and insert another one.");
		return false;
	}
	return true;
}

static void
find_targets(PlannerInfo *root, Index rtindex, Relation rel, const ScyllaTable *table, List **targets, List **set)
{
	Bitmapset  *updated = get_rel_all_updated_cols(root, find_base_rel(root, (int) rtindex));
	bool		partition = (int) rtindex != root->parse->resultRelation;

	*targets = *set = NIL;
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(rel); attnum++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
		bool		named = bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, updated);

		if (att->attisdropped || scyllaIsVirtual(att) ||
			!(named || has_before_trigger(rel)) || !is_written(rel, table, attnum, named, partition))
			continue;
		*targets = lappend_int(*targets, attnum);
		if (named)
			*set = lappend_int(*set, attnum);
	}
}

/* A TTL or timestamp is one of values that are written. */
static void
check_values(Relation rel, const ScyllaTable *table, List *targets)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		if (scyllaUpdatedColumn(rel, table, lfirst_int(lc)) != NULL)
			return;
	}
	if (targets != NIL)
		refuse_column(rel, linitial_int(targets), "It tells how values are written, and the statement sets none.");
}

static bool
all_static(Relation rel, const ScyllaTable *table, List *attnums)
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

/*
 * With static columns alone, IF EXISTS would ask whether any of these has a value,
 * not whether the row is there. Beside them goes a column that the statement does
 * not set: it is as in the old row, so it is left alone.
 */
static List *
add_regular_column(Relation rel, const ScyllaTable *table, List *targets)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		AttrNumber	attnum = table->column[i].kind == SCYLLA_REGULAR ? attribute_of(rel, &table->column[i]) :
			InvalidAttrNumber;

		if (attnum != InvalidAttrNumber)
			return lappend_int(targets, attnum);
	}
	refuse_column(rel, linitial_int(targets), "It is a static column, and update_mode if_exists needs one of the row's own in the foreign table.");
	return NIL;
}

static void
refuse_conditional_counters(Relation rel)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("update_mode if_exists is not possible with counters"),
			 errdetail("Foreign table \"%s\" is one of counters.", RelationGetRelationName(rel)),
			 errhint("Set its option update_mode to upsert.")));
}

/* "column + n", "n + column" or "column - n" */
static bool
is_addition(Node *node, Index rtindex, AttrNumber attnum)
{
	OpExpr	   *expr = (OpExpr *) node;
	char	   *name;

	if (!IsA(expr, OpExpr) || list_length(expr->args) != 2)
		return false;
	name = get_opname(expr->opno);
	for (int i = 0; i < 2; i++)
	{
		Var		   *var = list_nth(expr->args, i);

		if (IsA(var, Var) && var->varno == (int) rtindex && var->varattno == attnum &&
			(strcmp(name, "+") == 0 || (i == 0 && strcmp(name, "-") == 0)))
			return true;
	}
	return false;
}

/* Counters can be added to, and nothing else. Of a partition's, what is added is the difference, whatever the form. */
static void
check_additions(PlannerInfo *root, Index rtindex, Relation rel)
{
	ListCell   *lc;
	ListCell   *nc;

	if ((int) rtindex != root->parse->resultRelation)
		return;
	forboth(lc, root->processed_tlist, nc, root->update_colnos)
	{
		if (!is_addition((Node *) lfirst_node(TargetEntry, lc)->expr, rtindex, lfirst_int(nc)))
			refuse_column(rel, lfirst_int(nc), "It is a counter: SET c = c + n and SET c = c - n are all that CQL has.");
	}
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

/* From SCYLLA_MODIFY_KEYS on. */
static List *
describe_rows(Relation rel, const ScyllaTable *table, CmdType operation, List *targets)
{
	/* CQL wants static columns to be updated without the clustering columns */
	int			nwritten = table->npartition + (all_static(rel, table, targets) ? 0 : table->nclustering);

	return list_make3(key_attributes(rel, table),
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
	rows = describe_rows(rel, table, operation, list_nth(fdw_private, SCYLLA_MODIFY_TARGETS));
	if (equal(rows, list_copy_tail(fdw_private, SCYLLA_MODIFY_KEYS)))
		return;
	scyllaForgetSchema(session);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
			 errmsg("primary key of foreign table \"%s\" has changed, or what else tells its rows",
					RelationGetRelationName(rel)),
			 errhint("Repeat the statement.")));
}

/* By RETURNING, or by a view's WITH CHECK OPTION. */
static void
check_ctid(const ModifyTable *plan, Index rtindex, Oid relid, int subplan_index)
{
	List	   *returning = plan->returningLists ? list_nth(plan->returningLists, subplan_index) : NIL;
	List	   *checks = plan->withCheckOptionLists ? list_nth(plan->withCheckOptionLists, subplan_index) : NIL;

	if (scyllaAsksForCtid((Node *) list_make2(returning, checks), rtindex))
		scyllaRefuseCtid(relid);
}

List *
scyllaPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(rtindex, root);
	List	   *targets = NIL;
	List	   *set = NIL;
	Relation	rel;
	ScyllaTable *table;
	List	   *rows;
	bool		if_exists;

	check_ctid(plan, rtindex, rte->relid, subplan_index);
	if (plan->operation == CMD_INSERT)
		scyllaCheckPositions(root, rtindex);
	if (plan->operation != CMD_UPDATE && plan->operation != CMD_DELETE)
		return NIL;
	rel = table_open(rte->relid, NoLock);
	table = scyllaDescribeTarget(rel, scyllaTargetUser(root, rte));
	if (plan->operation == CMD_UPDATE)
	{
		find_targets(root, rtindex, rel, table, &targets, &set);
		check_values(rel, table, targets);
	}
	if (plan->operation == CMD_UPDATE && scyllaHasCounters(table))
		check_additions(root, rtindex, rel);
	if_exists = scyllaTableOptions(rte->relid)->if_exists;
	if (if_exists && scyllaHasCounters(table))
		refuse_conditional_counters(rel);
	if (if_exists && all_static(rel, table, targets))
		targets = add_regular_column(rel, table, targets);
	rows = describe_rows(rel, table, plan->operation, targets);
	table_close(rel, NoLock);
	return list_concat(list_make2(targets, set), rows);
}
