/*
 * fdw/pushdown/grammar.c
 *	  From conditions that mean the same in CQL to those that one SELECT can have.
 *
 * Backend thread. Owns nothing. Invariants: a condition is taken once; the partition
 * key comes first, whole or not at all; behind it come clustering columns from the
 * first one on; the upper bounds of series come last.
 *
 * The whole partition key, then clustering columns from the first on, the last of
 * them by a range, then a local index of ScyllaDB; or an index; or ALLOW FILTERING.
 *
 * Cassandra uses an index for any column with a condition, keys included, as soon as
 * a query has ALLOW FILTERING. So conditions that only filtering can serve depend on
 * all indexes (keys_differ, and scyllaIndexDiffers of indexed.c).
 */
#include "postgres.h"

#include "fdw/compat.h"
#include "fdw/pushdown/grammar.h"
#include "fdw/pushdown/indexed.h"
#include "fdw/pushdown/series.h"
#include "fdw/pushdown/vectors.h"
#include "fdw/select/scan_key.h"

/* max_relations_in_where_clause of ScyllaDB (db/config.cc); the range of tokens that a scan reads takes two. */
#define MAX_CONDITIONS (100 - 2)

static bool
may_push(const ScyllaChoice *choice, int what)
{
	return (choice->info->options->pushdown & what) != 0;
}

static bool
is_upper(ScyllaOperator op)
{
	return op == SCYLLA_LT || op == SCYLLA_LE;
}

static bool
is_lower(ScyllaOperator op)
{
	return op == SCYLLA_GT || op == SCYLLA_GE;
}

/* Of one that is, or is not, in a group. */
static ScyllaCondition *
find_any(const ScyllaChoice *choice, const ScyllaTableColumn *column, bool (*suits) (ScyllaOperator op), bool in_group)
{
	ListCell   *lc;

	foreach(lc, choice->conditions)
	{
		ScyllaCondition *condition = lfirst(lc);

		if (condition->column == column && suits(condition->op) && (condition->group > 0) == in_group)
			return condition;
	}
	return NULL;
}

static ScyllaCondition *
find_condition(const ScyllaChoice *choice, const ScyllaTableColumn *column, bool (*suits) (ScyllaOperator op))
{
	return find_any(choice, column, suits, false);
}

static bool
is_equal(ScyllaOperator op)
{
	return op == SCYLLA_EQ;
}

static bool
is_in(ScyllaOperator op)
{
	return op == SCYLLA_IN;
}

/* What fixes a column: rather one value than several. */
static ScyllaCondition *
find_fixing(const ScyllaChoice *choice, const ScyllaTableColumn *column)
{
	ScyllaCondition *condition = find_condition(choice, column, is_equal);

	if (condition == NULL)
		condition = find_condition(choice, column, is_in);
	return condition ? condition : find_any(choice, column, is_in, true);
}

static void
take(ScyllaChoice *choice, ScyllaCondition *condition)
{
	if (condition == NULL)
		return;
	choice->access->pushed = lappend(choice->access->pushed, condition);
	choice->conditions = list_delete_ptr(choice->conditions, condition);
}

static void
take_range(ScyllaChoice *choice, const ScyllaTableColumn *column)
{
	take(choice, find_condition(choice, column, is_lower));
	take(choice, find_condition(choice, column, is_upper));
}

/* ---- comparisons of rows ---- */

/* The columns that are compared, from its first condition on; NIL: they are not clustering columns one after the other. */
static List *
row_in_clustering_order(const ScyllaChoice *choice, const ScyllaCondition *first)
{
	const ScyllaTable *table = choice->info->table;
	List	   *row = NIL;
	ListCell   *lc;

	foreach(lc, choice->conditions)
	{
		ScyllaCondition *condition = lfirst(lc);
		int			position = first->column->position + list_length(row);

		if (condition->group != first->group)
			continue;
		if (position >= table->nclustering || condition->column != scyllaClusteringColumn(table, position) ||
			condition->column->descending != first->column->descending)
			return NIL;
		row = lappend(row, condition);
	}
	return row;
}

