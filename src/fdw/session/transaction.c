/*
 * fdw/session/transaction.c
 *	  Open writes of a transaction, and what is told of their rows when it is rolled
 *	  back.
 *
 * Backend thread. Owns the transaction callbacks, and what each session has written
 * in the current transaction. Invariants: rows are counted by what was sent and what
 * was answered, whoever looked at it when; each row is told of once; what runs in an
 * abort neither waits, nor raises, nor allocates before it has counted.
 *
 *	 open --scyllaNoteFate: answers--> open --all home--> closed
 *	 open --scyllaTellFates, abort: settle--> nothing more is sent; home without waiting; abandoned
 *
 * CQL cannot do what the user asks for by ROLLBACK and PREPARE TRANSACTION: so the
 * one warns, and the other is refused. The numbers of the warning are exact without
 * a wait. The submitter counts the rows that it hands to the cluster in the
 * pipeline's gate, which the backend shuts. Both sides write before they read, so no
 * row is sent behind the count.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "fdw/compat.h"
#include "fdw/option/setting.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"

/* What a session has written in the current transaction. */
typedef struct ScyllaWritten
{
	bool		sent;			/* rows, whatever became of them */
	int			levels;			/* entries of untold */
	ScyllaFates *untold;		/* by nesting level: those that no message has told of */
	TimestampTz statement;		/* that has told of a subtransaction last */
	uint64		subtransactions;	/* rolled back since then, and not told of */
	ScyllaFates gathered;		/* theirs */
} ScyllaWritten;

static void
add_fates(ScyllaFates *to, ScyllaFates more)
{
	to->acknowledged += more.acknowledged;
	to->unknown += more.unknown;
}

/* Of this nesting level; they are taken out. */
static ScyllaFates
take_untold(ScyllaSession *s, int level)
{
	ScyllaFates fates = {0, 0};

	if (s->written != NULL && level < s->written->levels)
	{
		fates = s->written->untold[level];
		s->written->untold[level] = (ScyllaFates) {0, 0};
	}
	return fates;
}

/* ---- open writes ---- */

/* Room for a nesting level: so that an abort finds it. */
static void
make_level(ScyllaSession *s, int level)
{
	ScyllaWritten *written = s->written;
	Size		size = (level + 8) * sizeof(ScyllaFates);

	if (written == NULL)
		written = s->written = MemoryContextAllocZero(TopMemoryContext, sizeof(*written));
	if (level < written->levels)
		return;
	written->untold = written->untold ? repalloc(written->untold, size) : MemoryContextAlloc(TopMemoryContext, size);
	memset(written->untold + written->levels, 0, size - written->levels * sizeof(ScyllaFates));
	written->levels = level + 8;
}

void
scyllaJoinWriters(ScyllaWriter *w)
{
	Assert(w->session != NULL && w->drain != NULL && w->rows != NULL && (w->close != NULL || !w->kept));
	w->level = GetCurrentTransactionNestLevel();
	make_level(w->session, w->level);
	dlist_push_tail(&w->session->writers, &w->node);
}

static void
count(ScyllaWriter *w, ScyllaFates fates)
{
	Assert(w->session->written != NULL && w->level < w->session->written->levels);	/* an abort does not allocate */
	add_fates(&w->fates, fates);
	add_fates(&w->session->written->untold[w->level], fates);
	w->session->acknowledged += fates.acknowledged;
}

int64
scyllaNoteFate(ScyllaWriter *w, const Request *r, bool told)
{
	int64		rows = r->core.failed ? 0 : w->rows(w, r);

	if (r->counted)
		w->answered += r->rows;
	if (told)
		return rows;
	if (rows > 0)
		count(w, (ScyllaFates) {rows, 0});
	if (rows < 0 || (r->core.failed && r->counted && scyllaMayBeWritten(r->core.failure)))
		count(w, (ScyllaFates) {0, r->rows});
	return rows;
}

void
scyllaNoteSent(ScyllaSession *s)
{
	s->written->sent = true;
}

