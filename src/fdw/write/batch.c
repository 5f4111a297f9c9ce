/*
 * fdw/write/batch.c
 *	  Rows of one partition that go to the cluster as one request.
 *
 * Backend thread. Owns the bytes of a batch that is still open.
 * Invariants: bytes up to `whole` are [short n] (not yet n) and `rows` complete rows;
 * what lies behind belongs to a row that does not exist yet. An open batch has at
 * least one row and is of one partition.
 *
 * A batch has one statement and one partition. So it goes to its replicas, is one
 * mutation there, all of it or nothing, and no threshold for batches counts it. Its
 * payload has rows without ids, as the backend does not know ids: put_batch of
 * cluster/request_head.c writes the node's id in front of each row. If an UNPREPARED
 * names another id, the batch fails, as preparing ours would not end it.
 *
 * Each row has its own timestamp, as a value. With one timestamp for all, rows of
 * one key or of a static column would be ordered by their values, and an open batch
 * would be older or newer than what other statements write meanwhile.
 *
 * A batch waits only while requests are under way. So rows that come slowly wait for
 * nobody, and rows that come fast gather by themselves.
 *
 * Counters go alone. Nobody can repeat an addition whose fate is unknown, and a
 * COUNTER batch would make that the fate of many.
 */
#include "postgres.h"

#include "fdw/write/batch.h"

#define HEAD 2					/* [short n] */
#define ROW_HEAD 4				/* [int] of a row's [bytes] */

/* A buffer grown past this by large rows is not kept for the next ones. */
#define BYTES_KEPT (4 * SCYLLA_BATCH_BYTES)

void
scyllaBatchFree(ScyllaBatch *batch)
{
	cql_buffer_free(&batch->bytes);
	batch->rows = 0;
	batch->whole = 0;
}

CqlBuffer *
scyllaBatchBegin(ScyllaBatch *batch)
{
	CqlBuffer  *b = &batch->bytes;

	Assert((batch->rows == 0) == (batch->whole == 0));
	b->len = batch->whole;
	b->failed = false;
	if (batch->rows == 0)
		cql_put_u16(b, 0);
	batch->row = cql_begin_value(b);
	return b;
}

bool
scyllaBatchRefuses(const ScyllaBatch *batch, bool routed, int64 token)
{
	return batch->rows > 0 &&
		(!routed || batch->token != token || batch->bytes.len > SCYLLA_BATCH_BYTES);
}

bool
scyllaBatchJoin(ScyllaBatch *batch, bool routed, int64 token, uint64 ordinal)
{
	Assert(batch->rows == 0 || (routed && batch->routed && batch->token == token));
	cql_end_value(&batch->bytes, batch->row);
	batch->whole = batch->bytes.len;
	if (batch->rows++ == 0)
	{
		batch->routed = routed;
		batch->token = token;
		batch->ordinal = ordinal;
	}
	return !batch->routed || batch->rows == SCYLLA_BATCH_ROWS || batch->whole >= SCYLLA_BATCH_BYTES;
}

/* The row behind those that are gone moves to their place. */
static void
forget_rows(ScyllaBatch *batch)
{
	CqlBuffer  *b = &batch->bytes;
	size_t		left = b->len - batch->whole;

	if (left > 0)
	{
		memmove(b->data + HEAD, b->data + batch->whole, left);
		b->len = HEAD + left;
		batch->row = HEAD;
	}
	else if (b->cap > BYTES_KEPT)
		cql_buffer_free(b);
	batch->rows = 0;
	batch->whole = 0;
}

bool
scyllaBatchCommit(ScyllaBatch *batch, Pipeline *pipeline, const RequestTemplate *execute)
{
	RequestTemplate request = *execute;
	CqlBuffer  *out = pipeline_begin(pipeline);
	size_t		skip = 0;

	Assert(batch->rows > 0 && batch->whole > 0 && batch->whole <= batch->bytes.len);
	if (out == NULL)
		return false;
	if (batch->rows == 1)
		skip = HEAD + ROW_HEAD;
	else
	{
		request.kind = CLUSTER_BATCH;
		request.rows = batch->rows;
		request.flags &= ~CQL_PARAM_VALUES;
		cql_store_u16(batch->bytes.data, batch->rows);
	}
	cql_put_raw(out, batch->bytes.data + skip, batch->whole - skip);
	if (pipeline_commit(pipeline, &request, batch->routed ? &batch->token : NULL, batch->ordinal) == NULL)
		return false;
	forget_rows(batch);
	return true;
}

CqlBytes
scyllaRequestRow(const Request *request, int n)
{
	CqlReader	reader = cql_reader(request->core.payload, request->core.length);

	Assert(n >= 0 && n < (int) request->rows);
	if (request->core.kind != CLUSTER_BATCH)
		return (CqlBytes) {request->core.payload, (int32_t) request->core.length};
	(void) cql_get_u16(&reader);
	while (n-- > 0)
		(void) cql_get_bytes(&reader);
	return cql_get_bytes(&reader);
}
