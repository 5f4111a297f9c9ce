/*
 * fdw/write/write.c
 *	  Rows in, requests out, acknowledgements back.
 *
 * Backend thread. Owns a write: its pipeline, encoder, counters, and the memory
 * context they live in.
 *
 * Invariants: ordinals count the rows of a write from 1; a row that could not be
 * encoded leaves nothing behind. What becomes of rows is fates.c's.
 *
 * A write to a table with a vector index has two rows under way to begin with
 * (rows_at_a_time). Cassandra 5.0 takes as many rows of such an index at the same
 * time as a node has cores, and one more; it fails the others. A row that failed
 * there is in the table when it is repeated, but not in the index, nor does writing
 * it once more bring it in. So a WARNING tells of rows that were repeated.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "cql/frame.h"
#include "fdw/catalog/index.h"
#include "fdw/catalog/strong.h"
#include "fdw/catalog/vector_index.h"
#include "fdw/compat.h"
#include "fdw/option/epoch.h"
#include "fdw/option/setting.h"
#include "fdw/session/error.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/session/statement.h"
#include "fdw/session/timestamp.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"
#include "fdw/write/batch.h"
#include "fdw/write/fates.h"
#include "fdw/write/row_time.h"
#include "fdw/write/write.h"
#include "fdw/write/write_state.h"

#define COLLECT_EVERY 64		/* rows between two looks at what came home */
#define VECTORS_AT_A_TIME 2		/* for the smallest of nodes */

/* ---- begin ---- */

static void
release_write(void *arg)
{
	ScyllaWrite *w = arg;

	scyllaBatchFree(&w->batch);
	scyllaLeaveWriters(&w->writer);
}

static void
make_encoder(ScyllaWrite *w, const ScyllaWriteConfig *config)
{
	ScyllaEncoderConfig markers = {.session = w->session, .rel = config->rel, .statement = w->statement,
		.marker = config->marker, .nmarkers = config->nmarkers, .ttl = w->options->ttl, .row_context = w->row_context};

	w->encoder = scyllaMakeEncoder(&markers);
}

static void
make_request(ScyllaWrite *w)
{
	w->request.statement = w->statement->number;
	w->request.timeout_ms = (uint32_t) w->options->request_timeout;
	w->request.kind = CLUSTER_EXECUTE;
	w->request.consistency = (uint8_t) w->options->write_consistency;
	w->request.flags = CQL_PARAM_VALUES;
	if (w->conditional)
		w->request.flags |= CQL_PARAM_SERIAL;
	else if (!w->counter && !w->strong && !w->batched)
		w->request.flags |= CQL_PARAM_TIMESTAMP;
	w->request.idempotent = !w->conditional && !w->counter && !w->strong;
	w->request.rows = 1;
}

static void
drain_writer(ScyllaWriter *writer)
{
	ScyllaWrite *w = dlist_container(ScyllaWrite, writer.node, &writer->node);

	if (w->pipeline->core != NULL || w->writer.broken)
		scyllaDrainWrite(w);
}

static void
close_writer(ScyllaWriter *writer)
{
	ScyllaWrite *w = dlist_container(ScyllaWrite, writer.node, &writer->node);

	scyllaCloseWrite(w);
	MemoryContextDelete(w->context);
}

/* Of a condition: whether it was met. */
static int64
rows_of(ScyllaWriter *writer, const Request *r)
{
	const ScyllaWrite *w = dlist_container(ScyllaWrite, writer.node, &writer->node);

	return w->conditional ? scyllaReadApplied(r->core.body, r->core.body_length) : (int64) r->rows;
}

static void
register_write(ScyllaWrite *w)
{
	w->writer.session = w->session;
	w->writer.pipeline = w->pipeline;
	w->writer.drain = drain_writer;
	w->writer.close = close_writer;
	w->writer.rows = rows_of;
	scyllaJoinWriters(&w->writer);
	w->callback.func = release_write;
	w->callback.arg = w;
	MemoryContextRegisterResetCallback(w->context, &w->callback);
}

/* What the statement has in its own memory is copied. */
static void
prepare_to_keep(ScyllaWrite *w, const ScyllaWriteConfig *config)
{
	ScyllaTableOptions *options = palloc(sizeof(*options));

	*options = *config->options;
	options->keyspace = pstrdup(options->keyspace);
	options->table = pstrdup(options->table);
	w->options = options;
	w->relid = RelationGetRelid(config->rel);
	w->target.attnums = list_copy(config->target->attnums);
	w->target.unnamed = list_copy(config->target->unnamed);
	w->epoch = config->epoch;
	w->statements = 1;
}