/* "(a, b) > (1, 2)" says "a >= 1", too. */
static ScyllaCondition *
implied_bound(const ScyllaCondition *first)
{
	ScyllaCondition *bound = palloc(sizeof(*bound));

	*bound = *first;
	bound->op = is_lower(first->op) ? SCYLLA_GE : SCYLLA_LE;
	bound->clause = NULL;
	bound->group = 0;
	return bound;
}

/* What bounds the column on one side, or a row that begins with it: where CQL does not compare so, what that says of the column. */
static List *
find_bound(const ScyllaChoice *choice, const ScyllaTableColumn *column, bool (*suits) (ScyllaOperator op), bool rows)
{
	ScyllaCondition *first = find_any(choice, column, suits, true);
	ScyllaCondition *single = find_condition(choice, column, suits);
	List	   *row;

	if (first == NULL || first->index > 0)
		return single != NULL ? list_make1(single) : NIL;
	row = rows && first->clause != NULL ? row_in_clustering_order(choice, first) : NIL;
	return row != NIL ? row : list_make1(implied_bound(first));
}

/* Whether the clustering columns before this one may be compared in a row with it: each has one value, and their direction is one. */
static bool
goes_on_row(const ScyllaChoice *choice, const ScyllaTableColumn *column)
{
	ListCell   *lc;

	for_each_from(lc, choice->access->pushed, choice->access->npartition)
	{
		const ScyllaCondition *before = lfirst(lc);

		if (before->op != SCYLLA_EQ || before->column->descending != column->descending)
			return false;
	}
	return true;
}

/* One side of a row, which begins with what the columns before it are fixed to; of those alone, where nothing bounds the others. */
static void
take_row(ScyllaChoice *choice, List *fixed, List *bound, ScyllaOperator op)
{
	ScyllaCondition *first = bound != NIL ? linitial(bound) : NULL;
	int			group = first != NULL && first->group > 0 ? first->group : ++choice->ngroups;
	ListCell   *lc;

	foreach(lc, fixed)
	{
		ScyllaCondition *copy = palloc(sizeof(*copy));

		*copy = *(ScyllaCondition *) lfirst(lc);
		copy->op = first != NULL ? first->op : op;
		copy->group = group;
		copy->index = foreach_current_index(lc);
		choice->access->pushed = lappend(choice->access->pushed, copy);
	}
	foreach(lc, bound)
	{
		ScyllaCondition *condition = lfirst(lc);

		condition->group = group;
		condition->index += list_length(fixed);
		take(choice, condition);
	}
}

/*
 * On one side or both. ScyllaDB takes no row beside conditions on single clustering
 * columns: "a = 1 AND (b, c) > (2, 3)" is "(a, b, c) > (1, 2, 3) AND (a) <= (1)".
 */
static void
take_bounds(ScyllaChoice *choice, const ScyllaTableColumn *column)
{
	ScyllaAccess *access = choice->access;
	bool		rows = goes_on_row(choice, column);
	List	   *lower = find_bound(choice, column, is_lower, rows);
	List	   *upper = find_bound(choice, column, is_upper, rows);
	List	   *fixed;
	ListCell   *lc;

	access->rows_compared = list_length(lower) > 1 || list_length(upper) > 1;
	if (access->rows_compared)
	{
		fixed = list_copy_tail(access->pushed, access->npartition);
		access->pushed = list_truncate(access->pushed, access->npartition);
		if (lower != NIL || fixed != NIL)
			take_row(choice, fixed, lower, SCYLLA_GE);
		if (upper != NIL || fixed != NIL)
			take_row(choice, fixed, upper, SCYLLA_LE);
		return;
	}
	foreach(lc, list_concat(lower, upper))
		take(choice, lfirst(lc));
}

/* ---- keys ---- */

/* Both bounds of a column. */
static bool
find_bounds(const ScyllaChoice *choice, const ScyllaTableColumn *column, ScyllaCondition **lower, ScyllaCondition **upper)
{
	*lower = find_condition(choice, column, is_lower);
	*upper = find_condition(choice, column, is_upper);
	return *lower != NULL && *upper != NULL && scyllaIsDiscrete(*lower);
}

