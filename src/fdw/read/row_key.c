/*
 * fdw/read/row_key.c
 *	  Whose a value is that cannot be decoded: the key of the row.
 *
 * Backend thread. Owns nothing but the names of key columns. Invariants: nothing is
 * asked while an error is on the server's stack; in the end the first error is
 * thrown, unless an interrupt took its place.
 *
 * A row that breaks every query of its table has to be found, to be changed or
 * deleted. Where the key is among what is selected, its bytes are at hand. Else the
 * row's page is asked for once more, with the key's columns instead: the row at the
 * same place has the key. So queries do not select what they do not need, and rows
 * that can be decoded cost nothing.
 *
 * That takes a request in the midst of an error. The callback takes the error off
 * the server's stack and throws it anew when the key is known, so nothing runs
 * while an error is being reported. What fails meanwhile, a cancel apart, is
 * forgotten: the key is then missing in the message. Where interrupts are held off,
 * as with a lock, nothing is asked.
 */
#include "postgres.h"

#include "access/relation.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/read/row_key.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/type/literal.h"

#define KEY_TEXT 500			/* bytes of a key that messages show */
#define MOST_PAGES 100			/* until the row is there: the first, unless the cluster makes shorter ones than it did */

struct ScyllaRowKey
{
	List	   *names;			/* String: of the cluster's columns, UTF-8 */
	List	   *labels;			/* String: of the foreign table's where it has them */
	List	   *places;			/* int: among what is selected; NIL: not all are there */
};

/* ---- which columns ---- */

/* Of distinct partitions and of groups, only those that tell them apart. */
static List *
key_names(const ScyllaSelect *select, const ScyllaTable *table)
{
	List	   *names = NIL;

	if (select->roles != NIL)
		return list_copy_deep(select->group_by);
	for (int i = 0; i < table->npartition; i++)
		names = lappend(names, makeString(pstrdup(scyllaPartitionColumn(table, i)->name)));
	for (int i = 0; i < table->nclustering && !select->distinct; i++)
		names = lappend(names, makeString(pstrdup(scyllaClusteringColumn(table, i)->name)));
	return names;
}

/* The foreign table's name of a column; the cluster's if it has none. */
static char *
label_of(Oid relid, const char *name)
{
	Relation	relation = relation_open(relid, NoLock);	/* it is being read */
	TupleDesc	desc = RelationGetDescr(relation);
	char	   *label = NULL;

	for (int i = 0; i < desc->natts && label == NULL; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && !scyllaIsVirtual(att) && scyllaPseudoColumn(relid, i + 1) == SCYLLA_NO_PSEUDO &&
			strcmp(scyllaToUtf8(scyllaColumnName(relid, i + 1)), name) == 0)
			label = pstrdup(NameStr(att->attname));
	}
	relation_close(relation, NoLock);
	return label != NULL ? label : scyllaTellUtf8(name);
}

static int
place_of(const ScyllaSelect *select, const char *name)
{
	StringInfoData cql;
	ListCell   *lc;

	initStringInfo(&cql);
	scyllaAppendIdentifier(&cql, name);
	foreach(lc, select->items)
	{
		if (strcmp(strVal(lfirst(lc)), cql.data) == 0)
			return foreach_current_index(lc);
	}
	return -1;
}

ScyllaRowKey *
scyllaMakeRowKey(const ScyllaSelect *select, const ScyllaFetch *fetch)
{
	const ScyllaFetchConfig *config = scyllaFetchConfigOf(fetch);
	ScyllaRowKey *key = palloc0(sizeof(*key));
	bool		all = true;
	ListCell   *lc;

	key->names = key_names(select, scyllaDescribeTable(config->session, config->options));
	if (key->names == NIL)
		return NULL;
	foreach(lc, key->names)
	{
		int			place = place_of(select, strVal(lfirst(lc)));

		key->labels = lappend(key->labels, makeString(label_of(select->relid, strVal(lfirst(lc)))));
		key->places = lappend_int(key->places, place);
		all &= place >= 0;
	}
	if (!all)
		key->places = NIL;
	return key;
}

/* ---- looking for the row ---- */

static char *
key_cql(const ScyllaRowKey *key, const ScyllaFetchConfig *config)
{
	ScyllaSelect select = *config->select;
	ListCell   *lc;

	select.items = NIL;
	foreach(lc, key->names)
	{
		StringInfoData item;

		initStringInfo(&item);
		scyllaAppendIdentifier(&item, strVal(lfirst(lc)));
		select.items = lappend(select.items, makeString(item.data));
	}
	return scyllaDeparseSelect(&select, config->options, &config->form);
}

