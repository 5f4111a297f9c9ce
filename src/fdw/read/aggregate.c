/*
 * fdw/read/aggregate.c
 *	  Counts, sums and extremes of requests, combined and finished.
 *
 * Backend thread. Owns the values combined so far, in a context of its own.
 * Invariants: what is combined so far is copied there, what a row has goes with the
 * row; in wire order, a sum's count is the item behind it.
 *
 * Items are decoded into a slot of their own, one attribute each: sums as numeric,
 * which holds any of them. A sum or an average is followed by the count of its
 * values: without any it is NULL.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/read/aggregate.h"
#include "fdw/read/decode.h"

typedef struct AggregateItem
{
	ScyllaRole	role;
	int			target;			/* attribute of the scan's slot; 0: none */
	Oid			result;			/* its type */
	FmgrInfo   *compare;		/* of extremes */
} AggregateItem;

struct ScyllaAggregate
{
	ScyllaSelect select;		/* whose items are targets of their own */
	ScyllaDecoder *decoder;
	TupleTableSlot *row;		/* one attribute per item */
	AggregateItem *item;
	int			nitems;
	MemoryContext decoded;		/* values of row */
	MemoryContext context;		/* of values */
	Datum	   *value;			/* combined so far */
	bool	   *isnull;
	bool	   *least;			/* a value of no bytes was among those of MIN: it is less than all, and reads as NULL */
};

/* ---- begin ---- */

static Oid
item_type(const AggregateItem *item)
{
	switch (item->role)
	{
		case SCYLLA_ROLE_COUNT:
			return INT8OID;
		case SCYLLA_ROLE_SUM:
		case SCYLLA_ROLE_AVG:
			return NUMERICOID;
		default:
			return item->result;
	}
}

static void
init_item(ScyllaAggregate *a, int i, TupleDesc desc, TupleDesc items)
{
	AggregateItem *item = &a->item[i];
	bool		extreme;

	item->role = (ScyllaRole) list_nth_int(a->select.roles, i);
	item->target = list_nth_int(a->select.targets, i);
	if (item->target > 0)
		item->result = TupleDescAttr(desc, item->target - 1)->atttypid;
	Assert((item->role != SCYLLA_ROLE_SUM && item->role != SCYLLA_ROLE_AVG) ||
		   list_nth_int(a->select.roles, i + 1) == SCYLLA_ROLE_COUNT);
	TupleDescInitEntry(items, (AttrNumber) (i + 1), NULL, item_type(item),
					   item->role == SCYLLA_ROLE_COLUMN ? TupleDescAttr(desc, item->target - 1)->atttypmod : -1, 0);
	extreme = item->role == SCYLLA_ROLE_MIN || item->role == SCYLLA_ROLE_MAX;
	if (extreme)
		item->compare = &lookup_type_cache(item->result, TYPECACHE_CMP_PROC_FINFO)->cmp_proc_finfo;
}

ScyllaAggregate *
scyllaMakeAggregate(const ScyllaSelect *select, TupleDesc desc)
{
	ScyllaAggregate *a = palloc0(sizeof(*a));
	TupleDesc	items;

	a->select = *select;
	a->nitems = list_length(select->items);
	a->item = palloc0_array(AggregateItem, a->nitems);
	a->value = palloc0_array(Datum, a->nitems);
	a->isnull = palloc0_array(bool, a->nitems);
	a->least = palloc0_array(bool, a->nitems);
	items = CreateTemplateTupleDesc(a->nitems);
	for (int i = 0; i < a->nitems; i++)
		init_item(a, i, desc, items);
	a->select.targets = NIL;
	for (int i = 0; i < a->nitems; i++)
		a->select.targets = lappend_int(a->select.targets, i + 1);
	a->row = MakeTupleTableSlot(items, &TTSOpsVirtual);
	a->decoder = scyllaMakeDecoder(&a->select, items, false);
	a->decoded = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw aggregate row", ALLOCSET_SMALL_SIZES);
	a->context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw aggregate", ALLOCSET_SMALL_SIZES);
	return a;
}

static void
decode(ScyllaAggregate *a, const ScyllaFetch *fetch, MemoryContext context)
{
	ExecClearTuple(a->row);
	scyllaDecodeRow(a->decoder, fetch, context, a->row);
}

/* ---- what PostgreSQL's aggregate gives ---- */

