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

#include "fdw/catalog/vector_index.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/path.h"
#include "fdw/plan/vector.h"
#include "fdw/pushdown/vectors.h"
#include "fdw/type/collection.h"

/* Cassandra leaves larger ones out: sai_vector_term_size_fail_threshold, 32 KiB. */
#define LARGEST_DIMENSION 8192

/* How nearest vectors of a column are found. */
typedef struct Nearest
{
	const ScyllaTableColumn *column;
	const char *similarity;
	char	   *indexes;		/* name of the index; of several that may be asked, "a or b" */
	ScyllaAccess *access;		/* by these conditions; NULL: not at all */
	bool		at_one;			/* at ONE and LOCAL_ONE alone */
} Nearest;

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

/* Of Cassandra's index; NULL: it is served, by the conditions that any scan has. */
static const char *
why_not_attached(const ScyllaRelation *info, Nearest *n)
{
	const ScyllaVectorIndex *index = linitial(n->column->vector_indexes);

	if (dimension_of(n->column) > LARGEST_DIMENSION)
		return psprintf("its index has no vectors of more than %d numbers", LARGEST_DIMENSION);
	if (info->access->open_ended)
		return "how many keys a range has is not known yet";
	if (info->access->local != NIL)
		return "a condition stays local";
	if (info->access->unsure)
		return "the value of a condition may be longer than its index has";
	if (!suits_index(info->access))
		return "a condition is not served by a storage-attached index";
	n->indexes = index->name;
	n->access = info->access;
	n->at_one = true;
	return NULL;
}

static const char *
why_not_filtered(const ScyllaVectorIndex *index, const ScyllaAccess *access)
{
	const char *lacking = scyllaVectorsLack(index, access);

	if (lacking != NULL)
		return psprintf("index %s is local, and needs = on column \"%s\"", index->name, scyllaTellUtf8(lacking));
	if (access->open_ended)
		return "how many keys a range has is not known yet";
	if (access->local != NIL)
		return psprintf("index %s does not check all conditions", index->name);
	return NULL;
}

/*
 * Of ScyllaDB's indexes. Whichever a query names, that one answers which leaves the
 * fewest conditions to be checked, so of several local ones the most narrow; among
 * equals the newest one that is built (scylladb/vector-store, indexes.rs, best_index).
 */
static const char *
why_not_apart(PlannerInfo *root, RelOptInfo *rel, Nearest *n)
{
	const char *reason = NULL;
	int			most = -1;
	ListCell   *lc;

	foreach(lc, n->column->vector_indexes)
	{
		const ScyllaVectorIndex *index = lfirst(lc);
		ScyllaAccess *access = scyllaChooseBesideVectors(root, rel, rel->fdw_private, index);
		int			parts = list_length(index->partition);

		reason = why_not_filtered(index, access);
		if (reason != NULL || parts < most)
			continue;
		n->indexes = parts == most ? psprintf("%s or %s", n->indexes, index->name) : index->name;
		n->access = access;
		most = parts;
	}
	return n->access != NULL ? NULL : reason;
}

/* "a", or "a and b" */
static char *
index_names(const ScyllaTableColumn *column)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, column->vector_indexes)
		appendStringInfo(&names, "%s%s", lc == list_head(column->vector_indexes) ? "" : " and ",
						 ((const ScyllaVectorIndex *) lfirst(lc))->name);
	return names.data;
}

/* What all indexes of the column go by; NULL: by different ones. */
static const char *
common_similarity(const ScyllaTableColumn *column)
{
	const char *similarity = ((const ScyllaVectorIndex *) linitial(column->vector_indexes))->similarity;
	ListCell   *lc;

	foreach(lc, column->vector_indexes)
	{
		if (strcmp(((const ScyllaVectorIndex *) lfirst(lc))->similarity, similarity) != 0)
			return NULL;
	}
	return similarity;
}

