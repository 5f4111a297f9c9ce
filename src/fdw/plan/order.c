/*
 * fdw/plan/order.c
 *	  From sort keys to ORDER BY, and to how requests are merged.
 *
 * Backend thread. Owns nothing beyond the planner's contexts. Invariants: the keys
 * that are met come first among those wanted, and merged requests meet all or none;
 * no order is promised that PostgreSQL would not give, NULLs included.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "nodes/makefuncs.h"
#include "utils/syscache.h"

#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/plan/cost.h"
#include "fdw/plan/order.h"
#include "fdw/pushdown/comparison.h"

/* All of them are asked for at once: more are sorted in PostgreSQL. */
#define MAX_MERGED 1000

/* How sort keys are met, so far. */
typedef struct Order
{
	const ScyllaTable *table;
	const ScyllaAccess *access;
	bool		merged;			/* several requests */
	int			nterms;			/* of ORDER BY */
	bool		reversed;		/* against clustering order; valid if there are terms */
	List	   *merge;			/* ScyllaSortKey */
} Order;

/* The key column of this table that a sort key is about, if CQL sorts it alike. */
static const ScyllaTableColumn *
sorted_column(RelOptInfo *rel, const PathKey *key, AttrNumber *attnum)
{
	ListCell   *lc;

	foreach(lc, scyllaClassMembers(key->pk_eclass, rel->relids))
	{
		EquivalenceMember *member = lfirst(lc);
		const ScyllaTableColumn *column;
		const char *reason;
		Var		   *var;

		var = (Var *) scyllaStripCasts(member->em_expr);
		if (!IsA(var, Var) || var->varno != (int) rel->relid || var->varattno <= 0)
			continue;
		column = scyllaColumnOf(rel->fdw_private, var->varattno);
		*attnum = var->varattno;
		if (column != NULL && (column->kind == SCYLLA_CLUSTERING || column->kind == SCYLLA_PARTITION_KEY) &&
			scyllaIsDefaultOrder(key, var->vartype) &&
			scyllaOrdersAlike(var->vartype, key->pk_eclass->ec_collation, column, &reason))
			return column;
	}
	return NULL;
}

/* Conditions fix it to one value in each request. */
static bool
is_fixed(const Order *o, const ScyllaTableColumn *column)
{
	return column->kind == SCYLLA_PARTITION_KEY || column->position < o->access->nclustering;
}

List *
scyllaClusteringOrder(const ScyllaTable *table, int n, bool reversed)
{
	List	   *terms = NIL;

	for (int i = 0; i < n; i++)
	{
		const ScyllaTableColumn *column = scyllaClusteringColumn(table, i);
		StringInfoData term;

		initStringInfo(&term);
		scyllaAppendIdentifier(&term, column->name);
		appendStringInfoString(&term, column->descending != reversed ? " DESC" : " ASC");
		terms = lappend(terms, makeString(term.data));
	}
	return terms;
}

/* The next of the clustering columns, in the direction of those before it. */
static bool
order_by(Order *o, const ScyllaTableColumn *column, bool descending)
{
	bool		reversed = column->descending != descending;

	if (column->position != o->access->nclustering + o->nterms || (o->nterms > 0 && reversed != o->reversed))
		return false;
	o->reversed = reversed;
	o->nterms++;
	return true;
}

/* Whether values of a CQL type are in the order of their bytes in wire form. */
static bool
orders_by_bytes(const char *type, bool *is_signed)
{
	static const char *const numbers[] = {"tinyint", "smallint", "int", "bigint", "timestamp", "time"};
	static const char *const others[] = {"date", "boolean", "blob", "text", "varchar"};

	*is_signed = false;
	for (size_t i = 0; i < lengthof(numbers); i++)
		*is_signed |= strcmp(type, numbers[i]) == 0;
	if (*is_signed)
		return true;
	for (size_t i = 0; i < lengthof(others); i++)
	{
		if (strcmp(type, others[i]) == 0)
			return true;
	}
	return false;
}

