/*
 * fdw/plan/join_plan.c
 *	  Planning joins by keys.
 *
 * Backend thread. Owns nothing beyond the planner's contexts. Invariants: an outer
 * row fixes the whole partition key; no condition of such a join is volatile; the
 * filter goes by columns alone, as the tuple has nothing computed yet.
 *
 * For each join that the planner considers with a foreign table of ours on the
 * inner side, a path is added if the join's conditions, together with the table's
 * own, fix the partition key by what the outer rows have.
 *
 * The scan tuple of the plan has the outer plan's columns first and then those of
 * the foreign table that the query or a local condition needs: all expressions
 * refer to it.
 */
#include "postgres.h"

#include "foreign/fdwapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"

#include "fdw/compat.h"
#include "fdw/join/join.h"
#include "fdw/option/names.h"
#include "fdw/option/option.h"
#include "fdw/option/setting.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/join_plan.h"
#include "fdw/plan/path.h"
#include "fdw/plan/plan.h"
#include "fdw/pushdown/clause.h"
#include "fdw/pushdown/comparison.h"
#include "fdw/pushdown/pushdown.h"

static set_join_pathlist_hook_type previous_hook = NULL;

/* CustomPath.custom_private is a list of one. */
typedef struct KeyJoin
{
	RelOptInfo *inner;
	JoinType	jointype;
	ScyllaPath	path;
	List	   *restrictlist;
} KeyJoin;

static Plan *plan_join(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path, List *tlist,
					   List *clauses, List *custom_plans);

static const CustomPathMethods path_methods = {
	.CustomName = "ScyllaJoin",
	.PlanCustomPath = plan_join
};

static const CustomScanMethods scan_methods = {
	.CustomName = "ScyllaJoin",
	.CreateCustomScanState = scyllaCreateJoinState
};

/* ---- whether ---- */

static bool
is_ours(const RelOptInfo *rel)
{
	return IS_SIMPLE_REL(rel) && rel->rtekind == RTE_RELATION && rel->fdwroutine != NULL &&
		rel->fdwroutine->GetForeignRelSize == scyllaGetForeignRelSize && rel->fdw_private != NULL &&
		bms_is_empty(rel->lateral_relids);
}

/*
 * What the query wants of a table: columns, and what is computed of them below an
 * outer join. Constants stand for columns by which other partitions tell rows.
 */
static bool
gives_what_is_wanted(PlannerInfo *root, const RelOptInfo *rel)
{
	ListCell   *lc;

	foreach(lc, rel->reltarget->exprs)
	{
		Node	   *expr = lfirst(lc);

		if (IsA(expr, PlaceHolderVar) ? !bms_is_subset(pull_varnos(root, expr), rel->relids) ||
			contain_volatile_functions(expr) || contain_subplans(expr) :
			!IsA(expr, Var) && !IsA(expr, Const))
			return false;
	}
	return true;
}

/* Neither a condition that a Result node checks once, nor one that might write while it is checked. */
static bool
clauses_suit(List *clauses)
{
	ListCell   *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (clause->pseudoconstant || contain_volatile_functions((Node *) clause->clause))
			return false;
	}
	return true;
}

/* Conditions of the join that may choose rows of the foreign table: those of ON, where outer rows are preserved. */
static List *
choosing_clauses(RelOptInfo *joinrel, RelOptInfo *inner, JoinType jointype, List *restrictlist)
{
	List	   *clauses = NIL;
	ListCell   *lc;

	foreach(lc, restrictlist)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (IS_OUTER_JOIN(jointype) && RINFO_IS_PUSHED_DOWN(clause, joinrel->relids))
			continue;
		if (restriction_is_securely_promotable(clause, inner))
			clauses = lappend(clauses, clause);
	}
	return clauses;
}

/* NULL: the key is not fixed. */
static ScyllaAccess *
choose_access(PlannerInfo *root, RelOptInfo *inner, List *clauses)
{
	ScyllaRelation *info = inner->fdw_private;
	ScyllaAccess *access;

	if (!scyllaAnyMayBePushed(root, inner, clauses))
		return NULL;
	scyllaDescribeRelation(info);
	access = scyllaChooseAccess(root, inner, info, list_concat_copy(inner->baserestrictinfo, clauses));
	return access->npartition > 0 && !access->open_ended && scyllaPushesAnyOf(access, clauses) ? access : NULL;
}