/* All values between the bounds of a column: the lower one stands for them. NULL: there are none, or too many. */
static ScyllaCondition *
find_series(const ScyllaChoice *choice, const ScyllaTableColumn *column)
{
	ScyllaCondition *lower;
	ScyllaCondition *upper;

	return find_bounds(choice, column, &lower, &upper) && scyllaMakeSeries(choice->root, lower, upper) ? lower : NULL;
}

/* The upper bound is set aside, to come last. */
static void
take_series(ScyllaChoice *choice, ScyllaCondition *lower)
{
	ScyllaCondition *upper = find_condition(choice, lower->column, is_upper);

	lower->series = upper->series = ++choice->ngroups;
	choice->access->open_ended |= !lower->known;
	choice->ends = lappend(choice->ends, upper);
	choice->conditions = list_delete_ptr(choice->conditions, upper);
}

static bool
take_partition_key(ScyllaChoice *choice)
{
	const ScyllaTable *table = choice->info->table;
	List	   *found = NIL;
	ListCell   *lc;

	for (int i = 0; i < table->npartition; i++)
	{
		ScyllaTableColumn *column = scyllaPartitionColumn(table, i);
		ScyllaCondition *condition = column ? find_fixing(choice, column) : NULL;

		if (condition == NULL && column != NULL)
			condition = find_series(choice, column);
		if (condition == NULL)
			return false;
		found = lappend(found, condition);
	}
	foreach(lc, found)
	{
		ScyllaCondition *condition = lfirst(lc);

		if (is_lower(condition->op))
			take_series(choice, condition);
		take(choice, condition);
	}
	choice->access->npartition = table->npartition;
	return true;
}

/* From the first clustering column on; the last one may have a range. */
static void
take_clustering_columns(ScyllaChoice *choice)
{
	const ScyllaTable *table = choice->info->table;

	for (int i = 0; i < table->nclustering; i++)
	{
		ScyllaTableColumn *column = scyllaClusteringColumn(table, i);
		ScyllaCondition *condition = column ? find_fixing(choice, column) : NULL;

		if (condition == NULL)
		{
			if (column != NULL)
				take_bounds(choice, column);
			return;
		}
		take(choice, condition);
		choice->access->nclustering++;
	}
}

/* By an index. Whether it has the value may turn out only when the scan begins. */
static void
take_by_index(ScyllaChoice *choice, ScyllaCondition *condition)
{
	condition->longest = scyllaLongestFound(condition);
	condition->again = scyllaIndexIsView(condition->column);
	choice->access->unsure |= condition->longest > 0;
	take(choice, condition);
}

static bool
may_be_indexed(const ScyllaChoice *choice)
{
	ListCell   *lc;

	foreach(lc, choice->conditions)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->op != SCYLLA_IN && condition->group == 0)
			return true;
	}
	return false;
}

/* One equality by an index of any kind; with storage-attached indexes several conditions, ranges included. */
static void
take_indexed(ScyllaChoice *choice)
{
	const ScyllaTable *table = choice->info->table;
	bool		sai = false;

	for (int i = 0; i < table->ncolumns; i++)
	{
		const ScyllaTableColumn *column = &table->column[i];
		ScyllaCondition *equal;

		if (column->index != SCYLLA_SAI)
			continue;
		equal = find_condition(choice, column, is_equal);
		if (equal != NULL && scyllaIndexDiffers(choice->access, equal) == NULL)
			take_by_index(choice, equal);
		else if (scyllaIndexFindsRanges(column))
			take_range(choice, column);
		sai |= choice->access->pushed != NIL;
	}
	for (int i = 0; i < table->ncolumns && !sai; i++)
	{
		const ScyllaTableColumn *column = &table->column[i];
		ScyllaCondition *equal = column->index == SCYLLA_SECONDARY_INDEX || column->index == SCYLLA_VIEW_INDEX ?
			find_condition(choice, column, is_equal) : NULL;

		if (equal != NULL && scyllaIndexDiffers(choice->access, equal) == NULL)
		{
			take_by_index(choice, equal);
			return;
		}
	}
}

