/*
 * fdw/plan/plan.c
 *	  Planning scans of one foreign table.
 *
 * Backend thread. Owns nothing beyond the planner's contexts.
 *
 * Three kinds of paths: by the conditions on the table alone; the same in the
 * order that the query wants, where one partition has it; and for each set of
 * other tables whose columns fix the partition key, a look-up parameterized by
 * them.
 *
 * Invariant: only partial paths are parallel safe. If each worker ran a scan by
 * itself, each of them would connect, and all would ask for the same rows.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "fdw/check/ctid.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/option_cache.h"
#include "fdw/option/setting.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/group.h"
#include "fdw/plan/order.h"
#include "fdw/plan/path.h"
#include "fdw/plan/plan.h"
#include "fdw/plan/table_size.h"
#include "fdw/pushdown/clause.h"
#include "fdw/pushdown/comparison.h"

#define MERGE_COMPARISONS 4		/* of a row, when sorted partitions are merged: a few at most are */

static ScyllaRelation *
relation_of(RelOptInfo *rel)
{
	return rel->fdw_private;
}

/* ---- size ---- */

typedef struct KeyColumn
{
	AttrNumber	attnum;
} KeyColumn;

static bool
is_key_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *em, void *arg)
{
	Expr	   *expr = scyllaStripCasts(em->em_expr);

	return IsA(expr, Var) && ((Var *) expr)->varno == (int) rel->relid &&
		((Var *) expr)->varattno == ((KeyColumn *) arg)->attnum;
}

/* Join clauses that compare columns with those of other tables. Partitions have no attr_needed: what joins need is in the reltarget. */
static List *
join_clauses(PlannerInfo *root, RelOptInfo *rel)
{
	Bitmapset  *needed = NULL;
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, rel->joininfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (join_clause_is_movable_to(clause, rel) && scyllaMayBePushed(root, rel, clause))
			clauses = lappend(clauses, clause);
	}
	if (rel->has_eclass_joins)
		pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &needed);
	for (AttrNumber attnum = 1; attnum <= rel->max_attr; attnum++)
	{
		KeyColumn	key = {attnum};

		if (!bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, needed))
			continue;
		clauses = list_concat(clauses, generate_implied_equalities_for_column(root, rel, is_key_column, &key,
																			  rel->lateral_referencers));
	}
	return clauses;
}

/*
 * The old row that PostgreSQL adds to what UPDATE and DELETE read is a record
 * there, and of the table's type where the query asks for the row. A join has the
 * column once, so they must not differ. A partition's old row is a column of its own.
 */
static void
name_row_type(PlannerInfo *root, const RelOptInfo *rel, Oid relid)
{
	List	   *exprs = list_make2(root->processed_tlist, rel->reltarget->exprs);
	ListCell   *lc;

	if ((int) rel->relid != root->parse->resultRelation)
		return;
	foreach(lc, pull_var_clause((Node *) exprs, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | PVC_RECURSE_PLACEHOLDERS))
	{
		Var		   *var = lfirst_node(Var, lc);

		if (var->varno == (int) rel->relid && var->varattno == InvalidAttrNumber)
			var->vartype = get_rel_type_id(relid);
	}
}

static bool
chooses_rows(const RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->baserestrictinfo)
	{
		if (!lfirst_node(RestrictInfo, lc)->pseudoconstant)
			return true;
	}
	return rel->joininfo != NIL || rel->has_eclass_joins;
}

void
scyllaGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid)
{
	ScyllaRelation *info = palloc0(sizeof(*info));

	scyllaCheckCtid(root, rel, foreigntableid);
	name_row_type(root, rel, foreigntableid);
	rel->fdw_private = info;
	info->relid = foreigntableid;
	info->serverid = rel->serverid;
	info->userid = scyllaRelationUser(root, rel);
	info->options = scyllaTableOptions(foreigntableid);
	info->chosen = chooses_rows(rel);
	info->joins = join_clauses(root, rel);
	if (info->joins != NIL || scyllaAnyMayBePushed(root, rel, rel->baserestrictinfo))
		scyllaDescribeRelation(info);
	info->access = scyllaChooseAccess(root, rel, info, rel->baserestrictinfo);
	info->row_bytes = rel->reltarget->width;
	scyllaEstimateSize(root, rel, info->joins != NIL);
}

/* ---- paths ---- */

/* Where that is refused, anything else is better. */
static ForeignPath *
guard_path(ForeignPath *scan, const ScyllaPath *path)
{
	const ScyllaTable *table = path->relation->table;

	if ((scylla_full_scan == SCYLLA_FULL_SCAN_REFUSE && scyllaReadsUnasked(path)) ||
		(table != NULL && table->strong && path->access->npartition == 0))
		scyllaDisablePath(&scan->path);
	return scan;
}

/*
 * Workers read by partial paths only: any other one would have each of them
 * connect and ask for the same rows.
 */
