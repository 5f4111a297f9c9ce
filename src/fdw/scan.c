/*
 * fdw/scan.c
 *	  Reading a foreign table.
 *
 * Backend thread. Owns one ScyllaScan per scan node, in the executor's query
 * context; when that goes early, what is on its way is abandoned.
 *
 * When its first row is wanted, a scan works out what its conditions' values are,
 * hence the text of the SELECT and the requests it takes (source.c), and reads
 * these side by side (fetch.c). Every page brings its own metadata and is decoded
 * by it.
 *
 * A scan that may be read again with the same parameters keeps its rows in a
 * tuplestore. And when this session writes to the table of an open scan, the scan
 * first puts what it has not read yet into one: INSERT ... SELECT from the same
 * table, or a cursor, must not meet the new rows.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "fdw/compat.h"
#include "fdw/deparse.h"
#include "fdw/error.h"
#include "fdw/fetch.h"
#include "fdw/key.h"
#include "fdw/report.h"
#include "fdw/scan.h"
#include "fdw/select.h"
#include "fdw/session.h"
#include "fdw/source.h"
#include "fdw/statement.h"
#include "fdw/table.h"
#include "fdw/typemap.h"

#define MAX_LANES 1024		/* keys looked up at once */

/* "column op value" */
typedef struct ScanCondition
{
	ExprState  *expr;
	Oid			type;			/* of the expression; of its elements where it is an array */
	Oid			column_type;
	char	   *column;			/* UTF-8 */
	ScyllaOperator planned;
	bool		key;			/* of the partition key */
	ScyllaConverter *converter;
} ScanCondition;

typedef struct ScyllaScan
{
	ForeignScanState *node;
	Oid			relid;
	char	   *relation;		/* for messages */
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	int		   *target;			/* of each item: attribute of the slot; 0: none */
	int			nitems;
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScanCondition *condition;
	int			nconditions;
	ScyllaOperator *operators;	/* of this reading */
	ExprState  *limit;			/* NULL: none */
	ExprState  *offset;
	MemoryContext reading;		/* what one reading needs: source, fetch */
	ScyllaFetch *fetch;			/* NULL: nothing was asked for, or no row can match */
	bool		checked;		/* columns and types */
	bool		begun;
	ScyllaConverter **converter;	/* one per item, by metadata */
	uint64		page;			/* that they were looked at for */
	CqlMetadata metadata;		/* of the last page that differed from the one before */
	CqlArena	types;			/* holds it */
	CqlArena	key_types;
	int			current;		/* item being decoded, for the error context */
	MemoryContext row_context;	/* decoded values of the current row */
	MemoryContext type_context; /* converters */
	ScyllaReader reader;
	ResourceOwner owner;		/* of the scan: a savepoint's must not take the store with it */
	bool		keep;			/* rows may be wanted again */
	Tuplestorestate *store;		/* NULL: none */
	TupleTableSlot *stored;		/* the current row of it */
	bool		complete;		/* the store has all that is to come */
	bool		broken;			/* reading ahead failed */
	ScyllaReport report;
	MemoryContextCallback callback;
} ScyllaScan;

/* ---- begin ---- */

static void
release_scan(void *arg)
{
	ScyllaScan *scan = arg;

	dlist_delete(&scan->reader.node);
	cql_arena_free(&scan->types);
	cql_arena_free(&scan->key_types);
}

static void collect_rows(ScyllaReader *reader);

static void
init_condition(ScyllaScan *scan, int i, ExprState *expr, Expr *value)
{
	ScanCondition *c = &scan->condition[i];

	c->expr = expr;
	c->planned = list_nth_int(scan->select->operators, i);
	c->type = exprType((Node *) value);
	if (c->planned == SCYLLA_IN)
		c->type = get_element_type(getBaseType(c->type));
	c->type = getBaseType(c->type);
	c->column = strVal(list_nth(scan->select->columns, i));
	c->column_type = get_atttype(scan->relid, list_nth_int(scan->select->attnums, i));
	c->key = i < scan->select->npartition;
}

