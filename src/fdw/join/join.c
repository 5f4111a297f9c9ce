/*
 * fdw/join/join.c
 *	  Joins by keys, as the executor calls them; how rows are joined is in join_run.c.
 *
 * Backend thread. Owns one ScyllaJoin per plan node, in the executor's query context;
 * when that goes early, what is on its way is abandoned. Invariants: a join with a
 * session is an open read until its memory goes; what the executor may hold, the row
 * and its outer row, is left alone while rows are read ahead; a join that failed in
 * that (broken) gives no row before it is rescanned.
 *
 * When this session writes to the foreign table, the join first runs to its end
 * and keeps its scan tuples in a tuplestore, as scans do (scan.c). The join uses a slot,
 * a row_context and an expression context of their own then: the executor may
 * hold the current row. What it cannot do is run its outer plan while that is
 * running: where the outer rows come from the write itself, they meet new rows.
 *
 * A join is a custom scan. PostgreSQL asks a foreign scan for all rows of one outer
 * row before it has the next outer row, so a foreign scan could not look up many
 * keys at once. Rows stream through the join. Batches would wait for the slowest
 * answer of each.
 */
#include "postgres.h"

#include "access/table.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "fdw/compat.h"
#include "fdw/join/join.h"
#include "fdw/join/join_run.h"
#include "fdw/option/option_cache.h"
#include "fdw/read/explain.h"
#include "fdw/select/select.h"
#include "fdw/session/transaction.h"

static int
private_number(const CustomScan *plan, ScyllaJoinNumber number)
{
	return list_nth_int(list_nth(plan->custom_private, SCYLLA_JOIN_NUMBERS), number);
}

static List *
private_exprs(const CustomScan *plan, int which)
{
	return list_length(plan->custom_exprs) > which ? list_nth(plan->custom_exprs, which) : NIL;
}

/* ---- begin ---- */

static const CustomExecMethods exec_methods;

Node *
scyllaCreateJoinState(CustomScan *plan)
{
	ScyllaJoin *join = (ScyllaJoin *) newNode(sizeof(ScyllaJoin), T_CustomScanState);

	join->css.methods = &exec_methods;
	return (Node *) join;
}

static void collect_rows(ScyllaOpenRead *open_read);

static void
release_join(void *arg)
{
	dlist_delete(&((ScyllaJoin *) arg)->open_read.node);
}

static void
register_open_read(ScyllaJoin *join)
{
	join->open_read.serverid = join->session->serverid;
	join->open_read.options = join->options;
	join->open_read.collect = collect_rows;
	scyllaAddOpenRead(&join->open_read, join->css.ss.ps.state);
	join->callback.func = release_join;
	join->callback.arg = join;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &join->callback);
}

/* Range table indexes move when subqueries' plans are put together, all of a node by the same. */
static Index
inner_index(const CustomScan *plan)
{
	return (Index) (bms_next_member(plan->custom_relids, -1) + private_number(plan, SCYLLA_JOIN_RELATION));
}

static void
init_expressions(ScyllaJoin *join)
{
	CustomScan *plan = (CustomScan *) join->css.ss.ps.plan;
	List	   *values = private_exprs(plan, SCYLLA_JOIN_VALUES);

	join->conditions = scyllaMakeConditions(join->select, values, ExecInitExprList(values, &join->css.ss.ps));
	join->filter = ExecInitQual(private_exprs(plan, SCYLLA_JOIN_FILTER), &join->css.ss.ps);
	join->quals = ExecInitQual(private_exprs(plan, SCYLLA_JOIN_QUALS), &join->css.ss.ps);
	join->computed = ExecInitExprList(private_exprs(plan, SCYLLA_JOIN_COMPUTED), &join->css.ss.ps);
	join->recheck = ExecInitQual(private_exprs(plan, SCYLLA_JOIN_RECHECK), &join->css.ss.ps);
}

