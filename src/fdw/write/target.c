/*
 * fdw/write/target.c
 *	  Which columns an INSERT names.
 *
 * Backend thread. Owns nothing.
 *
 * A statement sets the columns that it lists and those that the server fills in:
 * defaults of the table it names, be that a view, a partitioned table or the
 * foreign table itself, identity, generated columns. The plan's target list has
 * them all: what nothing sets is a NULL there. COPY has no plan and takes its
 * defaults from the catalog. A row moved by UPDATE or MERGE is a whole row, and
 * a BEFORE ROW trigger may set any column.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tupconvert.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "fdw/compat.h"
#include "fdw/session/option.h"
#include "fdw/write/target.h"

static Bitmapset *
add_column(Bitmapset *columns, AttrNumber attnum)
{
	return bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
}

/* NULL behind a domain is NULL all the same. */
static bool
is_null(Node *expr)
{
	if (IsA(expr, CoerceToDomain))
		expr = eval_const_expressions(NULL, (Node *) ((CoerceToDomain *) expr)->arg);
	return IsA(expr, Const) && ((Const *) expr)->constisnull;
}

static bool
has_default(Form_pg_attribute att)
{
	return att->atthasdef || att->attidentity != '\0' ||
		(get_typtype(att->atttypid) == TYPTYPE_DOMAIN && get_typdefault(att->atttypid) != NULL);
}

/* Of the table that the statement names. */
static Bitmapset *
set_columns(ModifyTableState *mtstate, ResultRelInfo *named)
{
	Plan	   *plan = mtstate->ps.plan;
	TupleDesc	desc = RelationGetDescr(named->ri_RelationDesc);
	Bitmapset  *columns = bms_copy(ExecGetInsertedCols(named, mtstate->ps.state));
	ListCell   *lc;

	if (plan == NULL)
	{
		for (int i = 0; i < desc->natts; i++)
		{
			if (!TupleDescAttr(desc, i)->attisdropped && has_default(TupleDescAttr(desc, i)))
				columns = add_column(columns, i + 1);
		}
		return columns;
	}
	foreach(lc, outerPlan(plan)->targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (!entry->resjunk && !is_null((Node *) entry->expr))
			columns = add_column(columns, entry->resno);
	}
	return columns;
}

/* The same columns of a partition, which may have them in another order. */
static Bitmapset *
columns_of_partition(Bitmapset *columns, ResultRelInfo *root, ResultRelInfo *partition)
{
	TupleConversionMap *map = convert_tuples_by_name(RelationGetDescr(root->ri_RelationDesc),
													 RelationGetDescr(partition->ri_RelationDesc));

	return map ? execute_attr_map_cols(map->attrMap, columns) : columns;
}

/* What only the cluster knows can be read, not set. */
static bool
is_settable(Relation rel, Form_pg_attribute att, bool named)
{
	if (scyllaPseudoColumn(RelationGetRelid(rel), att->attnum) == SCYLLA_NO_PSEUDO ||
		scyllaIsWriteOnly(RelationGetRelid(rel), att->attnum))
		return true;
	if (named)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("cannot insert a value into column \"%s\" of foreign table \"%s\"",
						NameStr(att->attname), RelationGetRelationName(rel)),
				 errdetail("It shows what the cluster knows about another column.")));
	return false;
}

List *
scyllaTargetColumns(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	TupleDesc	desc = RelationGetDescr(rri->ri_RelationDesc);
	bool		all = mtstate->operation != CMD_INSERT || (rri->ri_TrigDesc && rri->ri_TrigDesc->trig_insert_before_row);
	bool		pseudo = scyllaHasPseudoColumns(RelationGetRelid(rri->ri_RelationDesc));
	ResultRelInfo *root = rri->ri_RootResultRelInfo;
	Bitmapset  *columns = NULL;
	List	   *attnums = NIL;

	if (!all)
		columns = set_columns(mtstate, root ? root : rri);
	if (!all && root)
		columns = columns_of_partition(columns, root, rri);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		stored = att->attgenerated == ATTRIBUTE_GENERATED_STORED;
		bool		named = bms_is_member(att->attnum - FirstLowInvalidHeapAttributeNumber, columns);

		if (att->attisdropped || scyllaIsVirtual(att))
			continue;
		if ((all || stored || named) && (!pseudo || is_settable(rri->ri_RelationDesc, att, named)))
			attnums = lappend_int(attnums, att->attnum);
	}
	return attnums;
}
