/*
 * fdw/pushdown/vectors.c
 *	  Which conditions ScyllaDB's indexes of vectors check.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 *
 * The service that keeps such indexes knows the primary key of each row, and those
 * columns that the index names (scylladb/vector-store, indexes.rs). Values come to it
 * as JSON. Only types are taken that are the same there, whatever their value: it
 * holds two decimals of one value for equal, or not, by its own rules, as it does with
 * addresses.
 */
#include "postgres.h"

#include "fdw/pushdown/vectors.h"

static bool
is_named(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

static bool
is_told_alike(const char *type)
{
	static const char *const types[] = {"ascii", "text", "varchar", "boolean", "tinyint", "smallint", "int", "bigint",
	"uuid", "timeuuid", "timestamp", "date"};

	for (size_t i = 0; i < lengthof(types); i++)
	{
		if (strcmp(types[i], type) == 0)
			return true;
	}
	return false;
}

bool
scyllaVectorsFilterBy(const ScyllaVectorIndex *index, const ScyllaTableColumn *column)
{
	return is_told_alike(column->type) &&
		(scyllaIsKeyColumn(column) || is_named(index->partition, column->name) || is_named(index->filtering, column->name));
}

static bool
is_fixed(const ScyllaAccess *access, const char *name)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (strcmp(condition->column->name, name) == 0 && (condition->op == SCYLLA_EQ || scyllaAsksForEach(condition)))
			return true;
	}
	return false;
}

const char *
scyllaVectorsLack(const ScyllaVectorIndex *index, const ScyllaAccess *access)
{
	ListCell   *lc;

	foreach(lc, index->partition)
	{
		if (!is_fixed(access, lfirst(lc)))
			return lfirst(lc);
	}
	return NULL;
}
