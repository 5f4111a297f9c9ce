/*
 * fdw/scan.c
 *	  Reading a foreign table page by page.
 *
 * Backend thread. Owns one ScyllaScan per scan node, in the executor's query
 * context; when that goes early, its pipeline is abandoned.
 *
 * The next page is asked for when the second row of a page is read, so it travels
 * while this one is decoded, and a scan that wants one row reads one page. The
 * end is where the server says there is no further page: an empty page is not it.
 * Every page brings its own metadata and is decoded by it.
 *
 * When this session writes to the table of an open scan, the scan first puts what
 * it has not read yet into a tuplestore: INSERT ... SELECT from the same table, or
 * a cursor, must not meet the new rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "cql/token.h"
#include "fdw/compat.h"
#include "fdw/deparse.h"
#include "fdw/error.h"
#include "fdw/key.h"
#include "fdw/plan.h"
#include "fdw/report.h"
#include "fdw/rows.h"
#include "fdw/scan.h"
#include "fdw/session.h"
#include "fdw/statement.h"
#include "fdw/table.h"
#include "fdw/typemap.h"

/* A partition key column and its value. */
typedef struct ScyllaKey
{
	ExprState  *expr;
	Oid			type;			/* of the expression */
	ScyllaConverter *converter;
} ScyllaKey;

typedef struct ScyllaScan
{
	Relation	rel;
	ScyllaTableOptions *options;
	char	   *cql;			/* UTF-8 */
	List	   *attnums;		/* int list: of each selected column; 0 alone: none is needed */
	List	   *key_attnums;
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaStatement *statement; /* NULL until the first row is wanted */
	ScyllaPipeline *pipeline;	/* NULL: nothing was asked for */
	RequestTemplate request;
	ScyllaKey  *key;
	int			nkeys;
	ScyllaConverter **converter;	/* one per selected column, by metadata */
	CqlMetadata metadata;		/* of the last page that differed from the one before */
	CqlArena	types;			/* holds it */
	int			current;		/* column being decoded, for the error context */
	bool		begun;
	bool		more;			/* there is a further page */
	bool		asked;			/* and it has been asked for */
	CqlBuffer	values;			/* [short n] n x [value] of this scan */
	CqlBuffer	routing;		/* routing key of several columns */
	int64		token;
	Request    *page;			/* being read; NULL: none */
	ScyllaRows *rows;
	uint64		row;			/* of this page */
	MemoryContext page_context; /* rows, paging state */
	MemoryContext row_context;	/* decoded values of the current row */
	MemoryContext type_context; /* converters */
	ScyllaReader reader;
	ForeignScanState *node;
	ResourceOwner owner;		/* of the scan: a savepoint's must not take the store with it */
	Tuplestorestate *store;		/* rows that were read ahead of a write; NULL: none */
	TupleTableSlot *stored;		/* the current one */
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
	cql_buffer_free(&scan->values);
	cql_buffer_free(&scan->routing);
	cql_arena_free(&scan->types);
}

static void collect_rows(ScyllaReader *reader);

/* Fail with both names rather than with the server's text, which knows only its own. */
static void
check_columns(ScyllaScan *scan)
{
	List	   *names = NIL;
	ScyllaTable *table;
	ListCell   *lc;

	foreach(lc, scan->attnums)
	{
		if (lfirst_int(lc) > 0)
			names = lappend(names, scyllaToUtf8(scyllaColumnName(scan->rel, lfirst_int(lc))));
	}
	table = scyllaDescribeColumns(scan->session, scan->options, names, false);
	foreach(lc, names)
	{
		AttrNumber	attnum = list_nth_int(scan->attnums, foreach_current_index(lc));

		if (scyllaTableColumn(table, lfirst(lc)) == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
					 errmsg("column \"%s\" of foreign table \"%s\" does not exist in table \"%s.%s\"",
							NameStr(TupleDescAttr(RelationGetDescr(scan->rel), attnum - 1)->attname),
							RelationGetRelationName(scan->rel), scan->options->keyspace, scan->options->table),
					 errhint("The option column_name of the column names another one.")));
	}
}

