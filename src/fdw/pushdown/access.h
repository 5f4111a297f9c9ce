/*
 * fdw/pushdown/access.h
 *	  How a table is read: by which conditions.
 *
 * Backend thread. Everything lives in CurrentMemoryContext of whoever chose it.
 */
#ifndef FDW_PUSHDOWN_ACCESS_H
#define FDW_PUSHDOWN_ACCESS_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/pushdown/column_condition.h"

/* How a table is read. */
typedef struct ScyllaAccess
{
	List	   *pushed;			/* ScyllaCondition, in the order of ScyllaSelect.columns */
	int			npartition;		/* of them on the partition key: all of its columns, or 0 */
	int			nclustering;	/* clustering columns fixed by "=" or IN after them */
	bool		rows_compared;	/* a range is of several clustering columns */
	bool		open_ended;		/* how many keys a series has is not known before the scan begins: the whole table may
								 * be read then */
	bool		one_run;		/* no IN, no series: the rows come in clustering order */
	bool		filtering;
	bool		indexed;		/* an index may be used, and CQL sorts nothing then */
	bool		unsure;			/* an index may turn out not to have the value of a condition */
	List	   *local;			/* RestrictInfo */
	List	   *reasons;		/* char *, of those: "column "v": ..." */
} ScyllaAccess;

/* Whether the cluster checks the clause. */
extern bool scyllaPushes(const ScyllaAccess *access, const RestrictInfo *clause);

/* Whether the scan may have to check what the cluster was to check of the clause, as a value is too long. NULL: of any. */
extern bool scyllaMayLeaveOut(const ScyllaAccess *access, const RestrictInfo *clause);

/* Whether one of these clauses finds rows: of a join, that it is worth looking up by them. */
extern bool scyllaPushesAnyOf(const ScyllaAccess *access, List *clauses);

/* Whether the conditions fix one partition, and its rows come in clustering order. */
extern bool scyllaIsOneRun(const ScyllaAccess *access);

#endif							/* FDW_PUSHDOWN_ACCESS_H */
