/*
 * fdw/read/explain.c
 *	  Properties of a SELECT.
 *
 * Backend thread. Owns nothing. Invariant: the cluster is asked for nothing.
 */
#include "postgres.h"

#include "utils/lsyscache.h"

#include "fdw/option/names.h"
#include "fdw/read/explain.h"
#include "fdw/select/scan_key.h"

static char *
key_columns(const ScyllaSelect *select)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < select->npartition; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "",
						 get_attname(select->relid, list_nth_int(select->attnums, i), false));
	return names.data;
}

/* Columns, and how many keys their ranges are, as far as is known. */
static char *
series_text(const ScyllaSelect *select)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < list_length(select->series); i += 3)
	{
		int			values = list_nth_int(select->series, i + 2);

		appendStringInfo(&text, "%s%s", i > 0 ? ", " : "",
						 get_attname(select->relid, list_nth_int(select->attnums, list_nth_int(select->series, i)), false));
		if (values > 0)
			appendStringInfo(&text, " (%d %s)", values, values == 1 ? "value" : "values");
		else
			appendStringInfo(&text, " (at most %d values)", SCYLLA_SERIES_MAX);
	}
	return text.data;
}

void
scyllaExplainKeys(const ScyllaSelect *select, ExplainState *es)
{
	if (select->npartition > 0)
		ExplainPropertyText("Key", key_columns(select), es);
	if (select->series != NIL)
		ExplainPropertyText("Key Range", series_text(select), es);
}

void
scyllaExplainRead(const ScyllaSelect *select, const ScyllaTableOptions *options, ExplainState *es)
{
	if (select->roles != NIL)	/* the plan node names no table */
		ExplainPropertyText("Relations", psprintf("Aggregate on (%s)", get_rel_name(select->relid)), es);
	scyllaExplainKeys(select, es);
	if (select->nearest != NULL)
		ExplainPropertyText("Nearest", select->nearest, es);
	if (!es->verbose)
		return;
	ExplainPropertyText("CQL", scyllaTellUtf8(scyllaExplainSelect(select, options)), es);
	ExplainPropertyInteger("Fetch Size", NULL, options->fetch_size, es);
	ExplainPropertyText("Consistency", cql_consistency_name(options->read_consistency), es);
	if (select->local != NULL)
		ExplainPropertyText("Local Filter Reason", select->local, es);
}

void
scyllaExplainLocks(EState *estate, Index rti, ExplainState *es)
{
	ExecRowMark *mark = rti > 0 ? ExecFindRowMark(estate, rti, true) : NULL;

	if (mark && mark->strength != LCS_NONE)
		ExplainPropertyText("Row Locks", "none", es);
}
