/*
 * fdw/pushdown/indexed.c
 *	  Which rows the cluster's indexes find, and which they lose.
 *
 * Backend thread. Owns nothing. Invariants: none; pure functions.
 *
 * What is known of Cassandra 5, each by sql/indexed.sql, which compares all kinds
 * of indexes beside all kinds of conditions, page by page, with a local copy. A
 * secondary index of a static column, or of a part of the partition key, has
 * entries without clustering columns: conditions on those lose rows or fail. In
 * one partition, pages end early inside the entry of a static column, and fail
 * among entries of a clustering column with a range before it.
 *
 * Long values are in no index: a storage-attached one leaves texts of more than
 * 8192 bytes out (sai_string_term_size_fail_threshold; numbers and ranges of text
 * do not mind), a secondary one refuses to look for more than 65535. A condition
 * with such a value stays local. Where the value is not known before the scan
 * begins, a scan that finds rows by the index leaves the condition out then, reads
 * the others' rows, and checks it (ScyllaCondition.longest). Where the index would
 * only filter what keys have found, it is not asked. Nodes cannot hand each other
 * more than 65535 bytes to filter by, whatever the column and the operator: a
 * constant that is longer stays local as well, and a value that is not known yet
 * has its condition left out in the same way. A join by keys checks such conditions
 * always.
 *
 * Some indexes find rows that PostgreSQL would not: an index with an analyzer, an
 * SAI of inet (which takes ::ffff:1.2.3.4 for 1.2.3.4), and a secondary index of a
 * decimal. Such indexes are not asked. With any index in use, Cassandra refuses ORDER BY.
 *
 * ScyllaDB's indexes are views, which follow their table, some of them later than the
 * writer is told (db/view/view.cc). Nodes without ScyllaDB's pull request 30683 give
 * what an old entry leads to, whatever the row says by now
 * (calculate_column_defs_for_filtering_and_erase_restrictions_used_for_index in
 * cql3/restrictions/statement_restrictions.cc), and a LIMIT counts entries
 * (find_index_clustering_rows in cql3/statements/select_statement.cc). So such
 * conditions are checked here once more, and nothing of them is sent above them. A
 * local index finds rows of one partition.
 *
 * A scan that leaves a condition on a long value out has no limit. If no other
 * condition is left, the scan reads the whole table by ranges. PostgreSQL checks
 * each row by the plan's recheck conditions. Aggregates and nearest vectors could
 * not be checked in this way. An index has no text of more than 8192 bytes, and some
 * tables have such texts: nothing of them is sent above a condition that an index
 * serves whose value is not known yet. Hardly anybody filters by 65535 bytes:
 * aggregates above a filter are sent, and fail with such a value.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/pushdown/comparison.h"
#include "fdw/pushdown/indexed.h"

#define LONGEST_ATTACHED 8192
#define LONGEST_SECONDARY 65535
#define LONGEST_FILTERED 65535	/* a node cannot tell another one to filter by more */

static bool
is_fixing(const ScyllaCondition *condition)
{
	return condition->op == SCYLLA_EQ || scyllaAsksForEach(condition);
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

bool
scyllaIndexIsView(const ScyllaTableColumn *column)
{
	return column->index == SCYLLA_VIEW_INDEX || column->local_index;
}

static bool
compares_bytes(const ScyllaTableColumn *column)
{
	return column->index == SCYLLA_SECONDARY_INDEX || scyllaIndexIsView(column);
}

/* ---- long values ---- */

static bool
has_long_values(const ScyllaTableColumn *column)
{
	static const char *const long_types[] = {"text", "varchar", "ascii", "blob"};

	for (size_t i = 0; i < lengthof(long_types); i++)
	{
		if (strcmp(column->type, long_types[i]) == 0)
			return true;
	}
	return false;
}

static int
index_longest(const ScyllaTableColumn *column)
{
	if (!has_long_values(column))
		return 0;
	return column->index == SCYLLA_SAI ? LONGEST_ATTACHED : compares_bytes(column) ? LONGEST_SECONDARY : 0;
}

static bool
has_limit(const ScyllaCondition *condition)
{
	return is_fixing(condition) && index_longest(condition->column) > 0;
}

int
scyllaLongestFound(const ScyllaCondition *condition)
{
	return has_limit(condition) && !IsA(condition->value, Const) ? index_longest(condition->column) : 0;
}

int
scyllaLongestFiltered(const ScyllaCondition *condition)
{
	return has_long_values(condition->column) && !IsA(condition->value, Const) ? LONGEST_FILTERED : 0;
}

/* In the cluster's encoding. */
static Size
length_of(const Const *value)
{
	if (value->constisnull)
		return 0;
	if (value->consttype == BYTEAOID)
		return VARSIZE_ANY_EXHDR(DatumGetByteaPP(value->constvalue));
	return strlen(scyllaToUtf8(TextDatumGetCString(value->constvalue)));
}

static bool
is_too_long(const ScyllaCondition *condition)
{
	return condition->op == SCYLLA_EQ && has_limit(condition) && IsA(condition->value, Const) &&
		length_of((Const *) condition->value) > (Size) index_longest(condition->column);
}

static bool
is_too_long_to_filter(const ScyllaCondition *condition)
{
	return has_long_values(condition->column) && IsA(condition->value, Const) &&
		length_of((Const *) condition->value) > LONGEST_FILTERED;
}

/* ---- levels and pages ---- */

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
	if (column->index == SCYLLA_LOSSY_INDEX)
		return "its index loses rows where a page ends within a partition";
	if (compares_bytes(column) && is_fixing(condition) && !scyllaSameBytes(condition->type, column))
		return "its index compares bytes, which differ between equal values";
	if (is_too_long(condition))
		return psprintf("its index has no values of more than %d bytes", index_longest(column));
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

	if (reason == NULL && is_too_long_to_filter(condition))
		return psprintf("nodes filter by values of at most %d bytes", LONGEST_FILTERED);
	if (reason == NULL && ends_early(access, condition))
		return "its index does not find all rows of one partition";
	if (reason == NULL && scyllaLongestFound(condition) > 0)
		return psprintf("its index has no values of more than %d bytes, and this one may be longer",
						scyllaLongestFound(condition));
	return reason;
}
