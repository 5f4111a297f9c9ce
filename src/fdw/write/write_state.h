/*
 * fdw/write/write_state.h
 *	  A write, as write.c and fates.c know it.
 *
 * Backend thread.
 */
#ifndef FDW_WRITE_WRITE_STATE_H
#define FDW_WRITE_WRITE_STATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "fdw/report/report.h"
#include "fdw/session/session.h"
#include "fdw/session/statement.h"
#include "fdw/session/transaction.h"
#include "fdw/write/batch.h"
#include "fdw/write/conditional.h"
#include "fdw/write/encode.h"
#include "fdw/write/write_config.h"

/* Of a request's ordinal: the row in its statement. What is above tells statements of a kept write apart. */
#define SCYLLA_ROW_BITS 40
#define SCYLLA_ROW_MASK ((UINT64CONST(1) << SCYLLA_ROW_BITS) - 1)
#define SCYLLA_MAX_STATEMENTS ((UINT64CONST(1) << (64 - SCYLLA_ROW_BITS)) - 1)

struct ScyllaWrite
{
	MemoryContext context;
	MemoryContextCallback callback;
	ScyllaWriter writer;
	ScyllaSession *session;
	const ScyllaTableOptions *options;
	const char *relation;		/* for messages */
	ScyllaStatement *statement;
	ScyllaPipeline *pipeline;
	RequestTemplate request;
	ScyllaEncoder *encoder;
	bool		conditional;
	bool		counter;
	bool		strong;
	bool		batched;
	ScyllaBatch batch;			/* batched: rows not committed yet */
	ScyllaRejects *rejects;		/* who is asked about refused rows */
	AttrNumber	timestamp_of;	/* the new row's attribute that has its timestamp; 0: none */
	ScyllaConditional *conditions;	/* conditional or strong: its rows; NULL: another write */
	uint64		committed;		/* ordinal of the last row on its way */
	uint64		drained;		/* ordinal of the last row that is home for sure */
	uint64		row;			/* ordinal of the last row begun, in its statement */
	int			unseen;			/* rows since what came home was looked at, those of statements before included */
	uint64		statements;		/* kept: so many have used it; 0: it belongs to one alone */
	uint64		earlier;		/* kept: rows of the statements before */
	ScyllaTarget target;		/* kept: what the statement sets */
	Oid			relid;			/* kept: what another statement must have in common with it */
	uint64		epoch;
	MemoryContext row_context;	/* reset per row */
	ScyllaReport report;

	/* while a row is encoded, for the error context */
	const CqlBuffer *buffer;	/* NULL: out of memory */
	size_t		begin;
	bool		refusing;		/* rejects->values: the error is the row's */
};

#endif							/* FDW_WRITE_WRITE_STATE_H */
