/*
 * fdw/modify/modify.c
 *	  UPDATE and DELETE, as the executor calls them, and what it calls for INSERT as
 *	  well.
 *
 * Backend thread. Owns nothing but what modify_state.c does. Invariant: a row is told
 * by the plan's junk columns (row_identity.c) and written by that key: a row whose
 * key has become another one is refused before it is sent.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/modify/insert.h"
#include "fdw/modify/modify.h"
#include "fdw/modify/modify_state.h"
#include "fdw/modify/row_identity.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/write/write_cql.h"

/* ---- begin of an UPDATE or DELETE ---- */

static void
find_junk(ScyllaModify *m, Plan *subplan, List *keys)
{
	ListCell   *lc;

	m->nkeys = list_length(keys);
	m->key = palloc0_array(ScyllaKeyColumn, Max(m->nkeys, 1));
	foreach(lc, keys)
	{
		ScyllaKeyColumn *key = &m->key[foreach_current_index(lc)];

		key->attnum = lfirst_int(lc);
		key->junk = ExecFindJunkAttributeInTlist(subplan->targetlist, scyllaJunkName(m->rel, key->attnum));
	}
	m->whole_row = ExecFindJunkAttributeInTlist(subplan->targetlist, "wholerow");
}

static ScyllaMarker
update_marker(AttrNumber attnum, bool named, bool counter)
{
	ScyllaMarker marker = {.attnum = attnum, .row = SCYLLA_NEW_ROW, .source = attnum, .null = SCYLLA_NULL_DELETES,
		.unless_same = !named, .difference = counter};

	return marker;
}

static void
open_change(ScyllaModify *m, List *targets, List *set)
{
	int			n = 0;
	ScyllaMarker *markers = palloc0_array(ScyllaMarker, list_length(targets) + m->nwritten);
	ListCell   *lc;

	foreach(lc, targets)
		markers[n++] = update_marker(lfirst_int(lc), list_member_int(set, lfirst_int(lc)), m->counter);
	for (int i = 0; i < m->nwritten; i++)
	{
		if (m->key[i].junk <= 0)
			elog(ERROR, "could not find the key of a row of foreign table \"%s\"", RelationGetRelationName(m->rel));
		markers[n++] = (ScyllaMarker) {
			.attnum = m->key[i].attnum, .row = SCYLLA_PLAN_ROW, .source = m->key[i].junk, .null = SCYLLA_NULL_REFUSED
		};
	}
	scyllaModifyOpen(m, markers, n);
}

/* The columns that tell which partition a row belongs to are written. */
static bool
writes_partition_bound(Relation rel, List *targets)
{
	Bitmapset  *bound = NULL;
	ListCell   *lc;

	if (!rel->rd_rel->relispartition)
		return false;
	pull_varattnos((Node *) RelationGetPartitionQual(rel), 1, &bound);
	foreach(lc, targets)
	{
		if (bms_is_member(lfirst_int(lc) - FirstLowInvalidHeapAttributeNumber, bound))
			return true;
	}
	return false;
}

static void
begin_change(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private, bool explain_only)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaModify *m = scyllaModifyMake(mtstate, rri, mtstate->operation);
	List	   *targets = list_nth(fdw_private, SCYLLA_MODIFY_TARGETS);
	List	   *keys = list_nth(fdw_private, SCYLLA_MODIFY_KEYS);
	ScyllaWriteText text = {.operation = m->operation};

	if (!explain_only)
		scyllaModifyConnect(m, rri, estate);
	m->may_leave = writes_partition_bound(m->rel, targets);
	scyllaModifyPseudoColumns(m, &targets);
	text.columns = scyllaModifyNames(m->rel, targets);
	m->counter = text.counter = linitial_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE)) != 0;
	m->npartition = lsecond_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE));
	m->nwritten = lthird_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE));
	text.keys = scyllaModifyNames(m->rel, list_copy_head(keys, m->nwritten));
	m->statics = list_nth(fdw_private, SCYLLA_MODIFY_STATICS);
	m->batch &= !text.counter;
	if (targets != NIL || m->operation == CMD_DELETE)
		m->cql = scyllaModifyText(m, &text);
	find_junk(m, outerPlan(mtstate->ps.plan), keys);
	if (!explain_only)
	{
		scyllaCheckModifyPlan(m->session, m->options, m->rel, m->operation, fdw_private);
		m->old = ExecInitExtraTupleSlot(estate, RelationGetDescr(m->rel), &TTSOpsHeapTuple);
		if (m->cql != NULL)
			open_change(m, targets, list_nth(fdw_private, SCYLLA_MODIFY_SET));
	}
	rri->ri_FdwState = m;
	MemoryContextSwitchTo(old);
}

/* ---- partitions of static columns alone ---- */

/* Such a row has no clustering columns. */
static bool
is_alone(const ScyllaModify *m, TupleTableSlot *plan_slot)
{
	for (int i = m->npartition; i < m->nkeys; i++)
	{
		bool		isnull;

		(void) slot_getattr(plan_slot, m->key[i].junk, &isnull);
		if (!isnull)
			return false;
	}
	return m->statics != NIL && m->npartition < m->nkeys;
}

