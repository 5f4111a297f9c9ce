/*
 * fdw/compat.h
 *	  The only place that knows how the server's major versions differ.
 *
 * Backend thread. Where a newer server has a name that an older one lacks, the older one gets it
 * here, so that the rest of the code is written for the newest.
 */
#ifndef FDW_COMPAT_H
#define FDW_COMPAT_H

#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_foreign_server.h"
#include "commands/explain.h"
#include "datatype/timestamp.h"
#include "executor/executor.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/pathnodes.h"
#include "optimizer/appendinfo.h"
#include "optimizer/cost.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "storage/latch.h"
#include "utils/selfuncs.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/pg_locale.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* Since 16, and in later releases of 15. */
#ifndef palloc_array
#include "storage/shmem.h"
#define palloc_array(type, count) ((type *) palloc(mul_size(sizeof(type), (count))))
#define palloc0_array(type, count) ((type *) palloc0(mul_size(sizeof(type), (count))))
#endif

/* Intervals have an infinity since 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i) ((void) (i), false)
#endif

/* For the life of the process, or until it is freed. */
static inline WaitEventSet *
scyllaCreateWaitEventSet(int events)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, events);
#else
	return CreateWaitEventSet(TopMemoryContext, events);
#endif
}

/* Of a sort key. Since 18 it says so in its own words. */
static inline bool
scyllaIsDescending(const PathKey *key)
{
#if PG_VERSION_NUM >= 180000
	return key->pk_cmptype == COMPARE_GT;
#else
	return key->pk_strategy == BTGreaterStrategyNumber;
#endif
}

/* The members of a class that may be about these relations. Since 18 those of partitions stand apart. */
static inline List *
scyllaClassMembers(EquivalenceClass *ec, Relids relids)
{
#if PG_VERSION_NUM >= 180000
	EquivalenceMemberIterator it;
	EquivalenceMember *member;
	List	   *members = NIL;

	setup_eclass_member_iterator(&it, ec, relids);
	while ((member = eclass_member_iterator_next(&it)) != NULL)
		members = lappend(members, member);
	return members;
#else
	return ec->ec_members;
#endif
}

/* An expression about columns of a partitioned table as one about those of its partition, at any depth. */
static inline Node *
scyllaTranslateToChild(PlannerInfo *root, Node *node, RelOptInfo *child)
{
#if PG_VERSION_NUM >= 160000
	return adjust_appendrel_attrs_multilevel(root, node, child, child->top_parent);
#else
	return adjust_appendrel_attrs_multilevel(root, node, child->relids, child->top_parent_relids);
#endif
}

/* Elements of an array expression, as far as the planner knows. */
static inline double
scyllaArrayLength(PlannerInfo *root, Node *array)
{
#if PG_VERSION_NUM >= 170000
	return estimate_array_length(root, array);
#else
	return estimate_array_length(array);
#endif
}

/* Text in byte order. */
static inline bool
scyllaCollationIsC(Oid collation)
{
#if PG_VERSION_NUM >= 180000
	return pg_newlocale_from_collation(collation)->collate_is_c;
#else
	return lc_collate_is_c(collation);
#endif
}

/* Whose rights a plan goes by: the owner's of a view; InvalidOid: the current user's. Since 16 it is kept with the relation. */
static inline Oid
scyllaRelationCheckAs(PlannerInfo *root, const RelOptInfo *rel)
{
#if PG_VERSION_NUM >= 160000
	return rel->userid;
#else
	return planner_rt_fetch(rel->relid, root)->checkAsUser;
#endif
}

/* Whose mapping it goes by. */
static inline Oid
scyllaRelationUser(PlannerInfo *root, const RelOptInfo *rel)
{
	Oid			userid = scyllaRelationCheckAs(root, rel);

	return OidIsValid(userid) ? userid : GetUserId();
}

