/*
 * fdw/write/batch.h
 *	  Rows of one partition that go to the cluster as one request.
 *
 * Backend thread. A batch gathers encoded rows of one write and one partition until
 * it is as large as a request of its kind may be; then it is committed to the
 * write's pipeline as an UNLOGGED BATCH, or as a plain EXECUTE if it holds one row.
 */
#ifndef FDW_WRITE_BATCH_H
#define FDW_WRITE_BATCH_H

#include "postgres.h"

#include "pipeline/client.h"

/*
 * Bounds of a batch. Cassandra's and ScyllaDB's batch_size_fail_threshold (50 KiB and
 * 1 MiB) and batch_size_warn_threshold (5 and 128 KiB) do not count a batch of one
 * partition: it is one mutation, and BatchStatement.verifyBatchSize and
 * batch_statement::verify_batch_size look at several only. What bounds it is that a
 * coordinator holds all of it at once, and that more rows gain nothing. Larger rows
 * travel alone.
 */
#define SCYLLA_BATCH_ROWS 100
#define SCYLLA_BATCH_BYTES (16 * 1024)	/* of payload */

typedef struct ScyllaBatch
{
	CqlBuffer	bytes;			/* CLUSTER_BATCH's payload; behind whole rows, the one being encoded */
	size_t		whole;			/* bytes up to the end of the last whole row; 0: none */
	uint16		rows;			/* whole ones */
	size_t		row;			/* where the one being encoded begins */
	int64		token;			/* of their partition */
	bool		routed;			/* token is valid */
	uint64		ordinal;		/* of the first one */
} ScyllaBatch;

/* Zero-initialise. Frees what it holds; rows in it are gone. */
extern void scyllaBatchFree(ScyllaBatch *batch);

/*
 * The buffer of the next row, [short n] n x [value]. What an interrupted encoding
 * left there is dropped, and the batch is as it was before. Out of memory: the
 * buffer has failed.
 */
extern CqlBuffer *scyllaBatchBegin(ScyllaBatch *batch);

/* The row just encoded cannot join: commit the others first. */
extern bool scyllaBatchRefuses(const ScyllaBatch *batch, bool routed, int64 token);

/* It does. True: and it is the last one that can. */
extern bool scyllaBatchJoin(ScyllaBatch *batch, bool routed, int64 token, uint64 ordinal);

/*
 * Hand the whole rows to the pipeline; a row behind them is left, as if it were the
 * first. execute: what a row alone is sent with. False: out of memory, and nothing
 * was done.
 */
extern bool scyllaBatchCommit(ScyllaBatch *batch, Pipeline *pipeline, const RequestTemplate *execute);

extern CqlBytes scyllaRequestRow(const Request *request, int n);

#endif							/* FDW_WRITE_BATCH_H */
