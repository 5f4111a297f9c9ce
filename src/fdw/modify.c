/*
 * fdw/modify.c
 *	  INSERT and COPY: rows in, requests out, acknowledgements back.
 *
 * Backend thread. Owns one ScyllaModify per foreign table and statement, in the
 * executor's query context; when that goes early, its pipeline is abandoned.
 *
 * A row is encoded straight into the pipeline and the executor goes on. Its fate
 * comes back later and is looked at here, in the backend: while later rows are
 * written, and at the end, where nothing is reported before every row was
 * acknowledged. Where the row's own fate matters at once (RETURNING, AFTER ROW
 * triggers, WITH CHECK OPTION, ON CONFLICT) it is waited for.
 *
 * Invariants: ordinals count the rows of this statement on this table from 1; a
 * failure is raised once and names its own row; a row that could not be encoded
 * leaves nothing behind.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "cql/frame.h"
#include "cql/token.h"
#include "fdw/compat.h"
#include "fdw/deparse.h"
#include "fdw/error.h"
#include "fdw/modify.h"
#include "fdw/report.h"
#include "fdw/rows.h"
#include "fdw/session.h"
#include "fdw/statement.h"
#include "fdw/table.h"
#include "fdw/target.h"
#include "fdw/typemap.h"

#define COLLECT_EVERY 64		/* rows between two looks at what came home */
#define KEY_TEXT 500			/* bytes of a key that messages show */

/* A bind marker of the INSERT. */
typedef struct ScyllaParameter
{
	AttrNumber	attnum;
	bool		key;			/* of the primary key: never NULL */
	const char *column;			/* of the foreign table, for messages */
	ScyllaConverter *converter;
	size_t		begin;			/* of the current row's value, in the pipeline's buffer */
	size_t		length;
} ScyllaParameter;

typedef struct ScyllaModify
{
	ScyllaTableOptions *options;
	List	   *attnums;		/* target columns, int list */
	char	   *cql;			/* UTF-8 */
	const char *relation;		/* for messages */
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaStatement *statement;
	ScyllaPipeline *pipeline;
	ScyllaWriter writer;
	RequestTemplate request;
	ScyllaParameter *param;
	int			nparams;
	int			current;		/* parameter being encoded, for the error context; nparams: none any more */
	const CqlBuffer *buffer;	/* and where the row is encoded */
	size_t		begin;
	bool		synchronous;	/* each row's fate is awaited */
	bool		if_not_exists;
	bool		applied;		/* fate of the last awaited row */
	int			level;			/* of the transaction's nesting */
	uint64		row;			/* ordinal of the last row begun */
	CqlBuffer	key;			/* routing key of several columns */
	MemoryContext row_context;	/* reset per row */
	ScyllaReport report;
	MemoryContextCallback callback;
} ScyllaModify;

/* ---- begin ---- */

static List *
column_names(Relation rel, List *attnums)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
		names = lappend(names, scyllaToUtf8(scyllaColumnName(RelationGetRelid(rel), lfirst_int(lc))));
	return names;
}

static void
missing_key(const ScyllaModify *m, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("INSERT into foreign table \"%s\" does not set key column \"%s\"",
					m->relation, scyllaFromUtf8(column)),
			 errdetail("It is part of the partition key of table \"%s.%s\".",
					   m->options->keyspace, m->options->table)));
}

static void
check_partition_key(const ScyllaModify *m, const ScyllaTable *table, List *names)
{
	for (int i = 0; i < table->ncolumns; i++)
	{
		ListCell   *lc;
		bool		found = false;

		if (table->column[i].kind != SCYLLA_PARTITION_KEY)
			continue;
		foreach(lc, names)
			found |= strcmp(lfirst(lc), table->column[i].name) == 0;
		if (!found)
			missing_key(m, table->column[i].name);
	}
}