static void
init_columns(ScyllaJoin *join)
{
	CustomScan *plan = (CustomScan *) join->css.ss.ps.plan;

	join->width = private_number(plan, SCYLLA_JOIN_WIDTH);
	join->ninner = private_number(plan, SCYLLA_JOIN_COLUMNS);
	join->attnum = palloc_array(AttrNumber, Max(join->ninner, 1));
	for (int i = 0; i < join->ninner; i++)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, plan->custom_scan_tlist, join->width + i);

		join->attnum[i] = castNode(Var, entry->expr)->varattno;
	}
}

static void
init_slots(ScyllaJoin *join, EState *estate)
{
	TupleDesc	tuple = join->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	PlanState  *outer = linitial(join->css.custom_ps);
	Relation	relation = table_open(join->relid, NoLock);
	TupleDesc	inner = CreateTupleDescCopy(RelationGetDescr(relation));

	table_close(relation, NoLock);
	join->work.slot = join->css.ss.ss_ScanTupleSlot;
	join->work.econtext = join->css.ss.ps.ps_ExprContext;
	join->work.row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	join->key_slot = ExecInitExtraTupleSlot(estate, tuple, &TTSOpsVirtual);
	join->key_econtext = CreateExprContext(estate);
	join->outer = ExecInitExtraTupleSlot(estate, ExecGetResultType(outer), &TTSOpsMinimalTuple);
	join->inner = ExecInitExtraTupleSlot(estate, inner, &TTSOpsVirtual);
	join->kept = ExecInitExtraTupleSlot(estate, inner, &TTSOpsMinimalTuple);
	join->decoder = scyllaMakeDecoder(join->select, inner, true);
}

static void
begin_join(CustomScanState *node, EState *estate, int eflags)
{
	ScyllaJoin *join = (ScyllaJoin *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	Oid			userid = (Oid) private_number(plan, SCYLLA_JOIN_USER);

	join->select = scyllaUnpackSelect(list_nth(plan->custom_private, SCYLLA_JOIN_SELECT));
	join->jointype = (JoinType) private_number(plan, SCYLLA_JOIN_TYPE);
	join->relid = join->select->relid;
	join->relation = get_rel_name(join->relid);
	join->options = scyllaTableOptions(join->relid);
	join->rti = inner_index(plan);
	/* outer rows are read once, forwards */
	node->custom_ps = list_make1(ExecInitNode(linitial(plan->custom_plans), estate,
											  eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK)));
	init_columns(join);
	init_expressions(join);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	init_slots(join, estate);
	join->session = scyllaGetSession(OidIsValid(userid) ? userid : GetUserId(),
									 GetForeignTable(join->relid)->serverid);
	scyllaReportBegin(&join->report, join->session->client, estate->es_instrument != 0);
	register_open_read(join);
}

static void
begin_reading(ScyllaJoin *join)
{
	ScyllaLookupConfig config = {.session = join->session, .options = join->options, .select = join->select,
		.relation = join->relation, .conditions = join->conditions, .report = &join->report,
		.inner = join->inner->tts_tupleDescriptor, .instead = &join->instead};
	MemoryContext old = MemoryContextSwitchTo(join->css.ss.ps.state->es_query_cxt);

	join->begun = true;
	scyllaDrainWriters(join->session, NULL);
	if (!join->described)
		scyllaDescribeConditions(join->conditions, join->session, join->options,
								 scyllaDecodedAttributes(join->select));
	join->described = true;
	join->lookup = scyllaLookupOpen(&config);
	MemoryContextSwitchTo(old);
}

static void
end_reading(ScyllaJoin *join)
{
	if (join->lookup != NULL)
		scyllaLookupClose(join->lookup);
	join->lookup = NULL;
	join->nrows = 0;
	join->work.row = NULL;
}

/* ---- reading ahead of a write ---- */

/* Rows of a WITH query that writes come from a node that may be running now. */
static bool
may_come_from_write(PlanState *node, void *context)
{
	return IsA(node, CteScanState) || planstate_tree_walker(node, may_come_from_write, context);
}

static bool
may_run(ScyllaJoin *join)
{
	const PlannedStmt *statement = join->css.ss.ps.state->es_plannedstmt;

	if (join->running || (statement->hasModifyingCTE && may_come_from_write(linitial(join->css.custom_ps), NULL)))
		return false;
	/* values that come from the row of another table are not known before that row is there */
	return join->begun || bms_is_empty(join->css.ss.ps.plan->extParam);
}

