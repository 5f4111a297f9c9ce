/*
 * fdw/modify/insert.c
 *	  INSERT and COPY, as the executor calls them.
 *
 * Backend thread. Owns nothing but what modify_state.c does. Invariants: a text
 * without the whole primary key is refused before any row; rows that an UPDATE moves
 * here have a write of their own. Rows come by a plan, by COPY, or because a
 * partitioned table routes or moves them here: target.c says which of their columns
 * are written.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/rel.h"

#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/modify/conflict.h"
#include "fdw/modify/insert.h"
#include "fdw/modify/modify_state.h"
#include "fdw/modify/target.h"
#include "fdw/option/names.h"
#include "fdw/option/setting.h"
#include "fdw/read/system_columns.h"
#include "fdw/write/row_time.h"
#include "fdw/write/write_cql.h"

/* ---- begin ---- */

static void
check_key(const ScyllaModify *m, const ScyllaTable *table, List *names)
{
	const ScyllaTableColumn *missing = scyllaMissingKey(table, names);

	if (missing == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("INSERT into foreign table \"%s\" does not set key column \"%s\"",
					RelationGetRelationName(m->rel), scyllaTellUtf8(missing->name)),
			 errdetail("It is %s of table \"%s.%s\".",
					   missing->kind == SCYLLA_CLUSTERING ? "a clustering column" : "part of the partition key",
					   m->options->keyspace, m->options->table)));
}

static ScyllaMarker
insert_marker(const ScyllaModify *m, const ScyllaTable *table, AttrNumber attnum, const char *name)
{
	ScyllaTableColumn *column = scyllaTableColumn(table, name);
	ScyllaMarker marker = {.attnum = attnum, .row = SCYLLA_NEW_ROW, .source = attnum};

	if (column == NULL)
		scyllaNoSuchColumn(table, RelationGetRelid(m->rel), attnum);
	if (column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING)
		marker.null = SCYLLA_NULL_REFUSED;
	else
		marker.null = m->options->insert_null && !list_member_int(m->target.unnamed, attnum) ?
			SCYLLA_NULL_DELETES : SCYLLA_NULL_UNSET;
	return marker;
}

/* CQL has no INSERT for counters: what is inserted is added to them. */
static void
open_counter_insert(ScyllaModify *m, const ScyllaMarker *markers, List *names)
{
	ScyllaWriteText text = {.operation = CMD_UPDATE, .counter = true};
	ScyllaMarker *sorted = palloc0_array(ScyllaMarker, list_length(names));
	int			n = 0;

	if (m->conditional)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ON CONFLICT is not possible with counters"),
				 errdetail("Foreign table \"%s\" is one of counters.", RelationGetRelationName(m->rel))));
	for (int keys = 0; keys < 2; keys++)
	{
		for (int i = 0; i < list_length(names); i++)
		{
			if ((markers[i].null == SCYLLA_NULL_REFUSED) != keys)
				continue;
			sorted[n] = markers[i];
			if (keys)
				text.keys = lappend(text.keys, list_nth(names, i));
			else
			{
				text.columns = lappend(text.columns, list_nth(names, i));
				sorted[n].null = SCYLLA_NULL_UNSET;
			}
			n++;
		}
	}
	if (text.columns == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("INSERT into foreign table \"%s\" adds to no counter", RelationGetRelationName(m->rel))));
	if (m->ttl_of != InvalidAttrNumber || m->timestamp_of != InvalidAttrNumber)
		scyllaRefuseCounterTimes(m->rel);
	m->keep = m->batch = false;
	m->counter = true;
	m->cql = scyllaModifyText(m, &text);
	scyllaModifyOpen(m, sorted, n);
}

