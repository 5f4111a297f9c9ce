/*
 * fdw/join/join.h
 *	  Joining many rows with those that a foreign table has for their keys, without
 *	  a round trip for each: custom scan "ScyllaJoin".
 *
 * Backend thread. The planner may choose it wherever the conditions between a
 * foreign table and the rest of a join fix the table's partition key.
 */
#ifndef FDW_JOIN_JOIN_H
#define FDW_JOIN_JOIN_H

#include "postgres.h"

#include "nodes/extensible.h"

/* Of CustomScan.custom_private. */
enum
{
	SCYLLA_JOIN_SELECT,			/* packed ScyllaSelect */
	SCYLLA_JOIN_NUMBERS			/* int list, by ScyllaJoinNumber */
};

typedef enum ScyllaJoinNumber
{
	SCYLLA_JOIN_TYPE,			/* JoinType: INNER, LEFT, SEMI or ANTI */
	SCYLLA_JOIN_USER,			/* whose mapping; InvalidOid: the current user's */
	SCYLLA_JOIN_RELATION,		/* range table index of the foreign table, from the first of the join's */
	SCYLLA_JOIN_WIDTH,			/* columns of the outer plan, which the scan tuple begins with */
	SCYLLA_JOIN_COLUMNS			/* of the foreign table, which follow; then what is computed of these */
} ScyllaJoinNumber;

/* Of CustomScan.custom_exprs, a list of lists. */
enum
{
	SCYLLA_JOIN_VALUES,			/* of the SELECT's conditions */
	SCYLLA_JOIN_FILTER,			/* conditions on the foreign table alone that the cluster does not check */
	SCYLLA_JOIN_QUALS,			/* of the join; neither does it check these */
	SCYLLA_JOIN_COMPUTED,		/* of the foreign table's columns, NULL where it has no row */
	SCYLLA_JOIN_RECHECK			/* what it checks */
};

/* CustomScanMethods.CreateCustomScanState */
extern Node *scyllaCreateJoinState(CustomScan *plan);

#endif							/* FDW_JOIN_JOIN_H */
