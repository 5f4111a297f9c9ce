/*
 * fdw/check/duplicate_column.c
 *	  Two columns of a foreign table that stand for one of the cluster's.
 *
 * Backend thread. Owns nothing. Invariant: an object that is gone, or that is another
 * wrapper's, is passed over. The outcome is a warning: a dump sets the names one by
 * one, and each other's names may have to pass a state where two are the same. Using
 * such a table fails.
 */
#include "postgres.h"

#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "utils/syscache.h"

#include "fdw/check/duplicate_column.h"
#include "fdw/compat.h"
#include "fdw/modify/insert.h"
#include "fdw/option/option_cache.h"

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

void
scyllaWarnOfDuplicateColumns(Oid relid)
{
	if (is_ours(relid))
		scyllaCheckColumns(relid, WARNING);
}
