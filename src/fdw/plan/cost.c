/*
 * fdw/plan/cost.c
 *	  Costs.
 *
 * Backend thread. Owns nothing. Invariant: a scan has 1 row at least, as others
 * divide by the number.
 *
 * A scan costs a round trip, what its rows cost, and something for each request
 * beyond the first: many keys have to compete with the whole table.
 */
#include "postgres.h"

#include <math.h>

#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/selfuncs.h"

#include "fdw/compat.h"
#include "fdw/plan/cost.h"
#include "fdw/read/full_scan.h"

/* ---- rows and requests ---- */

double
scyllaCountRequests(PlannerInfo *root, const ScyllaAccess *access)
{
	double		n = 1;
	Bitmapset  *groups = NULL;	/* of one list each */
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->op == SCYLLA_IN && !bms_is_member(condition->group, groups))
			n *= Max(scyllaArrayLength(root, (Node *) condition->value), 1);
		else if (condition->series > 0)
			n *= Max(condition->values, 1);
		if (condition->group > 0)
			groups = bms_add_member(groups, condition->group);
	}
	return n;
}

/* Rows that one request finds, at most; 0: nobody knows. */
static double
rows_of_each(const ScyllaRelation *info, const ScyllaAccess *access)
{
	return access->nclustering == info->table->nclustering ? 1 : info->partition_rows;
}

/* Rows that a partition has, by what ANALYZE has found; 0: it was not there. */
static double
analyzed_rows(PlannerInfo *root, const RelOptInfo *rel, const ScyllaAccess *access)
{
	double		partitions = 1;
	bool		guessed = false;

	for (int i = 0; i < access->npartition && !guessed; i++)
	{
		const ScyllaCondition *condition = list_nth(access->pushed, i);
		VariableStatData column;

		examine_variable(root, (Node *) makeVar(rel->relid, condition->attnum, condition->type, -1, condition->collation, 0), 0, &column);
		partitions *= get_variable_numdistinct(&column, &guessed);
		ReleaseVariableStats(column);
	}
	return guessed ? 0 : Max(rel->tuples / Max(partitions, 1), 1);
}

bool
scyllaMayHaveTooManyKeys(PlannerInfo *root, const RelOptInfo *rel, const ScyllaAccess *access)
{
	double		rows = access->npartition > 0 ? rows_of_each(rel->fdw_private, access) : 0;
	bool		unknown = false;
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);
		Node	   *array = scyllaStripRelabel((Node *) condition->value);

		unknown |= condition->op == SCYLLA_IN && !IsA(array, Const) && !IsA(array, ArrayExpr);
	}
	if (unknown && rows == 0 && access->npartition > 0)
		rows = analyzed_rows(root, rel, access);
	return unknown && rows > 0 && rows <= SCYLLA_REQUEST_ROWS;
}

double
scyllaMostRows(PlannerInfo *root, const ScyllaRelation *info, const ScyllaAccess *access)
{
	double		rows = access->npartition > 0 ? rows_of_each(info, access) : 0;

	return rows > 0 ? clamp_row_est(scyllaCountRequests(root, access) * rows) : HUGE_VAL;
}

/* ---- cost ---- */

Cost
scyllaRequestCost(const ScyllaTableOptions *options)
{
	return SCYLLA_REQUEST_ROWS * options->tuple_cost;
}

/* Of a condition that says less than a local clause, which has a selectivity of its own. */
static Selectivity
selectivity_of_part(PlannerInfo *root, const ScyllaCondition *condition)
{
	if (condition->op == SCYLLA_IN)
		return Min(scyllaArrayLength(root, (Node *) condition->value) / DEFAULT_NUM_DISTINCT, 1);
	return condition->op == SCYLLA_EQ ? 1.0 / DEFAULT_NUM_DISTINCT : DEFAULT_INEQ_SEL;
}

static Selectivity
selectivity_of_pushed(PlannerInfo *root, RelOptInfo *rel, const ScyllaAccess *access)
{
	List	   *clauses = NIL;
	Selectivity of_parts = 1;
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		ScyllaCondition *condition = lfirst(lc);

		if (condition->clause != NULL)
			clauses = list_append_unique_ptr(clauses, condition->clause);
		else if (condition->again && condition->origin != NULL)
			clauses = list_append_unique_ptr(clauses, condition->origin);
		else if (condition->op != SCYLLA_NEAREST && condition->index == 0)
			of_parts *= selectivity_of_part(root, condition);
	}
	return of_parts * clauselist_selectivity(root, clauses, (int) rel->relid, JOIN_INNER, NULL);
}

void
scyllaCostScan(PlannerInfo *root, RelOptInfo *rel, const ScyllaAccess *access, ScyllaCost *cost)
{
	ScyllaRelation *info = rel->fdw_private;
	const ScyllaTableOptions *o = info->options;
	QualCost	local;

	cost_qual_eval(&local, access->local, root);
	cost->rows = clamp_row_est(rel->tuples * selectivity_of_pushed(root, rel, access));
	cost->rows = Min(cost->rows, scyllaMostRows(root, info, access));
	Assert(cost->rows >= 1);
	cost->startup = o->startup_cost + local.startup;
	cost->requests = (scyllaCountRequests(root, access) - 1) * scyllaRequestCost(o);
	cost->total = cost->startup + cost->requests + cost->rows * (o->tuple_cost + cpu_tuple_cost + local.per_tuple);
	/* CQL reads all that it filters */
	if (access->filtering)
		cost->total += rel->tuples * o->tuple_cost;
}