/* ---- cost ---- */

/* A round trip to begin with; from then on requests are on their way while rows are joined. */
static void
cost_join(PlannerInfo *root, CustomPath *path, const KeyJoin *join, const Path *outer)
{
	double		rows = clamp_row_est(outer->rows);
	ScyllaCost	lookup;

	scyllaCostScan(root, join->inner, join->path.access, &lookup);
	path->path.startup_cost = outer->startup_cost + lookup.startup;
	path->path.total_cost = outer->total_cost + lookup.startup + rows * (lookup.total - lookup.startup) +
		(rows - 1) * scyllaRequestCost(join->path.relation->options) + path->path.rows * cpu_tuple_cost;
}

/* ---- paths ---- */

static void
add_join_path(PlannerInfo *root, RelOptInfo *joinrel, const KeyJoin *join, Path *outer)
{
	CustomPath *path;

	if (outer == NULL || outer->param_info != NULL)
		return;
	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = joinrel;
	path->path.pathtarget = joinrel->reltarget;
	path->path.rows = joinrel->rows;
	scyllaInheritDisabled(&path->path, outer);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(outer);
	path->custom_private = list_make1((void *) join);
	path->methods = &path_methods;
	cost_join(root, path, join, outer);
	add_path(joinrel, &path->path);
}

static void
add_join_paths(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, KeyJoin *join, SpecialJoinInfo *sjinfo,
			   bool unique)
{
	if (unique)
		add_join_path(root, joinrel, join,
					  (Path *) create_unique_path(root, outer, outer->cheapest_total_path, sjinfo));
	else
	{
		add_join_path(root, joinrel, join, outer->cheapest_total_path);
		if (outer->cheapest_startup_path != outer->cheapest_total_path)
			add_join_path(root, joinrel, join, outer->cheapest_startup_path);
	}
}

static void
consider_join(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner, JoinType jointype,
			  JoinPathExtraData *extra)
{
	bool		unique = jointype == JOIN_UNIQUE_OUTER;
	List	   *clauses;
	ScyllaAccess *access;
	KeyJoin    *join;

	if (unique)
		jointype = JOIN_INNER;
	if (jointype != JOIN_INNER && jointype != JOIN_LEFT && jointype != JOIN_SEMI && jointype != JOIN_ANTI)
		return;
	if (!is_ours(inner) || !gives_what_is_wanted(root, inner) || !bms_is_empty(joinrel->lateral_relids) ||
		!clauses_suit(inner->baserestrictinfo) || !clauses_suit(extra->restrictlist))
		return;
	clauses = choosing_clauses(joinrel, inner, jointype, extra->restrictlist);
	access = choose_access(root, inner, clauses);
	if (access == NULL)
		return;
	join = palloc0(sizeof(*join));
	join->inner = inner;
	join->jointype = jointype;
	join->path.relation = inner->fdw_private;
	join->path.access = access;
	join->restrictlist = extra->restrictlist;
	add_join_paths(root, joinrel, outer, join, extra->sjinfo, unique);
}

static void
join_hook(PlannerInfo *root, RelOptInfo *joinrel, RelOptInfo *outer, RelOptInfo *inner, JoinType jointype,
		  JoinPathExtraData *extra)
{
	if (previous_hook)
		previous_hook(root, joinrel, outer, inner, jointype, extra);
	if (scylla_enable_join)
		consider_join(root, joinrel, outer, inner, jointype, extra);
}

void
scyllaInstallJoin(void)
{
	RegisterCustomScanMethods(&scan_methods);
	previous_hook = set_join_pathlist_hook;
	set_join_pathlist_hook = join_hook;
}

/* ---- plans ---- */

static Node *
align_mutator(Node *node, void *context)
{
	ListCell   *lc;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var) && !IsA(node, PlaceHolderVar))
		return expression_tree_mutator(node, align_mutator, context);
	foreach(lc, (List *) context)
	{
		Expr	   *as = lfirst(lc);

		if (nodeTag(as) != nodeTag(node))
			continue;
		if (IsA(node, Var) ? ((Var *) node)->varno == ((Var *) as)->varno &&
			((Var *) node)->varattno == ((Var *) as)->varattno :
			((PlaceHolderVar *) node)->phid == ((PlaceHolderVar *) as)->phid)
			return (Node *) scyllaWithNulling((Expr *) node, as);
	}
	return IsA(node, Var) ? copyObject(node) : expression_tree_mutator(node, align_mutator, context);
}

