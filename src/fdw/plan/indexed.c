/*
 * fdw/plan/indexed.c
 *	  Which rows the cluster's indexes find, and which they lose.
 *
 * Backend thread. Owns nothing.
 *
 * What is known of Cassandra 5, each by sql/indexed.sql, which compares all kinds
 * of indexes beside all kinds of conditions, page by page, with a local copy. A
 * secondary index of a static column, or of a part of the partition key, has
 * entries without clustering columns: conditions on those lose rows or fail. In
 * one partition, pages end early inside the entry of a static column, and fail
 * among entries of a clustering column with a range before it.
 */
#include "postgres.h"

#include "fdw/plan/alike.h"
#include "fdw/plan/indexed.h"

static bool
is_fixing(const ScyllaCondition *condition)
{
	return condition->op == SCYLLA_EQ || condition->op == SCYLLA_IN;
}

bool
scyllaIndexFindsRanges(const ScyllaTableColumn *column)
{
	static const char *const equal_only[] = {"text", "varchar", "ascii", "boolean", "uuid", "blob"};

	for (size_t i = 0; i < lengthof(equal_only); i++)
	{
		if (strcmp(column->type, equal_only[i]) == 0)
			return false;
	}
	return column->index == SCYLLA_SAI;
}

/* Such an index has entries for partitions, not for their rows. */
static bool
finds_partitions(const ScyllaCondition *condition)
{
	const ScyllaTableColumn *column = condition->column;

	return is_fixing(condition) && column->index == SCYLLA_SECONDARY_INDEX &&
		(column->kind == SCYLLA_STATIC || column->kind == SCYLLA_PARTITION_KEY);
}

/* Cassandra looks for clustering columns in those entries. */
static bool
mixes_levels(const ScyllaAccess *access, const ScyllaCondition *condition)
{
	bool		clustering = condition->column->kind == SCYLLA_CLUSTERING;
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *other = lfirst(lc);

		if ((clustering && finds_partitions(other)) ||
			(finds_partitions(condition) && other->column->kind == SCYLLA_CLUSTERING))
			return true;
	}
	return false;
}

const char *
scyllaIndexDiffers(const ScyllaAccess *access, const ScyllaCondition *condition)
{
	const ScyllaTableColumn *column = condition->column;

	if (column->index == SCYLLA_INEXACT_INDEX)
		return "its index finds other values as well";
	if (column->index == SCYLLA_SECONDARY_INDEX && is_fixing(condition) && !scyllaSameBytes(condition->type, column))
		return "its index compares bytes, which differ between equal values";
	if (mixes_levels(access, condition))
		return "an index that finds partitions does not go with clustering columns";
	return NULL;
}

static bool
ends_early(const ScyllaAccess *access, const ScyllaCondition *condition)
{
	const ScyllaTableColumn *column = condition->column;

	return access->npartition > 0 && is_fixing(condition) && column->index == SCYLLA_SECONDARY_INDEX &&
		(column->kind == SCYLLA_STATIC || column->kind == SCYLLA_CLUSTERING);
}

const char *
scyllaIndexKeepsFromFiltering(const ScyllaAccess *access, const ScyllaCondition *condition)
{
	const char *reason = scyllaIndexDiffers(access, condition);

	return reason == NULL && ends_early(access, condition) ? "its index does not find all rows of one partition" : reason;
}