static void
describe_parameters(ScyllaModify *m, Relation rel, List *names)
{
	ScyllaTable *table = scyllaDescribeColumns(m->session, m->options, names, true);

	m->nparams = list_length(names);
	m->param = palloc0(sizeof(ScyllaParameter) * Max(m->nparams, 1));
	for (int i = 0; i < m->nparams; i++)
	{
		AttrNumber	attnum = list_nth_int(m->attnums, i);
		ScyllaTableColumn *column = scyllaTableColumn(table, list_nth(names, i));

		m->param[i].attnum = attnum;
		m->param[i].column = pstrdup(NameStr(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attname));
		if (column == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
					 errmsg("column \"%s\" of foreign table \"%s\" does not exist in table \"%s.%s\"",
							m->param[i].column, m->relation, m->options->keyspace, m->options->table),
					 errhint("The option column_name of the column names another one.")));
		m->param[i].key = column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING;
	}
	check_partition_key(m, table, names);
}

static void
column_context(void *arg)
{
	ScyllaModify *m = arg;

	errcontext("column \"%s\" of foreign table \"%s\"", m->param[m->current].column, m->relation);
}

static void
make_converters(ScyllaModify *m, TupleDesc desc)
{
	ErrorContextCallback context = {.previous = error_context_stack, .callback = column_context, .arg = m};

	if (m->statement->bind.count != (uint32_t) m->nparams)
		scyllaRaiseMalformed("PREPARED message");
	error_context_stack = &context;
	for (m->current = 0; m->current < m->nparams; m->current++)
	{
		ScyllaParameter *p = &m->param[m->current];
		Form_pg_attribute att = TupleDescAttr(desc, p->attnum - 1);

		p->converter = scyllaMakeConverter(m->statement->bind.column[m->current].type, att->atttypid, att->atttypmod);
	}
	error_context_stack = context.previous;

	/* the statement's own word on the key: it may be younger than the table's description */
	for (uint16_t i = 0; i < m->statement->bind.pk_count; i++)
		m->param[m->statement->bind.pk_index[i]].key = true;
}

static void
release_modify(void *arg)
{
	ScyllaModify *m = arg;

	cql_buffer_free(&m->key);
	dlist_delete(&m->writer.node);
}

static void drain_writer(ScyllaWriter *writer);

static void
connect_modify(ScyllaModify *m, ResultRelInfo *rri, EState *estate, List *names)
{
	Relation	rel = rri->ri_RelationDesc;

	m->session = scyllaGetSession(scyllaResultUser(rri, estate), GetForeignTable(RelationGetRelid(rel))->serverid);
	scyllaFence(m->session);
	describe_parameters(m, rel, names);
	m->statement = scyllaPrepare(m->session, m->options, m->cql);
	make_converters(m, RelationGetDescr(rel));

	m->request.statement = m->statement->number;
	m->request.timeout_ms = (uint32_t) m->options->request_timeout;
	m->request.kind = CLUSTER_EXECUTE;
	m->request.consistency = (uint8_t) m->options->write_consistency;
	m->request.flags = CQL_PARAM_VALUES | (m->if_not_exists ? CQL_PARAM_SERIAL : CQL_PARAM_TIMESTAMP);
	m->request.idempotent = !m->if_not_exists;

	m->level = GetCurrentTransactionNestLevel();
	m->row_context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	m->pipeline = scyllaOpenPipeline(m->session, 0, (size_t) m->options->max_in_flight_bytes);
	scyllaReportBegin(&m->report, m->session->client);
	m->writer.drain = drain_writer;
	dlist_push_tail(&m->session->writers, &m->writer.node);
	m->callback.func = release_modify;
	m->callback.arg = m;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &m->callback);
}

static void
begin(ModifyTableState *mtstate, ResultRelInfo *rri, bool explain_only)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	EState	   *estate = mtstate->ps.state;
	Relation	rel = rri->ri_RelationDesc;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	ScyllaModify *m = palloc0(sizeof(*m));
	List	   *names;

	m->options = scyllaTableOptions(RelationGetRelid(rel));
	m->relation = pstrdup(RelationGetRelationName(rel));
	m->attnums = scyllaTargetColumns(mtstate, rri);
	names = column_names(rel, m->attnums);
	m->if_not_exists = plan && plan->onConflictAction == ONCONFLICT_NOTHING;
	m->synchronous = m->if_not_exists ||
		(plan && (plan->returningLists != NIL || plan->withCheckOptionLists != NIL)) ||
		(rri->ri_TrigDesc && rri->ri_TrigDesc->trig_insert_after_row);
	m->cql = scyllaDeparseInsert(m->options, names, m->if_not_exists);
	if (!explain_only)
		connect_modify(m, rri, estate, names);
	rri->ri_FdwState = m;
	MemoryContextSwitchTo(old);
}

