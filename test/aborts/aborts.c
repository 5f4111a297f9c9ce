/*
 * aborts.c
 *	  Breaks an invariant of each of these folders of src/fdw in a child process, and
 *	  sees the child end by abort.
 *
 * Backend thread. Owns nothing. The extension is as it is: see 030_invariants.pl.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "../unit/aborts.h"
#include "fdw/catalog/system_query.h"
#include "fdw/option/option.h"
#include "fdw/plan/path.h"
#include "fdw/read/parallel.h"
#include "fdw/select/select.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"

extern PGDLLEXPORT Datum fdw_aborts(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(fdw_aborts);

static void
use_option_without_values(void *unused)
{
	const ScyllaOptionDef def = {.name = "senseless", .kind = KIND_INTEGER, .min = 2, .max = 1};

	scyllaOptionValue(&def, "1");
}

static void
use_option_without_words(void *unused)
{
	const ScyllaOptionDef def = {.name = "speechless", .kind = KIND_WORD};

	scyllaOptionValue(&def, "word");
}

static void
wait_uninterruptibly(void *unused)
{
	HOLD_INTERRUPTS();
	scyllaWait(NULL, 0);
}

static void
write_without_session(void *unused)
{
	ScyllaWriter writer = {0};

	scyllaJoinWriters(&writer);
}

static void
ask_for_pages_without_rows(void *unused)
{
	ScyllaTableOptions options = {.fetch_size = 0};
	ScyllaSystemQuery query = {.cql = "SELECT"};

	scyllaReadSystem(NULL, &options, &query);
}

static void
report_as_a_worker_would(void *unused)
{
	scyllaTellReport(NULL, NULL);
}

static void
read_by_a_key_without_values(void *unused)
{
	ScyllaRelation relation = {0};
	ScyllaAccess access = {.npartition = 1};
	ScyllaPath	path = {.relation = &relation, .access = &access};
	List	   *exprs = NIL;

	scyllaBuildSelect(&path, &exprs);
}

static void
unpack_a_part_too_many(void *unused)
{
	const ScyllaSelect select = {0};

	scyllaUnpackSelect(lappend(scyllaPackSelect(&select), NIL));
}

static const struct
{
	const char *what;
	void		(*violate) (void *unused);
	const char *condition;
}			violations[] =

{
	{"option: limits that allow nothing", use_option_without_values, "def->min <= def->max"},
	{"option: a kind with words, without words", use_option_without_words, "def->words[0].name != NULL"},
	{"session: a wait that nothing could interrupt", wait_uninterruptibly, "InterruptHoldoffCount == 0"},
	{"session: a write of no session", write_without_session, "w->session != NULL"},
	{"catalog: pages of no rows", ask_for_pages_without_rows, "local.fetch_size > 0"},
	{"read: a worker's report by the leader", report_as_a_worker_would, "IsParallelWorker()"},
	{"plan: a key whose values are not asked for", read_by_a_key_without_values, "access->npartition <= list_length(access->pushed)"},
	{"select: a SELECT with a part too many", unpack_a_part_too_many, "list_length(packed) == PACKED_LOCAL + 1"},
};

/* fdw_aborts() returns text: a line for each, with what came of it. NULL: this build does not check. */
Datum
fdw_aborts(PG_FUNCTION_ARGS)
{
#ifdef USE_ASSERT_CHECKING
	StringInfoData lines;

	initStringInfo(&lines);
	for (size_t i = 0; i < lengthof(violations); i++)
		appendStringInfo(&lines, "%s: %s\n", violations[i].what,
						 aborts(violations[i].violate, NULL, violations[i].condition) ? "aborts" : "goes on");
	PG_RETURN_TEXT_P(cstring_to_text_with_len(lines.data, lines.len));
#else
	(void) violations;
	PG_RETURN_NULL();
#endif
}
