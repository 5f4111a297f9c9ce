/*
 * fdw/select/condition_value.h
 *	  The value of a condition, worked out and encoded.
 *
 * Backend thread. Known to condition.c alone.
 */
#ifndef FDW_SELECT_CONDITION_VALUE_H
#define FDW_SELECT_CONDITION_VALUE_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "cql/buffer.h"
#include "fdw/select/request_list.h"
#include "fdw/select/select.h"
#include "fdw/type/typemap.h"

/* "column op value" */
typedef struct ScyllaBoundCondition
{
	ExprState  *expr;
	Oid			type;			/* of the expression; of its elements where it is an array */
	Oid			column_type;
	char	   *column;			/* UTF-8 */
	ScyllaOperator planned;
	int			group;			/* as in ScyllaSelect */
	bool		key;			/* of the partition key */
	bool		clustering;
	int			longest;		/* as in ScyllaSelect */
	bool		indexed;
	ScyllaConverter *converter;
} ScyllaBoundCondition;

struct ScyllaConditions
{
	const ScyllaSelect *select;
	ScyllaBoundCondition *condition;
	int			nconditions;
	ScyllaOperator *operators;
	int			too_many;		/* keys of a range; 0: none has too many */
	CqlArena	types;
	CqlBuffer	body;			/* of the value at hand */
	MemoryContextCallback callback;
};

/*
 * Work the value out and hand it to the source: of a condition that leads others, theirs as well; of one that is led,
 * nothing. Its operator becomes what has the same meaning. false: no row can match.
 */
extern bool scyllaBindCondition(struct ScyllaConditions *conditions, ExprContext *econtext, ScyllaKeySource *source,
								int i);

/* The same of a vector: it is given, or its operator becomes SCYLLA_ANY. rows: that are wanted. */
extern bool scyllaBindNearest(struct ScyllaConditions *conditions, ExprContext *econtext, ScyllaKeySource *source,
							  int i, int64 rows);

#endif							/* FDW_SELECT_CONDITION_VALUE_H */
