/*
 * fdw/plan/group.c
 *	  From GROUP BY and aggregates to CQL's.
 *
 * Backend thread. Owns nothing beyond the planner's contexts. Invariants: items,
 * roles and targets go together, one each; the count of a sum's values is the item
 * behind the sum; where there is a reason, there is no path.
 *
 * CQL groups by the whole partition key and clustering columns after it, so a
 * group lies in one partition, and requests have no group in common. Without
 * GROUP BY each request gives one row, which aggregate.c makes one of.
 *
 * CQL's aggregates are not PostgreSQL's: sum and avg have the type of their
 * argument, hence overflow and cut off, and are 0 of no values. So sums are
 * computed of a wider type, and values are counted beside them. Floating-point
 * numbers stay here: their sums depend on the order, and -0 and NaN compare
 * differently.
 *
 * LIMIT is not sent with GROUP BY; it only makes pages small. Older releases of
 * ScyllaDB cut too few groups, or too many (github.com/scylladb/scylladb/issues/5361
 * and 5362).
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/group.h"
#include "fdw/plan/order.h"
#include "fdw/pushdown/comparison.h"

typedef struct Grouping
{
	PlannerInfo *root;
	RelOptInfo *rel;			/* the foreign table */
	const PathTarget *target;	/* what is wanted of its groups */
	ScyllaRelation *info;
	ScyllaUpper *upper;
	Bitmapset  *grouped;		/* attributes */
	const char *reason;			/* why it is not computed there; NULL: it is */
} Grouping;

static Var *
plain_column(const Grouping *g, Node *node)
{
	node = (Node *) scyllaStripCasts((Expr *) node);
	if (node == NULL || !IsA(node, Var) || ((Var *) node)->varno != (int) g->rel->relid || ((Var *) node)->varattno <= 0)
		return NULL;
	return (Var *) node;
}

static void
add_item(Grouping *g, const char *cql, ScyllaRole role, int target)
{
	g->upper->items = lappend(g->upper->items, makeString(pstrdup(cql)));
	g->upper->roles = lappend_int(g->upper->roles, (int) role);
	g->upper->targets = lappend_int(g->upper->targets, target);
}

/* ---- aggregates ---- */

/* The type that an argument is summed in; NULL: there is none that gives what PostgreSQL does. */
static const char *
sum_form(Oid pgtype, const char *cql)
{
	static const struct
	{
		const char *cql;
		Oid			narrowest;	/* type that holds all its values */
		const char *form;
	}			forms[] =
	{
		{"tinyint", INT2OID, "sum(CAST(%s AS bigint))"},
		{"smallint", INT2OID, "sum(CAST(%s AS bigint))"},
		{"int", INT4OID, "sum(CAST(%s AS bigint))"},
		{"bigint", INT8OID, "sum(CAST(%s AS varint))"},
		{"varint", NUMERICOID, "sum(%s)"},
		{"decimal", NUMERICOID, "sum(%s)"},
	};
	static const Oid wider[] = {INT2OID, INT4OID, INT8OID, NUMERICOID};

	for (size_t i = 0; i < lengthof(forms); i++)
	{
		bool		holds = false;

		if (strcmp(forms[i].cql, cql) != 0)
			continue;
		for (size_t k = 0; k < lengthof(wider); k++)
		{
			holds |= wider[k] == forms[i].narrowest;
			if (wider[k] == pgtype)
				return holds ? forms[i].form : NULL;
		}
	}
	return NULL;
}

static const char *
function_of(const char *name, const ScyllaTableColumn *column)
{
	StringInfoData cql;

	initStringInfo(&cql);
	scyllaAppendIdentifier(&cql, column->name);
	return psprintf(name, cql.data);
}

/* sum and avg: the count of values tells of none, and divides. */
static void
add_sum(Grouping *g, const Var *arg, const ScyllaTableColumn *column, ScyllaRole role, int target)
{
	const char *form = sum_form(getBaseType(arg->vartype), column->type);

	if (form == NULL)
	{
		g->reason = psprintf("sums of type %s over CQL type %s differ", format_type_be(arg->vartype), column->type);
		return;
	}
	add_item(g, function_of(form, column), role, target);
	add_item(g, function_of("count(%s)", column), SCYLLA_ROLE_COUNT, 0);
}

