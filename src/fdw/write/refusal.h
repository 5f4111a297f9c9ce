/*
 * fdw/write/refusal.h
 *	  A row that a converter or the cluster refuses, and who says whether its write
 *	  goes on.
 *
 * Backend thread. A write asks a table of functions that stands above this folder
 * (load/reject.h). Only refused rows are asked about: good ones cost nothing.
 */
#ifndef FDW_WRITE_REFUSAL_H
#define FDW_WRITE_REFUSAL_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "cql/buffer.h"
#include "fdw/write/encode.h"
#include "pipeline/client.h"

/* All of it is borrowed. */
typedef struct ScyllaRefusal
{
	const char *relation;		/* foreign table */
	uint64		row;			/* in its statement, from 1 */
	const ScyllaEncoder *encoder;	/* by scyllaKeyText it tells the key of values */
	CqlBytes	values;			/* [short n] n x [value] */
	int			nvalues;		/* of them, so many are there */

	/* a converter: before the row is sent */
	const ErrorData *error;		/* NULL: the cluster refuses it */
	TupleTableSlot *const *slots;	/* by ScyllaRowKind */
	const char *column;			/* whose value it is; NULL: of no column */

	/* the cluster */
	const Request *request;		/* with its failure; other rows of a batch: scyllaRequestRow */
} ScyllaRefusal;

typedef struct ScyllaRejects ScyllaRejects;

struct ScyllaRejects
{
	/*
	 * True: the row was put aside, and the write goes on. False: the row's error ends
	 * the statement, as an error that is not the row's fault must. Rows that the cluster
	 * refuses come in any order.
	 */
	bool		(*take) (ScyllaRejects *self, const ScyllaRefusal *refusal);

	/* What converters raise is caught, without a subtransaction, and asked about, too. */
	bool		values;
};

#endif							/* FDW_WRITE_REFUSAL_H */
