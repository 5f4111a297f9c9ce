/*
 * fdw/read/whole.c
 *	  The whole table in place of many keys.
 *
 * Backend thread. Owns nothing: what sifts rows lives in the executor's query
 * context.
 *
 * A condition means in the cluster what it means in PostgreSQL, so what was to be
 * sent may be checked here as well: it is what fdw_recheck_quals has.
 */
#include "postgres.h"

#include "executor/executor.h"

#include "fdw/compat.h"
#include "fdw/read/whole.h"
#include "fdw/session/size.h"

#define FEW_REQUESTS 1000		/* are not worth to ask how large the table is */
#define CLEARLY 2				/* times as long: sizes are estimates */

struct ScyllaSift
{
	ExprState  *quals;
	ExprContext *econtext;		/* its own: the executor may hold a row that was made in the node's */
};

bool
scyllaRatherWhole(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSelect *select, int requests)
{
	double		worth = (double) requests * SCYLLA_REQUEST_ROWS / CLEARLY;
	double		rows = select->rows;

	if (!select->whole_instead || requests <= FEW_REQUESTS)
		return false;
	if (rows == 0)
	{
		ScyllaSize	size = scyllaTableSizeFor(session, options, select->row_bytes, worth);

		rows = scyllaSizeInRows(&size, scyllaDescribeTable(session, options), select->row_bytes);
	}
	return rows > 0 && rows < worth;
}

ScyllaSift *
scyllaMakeSift(ForeignScanState *node)
{
	ScyllaSift *sift = palloc(sizeof(*sift));

	sift->quals = node->fdw_recheck_quals;
	sift->econtext = CreateExprContext(node->ss.ps.state);
	return sift;
}

bool
scyllaSiftRow(ScyllaSift *sift, TupleTableSlot *slot)
{
	ResetExprContext(sift->econtext);
	sift->econtext->ecxt_scantuple = slot;
	return ExecQual(sift->quals, sift->econtext);
}
