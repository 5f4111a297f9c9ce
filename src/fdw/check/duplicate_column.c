/*
 * fdw/check/duplicate_column.c
 *	  What no validator sees of a foreign table: two columns that stand for one of
 *	  the cluster's.
 *
 * Backend thread. Owns the hook, and the tables whose columns the transaction has
 * made or changed. The tables are looked at when the transaction commits, as a command changes column
 * after column. The outcome is a warning: a dump sets the names one by one, and each other's
 * names may have to pass a state where two are the same. Using such a table fails.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fdw/check/duplicate_column.h"
#include "fdw/compat.h"
#include "fdw/modify/insert.h"
#include "fdw/option/option_cache.h"

static object_access_hook_type previous_hook = NULL;
static List *changed = NIL;		/* Oid, in TopTransactionContext */

static void
note_change(ObjectAccessType access, Oid class_id, Oid relid, int attnum, void *arg)
{
	MemoryContext old;

	if (previous_hook != NULL)
		previous_hook(access, class_id, relid, attnum, arg);
	if ((access != OAT_POST_CREATE && access != OAT_POST_ALTER) || class_id != RelationRelationId || attnum <= 0 ||
		get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	changed = list_append_unique_oid(changed, relid);
	MemoryContextSwitchTo(old);
}

/* The transaction, or a savepoint's rollback, may have dropped it since. Wrappers may have no handler. */
static bool
is_ours(Oid relid)
{
	ForeignServer *server;

	if (!SearchSysCacheExists1(FOREIGNTABLEREL, ObjectIdGetDatum(relid)))
		return false;
	server = GetForeignServer(GetForeignTable(relid)->serverid);
	return OidIsValid(GetForeignDataWrapper(server->fdwid)->fdwhandler) &&
		GetFdwRoutineByServerId(server->serverid)->BeginForeignInsert == scyllaBeginForeignInsert;
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		changed = NIL;
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		return;
	foreach(lc, changed)
	{
		if (is_ours(lfirst_oid(lc)))
			scyllaCheckColumns(lfirst_oid(lc), WARNING);
	}
}

void
scyllaWatchDuplicateColumns(void)
{
	previous_hook = object_access_hook;
	object_access_hook = note_change;
	RegisterXactCallback(end_of_transaction, NULL);
}