/*
 * The same column may be nullable by the join in one place and not yet in
 * another, but the scan tuple has it once: have each be as in as, where it is.
 */
static List *
align(List *exprs, List *as)
{
	return (List *) align_mutator((Node *) exprs, as);
}

/*
 * What is computed below an outer join, wherever it is asked for, by the columns
 * themselves: the scan tuple does not have it before the foreign table's row has
 * passed its conditions.
 */
static Node *
by_columns(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, PlaceHolderVar))
		return by_columns((Node *) ((PlaceHolderVar *) node)->phexpr, context);
	return expression_tree_mutator(node, by_columns, context);
}

static List *
columns_of(List *exprs, int how)
{
	return pull_var_clause((Node *) exprs, PVC_RECURSE_AGGREGATES | PVC_RECURSE_WINDOWFUNCS | how);
}

/* Clauses that the cluster checks, or clauses that it does not, or not for certain; lower security levels first. */
static List *
choose_clauses(List *clauses, const ScyllaAccess *access, bool pushed)
{
	List	   *chosen = NIL;
	Index		next = 0;

	for (Index level = 0; level <= next; level++)
	{
		ListCell   *lc;

		foreach(lc, clauses)
		{
			RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

			next = Max(next, clause->security_level);
			if ((scyllaPushes(access, clause) == pushed || (!pushed && scyllaMayLeaveOut(access, clause))) &&
				clause->security_level == level)
				chosen = lappend(chosen, clause);
		}
	}
	return chosen;
}

/* custom_exprs; *others: conditions above an outer join. */
static List *
split_conditions(const KeyJoin *join, RelOptInfo *joinrel, List *values, List **others)
{
	const ScyllaAccess *access = join->path.access;
	List	   *all = list_concat_copy(join->inner->baserestrictinfo, join->restrictlist);
	List	   *filter = choose_clauses(join->inner->baserestrictinfo, access, false);
	List	   *quals = choose_clauses(join->restrictlist, access, false);

	if (IS_OUTER_JOIN(join->jointype))
		extract_actual_join_clauses(quals, joinrel->relids, &quals, others);
	else
		quals = extract_actual_clauses(quals, false);
	return list_make5(values, by_columns((Node *) extract_actual_clauses(filter, false), NULL), quals, NIL,
					  extract_actual_clauses(choose_clauses(all, access, true), false));
}

/* The columns of the foreign table among these. */
static List *
inner_columns(const RelOptInfo *inner, List *exprs)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, columns_of(exprs, PVC_RECURSE_PLACEHOLDERS))
	{
		Var		   *var = lfirst_node(Var, lc);
		bool		known = var->varno != (int) inner->relid;
		ListCell   *kc;

		foreach(kc, columns)
			known |= ((Var *) lfirst(kc))->varattno == var->varattno;
		if (!known)
			columns = lappend(columns, copyObject(var));
	}
	return columns;
}

/* What is computed of the foreign table's columns before rows of it are NULL by the join. */
static List *
inner_placeholders(const RelOptInfo *inner)
{
	List	   *placeholders = NIL;
	ListCell   *lc;

	foreach(lc, inner->reltarget->exprs)
	{
		if (IsA(lfirst(lc), PlaceHolderVar))
			placeholders = lappend(placeholders, copyObject(lfirst(lc)));
	}
	return placeholders;
}

static List *
computed(List *placeholders)
{
	List	   *exprs = NIL;
	ListCell   *lc;

	foreach(lc, placeholders)
		exprs = lappend(exprs, by_columns((Node *) lfirst_node(PlaceHolderVar, lc)->phexpr, NULL));
	return exprs;
}

static List *
target_entries(List *exprs)
{
	List	   *tlist = NIL;
	ListCell   *lc;

	foreach(lc, exprs)
		tlist = lappend(tlist, makeTargetEntry(lfirst(lc), (AttrNumber) (foreach_current_index(lc) + 1), NULL, false));
	return tlist;
}