/* Pages of keys from where the current page began, up to the row. NULL: it is there no more. */
static ScyllaRows *
find_row(const ScyllaRowKey *key, const ScyllaFetch *fetch)
{
	const ScyllaFetchConfig *config = scyllaFetchConfigOf(fetch);
	ScyllaFetchPosition position = scyllaFetchPositionOf(fetch);
	ScyllaTableOptions options = *config->options;
	char	   *cql = key_cql(key, config);

	options.fetch_size = position.page_rows;
	for (int page = 0; page < MOST_PAGES; page++)
	{
		ScyllaResponse response = scyllaQuery(config->session, &options, cql,
											  position.values->len > 0 ? position.values : NULL, position.paging_state);
		ScyllaRows *rows = scyllaRowsBegin(response.body, response.length);

		if (rows->metadata.count != (uint32_t) list_length(key->names))
			return NULL;
		if (position.row <= rows->left)
		{
			while (position.row-- > 0)
				(void) scyllaRowsNext(rows);
			return rows;
		}
		position.row -= rows->left;
		position.paging_state = rows->metadata.paging_state;
		if (position.paging_state.len < 0)
			break;
	}
	return NULL;
}

/* ---- its text ---- */

/* A key may be what cannot be decoded: then it is shown as bytes. */
static void
append_value(StringInfo out, const CqlType *type, CqlBytes value)
{
	MemoryContext context = CurrentMemoryContext;
	CqlType		blob = {.id = CQL_TYPE_BLOB};
	int			begin = out->len;

	PG_TRY();
	{
		scyllaAppendLiteral(out, type, value);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		out->len = begin;
		scyllaAppendLiteral(out, &blob, value);
	}
	PG_END_TRY();
}

/* place NIL: the row has the key's columns and no others. */
static char *
key_text(const ScyllaRowKey *key, const List *places, const CqlMetadata *metadata, const CqlBytes *value)
{
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	for (int i = 0; i < list_length(key->names); i++)
	{
		int			place = places != NIL ? list_nth_int(places, i) : i;

		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", strVal(list_nth(key->labels, i)));
		appendStringInfoString(&values, i > 0 ? ", " : "");
		append_value(&values, metadata->column[place].type, value[place]);
	}
	if (values.len <= KEY_TEXT)
		return psprintf("(%s) = (%s)", names.data, values.data);
	return psprintf("(%s) = (%.*s...)", names.data, pg_mbcliplen(values.data, values.len, KEY_TEXT), values.data);
}

static char *
row_key(const ScyllaRowKey *key, const ScyllaFetch *fetch)
{
	ScyllaRows *rows;

	if (key->places != NIL)
		return key_text(key, key->places, scyllaFetchMetadata(fetch), scyllaFetchRow(fetch));
	rows = find_row(key, fetch);
	return rows != NULL ? key_text(key, NIL, &rows->metadata, rows->value) : NULL;
}

static bool
is_interrupt(int sqlstate)
{
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_OPERATOR_INTERVENTION;
}

/* NULL: it could not be found out. */
static char *
try_row_key(const ScyllaRowKey *key, const ScyllaFetch *fetch)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *volatile text = NULL;

	PG_TRY();
	{
		text = row_key(key, fetch);
	}
	PG_CATCH();
	{
		if (is_interrupt(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return text;
}

/* ---- the error ---- */

/* Errors about a value, which leave the session able to ask. */
static bool
may_ask(const ErrorData *error)
{
	return error->elevel == ERROR && InterruptHoldoffCount == 0 && CritSectionCount == 0 &&
		!is_interrupt(error->sqlerrcode) && ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_INSUFFICIENT_RESOURCES;
}

void
scyllaKeyContext(const ScyllaRowKey *key, const ScyllaFetch *fetch, ErrorContextCallback *previous, const char *line)
{
	MemoryContext old;
	ErrorData  *error;
	char	   *text;

	if (key == NULL)
	{
		errcontext("%s", line);
		return;
	}
	old = MemoryContextSwitchTo(AllocSetContextCreate(CurTransactionContext, "scylla_fdw key of a row",
													  ALLOCSET_SMALL_SIZES));
	error = CopyErrorData();
	if (!may_ask(error))
	{
		MemoryContextSwitchTo(old);
		errcontext("%s", line);
		return;
	}
	line = pstrdup(line);
	FlushErrorState();
	error_context_stack = previous;
	text = try_row_key(key, fetch);
	error->context = psprintf("%s%s%s%s%s", error->context ? error->context : "", error->context ? "\n" : "", line,
							  text ? ", key " : "", text ? text : "");
	ThrowErrorData(error);
}
