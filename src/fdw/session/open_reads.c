/*
 * fdw/session/open_reads.c
 *	  Open reads of foreign tables, which a write of the same table has to wait for.
 *
 * Backend thread. Owns the list; readers are their scans' own.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "fdw/session/open_reads.h"

static dlist_head readers = DLIST_STATIC_INIT(readers);

/* A query that has failed in a savepoint loses owner and snapshot with it, while its memory stays. */
static void
forget_owner(ResourceReleasePhase phase, bool isCommit, bool isTopLevel, void *arg)
{
	dlist_iter	iter;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach(iter, &readers)
	{
		ScyllaReader *reader = dlist_container(ScyllaReader, node, iter.cur);

		if (reader->owner == CurrentResourceOwner)
			reader->owner = NULL;
	}
}

void
scyllaAddReader(ScyllaReader *reader, EState *estate)
{
	static bool registered = false;

	if (!registered)
		RegisterResourceReleaseCallback(forget_owner, NULL);
	registered = true;
	reader->estate = estate;
	reader->owner = CurrentResourceOwner;
	GetUserIdAndSecContext(&reader->userid, &reader->security);
	dlist_push_tail(&readers, &reader->node);
}

/* After an error, the end of the transaction or savepoint sets all of this right. */
static void
collect(ScyllaReader *reader)
{
	EState	   *estate = reader->estate;
	ScanDirection direction = estate->es_direction;
	ResourceOwner owner = CurrentResourceOwner;
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	Oid			userid;
	int			security;

	GetUserIdAndSecContext(&userid, &security);
	SetUserIdAndSecContext(reader->userid, reader->security);
	CurrentResourceOwner = reader->owner;
	PushActiveSnapshot(estate->es_snapshot);
	estate->es_direction = ForwardScanDirection;
	reader->collect(reader);
	estate->es_direction = direction;
	PopActiveSnapshot();
	CurrentResourceOwner = owner;
	SetUserIdAndSecContext(userid, security);
	MemoryContextSwitchTo(old);
}

void
scyllaCollectReaders(ScyllaSession *session, const ScyllaTableOptions *options)
{
	dlist_iter	iter;

	dlist_foreach(iter, &readers)
	{
		ScyllaReader *reader = dlist_container(ScyllaReader, node, iter.cur);

		if (reader->owner != NULL && reader->serverid == session->serverid &&
			strcmp(reader->options->table, options->table) == 0 && strcmp(reader->options->keyspace, options->keyspace) == 0)
			collect(reader);
	}
}