/* One row is enough for who asks only whether there is any. */
static bool
wants_one_row(const KeyJoin *join, List *exprs)
{
	return (join->jointype == JOIN_SEMI || join->jointype == JOIN_ANTI) &&
		list_nth(exprs, SCYLLA_JOIN_FILTER) == NIL && list_nth(exprs, SCYLLA_JOIN_QUALS) == NIL;
}

static List *
pack_join(PlannerInfo *root, RelOptInfo *joinrel, const KeyJoin *join, int width, int columns)
{
	int			first = bms_next_member(joinrel->relids, -1);

	return list_make5_int((int) join->jointype, (int) scyllaRelationCheckAs(root, join->inner),
						  (int) join->inner->relid - first, width, columns);
}

/* Whether what a request binds is found in the row, too, as bytes: then the whole table may be read in place of many keys (whole.c). */
static bool
tells_by_bytes(const ScyllaAccess *access)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);
		ScyllaColumnKind kind = condition->column->kind;

		if ((condition->op != SCYLLA_EQ && condition->op != SCYLLA_IN) ||
			(kind != SCYLLA_PARTITION_KEY && kind != SCYLLA_CLUSTERING) || !scyllaSameBytes(condition->type, condition->column))
			return false;
	}
	return true;
}

static void
add_whole(const ScyllaAccess *access, ScyllaSelect *select)
{
	ListCell   *lc;

	select->whole_instead = tells_by_bytes(access);
	foreach(lc, select->whole_instead ? access->pushed : NIL)
	{
		char	   *cql = scyllaColumnCql(select->relid, ((ScyllaCondition *) lfirst(lc))->attnum);

		select->whole_items = lappend(select->whole_items, makeString(cql));
		select->whole_targets = lappend_int(select->whole_targets, 0);
	}
}

/* custom_scan_tlist: what it has of the foreign table comes after the outer plan's columns. */
static List *
make_tuple(RelOptInfo *joinrel, const KeyJoin *join, Plan *outer, List *columns, List *placeholders)
{
	List	   *wanted = joinrel->reltarget->exprs;
	List	   *tuple = copyObject(get_tlist_exprs(outer->targetlist, true));

	tuple = list_concat(list_concat(tuple, columns), placeholders);
	return align(tuple, list_concat(columns_of(wanted, PVC_INCLUDE_PLACEHOLDERS),
									columns_of(wanted, PVC_RECURSE_PLACEHOLDERS)));
}

static Plan *
plan_join(PlannerInfo *root, RelOptInfo *rel, CustomPath *best_path, List *tlist, List *clauses, List *custom_plans)
{
	KeyJoin    *join = linitial(best_path->custom_private);
	CustomScan *scan = makeNode(CustomScan);
	Plan	   *outer = linitial(custom_plans);
	List	   *values = NIL;
	ScyllaSelect *select = scyllaBuildSelect(&join->path, &values);
	List	   *others = NIL;
	List	   *exprs = split_conditions(join, rel, values, &others);
	List	   *placeholders = inner_placeholders(join->inner);
	List	   *columns;
	List	   *tuple;

	lfirst(list_nth_cell(exprs, SCYLLA_JOIN_COMPUTED)) = computed(placeholders);
	/* rows are looked at again only where they may be locked */
	if (root->rowMarks == NIL)
		exprs = list_truncate(exprs, SCYLLA_JOIN_RECHECK);
	/* tlist may be replaced by another one of the same columns */
	columns = inner_columns(join->inner, list_make3(rel->reltarget->exprs, others, exprs));
	tuple = make_tuple(rel, join, outer, columns, placeholders);
	scyllaSelectColumns(select, join->path.relation, join->inner->relid, columns);
	scyllaSelectOfRows(select, join->path.relation, join->path.access);
	select->per_partition = wants_one_row(join, exprs) ? 1 : 0;
	add_whole(join->path.access, select);

	scan->scan.plan.targetlist = align(tlist, tuple);
	scan->scan.plan.qual = align(others, tuple);
	scan->flags = best_path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_exprs = align(exprs, tuple);
	scan->custom_private = list_make2(scyllaPackSelect(select),
									  pack_join(root, rel, join, list_length(outer->targetlist), list_length(columns)));
	scan->custom_scan_tlist = target_entries(tuple);
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}
