/*
 * fdw/select/select.h
 *	  A SELECT, as the planner hands it to the executor.
 *
 * Backend thread. The planner builds one, packs it into ForeignScan.fdw_private
 * and puts the conditions' values, in order, and then the limit's, if there is
 * one, into fdw_exprs. The executor unpacks it, and writes the text when it knows
 * the values: those may make a condition void, or an operator another one.
 */
#ifndef FDW_SELECT_SELECT_H
#define FDW_SELECT_SELECT_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "fdw/option/option.h"

typedef enum ScyllaOperator
{
	SCYLLA_EQ,
	SCYLLA_IN,					/* the value is an array; each element makes a request of its own, with "=". In a
								 * group, the n-th elements of all arrays do together */
	SCYLLA_LT,					/* this and the next ones in a group: the columns are compared as a row */
	SCYLLA_LE,
	SCYLLA_GT,
	SCYLLA_GE,
	SCYLLA_NEAREST,				/* no condition but the order: ANN OF the value; the last one */
	SCYLLA_ANY					/* always true: left out */
} ScyllaOperator;

/* What an item is where aggregates are computed. */
typedef enum ScyllaRole
{
	SCYLLA_ROLE_COLUMN,			/* one of those that are grouped by */
	SCYLLA_ROLE_COUNT,
	SCYLLA_ROLE_MIN,
	SCYLLA_ROLE_MAX,
	SCYLLA_ROLE_SUM,			/* the next item is the count of its values */
	SCYLLA_ROLE_AVG				/* a sum as well, to be divided */
} ScyllaRole;

/* Names are UTF-8, texts of CQL are ready to be put in. */
typedef struct ScyllaSelect
{
	Oid			relid;			/* foreign table */
	List	   *items;			/* String: CQL of each selected expression; at least one */
	List	   *targets;		/* int: attribute of the scan's slot that it fills; 0: none */
	List	   *roles;			/* int: ScyllaRole of each item; NIL: all are columns of rows that are read */
	List	   *aggregated;		/* int: attributes that these are about */

	List	   *columns;		/* String: column of each condition. Those on the partition key come first, */
	List	   *operators;		/* int: ScyllaOperator             then clustering columns, each in key order */
	List	   *attnums;		/* int: attribute of the foreign table */
	List	   *longest;		/* int: bytes of each value; of a longer one, the scan leaves the condition out and
								 * checks it; 0: any */
	List	   *indexed;		/* int: whether the column has an index, which finds the rows */
	List	   *groups;			/* int: conditions of one belong together; 0: it stands alone */
	List	   *series;			/* int: ranges of the partition key that are looked up by each of their values, three
								 * for each: the condition that is the lower bound, that which is the upper one, and
								 * how many values they are; 0: nobody knows yet */
	int			npartition;		/* conditions that fix the partition key; 0: all partitions are read */

	bool		by_ranges;		/* ranges of tokens may be read apart, where there is no limit, and no condition is in
								 * that may be left out */
	bool		unasked;		/* the whole table is read, where the query wants some rows of it */
	int			pages;			/* of the whole table, by estimate; 0: unknown */
	int			rows;			/* of it, too */
	int			row_bytes;		/* of what is selected, by estimate */
	bool		whole_instead;	/* the whole table may be read, where keys turn out to be too many (full_scan.h) */
	List	   *whole_items;	/* what is selected as well then, and where a condition is left out, */
	List	   *whole_targets;	/* as items and targets */
	List	   *token_columns;	/* String: partition key; the executor's, where it reads by ranges */
	List	   *order;			/* String: terms of ORDER BY */
	List	   *merge;			/* int: how requests are merged, three for each key: item, signed, descending */
	List	   *group_by;		/* String: columns; LIMIT is not in the text then, see plan/group.c */
	int			per_partition;	/* PER PARTITION LIMIT; 0: none */
	bool		distinct;
	bool		filtering;		/* ALLOW FILTERING */
	bool		limited;		/* fdw_exprs ends with LIMIT's and OFFSET's expressions, NULL constants where absent */
	bool		heap_tuples;	/* system columns are asked for (system_columns.h) */
	char	   *nearest;		/* how nearest vectors are found, for EXPLAIN, first the similarity; NULL: none are
								 * asked for */
	bool		nearest_at_one; /* they are found at ONE and LOCAL_ONE alone */
	char	   *local;			/* why conditions stay local; NULL: none does */
} ScyllaSelect;

/* Whether it asks for nearest vectors. */
extern bool scyllaSelectsNearest(const ScyllaSelect *select);

/* Whether a series may turn out to have too many values. */
extern bool scyllaIsOpenEnded(const ScyllaSelect *select);

/* The other bound of a series; -1: the condition is none. */
extern int	scyllaSeriesEnd(const ScyllaSelect *select, int lower);
extern int	scyllaSeriesBegin(const ScyllaSelect *select, int upper);

extern List *scyllaPackSelect(const ScyllaSelect *select);
extern ScyllaSelect *scyllaUnpackSelect(List *packed);

/* What the executor knows only when it runs. */
typedef struct ScyllaSelectForm
{
	const ScyllaOperator *operators;	/* of the conditions, as their values make them; NULL: as planned */
	bool		token_range;	/* one of several ranges of tokens is read: of token_columns */
	bool		limited;		/* there is a limit, and no GROUP BY */
} ScyllaSelectForm;

#define SCYLLA_NEAREST_MAX 1000 /* rows; org.apache.cassandra.cql3.statements.SelectStatement, TOPK_LIMIT_ERROR */

/*
 * The text, palloc'd, UTF-8. Markers: two for the token range, one for each
 * condition that is not SCYLLA_ANY, one for the limit.
 */
extern char *scyllaDeparseSelect(const ScyllaSelect *select, const ScyllaTableOptions *options,
								 const ScyllaSelectForm *form);

/* " WHERE ..." of another statement on the same rows. operators: as the values make them; NULL: as planned, for EXPLAIN. */
extern void scyllaAppendConditions(StringInfo out, const ScyllaSelect *select, const ScyllaOperator *operators);

/* As planned, for EXPLAIN: IN stands for one request per element. */
extern char *scyllaExplainSelect(const ScyllaSelect *select, const ScyllaTableOptions *options);

#endif							/* FDW_SELECT_SELECT_H */
