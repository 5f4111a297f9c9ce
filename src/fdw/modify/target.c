/*
 * fdw/modify/target.c
 *	  Which columns an INSERT names.
 *
 * Backend thread. Owns nothing. Invariants: what is unnamed is among what is written;
 * what only the cluster knows is never written.
 *
 * A statement sets the columns that it lists and those that the server fills in:
 * defaults of the table it names, be that a view, a partitioned table or the
 * foreign table itself, identity, generated columns. The plan's target list has
 * them all: what nothing sets is a NULL there; MERGE has one for each of its
 * actions. COPY has no plan and takes its defaults from the catalog. Whoever has no
 * plan and lists nothing, as the first copy of a subscription, gives whole rows,
 * and so is a row that UPDATE moves.
 *
 * More may be written than is named: a BEFORE ROW trigger may set any column, and
 * the actions of a MERGE write by one text. A NULL in such a column sets nothing, not even
 * with insert_null.
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
#include "fdw/modify/target.h"
#include "fdw/option/option_cache.h"

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

static Bitmapset *
all_columns(TupleDesc desc)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < desc->natts; i++)
		columns = add_column(columns, i + 1);
	return columns;
}

/* Columns that are not NULL whatever happens. */
static Bitmapset *
columns_of_list(List *targetlist)
{
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	foreach(lc, targetlist)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (!entry->resjunk && !is_null((Node *) entry->expr))
			columns = add_column(columns, entry->resno);
	}
	return columns;
}

/* COPY fills them in. */
static Bitmapset *
default_columns(TupleDesc desc)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped && has_default(TupleDescAttr(desc, i)))
			columns = add_column(columns, i + 1);
	}
	return columns;
}

/* Of the table that the statement names. */
typedef struct Columns
{
	Bitmapset  *set;			/* by some row or other */
	Bitmapset  *named;			/* by every row */
	Bitmapset  *listed;			/* by the statement's text: what cannot be set is refused */
} Columns;

/* The executor does not say which action an inserted row is of: what one of them leaves out is not named. */
static Columns
columns_of_merge(const ModifyTable *plan, Bitmapset *listed)
{
	Columns		columns = {NULL, NULL, NULL};
	int			inserts = 0;
	ListCell   *lc;

	foreach(lc, (List *) linitial(plan->mergeActionLists))
	{
		const MergeAction *action = lfirst_node(MergeAction, lc);
		Bitmapset  *set;

		if (action->commandType != CMD_INSERT)
			continue;
		set = columns_of_list(action->targetList);
		columns.named = inserts++ == 0 ? bms_copy(set) : bms_int_members(columns.named, set);
		columns.set = bms_add_members(columns.set, set);
	}
	columns.set = bms_add_members(columns.set, listed);
	columns.listed = bms_copy(columns.set);
	if (inserts == 1)
		columns.named = columns.listed;
	return columns;
}

static Columns
columns_of_statement(ModifyTableState *mtstate, ResultRelInfo *target, bool moved)
{
	const ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	TupleDesc	desc = RelationGetDescr(target->ri_RelationDesc);
	Bitmapset  *listed = ExecGetInsertedCols(target, mtstate->ps.state);
	bool		whole = moved || (plan == NULL && bms_is_empty(listed));
	Columns		columns;

	if (mtstate->operation == CMD_MERGE && !moved)
		return columns_of_merge(plan, listed);
	if (whole)
		columns.set = all_columns(desc);
	else
		columns.set = bms_union(listed, plan == NULL ? default_columns(desc) : columns_of_list(outerPlan(plan)->targetlist));
	columns.named = columns.set;
	columns.listed = whole ? NULL : columns.set;
	return columns;
}

/* The same columns of a partition, which may have them in another order. */
static void
translate_to_partition(Columns *columns, ResultRelInfo *root, ResultRelInfo *partition)
{
	TupleConversionMap *map = convert_tuples_by_name(RelationGetDescr(root->ri_RelationDesc),
													 RelationGetDescr(partition->ri_RelationDesc));

	if (map == NULL)
		return;
	columns->set = execute_attr_map_cols(map->attrMap, columns->set);
	columns->named = execute_attr_map_cols(map->attrMap, columns->named);
	columns->listed = execute_attr_map_cols(map->attrMap, columns->listed);
}

/*
 * What only the cluster knows can be read, not set. A dump has it all the same, in a
 * COPY of all columns, and must be restored.
 */
static bool
is_settable(Relation rel, Form_pg_attribute att, bool named, bool copied)
{
	if (scyllaPseudoColumn(RelationGetRelid(rel), att->attnum) == SCYLLA_NO_PSEUDO ||
		scyllaIsWriteOnly(RelationGetRelid(rel), att->attnum))
		return true;
	if (named && copied)
		ereport(WARNING,
				(errmsg("values for column \"%s\" of foreign table \"%s\" are left out",
						NameStr(att->attname), RelationGetRelationName(rel)),
				 errdetail("It shows what the cluster knows about another column.")));
	else if (named)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("cannot insert a value into column \"%s\" of foreign table \"%s\"",
						NameStr(att->attname), RelationGetRelationName(rel)),
				 errdetail("It shows what the cluster knows about another column.")));
	return false;
}

static bool
has_column(const Bitmapset *columns, AttrNumber attnum)
{
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

ScyllaTarget
scyllaTargetColumns(ModifyTableState *mtstate, ResultRelInfo *rri, bool moved)
{
	TupleDesc	desc = RelationGetDescr(rri->ri_RelationDesc);
	bool		trigger = rri->ri_TrigDesc && rri->ri_TrigDesc->trig_insert_before_row;
	bool		copied = mtstate->ps.plan == NULL;
	bool		pseudo = scyllaHasPseudoColumns(RelationGetRelid(rri->ri_RelationDesc));
	ResultRelInfo *root = rri->ri_RootResultRelInfo;
	Columns		columns = columns_of_statement(mtstate, root ? root : rri, moved);
	ScyllaTarget target = {NIL, NIL};

	if (root)
		translate_to_partition(&columns, root, rri);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		stored = att->attgenerated == ATTRIBUTE_GENERATED_STORED;
		bool		set = has_column(columns.set, att->attnum);

		if (att->attisdropped || scyllaIsVirtual(att) || !(set || stored || trigger))
			continue;
		if (pseudo && !is_settable(rri->ri_RelationDesc, att, has_column(columns.listed, att->attnum), copied))
			continue;
		target.attnums = lappend_int(target.attnums, att->attnum);
		if (!stored && !has_column(columns.named, att->attnum))
			target.unnamed = lappend_int(target.unnamed, att->attnum);
	}
	return target;
}
