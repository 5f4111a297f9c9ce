/*
 * fdw/write/modify.c
 *	  INSERT, COPY, UPDATE and DELETE, as the executor calls them.
 *
 * Backend thread. Owns one ScyllaModify per foreign table and statement, in the
 * executor's query context, and its write (writer.c).
 *
 * Where a row's own fate matters at once (RETURNING, AFTER ROW triggers, WITH CHECK
 * OPTION, a condition whose answer is counted) it is waited for; otherwise nothing
 * is reported before every row was acknowledged.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/session/deparse.h"
#include "fdw/session/epoch.h"
#include "fdw/session/setting.h"
#include "fdw/session/table.h"
#include "fdw/write/identity.h"
#include "fdw/write/modify.h"
#include "fdw/write/rowtime.h"
#include "fdw/write/target.h"
#include "fdw/write/text.h"
#include "fdw/write/writer.h"

/* A column that tells the row. */
typedef struct KeyColumn
{
	AttrNumber	attnum;
	AttrNumber	junk;			/* in the plan's row; 0: not there, EXPLAIN only */
} KeyColumn;

typedef struct ScyllaModify
{
	CmdType		operation;
	Relation	rel;
	EState	   *estate;
	uint64		epoch;			/* when options and types were looked up */
	ScyllaTableOptions *options;
	char	   *cql;			/* UTF-8 */
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaWrite *write;			/* NULL: that, or nothing is written */
	bool		conditional;
	bool		synchronous;	/* each row's fate is awaited */
	bool		counter;		/* it adds to counters */
	bool		batch;			/* rows of one partition go together */
	bool		keep;			/* the write is not ended with the statement */
	List	   *attnums;		/* INSERT: int, what it sets */
	AttrNumber	ttl_of;			/* the new row's attributes that have its TTL and timestamp; 0: none */
	AttrNumber	timestamp_of;
	KeyColumn  *key;			/* UPDATE and DELETE */
	int			nkeys;			/* of the whole primary key */
	int			nwritten;		/* of them, those that are in the text: static columns belong to a partition */
	AttrNumber	whole_row;		/* junk: the old row; 0: none */
	TupleTableSlot *old;		/* holds it */
	HeapTupleData old_tuple;
	bool		may_leave;		/* UPDATE: rows may come to belong to other partitions, which they cannot be moved to */
	int			npartition;		/* of the keys, those of the partition key */
	List	   *statics;		/* DELETE: String, static columns */
	struct ScyllaModify *insert;	/* of an UPDATE: for rows that it moves here from other partitions; NULL: none yet */
	struct ScyllaModify *alone; /* of a DELETE: for partitions that have nothing but static columns; NULL: none yet */
} ScyllaModify;

/* ---- begin ---- */

static bool
has_after_trigger(const ResultRelInfo *rri, CmdType operation)
{
	const TriggerDesc *t = rri->ri_TrigDesc;

	if (t == NULL)
		return false;
	return operation == CMD_INSERT ? t->trig_insert_after_row : operation == CMD_UPDATE ? t->trig_update_after_row :
		t->trig_delete_after_row;
}

static ScyllaModify *
make_modify(ModifyTableState *mtstate, ResultRelInfo *rri, CmdType operation)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	ScyllaModify *m = palloc0(sizeof(*m));

	m->operation = operation;
	m->rel = rri->ri_RelationDesc;
	m->estate = mtstate->ps.state;
	m->epoch = scyllaEpoch();
	m->options = scyllaTableOptions(RelationGetRelid(m->rel));
	m->conditional = operation == CMD_INSERT ? plan && plan->onConflictAction == ONCONFLICT_NOTHING :
		m->options->if_exists;
	m->synchronous = (plan && (plan->returningLists != NIL || plan->withCheckOptionLists != NIL)) ||
		has_after_trigger(rri, operation);
	m->batch = m->options->batch && !m->conditional && !m->synchronous;
	return m;
}

/* Those by which a row tells how it is written. */
static void
take_pseudo_columns(ScyllaModify *m, List **attnums)
{
	m->ttl_of = scyllaTakePseudoColumn(m->rel, SCYLLA_WRITE_TTL, attnums);
	m->timestamp_of = scyllaTakePseudoColumn(m->rel, SCYLLA_WRITE_TIMESTAMP, attnums);
}

static List *
column_names(Relation rel, List *attnums)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
		names = lappend(names, scyllaToUtf8(scyllaColumnName(RelationGetRelid(rel), lfirst_int(lc))));
	return names;
}

