/*
 * fdw/check/upsert.c
 *	  ON CONFLICT with columns, and DO UPDATE: refused in words of our own.
 *
 * Backend thread. Owns the planner hook. Invariant: what is not refused goes on
 * unchanged to the hook that was there before, or to the planner. The planner looks
 * for a unique index of these columns before it asks a foreign table anything, and
 * complains about a missing constraint; here INSERT is an upsert by the primary key
 * already. By then views and rules are rewritten, so what is found is the table
 * itself.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "foreign/fdwapi.h"
#include "nodes/parsenodes.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "fdw/check/upsert.h"
#include "fdw/compat.h"
#include "fdw/modify/insert.h"

static planner_hook_type previous_hook = NULL;

static bool
is_ours(Oid relid)
{
	return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE &&
		GetFdwRoutineByRelId(relid)->ExecForeignInsert == scyllaExecForeignInsert;
}

/* The table, or a partition of it; they are locked already, or will be. InvalidOid: none is ours. */
static Oid
our_target(Oid relid)
{
	ListCell   *lc;

	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return is_ours(relid) ? relid : InvalidOid;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		if (is_ours(lfirst_oid(lc)))
			return lfirst_oid(lc);
	}
	return InvalidOid;
}

static void
refuse(const OnConflictExpr *conflict, Oid relid)
{
	const char *table = get_rel_name(relid);
	bool		update = conflict->action == ONCONFLICT_UPDATE;

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 update ? errmsg("ON CONFLICT DO UPDATE is not possible for foreign table \"%s\"", table) :
			 errmsg("ON CONFLICT DO NOTHING takes no columns for foreign table \"%s\"", table),
			 errdetail("The only key is the primary key of the cluster's table."),
			 update ?
			 errhint("Leave ON CONFLICT out: INSERT sets the columns that it names, whether a row of the same key is there or not.") :
			 errhint("ON CONFLICT DO NOTHING without columns writes the rows whose key is not there yet.")));
}

static void
check_query(const Query *query)
{
	const OnConflictExpr *conflict = query->onConflict;
	Oid			relid;

	if (conflict == NULL || (conflict->arbiterElems == NIL && !OidIsValid(conflict->constraint)))
		return;
	relid = our_target(rt_fetch(query->resultRelation, query->rtable)->relid);
	if (OidIsValid(relid))
		refuse(conflict, relid);
}

static PlannedStmt *
plan_query(Query *query, const char *text, int cursor_options, ParamListInfo params)
{
	check_query(query);
	if (query->hasModifyingCTE)
	{
		ListCell   *lc;

		foreach(lc, query->cteList)
			check_query(castNode(Query, lfirst_node(CommonTableExpr, lc)->ctequery));
	}
	return previous_hook ? previous_hook(query, text, cursor_options, params) :
		standard_planner(query, text, cursor_options, params);
}

void
scyllaInstallUpsert(void)
{
	previous_hook = planner_hook;
	planner_hook = plan_query;
}
