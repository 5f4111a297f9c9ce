/*
 * fdw/pushdown/pushdown.c
 *	  From clauses to conditions that CQL can check.
 *
 * Backend thread. Owns nothing. Invariants: a clause is pushed as a whole, or it is
 * local, and then no condition that is pushed names it; what is pushed means the same
 * in the cluster.
 *
 * In three steps. Form: a clause compares columns with something that is constant
 * while the table is read (clause.c). Meaning: both sides compare alike (judge). What
 * is left is CQL's own grammar (grammar.c).
 *
 * A condition that is pushed is not checked again. This exactness is what lets a
 * LIMIT or an aggregate be pushed above it. Indexes of ScyllaDB are the exception:
 * what they find is checked (indexed.c).
 *
 * A user's conditions are sent even where PostgreSQL checks a policy of row
 * security. The cluster compares by operators whose counterparts cannot fail, and
 * tells nobody of rows. Expressions and functions of a row stay here, and PostgreSQL
 * or choose_clauses checks the policy before them.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/pushdown/clause.h"
#include "fdw/pushdown/comparison.h"
#include "fdw/pushdown/grammar.h"
#include "fdw/pushdown/pushdown.h"
#include "fdw/select/scan_key.h"

/* ---- meaning ---- */

static bool
is_key(const ScyllaTableColumn *column)
{
	return column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_CLUSTERING;
}

/* Whether the condition means the same there; sets column and reason. */
static void
judge(const ScyllaRelation *info, ScyllaCondition *condition)
{
	Oid			pgtype = get_atttype(info->relid, condition->attnum);

	condition->type = pgtype;
	condition->column = scyllaColumnOf(info, condition->attnum);
	if (scyllaIsWriteOnly(info->relid, condition->attnum))
		condition->reason = "it tells how rows are written";
	else if (condition->column == NULL)
		condition->reason = scyllaPseudoColumn(info->relid, condition->attnum) != SCYLLA_NO_PSEUDO ?
			"CQL has no conditions on TTL and WRITETIME" : "the cluster's table has no such column";
	if (condition->reason == NULL && is_key(condition->column) && !(info->options->pushdown & SCYLLA_PUSH_KEYS))
		condition->reason = "keys are not in the option pushdown";
	if (condition->reason != NULL)
		return;
	if (condition->op == SCYLLA_EQ || condition->op == SCYLLA_IN)
		(void) scyllaEqualsAlike(pgtype, condition->collation, condition->column, &condition->reason);
	else
		(void) scyllaOrdersAlike(pgtype, condition->collation, condition->column, &condition->reason);
}

/* ---- what stays ---- */

static void
keep_local(ScyllaChoice *choice, RestrictInfo *clause, char *reason)
{
	ListCell   *lc;

	choice->access->local = lappend(choice->access->local, clause);
	if (clause->pseudoconstant) /* a node above the scan checks it, once */
		return;
	foreach(lc, choice->access->reasons)
	{
		if (strcmp(lfirst(lc), reason) == 0)
			return;
	}
	choice->access->reasons = lappend(choice->access->reasons, reason);
}

static char *
reason_of_column(const ScyllaChoice *choice, const ScyllaCondition *condition, const char *reason)
{
	return psprintf("column \"%s\": %s", get_attname(choice->info->relid, condition->attnum, false), reason);
}

/* Conditions of a clause that mean the same there. Of a comparison of rows, what follows another one means nothing. */
static List *
judge_all(const ScyllaChoice *choice, List *found, char **reason)
{
	List	   *good = NIL;
	ListCell   *lc;

	foreach(lc, choice->info->table != NULL ? found : NIL)
	{
		ScyllaCondition *condition = lfirst(lc);

		judge(choice->info, condition);
		if (condition->reason == NULL && (condition->op == SCYLLA_IN || condition->index == list_length(good)))
			good = lappend(good, condition);
	}
	foreach(lc, found)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->reason != NULL && *reason == NULL)
			*reason = reason_of_column(choice, condition, condition->reason);
	}
	return good;
}

/* What may be taken of a clause goes to choice->conditions; what they do not say altogether is checked here, too. */
static void
sort_clause(ScyllaChoice *choice, RelOptInfo *rel, RestrictInfo *clause)
{
	bool		exact;
	List	   *found = scyllaMatchClause(choice->root, rel, clause, &exact);
	char	   *reason = NULL;
	List	   *good = judge_all(choice, found, &reason);
	ListCell   *lc;

	exact &= list_length(good) == list_length(found);
	if (reason == NULL)
		reason = pstrdup(good == NIL ? "no comparison of a column with a value" : is_orclause(clause->clause) ?
						 "alternatives compare other columns, too" : "a part is no comparison of a column with a value");
	if (good == NIL || !exact)
		keep_local(choice, clause, reason);
	choice->ngroups++;
	foreach(lc, good)
	{
		ScyllaCondition *condition = lfirst(lc);

		condition->group = condition->group > 0 ? choice->ngroups : 0;
		condition->clause = exact ? clause : NULL;
		choice->conditions = lappend(choice->conditions, condition);
	}
}

/* No condition that was taken says all of this one's clause then. */
static void
keep_condition(ScyllaChoice *choice, const ScyllaCondition *condition, const char *reason)
{
	RestrictInfo *clause = condition->clause;
	ListCell   *lc;

	if (clause == NULL)
		return;
	if (!list_member_ptr(choice->access->local, clause))
		keep_local(choice, clause, reason_of_column(choice, condition, reason));
	foreach(lc, choice->access->pushed)
	{
		if (((ScyllaCondition *) lfirst(lc))->clause == clause)
			((ScyllaCondition *) lfirst(lc))->clause = NULL;
	}
}

static void
keep_rest(ScyllaChoice *choice)
{
	ListCell   *lc;

	foreach(lc, choice->conditions)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->clause != NULL)
			keep_condition(choice, condition, scyllaWhyNotTaken(choice, condition));
	}
	foreach(lc, choice->access->pushed)
	{
		if (((ScyllaCondition *) lfirst(lc))->again)
			keep_condition(choice, lfirst(lc), "its index may be older than the row, which is checked once more");
	}
}

static ScyllaAccess *
choose(ScyllaChoice *choice, RelOptInfo *rel, List *clauses)
{
	ListCell   *lc;

	choice->access = palloc0(sizeof(ScyllaAccess));
	foreach(lc, clauses)
		sort_clause(choice, rel, lfirst_node(RestrictInfo, lc));
	if (choice->conditions != NIL && !choice->whole)
		scyllaTakeConditions(choice);
	keep_rest(choice);
	foreach(lc, choice->access->pushed)
		Assert(!list_member_ptr(choice->access->local, ((ScyllaCondition *) lfirst(lc))->clause));
	return choice->access;
}

ScyllaAccess *
scyllaChooseAccess(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses)
{
	ScyllaChoice choice = {.root = root, .info = info};

	return choose(&choice, rel, clauses);
}

ScyllaAccess *
scyllaChooseBesideVectors(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, const ScyllaVectorIndex *index)
{
	ScyllaChoice choice = {.root = root, .info = info, .vectors = index};

	return choose(&choice, rel, rel->baserestrictinfo);
}

ScyllaAccess *
scyllaChooseWhole(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses)
{
	ScyllaChoice choice = {.root = root, .info = info, .whole = true};

	return choose(&choice, rel, clauses);
}
