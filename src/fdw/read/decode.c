/*
 * fdw/read/decode.c
 *	  From a page's bytes to a slot.
 *
 * Backend thread. Owns converters, one per selected expression, made by a page's
 * metadata; they outlive the page, and are made anew when a later one has other
 * types. Invariants: no value is decoded by converters that were not looked at for
 * its page; what the error context reads is set before anything below it can raise.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/read/decode.h"
#include "fdw/read/row_key.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/type/typemap.h"

typedef struct DecodedItem
{
	int			attribute;		/* of the slot, from 1; 0: none */
	ScyllaConverter *converter; /* NULL: none */
} DecodedItem;

struct ScyllaDecoder
{
	const ScyllaSelect *select;
	TupleDesc	desc;
	bool		of_table;		/* desc is the foreign table's */
	const char *relation;		/* for messages */
	int			nitems;
	DecodedItem *item;			/* one of each expression */
	bool		made;			/* converters, once at least */
	uint64		page;			/* that they were looked at for */
	MemoryContext context;		/* of the converters */
	CqlMetadata metadata;		/* of the last page that differed from the one before */
	CqlArena	types;			/* holds it */
	ScyllaRowKey *key;			/* of rows; NULL: they have none */

	/* for the error context */
	const DecodedItem *current; /* being decoded */
	const ScyllaFetch *fetch;	/* whose row it is; NULL: none's */
	ErrorContextCallback *previous;

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
	d->item = palloc0_array(DecodedItem, d->nitems);
	foreach(lc, select->targets)
		d->item[foreach_current_index(lc)].attribute = lfirst_int(lc);
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
	char	   *line;

	if (d->of_table)
		line = psprintf("column \"%s\" of foreign table \"%s\"",
						NameStr(TupleDescAttr(d->desc, d->current->attribute - 1)->attname), d->relation);
	else
		line = psprintf("%s of foreign table \"%s\"",
						scyllaTellUtf8(strVal(list_nth(d->select->items, (int) (d->current - d->item)))), d->relation);
	if (d->select->roles != NIL && d->select->group_by == NIL)
		errhint("A query of the column itself, without aggregates, names the row.");
	scyllaKeyContext(d->fetch != NULL ? d->key : NULL, d->fetch, d->previous, line);
}

static bool
types_unchanged(const ScyllaDecoder *d, const CqlMetadata *metadata)
{
	for (uint32_t i = 0; i < metadata->count; i++)
	{
		if (d->item[i].attribute > 0 && !cql_type_equal(d->item[i].converter->cql, metadata->column[i].type))
			return false;
	}
	return true;
}

static void
make_converters(ScyllaDecoder *d, const ScyllaFetch *fetch)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = d};
	const CqlMetadata *metadata = scyllaFetchMetadata(fetch);
	MemoryContext old;

	if (d->nitems != (int) metadata->count)
		scyllaRaiseMalformed("result metadata");
	if (d->made && types_unchanged(d, metadata))
		return;
	d->made = false;
	MemoryContextReset(d->context);
	cql_arena_free(&d->types);
	scyllaFetchKeepMetadata(fetch, &d->types, &d->metadata);
	old = MemoryContextSwitchTo(d->context);
	d->key = scyllaMakeRowKey(d->select, fetch);
	d->fetch = NULL;
	error_context_stack = &context;
	for (int i = 0; i < d->nitems; i++)
	{
		DecodedItem *item = &d->item[i];
		Form_pg_attribute attribute;

		if (item->attribute == 0)
			continue;
		d->current = item;
		attribute = TupleDescAttr(d->desc, item->attribute - 1);
		item->converter = scyllaMakeConverter(d->metadata.column[i].type, attribute->atttypid, attribute->atttypmod);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
	d->made = true;
}

/* ---- rows ---- */

static void
decode_values(ScyllaDecoder *d, const ScyllaFetch *fetch, TupleTableSlot *slot)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = d};
	const CqlBytes *value = scyllaFetchRow(fetch);
	const DecodedItem *end = d->item + d->nitems;
	Datum	   *values = slot->tts_values - 1;	/* attributes count from 1 */
	bool	   *isnull = slot->tts_isnull - 1;

	d->fetch = fetch;
	d->previous = context.previous;
	error_context_stack = &context;
	for (const DecodedItem *item = d->item; item < end; item++, value++)
	{
		if (item->attribute == 0)
			continue;
		d->current = item;
		isnull[item->attribute] = false;
		values[item->attribute] = scyllaDecode(item->converter, *value, &isnull[item->attribute]);
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
	decode_values(d, fetch, slot);
	MemoryContextSwitchTo(old);
	ExecStoreVirtualTuple(slot);
}
