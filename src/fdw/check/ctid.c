/*
 * fdw/check/ctid.c
 *	  Which queries ask for the ctid of a foreign table.
 *
 * Backend thread. Owns nothing. Invariant: what PostgreSQL alone asks for is never
 * refused.
 *
 * PostgreSQL itself asks for the ctid of a tree of tables some of which are local,
 * where rows of it are locked, or joined with what is changed. PostgreSQL does not look at the
 * ctid of a foreign table among them, so that must be let pass: only what a user
 * asks for is refused.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "optimizer/pathnode.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "fdw/check/ctid.h"
#include "fdw/compat.h"
#include "fdw/read/system_columns.h"

/* The column that PostgreSQL adds for a tree of tables; NULL: none. */
static const char *
name_of_mark(PlannerInfo *root, const RelOptInfo *top)
{
	ListCell   *lc;

	foreach(lc, root->rowMarks)
	{
		const PlanRowMark *mark = lfirst_node(PlanRowMark, lc);

		if (mark->rti == top->relid && (mark->allMarkTypes & ~(1 << ROW_MARK_COPY)) != 0)
			return psprintf("ctid%u", mark->rowmarkId);
	}
	return NULL;
}

/* Of a relation that the query names. added: what is not the query's. */
static bool
query_asks(PlannerInfo *root, const RelOptInfo *top, const char *added)
{
	Relids		needed = top->attr_needed[SelfItemPointerAttributeNumber - top->min_attr];
	List	   *conditions = list_make2(extract_actual_clauses(top->baserestrictinfo, false), root->parse->havingQual);
	ListCell   *lc;

	/* 0 stands for the target list, and for HAVING */
	if (bms_next_member(needed, 0) >= 0 || scyllaAsksForCtid((Node *) conditions, top->relid))
		return true;
	foreach(lc, root->processed_tlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);
		bool		is_added = entry->resjunk && entry->resname != NULL && strcmp(entry->resname, added) == 0;

		if (!is_added && scyllaAsksForCtid((Node *) entry->expr, top->relid))
			return true;
	}
	return false;
}

static bool
only_marks_ask(PlannerInfo *root, const RelOptInfo *rel)
{
	const RelOptInfo *top;
	const char *added;

	if (rel->reloptkind != RELOPT_OTHER_MEMBER_REL)
		return false;
	top = find_base_rel(root, bms_singleton_member(rel->top_parent_relids));
	added = name_of_mark(root, top);
	return added != NULL && !query_asks(root, top, added);
}

void
scyllaCheckCtid(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	List	   *exprs = list_make2(rel->reltarget->exprs, extract_actual_clauses(rel->baserestrictinfo, false));

	if (!scyllaAsksForCtid((Node *) exprs, rel->relid) || only_marks_ask(root, rel))
		return;
	/* PostgreSQL would say so later; the ctid is its own there */
	if (root->parse->commandType == CMD_MERGE && bms_is_member(rel->relid, root->all_result_relids))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot execute MERGE on relation \"%s\"", get_rel_name(relid)),
				 errdetail("This operation is not supported for foreign tables.")));
	scyllaRefuseCtid(relid);
}