/* ---- fates ---- */

/* "(id, day) = (42, '2024-02-29')", from a row's own bytes, of which n values are there. NULL: not the whole key. */
static char *
key_text(const ScyllaModify *m, const uint8_t *row, size_t length, int n)
{
	CqlReader	reader = cql_reader(row, length);
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	(void) cql_get_u16(&reader);
	for (int i = 0; i < m->nparams; i++)
	{
		CqlBytes	value = i < n ? cql_get_bytes(&reader) : (CqlBytes) {NULL, -1};

		if (!m->param[i].key)
			continue;
		if (value.len < 0 || reader.failed)
			return NULL;
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", m->param[i].column);
		appendStringInfoString(&values, values.len > 0 ? ", " : "");
		scyllaAppendLiteral(&values, m->statement->bind.column[i].type, value);
	}
	if (values.len <= KEY_TEXT)
		return psprintf("(%s) = (%s)", names.data, values.data);
	return psprintf("(%s) = (%.*s...)", names.data, pg_mbcliplen(values.data, values.len, KEY_TEXT), values.data);
}

static void
raise_row(ScyllaModify *m, Request *r)
{
	ScyllaErrorContext context = {.relation = m->relation, .ordinal = r->ordinal, .written = m->report.rows,
	.writes = true};
	ClusterFailure *failure = NULL;

	context.key = key_text(m, r->core.payload, r->core.length, m->nparams);
	if (r->core.failure)
	{
		failure = palloc(sizeof(*failure));
		*failure = *r->core.failure;
		scyllaLearnFromFailure(m->session, failure);
	}
	pipeline_release(m->pipeline->core, r);
	scyllaToldWritten(m->session, m->level, m->report.rows);
	scyllaRaiseFailure(failure, &context);
}

/* The answer to a conditional INSERT is a row whose first column is [applied]. */
static bool
was_applied(const ScyllaModify *m, const Request *r)
{
	MemoryContext old = MemoryContextSwitchTo(m->row_context);
	ScyllaRows *rows = scyllaRowsBegin(r->core.body, r->core.body_length);
	bool		applied;

	if (!scyllaRowsNext(rows) || rows->metadata.count == 0 || rows->value[0].len != 1)
		scyllaRaiseMalformed("answer to a conditional INSERT");
	applied = rows->value[0].data[0] != 0;
	scyllaRowsEnd(rows);
	MemoryContextSwitchTo(old);
	MemoryContextReset(m->row_context);
	return applied;
}

/* Look at everything that came home; of several failures the first row's is raised. */
static void
collect(ScyllaModify *m)
{
	Pipeline   *core = m->pipeline->core;
	Request    *failed = NULL;
	Request    *r;

	while ((r = pipeline_next_done(core)) != NULL)
	{
		scyllaReportRequest(&m->report, r);
		if (r->core.failed && (failed == NULL || r->ordinal < failed->ordinal))
		{
			Request    *later = failed;

			failed = r;
			r = later;
		}
		else if (!r->core.failed)
		{
			m->applied = !m->if_not_exists || was_applied(m, r);
			m->report.rows += m->applied;
			scyllaCountWritten(m->session, m->level, m->applied);
		}
		if (r != NULL)
			pipeline_release(core, r);
	}
	if (failed != NULL)
		raise_row(m, failed);
	scyllaReportProgress(&m->report, m->relation, m->row, false);
}