static void
add_scan_path(PlannerInfo *root, RelOptInfo *rel, ScyllaPath *path, List *pathkeys, double rows, Relids outer)
{
	ScyllaCost	cost;
	ForeignPath *scan;

	scyllaCostScan(root, rel, path->access, &cost);
	if (path->merge != NIL)
	{
		cost.startup += cost.requests;
		cost.total += cost.rows * MERGE_COMPARISONS * cpu_operator_cost;
	}
	scan = scyllaForeignScanPath(root, rel, rows, cost.startup, cost.total, pathkeys,
								 outer ? outer : rel->lateral_relids, list_make1(path));
	scan->path.parallel_safe = false;
	add_path(rel, (Path *) guard_path(scan, path));
}

static ScyllaPath *
make_path(RelOptInfo *rel, ScyllaAccess *access)
{
	ScyllaPath *path = palloc0(sizeof(*path));

	path->relation = relation_of(rel);
	path->access = access;
	return path;
}

static void
add_sorted_path(PlannerInfo *root, RelOptInfo *rel)
{
	ScyllaRelation *info = relation_of(rel);
	ScyllaPath *path = make_path(rel, info->access);
	int			n = scyllaSortedKeys(root, rel, info->access, root->query_pathkeys, path);

	if (n > 0)
		add_scan_path(root, rel, path, list_copy_head(root->query_pathkeys, n), rel->rows, NULL);
}

/* How many processes' work is done, as for scans of local tables. */
static double
parallel_divisor(int workers)
{
	double		leader = parallel_leader_participation ? 1.0 - 0.3 * workers : 0;

	return workers + Max(leader, 0);
}

/* Ranges of tokens, shared by the leader and its workers; of a table that is large by its statistics. */
static void
add_partial_scan_path(PlannerInfo *root, RelOptInfo *rel, ScyllaPath *path)
{
	ForeignPath *scan;
	ScyllaCost	cost;
	int			workers;

	if (!rel->consider_parallel || rel->lateral_relids != NULL || !scyllaReadsByRanges(path, false))
		return;
	workers = compute_parallel_worker(rel, rel->pages, -1, max_parallel_workers_per_gather);
	if (workers <= 0)
		return;
	scyllaCostScan(root, rel, path->access, &cost);
	scan = scyllaForeignScanPath(root, rel, clamp_row_est(rel->rows / parallel_divisor(workers)), cost.startup,
								 cost.startup + (cost.total - cost.startup) / parallel_divisor(workers), NIL, NULL,
								 list_make1(path));
	scan->path.parallel_aware = true;
	scan->path.parallel_workers = workers;
	add_partial_path(rel, (Path *) guard_path(scan, path));
}

bool
scyllaIsForeignScanParallelSafe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	return true;
}

bool
scyllaIsForeignPathAsyncCapable(ForeignPath *path)
{
	return ((ScyllaPath *) linitial(path->fdw_private))->relation->options->async_capable;
}

static List *
add_relids(List *sets, Relids relids)
{
	ListCell   *lc;

	foreach(lc, sets)
	{
		if (bms_equal(lfirst(lc), relids))
			return sets;
	}
	return lappend(sets, relids);
}

/* Sets of other tables to try: those of each clause, and of all clauses together. */
static List *
parameter_sets(RelOptInfo *rel, List *clauses)
{
	Relids		all = NULL;
	List	   *sets = NIL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);
		Relids		outer = bms_del_member(bms_union(clause->clause_relids, rel->lateral_relids), (int) rel->relid);

		sets = add_relids(sets, outer);
		all = bms_union(all, outer);
	}
	return all != NULL ? add_relids(sets, all) : sets;
}

static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel)
{
	ScyllaRelation *info = relation_of(rel);
	List	   *sets = parameter_sets(rel, info->joins);
	ListCell   *lc;

	foreach(lc, sets)
	{
		ParamPathInfo *param = get_baserel_parampathinfo(root, rel, lfirst(lc));
		ScyllaAccess *access = scyllaChooseAccess(root, rel, info, list_concat_copy(rel->baserestrictinfo,
																					param->ppi_clauses));

		if (access->npartition > 0 && !access->open_ended && scyllaPushesAnyOf(access, param->ppi_clauses))
			add_scan_path(root, rel, make_path(rel, access), NIL,
						  Min(param->ppi_rows, scyllaMostRows(root, info, access)), lfirst(lc));
	}
}

void
scyllaGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid)
{
	ScyllaRelation *info = relation_of(rel);
	ScyllaAccess *whole = info->access;

	add_scan_path(root, rel, make_path(rel, info->access), NIL, rel->rows, NULL);
	if (info->access->npartition > 0 && scyllaCountRequests(root, info->access) > 1)
	{
		whole = scyllaChooseWhole(root, rel, info, rel->baserestrictinfo);
		add_scan_path(root, rel, make_path(rel, whole), NIL, rel->rows, NULL);
	}
	add_partial_scan_path(root, rel, make_path(rel, whole));
	add_sorted_path(root, rel);
	add_parameterized_paths(root, rel);
}

