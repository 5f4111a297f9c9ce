/*
 * fdw/plan/upper.c
 *	  LIMIT, DISTINCT and DISTINCT ON, known to the cluster.
 *
 * Backend thread. Owns nothing beyond the planner's contexts. Invariants: a path
 * below stays as it is, and its copy is what asks for less; LIMIT is counted again
 * above.
 *
 * Each of them makes of a path below another one that asks for fewer rows and is
 * otherwise the same: still a scan of the foreign table, with its pathtarget.
 * Aggregates are group.c's.
 *
 * PER PARTITION LIMIT is not sent together with filters or indexes: nobody promises
 * which rows it counts then.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "fdw/compat.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/group.h"
#include "fdw/plan/order.h"
#include "fdw/plan/path.h"
#include "fdw/plan/upper.h"
#include "fdw/plan/vector.h"
#include "fdw/pushdown/comparison.h"

/* ---- paths of ours, and others made of them ---- */

/* NULL: not a scan of ours with nothing but a projection above it. */
static ForeignPath *
scan_below(Path *path)
{
	while (IsA(path, ProjectionPath))
		path = ((ProjectionPath *) path)->subpath;
	if (!IsA(path, ForeignPath) || path->param_info != NULL || path->parent->fdwroutine == NULL ||
		path->parent->fdwroutine->GetForeignUpperPaths != scyllaGetForeignUpperPaths)
		return NULL;
	return (ForeignPath *) path;
}

/* The same path over another scan. */
static Path *
replace_scan(PlannerInfo *root, Path *path, ForeignPath *scan)
{
	if (!IsA(path, ProjectionPath))
		return (Path *) scan;
	return (Path *) create_projection_path(root, path->parent,
										   replace_scan(root, ((ProjectionPath *) path)->subpath, scan),
										   path->pathtarget);
}

static ForeignPath *
copy_scan(const ForeignPath *scan, const ScyllaPath *scylla)
{
	ForeignPath *copy = makeNode(ForeignPath);
	ScyllaPath *private = palloc(sizeof(*private));

	*copy = *scan;
	*private = *scylla;
	copy->fdw_private = list_make1(private);
	return copy;
}

/* ---- DISTINCT ---- */

/* Its columns, as the table has them. */
typedef struct Distinct
{
	PlannerInfo *root;
	RelOptInfo *rel;
	ScyllaRelation *info;
	const char *reason;			/* why the cluster cannot serve it; NULL: it can */
	List	   *columns;		/* const ScyllaTableColumn */
	bool		ordered;		/* DISTINCT ON has an order within partitions: */
	int			nordered;		/* so many clustering columns, */
	bool		reversed;		/* against clustering order */
} Distinct;

/* Nothing but rows of the table comes in. */
static bool
reads_only(const Query *parse)
{
	return !parse->hasAggs && !parse->hasWindowFuncs && !parse->hasTargetSRFs && parse->groupClause == NIL &&
		parse->groupingSets == NIL && parse->havingQual == NULL;
}

/* NULL: it is none. The collation is the clause's, which a cast may have changed. */
static Var *
clause_column(const Distinct *d, const SortGroupClause *sgc, Oid *collation)
{
	Node	   *expr = get_sortgroupclause_expr((SortGroupClause *) sgc, d->root->parse->targetList);

	*collation = exprCollation(expr);
	expr = (Node *) scyllaStripCasts((Expr *) expr);
	if (!IsA(expr, Var) || ((Var *) expr)->varno != (int) d->rel->relid || ((Var *) expr)->varattno <= 0)
		return NULL;
	return (Var *) expr;
}

static bool
columns_only(const Distinct *d)
{
	Oid			collation;
	ListCell   *lc;

	foreach(lc, d->root->parse->distinctClause)
	{
		if (clause_column(d, lfirst(lc), &collation) == NULL)
			return false;
	}
	return true;
}

/* Static columns may be among them: a partition has one value. */
static void
collect_columns(Distinct *d)
{
	ListCell   *lc;

	foreach(lc, d->root->parse->distinctClause)
	{
		SortGroupClause *sgc = lfirst_node(SortGroupClause, lc);
		Oid			collation;
		Var		   *var = clause_column(d, sgc, &collation);
		const ScyllaTableColumn *column = scyllaColumnOf(d->info, var->varattno);

		if (column == NULL || (column->kind != SCYLLA_PARTITION_KEY && column->kind != SCYLLA_STATIC))
			d->reason = "of other columns than the partition key";
		else if (column->kind == SCYLLA_PARTITION_KEY &&
				 scyllaDefaultOperator(sgc->eqop, getBaseType(var->vartype)) != SCYLLA_EQ)
			d->reason = "by another equality than the default";
		else if (column->kind != SCYLLA_PARTITION_KEY ||
				 scyllaEqualsAlike(var->vartype, collation, column, &d->reason))
			d->columns = lappend(d->columns, (void *) column);
		if (d->reason != NULL)
			return;
	}
}

