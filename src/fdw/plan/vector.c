/*
 * fdw/plan/vector.c
 *	  From ORDER BY embedding <=> value LIMIT k to ANN OF.
 *
 * Backend thread. Owns nothing. Invariants: the vector's condition is the last one,
 * in an access of its own; what was found is sorted again.
 *
 * The cluster's index answers approximately, as an index of pgvector does, and
 * like it leaves rows without a vector out. What it found is sorted once more, by
 * PostgreSQL and pgvector's exact distance. An operator is served only by an index
 * of the similarity that orders alike.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "utils/lsyscache.h"

#include "fdw/compat.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/path.h"
#include "fdw/plan/vector.h"
#include "fdw/type/collection.h"

/* Cassandra leaves larger ones out: sai_vector_term_size_fail_threshold, 32 KiB. */
#define LARGEST_DIMENSION 8192

/* "column <=> value" */
typedef struct Distance
{
	AttrNumber	attnum;
	Expr	   *value;
	const char *similarity;		/* that orders alike; NULL: CQL has none */
	char	   *operator;
} Distance;

static const char *
similarity_of_operator(const char *name)
{
	if (strcmp(name, "<=>") == 0)
		return "cosine";
	if (strcmp(name, "<->") == 0)
		return "euclidean";
	if (strcmp(name, "<#>") == 0)
		return "dot_product";
	return NULL;
}

static Var *
vector_column(RelOptInfo *rel, Node *node)
{
	Var		   *var = (Var *) node;

	if (!IsA(var, Var) || var->varno != (int) rel->relid || var->varattno <= 0 || var->varlevelsup != 0 ||
		var->vartype != scyllaPgVectorType())
		return NULL;
	return var;
}

static bool
match_sides(PlannerInfo *root, RelOptInfo *rel, OpExpr *expr, bool swapped, Distance *d)
{
	Var		   *var = vector_column(rel, swapped ? lsecond(expr->args) : linitial(expr->args));
	Node	   *value = swapped ? linitial(expr->args) : lsecond(expr->args);

	if (var == NULL || exprType(value) != var->vartype || bms_is_member((int) rel->relid, pull_varnos(root, value)) ||
		contain_volatile_functions(value) || contain_subplans(value))
		return false;
	d->attnum = var->varattno;
	d->value = (Expr *) value;
	d->operator = get_opname(expr->opno);
	d->similarity = similarity_of_operator(d->operator);
	return true;
}

/* Whether the query's order is a distance from a constant, smallest first. */
static bool
find_distance(PlannerInfo *root, RelOptInfo *rel, Distance *d)
{
	PathKey    *key = linitial_node(PathKey, root->sort_pathkeys);
	ListCell   *lc;

	if (!OidIsValid(scyllaPgVectorType()))
		return false;
	foreach(lc, key->pk_eclass->ec_members)
	{
		OpExpr	   *expr = (OpExpr *) ((EquivalenceMember *) lfirst(lc))->em_expr;

		if (IsA(expr, OpExpr) && list_length(expr->args) == 2 && expr->opresulttype == FLOAT8OID &&
			(match_sides(root, rel, expr, false, d) || match_sides(root, rel, expr, true, d)))
			return true;
	}
	return false;
}

static int64
constant_rows(Node *expr)
{
	Const	   *c = (Const *) expr;

	return expr == NULL ? 0 : IsA(c, Const) && !c->constisnull ? DatumGetInt64(c->constvalue) : -1;
}

/* LIMIT and OFFSET together; -1: not known yet. */
static int64
wanted_rows(const Query *parse)
{
	int64		count = constant_rows(parse->limitCount);
	int64		skip = constant_rows(parse->limitOffset);

	return count < 0 || skip < 0 ? -1 : count + skip;
}

/* CQL has only storage-attached indexes beside that of the vector; what a key chooses is sorted there. */
static bool
suits_index(const ScyllaAccess *access)
{
	ListCell   *lc;

	foreach(lc, access->pushed)
	{
		const ScyllaTableColumn *column = ((ScyllaCondition *) lfirst(lc))->column;

		if (column->index != SCYLLA_SAI && (access->npartition == 0 || (column->kind != SCYLLA_PARTITION_KEY &&
																		column->kind != SCYLLA_CLUSTERING)))
			return false;
	}
	return !access->filtering;
}

/* Of vector<float, n>. */
static int
dimension_of(const ScyllaTableColumn *column)
{
	const char *comma = strrchr(column->type, ',');

	return comma != NULL ? (int) strtol(comma + 1, NULL, 10) : 0;
}

