/*
 * fdw/pushdown/relation.h
 *	  A foreign table in a query.
 *
 * Backend thread. The table is described when something asks for it: a plan without
 * conditions, sorting, grouping and joins to use needs no connection.
 */
#ifndef FDW_PUSHDOWN_RELATION_H
#define FDW_PUSHDOWN_RELATION_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "fdw/catalog/table.h"
#include "fdw/option/option.h"

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
	bool		chosen;			/* the query has conditions on it, or joins it by some: it does not want all rows */
	int			row_bytes;		/* of the columns that are read, by estimate */
} ScyllaRelation;

/* Ask the cluster, the first time. */
extern void scyllaDescribeRelation(ScyllaRelation *info);
extern void scyllaDescribeIndexesOf(ScyllaRelation *info);	/* of a described one */

/* A column as the cluster has it, for conditions, ORDER BY and aggregates; NULL: it has none, or it is a pseudo column. */
extern const ScyllaTableColumn *scyllaColumnOf(const ScyllaRelation *info, AttrNumber attnum);

#endif							/* FDW_PUSHDOWN_RELATION_H */