static void
add_function(Grouping *g, const Aggref *aggref, const char *name, const Var *arg, int target)
{
	const ScyllaTableColumn *column = scyllaColumnOf(g->info, arg->varattno);

	if (column == NULL)
		g->reason = psprintf("column \"%s\" is none of the cluster's table",
							 get_attname(g->info->relid, arg->varattno, false));
	else if (strcmp(name, "count") == 0)
		add_item(g, function_of("count(%s)", column), SCYLLA_ROLE_COUNT, target);
	else if (strcmp(name, "sum") == 0)
		add_sum(g, arg, column, SCYLLA_ROLE_SUM, target);
	else if (strcmp(name, "avg") == 0)
		add_sum(g, arg, column, SCYLLA_ROLE_AVG, target);
	else if (scyllaOrdersAlike(arg->vartype, aggref->inputcollid, column, &g->reason))
		add_item(g, function_of(strcmp(name, "min") == 0 ? "min(%s)" : "max(%s)", column),
				 strcmp(name, "min") == 0 ? SCYLLA_ROLE_MIN : SCYLLA_ROLE_MAX, target);
}

static bool
is_known_function(const Aggref *aggref, const char *name)
{
	static const char *const known[] = {"count", "min", "max", "sum", "avg"};

	if (get_func_namespace(aggref->aggfnoid) != PG_CATALOG_NAMESPACE)
		return false;
	for (size_t i = 0; i < lengthof(known); i++)
	{
		if (strcmp(name, known[i]) == 0)
			return list_length(aggref->args) == 1 || aggref->aggstar;
	}
	return false;
}

static void
add_aggregate(Grouping *g, const Aggref *aggref, int target)
{
	const char *name = get_func_name(aggref->aggfnoid);
	Node	   *arg = aggref->args != NIL ? (Node *) linitial_node(TargetEntry, aggref->args)->expr : NULL;
	Var		   *column = plain_column(g, arg);
	bool		every_row = aggref->aggstar || (arg != NULL && IsA(arg, Const) && !((Const *) arg)->constisnull);

	if (aggref->aggsplit != AGGSPLIT_SIMPLE || !is_known_function(aggref, name))
		g->reason = "CQL has no such aggregate";
	else if (aggref->aggdistinct != NIL || aggref->aggorder != NIL || aggref->aggfilter != NULL)
		g->reason = "CQL has no DISTINCT, ORDER BY and FILTER of aggregates";
	else if (every_row && strcmp(name, "count") == 0)
		add_item(g, "count(*)", SCYLLA_ROLE_COUNT, target);
	else if (column == NULL)
		g->reason = "its argument is no column";
	else
	{
		scyllaDescribeRelation(g->info);
		add_function(g, aggref, name, column, target);
	}
	if (g->reason != NULL)
		g->reason = psprintf("aggregate %s: %s", name, g->reason);
}

/* ---- what the rows of the scan consist of ---- */

static void
add_target(Grouping *g, Node *node)
{
	int			target = list_length(g->upper->tlist) + 1;
	Var		   *column = plain_column(g, node);

	if (tlist_member((Expr *) node, g->upper->tlist) != NULL)
		return;
	if (IsA(node, Aggref))
		add_aggregate(g, (Aggref *) node, target);
	else if (column != NULL && bms_is_member(column->varattno, g->grouped))
		add_item(g, scyllaColumnCql(g->info->relid, column->varattno), SCYLLA_ROLE_COLUMN, target);
	else
		g->reason = "GROUP BY: by more than columns of the key";
	g->upper->tlist = lappend(g->upper->tlist,
							  makeTargetEntry((Expr *) node, (AttrNumber) target, NULL, false));
}

static void
add_targets(Grouping *g, Node *expressions)
{
	List	   *nodes = pull_var_clause(expressions, PVC_INCLUDE_AGGREGATES | PVC_INCLUDE_WINDOWFUNCS |
										PVC_INCLUDE_PLACEHOLDERS);
	ListCell   *lc;

	foreach(lc, nodes)
	{
		if (g->reason == NULL)
			add_target(g, lfirst(lc));
	}
}

/* CQL refuses conditions on clustering columns where nothing but static columns and partition keys is selected. */
static void
add_item_of_rows(Grouping *g)
{
	AttrNumber	restricted = InvalidAttrNumber;
	bool		statics = false;
	ListCell   *lc;

	foreach(lc, g->info->access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->column->kind == SCYLLA_CLUSTERING)
			restricted = condition->attnum;
	}
	if (restricted == InvalidAttrNumber)
		return;
	for (int i = 0; i < g->info->table->ncolumns; i++)
		statics |= g->info->table->column[i].kind == SCYLLA_STATIC;
	if (statics)
		add_item(g, psprintf("count(%s)", scyllaColumnCql(g->info->relid, restricted)), SCYLLA_ROLE_COUNT, 0);
}

