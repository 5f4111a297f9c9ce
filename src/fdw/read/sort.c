/*
 * fdw/read/sort.c
 *	  Rows of many keys, sorted here.
 *
 * Backend thread. Owns a sort. Invariants: all rows are in before the first one comes
 * out; the files are the query's, so no savepoint takes them with it.
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
#include "fdw/read/sort.h"

struct ScyllaSort
{
	Tuplesortstate *state;
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

ScyllaSort *
scyllaBeginSort(const ScyllaSelect *select, TupleDesc desc, ResourceOwner owner)
{
	ScyllaSort *sort = palloc0(sizeof(*sort));
	SortKeys	keys = sort_keys(select, desc);

	sort->owner = owner;
	sort->state = tuplesort_begin_heap(desc, keys.n, keys.attnum, keys.operator, keys.collation, keys.nulls_first,
									   work_mem, NULL, TUPLESORT_NONE);
	sort->row = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	return sort;
}

void
scyllaSortRow(ScyllaSort *sort, TupleTableSlot *slot)
{
	ResourceOwner old = CurrentResourceOwner;

	CurrentResourceOwner = sort->owner;
	tuplesort_puttupleslot(sort->state, slot);
	CurrentResourceOwner = old;
}

static void
end_input(ScyllaSort *sort)
{
	ResourceOwner old = CurrentResourceOwner;

	CurrentResourceOwner = sort->owner;
	tuplesort_performsort(sort->state);
	CurrentResourceOwner = old;
	sort->ended = true;
}

bool
scyllaNextSorted(ScyllaSort *sort, TupleTableSlot *slot)
{
	if (!sort->ended)
		end_input(sort);
	if (!tuplesort_gettupleslot(sort->state, true, false, sort->row, NULL))
		return false;
	slot_getallattrs(sort->row);
	memcpy(slot->tts_values, sort->row->tts_values, sizeof(Datum) * sort->row->tts_tupleDescriptor->natts);
	memcpy(slot->tts_isnull, sort->row->tts_isnull, sizeof(bool) * sort->row->tts_tupleDescriptor->natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

void
scyllaEndSort(ScyllaSort *sort)
{
	ExecDropSingleTupleTableSlot(sort->row);
	tuplesort_end(sort->state);
}