static void
init_keys(ScyllaScan *scan, ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *states = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);

	scan->nkeys = list_length(scan->key_attnums);
	scan->key = palloc0(sizeof(ScyllaKey) * Max(scan->nkeys, 1));
	for (int i = 0; i < scan->nkeys; i++)
	{
		scan->key[i].expr = list_nth(states, i);
		scan->key[i].type = exprType(list_nth(plan->fdw_exprs, i));
	}
}

void
scyllaBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ScyllaScan *scan = palloc0(sizeof(*scan));

	node->fdw_state = scan;
	scan->rel = node->ss.ss_currentRelation;
	scan->options = scyllaTableOptions(RelationGetRelid(scan->rel));
	scan->cql = strVal(list_nth(plan->fdw_private, SCYLLA_SCAN_CQL));
	scan->attnums = list_nth(plan->fdw_private, SCYLLA_SCAN_COLUMNS);
	scan->key_attnums = list_nth(plan->fdw_private, SCYLLA_SCAN_KEYS);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	scan->session = scyllaGetSession(scyllaScanUser(node), GetForeignTable(RelationGetRelid(scan->rel))->serverid);
	init_keys(scan, node);
	scan->page_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw page", ALLOCSET_DEFAULT_SIZES);
	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	scan->type_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw types", ALLOCSET_SMALL_SIZES);
	scyllaReportBegin(&scan->report, scan->session->client);
	scan->node = node;
	scan->owner = CurrentResourceOwner;
	scan->reader.serverid = scan->session->serverid;
	scan->reader.options = scan->options;
	scan->reader.collect = collect_rows;
	scyllaAddReader(&scan->reader);
	scan->callback.func = release_scan;
	scan->callback.arg = scan;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &scan->callback);
}

/* At the first row, not at the begin: a scan that is never read asks for nothing. */
static void
prepare_scan(ScyllaScan *scan)
{
	check_columns(scan);
	scan->statement = scyllaPrepare(scan->session, scan->options, scan->cql);
	if (scan->statement->bind.count != (uint32_t) scan->nkeys)
		scyllaRaiseMalformed("PREPARED message");
	for (int i = 0; i < scan->nkeys; i++)
		scan->key[i].converter = scyllaMakeConverter(scan->statement->bind.column[i].type,
													 TupleDescAttr(RelationGetDescr(scan->rel),
																   list_nth_int(scan->key_attnums, i) - 1)->atttypid, -1);
	scan->request.statement = scan->statement->number;
	scan->request.timeout_ms = (uint32_t) scan->options->request_timeout;
	scan->request.kind = CLUSTER_EXECUTE;
	scan->request.consistency = (uint8_t) scan->options->read_consistency;
	scan->request.flags = CQL_PARAM_PAGE_SIZE | (scan->nkeys > 0 ? CQL_PARAM_VALUES : 0);
	scan->request.idempotent = true;
}

/* ---- keys ---- */

/* Encode the key into scan->values. False: no row can match. */
static bool
encode_keys(ScyllaScan *scan, ExprContext *econtext)
{
	CqlBuffer  *b = &scan->values;

	cql_buffer_reset(b);
	cql_buffer_reset(&scan->routing);
	cql_put_u16(b, (uint16_t) scan->nkeys);
	for (int i = 0; i < scan->nkeys; i++)
	{
		ScyllaKey  *key = &scan->key[i];
		bool		isnull;
		Datum		value = ExecEvalExprSwitchContext(key->expr, econtext, &isnull);
		size_t		mark;

		if (isnull || !scyllaKeyCanBeStored(key->converter, key->type, value))
			return false;
		mark = cql_begin_value(b);
		key->converter->encode(key->converter, scyllaKeyValue(key->converter, key->type, value), b);
		cql_end_value(b, mark);
		if (b->len - mark - 4 > (scan->nkeys > 1 ? PG_UINT16_MAX : INT_MAX) ||
			(scan->nkeys == 1 && b->len == mark + 4))
			return false;		/* no key is longer, and none of one column is empty */
		if (scan->nkeys > 1)
			cql_token_put_component(&scan->routing, b->data + mark + 4, b->len - mark - 4);
	}
	if (b->failed || scan->routing.failed)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (scan->nkeys == 1)
		scan->token = cql_token_murmur3(b->data + 6, b->len - 6);
	else if (scan->nkeys > 1)
		scan->token = cql_token_murmur3(scan->routing.data, scan->routing.len);
	return true;
}

