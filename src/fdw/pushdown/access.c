/*
 * fdw/pushdown/access.c
 *	  Questions about the conditions that a table is read by.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 */
#include "postgres.h"

#include "fdw/pushdown/access.h"

/* By what it says: a path may have been translated since. */
static bool
is_of(const ScyllaCondition *condition, const RestrictInfo *clause)
{
	return condition->clause != NULL && equal(condition->clause->clause, clause->clause);
}

bool
scyllaPushes(const ScyllaAccess *access, const RestrictInfo *clause)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		if (is_of(lfirst(lc), clause))
			return true;
	}
	return false;
}

bool
scyllaMayLeaveOut(const ScyllaAccess *access, const RestrictInfo *clause)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->longest > 0 && (clause == NULL || is_of(condition, clause)))
			return true;
	}
	return false;
}

bool
scyllaPushesAnyOf(const ScyllaAccess *access, List *clauses)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		if (list_member_ptr(clauses, ((ScyllaCondition *) lfirst(lc))->origin))
			return true;
	}
	return false;
}

bool
scyllaIsOneRun(const ScyllaAccess *access)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		if (scyllaAsksForEach(lfirst(lc)))
			return false;
	}
	return access->npartition > 0;
}
