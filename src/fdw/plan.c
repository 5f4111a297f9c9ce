/*
 * fdw/plan.c
 *	  Planning scans.
 *
 * Backend thread. Owns nothing beyond the planner's contexts.
 *
 * A full partition key fixed by "=" is looked up, anything else is a full scan;
 * every condition is also checked locally. A condition is used only where CQL's
 * equality of the two types returns every row that PostgreSQL's does: not for
 * floating point (-0 and 0), numeric (1.0 and 1.00), char(n) (padding) or
 * nondeterministic collations.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "fdw/compat.h"
#include "fdw/deparse.h"
#include "fdw/option.h"
#include "fdw/plan.h"
#include "fdw/session.h"
#include "fdw/table.h"

#define DEFAULT_STARTUP_COST 100.0	/* a round trip, as postgres_fdw counts it */
#define DEFAULT_TUPLE_COST 0.01

/* RelOptInfo.fdw_private */
typedef struct ScyllaRelation
{
	ScyllaTableOptions *options;
	List	   *key_attnums;	/* in key order; NIL: no full partition key */
	List	   *key_names;		/* char *, UTF-8 */
	List	   *key_exprs;		/* Expr */
} ScyllaRelation;

/* "column = value" as found among the conditions. */
typedef struct Equality
{
	AttrNumber	attnum;
	Expr	   *value;
} Equality;

/* ---- conditions ---- */

static Node *
strip_relabel(Node *node)
{
	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/* The values mean the same on both sides of the operator. */
static bool
same_family(Oid column, Oid value)
{
	return column == value || (is_integer(column) && is_integer(value)) || (is_text(column) && is_text(value));
}

static bool
is_default_equality(Oid opno, Oid type)
{
	Oid			opclass = GetDefaultOpClass(is_text(type) ? TEXTOID : type, BTREE_AM_OID);

	return OidIsValid(opclass) &&
		get_op_opfamily_strategy(opno, get_opclass_family(opclass)) == BTEqualStrategyNumber;
}

static bool
match_equality(RelOptInfo *rel, OpExpr *op, Node *left, Node *right, Equality *found)
{
	Var		   *var = (Var *) strip_relabel(left);
	Oid			type;

	if (!IsA(var, Var) || var->varno != (int) rel->relid || var->varattno <= 0 || var->varlevelsup != 0)
		return false;
	type = var->vartype;
	if (!same_family(type, exprType(strip_relabel(right))) || !is_default_equality(op->opno, type))
		return false;
	if (is_text(type) && (!OidIsValid(op->inputcollid) || !get_collation_isdeterministic(op->inputcollid)))
		return false;
	if (contain_var_clause(right) || contain_volatile_functions(right))
		return false;
	found->attnum = var->varattno;
	found->value = (Expr *) right;
	return true;
}

static List *
find_equalities(RelOptInfo *rel)
{
	List	   *equalities = NIL;
	ListCell   *lc;

	foreach(lc, rel->baserestrictinfo)
	{
		OpExpr	   *op = (OpExpr *) lfirst_node(RestrictInfo, lc)->clause;
		Equality   *found = palloc(sizeof(*found));

		if (!IsA(op, OpExpr) || list_length(op->args) != 2)
			continue;
		if (match_equality(rel, op, linitial(op->args), lsecond(op->args), found) ||
			match_equality(rel, op, lsecond(op->args), linitial(op->args), found))
			equalities = lappend(equalities, found);
	}
	return equalities;
}

/* ---- keys ---- */

/* Pairs whose equality is the same on both sides. */
static bool
key_types_agree(Oid pgtype, const char *cql)
{
	static const struct
	{
		Oid			pgtype;
		const char *cql;
	}			pairs[] = {
		{TEXTOID, "text"}, {VARCHAROID, "text"}, {UUIDOID, "uuid"}, {UUIDOID, "timeuuid"},
		{BOOLOID, "boolean"}, {BYTEAOID, "blob"}, {DATEOID, "date"}, {TIMEOID, "time"},
		{TIMESTAMPTZOID, "timestamp"}, {TIMESTAMPOID, "timestamp"}, {INETOID, "inet"},
	};

	if (is_integer(pgtype))
		return strcmp(cql, "tinyint") == 0 || strcmp(cql, "smallint") == 0 ||
			strcmp(cql, "int") == 0 || strcmp(cql, "bigint") == 0;
	for (size_t i = 0; i < lengthof(pairs); i++)
	{
		if (pairs[i].pgtype == pgtype && strcmp(pairs[i].cql, cql) == 0)
			return true;
	}
	return false;
}

/* The first equality on the foreign column that stands for a partition key column. */
static Equality *
equality_on(Relation rel, List *equalities, const ScyllaTableColumn *column)
{
	ListCell   *lc;

	foreach(lc, equalities)
	{
		Equality   *e = lfirst(lc);
		Oid			type = TupleDescAttr(RelationGetDescr(rel), e->attnum - 1)->atttypid;

		if (strcmp(scyllaToUtf8(scyllaColumnName(rel, e->attnum)), column->name) == 0 &&
			key_types_agree(type, column->type))
			return e;
	}
	return NULL;
}

static void
find_keys(ScyllaRelation *info, Relation rel, const ScyllaTable *table, List *equalities)
{
	for (int i = 0; i < table->npartition; i++)
	{
		ScyllaTableColumn *column = scyllaPartitionColumn(table, i);
		Equality   *e = column ? equality_on(rel, equalities, column) : NULL;

		if (e == NULL)
		{
			info->key_attnums = info->key_names = info->key_exprs = NIL;
			return;
		}
		info->key_attnums = lappend_int(info->key_attnums, e->attnum);
		info->key_names = lappend(info->key_names, pstrdup(column->name));
		info->key_exprs = lappend(info->key_exprs, e->value);
	}
}

/* ---- callbacks ---- */

void
scyllaGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid)
{
	ScyllaRelation *info = palloc0(sizeof(*info));
	List	   *equalities = find_equalities(rel);

	rel->fdw_private = info;
	info->options = scyllaTableOptions(foreigntableid);
	if (equalities != NIL)
	{
		ScyllaSession *session = scyllaGetSession(scyllaRelationUser(root, rel), rel->serverid);
		ScyllaTable *table = scyllaDescribeTable(session, info->options);
		Relation	relation = table_open(foreigntableid, NoLock);

		find_keys(info, relation, table, equalities);
		table_close(relation, NoLock);
	}
	/* without statistics, as postgres_fdw guesses: ten pages */
	if (rel->tuples < 0)
	{
		rel->pages = 10;
		rel->tuples = (10.0 * BLCKSZ) / (rel->reltarget->width + MAXALIGN(SizeofHeapTupleHeader));
	}
	set_baserel_size_estimates(root, rel);
}