/* Why the cluster cannot serve the order; NULL: it can. */
static const char *
why_not(PlannerInfo *root, const ScyllaRelation *info, const ScyllaTableColumn *column, const Distance *d)
{
	const Query *parse = root->parse;
	Node	   *limits = (Node *) list_make2(parse->limitCount, parse->limitOffset);

	if (!(info->options->pushdown & SCYLLA_PUSH_VECTORS))
		return "vectors are not in the option pushdown";
	if (column == NULL)
		return "the cluster's table has no such column";
	if (column->similarity == NULL)
		return "no index finds nearest vectors";
	if (dimension_of(column) > LARGEST_DIMENSION)
		return psprintf("its index has no vectors of more than %d numbers", LARGEST_DIMENSION);
	if (d->similarity == NULL || strcmp(column->similarity, d->similarity) != 0)
		return psprintf("index %s goes by %s, operator %s does not", column->similarity_index, column->similarity,
						d->operator);
	if (scyllaIsDescending(linitial_node(PathKey, root->sort_pathkeys)) || list_length(root->sort_pathkeys) != 1)
		return "CQL sorts by nothing but the smallest distance";
	if (parse->limitCount == NULL || parse->limitOption == LIMIT_OPTION_WITH_TIES)
		return "there is no LIMIT";
	if (wanted_rows(parse) > SCYLLA_NEAREST_MAX)
		return psprintf("CQL finds %d rows at most", SCYLLA_NEAREST_MAX);
	if (contain_volatile_functions(limits) || contain_subplans(limits))
		return "the value of LIMIT may change";
	if (info->access->open_ended)
		return "how many keys a range has is not known yet";
	if (info->access->local != NIL)
		return "a condition stays local";
	if (info->access->unsure)
		return "the value of a condition may be longer than its index has";
	if (!suits_index(info->access))
		return "a condition is not served by a storage-attached index";
	return NULL;
}

static char *
describe_nearest(const ScyllaTableColumn *column, int64 rows)
{
	if (rows < 0)
		return psprintf("%s, index %s", column->similarity, column->similarity_index);
	return psprintf("%s, index %s, " INT64_FORMAT " rows", column->similarity, column->similarity_index, rows);
}

static ScyllaPath *
nearest_path(ScyllaRelation *info, const ScyllaTableColumn *column, const Distance *d, int64 rows)
{
	ScyllaPath *path = palloc0(sizeof(*path));
	ScyllaCondition *nearest = palloc0(sizeof(*nearest));

	nearest->attnum = d->attnum;
	nearest->op = SCYLLA_NEAREST;
	nearest->value = d->value;
	nearest->column = column;
	path->relation = info;
	path->access = palloc(sizeof(*path->access));
	*path->access = *info->access;
	path->access->pushed = lappend(list_copy(info->access->pushed), nearest);
	path->limited = true;
	path->nearest = describe_nearest(column, rows);
	return path;
}

/* The rows found, sorted by their exact distance. */
static void
add_path_of(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *ordered, ScyllaPath *nearest, double rows)
{
	PathTarget *target = root->upper_targets[UPPERREL_ORDERED];
	ScyllaCost	cost;
	Path	   *path;

	scyllaCostScan(root, rel, ((ScyllaRelation *) rel->fdw_private)->access, &cost);
	cost.total = cost.startup + cost.requests +
		(cost.total - cost.startup - cost.requests) * Min(1, rows / Max(cost.rows, 1));
	path = (Path *) scyllaForeignScanPath(root, rel, rows, cost.startup, cost.total, NIL, rel->lateral_relids,
										  list_make1(nearest));
	path->parallel_safe = false;
	path = (Path *) create_sort_path(root, ordered, path, root->sort_pathkeys, rows);
	if (path->pathtarget != target)
		path = apply_projection_to_path(root, ordered, path, target);
	add_path(ordered, path);
}

void
scyllaAddNearestPath(PlannerInfo *root, RelOptInfo *rel, RelOptInfo *ordered)
{
	ScyllaRelation *info = rel->fdw_private;
	const ScyllaTableColumn *column;
	Distance	d;
	const char *reason;
	int64		rows;

	if (!IS_SIMPLE_REL(rel) || info == NULL || root->sort_pathkeys == NIL || root->parse->hasTargetSRFs ||
		!find_distance(root, rel, &d))
		return;
	scyllaDescribeRelation(info);
	scyllaDescribeIndexesOf(info);
	column = scyllaColumnOf(info, d.attnum);
	reason = why_not(root, info, column, &d);
	if (reason != NULL)
	{
		info->above = lappend(info->above, psprintf("ORDER BY column \"%s\": %s",
													get_attname(info->relid, d.attnum, false), reason));
		return;
	}
	rows = wanted_rows(root->parse);
	add_path_of(root, rel, ordered, nearest_path(info, column, &d, rows), rows > 0 ? (double) rows : 10);
}
