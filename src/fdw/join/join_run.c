/*
 * fdw/join/join_run.c
 *	  Rows of a join by keys.
 *
 * Backend thread. Owns nothing: see join.c. Invariants: nothing is computed of a row
 * before it has passed the filter; work.row is the outer row that the scan tuple has,
 * or NULL if that may have gone.
 *
 * Rows of the outer plan go into a lookup (lookup.c), which asks for the rows of
 * the foreign table that their keys have. Each of these is joined with the outer
 * rows that asked for it; an outer row that is done may still have to be given
 * with NULLs. So rows come in any order.
 *
 * A scan tuple has the outer row's columns first, then those of the foreign table.
 * All expressions are about it.
 *
 * Where a row is looked at again after a concurrent update (EvalPlanQual), there is
 * one row of each table at most, and the cluster is not asked.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/join/join_run.h"

/* ---- scan tuples ---- */

static void
put_outer(ScyllaJoin *join, TupleTableSlot *from, TupleTableSlot *slot)
{
	slot_getallattrs(from);
	memcpy(slot->tts_values, from->tts_values, join->width * sizeof(Datum));
	memcpy(slot->tts_isnull, from->tts_isnull, join->width * sizeof(bool));
}

static void
put_kept(ScyllaJoin *join, ScyllaLookupRow *row)
{
	ExecStoreMinimalTuple(row->tuple, join->outer, false);
	put_outer(join, join->outer, join->work.slot);
	join->work.row = row;
}

static void
put_columns(ScyllaJoin *join, TupleTableSlot *inner, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(join->work.row_context);

	for (int i = 0; i < join->ninner; i++)
	{
		AttrNumber	attnum = join->attnum[i];
		int			to = join->width + i;

		slot->tts_isnull[to] = false;
		if (attnum > 0)
			slot->tts_values[to] = slot_getattr(inner, attnum, &slot->tts_isnull[to]);
		else if (attnum == 0)
			slot->tts_values[to] = ExecFetchSlotHeapTupleDatum(inner);
		else if (attnum == TableOidAttributeNumber)
			slot->tts_values[to] = ObjectIdGetDatum(join->relid);
		else
			slot->tts_values[to] = (Datum) 0;	/* other system columns: see system_columns.h */
	}
	MemoryContextSwitchTo(old);
}

/* What is computed of a row's columns: never before it has passed the filter, as functions tell what they are handed. */
static void
put_computed(ScyllaJoin *join, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(join->work.row_context);
	ListCell   *lc;

	join->work.econtext->ecxt_scantuple = slot;
	foreach(lc, join->computed)
	{
		int			to = join->width + join->ninner + foreach_current_index(lc);

		slot->tts_values[to] = ExecEvalExpr(lfirst(lc), join->work.econtext, &slot->tts_isnull[to]);
	}
	MemoryContextSwitchTo(old);
}

void
scyllaJoinPutInner(ScyllaJoin *join, TupleTableSlot *inner, TupleTableSlot *slot)
{
	put_columns(join, inner, slot);
	put_computed(join, slot);
}

static void
put_nulls(ScyllaJoin *join, TupleTableSlot *slot)
{
	memset(slot->tts_isnull + join->width, true,
		   (slot->tts_tupleDescriptor->natts - join->width) * sizeof(bool));
}

static bool
passes(ScyllaJoin *join, ExprState *condition)
{
	join->work.econtext->ecxt_scantuple = join->work.slot;
	return ExecQual(condition, join->work.econtext);
}

/* ---- joining ---- */

/* As many as the lookup takes. */
static void
gather(ScyllaJoin *join)
{
	PlanState  *outer = linitial(join->css.custom_ps);

	join->batches++;
	while (scyllaLookupIsHungry(join->lookup))
	{
		TupleTableSlot *row = ExecProcNode(outer);

		if (TupIsNull(row))
		{
			scyllaLookupEnd(join->lookup);
			return;
		}
		put_outer(join, row, join->key_slot);
		ExecStoreVirtualTuple(ExecClearTuple(join->key_slot));
		ResetExprContext(join->key_econtext);
		join->key_econtext->ecxt_scantuple = join->key_slot;
		scyllaLookupAdd(join->lookup, join->key_econtext, row);
	}
}

