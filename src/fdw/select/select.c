/*
 * fdw/select/select.c
 *	  Packing a SELECT for the executor, and writing its text.
 *
 * Backend thread. Owns nothing. Invariants: what is packed has the order of the enum;
 * markers stand in the text in the order in which request_list.c binds them: range of
 * tokens, conditions, LIMIT.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/value.h"

#include "fdw/option/names.h"
#include "fdw/select/select.h"

/* ---- packing: fdw_private must be something that copyObject knows ---- */

enum
{
	PACKED_RELATION,			/* oid list */
	PACKED_ITEMS,
	PACKED_TARGETS,
	PACKED_COLUMNS,
	PACKED_OPERATORS,
	PACKED_ATTNUMS,
	PACKED_LONGEST,
	PACKED_INDEXED,
	PACKED_GROUPS,
	PACKED_SERIES,
	PACKED_ORDER,
	PACKED_MERGE,
	PACKED_ROLES,
	PACKED_AGGREGATED,
	PACKED_GROUP_BY,
	PACKED_WHOLE_ITEMS,
	PACKED_WHOLE_TARGETS,
	PACKED_NUMBERS,				/* int list, in the order of scyllaPackSelect */
	PACKED_NEAREST,				/* String; NIL: none */
	PACKED_LOCAL
};

static List *
pack_text(char *text)
{
	return text ? list_make1(makeString(text)) : NIL;
}

static char *
unpack_text(List *packed)
{
	return packed != NIL ? strVal(linitial(packed)) : NULL;
}

List *
scyllaPackSelect(const ScyllaSelect *select)
{
	List	   *numbers = list_make5_int(select->npartition, select->per_partition, select->distinct,
										 select->filtering, select->limited);
	List	   *packed = list_make5(list_make1_oid(select->relid), select->items, select->targets,
									select->columns, select->operators);

	numbers = lappend_int(numbers, select->by_ranges);
	numbers = lappend_int(numbers, select->pages);
	numbers = lappend_int(numbers, select->row_bytes);
	numbers = lappend_int(numbers, select->rows);
	numbers = lappend_int(numbers, select->whole_instead);
	numbers = lappend_int(numbers, select->heap_tuples);
	numbers = lappend_int(numbers, select->unasked);
	numbers = lappend_int(numbers, select->nearest_at_one);
	packed = lappend(packed, select->attnums);
	packed = lappend(packed, select->longest);
	packed = lappend(packed, select->indexed);
	packed = lappend(packed, select->groups);
	packed = lappend(packed, select->series);
	packed = lappend(packed, select->order);
	packed = lappend(packed, select->merge);
	packed = lappend(packed, select->roles);
	packed = lappend(packed, select->aggregated);
	packed = lappend(packed, select->group_by);
	packed = lappend(packed, select->whole_items);
	packed = lappend(packed, select->whole_targets);
	packed = lappend(packed, numbers);
	packed = lappend(packed, pack_text(select->nearest));
	return lappend(packed, pack_text(select->local));
}

ScyllaSelect *
scyllaUnpackSelect(List *packed)
{
	ScyllaSelect *select = palloc0(sizeof(*select));
	List	   *numbers = list_nth(packed, PACKED_NUMBERS);

	Assert(list_length(packed) == PACKED_LOCAL + 1);
	select->relid = linitial_oid(list_nth(packed, PACKED_RELATION));
	select->items = list_nth(packed, PACKED_ITEMS);
	select->targets = list_nth(packed, PACKED_TARGETS);
	select->columns = list_nth(packed, PACKED_COLUMNS);
	select->operators = list_nth(packed, PACKED_OPERATORS);
	select->attnums = list_nth(packed, PACKED_ATTNUMS);
	select->longest = list_nth(packed, PACKED_LONGEST);
	select->indexed = list_nth(packed, PACKED_INDEXED);
	select->groups = list_nth(packed, PACKED_GROUPS);
	select->series = list_nth(packed, PACKED_SERIES);
	select->order = list_nth(packed, PACKED_ORDER);
	select->merge = list_nth(packed, PACKED_MERGE);
	select->roles = list_nth(packed, PACKED_ROLES);
	select->aggregated = list_nth(packed, PACKED_AGGREGATED);
	select->group_by = list_nth(packed, PACKED_GROUP_BY);
	select->whole_items = list_nth(packed, PACKED_WHOLE_ITEMS);
	select->whole_targets = list_nth(packed, PACKED_WHOLE_TARGETS);
	select->npartition = list_nth_int(numbers, 0);
	select->per_partition = list_nth_int(numbers, 1);
	select->distinct = list_nth_int(numbers, 2) != 0;
	select->filtering = list_nth_int(numbers, 3) != 0;
	select->limited = list_nth_int(numbers, 4) != 0;
	select->by_ranges = list_nth_int(numbers, 5) != 0;
	select->pages = list_nth_int(numbers, 6);
	select->row_bytes = list_nth_int(numbers, 7);
	select->rows = list_nth_int(numbers, 8);
	select->whole_instead = list_nth_int(numbers, 9) != 0;
	select->heap_tuples = list_nth_int(numbers, 10) != 0;
	select->unasked = list_nth_int(numbers, 11) != 0;
	select->nearest_at_one = list_nth_int(numbers, 12) != 0;
	select->nearest = unpack_text(list_nth(packed, PACKED_NEAREST));
	select->local = unpack_text(list_nth(packed, PACKED_LOCAL));
	return select;
}