static void
connect_modify(ScyllaModify *m, ResultRelInfo *rri, EState *estate)
{
	m->session = scyllaGetSession(scyllaResultUser(rri, estate), m->options->serverid);
	scyllaFence(m->session);
}

/*
 * What stands behind USING: the row's TTL, and the timestamps of rows that go
 * together, each of which has its own as if it went alone.
 */
static int
using_markers(const ScyllaModify *m, ScyllaMarker *markers)
{
	int			n = 0;

	if (m->ttl_of != InvalidAttrNumber)
		markers[n++] = (ScyllaMarker)
		{
			.attnum = m->ttl_of,.row = SCYLLA_NEW_ROW,.source = m->ttl_of,.ttl = true
		};
	if (m->batch)
		markers[n++] = (ScyllaMarker)
		{
			.attnum = InvalidAttrNumber
		};
	return n;
}

/* All of them, in the order of the text. */
static int
all_markers(const ScyllaModify *m, const ScyllaMarker *markers, int n, ScyllaMarker *all)
{
	bool		last = m->operation == CMD_INSERT && !m->counter;
	int			using = last ? 0 : using_markers(m, all);

	memcpy(all + using, markers, sizeof(ScyllaMarker) * n);
	return using + n + (last ? using_markers(m, all + n) : 0);
}

static void
open_write(ScyllaModify *m, const ScyllaMarker *markers, int nmarkers)
{
	ScyllaMarker *all = palloc0_array(ScyllaMarker, nmarkers + 2);
	ScyllaTimedWrite timed = {m->conditional, m->counter, m->operation == CMD_DELETE};
	ScyllaWriteConfig config = {.rel = m->rel,.options = m->options,.cql = m->cql,.marker = all,
	.epoch = m->epoch,.keep = m->keep,.attnums = m->attnums,.conditional = m->conditional,.counter = m->counter,
	.timestamp_of = m->timestamp_of,.batch = m->batch,.statement = m->estate};

	config.nmarkers = all_markers(m, markers, nmarkers, all);
	scyllaCheckTimes(m->rel, m->options, &timed);
	m->write = scyllaOpenWrite(m->session, &config);
}

/* ---- begin of an INSERT ---- */

static void
check_key(const ScyllaModify *m, const ScyllaTable *table, List *names)
{
	const ScyllaTableColumn *missing = scyllaMissingKey(table, names);

	if (missing == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("INSERT into foreign table \"%s\" does not set key column \"%s\"",
					RelationGetRelationName(m->rel), scyllaFromUtf8(missing->name)),
			 errdetail("It is %s of table \"%s.%s\".",
					   missing->kind == SCYLLA_CLUSTERING ? "a clustering column" : "part of the partition key",
					   m->options->keyspace, m->options->table)));
}

static ScyllaMarker
insert_marker(const ScyllaModify *m, const ScyllaTable *table, AttrNumber attnum, const char *name)
{
	ScyllaTableColumn *column = scyllaTableColumn(table, name);
	ScyllaMarker marker = {.attnum = attnum,.row = SCYLLA_NEW_ROW,.source = attnum};

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
				 errmsg("column \"%s\" of foreign table \"%s\" does not exist in table \"%s.%s\"",
						NameStr(TupleDescAttr(RelationGetDescr(m->rel), attnum - 1)->attname),
						RelationGetRelationName(m->rel), m->options->keyspace, m->options->table),
				 errhint("The option column_name of the column names another one.")));
	if (column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING)
		marker.null = SCYLLA_NULL_REFUSED;
	else
		marker.null = m->options->insert_null ? SCYLLA_NULL_DELETES : SCYLLA_NULL_UNSET;
	return marker;
}

/* CQL has no INSERT for counters: what is inserted is added to them. */
static void
open_counter_insert(ScyllaModify *m, const ScyllaMarker *markers, List *names)
{
	ScyllaWriteText text = {.operation = CMD_UPDATE,.counter = true};
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
	m->cql = scyllaDeparseWrite(m->options, &text);
	m->keep = m->batch = false;
	m->counter = true;
	open_write(m, sorted, n);
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
		open_write(m, markers, n);
}