/* Both are of item i, count of the one behind it. */
static Datum
finish_sum(const AggregateItem *item, Datum sum, int64 count, bool *isnull)
{
	*isnull = count == 0;
	if (*isnull)
		return (Datum) 0;
	if (item->role == SCYLLA_ROLE_AVG)
		return DirectFunctionCall2(numeric_div, sum, NumericGetDatum(int64_to_numeric(count)));
	return item->result == INT8OID ? DirectFunctionCall1(numeric_int8, sum) : sum;
}

static void
finish(const ScyllaAggregate *a, const Datum *value, const bool *isnull, TupleTableSlot *slot)
{
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	for (int i = 0; i < a->nitems; i++)
	{
		const AggregateItem *item = &a->item[i];
		int			target = item->target - 1;

		if (target < 0)
			continue;
		if (item->role == SCYLLA_ROLE_SUM || item->role == SCYLLA_ROLE_AVG)
			slot->tts_values[target] = finish_sum(item, value[i], isnull[i + 1] ? 0 : DatumGetInt64(value[i + 1]),
												  &slot->tts_isnull[target]);
		else
		{
			slot->tts_values[target] = value[i];
			slot->tts_isnull[target] = isnull[i];
		}
	}
	ExecStoreVirtualTuple(slot);
}

void
scyllaAggregateGroup(ScyllaAggregate *a, const ScyllaFetch *fetch, MemoryContext row_context, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(row_context);

	decode(a, fetch, row_context);
	finish(a, a->row->tts_values, a->row->tts_isnull, slot);
	MemoryContextSwitchTo(old);
}

/* ---- several requests ---- */

void
scyllaAggregateBegin(ScyllaAggregate *a)
{
	MemoryContextReset(a->context);
	for (int i = 0; i < a->nitems; i++)
	{
		a->isnull[i] = a->item[i].role != SCYLLA_ROLE_COUNT;
		a->least[i] = false;
		a->value[i] = Int64GetDatum(0);
	}
}

/* Neither is NULL. */
static Datum
combined(const AggregateItem *item, Datum sofar, Datum value)
{
	int			order;

	switch (item->role)
	{
		case SCYLLA_ROLE_COUNT:
			return Int64GetDatum(DatumGetInt64(sofar) + DatumGetInt64(value));
		case SCYLLA_ROLE_SUM:
		case SCYLLA_ROLE_AVG:
			return DirectFunctionCall2(numeric_add, sofar, value);
		default:
			order = DatumGetInt32(FunctionCall2Coll(item->compare, C_COLLATION_OID, value, sofar));
			return (item->role == SCYLLA_ROLE_MIN ? order < 0 : order > 0) ? value : sofar;
	}
}

/* In a->decoded. */
static void
combine_item(ScyllaAggregate *a, int i)
{
	Form_pg_attribute att = TupleDescAttr(a->row->tts_tupleDescriptor, i);
	Datum		value = a->row->tts_values[i];
	MemoryContext old;

	if (a->row->tts_isnull[i])
		return;
	if (!a->isnull[i])
		value = combined(&a->item[i], a->value[i], value);
	if (!a->isnull[i] && !att->attbyval && value == a->value[i])
		return;
	old = MemoryContextSwitchTo(a->context);
	value = datumCopy(value, att->attbyval, att->attlen);
	if (!a->isnull[i] && !att->attbyval)
		pfree(DatumGetPointer(a->value[i]));
	MemoryContextSwitchTo(old);
	a->value[i] = value;
	a->isnull[i] = false;
}

void
scyllaAggregateAdd(ScyllaAggregate *a, const ScyllaFetch *fetch)
{
	MemoryContext old = MemoryContextSwitchTo(a->decoded);

	decode(a, fetch, a->decoded);
	for (int i = 0; i < a->nitems; i++)
	{
		combine_item(a, i);
		a->least[i] |= a->item[i].role == SCYLLA_ROLE_MIN && a->row->tts_isnull[i] && scyllaFetchRow(fetch)[i].len == 0;
	}
	MemoryContextSwitchTo(old);
	ExecClearTuple(a->row);
	MemoryContextReset(a->decoded);
}

void
scyllaAggregateResult(ScyllaAggregate *a, MemoryContext row_context, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(row_context);

	for (int i = 0; i < a->nitems; i++)
		a->isnull[i] |= a->least[i];
	finish(a, a->value, a->isnull, slot);
	MemoryContextSwitchTo(old);
}