/* Nobody waits for what is on its way: what is home is looked at, the rest has no fate. */
static void
settle(ScyllaWriter *w)
{
	Pipeline   *core = w->pipeline ? w->pipeline->core : NULL;
	uint64		sent;
	Request    *r;

	if (core == NULL || w->session->client == NULL)
		return;
	w->broken = true;
	sent = pipeline_shut(core);
	scyllaDrain(w->session);
	while ((r = pipeline_next_done(core)) != NULL)
	{
		(void) scyllaNoteFate(w, r, false);
		pipeline_release(core, r);
	}
	if (sent > w->answered)
		count(w, (ScyllaFates) {0, sent - w->answered});
	scyllaAbandonPipeline(w->pipeline);
}

void
scyllaLeaveWriters(ScyllaWriter *w)
{
	settle(w);
	dlist_delete(&w->node);
}

ScyllaFates
scyllaTellFates(ScyllaWriter *writer)
{
	ScyllaFates told = {0, 0};
	dlist_iter	iter;

	dlist_foreach(iter, &writer->session->writers)
	{
		ScyllaWriter *w = dlist_container(ScyllaWriter, node, iter.cur);
		ScyllaFates *untold = &w->session->written->untold[w->level];

		if (w != writer && (writer->statement == NULL || w->statement != writer->statement))
			continue;
		settle(w);
		add_fates(&told, w->fates);
		untold->acknowledged -= Min(untold->acknowledged, w->fates.acknowledged);
		untold->unknown -= Min(untold->unknown, w->fates.unknown);
	}
	return told;
}

/*
 * Sessions of this server, or of all (InvalidOid), that have open writes. In a context
 * where it can be freed: what is in a subtransaction's own stays until the transaction ends.
 */
static List *
writing_sessions(Oid serverid)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	List	   *writing = NIL;

	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		if (!dlist_is_empty(&s->writers) && (!OidIsValid(serverid) || s->serverid == serverid))
			writing = lappend(writing, s);
	}
	MemoryContextSwitchTo(old);
	return writing;
}

void
scyllaDrainWriters(const ScyllaSession *session, const ScyllaWriter *except)
{
	List	   *writing = writing_sessions(session->serverid);
	ListCell   *lc;

	foreach(lc, writing)
	{
		dlist_iter	iter;

		dlist_foreach(iter, &((ScyllaSession *) lfirst(lc))->writers)
		{
			ScyllaWriter *writer = dlist_container(ScyllaWriter, node, iter.cur);

			if (writer != except)
				writer->drain(writer);
		}
	}
	list_free(writing);
}

/* Writes that were kept open for more, of this nesting level. A row that failed is raised here. */
static void
close_kept_writes(int level)
{
	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		dlist_mutable_iter iter;

		dlist_foreach_modify(iter, &s->writers)
		{
			ScyllaWriter *writer = dlist_container(ScyllaWriter, node, iter.cur);

			if (writer->kept && writer->level == level)
				writer->close(writer);
		}
	}
}

/* ---- what is told ---- */

static void
warn_about_rollback(const char *what, bool several, ScyllaFates fates)
{
	uint64		rows = fates.acknowledged > 0 ? fates.acknowledged : fates.unknown;
	const char *s = rows == 1 ? "" : "s";
	char		more[96] = "";

	if (!scylla_warn_on_rollback || rows == 0)
		return;
	if (fates.acknowledged > 0 && fates.unknown > 0)
		snprintf(more, sizeof(more), " " UINT64_FORMAT " more %s sent and may be written or not.",
				 fates.unknown, fates.unknown == 1 ? "was" : "were");
	ereport(WARNING,
			(fates.acknowledged > 0 ?
			 errmsg("%s %s rolled back, but " UINT64_FORMAT " row%s written to the cluster %s", what,
					several ? "are" : "is", rows, s, rows == 1 ? "stays" : "stay") :
			 errmsg("%s %s rolled back, but " UINT64_FORMAT " row%s sent to the cluster may be written or not", what,
					several ? "are" : "is", rows, s),
			 errdetail("CQL has no transactions: a write is durable when it is acknowledged.%s", more)));
}

