/*
 * fdw/read/full_scan.c
 *	  The whole table in place of many keys.
 *
 * Backend thread. Owns nothing: what sifts rows lives in the executor's query
 * context. Invariants: the conditions are those of the plan, with the values of this
 * reading; the expression context is the sift's own.
 *
 * A condition means in the cluster what it means in PostgreSQL, so what was to be
 * sent may be checked here as well: it is what fdw_recheck_quals has.
 *
 * The setting full_scan is looked at when a scan begins, as plans outlive settings.
 * The planner sees the setting, too, and avoids such scans as if they were disabled.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "fdw/catalog/size.h"
#include "fdw/catalog/strong.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/setting.h"
#include "fdw/read/full_scan.h"
#include "fdw/select/scan_key.h"

#define FEW_REQUESTS 1000		/* are not worth to ask how large the table is */
#define CLEARLY 2				/* times as long: sizes are estimates */

struct ScyllaSift
{
	ForeignScanState *node;
	ExprState  *quals;			/* of this scan */
	ExprContext *econtext;		/* its own: the executor may hold a row that was made in the node's */
};

bool
scyllaRatherFullScan(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSelect *select, int requests)
{
	double		worth = (double) requests * SCYLLA_REQUEST_ROWS / CLEARLY;
	double		rows = select->rows;

	if (!select->whole_instead || requests <= FEW_REQUESTS || scylla_full_scan == SCYLLA_FULL_SCAN_REFUSE ||
		scyllaIsStrong(session, options))
		return false;
	if (rows == 0)
	{
		ScyllaSize	size = scyllaTableSizeFor(session, options, select->row_bytes, worth);

		rows = scyllaSizeInRows(&size, scyllaDescribeTable(session, options), select->row_bytes);
	}
	return rows > 0 && rows < worth;
}

/* ---- the setting full_scan ---- */

/* The partition key, as users write it. */
static char *
key_names(ScyllaSession *session, const ScyllaTableOptions *options)
{
	const ScyllaTable *table = scyllaDescribeTable(session, options);
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < table->npartition; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", scyllaTellUtf8(scyllaPartitionColumn(table, i)->name));
	return names.data;
}

void
scyllaGuardFullScan(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSelect *select)
{
	if (scylla_full_scan == SCYLLA_FULL_SCAN_ALLOW)
		return;
	ereport(scylla_full_scan == SCYLLA_FULL_SCAN_REFUSE ? ERROR : WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg(scylla_full_scan == SCYLLA_FULL_SCAN_REFUSE ? "foreign table \"%s\" would be read whole" :
					"foreign table \"%s\" is read whole", get_rel_name(select->relid)),
			 select->local ? errdetail("%s", select->local) : 0,
			 errhint("Rows are looked up by conditions that fix the partition key (%s) by = or IN, or by ranges of at most "
					 "%d values of dates or integers, or by an index. Without, set scylla_fdw.full_scan to allow.",
					 key_names(session, options), SCYLLA_SERIES_MAX)));
}

/* ---- conditions that are not sent ---- */

ScyllaSift *
scyllaMakeSift(ForeignScanState *node)
{
	ScyllaSift *sift = palloc(sizeof(*sift));

	sift->node = node;
	sift->econtext = CreateExprContext(node->ss.ps.state);
	return sift;
}

/* An array as a constant: of one that is long, PostgreSQL makes a hash table then, rather than compare each row with all elements. */
static Node *
known_array(ScyllaSift *sift, Node *array)
{
	ExprState  *state = ExecInitExpr((Expr *) array, &sift->node->ss.ps);
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(state, sift->econtext, &isnull);

	return (Node *) makeConst(exprType(array), exprTypmod(array), exprCollation(array), -1,
							  isnull ? (Datum) 0 : PointerGetDatum(PG_DETOAST_DATUM_COPY(value)), isnull, false);
}

static Node *
with_known_arrays(Node *node, void *arg)
{
	ScalarArrayOpExpr *compare;

	if (node == NULL)
		return NULL;
	node = expression_tree_mutator(node, with_known_arrays, arg);
	if (!IsA(node, ScalarArrayOpExpr))
		return node;
	compare = (ScalarArrayOpExpr *) node;
	if (IsA(lsecond(compare->args), Param))
		lsecond(compare->args) = known_array(arg, lsecond(compare->args));
	return node;
}

void
scyllaBeginSift(ScyllaSift *sift)
{
	List	   *quals = ((ForeignScan *) sift->node->ss.ps.plan)->fdw_recheck_quals;

	quals = (List *) with_known_arrays((Node *) quals, sift);
	convert_saop_to_hashed_saop((Node *) quals);
	sift->quals = ExecInitQual(quals, &sift->node->ss.ps);
	sift->econtext->ecxt_per_query_memory = CurrentMemoryContext;	/* hash tables are made in it, of each scan anew */
	ResetExprContext(sift->econtext);
}

bool
scyllaSiftRow(ScyllaSift *sift, TupleTableSlot *slot)
{
	ResetExprContext(sift->econtext);
	sift->econtext->ecxt_scantuple = slot;
	return ExecQual(sift->quals, sift->econtext);
}
