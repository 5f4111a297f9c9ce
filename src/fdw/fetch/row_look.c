/*
 * fdw/fetch/row_look.c
 *	  How large rows are, by a look at a few of them.
 *
 * Backend thread. Owns nothing. Invariants: the fetch of a look is closed before the
 * look returns; a size is never 0, which would say that nobody has looked.
 */
#include "postgres.h"

#include "fdw/fetch/fetch.h"
#include "fdw/fetch/page_size.h"
#include "fdw/fetch/row_look.h"
#include "fdw/fetch/row_size.h"
#include "fdw/select/request_list.h"
#include "fdw/session/statement.h"

/* The same rows as the select's, in any order. */
static ScyllaSelect
select_of_columns(const ScyllaSelect *from, List *columns)
{
	ScyllaSelect select = *from;

	select.items = columns;
	select.order = select.roles = select.group_by = select.merge = NIL;
	select.per_partition = 0;
	select.distinct = false;
	return select;
}

static uint64
look_at_rows(const ScyllaRowLook *look, List *columns)
{
	ScyllaSelect select = select_of_columns(look->select, columns);
	ScyllaSelectForm form = {scyllaConditionOperators(look->conditions), false, true};
	ScyllaKeySource *source = scyllaBeginSource(list_length(select.columns), select.npartition);
	ScyllaFetchConfig config = {.session = look->session, .options = look->options, .relation = look->relation,
		.report = look->report, .source = scyllaSourceOf(source), .select = &select, .form = form, .page_rows = SCYLLA_FEW_ROWS, .pagers = 1};
	ScyllaFetch *fetch;
	uint64		bytes = 0;
	uint64		rows = 0;

	if (!scyllaAddConditions(look->conditions, look->econtext, source, -1))
		return SCYLLA_UNSEEN_BYTES;
	scyllaSourceLimit(source, SCYLLA_FEW_ROWS);
	(void) scyllaEndSource(source);
	config.cql = scyllaDeparseSelect(&select, look->options, &form);
	config.statement = scyllaPrepare(look->session, look->options, config.cql);
	fetch = scyllaFetchOpen(&config);
	for (; scyllaFetchNext(fetch, true) == SCYLLA_FETCH_ROW; rows++)
	{
		for (uint32_t i = 0; i < scyllaFetchMetadata(fetch)->count; i++)
			bytes += Max(scyllaFetchRow(fetch)[i].len, 0);
	}
	scyllaFetchClose(fetch);
	return rows > 0 ? Max(bytes / rows, 1) : SCYLLA_UNSEEN_BYTES;
}

/* Whether each request has one row at most. */
static bool
fixes_whole_key(const ScyllaSelect *select, const ScyllaTable *table)
{
	ListCell   *lc;

	foreach(lc, select->operators)
	{
		if (lfirst_int(lc) != SCYLLA_EQ && lfirst_int(lc) != SCYLLA_IN)
			return false;
	}
	return list_length(select->columns) == table->npartition + table->nclustering;
}

uint64
scyllaReadBytes(const ScyllaRowLook *look, const ScyllaRowSize *size)
{
	if (size->unknown == NIL || fixes_whole_key(look->select, look->table))
		return Max(size->read, 1);
	return look->conditions != NULL ? look_at_rows(look, size->unknown) : SCYLLA_UNSEEN_BYTES;
}
