/*
 * fdw/plan/modify_plan.c
 *	  Planning UPDATE and DELETE.
 *
 * Backend thread. Owns nothing. Invariants: columns that are set are among the
 * targets, and no key column is; what cannot be written is refused here, before any
 * row.
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

#include "fdw/catalog/table.h"
#include "fdw/check/position.h"
#include "fdw/compat.h"
#include "fdw/modify/row_identity.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/plan/modify_plan.h"
#include "fdw/read/system_columns.h"

void
scyllaAddForeignUpdateTargets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel)
{
	ScyllaTable *table = scyllaDescribeTarget(rel, scyllaTargetUser(root, rte));
	ListCell   *lc;

	foreach(lc, scyllaKeyAttributes(rel, table))
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
		AttrNumber	attnum = table->column[i].kind == SCYLLA_REGULAR ? scyllaAttributeOf(rel, &table->column[i]) :
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
	if (if_exists && scyllaAllStatic(rel, table, targets))
		targets = add_regular_column(rel, table, targets);
	rows = scyllaDescribeRows(rel, table, plan->operation, targets);
	table_close(rel, NoLock);
	return list_concat(list_make2(targets, set), rows);
}