static void
begin_new_insert(ScyllaModify *m, List *attnums)
{
	List	   *names = column_names(m->rel, attnums);
	ScyllaWriteText text = {.operation = CMD_INSERT,.columns = names,.conditional = m->conditional,
	.ttl = m->ttl_of != InvalidAttrNumber,.timestamp = m->batch};

	m->cql = scyllaDeparseWrite(m->options, &text);
	if (m->session != NULL)
		open_insert(m, attnums, names);
}

static void
begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri, bool explain_only)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaModify *m = make_modify(mtstate, rri, CMD_INSERT);
	List	   *attnums = scyllaTargetColumns(mtstate, rri);

	m->attnums = attnums;
	take_pseudo_columns(m, &attnums);
	m->keep = scylla_flush_at_transaction && !m->conditional && !m->synchronous && estate->es_instrument == 0;
	if (!explain_only)
	{
		connect_modify(m, rri, estate);
		if (m->keep)
			m->write = scyllaFindKeptWrite(m->session, m->rel, m->attnums);
	}
	if (m->write == NULL)
		begin_new_insert(m, attnums);
	if (rri->ri_FdwState != NULL)
		((ScyllaModify *) rri->ri_FdwState)->insert = m;
	else
		rri->ri_FdwState = m;
	MemoryContextSwitchTo(old);
}

/* ---- begin of an UPDATE or DELETE ---- */

static void
find_junk(ScyllaModify *m, Plan *subplan, List *keys)
{
	ListCell   *lc;

	m->nkeys = list_length(keys);
	m->key = palloc0_array(KeyColumn, Max(m->nkeys, 1));
	foreach(lc, keys)
	{
		KeyColumn  *key = &m->key[foreach_current_index(lc)];

		key->attnum = lfirst_int(lc);
		key->junk = ExecFindJunkAttributeInTlist(subplan->targetlist, scyllaJunkName(m->rel, key->attnum));
	}
	m->whole_row = ExecFindJunkAttributeInTlist(subplan->targetlist, "wholerow");
}

static ScyllaMarker
update_marker(AttrNumber attnum, bool named, bool counter)
{
	ScyllaMarker marker = {.attnum = attnum,.row = SCYLLA_NEW_ROW,.source = attnum,.null = SCYLLA_NULL_DELETES,
	.unless_same = !named,.difference = counter};

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
		markers[n++] = (ScyllaMarker)
		{
			.attnum = m->key[i].attnum,.row = SCYLLA_PLAN_ROW,.source = m->key[i].junk,.null = SCYLLA_NULL_REFUSED
		};
	}
	open_write(m, markers, n);
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
	ScyllaModify *m = make_modify(mtstate, rri, mtstate->operation);
	List	   *targets = list_nth(fdw_private, SCYLLA_MODIFY_TARGETS);
	List	   *keys = list_nth(fdw_private, SCYLLA_MODIFY_KEYS);
	ScyllaWriteText text = {.operation = m->operation,.conditional = m->conditional};

	m->may_leave = writes_partition_bound(m->rel, targets);
	take_pseudo_columns(m, &targets);
	text.columns = column_names(m->rel, targets);
	m->counter = text.counter = linitial_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE)) != 0;
	m->npartition = lsecond_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE));
	m->nwritten = lthird_int(list_nth(fdw_private, SCYLLA_MODIFY_TABLE));
	text.keys = column_names(m->rel, list_copy_head(keys, m->nwritten));
	m->statics = list_nth(fdw_private, SCYLLA_MODIFY_STATICS);
	text.ttl = m->ttl_of != InvalidAttrNumber;
	text.timestamp = m->batch &= !text.counter;
	if (targets != NIL || m->operation == CMD_DELETE)
		m->cql = scyllaDeparseWrite(m->options, &text);
	find_junk(m, outerPlan(mtstate->ps.plan), keys);
	if (!explain_only)
	{
		connect_modify(m, rri, estate);
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

/* They are deleted by what the row is made of, as rows may have come into the partition since it was read. */
static ScyllaModify *
begin_alone(ScyllaModify *m, EState *estate)
{
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaWriteText text = {.operation = CMD_DELETE,.conditional = m->conditional,.timestamp = m->batch};
	ScyllaModify *alone = palloc(sizeof(*alone));
	List	   *keys = NIL;
	ListCell   *lc;

	*alone = *m;
	alone->nwritten = m->npartition;
	for (int i = 0; i < alone->nwritten; i++)
		keys = lappend_int(keys, m->key[i].attnum);
	foreach(lc, m->statics)
		text.columns = lappend(text.columns, strVal(lfirst(lc)));
	text.keys = column_names(m->rel, keys);
	alone->cql = scyllaDeparseWrite(m->options, &text);
	open_change(alone, NIL, NIL);
	MemoryContextSwitchTo(old);
	return alone;
}

/* ---- rows ---- */

/* false: there was a condition that it did not meet. */
static bool
write_row(ScyllaModify *m, TupleTableSlot *const rows[SCYLLA_ROW_KINDS])
{
	if (m->conditional)
		scyllaExpectFates(m->write);
	scyllaWriteRow(m->write, rows);
	if (m->synchronous || m->conditional)
		scyllaDrainWrite(m->write);
	return !m->conditional || scyllaRowApplied(m->write, 0);
}

static ScyllaModify *
insert_of(ResultRelInfo *rri)
{
	ScyllaModify *m = rri->ri_FdwState;

	return m != NULL && m->operation != CMD_INSERT ? m->insert : m;
}

TupleTableSlot *
scyllaExecForeignInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = insert_of(rri);
	TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {slot, plan_slot, NULL};

	/* the executor checks what was inserted; a row that must not be there cannot be taken back */
	if (rri->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(WCO_VIEW_CHECK, rri, slot, estate);
	return write_row(m, rows) ? slot : NULL;
}

/* Conditional rows alone come this way: those that were applied are counted. */
TupleTableSlot **
scyllaExecForeignBatchInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot **slots,
							 TupleTableSlot **plan_slots, int *nslots)
{
	ScyllaModify *m = insert_of(rri);
	int			applied = 0;

	scyllaExpectFates(m->write);
	for (int i = 0; i < *nslots; i++)
	{
		TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {slots[i], plan_slots[i], NULL};

		scyllaWriteRow(m->write, rows);
	}
	scyllaDrainWrite(m->write);
	for (int i = 0; i < *nslots; i++)
		applied += scyllaRowApplied(m->write, i);
	*nslots = applied;
	return slots;
}

