/*
 * fdw/pushdown/grammar.h
 *	  Which conditions one SELECT can have: CQL's grammar.
 *
 * Backend thread. The conditions mean the same in both worlds already
 * (pushdown.h).
 */
#ifndef FDW_PUSHDOWN_GRAMMAR_H
#define FDW_PUSHDOWN_GRAMMAR_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/vector_index.h"
#include "fdw/pushdown/access.h"
#include "fdw/pushdown/relation.h"

typedef struct ScyllaChoice
{
	PlannerInfo *root;
	ScyllaRelation *info;
	List	   *conditions;		/* ScyllaCondition not yet taken, those without a reason */
	int			ngroups;		/* of conditions */
	List	   *ends;			/* ScyllaCondition: upper bounds of series, to be taken last */
	bool		whole;			/* none is to be taken */
	const ScyllaVectorIndex *vectors;	/* those are taken that this index checks; NULL: those that the table's keys
										 * and other indexes find */
	ScyllaAccess *access;
} ScyllaChoice;

/* As many of the conditions as CQL takes become the access's, in the order of ScyllaSelect.columns. */
extern void scyllaTakeConditions(ScyllaChoice *choice);

/* Of a condition that is left after it. */
extern const char *scyllaWhyNotTaken(const ScyllaChoice *choice, const ScyllaCondition *condition);

#endif							/* FDW_PUSHDOWN_GRAMMAR_H */
