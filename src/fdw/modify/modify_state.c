/*
 * fdw/modify/modify_state.c
 *	  What INSERT, UPDATE and DELETE do alike: options, connection, markers, a row's
 *	  way to its write, the end.
 *
 * Backend thread. Owns ScyllaModify. Invariants: a write is opened behind the fence
 * (scyllaFence); a row is checked before it is sent. Where a row's own fate matters
 * at once (RETURNING, AFTER ROW triggers, WITH CHECK OPTION, a condition whose answer
 * is counted) it is waited for; otherwise nothing is reported before every row was
 * acknowledged.
 *
 * What is sent cannot be taken back. So what the executor would check, or refuse,
 * after a row was written is checked before the row is sent (scyllaModifyCheck):
 * WITH CHECK OPTION, and transition tables of a partitioned table's triggers. So is
 * what the executor checks for its own tables alone: policies of the partitioned
 * table, a partition's bound.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/rel.h"

#include "fdw/catalog/ring.h"
#include "fdw/catalog/strong.h"
#include "fdw/compat.h"
#include "fdw/load/reject.h"
#include "fdw/modify/modify_state.h"
#include "fdw/option/epoch.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/read/system_columns.h"
#include "fdw/session/wait.h"
#include "fdw/write/row_time.h"

#define MANY_ROWS 100			/* below, answers tell soon enough where rows belong */

static bool
has_after_trigger(const ResultRelInfo *rri, CmdType operation)
{
	const TriggerDesc *t = rri->ri_TrigDesc;

	if (t == NULL)
		return false;
	return operation == CMD_INSERT ? t->trig_insert_after_row : operation == CMD_UPDATE ? t->trig_update_after_row :
		t->trig_delete_after_row;
}

ScyllaModify *
scyllaModifyMake(ModifyTableState *mtstate, ResultRelInfo *rri, CmdType operation)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	ScyllaModify *m = palloc0(sizeof(*m));

	m->operation = operation;
	m->mtstate = mtstate;
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

void
scyllaModifyPseudoColumns(ScyllaModify *m, List **attnums)
{
	m->ttl_of = scyllaTakePseudoColumn(m->rel, SCYLLA_WRITE_TTL, attnums);
	m->timestamp_of = scyllaTakePseudoColumn(m->rel, SCYLLA_WRITE_TIMESTAMP, attnums);
}

List *
scyllaModifyNames(Relation rel, List *attnums)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
		names = lappend(names, scyllaToUtf8(scyllaColumnName(RelationGetRelid(rel), lfirst_int(lc))));
	return names;
}

/* COPY has no plan. */
static bool
writes_many(const ModifyTableState *mtstate)
{
	return mtstate->ps.plan == NULL || outerPlan(mtstate->ps.plan)->plan_rows >= MANY_ROWS;
}

void
scyllaModifyConnect(ScyllaModify *m, ResultRelInfo *rri, EState *estate)
{
	m->session = scyllaGetSession(scyllaResultUser(rri, estate), m->options->serverid);
	scyllaFence(m->session, m->operation == CMD_INSERT && !m->conditional ? PIPELINE_ORDERED : PIPELINE_TIMED);
	if (writes_many(m->mtstate))
		scyllaWarmTablets(m->session, m->options);
	m->strong = scyllaIsStrong(m->session, m->options);
	m->batch &= !m->strong;
}

/* Not set, by a row that has none, it is the table's own. */
static bool
has_ttl(const ScyllaModify *m)
{
	return m->ttl_of != InvalidAttrNumber || (m->options->ttl >= 0 && m->operation != CMD_DELETE);
}

char *
scyllaModifyText(const ScyllaModify *m, ScyllaWriteText *text)
{
	text->conditional = m->conditional;
	text->ttl = has_ttl(m) && !text->counter;
	text->timestamp = m->batch;
	return scyllaDeparseWrite(m->options, text);
}

/*
 * What stands behind USING: the row's TTL, and the timestamps of rows that go
 * together, each of which has its own as if it went alone.
 */