/* All columns of the partition key: or it has one value, by a condition. */
static void
check_key(Distinct *d)
{
	const ScyllaAccess *access = d->info->access;

	for (int i = 0; i < d->info->table->npartition && d->reason == NULL; i++)
	{
		const ScyllaCondition *condition = access->npartition > 0 ? list_nth(access->pushed, i) : NULL;

		if (!list_member_ptr(d->columns, scyllaPartitionColumn(d->info->table, i)) &&
			(condition == NULL || condition->op != SCYLLA_EQ))
			d->reason = "not of the whole partition key";
	}
}

/* Conditions that leave a partition's first row to be the first of one request. */
static void
check_conditions(Distinct *d)
{
	const ScyllaAccess *access = d->info->access;

	if (access->open_ended)
		d->reason = "of a range whose number of keys is not known yet";
	else if (access->filtering || access->indexed || (access->pushed != NIL && access->npartition == 0))
		d->reason = "of rows that conditions choose within partitions";
	for (int i = access->npartition; i < list_length(access->pushed) && d->reason == NULL; i++)
	{
		if (((ScyllaCondition *) list_nth(access->pushed, i))->op == SCYLLA_IN)
			d->reason = "of several clustering columns' values";
	}
}

/* One more sort key of DISTINCT ON: columns that a partition has one value of do not count. */
static void
order_within(Distinct *d, const SortGroupClause *sgc)
{
	const ScyllaTable *table = d->info->table;
	Oid			collation;
	Var		   *var = clause_column(d, sgc, &collation);
	const ScyllaTableColumn *column = var ? scyllaColumnOf(d->info, var->varattno) : NULL;
	ScyllaOperator op = var ? scyllaDefaultOperator(sgc->sortop, getBaseType(var->vartype)) : SCYLLA_ANY;
	bool		reversed;

	if (d->nordered == table->nclustering ||
		(column != NULL && (column->kind == SCYLLA_PARTITION_KEY || column->kind == SCYLLA_STATIC ||
							(column->kind == SCYLLA_CLUSTERING && column->position < d->info->access->nclustering))))
		return;
	if (column == NULL || column->kind != SCYLLA_CLUSTERING || column->position != d->nordered ||
		(op != SCYLLA_LT && op != SCYLLA_GT))
		d->reason = "in another order than that of clustering columns";
	else if (scyllaOrdersAlike(var->vartype, collation, column, &d->reason))
	{
		reversed = column->descending != (op == SCYLLA_GT);
		if (d->ordered && reversed != d->reversed)
			d->reason = "in another order than that of clustering columns";
		else if (reversed && d->info->access->npartition == 0)
			d->reason = "against clustering order, of partitions that are not known";
		d->ordered = true;
		d->reversed = reversed;
		d->nordered++;
	}
}

static void
check_order(Distinct *d)
{
	Query	   *parse = d->root->parse;
	ListCell   *lc;

	if (!parse->hasDistinctOn)
		return;
	d->nordered = d->info->access->nclustering;
	foreach(lc, parse->sortClause)
	{
		SortGroupClause *sgc = lfirst_node(SortGroupClause, lc);

		if (d->reason == NULL && get_sortgroupref_clause_noerr(sgc->tleSortGroupRef, parse->distinctClause) == NULL)
			order_within(d, sgc);
	}
}

static ScyllaPath *
distinct_path(const Distinct *d)
{
	ScyllaPath *path = palloc0(sizeof(*path));

	path->relation = d->info;
	path->access = d->info->access;
	path->distinct = !d->root->parse->hasDistinctOn && list_length(path->access->pushed) == path->access->npartition;
	path->per_partition = path->distinct ? 0 : 1;
	if (d->reversed)
		path->order = scyllaClusteringOrder(d->info->table, d->nordered, true);
	return path;
}

/* Of the path that reads all rows. */
static void
add_distinct_path(const Distinct *d, RelOptInfo *distinct_rel)
{
	Query	   *parse = d->root->parse;
	double		rows = estimate_num_groups(d->root, get_sortgrouplist_exprs(parse->distinctClause, parse->targetList),
										   d->rel->rows, NULL, NULL);
	ListCell   *lc;

	foreach(lc, d->rel->pathlist)
	{
		Path	   *path = lfirst(lc);
		ForeignPath *scan = scan_below(path);
		ScyllaCost	cost;

		if (scan == NULL)
			continue;
		scyllaCostScan(d->root, d->rel, d->info->access, &cost);
		scan = copy_scan(scan, distinct_path(d));
		scan->path.pathkeys = NIL;
		scan->path.rows = rows;
		scan->path.startup_cost = cost.startup * SCYLLA_LESS_IS_CHEAPER;
		scan->path.total_cost = scan->path.startup_cost + cost.requests +
			(cost.total - cost.startup - cost.requests) * Min(1, rows / cost.rows);
		add_path(distinct_rel, replace_scan(d->root, path, scan));
		return;
	}
}