int
scyllaGetForeignModifyBatchSize(ResultRelInfo *rri)
{
	ScyllaModify *m = insert_of(rri);

	return m != NULL && m->conditional && !m->synchronous ? SCYLLA_FATES : 1;
}

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
	if (m->may_leave)
		(void) ExecPartitionCheck(rri, slot, estate, true);
	if (m->write == NULL)
		return slot;			/* it sets nothing that is written */
	if (m->whole_row > 0)
		fetch_old_row(m, plan_slot);
	if (rri->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(WCO_VIEW_CHECK, rri, slot, estate);
	return write_row(m, rows) ? slot : NULL;
}

TupleTableSlot *
scyllaExecForeignDelete(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = rri->ri_FdwState;
	TupleTableSlot *rows[SCYLLA_ROW_KINDS] = {NULL, plan_slot, NULL};
	bool		alone = is_alone(m, plan_slot);

	if (alone && m->alone == NULL)
		m->alone = begin_alone(m, estate);
	if (!write_row(alone ? m->alone : m, rows))
		return NULL;
	if (m->whole_row > 0)
	{
		fetch_old_row(m, plan_slot);
		ExecCopySlot(slot, m->old);	/* for RETURNING */
	}
	return slot;
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
		begin_insert(mtstate, rri, explain_only);
	else
		begin_change(mtstate, rri, fdw_private, explain_only);
}

void
scyllaBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	begin_insert(mtstate, rri, false);
}

static void
end(ScyllaModify *m)
{
	if (m != NULL && m->insert != NULL)
		end(m->insert);
	if (m != NULL && m->alone != NULL)
		end(m->alone);
	if (m == NULL || m->write == NULL)
		return;
	if (m->keep)
		scyllaKeepWrite(m->write);
	else
		scyllaCloseWrite(m->write);
	m->write = NULL;
}

void
scyllaEndForeignModify(EState *estate, ResultRelInfo *rri)
{
	end(rri->ri_FdwState);
}

void
scyllaEndForeignInsert(EState *estate, ResultRelInfo *rri)
{
	end(rri->ri_FdwState);
}

void
scyllaExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
						   int subplan_index, struct ExplainState *es)
{
	ScyllaModify *m = rri->ri_FdwState;

	if (es->verbose && m->cql != NULL)
	{
		ExplainPropertyText("CQL", scyllaFromUtf8(m->cql), es);
		ExplainPropertyText("Consistency", cql_consistency_name(m->options->write_consistency), es);
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