/*
 * How many rows may be under way; 0: any number. Cassandra 5.0 takes one vector of
 * an index more at a time than it has cores. Cassandra fails the others, and where these
 * are repeated, it writes them and leaves them out of the index.
 */
static uint32
rows_at_a_time(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaTable *table;
	bool		vectors = false;

	if (session->max_in_flight > 0 || scylla_max_in_flight > 0)
		return 0;
	table = scyllaDescribeTable(session, options);
	for (int i = 0; i < table->ncolumns; i++)
		vectors |= strncmp(table->column[i].type, "vector<", strlen("vector<")) == 0;
	if (!vectors)
		return 0;
	scyllaDescribeIndexes(session, options, table);
	for (int i = 0; i < table->ncolumns; i++)
	{
		if (scyllaHasAttached(table->column[i].vector_indexes))
			return VECTORS_AT_A_TIME;
	}
	return 0;
}

ScyllaWrite *
scyllaOpenWrite(ScyllaSession *session, const ScyllaWriteConfig *config)
{
	MemoryContext context = AllocSetContextCreate(config->keep ? CurTransactionContext : CurrentMemoryContext,
												  "scylla_fdw write", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaWrite *w = palloc0(sizeof(*w));

	w->context = context;
	w->session = session;
	w->options = config->options;
	if (config->keep)
		prepare_to_keep(w, config);
	else
		w->writer.statement = config->statement;
	w->relation = pstrdup(RelationGetRelationName(config->rel));
	w->conditional = config->conditional;
	w->counter = config->counter;
	w->strong = config->strong;
	w->batched = config->batch;
	Assert(config->rejects != NULL);
	w->rejects = config->rejects;
	w->timestamp_of = config->timestamp_of;
	w->statement = scyllaPrepare(session, config->options, config->cql);
	w->row_context = AllocSetContextCreate(context, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);
	make_encoder(w, config);
	make_request(w);
	w->pipeline = scyllaOpenPipeline(session, w->request.idempotent ? PIPELINE_TIMED : PIPELINE_ORDERED,
									 rows_at_a_time(session, config->options), (size_t) config->options->max_in_flight_bytes);
	if (w->conditional || w->strong)
		w->conditions = scyllaMakeConditional();
	scyllaReportBegin(&w->report, session->client, config->by_place);
	scyllaLogStatement(&w->report.logged, session, w->statement);
	register_write(w);
	MemoryContextSwitchTo(old);
	return w;
}

/* ---- room ---- */

/* Rows that wait for others of their partition wait no longer. */
static void
commit_batch(ScyllaWrite *w)
{
	if (w->batch.rows > 0 && !scyllaBatchCommit(&w->batch, w->pipeline->core, &w->request))
		scyllaRaiseOutOfMemory();
}

void
scyllaDrainWrite(ScyllaWrite *w)
{
	scyllaCheckUnbroken(w);
	commit_batch(w);
	pipeline_submit(w->pipeline->core);
	scyllaAwaitFates(w);
	Assert(w->batch.rows == 0 && pipeline_outstanding(w->pipeline->core) == 0);
	w->drained = w->committed;
}

void
scyllaExpectFates(ScyllaWrite *w)
{
	scyllaAnnounceFates(w->conditions, w->row);
}

bool
scyllaRowApplied(const ScyllaWrite *w, int n)
{
	return scyllaWasApplied(w->conditions, n);
}

/* Room for one more request. A quarter of the full pipeline at a time leaves the submitter enough to do. */
static void
make_room(ScyllaWrite *w)
{
	Pipeline   *core = w->pipeline->core;

	scyllaCheckUnbroken(w);
	if (++w->unseen == COLLECT_EVERY)
	{
		w->unseen = 0;
		CHECK_FOR_INTERRUPTS();
		scyllaDrain(w->session);
		scyllaCollectFates(w);
	}
	while (pipeline_full(core))
	{
		pipeline_submit(core);
		scyllaWait(w->session, (pipeline_outstanding(core) + 3) / 4);
		scyllaCollectFates(w);
	}
}

/* ---- rows ---- */

/* For an error context callback: it is no warning. */
static bool
is_error(const ScyllaWrite *w)
{
	MemoryContext old = MemoryContextSwitchTo(w->row_context);
	bool		error = CopyErrorData()->elevel >= ERROR;

	MemoryContextSwitchTo(old);
	return error;
}

/* The key as far as it is encoded. */
static void
row_context(void *arg)
{
	ScyllaWrite *w = arg;
	const CqlBuffer *b = w->buffer;
	const char *column = scyllaEncodedColumn(w->encoder);
	char	   *key = b == NULL || b->failed ? NULL :
		scyllaKeyText(w->encoder, b->data + w->begin, b->len - w->begin, scyllaEncodedValues(w->encoder));

	errcontext("%s%s%sforeign table \"%s\", row " UINT64_FORMAT "%s%s",
			   column ? "column \"" : "", column ? column : "", column ? "\" of " : "",
			   w->relation, w->row, key ? ", key " : "", key ? key : "");
	if (w->rejects->values)
		w->refusing |= is_error(w);
	else
		scyllaTellWritten(w);
}

static void
check_size(const ScyllaWrite *w, size_t size)
{
	if (size > CQL_FRAME_MAX_BODY - 65536)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row " UINT64_FORMAT " of foreign table \"%s\" takes %zu bytes, more than a CQL request can hold",
						w->row, w->relation, size)));
}