static void
init_expressions(ScyllaScan *scan)
{
	ForeignScan *plan = (ForeignScan *) scan->node->ss.ps.plan;
	List	   *states = ExecInitExprList(plan->fdw_exprs, (PlanState *) scan->node);

	scan->nconditions = list_length(scan->select->columns);
	scan->condition = palloc0(sizeof(ScanCondition) * Max(scan->nconditions, 1));
	scan->operators = palloc0(sizeof(ScyllaOperator) * Max(scan->nconditions, 1));
	for (int i = 0; i < scan->nconditions; i++)
		init_condition(scan, i, list_nth(states, i), list_nth(plan->fdw_exprs, i));
	if (scan->select->limited)
	{
		scan->limit = list_nth(states, scan->nconditions);
		scan->offset = list_nth(states, scan->nconditions + 1);
	}
}

static void
register_reader(ScyllaScan *scan)
{
	scan->owner = CurrentResourceOwner;
	scan->reader.serverid = scan->session->serverid;
	scan->reader.options = scan->options;
	scan->reader.collect = collect_rows;
	scyllaAddReader(&scan->reader);
	scan->callback.func = release_scan;
	scan->callback.arg = scan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &scan->callback);
}

void
scyllaBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ScyllaScan *scan = palloc0(sizeof(*scan));
	ListCell   *lc;

	node->fdw_state = scan;
	scan->node = node;
	scan->select = scyllaUnpackSelect(plan->fdw_private);
	scan->relid = scan->select->relid;
	scan->relation = get_rel_name(scan->relid);
	scan->options = scyllaTableOptions(scan->relid);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	scan->nitems = list_length(scan->select->items);
	scan->target = palloc(sizeof(int) * scan->nitems);
	foreach(lc, scan->select->targets)
		scan->target[foreach_current_index(lc)] = lfirst_int(lc);
	scan->session = scyllaGetSession(scyllaScanUser(node), GetForeignTable(scan->relid)->serverid);
	scan->keep = (eflags & EXEC_FLAG_REWIND) != 0;
	init_expressions(scan);
	scan->reading = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw reading", ALLOCSET_DEFAULT_SIZES);
	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	scan->type_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw types", ALLOCSET_SMALL_SIZES);
	scyllaReportBegin(&scan->report, scan->session->client);
	register_reader(scan);
}

/* ---- the table, as it is now ---- */

static void
no_such_column(const ScyllaScan *scan, AttrNumber attnum)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("column \"%s\" of foreign table \"%s\" does not exist in table \"%s.%s\"",
					get_attname(scan->relid, attnum, false), scan->relation,
					scan->options->keyspace, scan->options->table),
			 errhint("The option column_name of the column names another one.")));
}

/* The type tells how a value is compared, before anything is prepared. */
static void
make_key_converter(ScyllaScan *scan, ScanCondition *c, const char *type)
{
	CqlType    *cql = cql_type_from_schema(type, strlen(type), &scan->key_types, NULL, NULL);

	if (cql == NULL)
		scyllaRaiseMalformed("type in the description of a table");
	c->converter = scyllaMakeConverter(cql, c->column_type, -1);
}

/* Fail with both names rather than with the server's text, which knows only its own. */
static void
check_table(ScyllaScan *scan)
{
	List	   *attnums = list_copy(scan->select->attnums);
	List	   *names = NIL;
	ScyllaTable *table;
	ListCell   *lc;

	for (int i = 0; scan->node->ss.ss_currentRelation != NULL && i < scan->nitems; i++)
	{
		if (scan->target[i] > 0)
			attnums = lappend_int(attnums, scan->target[i]);
	}
	foreach(lc, attnums)
		names = lappend(names, scyllaToUtf8(scyllaColumnName(scan->relid, lfirst_int(lc))));
	table = scyllaDescribeColumns(scan->session, scan->options, names, false);
	foreach(lc, names)
	{
		ScyllaTableColumn *column = scyllaTableColumn(table, lfirst(lc));
		int			i = foreach_current_index(lc);

		if (column == NULL)
			no_such_column(scan, list_nth_int(attnums, i));
		if (i < scan->nconditions)
			make_key_converter(scan, &scan->condition[i], column->type);
	}
	scan->checked = true;
}

/* ---- what is asked for ---- */

/* One value of a condition, in wire form. false: no stored value fulfils the condition. */
static bool
add_value(ScyllaScan *scan, ScyllaKeySource *source, int i, Datum value)
{
	ScanCondition *c = &scan->condition[i];
	ScyllaOperator op = c->planned;
	CqlBuffer	body = {0};
	bool		fits;

	if (!scyllaKeyCondition(c->converter, c->type, &op, &value))
		return false;
	scan->operators[i] = op;
	if (op == SCYLLA_ANY)
		return true;
	c->converter->encode(c->converter, value, &body);
	if (body.failed)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	/* no key is longer, and none of one column is empty */
	fits = !c->key || (body.len <= PG_UINT16_MAX && (scan->select->npartition > 1 || body.len > 0));
	if (fits)
		scyllaSourceValue(source, i, body.data, body.len);
	cql_buffer_free(&body);
	return fits;
}