/* The same of what a statement changes, before it is planned. */
static inline Oid
scyllaTargetUser(PlannerInfo *root, RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 160000
	Oid			userid;

	if (rte->perminfoindex == 0)	/* of a partition: its root has it */
		rte = planner_rt_fetch(root->parse->resultRelation, root);
	userid = getRTEPermissionInfo(root->parse->rteperminfos, rte)->checkAsUser;
#else
	Oid			userid = rte->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

static inline Oid
scyllaScanUser(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
#if PG_VERSION_NUM >= 160000
	Oid			userid = plan->checkAsUser;
#else
	Index		rti = plan->scan.scanrelid > 0 ? plan->scan.scanrelid : (Index) bms_next_member(plan->fs_relids, -1);
	Oid			userid = exec_rt_fetch(rti, node->ss.ps.state)->checkAsUser;
#endif

	return OidIsValid(userid) ? userid : GetUserId();
}

/* A partition that COPY or INSERT routes to has no range table entry of its own: its root has. */
static inline Oid
scyllaResultUser(ResultRelInfo *rri, EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecGetResultRelCheckAsUser(rri, estate);
#else
	Index		index = rri->ri_RangeTableIndex;
	Oid			userid = InvalidOid;

	if (index == 0 && rri->ri_RootResultRelInfo != NULL)
		index = rri->ri_RootResultRelInfo->ri_RangeTableIndex;
	if (index != 0)
		userid = exec_rt_fetch(index, estate)->checkAsUser;
	return OidIsValid(userid) ? userid : GetUserId();
#endif
}

/* As core checks for IMPORT FOREIGN SCHEMA. */
static inline void
scyllaCheckServerUsage(const ForeignServer *server, Oid userid)
{
#if PG_VERSION_NUM >= 160000
	AclResult	result = object_aclcheck(ForeignServerRelationId, server->serverid, userid, ACL_USAGE);
#else
	AclResult	result = pg_foreign_server_aclcheck(server->serverid, userid, ACL_USAGE);
#endif

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, server->servername);
}

/* Computed when it is read (since 18): PostgreSQL does that. */
static inline bool
scyllaIsVirtual(const FormData_pg_attribute *att)
{
	return att->attgenerated != '\0' && att->attgenerated != ATTRIBUTE_GENERATED_STORED;
}

/* A column or placeholder as another reference to it has it: since 16 it tells which outer joins may have made it NULL. */
static inline Expr *
scyllaWithNulling(Expr *expr, const Expr *as)
{
	expr = copyObject(expr);
#if PG_VERSION_NUM >= 160000
	if (IsA(expr, Var))
		((Var *) expr)->varnullingrels = bms_copy(((const Var *) as)->varnullingrels);
	else
		((PlaceHolderVar *) expr)->phnullingrels = bms_copy(((const PlaceHolderVar *) as)->phnullingrels);
#endif
	return expr;
}

/* Since 18 the planner counts nodes that are disabled by enable_ settings. */
static inline void
scyllaInheritDisabled(Path *path, const Path *child)
{
#if PG_VERSION_NUM >= 180000
	path->disabled_nodes = child->disabled_nodes;
#endif
}

/* As an enable_ setting does. */
static inline void
scyllaDisablePath(Path *path)
{
#if PG_VERSION_NUM >= 180000
	path->disabled_nodes++;
#else
	path->startup_cost += disable_cost;
	path->total_cost += disable_cost;
#endif
}

static inline ForeignPath *
scyllaForeignScanPath(PlannerInfo *root, RelOptInfo *rel, double rows, Cost startup, Cost total,
					  List *pathkeys, Relids outer, List *fdw_private)
{
#if PG_VERSION_NUM >= 180000
	return create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, pathkeys, outer, NULL, NIL, fdw_private);
#elif PG_VERSION_NUM >= 170000
	return create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL, fdw_private);
#else
	return create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, fdw_private);
#endif
}

/* Of an upper relation. */
static inline ForeignPath *
scyllaForeignUpperPath(PlannerInfo *root, RelOptInfo *rel, PathTarget *target, double rows, Cost startup, Cost total,
					   List *pathkeys, List *fdw_private)
{
#if PG_VERSION_NUM >= 180000
	return create_foreign_upper_path(root, rel, target, rows, 0, startup, total, pathkeys, NULL, NIL, fdw_private);
#elif PG_VERSION_NUM >= 170000
	return create_foreign_upper_path(root, rel, target, rows, startup, total, pathkeys, NULL, NIL, fdw_private);
#else
	return create_foreign_upper_path(root, rel, target, rows, startup, total, pathkeys, NULL, fdw_private);
#endif
}

#endif							/* FDW_COMPAT_H */
