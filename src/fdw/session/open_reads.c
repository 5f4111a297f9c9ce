/*
 * fdw/session/open_reads.c
 *	  Open reads of foreign tables, which a write of the same table has to wait for.
 *
 * Backend thread. Owns the list; its members are parts of scans and joins.
 * Invariant: a read whose query has failed is on the list, and never collected.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "fdw/session/open_reads.h"

static dlist_head open_reads = DLIST_STATIC_INIT(open_reads);

/* A query that has failed in a savepoint loses owner and snapshot with it, while its memory stays. */
static void
forget_owner(ResourceReleasePhase phase, bool isCommit, bool isTopLevel, void *arg)
{
	dlist_iter	iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach(iter, &open_reads)
	{
		ScyllaOpenRead *open_read = dlist_container(ScyllaOpenRead, node, iter.cur);

		if (open_read->owner == CurrentResourceOwner)
			open_read->owner = NULL;
	}
}

void
scyllaAddOpenRead(ScyllaOpenRead *open_read, EState *estate)
{
	static bool registered = false;

	if (!registered)
		RegisterResourceReleaseCallback(forget_owner, NULL);
	registered = true;
	open_read->estate = estate;
	open_read->owner = CurrentResourceOwner;
	GetUserIdAndSecContext(&open_read->userid, &open_read->security);
	dlist_push_tail(&open_reads, &open_read->node);
}

/* After an error, the end of the transaction or savepoint sets all of this right. */
static void
collect(ScyllaOpenRead *open_read)
{
	EState	   *estate = open_read->estate;
	ScanDirection direction = estate->es_direction;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	Oid			userid;
	int			security;

	Assert(open_read->owner != NULL && open_read->collect != NULL);
	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(open_read->userid, open_read->security);
	CurrentResourceOwner = open_read->owner;
	PushActiveSnapshot(estate->es_snapshot);
	estate->es_direction = ForwardScanDirection;
	open_read->collect(open_read);
	estate->es_direction = direction;
	PopActiveSnapshot();
	CurrentResourceOwner = owner;
	SetUserIdAndSecContext(userid, security);
	MemoryContextSwitchTo(old);
}

void
scyllaCollectOpenReads(ScyllaSession *session, const ScyllaTableOptions *options)
{
	dlist_iter	iter;

	dlist_foreach(iter, &open_reads)
	{
		ScyllaOpenRead *open_read = dlist_container(ScyllaOpenRead, node, iter.cur);

		if (open_read->owner != NULL && open_read->serverid == session->serverid &&
			strcmp(open_read->options->table, options->table) == 0 && strcmp(open_read->options->keyspace, options->keyspace) == 0)
			collect(open_read);
	}
}
