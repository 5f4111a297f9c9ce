/*
 * fdw/decode.c
 *	  From a page's bytes to a slot.
 *
 * Backend thread. Owns converters, one per selected expression, made by a page's
 * metadata; they outlive the page, and are made anew when a later one has other
 * types.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/decode.h"
#include "fdw/deparse.h"
#include "fdw/error.h"
#include "fdw/typemap.h"

struct ScyllaDecoder
{
	const ScyllaSelect *select;
	TupleDesc	desc;
	bool		of_table;
	const char *relation;		/* for messages */
	int			nitems;
	int		   *target;			/* of each item: attribute of the slot; 0: none */
	ScyllaConverter **converter;	/* one per item; NULL: not yet made */
	uint64		page;			/* that they were looked at for */
	MemoryContext context;		/* of the converters */
	CqlMetadata metadata;		/* of the last page that differed from the one before */
	CqlArena	types;			/* holds it */
	int			current;		/* item being decoded, for the error context */
	MemoryContextCallback callback;
};

ScyllaDecoder *
scyllaMakeDecoder(const ScyllaSelect *select, TupleDesc desc, bool of_table)
{
	ScyllaDecoder *d = palloc0(sizeof(*d));
	ListCell   *lc;

	d->select = select;
	d->desc = desc;
	d->of_table = of_table;
	d->relation = get_rel_name(select->relid);
	d->nitems = list_length(select->items);
	d->target = palloc_array(int, d->nitems);
	foreach(lc, select->targets)
		d->target[foreach_current_index(lc)] = lfirst_int(lc);
	d->context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw types", ALLOCSET_SMALL_SIZES);
	scyllaTieArena(&d->callback, &d->types);
	return d;
}

List *
scyllaDecodedAttributes(const ScyllaSelect *select)
{
	List	   *attnums = NIL;
	ListCell   *lc;

	foreach(lc, select->targets)
	{
		if (lfirst_int(lc) > 0)
			attnums = lappend_int(attnums, lfirst_int(lc));
	}
	return attnums;
}

/* ---- converters ---- */

static void
column_context(void *arg)
{
	ScyllaDecoder *d = arg;

	if (d->of_table)
		errcontext("column \"%s\" of foreign table \"%s\"",
				   get_attname(d->select->relid, d->target[d->current], false), d->relation);
	else
		errcontext("%s of foreign table \"%s\"",
				   scyllaFromUtf8(strVal(list_nth(d->select->items, d->current))), d->relation);
}

static bool
types_unchanged(const ScyllaDecoder *d, const CqlMetadata *metadata)
{
	for (uint32_t i = 0; i < metadata->count; i++)
	{
		if (d->target[i] > 0 && !cql_type_equal(d->converter[i]->cql, metadata->column[i].type))
			return false;
	}
	return true;
}

static void
make_converters(ScyllaDecoder *d, const ScyllaFetch *fetch)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = column_context,.arg = d};
	const CqlMetadata *metadata = scyllaFetchMetadata(fetch);
	MemoryContext old;

	if (d->nitems != (int) metadata->count)
		scyllaRaiseMalformed("result metadata");
	if (d->converter != NULL && types_unchanged(d, metadata))
		return;
	d->converter = NULL;
	MemoryContextReset(d->context);
	cql_arena_free(&d->types);
	scyllaFetchKeepMetadata(fetch, &d->types, &d->metadata);
	old = MemoryContextSwitchTo(d->context);
	d->converter = palloc0_array(ScyllaConverter *, metadata->count);
	error_context_stack = &context;
	for (d->current = 0; d->current < d->nitems; d->current++)
	{
		int			i = d->target[d->current];

		if (i > 0)
			d->converter[d->current] = scyllaMakeConverter(d->metadata.column[d->current].type,
														   TupleDescAttr(d->desc, i - 1)->atttypid,
														   TupleDescAttr(d->desc, i - 1)->atttypmod);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
}

/* ---- rows ---- */

static void
decode_values(ScyllaDecoder *d, const CqlBytes *value, TupleTableSlot *slot)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = column_context,.arg = d};

	error_context_stack = &context;
	for (d->current = 0; d->current < d->nitems; d->current++)
	{
		int			i = d->target[d->current] - 1;
		ScyllaConverter *converter = d->converter[d->current];

		if (i < 0 || value[d->current].len < 0)
			continue;
		slot->tts_isnull[i] = false;
		slot->tts_values[i] = converter->decode(converter, value[d->current], &slot->tts_isnull[i]);
	}
	error_context_stack = context.previous;
}

void
scyllaDecodeRow(ScyllaDecoder *d, const ScyllaFetch *fetch, MemoryContext row_context, TupleTableSlot *slot)
{
	MemoryContext old;

	if (d->page != scyllaFetchPage(fetch))
	{
		make_converters(d, fetch);
		d->page = scyllaFetchPage(fetch);
	}
	old = MemoryContextSwitchTo(row_context);
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	decode_values(d, scyllaFetchRow(fetch), slot);
	MemoryContextSwitchTo(old);
	ExecStoreVirtualTuple(slot);
}