static bool
add_array(ScyllaScan *scan, ScyllaKeySource *source, int i, Datum array)
{
	Oid			type = ARR_ELEMTYPE(DatumGetArrayTypeP(array));
	Datum	   *value;
	bool	   *isnull;
	int			n;
	int16		length;
	bool		byval;
	char		align;
	bool		any = false;

	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), type, length, byval, align, &value, &isnull, &n);
	for (int k = 0; k < n; k++)
		any |= !isnull[k] && add_value(scan, source, i, value[k]);
	return any;
}

/* false: no row can match. */
static bool
add_conditions(ScyllaScan *scan, ScyllaKeySource *source)
{
	ExprContext *econtext = scan->node->ss.ps.ps_ExprContext;

	for (int i = 0; i < scan->nconditions; i++)
	{
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(scan->condition[i].expr, econtext, &isnull);

		if (isnull)
			return false;
		if (!(scan->condition[i].planned == SCYLLA_IN ? add_array(scan, source, i, value) :
			  add_value(scan, source, i, value)))
			return false;
	}
	return true;
}

/* Rows that the query wants at most, those it skips included; -1: all, or more than CQL can say. */
static int64
evaluate_limit(ScyllaScan *scan)
{
	ExprContext *econtext = scan->node->ss.ps.ps_ExprContext;
	bool		isnull;
	int64		count;
	int64		skip;

	if (scan->limit == NULL)
		return -1;
	count = DatumGetInt64(ExecEvalExprSwitchContext(scan->limit, econtext, &isnull));
	if (isnull || count < 0)
		return -1;
	skip = DatumGetInt64(ExecEvalExprSwitchContext(scan->offset, econtext, &isnull));
	if (!isnull && skip > 0)
		count = count > PG_INT32_MAX || skip > PG_INT32_MAX ? PG_INT64_MAX : count + skip;
	return count <= PG_INT32_MAX ? count : -1;
}

/* Values were encoded by the types that the table's description gave. */
static void
check_markers(const ScyllaScan *scan, const CqlMetadata *bind, int first)
{
	for (int i = 0; i < scan->nconditions; i++)
	{
		if (scan->operators[i] == SCYLLA_ANY)
			continue;
		if (first >= (int) bind->count || !cql_type_equal(bind->column[first].type, scan->condition[i].converter->cql))
		{
			scyllaForgetSchema(scan->session);
			ereport(ERROR,
					(errcode(ERRCODE_FDW_INVALID_COLUMN_NAME),
					 errmsg("column \"%s\" of table \"%s.%s\" has another type than before",
							scyllaFromUtf8(scan->condition[i].column), scan->options->keyspace, scan->options->table),
					 errhint("Repeat the statement.")));
		}
		first++;
	}
}

static void
open_fetch(ScyllaScan *scan, ScyllaKeySource *source, int64 limit)
{
	ScyllaSelectForm form = {scan->operators, false, limit >= 0};
	ScyllaFetchConfig config = {.session = scan->session,.options = scan->options,.relation = scan->relation,
	.report = &scan->report,.source = scyllaSourceOf(source)};

	if (limit >= 0)
		scyllaSourceLimit(source, (int32) limit);
	config.lanes = Min(scyllaEndSource(source), MAX_LANES);
	config.cql = scyllaDeparseSelect(scan->select, scan->options, &form);
	config.statement = scyllaPrepare(scan->session, scan->options, config.cql);
	check_markers(scan, &config.statement->bind, 0);
	config.page_rows = limit >= 0 ? (int) Min(limit, scan->options->fetch_size) : scan->options->fetch_size;
	scan->fetch = scyllaFetchOpen(&config);
	scan->page = 0;
}

static void
begin_reading(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	ScyllaKeySource *source;
	int64		limit;

	scan->begun = true;
	scyllaDrainWriters(scan->session);
	if (!scan->checked)
		check_table(scan);
	MemoryContextSwitchTo(scan->reading);
	source = scyllaBeginSource(scan->nconditions, scan->select->npartition);
	limit = evaluate_limit(scan);
	if (limit != 0 && add_conditions(scan, source))
		open_fetch(scan, source, limit);
	MemoryContextSwitchTo(old);
}