/* Static columns are deleted by what the row is made of, as rows may have come into the partition since it was read. */
static ScyllaModify *
begin_alone(ScyllaModify *m, EState *estate)
{
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaWriteText text = {.operation = CMD_DELETE};
	ScyllaModify *alone = palloc(sizeof(*alone));
	List	   *keys = NIL;
	ListCell   *lc;

	*alone = *m;
	alone->nwritten = m->npartition;
	for (int i = 0; i < alone->nwritten; i++)
		keys = lappend_int(keys, m->key[i].attnum);
	foreach(lc, m->statics)
		text.columns = lappend(text.columns, strVal(lfirst(lc)));
	text.keys = scyllaModifyNames(m->rel, keys);
	alone->cql = scyllaModifyText(alone, &text);
	open_change(alone, NIL, NIL);
	MemoryContextSwitchTo(old);
	return alone;
}

/* ---- rows ---- */

/* The row as the scan read it, where the plan has it. */
static void
fetch_old_row(ScyllaModify *m, TupleTableSlot *plan_slot)
{
	bool		isnull;
	Datum		row = slot_getattr(plan_slot, m->whole_row, &isnull);

	ExecClearTuple(m->old);
	if (isnull)
		elog(ERROR, "could not find the old row of foreign table \"%s\"", RelationGetRelationName(m->rel));
	m->old_tuple.t_data = DatumGetHeapTupleHeader(row);
	m->old_tuple.t_len = HeapTupleHeaderGetDatumLength(m->old_tuple.t_data);
	ItemPointerSetInvalid(&m->old_tuple.t_self);
	m->old_tuple.t_tableOid = RelationGetRelid(m->rel);
	ExecForceStoreHeapTuple(&m->old_tuple, m->old, false);
}

/* By a trigger, or by an UPDATE of a partitioned table that would have to move a foreign row. */
static void
check_key_unchanged(const ScyllaModify *m, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	for (int i = 0; i < m->nkeys; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(m->rel), m->key[i].attnum - 1);
		bool		isnull;
		bool		old_isnull;
		Datum		value = slot_getattr(slot, m->key[i].attnum, &isnull);
		Datum		old_value = slot_getattr(plan_slot, m->key[i].junk, &old_isnull);

		if (isnull != old_isnull || (!isnull && !datum_image_eq(value, old_value, att->attbyval, att->attlen)))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot update column \"%s\" of foreign table \"%s\"",
							NameStr(att->attname), RelationGetRelationName(m->rel)),
					 errdetail("It is part of the primary key: delete the row and insert another one.")));
	}
}

TupleTableSlot *
scyllaExecForeignUpdate(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = rri->ri_FdwState;
	TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {slot, plan_slot, m->old};

	check_key_unchanged(m, slot, plan_slot);
	scyllaModifyCheck(m, rri, CMD_UPDATE, slot);
	if (m->write == NULL)
		return scyllaModifyReturn(m, rri, slot);	/* it sets nothing that is written */
	if (m->whole_row > 0)
		fetch_old_row(m, plan_slot);
	return scyllaModifyRow(m, rows) ? scyllaModifyReturn(m, rri, slot) : NULL;
}

TupleTableSlot *
scyllaExecForeignDelete(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = rri->ri_FdwState;
	TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {NULL, plan_slot, NULL};
	bool		alone = is_alone(m, plan_slot);

	scyllaModifyCheck(m, rri, CMD_DELETE, NULL);
	if (alone && m->alone == NULL)
		m->alone = begin_alone(m, estate);
	if (!scyllaModifyRow(alone ? m->alone : m, rows))
		return NULL;
	if (m->whole_row > 0)
	{
		fetch_old_row(m, plan_slot);
		ExecCopySlot(slot, m->old); /* for RETURNING */
	}
	return scyllaModifyReturn(m, rri, slot);
}

/* ---- begin and end, as the executor calls them ---- */

int
scyllaIsForeignRelUpdatable(Relation rel)
{
	return scyllaIsUpdatable(RelationGetRelid(rel)) ?
		1 << CMD_INSERT | 1 << CMD_UPDATE | 1 << CMD_DELETE : 0;
}

void
scyllaBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
						 int subplan_index, int eflags)
{
	bool		explain_only = (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0;

	if (fdw_private == NIL)
		scyllaBeginInsert(mtstate, rri, explain_only);
	else
		begin_change(mtstate, rri, fdw_private, explain_only);
}

void
scyllaEndForeignModify(EState *estate, ResultRelInfo *rri)
{
	scyllaModifyEnd(rri->ri_FdwState);
}

void
scyllaExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
						   int subplan_index, struct ExplainState *es)
{
	ScyllaModify *m = rri->ri_FdwState;

	if (es->verbose && m->cql != NULL)
	{
		ExplainPropertyText("CQL", scyllaTellUtf8(m->cql), es);
		ExplainPropertyText("Consistency", cql_consistency_name(m->options->write_consistency), es);
		if (m->ttl_of != InvalidAttrNumber)
			ExplainPropertyText("TTL", get_attname(RelationGetRelid(m->rel), m->ttl_of, false), es);
		else if (m->options->ttl >= 0 && m->operation != CMD_DELETE && !m->counter)
			ExplainPropertyInteger("TTL", "s", m->options->ttl, es);
		if (m->timestamp_of != InvalidAttrNumber)
			ExplainPropertyText("Timestamp", get_attname(RelationGetRelid(m->rel), m->timestamp_of, false), es);
		else if (m->options->write_timestamp != 0)
			ExplainPropertyInteger("Timestamp", NULL, m->options->write_timestamp, es);
		if (m->conditional)
			ExplainPropertyText("Serial Consistency", cql_consistency_name(m->options->serial_consistency), es);
	}
	if (es->analyze && m->write != NULL)
		scyllaExplainWrite(m->write, m->alone != NULL ? m->alone->write : NULL, es);
}
