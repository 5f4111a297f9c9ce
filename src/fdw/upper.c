/*
 * fdw/upper.c
 *	  LIMIT, DISTINCT and DISTINCT ON, known to the cluster.
 *
 * Backend thread. Owns nothing beyond the planner's contexts.
 *
 * Each of them makes of a path below another one that asks for fewer rows and is
 * otherwise the same: still a scan of the foreign table, with its pathtarget.
 * Aggregates are group.c's.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"

#include "fdw/compat.h"
#include "fdw/plan.h"
#include "fdw/upper.h"
#include "fdw/vector.h"

/* Where the cluster may do with less, it is never slower for it: what decides where estimates are equal. */
#define LESS_IS_CHEAPER 0.99

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

/* ---- LIMIT ---- */

/* Above all of it PostgreSQL counts again, so that OFFSET and errors are its own. */
static bool
may_be_limited(const Query *parse, const FinalPathExtraData *extra)
{
	Node	   *limits = (Node *) list_make2(parse->limitCount, parse->limitOffset);

	return parse->commandType == CMD_SELECT && extra->limit_needed && parse->limitCount != NULL &&
		parse->limitOption == LIMIT_OPTION_COUNT && parse->rowMarks == NIL &&
		!contain_volatile_functions(limits) && !contain_subplans(limits);
}

static ForeignPath *
limited_scan(const ForeignPath *scan, const FinalPathExtraData *extra)
{
	ForeignPath *limited = copy_scan(scan, linitial(scan->fdw_private));
	int64		count = extra->count_est > 0 && extra->offset_est > 0 ? extra->count_est + extra->offset_est : extra->count_est;

	((ScyllaPath *) linitial(limited->fdw_private))->limited = true;
	adjust_limit_rows_costs(&limited->path.rows, &limited->path.startup_cost, &limited->path.total_cost, 0, count);
	limited->path.startup_cost *= LESS_IS_CHEAPER;
	limited->path.total_cost *= LESS_IS_CHEAPER;
	return limited;
}

/* Paths of the input are in the query's order, whether by PostgreSQL's sorting or by the cluster's. */
static void
add_limited_paths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *final_rel, const FinalPathExtraData *extra)
{
	Query	   *parse = root->parse;
	ListCell   *lc;

	if (!may_be_limited(parse, extra))
		return;
	foreach(lc, input_rel->pathlist)
	{
		Path	   *path = lfirst(lc);
		ForeignPath *scan = scan_below(path);

		if (scan == NULL || ((ScyllaPath *) linitial(scan->fdw_private))->access->local != NIL)
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