static CqlBuffer *
begin_row(ScyllaWrite *w, TupleTableSlot *const rows[])
{
	CqlBuffer  *b = w->batched ? scyllaBatchBegin(&w->batch) : pipeline_begin(w->pipeline->core);

	w->buffer = b;
	if (b == NULL)
		scyllaRaiseOutOfMemory();
	w->begin = b->len;
	scyllaEncodeRow(w->encoder, rows, b);
	if (b->failed)
		scyllaRaiseOutOfMemory();
	return b;
}

/*
 * The row just encoded. The row waits for others only while requests are under way: to
 * wait longer than for those gains nothing.
 */
static void
join_batch(ScyllaWrite *w, bool routed, int64 token, uint64 ordinal)
{
	if (scyllaBatchRefuses(&w->batch, routed, token))
		commit_batch(w);
	if (scyllaBatchJoin(&w->batch, routed, token, ordinal) || pipeline_idle(w->pipeline->core))
		commit_batch(w);
}

/* The row's own, the statement's, or the next one for its key. */
static int64
row_timestamp(const ScyllaWrite *w, TupleTableSlot *const rows[], int64 token)
{
	bool		isnull = true;
	Datum		value = 0;

	if (w->timestamp_of != InvalidAttrNumber)
		value = slot_getattr(rows[SCYLLA_NEW_ROW], w->timestamp_of, &isnull);
	if (w->conditional && !isnull)
		scyllaRefuseTimestamp();
	if (w->strong && !isnull)
		scyllaRefuseStrongTimestamp(w->session, w->options, w->relation);
	if (w->conditional || w->counter || w->strong)
		return 0;
	if (!isnull)
		return scyllaRowTimestamp(value, INT8OID);
	return w->options->write_timestamp != 0 ? w->options->write_timestamp : scyllaTimestamp(token);
}

/* Rows that are in flight have to be home before this one is sent: one of its partition, or as many as are remembered. */
static bool
must_follow(ScyllaWrite *w, int64 token)
{
	return scyllaIsInFlight(w->conditions, token, w->row, w->drained) || w->row - w->drained > SCYLLA_FATES;
}

/* An error that row_context is called for is the row's own; others are of earlier rows. */
static bool
write_row(ScyllaWrite *w, TupleTableSlot *const rows[])
{
	static const CqlBytes no_state = {NULL, -1};
	ErrorContextCallback context = {.previous = error_context_stack, .callback = row_context, .arg = w};
	int64		token = 0;
	int64		timestamp;
	uint64		ordinal;
	bool		routed;
	CqlBuffer  *b;

	if (w->row++ == 0)
		scyllaCollectOpenReads(w->session, w->options);
	Assert(w->row <= SCYLLA_ROW_MASK && w->statements <= SCYLLA_MAX_STATEMENTS);
	ordinal = w->statements << SCYLLA_ROW_BITS | w->row;
	if (w->conditions != NULL)	/* the cluster's time does not order it behind them */
		scyllaDrainWriters(w->session, &w->writer);
	make_room(w);
	error_context_stack = &context;
	b = begin_row(w, rows);
	routed = scyllaEncodedToken(w->encoder, b, &token);
	if (w->conditions != NULL && must_follow(w, token))
	{
		error_context_stack = context.previous;
		scyllaDrainWrite(w);
		error_context_stack = &context;
		(void) scyllaIsInFlight(w->conditions, token, w->row, w->drained);
		b = begin_row(w, rows);
	}
	timestamp = row_timestamp(w, rows, token);
	scyllaPutRowTime(w->encoder, b, timestamp);
	cql_request_tail(b, w->request.flags, 0, no_state, w->options->serial_consistency, timestamp);
	check_size(w, b->len - w->begin);
	error_context_stack = context.previous;
	if (w->batched)
		join_batch(w, routed, token, ordinal);
	else if (pipeline_commit(w->pipeline->core, &w->request, routed ? &token : NULL, ordinal) == NULL)
		scyllaRaiseOutOfMemory();
	w->committed = w->row;
	scyllaNoteSent(w->session);
	return true;
}