static int
using_markers(const ScyllaModify *m, ScyllaMarker *markers)
{
	int			n = 0;

	if (has_ttl(m))
		markers[n++] = (ScyllaMarker) {
			.attnum = m->ttl_of, .row = SCYLLA_NEW_ROW, .source = m->ttl_of, .ttl = true
		};
	if (m->batch)
		markers[n++] = (ScyllaMarker) {
			.attnum = InvalidAttrNumber, .timestamp = true
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

void
scyllaModifyOpen(ScyllaModify *m, const ScyllaMarker *markers, int nmarkers)
{
	ScyllaMarker *all = palloc0_array(ScyllaMarker, nmarkers + 2);
	ScyllaTimedWrite timed = {m->conditional, m->counter, m->operation == CMD_DELETE};
	ScyllaWriteConfig config = {.rel = m->rel, .options = m->options, .cql = m->cql, .marker = all,
		.epoch = m->epoch, .keep = m->keep, .target = &m->target, .conditional = m->conditional, .counter = m->counter,
		.strong = m->strong,
		.timestamp_of = m->timestamp_of, .by_place = m->estate->es_instrument != 0, .batch = m->batch, .statement = m->estate,
		.rejects = scyllaChooseRejects(m->options)};

	scyllaCheckStrongWrite(m->session, m->options, RelationGetRelationName(m->rel), m->conditional);
	scyllaCheckTimes(m->rel, m->options, &timed);
	config.nmarkers = all_markers(m, markers, nmarkers, all);
	m->write = scyllaOpenWrite(m->session, &config);
}

/* ---- rows ---- */

/* Triggers of the partitioned table want to see the statement's rows: the executor refuses it when they are written. */
static void
check_transition_tables(const ModifyTableState *mtstate, CmdType action)
{
	const TransitionCaptureState *capture = mtstate->mt_transition_capture;
	bool		wanted;

	if (capture == NULL)
		return;
	if (action == CMD_INSERT)
		wanted = capture->tcs_insert_new_table;
	else if (action == CMD_UPDATE)
		wanted = capture->tcs_update_old_table || capture->tcs_update_new_table;
	else
		wanted = capture->tcs_delete_old_table;
	if (wanted)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot collect transition tuples from child foreign tables")));
}

/* The bound holds where the row was routed, and nobody has changed it since. */
static bool
may_miss_bound(const ScyllaModify *m, const ResultRelInfo *rri)
{
	if (m->operation != CMD_INSERT)
		return m->may_leave;
	return m->rel->rd_rel->relispartition &&
		(rri->ri_RootResultRelInfo == NULL || (rri->ri_TrigDesc && rri->ri_TrigDesc->trig_insert_before_row));
}

void
scyllaModifyCheckRow(const ScyllaModify *m, ResultRelInfo *rri, CmdType action, TupleTableSlot *slot)
{
	check_transition_tables(m->mtstate, action);
	if (action == CMD_DELETE)
		return;
	if (rri->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(action == CMD_INSERT ? WCO_RLS_INSERT_CHECK : WCO_RLS_UPDATE_CHECK, rri, slot, m->estate);
	if (may_miss_bound(m, rri))
		(void) ExecPartitionCheck(rri, slot, m->estate, true);
	if (rri->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(WCO_VIEW_CHECK, rri, slot, m->estate);
}

bool
scyllaModifyRow(ScyllaModify *m, TupleTableSlot *const rows[SCYLLA_ROW_KINDS])
{
	if (m->conditional)
		scyllaExpectFates(m->write);
	if (!scyllaWriteRow(m->write, rows))
		return false;
	if (m->synchronous || m->conditional)
		scyllaDrainWrite(m->write);
	return !m->conditional || scyllaRowApplied(m->write, 0);
}

TupleTableSlot *
scyllaModifyReturn(ScyllaModify *m, const ResultRelInfo *rri, TupleTableSlot *slot)
{
	MemoryContext old;

	if (rri->ri_projectReturning == NULL)
		return slot;
	old = MemoryContextSwitchTo(m->estate->es_query_cxt);
	if (m->returned == NULL)
		m->returned = ExecInitExtraTupleSlot(m->estate, RelationGetDescr(m->rel), &TTSOpsHeapTuple);
	MemoryContextSwitchTo(old);
	scyllaPutSystemColumns(slot, m->returned);
	return m->returned;
}

void
scyllaModifyEnd(ScyllaModify *m)
{
	if (m != NULL && m->moved != NULL && m->moved != m)
		scyllaModifyEnd(m->moved);
	if (m != NULL && m->alone != NULL)
		scyllaModifyEnd(m->alone);
	if (m == NULL || m->write == NULL)
		return;
	if (m->keep)
		scyllaKeepWrite(m->write);
	else
		scyllaCloseWrite(m->write);
	m->write = NULL;
}
