/*
 * fdw/read/sorted.c
 *	  Rows of many keys, sorted here.
 *
 * Backend thread. Owns a sort.
 *
 * Only what PostgreSQL and the cluster order alike is ever merged (plan/order.c),
 * text by its bytes, so the default order of the types will do.
 *
 * A scan is sorted, not merged, if the first pages tell that a page of each request
 * will not fit into memory (fetch.c), or if there are too many keys
 * (MAX_MERGED). Then rows come of a few requests at a time, and a tuplesort puts them
 * in order. The tuplesort goes to disk beyond work_mem.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/read/sorted.h"

struct ScyllaSorted
{
	Tuplesortstate *sort;
	ResourceOwner owner;		/* of its files: a savepoint's must not take them with it */
	TupleTableSlot *row;		/* as the sort gives it */
	bool		ended;			/* the input */
};

/* How the rows are sorted: the four arrays of tuplesort_begin_heap. */
typedef struct SortKeys
{
	int			n;
	AttrNumber *attnum;
	Oid		   *operator;
	Oid		   *collation;
	bool	   *nulls_first;
} SortKeys;

static SortKeys
sort_keys(const ScyllaSelect *select, TupleDesc desc)
{
	SortKeys	keys = {.n = list_length(select->merge) / 3};

	keys.attnum = palloc_array(AttrNumber, keys.n);
	keys.operator = palloc_array(Oid, keys.n);
	keys.collation = palloc_array(Oid, keys.n);
	keys.nulls_first = palloc_array(bool, keys.n);
	for (int i = 0; i < keys.n; i++)
	{
		AttrNumber	attnum = list_nth_int(select->targets, list_nth_int(select->merge, 3 * i));
		bool		descending = list_nth_int(select->merge, 3 * i + 2) != 0;
		TypeCacheEntry *type = lookup_type_cache(TupleDescAttr(desc, attnum - 1)->atttypid,
												 TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);

		keys.attnum[i] = attnum;
		keys.operator[i] = descending ? type->gt_opr : type->lt_opr;
		keys.collation[i] = OidIsValid(type->typcollation) ? C_COLLATION_OID : InvalidOid;
		keys.nulls_first[i] = descending;
	}
	return keys;
}

ScyllaSorted *
scyllaBeginSorted(const ScyllaSelect *select, TupleDesc desc, ResourceOwner owner)
{
	ScyllaSorted *sorted = palloc0(sizeof(*sorted));
	SortKeys	keys = sort_keys(select, desc);

	sorted->owner = owner;
	sorted->sort = tuplesort_begin_heap(desc, keys.n, keys.attnum, keys.operator, keys.collation, keys.nulls_first,
										work_mem, NULL, TUPLESORT_NONE);
	sorted->row = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	return sorted;
}

void
scyllaSortRow(ScyllaSorted *sorted, TupleTableSlot *slot)
{
	ResourceOwner old = CurrentResourceOwner;

	CurrentResourceOwner = sorted->owner;
	tuplesort_puttupleslot(sorted->sort, slot);
	CurrentResourceOwner = old;
}

static void
end_input(ScyllaSorted *sorted)
{
	ResourceOwner old = CurrentResourceOwner;

	CurrentResourceOwner = sorted->owner;
	tuplesort_performsort(sorted->sort);
	CurrentResourceOwner = old;
	sorted->ended = true;
}

bool
scyllaNextSorted(ScyllaSorted *sorted, TupleTableSlot *slot)
{
	if (!sorted->ended)
		end_input(sorted);
	if (!tuplesort_gettupleslot(sorted->sort, true, false, sorted->row, NULL))
		return false;
	slot_getallattrs(sorted->row);
	memcpy(slot->tts_values, sorted->row->tts_values, sizeof(Datum) * sorted->row->tts_tupleDescriptor->natts);
	memcpy(slot->tts_isnull, sorted->row->tts_isnull, sizeof(bool) * sorted->row->tts_tupleDescriptor->natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

void
scyllaEndSorted(ScyllaSorted *sorted)
{
	ExecDropSingleTupleTableSlot(sorted->row);
	tuplesort_end(sorted->sort);
}