static void
add_distinct_paths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *distinct_rel)
{
	Distinct	d = {.root = root, .rel = input_rel, .info = input_rel->fdw_private};

	if (!IS_SIMPLE_REL(input_rel) || d.info == NULL || d.info->access->local != NIL || !reads_only(root->parse))
		return;
	if (!(d.info->options->pushdown & SCYLLA_PUSH_AGGREGATES))
		d.reason = "aggregates are not in the option pushdown";
	else if (!columns_only(&d))
		d.reason = "of more than columns";
	else
	{
		scyllaDescribeRelation(d.info);
		collect_columns(&d);
		check_key(&d);
		check_conditions(&d);
		check_order(&d);
	}
	if (d.reason != NULL)
		d.info->above = lappend(d.info->above, psprintf("DISTINCT: %s", d.reason));
	else
		add_distinct_path(&d, distinct_rel);
}

/* ---- LIMIT ---- */

/* NULL: it can be known to the cluster. Above, PostgreSQL counts again, so that OFFSET and errors are its own. */
static const char *
why_not_limited(const Query *parse)
{
	Node	   *limits = (Node *) list_make2(parse->limitCount, parse->limitOffset);

	if (parse->rowMarks != NIL)
		return "rows are locked";
	if (parse->limitOption != LIMIT_OPTION_COUNT)
		return "ties are wanted too";
	if (contain_volatile_functions(limits) || contain_subplans(limits))
		return "its value may change";
	return NULL;
}

/* No row of the scan is dropped, and there is more than the one of aggregates without groups. */
static bool
gives_all(const ScyllaPath *path)
{
	return path->access->local == NIL &&
		(path->upper == NULL || (path->upper->group_by != NIL && path->upper->having == NIL));
}

/* Where nothing else keeps it from the cluster. */
static void
explain_limit(const RelOptInfo *input_rel, const char *reason)
{
	ForeignPath *scan = scan_below(linitial(input_rel->pathlist));
	ScyllaPath *path = scan ? linitial(scan->fdw_private) : NULL;

	if (path != NULL && gives_all(path))
		path->relation->above = lappend(path->relation->above, psprintf("LIMIT: %s", reason));
}

static ForeignPath *
limited_scan(const ForeignPath *scan, const FinalPathExtraData *extra)
{
	ForeignPath *limited = copy_scan(scan, linitial(scan->fdw_private));
	int64		count = extra->count_est > 0 && extra->offset_est > 0 ? extra->count_est + extra->offset_est : extra->count_est;

	((ScyllaPath *) linitial(limited->fdw_private))->limited = true;
	adjust_limit_rows_costs(&limited->path.rows, &limited->path.startup_cost, &limited->path.total_cost, 0, count);
	limited->path.startup_cost *= SCYLLA_LESS_IS_CHEAPER;
	limited->path.total_cost *= SCYLLA_LESS_IS_CHEAPER;
	return limited;
}

/* Paths of the input are in the query's order, whether by PostgreSQL's sorting or by the cluster's. */
static void
add_limited_paths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *final_rel, const FinalPathExtraData *extra)
{
	Query	   *parse = root->parse;
	const char *reason;
	ListCell   *lc;

	if (parse->commandType != CMD_SELECT || !extra->limit_needed || parse->limitCount == NULL)
		return;
	reason = why_not_limited(parse);
	if (reason != NULL)
	{
		explain_limit(input_rel, reason);
		return;
	}
	foreach(lc, input_rel->pathlist)
	{
		Path	   *path = lfirst(lc);
		ForeignPath *scan = scan_below(path);

		if (scan == NULL || !gives_all(linitial(scan->fdw_private)))
			continue;
		path = replace_scan(root, path, limited_scan(scan, extra));
		add_path(final_rel, (Path *) create_limit_path(root, final_rel, path, parse->limitOffset, parse->limitCount,
													   parse->limitOption, extra->offset_est, extra->count_est));
	}
}

/* ---- the planner's call ---- */

void
scyllaGetForeignUpperPaths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
						   RelOptInfo *output_rel, void *extra)
{
	switch (stage)
	{
		case UPPERREL_GROUP_AGG:
			scyllaAddGroupPaths(root, input_rel, output_rel, extra);
			break;
		case UPPERREL_DISTINCT:
			add_distinct_paths(root, input_rel, output_rel);
			break;
		case UPPERREL_ORDERED:
			scyllaAddNearestPath(root, input_rel, output_rel);
			break;
		case UPPERREL_FINAL:
			add_limited_paths(root, input_rel, output_rel, extra);
			break;
		default:
			break;
	}
}