/* One message for each that a statement rolls back would be thousands in a loop: those behind the first are gathered. */
static void
tell_subtransaction(ScyllaSession *s, ScyllaFates fates)
{
	ScyllaWritten *written = s->written;

	if (fates.acknowledged == 0 && fates.unknown == 0)
		return;
	if (written->statement != GetCurrentStatementStartTimestamp())
	{
		written->statement = GetCurrentStatementStartTimestamp();
		warn_about_rollback("a subtransaction", false, fates);
		return;
	}
	written->subtransactions++;
	add_fates(&written->gathered, fates);
}

static void
tell_gathered(ScyllaSession *s)
{
	ScyllaWritten *written = s->written;
	uint64		n = written ? written->subtransactions : 0;
	char		what[64];

	if (n == 0)
		return;
	written->subtransactions = 0;
	snprintf(what, sizeof(what), UINT64_FORMAT " more subtransaction%s", n, n == 1 ? "" : "s");
	warn_about_rollback(what, n > 1, written->gathered);
	written->gathered = (ScyllaFates) {0, 0};
}

static void
refuse_two_phase(const ScyllaSession *s)
{
	if (s->written != NULL && s->written->sent)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has written to a scylla_fdw foreign table")));
	if (s->by_hand)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has run CQL by hand that may write")));
}

/* ---- the end of transactions ---- */

/* Writes of this nesting level and those above: their own memory may have gone before, and then they have left. */
static void
settle_writers(ScyllaSession *s, int level)
{
	dlist_iter	iter;

	dlist_foreach(iter, &s->writers)
	{
		ScyllaWriter *w = dlist_container(ScyllaWriter, node, iter.cur);

		if (w->level >= level)
			settle(w);
		Assert(w->level < level || w->pipeline == NULL || w->pipeline->core == NULL || s->client == NULL);
	}
}

static void
end_session(ScyllaSession *s, bool aborted)
{
	if (aborted)
	{
		settle_writers(s, 1);
		scyllaAbandonPipelines(s);
		tell_gathered(s);
		warn_about_rollback("the transaction", false, take_untold(s, 1));
	}
	else
		(void) take_untold(s, 1);
	if (s->written != NULL)
	{
		s->written->sent = false;
		s->written->statement = 0;
	}
	s->by_hand = false;
	scyllaReleaseSession(s);
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		close_kept_writes(1);
	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		switch (event)
		{
			case XACT_EVENT_PRE_PREPARE:
				refuse_two_phase(s);
				break;
			case XACT_EVENT_PRE_COMMIT:
				tell_gathered(s);
				break;
			case XACT_EVENT_ABORT:
			case XACT_EVENT_COMMIT:
			case XACT_EVENT_PREPARE:
				end_session(s, event == XACT_EVENT_ABORT);
				break;
			default:
				break;
		}
	}
}

/* What a subtransaction wrote becomes its parent's, and so does what it has not closed. */
static void
hand_up(ScyllaSession *s, int level)
{
	ScyllaFates fates = take_untold(s, level);
	dlist_iter	iter;

	if (s->written != NULL && level <= s->written->levels)
		add_fates(&s->written->untold[level - 1], fates);
	dlist_foreach(iter, &s->writers)
	{
		ScyllaWriter *w = dlist_container(ScyllaWriter, node, iter.cur);

		w->level = Min(w->level, level - 1);
	}
}

static void
end_of_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		close_kept_writes(level);
	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			hand_up(s, level);
		else if (event == SUBXACT_EVENT_ABORT_SUB)
		{
			settle_writers(s, level);
			tell_subtransaction(s, take_untold(s, level));
		}
	}
}

void
scyllaWatchTransactions(void)
{
	RegisterXactCallback(end_of_transaction, NULL);
	RegisterSubXactCallback(end_of_subtransaction, NULL);
}
