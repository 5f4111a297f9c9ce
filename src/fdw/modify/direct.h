/*
 * fdw/modify/direct.h
 *	  UPDATE and DELETE that need not read the rows they write.
 *
 * Backend thread. The executor's callbacks: see foreign/fdwapi.h for their contracts.
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
 * (modify.h).
 */
#ifndef FDW_MODIFY_DIRECT_H
#define FDW_MODIFY_DIRECT_H

#include "postgres.h"

#include "foreign/fdwapi.h"

/*
 * ForeignScan.fdw_private: a list of these. fdw_exprs has the conditions' values and
 * then the new ones, in the order of SCYLLA_DIRECT_SET.
 */
enum ScyllaDirectPrivate
{
	SCYLLA_DIRECT_SELECT,		/* packed ScyllaSelect: how the rows would be found */
	SCYLLA_DIRECT_SET,			/* int list: attributes that an UPDATE sets */
	SCYLLA_DIRECT_FLAGS			/* int list: whether the command tag counts its rows; whether it is a table of counters */
};

extern void scyllaBeginDirectModify(ForeignScanState *node, int eflags);
extern TupleTableSlot *scyllaIterateDirectModify(ForeignScanState *node);
extern void scyllaEndDirectModify(ForeignScanState *node);
extern void scyllaExplainDirectModify(ForeignScanState *node, struct ExplainState *es);

#endif							/* FDW_MODIFY_DIRECT_H */