/* ---- pages ---- */

static void
ask_for_page(ScyllaScan *scan, CqlBytes paging_state)
{
	Pipeline   *core = scan->pipeline->core;
	RequestTemplate request = scan->request;
	CqlBuffer  *b = pipeline_begin(core);

	if (paging_state.len >= 0)
		request.flags |= CQL_PARAM_PAGING_STATE;
	if (b != NULL)
	{
		if (scan->nkeys > 0)
			cql_put_raw(b, scan->values.data, scan->values.len);
		cql_request_tail(b, request.flags, scan->options->fetch_size, paging_state, 0, 0);
	}
	if (b == NULL || pipeline_commit(core, &request, scan->nkeys > 0 ? &scan->token : NULL, scan->report.pages + 1) == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	pipeline_submit(core);
	scan->asked = true;
}

static void
raise_page(ScyllaScan *scan, Request *r)
{
	ScyllaErrorContext context = {.relation = RelationGetRelationName(scan->rel), .cql = scyllaFromUtf8(scan->cql)};
	ClusterFailure *failure = NULL;

	if (r->core.failure)
	{
		failure = palloc(sizeof(*failure));
		*failure = *r->core.failure;
		scyllaLearnFromFailure(scan->session, failure);
	}
	pipeline_release(scan->pipeline->core, r);
	scyllaRaiseFailure(failure, &context);
}

static void
column_context(void *arg)
{
	ScyllaScan *scan = arg;
	AttrNumber	attnum = list_nth_int(scan->attnums, scan->current);

	errcontext("column \"%s\" of foreign table \"%s\"",
			   NameStr(TupleDescAttr(RelationGetDescr(scan->rel), attnum - 1)->attname),
			   RelationGetRelationName(scan->rel));
}

static bool
types_unchanged(const ScyllaScan *scan, const CqlMetadata *metadata)
{
	for (uint32_t i = 0; i < metadata->count; i++)
	{
		if (!cql_type_equal(scan->converter[i]->cql, metadata->column[i].type))
			return false;
	}
	return true;
}

/* Converters outlive the page they were made for: decode its metadata again, into the scan's own arena. */
static const CqlMetadata *
keep_metadata(ScyllaScan *scan)
{
	CqlReader	r = cql_reader(scan->page->core.body, scan->page->core.body_length);
	uint32_t	nrows;

	cql_arena_free(&scan->types);
	(void) cql_response_result_kind(&r);
	if (!cql_response_rows(&r, &scan->types, &scan->metadata, &nrows))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return &scan->metadata;
}

static void
make_converters(ScyllaScan *scan, const CqlMetadata *metadata)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = scan};
	TupleDesc	desc = RelationGetDescr(scan->rel);
	MemoryContext old;

	if (list_length(scan->attnums) != (int) metadata->count)
		scyllaRaiseMalformed("result metadata");
	if (linitial_int(scan->attnums) == 0 || (scan->converter && types_unchanged(scan, metadata)))
		return;
	scan->converter = NULL;
	MemoryContextReset(scan->type_context);
	metadata = keep_metadata(scan);
	old = MemoryContextSwitchTo(scan->type_context);
	scan->converter = palloc0(sizeof(ScyllaConverter *) * metadata->count);
	error_context_stack = &context;
	for (scan->current = 0; scan->current < (int) metadata->count; scan->current++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, list_nth_int(scan->attnums, scan->current) - 1);

		scan->converter[scan->current] = scyllaMakeConverter(metadata->column[scan->current].type,
															 att->atttypid, att->atttypmod);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
}