/* Of the column's indexes. */
static const char *
why_no_index(const ScyllaRelation *info, const Distance *d, Nearest *n)
{
	if (!(info->options->pushdown & SCYLLA_PUSH_VECTORS))
		return "vectors are not in the option pushdown";
	if (n->column == NULL)
		return "the cluster's table has no such column";
	if (n->column->vector_indexes == NIL)
		return "no index finds nearest vectors";
	if (info->table->strong)
		return "its keyspace is strongly consistent, and finds no nearest vectors";
	n->similarity = common_similarity(n->column);
	if (n->similarity == NULL)
		return psprintf("indexes %s go by different similarities", index_names(n->column));
	if (d->similarity == NULL || strcmp(n->similarity, d->similarity) != 0)
		return psprintf("index %s goes by %s, operator %s does not", index_names(n->column), n->similarity, d->operator);
	return NULL;
}

/* Of the query's order and LIMIT. */
static const char *
why_no_order(PlannerInfo *root)
{
	const Query *parse = root->parse;
	Node	   *limits = (Node *) list_make2(parse->limitCount, parse->limitOffset);

	if (scyllaIsDescending(linitial_node(PathKey, root->sort_pathkeys)) || list_length(root->sort_pathkeys) != 1)
		return "CQL sorts by nothing but the smallest distance";
	if (parse->limitCount == NULL || parse->limitOption == LIMIT_OPTION_WITH_TIES)
		return "there is no LIMIT";
	if (wanted_rows(parse) > SCYLLA_NEAREST_MAX)
		return psprintf("CQL finds %d rows at most", SCYLLA_NEAREST_MAX);
	if (contain_volatile_functions(limits) || contain_subplans(limits))
		return "the value of LIMIT may change";
	return NULL;
}

/* Why the cluster cannot serve the order; NULL: it can, as *n says. */
static const char *
why_not(PlannerInfo *root, RelOptInfo *rel, const Distance *d, Nearest *n)
{
	const ScyllaRelation *info = rel->fdw_private;
	const char *reason = why_no_index(info, d, n);

	if (reason == NULL)
		reason = why_no_order(root);
	if (reason == NULL)
		reason = scyllaHasAttached(n->column->vector_indexes) ? why_not_attached(info, n) : why_not_apart(root, rel, n);
	return reason;
}

static char *
describe_nearest(const Nearest *n, int64 rows)
{
	if (rows < 0)
		return psprintf("%s, index %s", n->similarity, n->indexes);
	return psprintf("%s, index %s, " INT64_FORMAT " rows", n->similarity, n->indexes, rows);
}

static ScyllaPath *
nearest_path(ScyllaRelation *info, const Nearest *n, const Distance *d, int64 rows)
{
	ScyllaPath *path = palloc0(sizeof(*path));
	ScyllaCondition *nearest = palloc0(sizeof(*nearest));

	nearest->attnum = d->attnum;
	nearest->op = SCYLLA_NEAREST;
	nearest->value = d->value;
	nearest->column = n->column;
	path->relation = info;
	path->access = palloc(sizeof(*path->access));
	*path->access = *n->access;
	path->access->pushed = lappend(list_copy(n->access->pushed), nearest);
	path->limited = true;
	path->nearest = describe_nearest(n, rows);
	path->nearest_at_one = n->at_one;
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
	Nearest		nearest = {.column = NULL};
	Distance	d;
	const char *reason;
	int64		rows;

	if (!IS_SIMPLE_REL(rel) || info == NULL || root->sort_pathkeys == NIL || root->parse->hasTargetSRFs ||
		!find_distance(root, rel, &d))
		return;
	scyllaDescribeRelation(info);
	scyllaDescribeIndexesOf(info);
	nearest.column = scyllaColumnOf(info, d.attnum);
	reason = why_not(root, rel, &d, &nearest);
	if (reason != NULL)
	{
		info->above = lappend(info->above, psprintf("ORDER BY column \"%s\": %s",
													get_attname(info->relid, d.attnum, false), reason));
		return;
	}
	rows = wanted_rows(root->parse);
	add_path_of(root, rel, ordered, nearest_path(info, &nearest, &d, rows), rows > 0 ? (double) rows : 10);
}