/* ---- GROUP BY ---- */

/* Whether conditions fix it to one value in each request. */
static bool
is_fixed(const Grouping *g, const ScyllaTableColumn *column)
{
	ListCell   *lc;

	if (column->kind == SCYLLA_CLUSTERING && column->position < g->info->access->nclustering)
		return true;
	foreach(lc, g->info->access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (condition->column == column && (condition->op == SCYLLA_EQ || scyllaAsksForEach(condition)))
			return true;
	}
	return false;
}

/* Of a partition, its own columns: the query names those of the whole table. */
static Node *
grouping_expression(const Grouping *g, const SortGroupClause *sgc)
{
	for (int i = 0; i < list_length(g->target->exprs); i++)
	{
		if (get_pathtarget_sortgroupref(g->target, i) == sgc->tleSortGroupRef)
			return list_nth(g->target->exprs, i);
	}
	return get_sortgroupclause_expr((SortGroupClause *) sgc, g->root->parse->targetList);
}

/* The key column that groups are made by; NULL: it is none, or it groups otherwise. */
static const ScyllaTableColumn *
grouping_column(Grouping *g, const SortGroupClause *sgc)
{
	Node	   *expr = grouping_expression(g, sgc);
	Var		   *var = plain_column(g, expr);
	const ScyllaTableColumn *column = NULL;

	if (var != NULL)
	{
		scyllaDescribeRelation(g->info);
		column = scyllaColumnOf(g->info, var->varattno);
	}
	if (column == NULL || (column->kind != SCYLLA_PARTITION_KEY && column->kind != SCYLLA_CLUSTERING))
	{
		g->reason = "by more than columns of the key";
		return NULL;
	}
	g->grouped = bms_add_member(g->grouped, var->varattno);
	if (scyllaDefaultOperator(sgc->eqop, getBaseType(var->vartype)) != SCYLLA_EQ)
	{
		g->reason = "by another equality than the default";
		return NULL;
	}
	return scyllaEqualsAlike(var->vartype, exprCollation(expr), column, &g->reason) ? column : NULL;
}

/* Requests have no group in common: each column that they differ in is grouped by. */
static bool
requests_differ(const Grouping *g, const List *columns)
{
	ListCell   *lc;

	foreach(lc, g->info->access->pushed)
	{
		const ScyllaCondition *condition = lfirst(lc);

		if (scyllaAsksForEach(condition) && !list_member_ptr(columns, condition->column))
			return false;
	}
	return true;
}

/* The key from its first column on, as far as columns are grouped by or have one value anyway. */
static bool
group_by_key(Grouping *g, const List *columns)
{
	const ScyllaTable *table = g->info->table;
	int			left = list_length(columns);

	for (int i = 0; i < table->npartition + table->nclustering && (left > 0 || i < table->npartition); i++)
	{
		const ScyllaTableColumn *column = i < table->npartition ? scyllaPartitionColumn(table, i) :
			scyllaClusteringColumn(table, i - table->npartition);

		if (list_member_ptr(columns, column))
			left--;
		else if (!is_fixed(g, column))
			return false;
		g->upper->group_by = lappend(g->upper->group_by, makeString(pstrdup(column->name)));
	}
	return left == 0;
}

static void
set_groups(Grouping *g)
{
	Query	   *parse = g->root->parse;
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, parse->groupClause)
	{
		SortGroupClause *sgc = lfirst_node(SortGroupClause, lc);
		const ScyllaTableColumn *column = grouping_column(g, sgc);

		if (column == NULL)
			break;
		columns = list_append_unique_ptr(columns, (void *) column);
	}
	if (g->reason == NULL && columns != NIL && g->info->table->nclustering == 0)
		g->reason = "a partition is one row";
	else if (g->reason == NULL && columns != NIL && !(requests_differ(g, columns) && group_by_key(g, columns)))
		g->reason = "not by the partition key and clustering columns that follow";
	if (g->reason != NULL)
		g->reason = psprintf("GROUP BY: %s", g->reason);
}

/* ---- paths ---- */

