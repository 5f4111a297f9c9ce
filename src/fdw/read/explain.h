/*
 * fdw/read/explain.h
 *	  EXPLAIN of a SELECT: how a foreign table is read.
 *
 * Backend thread.
 */
#ifndef FDW_READ_EXPLAIN_H
#define FDW_READ_EXPLAIN_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/compat.h"
#include "fdw/select/select.h"

/* Columns of the partition key that conditions fix, and ranges of them. */
extern void scyllaExplainKeys(const ScyllaSelect *select, ExplainState *es);

/* How a foreign table is read. */
extern void scyllaExplainRead(const ScyllaSelect *select, const ScyllaTableOptions *options, ExplainState *es);

/* Of FOR UPDATE and its like: the foreign table's rows are not locked. */
extern void scyllaExplainLocks(EState *estate, Index rti, ExplainState *es);

#endif							/* FDW_READ_EXPLAIN_H */
