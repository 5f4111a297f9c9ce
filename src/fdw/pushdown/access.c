/*
 * fdw/pushdown/access.c
 *	  Questions about the conditions that a table is read by.
 *
 * Backend thread. Owns nothing.
 */
#include "postgres.h"

#include "fdw/pushdown/access.h"

/* By what it says: a path may have been translated since. */
bool
scyllaPushes(const ScyllaAccess *access, const RestrictInfo *clause)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const RestrictInfo *pushed = ((ScyllaCondition *) lfirst(lc))->clause;

		if (pushed != NULL && equal(pushed->clause, clause->clause))
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
