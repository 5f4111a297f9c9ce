/*
 * fdw/modify/row_identity.h
 *	  Which row an UPDATE or DELETE means: what tells it.
 *
 * Backend thread. The planner asks for it, and the executor asks again.
 */
#ifndef FDW_MODIFY_ROW_IDENTITY_H
#define FDW_MODIFY_ROW_IDENTITY_H

#include "postgres.h"

#include "nodes/nodes.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

#include "fdw/catalog/table.h"

/* fdw_private of an UPDATE or DELETE: a list of these. */
enum ScyllaModifyPrivate
{
	SCYLLA_MODIFY_TARGETS,		/* int list: attributes that are written */
	SCYLLA_MODIFY_SET,			/* int list: of them, those that the statement itself sets */
	SCYLLA_MODIFY_KEYS,			/* int list: attributes that tell the row, in key order */
	SCYLLA_MODIFY_TABLE,		/* int list: whether it is a table of counters; columns of the partition key; and of
								 * the key as it is written */
	SCYLLA_MODIFY_STATICS		/* String list, UTF-8, of a DELETE: its static columns */
};

/* When it runs: ERROR if the table is not what the plan was made for. By the old key other rows might be meant. */
extern void scyllaCheckModifyPlan(ScyllaSession *session, const ScyllaTableOptions *options, Relation rel,
								  CmdType operation, List *fdw_private);

/* The table as the cluster has it, a copy. */
extern ScyllaTable *scyllaDescribeTarget(Relation rel, Oid userid);

/* A column of it; NULL: it has none, or it is a pseudo column. */
extern const ScyllaTableColumn *scyllaUpdatedColumn(Relation rel, const ScyllaTable *table, AttrNumber attnum);

/* The name of the junk column that has a key column's value, palloc'd. */
extern char *scyllaJunkName(Relation rel, AttrNumber attnum);

/* The attribute that has this column; InvalidAttrNumber: none has. */
extern AttrNumber scyllaAttributeOf(Relation rel, const ScyllaTableColumn *column);

/* Of the primary key, in key order: int list. ERROR where the foreign table lacks one, or its type takes several keys for one. */
extern List *scyllaKeyAttributes(Relation rel, const ScyllaTable *table);

/* Whether nothing but static columns is among these (int), and what tells how rows are written. */
extern bool scyllaAllStatic(Relation rel, const ScyllaTable *table, List *attnums);

/* Of fdw_private, from SCYLLA_MODIFY_KEYS on. targets: attributes that are written. */
extern List *scyllaDescribeRows(Relation rel, const ScyllaTable *table, CmdType operation, List *targets);

#endif							/* FDW_MODIFY_ROW_IDENTITY_H */