/* Wait in ever smaller steps, so that failures and progress are told in time. */
static void
drain(ScyllaModify *m)
{
	Pipeline   *core = m->pipeline->core;

	pipeline_submit(core);
	for (;;)
	{
		(void) client_drain(m->session->client);
		collect(m);
		if (pipeline_outstanding(core) == 0)
			break;
		scyllaWait(m->session, (pipeline_outstanding(core) + 1) / 2);
	}
}

static void
drain_writer(ScyllaWriter *writer)
{
	ScyllaModify *m = (ScyllaModify *) ((char *) writer - offsetof(ScyllaModify, writer));

	if (m->pipeline->core != NULL)
		drain(m);
}

/* Room for one more request. A quarter of the full pipeline at a time leaves the submitter enough to do. */
static void
make_room(ScyllaModify *m)
{
	Pipeline   *core = m->pipeline->core;

	if (m->row % COLLECT_EVERY == 0)
	{
		CHECK_FOR_INTERRUPTS();
		(void) client_drain(m->session->client);
		collect(m);
	}
	while (pipeline_full(core))
	{
		pipeline_submit(core);
		scyllaWait(m->session, (pipeline_outstanding(core) + 3) / 4);
		collect(m);
	}
}

/* ---- rows ---- */

/* How many rows stay, unless the error has a detail of its own. */
static void
tell_written(ScyllaModify *m)
{
	MemoryContext old = MemoryContextSwitchTo(m->row_context);
	ErrorData  *error = CopyErrorData();

	MemoryContextSwitchTo(old);
	if (m->row == 1 || error->elevel < ERROR || error->detail != NULL)
		return;
	errdetail_internal("%s", scyllaWrittenDetail(m->report.rows));
	scyllaToldWritten(m->session, m->level, m->report.rows);
}

/* The key as far as it is encoded. */
static void
row_context(void *arg)
{
	ScyllaModify *m = arg;
	const CqlBuffer *b = m->buffer;
	char	   *key = b->failed ? NULL : key_text(m, b->data + m->begin, b->len - m->begin, m->current);

	errcontext("%s%s%sforeign table \"%s\", row " UINT64_FORMAT "%s%s",
			   m->current < m->nparams ? "column \"" : "",
			   m->current < m->nparams ? m->param[m->current].column : "",
			   m->current < m->nparams ? "\" of " : "",
			   m->relation, m->row, key ? ", key " : "", key ? key : "");
	tell_written(m);
}

/* What was remembered of the table may be why: it is described anew next time. */
static void
null_key(const ScyllaModify *m, const ScyllaParameter *p)
{
	scyllaForgetSchema(m->session);
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in key column \"%s\" of foreign table \"%s\"", p->column, m->relation)));
}

static void
encode_value(ScyllaModify *m, ScyllaParameter *p, TupleTableSlot *slot, CqlBuffer *b)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, p->attnum, &isnull);
	size_t		mark;

	p->begin = p->length = 0;	/* no row's token is made of another's bytes */
	if (isnull)
	{
		if (p->key)
			null_key(m, p);
		if (m->options->insert_null)
			cql_put_null(b);
		else
			cql_put_unset(b);
		return;
	}
	mark = cql_begin_value(b);
	p->begin = b->len;
	p->converter->encode(p->converter, value, b);
	cql_end_value(b, mark);
	p->length = b->len - p->begin;
}

static void
encode_row(ScyllaModify *m, TupleTableSlot *slot, CqlBuffer *b)
{
	MemoryContext old = MemoryContextSwitchTo(m->row_context);

	cql_put_u16(b, (uint16_t) m->nparams);
	for (m->current = 0; m->current < m->nparams; m->current++)
		encode_value(m, &m->param[m->current], slot, b);
	MemoryContextSwitchTo(old);
	MemoryContextReset(m->row_context);
}

