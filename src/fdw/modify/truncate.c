/*
 * fdw/modify/truncate.c
 *	  TRUNCATE, one table after the other.
 *
 * Backend thread. Owns the list of tables that the current transaction has
 * emptied. Invariants: none is emptied before all were found to be there and to allow it; a
 * TRUNCATE is never sent twice unless the cluster says that it did nothing.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/catalog/table.h"
#include "fdw/compat.h"
#include "fdw/modify/truncate.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/option/setting.h"
#include "fdw/session/cql_log.h"
#include "fdw/session/open_reads.h"
#include "fdw/session/session.h"
#include "fdw/session/single_request.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"
#include "fdw/session/warning.h"

/*
 * All nodes take part, each after it has flushed what it has in memory: a cluster
 * gives itself a minute (truncate_request_timeout of cassandra.yaml, 60 s), so a
 * shorter request_timeout would only hide how it ends.
 */
#define TRUNCATE_TIMEOUT 90000	/* ms */

/* ---- what a rollback does not take back ---- */

static List *truncated = NIL;	/* int: nesting level of each table's TRUNCATE, 0 while it runs; in
								 * TopTransactionContext */

static void
warn_about_rollback(const char *what, int tables)
{
	if (!scylla_warn_on_rollback || tables == 0)
		return;
	ereport(WARNING,
			(errmsg("%s is rolled back, but %d truncated table%s of the cluster %s empty",
					what, tables, tables == 1 ? "" : "s", tables == 1 ? "stays" : "stay"),
			 errdetail("CQL has no transactions.")));
}

/* Those of a nesting level, or of all (0), become another one's (0: nobody's). How many there were. */
static int
move_truncated(int from, int to)
{
	int			tables = 0;
	ListCell   *lc;

	foreach(lc, truncated)
	{
		if (lfirst_int(lc) == 0 || (from != 0 && lfirst_int(lc) != from))
			continue;
		lfirst_int(lc) = to;
		tables++;
	}
	return tables;
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	int			tables;

	if (event == XACT_EVENT_PRE_PREPARE && move_truncated(0, 1) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has truncated a scylla_fdw foreign table")));
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	tables = move_truncated(0, 0);
	truncated = NIL;
	if (event == XACT_EVENT_ABORT)
		warn_about_rollback("the transaction", tables);
}

/* The tables become the parent's, or are told of. */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_COMMIT_SUB)
		(void) move_truncated(level, level - 1);
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		warn_about_rollback("a subtransaction", move_truncated(level, 0));
}

/* Room for one more is made before it is emptied: afterwards nothing may fail. */
static void
expect_truncated(void)
{
	static bool registered = false;
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);

	if (!registered)
	{
		RegisterXactCallback(end_of_transaction, NULL);
		RegisterSubXactCallback(end_of_subtransaction, NULL);
		registered = true;
	}
	truncated = lappend_int(truncated, 0);
	MemoryContextSwitchTo(old);
}

/* ---- tables ---- */

typedef struct Truncation
{
	const char *relation;
	int			before;			/* tables of this server that are empty already */
} Truncation;

static void
truncation_context(void *arg)
{
	const Truncation *t = arg;

	if (t->before == 0)
		errcontext("TRUNCATE of foreign table \"%s\"", t->relation);
	else
		errcontext("TRUNCATE of foreign table \"%s\", after %d other%s that stay%s empty", t->relation, t->before,
				   t->before == 1 ? "" : "s", t->before == 1 ? "s" : "");
}

static void
truncate_table(ScyllaSession *session, ScyllaTableOptions *options)
{
	static const CqlBytes no_state = {NULL, -1};
	StringInfoData cql;

	initStringInfo(&cql);
	appendStringInfoString(&cql, "TRUNCATE TABLE ");
	scyllaAppendTable(&cql, options);
	options->request_timeout = Max(options->request_timeout, TRUNCATE_TIMEOUT);
	options->read_consistency = options->write_consistency;
	scyllaCollectOpenReads(session, options);
	expect_truncated();
	scyllaLogCql(session, cql.data);
	scyllaTellWarnings(scyllaQuery(session, options, cql.data, NULL, no_state).warnings, false);
	Assert(llast_int(truncated) == 0);
	llast_int(truncated) = GetCurrentTransactionNestLevel();
}

/* In the order of rels. */
static List *
options_of(List *rels)
{
	List	   *all = NIL;
	ListCell   *lc;

	foreach(lc, rels)
	{
		Relation	rel = lfirst(lc);
		ScyllaTableOptions *options = scyllaTableOptions(RelationGetRelid(rel));

		if (!options->truncatable)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("foreign table \"%s\" does not allow truncates", RelationGetRelationName(rel))));
		all = lappend(all, options);
	}
	return all;
}

void
scyllaExecForeignTruncate(List *rels, DropBehavior behavior, bool restart_seqs)
{
	Oid			serverid = GetForeignTable(RelationGetRelid((Relation) linitial(rels)))->serverid;
	List	   *options = options_of(rels);
	ScyllaSession *session = scyllaGetSession(GetUserId(), serverid);
	ErrorContextCallback context = {.previous = error_context_stack, .callback = truncation_context};
	ListCell   *lc;

	scyllaDrainWriters(session, NULL);
	scyllaFence(session, PIPELINE_TIMED);
	foreach(lc, options)
		(void) scyllaDescribeTable(session, lfirst(lc));
	for (int i = 0; i < list_length(rels); i++)
	{
		Truncation	t = {RelationGetRelationName((Relation) list_nth(rels, i)), i};

		context.arg = &t;
		error_context_stack = &context;
		truncate_table(session, list_nth(options, i));
		error_context_stack = context.previous;
	}
}