/* ---- rows ---- */

static void
column_context(void *arg)
{
	ScyllaScan *scan = arg;

	if (scan->node->ss.ss_currentRelation != NULL)
		errcontext("column \"%s\" of foreign table \"%s\"",
				   get_attname(scan->relid, scan->target[scan->current], false), scan->relation);
	else
		errcontext("%s of foreign table \"%s\"",
				   scyllaFromUtf8(strVal(list_nth(scan->select->items, scan->current))), scan->relation);
}

static bool
types_unchanged(const ScyllaScan *scan, const CqlMetadata *metadata)
{
	for (uint32_t i = 0; i < metadata->count; i++)
	{
		if (scan->target[i] > 0 && !cql_type_equal(scan->converter[i]->cql, metadata->column[i].type))
			return false;
	}
	return true;
}

/* Converters outlive the page they were made for. */
static void
make_converters(ScyllaScan *scan, const CqlMetadata *metadata)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = column_context,.arg = scan};
	TupleDesc	desc = scan->node->ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	MemoryContext old;

	if (scan->nitems != (int) metadata->count)
		scyllaRaiseMalformed("result metadata");
	if (scan->converter != NULL && types_unchanged(scan, metadata))
		return;
	scan->converter = NULL;
	MemoryContextReset(scan->type_context);
	cql_arena_free(&scan->types);
	scyllaFetchKeepMetadata(scan->fetch, &scan->types, &scan->metadata);
	old = MemoryContextSwitchTo(scan->type_context);
	scan->converter = palloc0(sizeof(ScyllaConverter *) * metadata->count);
	error_context_stack = &context;
	for (scan->current = 0; scan->current < scan->nitems; scan->current++)
	{
		int			i = scan->target[scan->current];

		if (i > 0)
			scan->converter[scan->current] = scyllaMakeConverter(scan->metadata.column[scan->current].type,
																 TupleDescAttr(desc, i - 1)->atttypid,
																 TupleDescAttr(desc, i - 1)->atttypmod);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
}

/* false: there is none. */
static bool
next_row(ScyllaScan *scan)
{
	ScyllaFetchResult result;

	if (scan->fetch == NULL)
		return false;
	do
		result = scyllaFetchNext(scan->fetch, true);
	while (result == SCYLLA_FETCH_LANE_END);
	if (result == SCYLLA_FETCH_END)
	{
		scyllaFetchClose(scan->fetch);
		scan->fetch = NULL;
		return false;
	}
	if (scyllaFetchPage(scan->fetch) != scan->page)
	{
		make_converters(scan, scyllaFetchMetadata(scan->fetch));
		scan->page = scyllaFetchPage(scan->fetch);
	}
	return true;
}