/*
 * Of ScyllaDB, within a partition: one equality, beside a prefix of the clustering
 * columns. One of a clustering column stands alone, as nodes take it to be filtered
 * beside others, and comparisons of rows always (need_filtering in
 * cql3/restrictions/statement_restrictions.cc). Nodes refuse IN on the partition key
 * (validate_secondary_index_selections); here each of its keys has a request.
 */
static void
take_indexed_within(ScyllaChoice *choice)
{
	const ScyllaTable *table = choice->info->table;
	ScyllaAccess *access = choice->access;

	for (int i = 0; i < table->ncolumns && !access->rows_compared && access->nclustering < table->nclustering; i++)
	{
		const ScyllaTableColumn *column = &table->column[i];
		ScyllaCondition *equal = column->local_index ? find_condition(choice, column, is_equal) : NULL;

		if (equal == NULL || scyllaIndexDiffers(access, equal) != NULL ||
			(column->kind == SCYLLA_CLUSTERING && list_length(access->pushed) > access->npartition))
			continue;
		take_by_index(choice, equal);
		access->indexed = true;
		return;
	}
}

/* Whatever one column can have once more: nothing after "=" or a series, one bound on either side otherwise. */
static bool
has_room(const ScyllaAccess *access, const ScyllaCondition *condition)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *other = lfirst(lc);

		if (other->column != condition->column)
			continue;
		if (condition->op == SCYLLA_EQ || other->series > 0 || !(is_lower(other->op) || is_upper(other->op)) ||
			is_lower(other->op) == is_lower(condition->op))
			return false;
	}
	return true;
}

/* Where it filters, Cassandra may look for the keys too by an index. */
static bool
keys_differ(const ScyllaChoice *choice)
{
	ListCell   *lc;

	foreach(lc, choice->access->pushed)
	{
		if (scyllaIndexDiffers(choice->access, lfirst(lc)) != NULL)
			return true;
	}
	return false;
}

static bool
has_index(const ScyllaTableColumn *column)
{
	return column->index != SCYLLA_NO_INDEX || column->local_index;
}

/* NULL: it is. */
static const char *
why_not_filtered(const ScyllaChoice *choice, const ScyllaCondition *condition)
{
	if (has_index(condition->column) && !may_push(choice, SCYLLA_PUSH_INDEXES))
		return "indexes are not in the option pushdown";
	return scyllaIndexKeepsFromFiltering(choice->access, condition);
}

static bool
is_full(const ScyllaChoice *choice)
{
	return list_length(choice->access->pushed) >= MAX_CONDITIONS;
}

static void
take_filtered(ScyllaChoice *choice)
{
	List	   *conditions = keys_differ(choice) || choice->access->rows_compared ? NIL : list_copy(choice->conditions);
	ListCell   *lc;

	foreach(lc, conditions)
	{
		ScyllaCondition *condition = lfirst(lc);

		if (condition->op == SCYLLA_IN || condition->group > 0 || is_full(choice) || !has_room(choice->access, condition) ||
			why_not_filtered(choice, condition) != NULL)
			continue;
		condition->longest = scyllaLongestFiltered(condition);
		condition->again = is_equal(condition->op) && scyllaIndexIsView(condition->column);
		take(choice, condition);
		choice->access->filtering = true;
	}
	foreach(lc, choice->access->filtering ? choice->access->pushed : NIL)
		choice->access->indexed |= has_index(((ScyllaCondition *) lfirst(lc))->column);
}

/*
 * Beside nearest vectors, by an index of ScyllaDB that checks conditions itself. Indexes
 * follow their table: PostgreSQL checks what is not of a key once more, and what a key
 * chooses stays as it is. ALLOW FILTERING is what such an index wants for anything but
 * the columns of a local one (scylladb/vector-store, indexes.rs, score_index).
 */
