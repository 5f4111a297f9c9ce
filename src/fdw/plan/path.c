/*
 * fdw/plan/path.c
 *	  From a way of reading to a SELECT.
 *
 * Backend thread. Owns nothing beyond the planner's contexts. Invariant: the first
 * npartition conditions of an access are on columns of the partition key, so the key
 * is what a request binds first.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/plan/path.h"
#include "fdw/read/system_columns.h"

bool
scyllaReadsUnasked(const ScyllaPath *path)
{
	const ScyllaAccess *access = path->access;

	return path->relation->chosen && access->npartition == 0 && path->nearest == NULL &&
		(access->pushed == NIL || (access->filtering && !access->indexed));
}

bool
scyllaReadsByRanges(const ScyllaPath *path, bool without_unsure)
{
	ListCell   *lc;

	if (path->access->npartition > 0 || path->order != NIL)
		return false;
	foreach(lc, path->access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);
		bool		left_out = condition->longest > 0 && without_unsure;

		if (condition->column->index != SCYLLA_NO_INDEX ? !left_out : condition->column->kind == SCYLLA_PARTITION_KEY)
			return false;
	}
	return true;
}

static char *
join_reasons(List *reasons)
{
	StringInfoData text;
	ListCell   *lc;

	if (reasons == NIL)
		return NULL;
	initStringInfo(&text);
	foreach(lc, reasons)
		appendStringInfo(&text, "%s%s", lc == list_head(reasons) ? "" : "; ", (char *) lfirst(lc));
	return text.data;
}

/* As ScyllaSelect has them. */
static List *
list_series(List *pushed)
{
	List	   *series = NIL;

	for (int lower = 0; lower < list_length(pushed); lower++)
	{
		const ScyllaCondition *condition = list_nth(pushed, lower);

		for (int upper = lower + 1; upper < list_length(pushed) && condition->series > 0; upper++)
		{
			if (((ScyllaCondition *) list_nth(pushed, upper))->series == condition->series)
				series = list_concat(series, list_make3_int(lower, upper, condition->known ? condition->values : 0));
		}
	}
	return series;
}

ScyllaSelect *
scyllaBuildSelect(const ScyllaPath *path, List **exprs)
{
	ScyllaSelect *select = palloc0(sizeof(*select));
	const ScyllaAccess *access = path->access;
	ListCell   *lc;

	Assert(access->npartition <= list_length(access->pushed));
	select->relid = path->relation->relid;
	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		Assert(foreach_current_index(lc) >= access->npartition || condition->column->kind == SCYLLA_PARTITION_KEY);
		select->columns = lappend(select->columns, makeString(pstrdup(condition->column->name)));
		select->operators = lappend_int(select->operators, (int) condition->op);
		select->attnums = lappend_int(select->attnums, condition->attnum);
		select->longest = lappend_int(select->longest, condition->longest);
		select->indexed = lappend_int(select->indexed, condition->column->index != SCYLLA_NO_INDEX);
		select->groups = lappend_int(select->groups, condition->group);
		*exprs = lappend(*exprs, condition->value);
	}
	select->series = list_series(access->pushed);
	select->npartition = access->npartition;
	select->filtering = access->filtering;
	select->by_ranges = scyllaReadsByRanges(path, true);
	select->unasked = scyllaReadsUnasked(path);
	select->pages = path->relation->pages;
	select->row_bytes = path->relation->row_bytes;
	select->rows = path->relation->rows;
	select->order = path->order;
	select->distinct = path->distinct;
	select->per_partition = path->per_partition;
	select->nearest = path->nearest;
	select->nearest_at_one = path->nearest_at_one;
	select->local = join_reasons(list_concat_copy(access->reasons, path->relation->above));
	return select;
}

static bool
is_of_rows(const ScyllaTableColumn *column)
{
	return column != NULL && (column->kind == SCYLLA_CLUSTERING || column->kind == SCYLLA_REGULAR);
}

void
scyllaSelectOfRows(ScyllaSelect *select, const ScyllaRelation *info, const ScyllaAccess *access)
{
	const ScyllaCondition *restricted = NULL;
	ListCell   *lc;

	if (access->pushed == NIL)
		return;
	foreach(lc, select->targets)
	{
		if (lfirst_int(lc) > 0 && is_of_rows(scyllaColumnOf(info, lfirst_int(lc))))
			return;
	}
	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->column->kind == SCYLLA_CLUSTERING)
			restricted = condition;
	}
	if (restricted == NULL)
		return;
	select->items = lappend(select->items, makeString(scyllaColumnCql(select->relid, restricted->attnum)));
	select->targets = lappend_int(select->targets, 0);
}

void
scyllaSelectColumns(ScyllaSelect *select, ScyllaRelation *info, Index varno, List *exprs)
{
	Relation	relation = table_open(select->relid, NoLock);
	Bitmapset  *used = NULL;
	bool		whole;

	pull_varattnos((Node *) exprs, varno, &used);
	whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
	select->heap_tuples = scyllaNeedsHeapTuple(used);
	for (AttrNumber attnum = 1; attnum <= RelationGetNumberOfAttributes(relation); attnum++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), attnum - 1);

		if (att->attisdropped || scyllaIsVirtual(att) || scyllaIsWriteOnly(select->relid, attnum))
			continue;
		if (!whole && !bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used))
			continue;
		select->items = lappend(select->items, makeString(scyllaColumnCql(select->relid, attnum)));
		select->targets = lappend_int(select->targets, attnum);
	}
	table_close(relation, NoLock);
	if (select->items == NIL)	/* rows are wanted, but nothing of them */
	{
		StringInfoData key;

		scyllaDescribeRelation(info);
		initStringInfo(&key);
		scyllaAppendIdentifier(&key, scyllaPartitionColumn(info->table, 0)->name);
		select->items = list_make1(makeString(key.data));
		select->targets = list_make1_int(0);
	}
}