/* Whether somebody takes the row, of which the error at hand is. */
static bool
is_row_taken(ScyllaWrite *w, TupleTableSlot *const rows[])
{
	ScyllaRefusal refusal = {.relation = w->relation, .row = w->row, .encoder = w->encoder, .slots = rows,
		.column = scyllaEncodedColumn(w->encoder), .nvalues = scyllaEncodedValues(w->encoder)};
	const CqlBuffer *b = w->buffer;

	refusal.error = CopyErrorData();
	if (b != NULL && !b->failed)
		refusal.values = (CqlBytes) {b->data + w->begin, (int32_t) (b->len - w->begin)};
	return w->rejects->take(w->rejects, &refusal);
}

/* As write_row. False: the row was refused, and put aside. */
static bool
try_row(ScyllaWrite *w, TupleTableSlot *const rows[])
{
	MemoryContext old = CurrentMemoryContext;
	volatile bool good = true;

	w->refusing = false;
	PG_TRY();
	{
		(void) write_row(w, rows);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(w->row_context);
		if (!w->refusing)
			PG_RE_THROW();
		if (!is_row_taken(w, rows))
		{
			scyllaTellWritten(w);
			PG_RE_THROW();
		}
		FlushErrorState();
		MemoryContextSwitchTo(old);
		MemoryContextReset(w->row_context);
		good = false;
	}
	PG_END_TRY();
	if (!good && w->conditional)
		scyllaNoteApplied(w->conditions, w->row, false);
	return good;
}

/* A sigsetjmp for each row is for those who ask for what converters refuse. */
bool
scyllaWriteRow(ScyllaWrite *w, TupleTableSlot *const rows[SCYLLA_ROW_KINDS])
{
	return w->rejects->values ? try_row(w, rows) : write_row(w, rows);
}

/* ---- end ---- */

void
scyllaCloseWrite(ScyllaWrite *w)
{
	if (w->pipeline->core == NULL && !w->writer.broken)
		return;
	scyllaDrainWrite(w);
	scyllaTellProgress(w, true);
	scyllaWarnOfStrain(w);
	scyllaClosePipeline(w->pipeline);
}

/* ---- across statements ---- */

ScyllaWrite *
scyllaFindKeptWrite(ScyllaSession *session, Relation rel, const ScyllaTarget *target)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &session->writers)
	{
		ScyllaWriter *writer = dlist_container(ScyllaWriter, node, iter.cur);
		ScyllaWrite *w = dlist_container(ScyllaWrite, writer.node, iter.cur);

		if (!writer->kept || writer->level != level || w->relid != RelationGetRelid(rel) ||
			!equal(w->target.attnums, target->attnums) || !equal(w->target.unnamed, target->unnamed))
			continue;
		if (w->epoch != scyllaEpoch() || w->statement->schema_version != session->schema_version ||
			w->statements == SCYLLA_MAX_STATEMENTS)
		{
			close_writer(writer);
			return NULL;
		}
		writer->kept = false;
		w->statements++;
		w->earlier += w->row;
		w->row = 0;
		w->report.logged.n = 0;
		scyllaLogStatement(&w->report.logged, session, w->statement);
		return w;
	}
	return NULL;
}

/* The rest of a chunk waits for the next statement's rows, unless the submitter has nothing to do. */
void
scyllaKeepWrite(ScyllaWrite *w)
{
	scyllaCheckUnbroken(w);
	if (pipeline_idle(w->pipeline->core))
		commit_batch(w);
	w->writer.kept = true;
	scyllaTellProgress(w, false);
}

void
scyllaExplainWrite(ScyllaWrite *w, ScyllaWrite *more, ExplainState *es)
{
	ScyllaReport report;

	scyllaDrainWrite(w);
	report = w->report;
	if (more != NULL)
	{
		scyllaDrainWrite(more);
		scyllaReportAdd(&report, &more->report);
	}
	scyllaExplainReport(&report, w->session->client, true, es);
	scyllaExplainPlaces(&report, w->session, w->options, es);
}
