/*
 * fdw/check/position.c
 *	  INSERT ... SELECT that puts columns where others of their names are.
 *
 * Backend thread. Owns what it has warned of last. Invariants: the plan stays as it
 * is; the same table is not warned of twice in a row for one statement of the client.
 *
 * INSERT INTO items SELECT * FROM local_items goes by position, and the columns of
 * an imported table stand in the cluster's order. Where types agree nothing fails:
 * values land in wrong columns. So a plan warns that takes the columns of one
 * relation in that relation's order, where the target has the same names in another one.
 *
 * This is looked for in the plan, as that is the first that a session's first
 * statement has to do with this library: hooks of the parser would come too late.
 * The planner has put views and subqueries into the statement by then. What is left
 * of them are range table entries with their names for columns, which tell the order.
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "fdw/check/position.h"

/* A column of the statement's source, and the query that it is named in. */
typedef struct Origin
{
	Query	   *query;
	RangeTblEntry *rte;
	AttrNumber	attnum;
} Origin;

/* The parser's own, around the SELECT and below UNION: nobody wrote its order. */
static bool
is_wrapper(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_SUBQUERY && strncmp(rte->eref->aliasname, "*SELECT*", strlen("*SELECT*")) == 0;
}

/* False: it is computed. */
static bool
find_origin(Query *query, Node *expr, Origin *origin)
{
	for (;;)
	{
		Var		   *var = (Var *) strip_implicit_coercions(expr);
		RangeTblEntry *rte;

		if (!IsA(var, Var) || var->varattno <= 0 || var->varlevelsup > 0)
			return false;
		rte = rt_fetch(var->varno, query->rtable);
		if (!is_wrapper(rte) || rte->subquery == NULL)
		{
			*origin = (Origin) {query, rte, var->varattno};
			return true;
		}
		query = rte->subquery;
		expr = (Node *) get_tle_by_resno(query->targetList, var->varattno)->expr;
	}
}

/* Names of columns and of those they go into, but for what is computed. NULL: they are not of one relation. */
static Query *
pair_names(PlannerInfo *root, Oid target, List **from, List **into)
{
	Origin		last = {NULL, NULL, 0};
	ListCell   *lc;

	foreach(lc, root->parse->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		Origin		origin;

		if (entry->resjunk || !find_origin(root->parse, (Node *) entry->expr, &origin))
			continue;
		if (last.rte && origin.rte != last.rte)
			return NULL;
		*from = lappend(*from, makeString(get_rte_attribute_name(origin.rte, origin.attnum)));
		*into = lappend(*into, makeString(get_attname(target, entry->resno, false)));
		last = origin;
	}
	return last.query;
}

/* Joins, and what GROUP BY makes since PostgreSQL 18, have the order that the statement gives them. */
static bool
has_own_order(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_RELATION || rte->rtekind == RTE_CTE || rte->rtekind == RTE_FUNCTION ||
		(rte->rtekind == RTE_SUBQUERY && !is_wrapper(rte));
}

static bool
has_order(const RangeTblEntry *rte, List *names)
{
	int			found = 0;
	ListCell   *lc;

	foreach(lc, rte->eref->colnames)
	{
		if (found < list_length(names) && equal(lfirst(lc), list_nth(names, found)))
			found++;
	}
	return found == list_length(names);
}

/* What the statement reads that has columns in this order; NULL: they were put in order by hand. */
static const char *
find_source(Query *query, List *names)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (has_own_order(rte) && has_order(rte, names))
			return rte->eref->aliasname;
	}
	return NULL;
}

static char *
name_list(List *names)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, names)
		appendStringInfo(&text, "%s%s", lc == list_head(names) ? "" : ", ", quote_identifier(strVal(lfirst(lc))));
	return text.data;
}

/* A loop may plan its INSERT each time: once in what the client has sent is enough. */
static bool
was_told(Oid target)
{
	static TimestampTz told_at;
	static Oid	told_of;
	bool		told = told_at == GetCurrentStatementStartTimestamp() && told_of == target;

	told_at = GetCurrentStatementStartTimestamp();
	told_of = target;
	return told;
}

void
scyllaCheckPositions(PlannerInfo *root, Index rtindex)
{
	Oid			target = planner_rt_fetch(rtindex, root)->relid;
	List	   *from = NIL;
	List	   *into = NIL;
	Query	   *query;
	const char *source;
	int			first = 0;

	if ((int) rtindex != root->parse->resultRelation)
		return;
	query = pair_names(root, target, &from, &into);
	if (query == NULL || equal(from, into) || list_difference(into, from) != NIL)
		return;
	source = find_source(query, from);
	if (source == NULL || was_told(target))
		return;
	while (equal(list_nth(from, first), list_nth(into, first)))
		first++;
	ereport(WARNING,
			(errmsg("columns of \"%s\" go into columns of other names of foreign table \"%s\"",
					source, get_rel_name(target)),
			 errdetail("INSERT goes by position, not by name: \"%s\" goes into \"%s\".",
					   strVal(list_nth(from, first)), strVal(list_nth(into, first))),
			 errhint("To have names agree, say INSERT INTO %s (%s) SELECT ...", quote_identifier(get_rel_name(target)),
					 name_list(from))));
}
