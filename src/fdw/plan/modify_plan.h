/*
 * fdw/plan/modify_plan.h
 *	  Which row an UPDATE or DELETE means: planning what tells it.
 *
 * Backend thread. Planner callbacks: see foreign/fdwapi.h for their contracts.
 *
 * A row is told by all columns of its primary key, which the scan below hands up
 * as junk. What an UPDATE writes are the columns that it sets, and where a trigger
 * may set others, those that it has changed.
 */
#ifndef FDW_PLAN_MODIFY_PLAN_H
#define FDW_PLAN_MODIFY_PLAN_H

#include "postgres.h"

#include "foreign/fdwapi.h"

#include "fdw/catalog/table.h"

/* fdw_private of an UPDATE or DELETE: a list of these. */
enum ScyllaModifyPrivate
{
	SCYLLA_MODIFY_TARGETS,		/* int list: attributes that are written */
	SCYLLA_MODIFY_SET,			/* int list: of them, those that the statement itself sets */
	SCYLLA_MODIFY_KEYS,			/* int list: attributes that tell the row, in key order */
	SCYLLA_MODIFY_TABLE,		/* int list: whether it is a table of counters; columns of the partition key; and of the key as it is written */
	SCYLLA_MODIFY_STATICS		/* String list, UTF-8, of a DELETE: its static columns */
};

extern void scyllaAddForeignUpdateTargets(PlannerInfo *root, Index rtindex, RangeTblEntry *rte, Relation rel);
extern List *scyllaPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index);

/* When it runs: ERROR if the table is not what the plan was made for. By the old key other rows might be meant. */
extern void scyllaCheckModifyPlan(ScyllaSession *session, const ScyllaTableOptions *options, Relation rel,
								  CmdType operation, List *fdw_private);

/* The table as the cluster has it, a copy. */
extern ScyllaTable *scyllaDescribeTarget(Relation rel, Oid userid);

/* A column of it; NULL: it has none, or it is a pseudo column. */
extern const ScyllaTableColumn *scyllaUpdatedColumn(Relation rel, const ScyllaTable *table, AttrNumber attnum);

/* The name of the junk column that has a key column's value, palloc'd. */
extern char *scyllaJunkName(Relation rel, AttrNumber attnum);

#endif							/* FDW_PLAN_MODIFY_PLAN_H */
