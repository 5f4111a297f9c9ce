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

#include "fdw/fetch/row_size.h"
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
	const ScyllaTable *table;
	ScyllaConditions *conditions;	/* their values are added once more: those of econtext; NULL: no row may be looked
									 * at */
	ExprContext *econtext;
} ScyllaRowLook;

/*
 * Bytes that a node reads of each row: as size says, or by SCYLLA_FEW_ROWS of the first
 * request that has some. SCYLLA_UNSEEN_BYTES: nobody knows. Where each request has one
 * row at most, nothing is looked at.
 */
extern uint64 scyllaReadBytes(const ScyllaRowLook *look, const ScyllaRowSize *size);

#endif							/* FDW_FETCH_ROW_LOOK_H */
