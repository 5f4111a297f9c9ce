/*
 * fdw/join/join_run.h
 *	  Rows of a join by keys, one after the other.
 *
 * Backend thread. The state of a plan node (join.c), which owns all of it.
 */
#ifndef FDW_JOIN_JOIN_RUN_H
#define FDW_JOIN_JOIN_RUN_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/tuplestore.h"

#include "fdw/join/lookup.h"
#include "fdw/read/decode.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/session.h"

/* What joined rows are made in. The executor may hold what is in one of them. */
typedef struct ScyllaJoinWork
{
	TupleTableSlot *slot;		/* scan tuple, virtual */
	MemoryContext row_context;	/* values of the foreign table's row in it */
	ExprContext *econtext;		/* of conditions */
	ScyllaLookupRow *row;		/* the outer row in it; NULL: none */
} ScyllaJoinWork;

typedef struct ScyllaJoin
{
	CustomScanState css;		/* the executor knows this node by it */
	JoinType	jointype;
	Oid			relid;
	char	   *relation;		/* for messages */
	Index		rti;
	int			width;			/* columns of the outer row */
	int			ninner;
	AttrNumber *attnum;			/* of the foreign table, for the columns after these */
	ScyllaTableOptions *options;
	ScyllaSelect *select;
	ScyllaSession *session;		/* NULL: EXPLAIN only */
	ScyllaConditions *conditions;
	ScyllaDecoder *decoder;
	ExprState  *filter;			/* NULL: none */
	ExprState  *quals;
	ExprState  *recheck;
	List	   *computed;		/* ExprState, for the columns after the foreign table's */
	bool		described;
	bool		begun;
	ScyllaLookup *lookup;		/* NULL: not begun, or read to its end */
	ScyllaLookupRow **rows;		/* those that the foreign table's row is still to be joined with */
	int			nrows;
	ScyllaJoinWork work;
	TupleTableSlot *key_slot;	/* scan tuple without the foreign table's part */
	ExprContext *key_econtext;
	TupleTableSlot *outer;		/* a kept row */
	TupleTableSlot *inner;		/* of the foreign table */
	TupleTableSlot *kept;		/* of it as well: a row of the whole table */
	int			instead;		/* keys that were asked for before the whole table was read; 0: it was not */
	bool		running;		/* not to be called again from within */
	uint64		batches;
	uint64		filtered;		/* rows of the foreign table that did not pass the filter */
	ScyllaOpenRead open_read;
	ScyllaJoinWork current;		/* the executor's, while rows are read ahead in another place */
	Tuplestorestate *store;		/* scan tuples read ahead; NULL: none */
	TupleTableSlot *stored;
	bool		broken;			/* reading ahead failed */
	ScyllaReport report;
	MemoryContextCallback callback;
} ScyllaJoin;

/*
 * The next joined row, into the workplace's slot. false: there is none. The slot's
 * values last until the next call. The lookup must be open.
 */
extern bool scyllaJoinNext(ScyllaJoin *join);

/* Whether a row of the foreign table is looked at again after a concurrent update: then this takes the other's place. */
extern bool scyllaJoinIsRechecked(const ScyllaJoin *join);
extern bool scyllaJoinRecheck(ScyllaJoin *join);

/* A row of the foreign table that has passed the filter, into its part of a scan tuple. */
extern void scyllaJoinPutInner(ScyllaJoin *join, TupleTableSlot *inner, TupleTableSlot *slot);

#endif							/* FDW_JOIN_JOIN_RUN_H */