/* A row of the whole table, which stays as long as the lookup. */
static void
put_whole(ScyllaJoin *join, MinimalTuple tuple)
{
	TupleTableSlot *inner = ExecClearTuple(join->inner);
	int			natts = inner->tts_tupleDescriptor->natts;

	ExecStoreMinimalTuple(tuple, join->kept, false);
	slot_getallattrs(join->kept);
	memcpy(inner->tts_values, join->kept->tts_values, natts * sizeof(Datum));
	memcpy(inner->tts_isnull, join->kept->tts_isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(inner);
}

/* The foreign table's row that has come, into the scan tuple. */
static void
take_found(ScyllaJoin *join)
{
	TupleTableSlot *slot = join->work.slot;
	MinimalTuple tuple = scyllaLookupTuple(join->lookup);

	MemoryContextReset(join->work.row_context);
	if (tuple != NULL)
		put_whole(join, tuple);
	else
	{
		scyllaDecodeRow(join->decoder, scyllaLookupFetch(join->lookup), join->work.row_context,
						ExecClearTuple(join->inner));
		join->report.rows++;
	}
	put_columns(join, join->inner, slot);
	if (passes(join, join->filter))
	{
		put_computed(join, slot);
		join->rows = scyllaLookupRows(join->lookup, &join->nrows);
	}
	else
		join->filtered++;
}

/* The next outer row that goes with it. */
static bool
next_match(ScyllaJoin *join)
{
	bool		once = join->jointype == JOIN_SEMI || join->jointype == JOIN_ANTI;

	while (join->nrows > 0)
	{
		ScyllaLookupRow *row = join->rows[--join->nrows];

		if (once && row->matched)
			continue;
		if (row != join->work.row)
			put_kept(join, row);
		if (!passes(join, join->quals))
		{
			InstrCountFiltered2(join, 1);
			ResetExprContext(join->work.econtext);
			continue;
		}
		row->matched = true;
		if (join->jointype != JOIN_ANTI)
			return true;
	}
	return false;
}

/* An outer row about which all is known: whether it is given with NULLs. */
static bool
take_done(ScyllaJoin *join)
{
	ScyllaLookupRow *row = scyllaLookupDone(join->lookup);

	if (row->matched || (join->jointype != JOIN_LEFT && join->jointype != JOIN_ANTI))
	{
		if (row == join->work.row)
			join->work.row = NULL;
		return false;
	}
	put_kept(join, row);
	put_nulls(join, join->work.slot);
	join->work.row = NULL;
	return true;
}

static bool
advance(ScyllaJoin *join)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(join->work.econtext);
		if (next_match(join))
			return true;
		switch (scyllaLookupNext(join->lookup))
		{
			case SCYLLA_LOOKUP_HUNGRY:
				gather(join);
				break;
			case SCYLLA_LOOKUP_FOUND:
				take_found(join);
				break;
			case SCYLLA_LOOKUP_DONE:
				if (take_done(join))
					return true;
				break;
			case SCYLLA_LOOKUP_END:
				return false;
		}
	}
}

/* What the slot had is used again, unless someone has put it into memory of the slot's own. */
bool
scyllaJoinNext(ScyllaJoin *join)
{
	TupleTableSlot *slot = join->work.slot;
	bool		lost = TTS_SHOULDFREE(slot);
	bool		found;

	ExecStoreVirtualTuple(ExecClearTuple(slot));
	if (lost)
	{
		join->work.row = NULL;
		if (join->nrows > 0)
			scyllaJoinPutInner(join, join->inner, slot);
	}
	join->running = true;
	found = advance(join);
	join->running = false;
	if (!found)
		ExecClearTuple(slot);
	return found;
}

/* ---- looking at a row again ---- */

bool
scyllaJoinIsRechecked(const ScyllaJoin *join)
{
	const EPQState *epq = join->css.ss.ps.state->es_epq_active;

	return epq != NULL &&
		(epq->relsubs_slot[join->rti - 1] != NULL || epq->relsubs_rowmark[join->rti - 1] != NULL);
}

/* The foreign table's row that is looked at again, into the scan tuple. false: there is none, or it does not pass. */
static bool
take_rechecked(ScyllaJoin *join)
{
	EPQState   *epq = join->css.ss.ps.state->es_epq_active;
	TupleTableSlot *row = epq->relsubs_slot[join->rti - 1];

	if (row == NULL)
	{
		row = ExecClearTuple(join->inner);
		if (!EvalPlanQualFetchRowMark(epq, join->rti, row))
			return false;
	}
	if (TupIsNull(row))
		return false;
	put_columns(join, row, join->work.slot);
	if (!passes(join, join->recheck) || !passes(join, join->filter))
		return false;
	put_computed(join, join->work.slot);
	return true;
}

bool
scyllaJoinRecheck(ScyllaJoin *join)
{
	TupleTableSlot *slot = join->work.slot;

	for (;;)
	{
		TupleTableSlot *outer = ExecProcNode(linitial(join->css.custom_ps));
		bool		matched;

		if (TupIsNull(outer))
			return false;
		MemoryContextReset(join->work.row_context);
		ResetExprContext(join->work.econtext);
		ExecStoreVirtualTuple(ExecClearTuple(slot));
		put_outer(join, outer, slot);
		matched = take_rechecked(join) && passes(join, join->quals);
		if (matched && join->jointype != JOIN_ANTI)
			return true;
		if (!matched && (join->jointype == JOIN_LEFT || join->jointype == JOIN_ANTI))
		{
			put_nulls(join, slot);
			return true;
		}
	}
}