static void
take_beside_vectors(ScyllaChoice *choice)
{
	List	   *conditions;
	ListCell   *lc;

	(void) take_partition_key(choice);
	conditions = list_copy(choice->conditions);
	foreach(lc, conditions)
	{
		ScyllaCondition *condition = lfirst(lc);

		if (condition->op == SCYLLA_IN || condition->group > 0 || !has_room(choice->access, condition) ||
			!scyllaVectorsFilterBy(choice->vectors, condition->column))
			continue;
		if (condition->column->kind == SCYLLA_REGULAR || condition->column->kind == SCYLLA_STATIC)
			condition->clause = NULL;
		take(choice, condition);
	}
	choice->access->filtering = list_length(choice->access->pushed) > (choice->vectors->partition != NIL ? choice->access->npartition : 0);
}

void
scyllaTakeConditions(ScyllaChoice *choice)
{
	ScyllaRelation *info = choice->info;

	if (choice->vectors != NULL)
		take_beside_vectors(choice);
	else if (take_partition_key(choice))
	{
		take_clustering_columns(choice);
		if (info->table->scylla && may_push(choice, SCYLLA_PUSH_INDEXES) && may_be_indexed(choice))
		{
			scyllaDescribeIndexesOf(info);
			take_indexed_within(choice);
		}
	}
	else if (may_be_indexed(choice))
	{
		scyllaDescribeIndexesOf(info);
		if (may_push(choice, SCYLLA_PUSH_INDEXES))
			take_indexed(choice);
	}
	if (choice->vectors == NULL && info->options->allow_filtering && may_push(choice, SCYLLA_PUSH_FILTERING) &&
		may_be_indexed(choice))
	{
		scyllaDescribeIndexesOf(info);
		take_filtered(choice);
	}
	choice->access->pushed = list_concat(choice->access->pushed, choice->ends);
	Assert(choice->access->npartition == 0 || choice->access->npartition == info->table->npartition);
	Assert(choice->access->npartition + choice->access->nclustering <= list_length(choice->access->pushed));
	choice->access->one_run = scyllaIsOneRun(choice->access);
}

/* ---- what is left ---- */

const char *
scyllaWhyNotTaken(const ScyllaChoice *choice, const ScyllaCondition *condition)
{
	const ScyllaTableColumn *column = condition->column;
	bool		range = is_lower(condition->op) || is_upper(condition->op);
	ScyllaCondition *lower;
	ScyllaCondition *upper;

	if (choice->whole)
		return "to read the whole table is cheaper";
	if (range && condition->group > 0)
		return "CQL compares rows only of clustering columns, from the first one on, in one direction";
	if (!has_room(choice->access, condition))
		return "CQL takes no further condition on the column";
	if (is_full(choice))
		return psprintf("a request has %d conditions at most", MAX_CONDITIONS);
	if (why_not_filtered(choice, condition) != NULL)
		return why_not_filtered(choice, condition);
	if (column->kind == SCYLLA_PARTITION_KEY && range && find_bounds(choice, column, &lower, &upper) &&
		!scyllaMakeSeries(choice->root, lower, upper))
		return psprintf("the partition key is hashed, and the range has more than %d values", SCYLLA_SERIES_MAX);
	if (column->kind == SCYLLA_PARTITION_KEY)
		return range ? "the partition key is hashed, it has no ranges" : "not all columns of the partition key are fixed";
	if (column->local_index && column->index == SCYLLA_NO_INDEX && choice->access->npartition == 0)
		return "its index is local, and not all columns of the partition key are fixed";
	if (column->kind == SCYLLA_CLUSTERING && choice->access->npartition == 0)
		return "the partition key is not fixed";
	if (column->kind == SCYLLA_CLUSTERING)
		return "a clustering column before it is not fixed";
	if (choice->access->npartition > 0)
		return "not a key";
	if (condition->op == SCYLLA_IN)
		return "lists are looked up by keys only";
	if (choice->info->options->allow_filtering && !may_push(choice, SCYLLA_PUSH_FILTERING))
		return "filtering is not in the option pushdown";
	if (column->index != SCYLLA_NO_INDEX)
		return range ? "its index finds equal values only" : "another index is used";
	return "not a key, and no index serves it";
}
