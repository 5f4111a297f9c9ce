/*
 * fdw/plan/pushdown.h
 *	  Which conditions the cluster checks, and why it does not check the others.
 *
 * Backend thread. Everything lives in CurrentMemoryContext.
 *
 * A condition is pushed only where it means in CQL exactly what it means in
 * PostgreSQL, as it is not checked again.
 */
#ifndef FDW_PLAN_PUSHDOWN_H
#define FDW_PLAN_PUSHDOWN_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/plan/form.h"
#include "fdw/read/select.h"
#include "fdw/session/option.h"
#include "fdw/session/table.h"

/* A foreign table in a query: RelOptInfo.fdw_private. */
typedef struct ScyllaRelation
{
	Oid			relid;
	Oid			serverid;
	Oid			userid;
	ScyllaTableOptions *options;
	ScyllaTable *table;			/* a copy; NULL until scyllaDescribeRelation */
	struct ScyllaAccess *access;	/* by the conditions on this table alone */
	List	   *above;			/* char *: why what comes above the scan is left to PostgreSQL */
	int			pages;			/* of the whole table, by estimate; 0: unknown */
	int			rows;			/* of it, by estimate; 0: unknown */
	double		partition_rows; /* rows that a partition has, by estimate; 0: unknown */
	List	   *joins;			/* RestrictInfo: of joins, on columns that may be keys */
	int			row_bytes;		/* of the columns that are read, by estimate */
} ScyllaRelation;

/* How a table is read. */
typedef struct ScyllaAccess
{
	List	   *pushed;			/* ScyllaCondition, in the order of ScyllaSelect.columns */
	int			npartition;		/* of them on the partition key: all of its columns, or 0 */
	int			nclustering;	/* clustering columns fixed by "=" or IN after them */
	bool		rows_compared;	/* a range is of several clustering columns */
	bool		one_run;		/* no IN: the rows come in clustering order */
	bool		filtering;
	bool		indexed;		/* an index may be used, and CQL sorts nothing then */
	bool		unsure;			/* a condition is: the scan may have to check it */
	List	   *local;			/* RestrictInfo */
	List	   *reasons;		/* char *, of those: "column "v": ..." */
} ScyllaAccess;

/* Ask the cluster, the first time. */
extern void scyllaDescribeRelation(ScyllaRelation *info);
extern void scyllaDescribeIndexesOf(ScyllaRelation *info);	/* of a described one */

/* clauses: RestrictInfo, all of which must hold. The table must be described unless they are empty. */
extern ScyllaAccess *scyllaChooseAccess(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

/* The whole table, and all is checked in PostgreSQL. */
extern ScyllaAccess *scyllaChooseWhole(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

/* Whether the cluster checks the clause. */
extern bool scyllaPushes(const ScyllaAccess *access, const RestrictInfo *clause);

/* Whether one of these clauses finds rows: of a join, that it is worth looking up by them. */
extern bool scyllaPushesAnyOf(const ScyllaAccess *access, List *clauses);

/* A column as the cluster has it, for conditions, ORDER BY and aggregates; NULL: it has none, or it is a pseudo column. */
extern const ScyllaTableColumn *scyllaColumnOf(const ScyllaRelation *info, AttrNumber attnum);

#endif							/* FDW_PLAN_PUSHDOWN_H */
