/*
 * fdw/plan/direct_plan.c
 *	  Which UPDATE and DELETE need not read the rows they write.
 *
 * Backend thread. Owns nothing. Invariants: the scan is changed when nothing can keep
 * it from being direct any more; values to set stand behind those of conditions.
 */
#include "postgres.h"

#include "access/table.h"
#include "nodes/plannodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "optimizer/clauses.h"
#include "utils/rel.h"

#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/modify/direct.h"
#include "fdw/modify/row_identity.h"
#include "fdw/option/option_cache.h"
#include "fdw/plan/direct_plan.h"
#include "fdw/select/select.h"

/* The scan of the table that is changed, unless there is more to do than to scan it. */
static ForeignScan *
find_scan(const ModifyTable *plan, Index rtindex, int subplan_index)
{
	Plan	   *subplan = outerPlan(plan);

	if (IsA(subplan, Append) && subplan_index < list_length(((Append *) subplan)->appendplans))
		subplan = list_nth(((Append *) subplan)->appendplans, subplan_index);
	else if (IsA(subplan, Result) && outerPlan(subplan) != NULL && IsA(outerPlan(subplan), Append) &&
			 subplan_index < list_length(((Append *) outerPlan(subplan))->appendplans))
		subplan = list_nth(((Append *) outerPlan(subplan))->appendplans, subplan_index);
	if (!IsA(subplan, ForeignScan) || ((ForeignScan *) subplan)->scan.scanrelid != rtindex || subplan->qual != NIL)
		return NULL;
	return (ForeignScan *) subplan;
}

/* By keys, and by nothing else. */
static bool
finds_by_keys(const ScyllaSelect *select)
{
	return select->npartition > 0 && !scyllaIsOpenEnded(select) && !select->filtering && !select->limited && select->nearest == NULL;
}

static bool
fixes_whole_key(const ScyllaSelect *select, const ScyllaTable *table)
{
	ListCell   *lc;

	foreach(lc, select->operators)
	{
		if (lfirst_int(lc) != SCYLLA_EQ && lfirst_int(lc) != SCYLLA_IN)
			return false;
	}
	return list_length(select->operators) == table->npartition + table->nclustering;
}

/* It is the same for all rows. */
static bool
is_known_beforehand(PlannerInfo *root, Node *value)
{
	return bms_is_empty(pull_varnos(root, value)) && !contain_volatile_functions(value) && !contain_subplans(value);
}

/*
 * The columns that are set, and to what. false: to something that is not known
 * beforehand, or they are not the row's own: those that are refused are so by
 * scyllaPlanForeignModify.
 */
static bool
find_assignments(PlannerInfo *root, Index rtindex, Relation rel, const ScyllaTable *table, List **attnums, List **values)
{
	List	   *targets;
	bool		own = false;
	ListCell   *lc;
	ListCell   *nc;

	get_translated_update_targetlist(root, rtindex, &targets, attnums);
	forboth(lc, targets, nc, *attnums)
	{
		const ScyllaTableColumn *column = scyllaUpdatedColumn(rel, table, lfirst_int(nc));
		Node	   *value = (Node *) lfirst_node(TargetEntry, lc)->expr;

		if (column == NULL || column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING ||
			!is_known_beforehand(root, value))
			return false;
		own |= column->kind == SCYLLA_REGULAR;
		*values = lappend(*values, value);
	}
	return own;					/* as IF EXISTS would ask for static columns, where only those are set */
}

static bool
is_direct(PlannerInfo *root, const ModifyTable *plan, Index rtindex, const ScyllaSelect *select, List **set,
		  List **values, bool *counter)
{
	RangeTblEntry *rte = planner_rt_fetch(rtindex, root);
	Relation	rel = table_open(rte->relid, NoLock);
	ScyllaTable *table = scyllaDescribeTarget(rel, scyllaTargetUser(root, rte));
	bool		if_exists = scyllaTableOptions(rte->relid)->if_exists;
	bool		direct = !if_exists || (fixes_whole_key(select, table) && !scyllaHasCounters(table));

	*counter = scyllaHasCounters(table);
	if (direct && plan->operation == CMD_UPDATE)
		direct = if_exists && !rel->rd_rel->relispartition && find_assignments(root, rtindex, rel, table, set, values);
	table_close(rel, NoLock);
	return direct;
}

/* They have to be refused: the executor looks for it where it is given rows. */
static bool
has_transition_tables(PlannerInfo *root, CmdType operation)
{
	Relation	named = table_open(planner_rt_fetch(root->parse->resultRelation, root)->relid, NoLock);
	const TriggerDesc *t = named->trigdesc;
	bool		has = t && (operation == CMD_UPDATE ? t->trig_update_old_table || t->trig_update_new_table :
							t->trig_delete_old_table);

	table_close(named, NoLock);
	return has;
}

bool
scyllaPlanDirectModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index)
{
	ForeignScan *scan = find_scan(plan, rtindex, subplan_index);
	List	   *set = NIL;
	List	   *values = NIL;
	bool		counter;

	if ((plan->operation != CMD_UPDATE && plan->operation != CMD_DELETE) || plan->returningLists != NIL || scan == NULL)
		return false;
	if (has_transition_tables(root, plan->operation))
		return false;
	if (!finds_by_keys(scyllaUnpackSelect(scan->fdw_private)) ||
		!is_direct(root, plan, rtindex, scyllaUnpackSelect(scan->fdw_private), &set, &values, &counter))
		return false;
	scan->operation = plan->operation;
	scan->resultRelation = rtindex;
	scan->fdw_exprs = list_concat(scan->fdw_exprs, values);
	scan->fdw_private = list_make3(scan->fdw_private, set, list_make2_int(plan->canSetTag, counter));
	scan->scan.plan.async_capable = false;
	return true;
}