/* A partition of static columns alone has a row without clustering columns: it comes where NULL does by default. */
static bool
merge_by(Order *o, const PathKey *key, const ScyllaTableColumn *column, AttrNumber attnum)
{
	ScyllaSortKey *merge = palloc(sizeof(*merge));

	merge->attnum = attnum;
	merge->descending = scyllaIsDescending(key);
	if (key->pk_nulls_first != merge->descending || !orders_by_bytes(column->type, &merge->is_signed))
		return false;
	o->merge = lappend(o->merge, merge);
	return true;
}

/* ---- values of no bytes ---- */

static bool
may_have_no_bytes(const char *type)
{
	static const char *const types[] = {"int", "bigint", "varint", "decimal", "boolean", "timestamp"};

	for (size_t i = 0; i < lengthof(types); i++)
	{
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return false;
}

static bool
is_not_null(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attnum));
	bool		not_null = HeapTupleIsValid(tuple) && ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return not_null;
}

/* Whether a merge join may go by the sort key, or the rows of several tables be merged by it. */
static bool
is_merged_above(const RelOptInfo *rel, const EquivalenceClass *ec)
{
	ListCell   *lc;

	if (rel->reloptkind == RELOPT_OTHER_MEMBER_REL || bms_membership(ec->ec_relids) == BMS_MULTIPLE)
		return true;
	foreach(lc, rel->joininfo)
	{
		const RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (clause->left_ec == ec || clause->right_ec == ec)
			return true;
	}
	return false;
}

/*
 * A value of no bytes reads as NULL and comes before all others in clustering
 * order, whatever the query wants of NULL. What the query gives may be so; but
 * who merges takes a NULL for the end of the values.
 */
static bool
breaks_merge(const RelOptInfo *rel, const PathKey *key, const ScyllaTableColumn *column, AttrNumber attnum)
{
	const ScyllaRelation *info = rel->fdw_private;

	return key->pk_nulls_first == scyllaIsDescending(key) && may_have_no_bytes(column->type) &&
		is_merged_above(rel, key->pk_eclass) && !is_not_null(info->relid, attnum);
}

static bool
add_key(Order *o, RelOptInfo *rel, const PathKey *key)
{
	AttrNumber	attnum;
	const ScyllaTableColumn *column = sorted_column(rel, key, &attnum);

	if (column == NULL || (!is_fixed(o, column) && (breaks_merge(rel, key, column, attnum) ||
													!order_by(o, column, scyllaIsDescending(key)))))
		return false;
	return !o->merged || merge_by(o, key, column, attnum);
}

int
scyllaSortedKeys(PlannerInfo *root, RelOptInfo *rel, const ScyllaAccess *access, List *pathkeys, ScyllaPath *path)
{
	Order		o = {.access = access, .merged = !access->one_run};
	int			n = 0;

	if (pathkeys == NIL || access->npartition == 0 || access->open_ended || access->indexed || (o.merged && scyllaCountRequests(root, access) > MAX_MERGED))
		return 0;
	o.table = path->relation->table;
	while (n < list_length(pathkeys) && add_key(&o, rel, list_nth_node(PathKey, pathkeys, n)))
		n++;
	if (o.merged && n < list_length(pathkeys))
		return 0;				/* sorting is needed anyway */
	/* CQL wants the columns before them as well */
	path->order = o.nterms > 0 ? scyllaClusteringOrder(o.table, access->nclustering + o.nterms, o.reversed) : NIL;
	path->merge = o.merge;
	return n;
}

void
scyllaSelectMergeKeys(const ScyllaPath *path, ScyllaSelect *select)
{
	ListCell   *lc;

	foreach(lc, path->merge)
	{
		const ScyllaSortKey *key = lfirst(lc);
		int			item = 0;

		while (item < list_length(select->targets) && list_nth_int(select->targets, item) != key->attnum)
			item++;
		if (item == list_length(select->targets))
		{
			select->items = lappend(select->items, makeString(scyllaColumnCql(select->relid, key->attnum)));
			select->targets = lappend_int(select->targets, key->attnum);
		}
		select->merge = list_concat(select->merge, list_make3_int(item, key->is_signed, key->descending));
	}
}