/* Rows are read and added up there: no slower than here, and they do not travel. */
static void
add_group_path(const Grouping *g, RelOptInfo *grouped_rel, ScyllaPath *path, List *pathkeys, double groups)
{
	double		rows = groups;
	ScyllaCost	cost;
	QualCost	having;
	ForeignPath *foreign;

	scyllaCostScan(g->root, g->rel, g->info->access, &cost);
	cost_qual_eval(&having, g->upper->having, g->root);
	if (g->upper->having != NIL)
		rows = clamp_row_est(groups * clauselist_selectivity(g->root, g->upper->having, 0, JOIN_INNER, NULL));
	cost.startup += having.startup;
	cost.total = cost.startup + cost.requests + Max(cost.rows - groups, 0) * cpu_operator_cost +
		groups * (cost.total - cost.startup - cost.requests) / cost.rows + groups * having.per_tuple;
	foreign = scyllaForeignUpperPath(g->root, grouped_rel, grouped_rel->reltarget, rows,
									 cost.startup * SCYLLA_LESS_IS_CHEAPER, cost.total * SCYLLA_LESS_IS_CHEAPER,
									 pathkeys, list_make1(path));
	foreign->path.parallel_safe = false;	/* a worker would neither see what this session writes nor share the work */
	add_path(grouped_rel, (Path *) foreign);
}

static void
add_group_paths(const Grouping *g, RelOptInfo *grouped_rel)
{
	Query	   *parse = g->root->parse;
	ScyllaPath *path = palloc0(sizeof(*path));
	ScyllaPath *sorted;
	double		groups = 1;
	int			n;

	if (parse->groupClause != NIL)
		groups = estimate_num_groups(g->root, get_sortgrouplist_exprs(parse->groupClause, parse->targetList),
									 g->rel->rows, NULL, NULL);
	path->relation = g->info;
	path->access = g->info->access;
	path->upper = g->upper;
	add_group_path(g, grouped_rel, path, NIL, groups);
	if (g->upper->group_by == NIL || !path->access->one_run)
		return;
	sorted = palloc(sizeof(*sorted));
	*sorted = *path;
	n = scyllaSortedKeys(g->root, g->rel, path->access, g->root->sort_pathkeys, sorted);
	if (n > 0)
		add_group_path(g, grouped_rel, sorted, list_copy_head(g->root->sort_pathkeys, n), groups);
}

/* Conditions that stay here, and forms that CQL has not at all, need no reason of their own. */
static bool
may_be_grouped(PlannerInfo *root, RelOptInfo *input_rel, const GroupPathExtraData *extra)
{
	Query	   *parse = root->parse;
	ScyllaRelation *info = input_rel->fdw_private;

	return IS_SIMPLE_REL(input_rel) && info != NULL && info->access->local == NIL &&
		(extra->patype == PARTITIONWISE_AGGREGATE_NONE || extra->patype == PARTITIONWISE_AGGREGATE_FULL) &&
		parse->groupingSets == NIL && !parse->hasTargetSRFs && input_rel->lateral_relids == NULL;
}

void
scyllaAddGroupPaths(PlannerInfo *root, RelOptInfo *input_rel, RelOptInfo *grouped_rel, const GroupPathExtraData *extra)
{
	Grouping	g = {.root = root, .rel = input_rel, .target = grouped_rel->reltarget, .info = input_rel->fdw_private};

	if (!may_be_grouped(root, input_rel, extra))
		return;
	g.upper = palloc0(sizeof(*g.upper));
	if (!(g.info->options->pushdown & SCYLLA_PUSH_AGGREGATES))
		g.reason = "aggregates are not in the option pushdown";
	else if (g.info->access->open_ended || scyllaMayHaveTooManyKeys(root, input_rel, g.info->access))
		g.reason = "aggregates: how many keys there are is not known yet";
	else if (g.info->access->unsure)
		g.reason = "aggregates: the value of a condition may be longer than its index has";
	else
		set_groups(&g);
	add_targets(&g, (Node *) grouped_rel->reltarget->exprs);
	g.upper->having = (List *) extra->havingQual;
	add_targets(&g, (Node *) g.upper->having);
	if (g.reason != NULL)
		g.info->above = lappend(g.info->above, pstrdup(g.reason));
	else if (g.upper->items != NIL)
	{
		add_item_of_rows(&g);
		add_group_paths(&g, grouped_rel);
	}
}