static void
leave_page(ScyllaScan *scan)
{
	if (scan->page == NULL)
		return;
	scyllaRowsEnd(scan->rows);
	pipeline_release(scan->pipeline->core, scan->page);
	scan->page = NULL;
	scan->rows = NULL;
	MemoryContextReset(scan->page_context);
}

static void
ask_for_next_page(ScyllaScan *scan)
{
	if (scan->more && !scan->asked)
		ask_for_page(scan, scan->rows->metadata.paging_state);
}

/* Wait for the page that was asked for. */
static void
enter_page(ScyllaScan *scan)
{
	Request    *r;
	MemoryContext old;

	while ((r = pipeline_next_done(scan->pipeline->core)) == NULL)
		scyllaWait(scan->session, 1);
	scan->asked = false;
	scyllaReportRequest(&scan->report, r);
	if (r->core.failed)
		raise_page(scan, r);
	scan->report.pages++;
	scan->report.bytes += r->core.body_length;
	old = MemoryContextSwitchTo(scan->page_context);
	scan->page = r;
	scan->rows = scyllaRowsBegin(r->core.body, r->core.body_length);
	MemoryContextSwitchTo(old);
	make_converters(scan, &scan->rows->metadata);
	scan->more = scan->rows->metadata.paging_state.len >= 0;
	scan->row = 0;
}

/* To the next row of the next page that has one; false: there is none. */
static bool
next_row(ScyllaScan *scan)
{
	for (;;)
	{
		if (scan->page != NULL && scyllaRowsNext(scan->rows))
		{
			if (++scan->row == 2)
				ask_for_next_page(scan);
			return true;
		}
		if (scan->page != NULL)
			ask_for_next_page(scan);
		leave_page(scan);
		if (!scan->asked)
			return false;
		enter_page(scan);
	}
}

/* ---- rows ---- */

static void
begin_reading(ScyllaScan *scan, ForeignScanState *node)
{
	static const CqlBytes no_state = {NULL, -1};
	MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	bool		matching;

	scan->begun = true;
	scyllaDrainWriters(scan->session);
	if (scan->statement == NULL)
		prepare_scan(scan);
	MemoryContextSwitchTo(scan->row_context);
	matching = encode_keys(scan, node->ss.ps.ps_ExprContext);
	MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);
	if (matching)
	{
		if (scan->pipeline == NULL)
			scan->pipeline = scyllaOpenPipeline(scan->session, 0, 0);
		ask_for_page(scan, no_state);
	}
	MemoryContextSwitchTo(old);
}

static void
decode_row(ScyllaScan *scan, TupleTableSlot *slot)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = scan};
	MemoryContext old = MemoryContextSwitchTo(scan->row_context);

	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts * sizeof(bool));
	error_context_stack = &context;
	for (scan->current = 0; linitial_int(scan->attnums) > 0 && scan->current < list_length(scan->attnums); scan->current++)
	{
		int			i = list_nth_int(scan->attnums, scan->current) - 1;
		ScyllaConverter *converter = scan->converter[scan->current];
		CqlBytes	value = scan->rows->value[scan->current];

		if (value.len < 0)
			continue;
		slot->tts_isnull[i] = false;
		slot->tts_values[i] = converter->decode(converter, value, &slot->tts_isnull[i]);
	}
	error_context_stack = context.previous;
	MemoryContextSwitchTo(old);
	scan->report.rows++;
	ExecStoreVirtualTuple(slot);
}

/* ---- ahead of a write ---- */

