/*
 * fdw/pushdown/pushdown.h
 *	  Which conditions the cluster checks, and why it does not check the others.
 *
 * Backend thread. Everything lives in CurrentMemoryContext.
 *
 * A condition is pushed only where it means in CQL exactly what it means in
 * PostgreSQL, as it is not checked again.
 */
#ifndef FDW_PUSHDOWN_PUSHDOWN_H
#define FDW_PUSHDOWN_PUSHDOWN_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/table.h"
#include "fdw/fetch/select.h"
#include "fdw/option/option.h"
#include "fdw/pushdown/form.h"
#include "fdw/pushdown/relation.h"

/* How a table is read. */
typedef struct ScyllaAccess
{
	List	   *pushed;			/* ScyllaCondition, in the order of ScyllaSelect.columns */
	int			npartition;		/* of them on the partition key: all of its columns, or 0 */
	int			nclustering;	/* clustering columns fixed by "=" or IN after them */
	bool		rows_compared;	/* a range is of several clustering columns */
	bool		open_ended;		/* how many keys a series has is not known before the scan begins: the whole table may be read then */
	bool		one_run;		/* no IN, no series: the rows come in clustering order */
	bool		filtering;
	bool		indexed;		/* an index may be used, and CQL sorts nothing then */
	bool		unsure;			/* a condition is: the scan may have to check it */
	List	   *local;			/* RestrictInfo */
	List	   *reasons;		/* char *, of those: "column "v": ..." */
} ScyllaAccess;

/* clauses: RestrictInfo, all of which must hold. The table must be described unless they are empty. */
extern ScyllaAccess *scyllaChooseAccess(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

/* The whole table, and all is checked in PostgreSQL. */
extern ScyllaAccess *scyllaChooseWhole(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

/* Whether the cluster checks the clause. */
extern bool scyllaPushes(const ScyllaAccess *access, const RestrictInfo *clause);

/* Whether one of these clauses finds rows: of a join, that it is worth looking up by them. */
extern bool scyllaPushesAnyOf(const ScyllaAccess *access, List *clauses);

#endif							/* FDW_PUSHDOWN_PUSHDOWN_H */
