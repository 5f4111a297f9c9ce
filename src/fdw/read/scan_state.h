/*
 * fdw/read/scan_state.h
 *	  A scan of a foreign table.
 *
 * Backend thread. The state is scan.c's, and known to scan_open.c and scan_async.c.
 */
#ifndef FDW_READ_SCAN_STATE_H
#define FDW_READ_SCAN_STATE_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/tuplestore.h"

#include "fdw/fetch/fetch.h"
#include "fdw/fetch/token_ranges.h"
#include "fdw/read/aggregate.h"
#include "fdw/read/decode.h"
#include "fdw/read/full_scan.h"
#include "fdw/read/parallel.h"
#include "fdw/read/sort.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/select/select.h"
#include "fdw/session/open_reads.h"

typedef struct ScyllaScan
{
	ForeignScanState *node;
	Oid			relid;
	char	   *relation;		/* for messages */
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaConditions *conditions;
	int			nconditions;
	ScyllaDecoder *decoder;		/* of rows of the table */
	ScyllaAggregate *aggregate; /* of what is computed; NULL: nothing is */
	ExprState  *limit;			/* NULL: none */
	ExprState  *offset;
	MemoryContext reading;		/* what one reading needs: source, fetch */
	ScyllaFetch *fetch;			/* NULL: nothing was asked for, or no row can match */
	bool		described;		/* columns and types are known */
	bool		begun;
	bool		guarded;		/* the setting full_scan was looked at */
	int			instead;		/* the whole table is read in place of so many keys; 0: it is not */
	bool		sorting;		/* requests are not merged, as they are too many or too large: */
	ScyllaSort *sort;			/* rows are sorted here; NULL: not yet */
	bool		gathered;		/* all of them are in */
	bool		sifting;		/* conditions are not sent: rows are chosen here */
	ScyllaSift *sift;			/* what chooses them; NULL: that was never done */
	bool		combining;		/* the one row of aggregates without groups has been begun, */
	bool		combined;		/* and given */
	MemoryContext row_context;	/* decoded values of the current row, and of some before */
	Size		row_block;		/* what it has when it is empty: to empty it costs as much as a value */
	ScyllaOpenRead open_read;
	bool		keep;			/* rows may be wanted again */
	Tuplestorestate *store;		/* NULL: none */
	TupleTableSlot *stored;		/* the current row of it */
	bool		complete;		/* the store has all that is to come */
	bool		running;		/* or it has failed, and is not run again */
	bool		broken;			/* reading ahead failed */
	bool		impatient;		/* an Append asks, which has others to ask, too */
	bool		pending;		/* so there was no row, though there may be more */
	int			wait_fd;		/* the client's, of this scan's own, for an Append to wait for; -1: none */
	ScyllaRanges ranges;		/* of this reading, or that all processes take of */
	ScyllaShared *shared;		/* NULL: no other process reads this scan */
	ScyllaReport report;
	MemoryContextCallback callback;
} ScyllaScan;

#endif							/* FDW_READ_SCAN_STATE_H */
