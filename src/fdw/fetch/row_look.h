/*
 * fdw/fetch/row_look.h
 *	  How large rows are, by a look at a few of them.
 *
 * Backend thread. For rows whose size neither types nor ANALYZE tell (row_size.h),
 * before a page of many of them is asked for.
 */
#ifndef FDW_FETCH_ROW_LOOK_H
#define FDW_FETCH_ROW_LOOK_H

#include "postgres.h"

#include "executor/executor.h"

#include "fdw/catalog/table.h"
#include "fdw/report/report.h"
#include "fdw/select/condition.h"
#include "fdw/select/select.h"
#include "fdw/session/session.h"

/* Whose rows are looked at. */
typedef struct ScyllaRowLook
{
	ScyllaSession *session;
	ScyllaTableOptions *options;
	const char *relation;
	ScyllaReport *report;
	const ScyllaSelect *select;
	ScyllaConditions *conditions;	/* their values are added once more: those of econtext */
	ExprContext *econtext;
} ScyllaRowLook;

/* Bytes of these columns in a row, of SCYLLA_FEW_ROWS of the first request that has some; SCYLLA_UNSEEN_BYTES: there are no rows. */
extern uint64 scyllaLookAtRows(const ScyllaRowLook *look, List *columns);

/* Whether each request has one row at most. */
extern bool scyllaFixesWholeKey(const ScyllaSelect *select, const ScyllaTable *table);

#endif							/* FDW_FETCH_ROW_LOOK_H */