static void
begin_store(ScyllaJoin *join)
{
	join->store = tuplestore_begin_heap(false, false, work_mem);
	if (join->stored == NULL)
		join->stored = ExecInitExtraTupleSlot(join->css.ss.ps.state, join->work.slot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
}

/* Nothing that the current row is made of may go: not its outer row either. */
static void
hold_current(ScyllaJoin *join)
{
	if (join->work.row != NULL)
		join->work.row->held = true;
	if (scyllaLookupDone(join->lookup) != NULL)
		scyllaLookupDone(join->lookup)->held = true;
}

static void
store_rows(ScyllaJoin *join)
{
	ScyllaJoinWork *work = &join->work;

	hold_current(join);
	work->slot = MakeSingleTupleTableSlot(join->current.slot->tts_tupleDescriptor, &TTSOpsVirtual);
	work->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row ahead", ALLOCSET_DEFAULT_SIZES);
	work->econtext = CreateExprContext(join->css.ss.ps.state);
	work->row = NULL;
	if (join->nrows > 0)
		scyllaJoinPutInner(join, join->inner, work->slot);
	while (scyllaJoinNext(join))
		tuplestore_puttupleslot(join->store, work->slot);
	FreeExprContext(work->econtext, true);
	ExecDropSingleTupleTableSlot(work->slot);
	MemoryContextDelete(work->row_context);
	*work = join->current;
}

static void
collect_rows(ScyllaOpenRead *open_read)
{
	ScyllaJoin *join = dlist_container(ScyllaJoin, open_read.node, &open_read->node);

	if (join->broken || join->store != NULL || (join->begun && join->lookup == NULL) || !may_run(join))
		return;
	join->broken = true;
	join->current = join->work;
	begin_store(join);
	if (!join->begun)
		begin_reading(join);
	store_rows(join);
	join->broken = false;
}

/* Not in the caller's context, which may go before the slot frees its row. */
static bool
next_stored(ScyllaJoin *join)
{
	MemoryContext old = MemoryContextSwitchTo(join->css.ss.ps.state->es_query_cxt);
	bool		found = tuplestore_gettupleslot(join->store, true, false, join->stored);

	if (found)
		ExecCopySlot(join->work.slot, join->stored);
	MemoryContextSwitchTo(old);
	return found;
}

/* A cursor may outlive the savepoint in which this failed. */
static void
raise_broken(const ScyllaJoin *join)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("foreign table \"%s\" could not be read to its end before it was written to", join->relation)));
}

/* ---- the executor's calls ---- */

static bool
next_tuple(ScyllaJoin *join)
{
	bool		found;

	if (scyllaJoinIsRechecked(join))
		return scyllaJoinRecheck(join);
	if (join->broken)
		raise_broken(join);
	if (join->store != NULL)
	{
		end_reading(join);		/* the executor does not hold the row before any more */
		return next_stored(join);
	}
	if (!join->begun)
		begin_reading(join);
	found = join->lookup != NULL && scyllaJoinNext(join);
	if (!found)
		end_reading(join);
	return found;
}

static TupleTableSlot *
exec_join(CustomScanState *node)
{
	ScyllaJoin *join = (ScyllaJoin *) node;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;

	ResetExprContext(econtext);
	while (next_tuple(join))
	{
		econtext->ecxt_scantuple = node->ss.ss_ScanTupleSlot;
		if (ExecQual(node->ss.ps.qual, econtext))
			return node->ss.ps.ps_ProjInfo ? ExecProject(node->ss.ps.ps_ProjInfo) : node->ss.ss_ScanTupleSlot;
		InstrCountFiltered1(node, 1);
		ResetExprContext(econtext);
	}
	return ExecClearTuple(node->ss.ps.ps_ProjInfo ? node->ss.ps.ps_ResultTupleSlot : node->ss.ss_ScanTupleSlot);
}

