/*
 * fdw/pushdown/pushdown.h
 *	  Which conditions the cluster checks, and why it does not check the others.
 *
 * Backend thread. Everything lives in CurrentMemoryContext.
 *
 * A condition is pushed only where it means in CQL exactly what it means in
 * PostgreSQL, as it is not checked again.
 */
#ifndef FDW_PUSHDOWN_PUSHDOWN_H
#define FDW_PUSHDOWN_PUSHDOWN_H

#include "postgres.h"

#include "nodes/pathnodes.h"

#include "fdw/catalog/vector_index.h"
#include "fdw/pushdown/access.h"
#include "fdw/pushdown/relation.h"

/* clauses: RestrictInfo, all of which must hold. The table must be described unless they are empty. */
extern ScyllaAccess *scyllaChooseAccess(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

/*
 * By the conditions on this table that are checked where this index of ScyllaDB finds nearest vectors. An index does
 * not know a table's last changes: what it checks of other columns than keys is checked in PostgreSQL as well.
 */
extern ScyllaAccess *scyllaChooseBesideVectors(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info,
											   const ScyllaVectorIndex *index);

/* The whole table, and all is checked in PostgreSQL. */
extern ScyllaAccess *scyllaChooseWhole(PlannerInfo *root, RelOptInfo *rel, ScyllaRelation *info, List *clauses);

#endif							/* FDW_PUSHDOWN_PUSHDOWN_H */