static void
out_of_memory(void)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/* From the encoded key, while it is hot. False: the cluster did not say which markers it is. */
static bool
row_token(ScyllaModify *m, const CqlBuffer *b, int64 *token)
{
	const CqlMetadata *bind = &m->statement->bind;
	const ScyllaParameter *p;

	if (bind->pk_count == 0)
		return false;
	if (bind->pk_count == 1)
	{
		p = &m->param[bind->pk_index[0]];
		*token = cql_token_murmur3(b->data + p->begin, p->length);
		return true;
	}
	cql_buffer_reset(&m->key);
	for (uint16_t i = 0; i < bind->pk_count; i++)
	{
		p = &m->param[bind->pk_index[i]];
		if (p->length > PG_UINT16_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("value of key column \"%s\" of foreign table \"%s\" is longer than 65535 bytes",
							p->column, m->relation)));
		cql_token_put_component(&m->key, b->data + p->begin, p->length);
	}
	if (m->key.failed)
		out_of_memory();
	*token = cql_token_murmur3(m->key.data, m->key.len);
	return true;
}

static void
check_size(const ScyllaModify *m, size_t size)
{
	if (size > CQL_FRAME_MAX_BODY - 65536)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row " UINT64_FORMAT " of foreign table \"%s\" takes %zu bytes, more than a CQL request can hold",
						m->row, m->relation, size)));
}

static void
write_row(ScyllaModify *m, TupleTableSlot *slot)
{
	static const CqlBytes no_state = {NULL, -1};
	ErrorContextCallback context = {.previous = error_context_stack, .callback = row_context, .arg = m};
	int64		token = 0;
	bool		routed;
	CqlBuffer  *b;

	if (m->row++ == 0)
		scyllaCollectReaders(m->session, m->options);
	make_room(m);
	b = pipeline_begin(m->pipeline->core);
	if (b == NULL)
		out_of_memory();
	m->buffer = b;
	m->begin = b->len;
	m->current = 0;
	error_context_stack = &context;
	encode_row(m, slot, b);
	if (b->failed)
		out_of_memory();
	routed = row_token(m, b, &token);
	cql_request_tail(b, m->request.flags, 0, no_state, m->options->serial_consistency,
					 m->if_not_exists ? 0 : scyllaTimestamp(token));
	check_size(m, b->len - m->begin);
	error_context_stack = context.previous;
	if (pipeline_commit(m->pipeline->core, &m->request, routed ? &token : NULL, m->row) == NULL)
		out_of_memory();
}

TupleTableSlot *
scyllaExecForeignInsert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ScyllaModify *m = rri->ri_FdwState;

	/* the executor checks what was inserted; a row that must not be there cannot be taken back */
	if (rri->ri_WithCheckOptions != NIL)
		ExecWithCheckOptions(WCO_VIEW_CHECK, rri, slot, estate);
	write_row(m, slot);
	if (!m->synchronous)
		return slot;
	drain(m);
	return m->applied ? slot : NULL;
}

/* ---- begin and end, as the executor calls them ---- */

int
scyllaIsForeignRelUpdatable(Relation rel)
{
	return scyllaTableOptions(RelationGetRelid(rel))->updatable ? 1 << CMD_INSERT : 0;
}

void
scyllaBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
						 int subplan_index, int eflags)
{
	begin(mtstate, rri, (eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0);
}

void
scyllaBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	begin(mtstate, rri, false);
}

static void
end(ScyllaModify *m)
{
	if (m == NULL || m->session == NULL || m->pipeline->core == NULL)
		return;
	drain(m);
	scyllaReportProgress(&m->report, m->relation, m->row, true);
	scyllaClosePipeline(m->pipeline);
}

void
scyllaEndForeignModify(EState *estate, ResultRelInfo *rri)
{
	end(rri->ri_FdwState);
}

void
scyllaEndForeignInsert(EState *estate, ResultRelInfo *rri)
{
	end(rri->ri_FdwState);
}

void
scyllaExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
						   int subplan_index, struct ExplainState *es)
{
	ScyllaModify *m = rri->ri_FdwState;

	if (es->verbose)
	{
		ExplainPropertyText("CQL", scyllaFromUtf8(m->cql), es);
		ExplainPropertyText("Consistency", cql_consistency_name(m->options->write_consistency), es);
	}
	if (es->analyze && m->session != NULL)
	{
		drain(m);
		scyllaExplainReport(&m->report, m->session->client, true, es);
	}
}