static void
decode_row(ScyllaScan *scan, TupleTableSlot *slot)
{
	ErrorContextCallback context = {.previous = error_context_stack,.callback = column_context,.arg = scan};
	MemoryContext old = MemoryContextSwitchTo(scan->row_context);
	const CqlBytes *value = scyllaFetchRow(scan->fetch);

	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	error_context_stack = &context;
	for (scan->current = 0; scan->current < scan->nitems; scan->current++)
	{
		int			i = scan->target[scan->current] - 1;
		ScyllaConverter *converter = scan->converter[scan->current];

		if (i < 0 || value[scan->current].len < 0)
			continue;
		slot->tts_isnull[i] = false;
		slot->tts_values[i] = converter->decode(converter, value[scan->current], &slot->tts_isnull[i]);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
	scan->report.rows++;
	ExecStoreVirtualTuple(slot);
}

/* ---- rows that are kept ---- */

static void
begin_store(ScyllaScan *scan)
{
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);

	CurrentResourceOwner = scan->owner;
	scan->store = tuplestore_begin_heap(false, false, work_mem);
	tuplestore_set_eflags(scan->store, scan->keep ? EXEC_FLAG_REWIND : 0);
	(void) tuplestore_alloc_read_pointer(scan->store, 0);
	CurrentResourceOwner = owner;
	if (scan->stored == NULL)
		scan->stored = ExecInitExtraTupleSlot(scan->node->ss.ps.state,
											  scan->node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
}

/* Not in the caller's context, which goes before the slot frees its row. false: the store has been read to its end. */
static bool
next_stored(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	bool		found = tuplestore_gettupleslot(scan->store, true, false, scan->stored);

	MemoryContextSwitchTo(old);
	return found;
}

/*
 * The executor may hold the current row: it and row_context are left alone. A
 * store's active read pointer goes with what is put at its end, so another one is
 * active meanwhile.
 */
static void
store_rows(ScyllaScan *scan)
{
	MemoryContext row_context = scan->row_context;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(scan->stored->tts_tupleDescriptor, &TTSOpsVirtual);

	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row ahead", ALLOCSET_DEFAULT_SIZES);
	tuplestore_select_read_pointer(scan->store, 1);
	while (next_row(scan))
	{
		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		decode_row(scan, slot);
		tuplestore_puttupleslot(scan->store, slot);
		MemoryContextReset(scan->row_context);
	}
	tuplestore_select_read_pointer(scan->store, 0);
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(scan->row_context);
	scan->row_context = row_context;
}

/* A key that comes from the row of another table is not known before that row is there. */
static bool
key_is_known(const ScyllaScan *scan)
{
	return scan->nconditions == 0 || bms_is_empty(scan->node->ss.ps.plan->extParam);
}

static void
collect_rows(ScyllaReader *reader)
{
	ScyllaScan *scan = dlist_container(ScyllaScan, reader.node, &reader->node);
	MemoryContext old;

	if (scan->complete || scan->broken || (scan->begun ? scan->fetch == NULL : !key_is_known(scan)))
		return;
	old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	scan->broken = true;
	if (scan->store == NULL)
		begin_store(scan);
	if (!scan->begun)
		begin_reading(scan);
	store_rows(scan);
	scan->complete = true;
	scan->broken = false;
	MemoryContextSwitchTo(old);
}

/* A cursor may outlive the savepoint in which this failed. */
static void
raise_broken(const ScyllaScan *scan)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("foreign table \"%s\" could not be read to its end before it was written to", scan->relation)));
}

/* ---- the executor's calls ---- */

TupleTableSlot *
scyllaIterateForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	if (scan->broken)
		raise_broken(scan);
	ExecClearTuple(slot);
	MemoryContextReset(scan->row_context);
	if (scan->keep && scan->store == NULL)
		begin_store(scan);
	if (scan->store != NULL && (next_stored(scan) || scan->complete))
		return scan->stored;
	if (!scan->begun)
		begin_reading(scan);
	if (next_row(scan))
	{
		decode_row(scan, slot);
		if (scan->keep)			/* the store has been read to its end, and is so again */
			tuplestore_puttupleslot(scan->store, slot);
	}
	else
		scan->complete = scan->store != NULL;
	return slot;
}

/* What is on its way is left behind. */
static void
stop_reading(ScyllaScan *scan)
{
	if (scan->fetch != NULL)
		scyllaFetchClose(scan->fetch);
	scan->fetch = NULL;
	if (scan->store != NULL)
	{
		ExecClearTuple(scan->stored);
		tuplestore_end(scan->store);
		scan->store = NULL;
	}
	MemoryContextReset(scan->reading);
	scan->begun = scan->complete = scan->broken = false;
}

void
scyllaReScanForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan->keep && scan->store != NULL && !scan->broken && node->ss.ps.chgParam == NULL)
		tuplestore_rescan(scan->store);
	else
		stop_reading(scan);
}

void
scyllaEndForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan != NULL && scan->session != NULL)
		stop_reading(scan);
}

static char *
key_columns(const ScyllaSelect *select)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < select->npartition; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 get_attname(select->relid, list_nth_int(select->attnums, i), false));
	return names.data;
}

void
scyllaExplainForeignScan(ForeignScanState *node, struct ExplainState *es)
{
	ScyllaScan *scan = node->fdw_state;
	ScyllaSelect *select = scan->select;

	if (select->npartition > 0)
		ExplainPropertyText("Key", key_columns(select), es);
	if (es->verbose)
	{
		ExplainPropertyText("CQL", scyllaFromUtf8(scyllaExplainSelect(select, scan->options)), es);
		ExplainPropertyInteger("Fetch Size", NULL, scan->options->fetch_size, es);
		ExplainPropertyText("Consistency", cql_consistency_name(scan->options->read_consistency), es);
		if (select->local != NULL)
			ExplainPropertyText("Local Filter Reason", select->local, es);
	}
	if (es->analyze && scan->session != NULL)
		scyllaExplainReport(&scan->report, scan->session->client, false, es);
}