/* ---- series ---- */

bool
scyllaIsOpenEnded(const ScyllaSelect *select)
{
	for (int i = 2; i < list_length(select->series); i += 3)
	{
		if (list_nth_int(select->series, i) == 0)
			return true;
	}
	return false;
}

int
scyllaSeriesEnd(const ScyllaSelect *select, int lower)
{
	for (int i = 0; i < list_length(select->series); i += 3)
	{
		if (list_nth_int(select->series, i) == lower)
			return list_nth_int(select->series, i + 1);
	}
	return -1;
}

int
scyllaSeriesBegin(const ScyllaSelect *select, int upper)
{
	for (int i = 0; i < list_length(select->series); i += 3)
	{
		if (list_nth_int(select->series, i + 1) == upper)
			return list_nth_int(select->series, i);
	}
	return -1;
}

/* ---- text ---- */

static void
append_texts(StringInfo out, List *texts)
{
	ListCell   *lc;

	foreach(lc, texts)
		appendStringInfo(out, "%s%s", lc == list_head(texts) ? "" : ", ", strVal(lfirst(lc)));
}

static void
append_names(StringInfo out, List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (lc != list_head(names))
			appendStringInfoString(out, ", ");
		scyllaAppendIdentifier(out, strVal(lfirst(lc)));
	}
}

static const char *
operator_text(ScyllaOperator op, bool in)
{
	switch (op)
	{
		case SCYLLA_IN:
			return in ? "IN" : "=";
		case SCYLLA_LT:
			return "<";
		case SCYLLA_LE:
			return "<=";
		case SCYLLA_GT:
			return ">";
		case SCYLLA_GE:
			return ">=";
		default:
			return "=";
	}
}

static ScyllaOperator
operator_of(const ScyllaSelect *select, const ScyllaSelectForm *form, int i)
{
	return form && form->operators ? form->operators[i] : (ScyllaOperator) list_nth_int(select->operators, i);
}

static bool
is_range(ScyllaOperator op)
{
	return op == SCYLLA_LT || op == SCYLLA_LE || op == SCYLLA_GT || op == SCYLLA_GE;
}

/* Other bounds of a column that is compared in a row are written as rows, too: CQL does not mix them. */
static bool
is_beside_row(const ScyllaSelect *select, int i)
{
	for (int k = 0; k < list_length(select->columns); k++)
	{
		if (list_nth_int(select->groups, k) > 0 && is_range(list_nth_int(select->operators, k)) &&
			is_range(list_nth_int(select->operators, i)) &&
			list_nth_int(select->attnums, k) == list_nth_int(select->attnums, i))
			return true;
	}
	return false;
}

/* "(a, b) > (?, ?)", of those of a group that have a value. */
static void
append_row(StringInfo out, const ScyllaSelect *select, const ScyllaSelectForm *form, int first, bool in)
{
	int			n = 0;

	for (int i = first; i < list_length(select->columns); i++)
	{
		bool		member = i == first || (list_nth_int(select->groups, first) > 0 &&
											list_nth_int(select->groups, i) == list_nth_int(select->groups, first));

		if (!member || operator_of(select, form, i) == SCYLLA_ANY)
			continue;
		appendStringInfoString(out, n++ == 0 ? "(" : ", ");
		scyllaAppendIdentifier(out, strVal(list_nth(select->columns, i)));
	}
	appendStringInfo(out, ") %s ", operator_text(operator_of(select, form, first), in));
	for (int i = 0; i < n && !in; i++)
		appendStringInfoString(out, i == 0 ? "(?" : ", ?");
	appendStringInfoString(out, in ? "?" : ")");
}