/* The same condition, its value of a partition's columns instead of the partitioned table's. */
static ScyllaCondition *
translate_condition(PlannerInfo *root, const ScyllaCondition *condition, RelOptInfo *child)
{
	ScyllaCondition *translated = palloc(sizeof(*translated));

	*translated = *condition;
	translated->clause = (RestrictInfo *) scyllaTranslateToChild(root, (Node *) condition->clause, child);
	translated->value = (Expr *) scyllaTranslateToChild(root, (Node *) condition->value, child);
	return translated;
}

/*
 * A look-up for the rows of a partitioned table becomes one for those of its
 * partition. Nothing but conditions speaks of other tables' columns.
 */
List *
scyllaReparameterizePath(PlannerInfo *root, List *fdw_private, RelOptInfo *child)
{
	ScyllaPath *path = palloc(sizeof(*path));
	ScyllaAccess *access = palloc(sizeof(*access));
	ListCell   *lc;

	*path = *(ScyllaPath *) linitial(fdw_private);
	*access = *path->access;
	path->access = access;
	access->pushed = NIL;
	foreach(lc, ((ScyllaPath *) linitial(fdw_private))->access->pushed)
		access->pushed = lappend(access->pushed, translate_condition(root, lfirst(lc), child));
	return list_make1(path);
}

/* ---- plans ---- */

/* Clauses of a scan that the cluster checks, or clauses that it does not. */
static List *
choose_clauses(const ScyllaAccess *access, List *scan_clauses, bool wanted)
{
	List	   *chosen = NIL;
	ListCell   *lc;

	foreach(lc, scan_clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (scyllaPushes(access, clause) == wanted)
			chosen = lappend(chosen, clause);
	}
	return extract_actual_clauses(chosen, false);
}

static Expr *
limit_expression(Node *expr)
{
	return expr ? (Expr *) expr : (Expr *) makeNullConst(INT8OID, -1, InvalidOid);
}

static void
add_limit(PlannerInfo *root, ScyllaSelect *select, List **exprs)
{
	select->limited = true;
	*exprs = lappend(*exprs, limit_expression(root->parse->limitCount));
	*exprs = lappend(*exprs, limit_expression(root->parse->limitOffset));
}

/* Where rows may as well be all of the table, sorted here if need be and chosen by recheck; or a condition may be left out. */
static void
add_whole(RelOptInfo *rel, const ScyllaPath *path, List *recheck, ScyllaSelect *select)
{
	ScyllaSelect whole = {.relid = select->relid};
	ListCell   *lc;

	select->whole_instead = path->access->npartition > 0 && !path->access->one_run &&
		(path->order == NIL || path->merge != NIL) && !path->distinct && path->per_partition == 0 && path->nearest == NULL;
	if (!select->whole_instead && !scyllaMayLeaveOut(path->access, NULL))
		return;
	scyllaSelectColumns(&whole, path->relation, rel->relid, recheck);
	foreach(lc, whole.targets)
	{
		if (list_member_int(select->targets, lfirst_int(lc)))
			continue;
		select->whole_items = lappend(select->whole_items, list_nth(whole.items, foreach_current_index(lc)));
		select->whole_targets = lappend_int(select->whole_targets, lfirst_int(lc));
	}
}

/* The scan's rows are what is computed over the table's: it has no table of its own. */
static ForeignScan *
plan_upper(PlannerInfo *root, const ScyllaPath *path, List *tlist, Plan *outer_plan)
{
	const ScyllaUpper *upper = path->upper;
	List	   *exprs = NIL;
	ListCell   *lc;
	ScyllaSelect *select = scyllaBuildSelect(path, &exprs);

	select->items = upper->items;
	select->targets = upper->targets;
	select->roles = upper->roles;
	foreach(lc, pull_var_clause((Node *) upper->tlist, PVC_RECURSE_AGGREGATES))
		select->aggregated = lappend_int(select->aggregated, lfirst_node(Var, lc)->varattno);
	select->group_by = upper->group_by;
	if (path->limited)
		add_limit(root, select, &exprs);
	return make_foreignscan(tlist, upper->having, 0, exprs, scyllaPackSelect(select), upper->tlist, NIL, outer_plan);
}

ForeignScan *
scyllaGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid, ForeignPath *best_path,
					 List *tlist, List *scan_clauses, Plan *outer_plan)
{
	ScyllaPath *path = linitial(best_path->fdw_private);
	List	   *local = choose_clauses(path->access, scan_clauses, false);
	List	   *recheck = choose_clauses(path->access, scan_clauses, true);
	List	   *exprs = NIL;
	ScyllaSelect *select;

	if (path->upper != NULL)
		return plan_upper(root, path, tlist, outer_plan);
	select = scyllaBuildSelect(path, &exprs);
	scyllaSelectColumns(select, path->relation, rel->relid, list_make2(rel->reltarget->exprs, local));
	scyllaSelectOfRows(select, path->relation, path->access);
	if (path->limited)
		add_limit(root, select, &exprs);
	scyllaSelectMergeKeys(path, select);
	add_whole(rel, path, recheck, select);
	return make_foreignscan(tlist, local, rel->relid, exprs, scyllaPackSelect(select), NIL, recheck, outer_plan);
}
