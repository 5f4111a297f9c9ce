/*
 * reject.c
 *	  Takes the rows that a converter or the cluster refuses, so that their write goes
 *	  on; the SQL functions that order it.
 *
 * Backend thread. Owns what it says of the rows it took.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "fdw/load/reject.h"
#include "fdw/write/batch.h"

extern PGDLLEXPORT Datum reject_begin(PG_FUNCTION_ARGS);
extern PGDLLEXPORT Datum reject_end(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(reject_begin);
PG_FUNCTION_INFO_V1(reject_end);

static StringInfoData taken;
static int	left;				/* so many requests are taken; 0: the next refused row ends its statement */

extern ScyllaRejects *__real_scyllaChooseRejects(const ScyllaTableOptions *options);
extern ScyllaRejects *__wrap_scyllaChooseRejects(const ScyllaTableOptions *options);

static void
note_converter(const ScyllaRefusal *refusal)
{
	bool		isnull;

	(void) slot_getattr(refusal->slots[SCYLLA_NEW_ROW], 1, &isnull);
	appendStringInfo(&taken, " column %s, %s: %s%s", refusal->column ? refusal->column : "-",
					 unpack_sql_state(refusal->error->sqlerrcode), refusal->error->message, isnull ? ", id is null" : "");
}

static void
note_cluster(const ScyllaRefusal *refusal)
{
	const Request *r = refusal->request;

	if (r->core.failure)
		appendStringInfo(&taken, " %04x: %s", r->core.failure->code, r->core.failure->message);
	for (int i = 1; i < (int) r->rows; i++)
	{
		CqlBytes	values = scyllaRequestRow(r, i);
		char	   *key = scyllaKeyText(refusal->encoder, values.data, (size_t) values.len, PG_INT32_MAX);

		appendStringInfo(&taken, "; with %s", key ? key : "-");
	}
}

static bool
take(ScyllaRejects *self, const ScyllaRefusal *refusal)
{
	char	   *key = NULL;

	if (left == 0)
		return false;
	left--;
	if (refusal->values.data != NULL)
		key = scyllaKeyText(refusal->encoder, refusal->values.data, (size_t) refusal->values.len, refusal->nvalues);
	appendStringInfo(&taken, "%s " UINT64_FORMAT " %s", refusal->relation, refusal->row, key ? key : "-");
	if (refusal->error != NULL)
		note_converter(refusal);
	else
		note_cluster(refusal);
	appendStringInfoChar(&taken, '\n');
	return true;
}

ScyllaRejects *
__wrap_scyllaChooseRejects(const ScyllaTableOptions *options)
{
	static ScyllaRejects taking = {.take = take, .values = true};

	return taken.data ? &taking : __real_scyllaChooseRejects(options);
}

/* reject_begin(n int): the next n refused rows, or batches of them, are taken. */
Datum
reject_begin(PG_FUNCTION_ARGS)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	initStringInfo(&taken);
	MemoryContextSwitchTo(old);
	left = PG_GETARG_INT32(0);
	PG_RETURN_VOID();
}

/* reject_end() returns text: what was taken. */
Datum
reject_end(PG_FUNCTION_ARGS)
{
	text	   *result = taken.data ? cstring_to_text(taken.data) : cstring_to_text("");

	taken.data = NULL;
	PG_RETURN_TEXT_P(result);
}