/* Another one of the same group, before this one or anywhere. */
static bool
has_other(const ScyllaSelect *select, int i, int end)
{
	for (int k = 0; k < end; k++)
	{
		if (k != i && list_nth_int(select->groups, i) > 0 && list_nth_int(select->groups, k) == list_nth_int(select->groups, i))
			return true;
	}
	return false;
}

/* It is in the row that one before it has begun. */
static bool
is_appended(const ScyllaSelect *select, const ScyllaSelectForm *form, int i)
{
	return (form == NULL || is_range(operator_of(select, form, i))) && has_other(select, i, i);
}

/* form NULL: for EXPLAIN, where an array is one condition IN; else one of its elements is the value. */
static void
append_conditions(StringInfo out, const ScyllaSelect *select, const ScyllaSelectForm *form, bool first)
{
	for (int i = 0; i < list_length(select->columns); i++)
	{
		ScyllaOperator op = operator_of(select, form, i);
		bool		in = form == NULL && op == SCYLLA_IN;

		if (op == SCYLLA_ANY || op == SCYLLA_NEAREST || is_appended(select, form, i) || scyllaSeriesBegin(select, i) >= 0)
			continue;
		in |= form == NULL && scyllaSeriesEnd(select, i) >= 0;
		appendStringInfoString(out, first ? " WHERE " : " AND ");
		first = false;
		if (is_beside_row(select, i) || (in && has_other(select, i, list_length(select->columns))))
		{
			append_row(out, select, form, i, in);
			continue;
		}
		scyllaAppendIdentifier(out, strVal(list_nth(select->columns, i)));
		appendStringInfo(out, " %s ?", in ? "IN" : operator_text(op, false));
	}
}

bool
scyllaSelectsNearest(const ScyllaSelect *select)
{
	return select->operators != NIL && llast_int(select->operators) == SCYLLA_NEAREST;
}

/* Unless the executor has dropped it. */
static void
append_nearest(StringInfo out, const ScyllaSelect *select, const ScyllaSelectForm *form)
{
	if (!scyllaSelectsNearest(select) ||
		(form && form->operators && form->operators[list_length(select->columns) - 1] == SCYLLA_ANY))
		return;
	appendStringInfoString(out, " ORDER BY ");
	scyllaAppendIdentifier(out, strVal(llast(select->columns)));
	appendStringInfoString(out, " ANN OF ?");
}

static void
append_token_range(StringInfo out, const ScyllaSelect *select)
{
	appendStringInfoString(out, " WHERE token(");
	append_names(out, select->token_columns);
	appendStringInfoString(out, ") > ? AND token(");
	append_names(out, select->token_columns);
	appendStringInfoString(out, ") <= ?");
}

static char *
deparse(const ScyllaSelect *select, const ScyllaTableOptions *options, const ScyllaSelectForm *form)
{
	bool		token_range = form && form->token_range;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, select->distinct ? "SELECT DISTINCT " : "SELECT ");
	append_texts(&out, select->items);
	appendStringInfoString(&out, " FROM ");
	scyllaAppendTable(&out, options);
	if (token_range)
		append_token_range(&out, select);
	append_conditions(&out, select, form, !token_range);
	if (select->group_by != NIL)
	{
		appendStringInfoString(&out, " GROUP BY ");
		append_names(&out, select->group_by);
	}
	if (select->order != NIL)
	{
		appendStringInfoString(&out, " ORDER BY ");
		append_texts(&out, select->order);
	}
	append_nearest(&out, select, form);
	if (select->per_partition > 0)
		appendStringInfo(&out, " PER PARTITION LIMIT %d", select->per_partition);
	if ((form ? form->limited : select->limited) && select->group_by == NIL)
		appendStringInfoString(&out, " LIMIT ?");
	if (select->filtering)
		appendStringInfoString(&out, " ALLOW FILTERING");
	return out.data;
}

char *
scyllaDeparseSelect(const ScyllaSelect *select, const ScyllaTableOptions *options, const ScyllaSelectForm *form)
{
	return deparse(select, options, form);
}

char *
scyllaExplainSelect(const ScyllaSelect *select, const ScyllaTableOptions *options)
{
	return deparse(select, options, NULL);
}

void
scyllaAppendConditions(StringInfo out, const ScyllaSelect *select, const ScyllaOperator *operators)
{
	ScyllaSelectForm form = {.operators = operators};

	append_conditions(out, select, operators ? &form : NULL, true);
}