/* What is on its way is left behind. */
static void
stop_reading(ScyllaJoin *join)
{
	end_reading(join);
	if (join->store != NULL)
	{
		ExecClearTuple(join->stored);
		tuplestore_end(join->store);
		join->store = NULL;
	}
	if (join->broken)
		join->work = join->current;
	join->work.row = NULL;
	join->begun = join->broken = join->running = false;
}

static void
rescan_join(CustomScanState *node)
{
	PlanState  *outer = linitial(node->custom_ps);

	stop_reading((ScyllaJoin *) node);
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(outer, node->ss.ps.chgParam);
	if (outer->chgParam == NULL)	/* else its first row does it */
		ExecReScan(outer);
}

static void
end_join(CustomScanState *node)
{
	stop_reading((ScyllaJoin *) node);
	ExecEndNode(linitial(node->custom_ps));
}

/* ---- EXPLAIN ---- */

static const char *
join_type_name(JoinType type)
{
	switch (type)
	{
		case JOIN_LEFT:
			return "Left";
		case JOIN_SEMI:
			return "Semi";
		case JOIN_ANTI:
			return "Anti";
		default:
			return "Inner";
	}
}

static void
explain_table(const ScyllaJoin *join, ExplainState *es)
{
	const char *alias = list_nth(es->rtable_names, (int) join->rti - 1);
	StringInfoData name;

	initStringInfo(&name);
	if (es->verbose)
		appendStringInfo(&name, "%s.", quote_identifier(get_namespace_name(get_rel_namespace(join->relid))));
	appendStringInfoString(&name, quote_identifier(join->relation));
	if (alias != NULL && strcmp(alias, join->relation) != 0)
		appendStringInfo(&name, " %s", quote_identifier(alias));
	ExplainPropertyText("Inner", name.data, es);
}

static void
explain_condition(const ScyllaJoin *join, const char *label, int which, List *ancestors, ExplainState *es)
{
	Plan	   *plan = join->css.ss.ps.plan;
	List	   *condition = private_exprs((CustomScan *) plan, which);

	if (condition == NIL)
		return;
	ExplainPropertyText(label, deparse_expression((Node *) make_ands_explicit(condition),
												  set_deparse_context_plan(es->deparse_cxt, plan, ancestors),
												  true, false), es);
}

static void
explain_join(CustomScanState *node, List *ancestors, ExplainState *es)
{
	ScyllaJoin *join = (ScyllaJoin *) node;
	Instrumentation *instrument = node->ss.ps.instrument;
	double		loops = instrument ? Max(instrument->nloops, 1) : 1;

	ExplainPropertyText("Join Type", join_type_name(join->jointype), es);
	explain_table(join, es);
	explain_condition(join, "Inner Filter", SCYLLA_JOIN_FILTER, ancestors, es);
	if (es->analyze && join->filter)
		ExplainPropertyFloat("Rows Removed by Inner Filter", NULL, (double) join->filtered / loops, 0, es);
	explain_condition(join, "Join Filter", SCYLLA_JOIN_QUALS, ancestors, es);
	if (es->analyze && join->quals && instrument)
		ExplainPropertyFloat("Rows Removed by Join Filter", NULL, instrument->nfiltered2 / loops, 0, es);
	scyllaExplainRead(join->select, join->options, es);
	scyllaExplainLocks(node->ss.ps.state, join->rti, es);
	if (es->analyze && join->instead > 0)
		ExplainPropertyText("Full Scan", psprintf("after %d keys", join->instead), es);
	if (es->analyze && join->session != NULL)
	{
		ExplainPropertyInteger("Batches", NULL, (int64) join->batches, es);
		scyllaExplainReport(&join->report, join->session->client, false, es);
		scyllaExplainPlaces(&join->report, join->session, join->options, es);
	}
}

static const CustomExecMethods exec_methods = {
	.CustomName = "ScyllaJoin",
	.BeginCustomScan = begin_join,
	.ExecCustomScan = exec_join,
	.EndCustomScan = end_join,
	.ReScanCustomScan = rescan_join,
	.ExplainCustomScan = explain_join
};