static void
begin_store(ScyllaScan *scan)
{
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = scan->owner;
	scan->store = tuplestore_begin_heap(false, false, work_mem);
	CurrentResourceOwner = owner;
	if (scan->stored == NULL)
		scan->stored = ExecInitExtraTupleSlot(scan->node->ss.ps.state,
											  scan->node->ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
}

/* The executor may hold the current row: it and row_context are left alone. */
static void
store_rows(ScyllaScan *scan)
{
	MemoryContext row_context = scan->row_context;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(scan->stored->tts_tupleDescriptor, &TTSOpsVirtual);

	scan->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row ahead", ALLOCSET_DEFAULT_SIZES);
	while (next_row(scan))
	{
		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		decode_row(scan, slot);
		tuplestore_puttupleslot(scan->store, slot);
		MemoryContextReset(scan->row_context);
	}
	ExecDropSingleTupleTableSlot(slot);
	MemoryContextDelete(scan->row_context);
	scan->row_context = row_context;
}

/* A key that comes from the row of another table is not known before that row is there. */
static bool
key_is_known(const ScyllaScan *scan)
{
	return scan->nkeys == 0 || bms_is_empty(scan->node->ss.ps.plan->extParam);
}

static void
collect_rows(ScyllaReader *reader)
{
	ScyllaScan *scan = dlist_container(ScyllaScan, reader.node, &reader->node);
	MemoryContext old;

	if (scan->store != NULL || scan->broken || (scan->begun ? scan->page == NULL && !scan->asked : !key_is_known(scan)))
		return;
	old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);
	scan->broken = true;
	begin_store(scan);
	if (!scan->begun)
		begin_reading(scan, scan->node);
	store_rows(scan);
	scan->broken = false;
	MemoryContextSwitchTo(old);
}

/* A cursor may outlive the savepoint in which this failed. */
static void
raise_broken(const ScyllaScan *scan)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("foreign table \"%s\" could not be read to its end before it was written to",
					RelationGetRelationName(scan->rel))));
}

/* Not in the caller's context, which goes before the slot frees its row. */
static TupleTableSlot *
stored_row(ScyllaScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->node->ss.ps.state->es_query_cxt);

	(void) tuplestore_gettupleslot(scan->store, true, false, scan->stored);
	MemoryContextSwitchTo(old);
	return scan->stored;
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
	if (scan->store != NULL)
		return stored_row(scan);
	if (!scan->begun)
		begin_reading(scan, node);
	if (next_row(scan))
		decode_row(scan, slot);
	return slot;
}

/* A page on its way is left behind with its pipeline. */
static void
stop_reading(ScyllaScan *scan)
{
	leave_page(scan);
	if (scan->asked)
	{
		scyllaAbandonPipeline(scan->pipeline);
		scan->pipeline = NULL;
	}
	if (scan->store != NULL)
	{
		ExecClearTuple(scan->stored);
		tuplestore_end(scan->store);
		scan->store = NULL;
	}
	scan->asked = scan->more = scan->begun = scan->broken = false;
}

void
scyllaReScanForeignScan(ForeignScanState *node)
{
	stop_reading(node->fdw_state);
}

void
scyllaEndForeignScan(ForeignScanState *node)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan == NULL)
		return;
	stop_reading(scan);
	if (scan->pipeline != NULL)
		scyllaClosePipeline(scan->pipeline);
}

static char *
key_columns(const ScyllaScan *scan)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, scan->key_attnums)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 NameStr(TupleDescAttr(RelationGetDescr(scan->rel), lfirst_int(lc) - 1)->attname));
	return names.data;
}

void
scyllaExplainForeignScan(ForeignScanState *node, struct ExplainState *es)
{
	ScyllaScan *scan = node->fdw_state;

	if (scan->key_attnums != NIL)
		ExplainPropertyText("Key", key_columns(scan), es);
	if (es->verbose)
	{
		ExplainPropertyText("CQL", scyllaFromUtf8(scan->cql), es);
		ExplainPropertyInteger("Fetch Size", NULL, scan->options->fetch_size, es);
		ExplainPropertyText("Consistency", cql_consistency_name(scan->options->read_consistency), es);
	}
	if (es->analyze && scan->session != NULL)
		scyllaExplainReport(&scan->report, scan->session->client, false, es);
}