static void
open_insert(ScyllaModify *m, List *attnums, List *names)
{
	ScyllaTable *table = scyllaDescribeColumns(m->session, m->options, names, true);
	int			n = list_length(attnums);
	ScyllaMarker *markers = palloc0_array(ScyllaMarker, Max(n, 1));

	for (int i = 0; i < n; i++)
		markers[i] = insert_marker(m, table, list_nth_int(attnums, i), list_nth(names, i));
	check_key(m, table, names);
	if (scyllaHasCounters(table))
		open_counter_insert(m, markers, names);
	else
		scyllaModifyOpen(m, markers, n);
}

static void
begin_new_insert(ScyllaModify *m, List *attnums)
{
	List	   *names = scyllaModifyNames(m->rel, attnums);
	ScyllaWriteText text = {.operation = CMD_INSERT, .columns = names};

	m->cql = scyllaModifyText(m, &text);
	if (m->session != NULL)
		open_insert(m, attnums, names);
}

static ScyllaModify *
begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri, bool moved, bool explain_only)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaModify *m = scyllaModifyMake(mtstate, rri, CMD_INSERT);
	List	   *attnums;

	if (moved)
		m->moved = m;
	m->target = scyllaTargetColumns(mtstate, rri, moved);
	attnums = m->target.attnums;
	scyllaModifyPseudoColumns(m, &attnums);
	m->keep = scylla_flush_at_transaction && !m->conditional && !m->synchronous && estate->es_instrument == 0;
	if (!explain_only)
	{
		scyllaModifyConnect(m, rri, estate);
		m->keep &= !m->strong;
		if (m->keep)
			m->write = scyllaFindKeptWrite(m->session, m->rel, &m->target);
	}
	if (m->write == NULL)
		begin_new_insert(m, attnums);
	if (!explain_only && !moved)
		scyllaPrepareBatches(m, rri);
	MemoryContextSwitchTo(old);
	return m;
}

void
scyllaBeginInsert(ModifyTableState *mtstate, ResultRelInfo *rri, bool explain_only)
{
	rri->ri_FdwState = begin_insert(mtstate, rri, false, explain_only);
}

/* ---- rows ---- */

/* UPDATE, or MERGE by an action that updates, has found the row in another partition. */
static bool
is_moved(const ModifyTableState *mtstate, TupleTableSlot *plan_slot)
{
	AttrNumber	row_id;

	if (mtstate->operation != CMD_MERGE)
		return mtstate->operation == CMD_UPDATE;
	row_id = mtstate->resultRelInfo[0].ri_RowIdAttNo;
	return AttributeNumberIsValid(row_id) && !slot_attisnull(plan_slot, row_id);
}

/* What writes this row: one foreign table may be updated by a statement, inserted into, and rows moved to it. */
static ScyllaModify *
insert_of(ResultRelInfo *rri, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = rri->ri_FdwState;

	if (!is_moved(m->mtstate, plan_slot))
		return m;
	if (m->moved == NULL)
		m->moved = begin_insert(m->mtstate, rri, true, false);
	return m->moved;
}

TupleTableSlot *
scyllaExecForeignInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = insert_of(rri, plan_slot);
	TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {slot, plan_slot, NULL};

	scyllaModifyCheck(m, rri, m->moved == m ? CMD_UPDATE : CMD_INSERT, slot);
	return scyllaModifyRow(m, rows) ? scyllaModifyReturn(m, rri, slot) : NULL;
}

/* ---- begin and end of what no plan names ---- */

/* What an UPDATE changes here has begun already: rows that it moves here have their write when the first one comes. */
void
scyllaBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	/* of the partitioned table; when it was planned, nobody asked this one */
	if (scyllaAsksForCtid((Node *) rri->ri_returningList, mtstate->resultRelInfo->ri_RangeTableIndex))
		scyllaRefuseCtid(RelationGetRelid(rri->ri_RelationDesc));
	if (rri->ri_FdwState == NULL)
		rri->ri_FdwState = begin_insert(mtstate, rri, mtstate->operation == CMD_UPDATE, false);
}

void
scyllaEndForeignInsert(EState *estate, ResultRelInfo *rri)
{
	scyllaModifyEnd(rri->ri_FdwState);
}
