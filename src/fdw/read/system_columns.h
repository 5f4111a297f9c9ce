/*
 * fdw/read/system_columns.h
 *	  System columns: PostgreSQL has them, the cluster's rows do not.
 *
 * Backend thread. xmin, xmax, cmin and cmax are 0, as those of foreign tables are;
 * tableoid is the executor's. ctid would be the same for all rows, and whoever
 * takes it for one that tells them apart changes all: it is refused.
 */
#ifndef FDW_READ_SYSTEM_COLUMNS_H
#define FDW_READ_SYSTEM_COLUMNS_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "nodes/nodes.h"

/* Whether columns are among these that a row must be a heap tuple for. As of pull_varattnos. */
extern bool scyllaNeedsHeapTuple(const Bitmapset *attnums);

/* The row as a heap tuple that has them; to may be from. */
extern void scyllaPutSystemColumns(TupleTableSlot *from, TupleTableSlot *to);

/* Whether an expression asks for the ctid of the relation with this range table index. */
extern bool scyllaAsksForCtid(Node *expr, Index varno);

extern void scyllaRefuseCtid(Oid relid) __attribute__((noreturn));

#endif							/* FDW_READ_SYSTEM_COLUMNS_H */