void
scyllaGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid)
{
	ScyllaRelation *info = rel->fdw_private;
	ScyllaTableOptions *o = info->options;
	double		fetched = info->key_attnums != NIL ? rel->rows : Max(rel->tuples, rel->rows);
	Cost		startup = o->startup_cost >= 0 ? o->startup_cost : DEFAULT_STARTUP_COST;
	Cost		tuple = o->tuple_cost >= 0 ? o->tuple_cost : DEFAULT_TUPLE_COST;

	startup += rel->baserestrictcost.startup;
	add_path(rel, (Path *) scyllaForeignScanPath(root, rel, rel->rows, startup, startup +
												 fetched * (tuple + cpu_tuple_cost + rel->baserestrictcost.per_tuple)));
}

/* Attributes that the query or a local condition needs; whole rows need all. */
static List *
needed_attributes(RelOptInfo *rel, Relation relation, List *scan_clauses)
{
	Bitmapset  *used = NULL;
	List	   *attnums = NIL;
	bool		whole;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &used);
	pull_varattnos((Node *) scan_clauses, rel->relid, &used);
	whole = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
	for (int i = 0; i < RelationGetNumberOfAttributes(relation); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(relation), i);

		if (!att->attisdropped && (whole || bms_is_member(att->attnum - FirstLowInvalidHeapAttributeNumber, used)))
			attnums = lappend_int(attnums, att->attnum);
	}
	return attnums;
}

static char *
first_column(Relation relation)
{
	for (int i = 0; i < RelationGetNumberOfAttributes(relation); i++)
	{
		if (!TupleDescAttr(RelationGetDescr(relation), i)->attisdropped)
			return scyllaToUtf8(scyllaColumnName(relation, i + 1));
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INCONSISTENT_DESCRIPTOR_INFORMATION),
			 errmsg("foreign table \"%s\" has no columns", RelationGetRelationName(relation))));
}

static char *
deparse_scan(ScyllaRelation *info, Relation relation, List *attnums)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, attnums)
		columns = lappend(columns, scyllaToUtf8(scyllaColumnName(relation, lfirst_int(lc))));
	return scyllaDeparseSelect(info->options, columns, columns == NIL ? first_column(relation) : NULL,
							   info->key_names);
}

ForeignScan *
scyllaGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid foreigntableid, ForeignPath *best_path,
					 List *tlist, List *scan_clauses, Plan *outer_plan)
{
	ScyllaRelation *info = rel->fdw_private;
	Relation	relation = table_open(foreigntableid, NoLock);
	List	   *attnums;
	List	   *fdw_private;

	scan_clauses = extract_actual_clauses(scan_clauses, false);
	attnums = needed_attributes(rel, relation, scan_clauses);
	fdw_private = list_make3(makeString(deparse_scan(info, relation, attnums)),
							 attnums != NIL ? attnums : list_make1_int(0),
							 info->key_attnums);
	table_close(relation, NoLock);
	return make_foreignscan(tlist, scan_clauses, rel->relid, info->key_exprs, fdw_private, NIL, NIL, outer_plan);
}
