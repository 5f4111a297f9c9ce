/*
 * fdw/check/changed.c
 *	  What no validator sees, as it takes more than one object to see it.
 *
 * Backend thread. Owns the hook, and the objects that the transaction has made or
 * changed. They are looked at when the transaction commits: a command changes column
 * after column, and a transaction may pass states that it does not leave behind.
 * Invariants: the list is empty between transactions, and an object is on it once, as
 * it was found at its first change; the outcome is warnings.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "fdw/check/changed.h"
#include "fdw/check/duplicate_column.h"
#include "fdw/check/plain_password.h"

typedef struct Changed
{
	Oid			class_id;
	Oid			object_id;
	bool		exposed;		/* before the transaction, so nobody is told of it again */
} Changed;

static object_access_hook_type previous_hook = NULL;
static List *changes = NIL;		/* Changed, in TopTransactionContext */

static bool
is_noted(Oid class_id, Oid object_id)
{
	ListCell   *lc;

	foreach(lc, changes)
	{
		const Changed *c = lfirst(lc);

		if (c->class_id == class_id && c->object_id == object_id)
			return true;
	}
	return false;
}

/* exposed: catalogs do not show yet what the command makes of it. */
static void
note(Oid class_id, Oid object_id, bool exposed)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Changed    *c = palloc(sizeof(*c));

	*c = (Changed) {class_id, object_id, exposed};
	changes = lappend(changes, c);
	MemoryContextSwitchTo(old);
}

static void
note_change(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	bool		is_column = class_id == RelationRelationId && sub_id > 0;
	bool		is_access = class_id == ForeignServerRelationId || class_id == UserMappingRelationId;

	if (previous_hook != NULL)
		previous_hook(access, class_id, object_id, sub_id, arg);
	if ((access != OAT_POST_CREATE && access != OAT_POST_ALTER) || (!is_column && !is_access) || is_noted(class_id, object_id))
		return;
	if (is_access)
		note(class_id, object_id, access == OAT_POST_ALTER && OidIsValid(scyllaExposedServer(class_id, object_id)));
	else if (get_rel_relkind(object_id) == RELKIND_FOREIGN_TABLE)
		note(class_id, object_id, false);
}

static void
look_at_changes(void)
{
	List	   *told = NIL;		/* servers */
	ListCell   *lc;

	if (changes != NIL)
		CommandCounterIncrement();	/* the last command's changes */
	foreach(lc, changes)
	{
		const Changed *c = lfirst(lc);
		Oid			server;

		if (c->class_id == RelationRelationId)
		{
			scyllaWarnOfDuplicateColumns(c->object_id);
			continue;
		}
		server = c->exposed ? InvalidOid : scyllaExposedServer(c->class_id, c->object_id);
		if (OidIsValid(server) && !list_member_oid(told, server))
			scyllaWarnOfPlainPassword(server);
		told = lappend_oid(told, server);
	}
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		look_at_changes();
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		changes = NIL;
}

void
scyllaWatchChanges(void)
{
	previous_hook = object_access_hook;
	object_access_hook = note_change;
	RegisterXactCallback(end_of_transaction, NULL);
}
