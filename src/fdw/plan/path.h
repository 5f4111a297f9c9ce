/*
 * fdw/plan/path.h
 *	  A way of reading a foreign table, and the SELECT that it is.
 *
 * Backend thread. Everything lives in the planner's contexts.
 */
#ifndef FDW_PLAN_PATH_H
#define FDW_PLAN_PATH_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/pushdown/pushdown.h"

/* What is computed over the rows that an access finds. */
typedef struct ScyllaUpper
{
	List	   *items;			/* as in ScyllaSelect */
	List	   *targets;
	List	   *roles;
	List	   *group_by;
	List	   *tlist;			/* TargetEntry: what a row of the scan is, fdw_scan_tlist */
	List	   *having;			/* conditions on it, checked in PostgreSQL */
} ScyllaUpper;

/* A way to read a foreign table: ForeignPath.fdw_private is a list of one. */
typedef struct ScyllaPath
{
	ScyllaRelation *relation;
	ScyllaAccess *access;
	List	   *order;			/* String: terms of ORDER BY; NIL: none */
	List	   *merge;			/* ScyllaSortKey: requests are merged by these; NIL: they are not */
	ScyllaUpper *upper;			/* what is computed over the rows there; NULL: nothing */
	bool		distinct;		/* SELECT DISTINCT, of columns that a partition has one value of */
	int			per_partition;	/* PER PARTITION LIMIT; 0: none */
	bool		limited;		/* the query's LIMIT is known to the cluster */
	char	   *nearest;		/* nearest vectors are asked for: how, for EXPLAIN; NULL: they are not */
	bool		nearest_at_one; /* at ONE and LOCAL_ONE alone, as Cassandra finds them */
} ScyllaPath;

/* Where the cluster may do with less, it is never slower for it: what decides where estimates are equal. */
#define SCYLLA_LESS_IS_CHEAPER 0.99

/* All of the table is read, where the query wants some rows of it: what the setting full_scan is about. */
extern bool scyllaReadsUnasked(const ScyllaPath *path);

/*
 * Ranges of tokens may be read apart: no index finds the rows, and no condition
 * is on a column of the partition key, which CQL does not take beside one on the
 * token. Where conditions that indexes serve may be left out: without those.
 */
extern bool scyllaReadsByRanges(const ScyllaPath *path, bool without_unsure);

/* What every SELECT by this way of reading has: conditions, order. Their values are appended to *exprs. */
extern ScyllaSelect *scyllaBuildSelect(const ScyllaPath *path, List **exprs);

/* Select the columns of table varno that these expressions need: of whole rows all, of rows of nothing the partition key's first. */
extern void scyllaSelectColumns(ScyllaSelect *select, ScyllaRelation *info, Index varno, List *exprs);

/*
 * Then one that belongs to rows, where none of these does: CQL refuses conditions
 * on clustering columns if nothing but static columns and partition keys is
 * selected.
 */
extern void scyllaSelectOfRows(ScyllaSelect *select, const ScyllaRelation *info, const ScyllaAccess *access);

#endif							/* FDW_PLAN_PATH_H */
