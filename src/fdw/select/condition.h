/*
 * fdw/select/condition.h
 *	  The conditions of a SELECT while it runs: their values, in wire form.
 *
 * Backend thread. Lives in the memory context that was current at
 * scyllaMakeConditions.
 *
 *	 conditions = scyllaMakeConditions(select, ...)
 *	 scyllaDescribeConditions(conditions, ...)	the table as it is now, once
 *	 scyllaAddConditions(conditions, econtext, source)	 their values, as often as they change
 *	 scyllaCheckMarkers(conditions, ...)		after the text was prepared
 */
#ifndef FDW_SELECT_CONDITION_H
#define FDW_SELECT_CONDITION_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/select/request_list.h"
#include "fdw/select/select.h"
#include "fdw/session/session.h"

typedef struct ScyllaConditions ScyllaConditions;

/* exprs: the values' expressions, and states: what they were initialized to; more may follow in both. */
extern ScyllaConditions *scyllaMakeConditions(const ScyllaSelect *select, List *exprs, List *states);

/*
 * Learn the types of the conditions' columns. Fails where one of them, or one of
 * attnums (int), is missing: with both names rather than with the server's text,
 * which knows only its own.
 */
extern void scyllaDescribeConditions(ScyllaConditions *conditions, ScyllaSession *session,
									 const ScyllaTableOptions *options, List *attnums);

/*
 * Work the values out and hand them to the source. false: no row can match. rows:
 * how many are wanted, -1 for all. Nearest vectors are asked for only where that
 * is 1 to SCYLLA_NEAREST_MAX, and the vector is not NULL: otherwise SCYLLA_ANY
 * takes the place of SCYLLA_NEAREST, and all rows must be read.
 */
extern bool scyllaAddConditions(ScyllaConditions *conditions, ExprContext *econtext, ScyllaKeySource *source,
								int64 rows);

/* A range had more keys than it is looked up by: nothing of it was added. As many; 0: no range had. */
extern int	scyllaTooManyKeys(const ScyllaConditions *conditions);

/* None is sent: SCYLLA_ANY takes the place of all. */
extern void scyllaDropConditions(ScyllaConditions *conditions);

/* Of each condition, as the values added last have made it; borrowed. */
extern const ScyllaOperator *scyllaConditionOperators(const ScyllaConditions *conditions);

/*
 * Of the values added last. Conditions are left out whose values no index has, or no
 * node filters by, as they are too long: the rows that come have to be checked. The
 * column of one, UTF-8; NULL: none is left out.
 */
extern const char *scyllaLeftOut(const ScyllaConditions *conditions);

/* Whether a condition that is in has an index, by which rows are found. */
extern bool scyllaFindsByIndex(const ScyllaConditions *conditions);

/*
 * Values are encoded by the types that the table's description gave: fails if the
 * markers of a statement with these operators, the first of them being number
 * first, have others.
 */
extern void scyllaCheckMarkers(const ScyllaConditions *conditions, const ScyllaOperator *operators,
							   ScyllaSession *session, const ScyllaTableOptions *options,
							   const CqlMetadata *bind, int first);

#endif							/* FDW_SELECT_CONDITION_H */
