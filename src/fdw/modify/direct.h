/*
 * fdw/modify/direct.h
 *	  UPDATE and DELETE that need not read the rows they write.
 *
 * Backend thread. Callbacks of planner and executor: see foreign/fdwapi.h for
 * their contracts.
 *
 *	 DELETE of a partition, of a range or of rows of it, by conditions that the
 *	 cluster checks, all of them: the rows are counted there, and what has any is
 *	 deleted by one request.
 *
 *	 UPDATE and DELETE with update_mode if_exists, where conditions fix the whole
 *	 primary key and the new values are known beforehand: the answer tells whether
 *	 the row was there.
 *
 * IN lists make a request for each element. Everything else goes row by row
 * (modify_plan.h, modify.h).
 */
#ifndef FDW_MODIFY_DIRECT_H
#define FDW_MODIFY_DIRECT_H

#include "postgres.h"

#include "foreign/fdwapi.h"

extern bool scyllaPlanDirectModify(PlannerInfo *root, ModifyTable *plan, Index rtindex, int subplan_index);
extern void scyllaBeginDirectModify(ForeignScanState *node, int eflags);
extern TupleTableSlot *scyllaIterateDirectModify(ForeignScanState *node);
extern void scyllaEndDirectModify(ForeignScanState *node);
extern void scyllaExplainDirectModify(ForeignScanState *node, struct ExplainState *es);

#endif							/* FDW_MODIFY_DIRECT_H */
