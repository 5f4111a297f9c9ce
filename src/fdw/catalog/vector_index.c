/*
 * fdw/catalog/vector_index.c
 *	  Indexes of vectors, as a table's description has them.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 */
#include "postgres.h"

#include "fdw/catalog/vector_index.h"

bool
scyllaHasAttached(const List *indexes)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		if (((const ScyllaVectorIndex *) lfirst(lc))->attached)
			return true;
	}
	return false;
}

static List *
copy_names(const List *names)
{
	List	   *copy = NIL;
	ListCell   *lc;

	foreach(lc, names)
		copy = lappend(copy, pstrdup(lfirst(lc)));
	return copy;
}

List *
scyllaCopyVectorIndexes(const List *indexes)
{
	List	   *copies = NIL;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		ScyllaVectorIndex *copy = palloc(sizeof(*copy));

		*copy = *(const ScyllaVectorIndex *) lfirst(lc);
		copy->name = pstrdup(copy->name);
		copy->partition = copy_names(copy->partition);
		copy->filtering = copy_names(copy->filtering);
		copies = lappend(copies, copy);
	}
	return copies;
}
