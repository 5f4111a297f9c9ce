/*
 * fdw/pushdown/series.c
 *	  From two bounds to a series of keys.
 *
 * Backend thread. Owns nothing. Invariant: a series whose length is known has
 * constants for bounds, and 1 to SCYLLA_SERIES_MAX values.
 *
 * Both bounds may be known only when the scan begins. The scan then counts anew, and reads
 * the whole table where the series is too long (scan_open.c).
 *
 * A range of the partition key is two conditions. The lower bound stands in the
 * key's place, for all the values; the upper bound stands behind all other
 * conditions. How many values there are is known only when the scan begins. Some
 * things must be right whatever that number is: an order, an aggregate, a LIMIT for
 * each partition, a row of a join. So none of these is built on a series whose
 * bounds are no constants (open_ended): such a scan may have to read the whole
 * table.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/date.h"
#include "utils/lsyscache.h"

#include "fdw/pushdown/series.h"
#include "fdw/select/scan_key.h"

#define GUESSED_VALUES 100

bool
scyllaIsDiscrete(const ScyllaCondition *bound)
{
	Oid			type = getBaseType(bound->type);

	return type == DATEOID || type == INT2OID || type == INT4OID || type == INT8OID ||
		(type == NUMERICOID && strcmp(bound->column->type, "varint") == 0);
}

/* As far as can be told: now() has a value, which may be another one when the scan begins. false: it cannot, or there is none. */
static bool
estimate_bound(PlannerInfo *root, const ScyllaCondition *bound, int64 *rank)
{
	Const	   *value = (Const *) estimate_expression_value(root, (Node *) bound->value);

	return IsA(value, Const) && !value->constisnull &&
		scyllaSeriesRank(getBaseType(value->consttype), value->constvalue, bound->op, rank);
}

bool
scyllaMakeSeries(PlannerInfo *root, ScyllaCondition *lower, ScyllaCondition *upper)
{
	int64		first;
	int64		last;

	lower->values = GUESSED_VALUES;
	lower->known = false;
	if (estimate_bound(root, lower, &first) && estimate_bound(root, upper, &last))
	{
		if (last >= first && (uint64) last - (uint64) first >= SCYLLA_SERIES_MAX)
			return false;
		lower->values = (int) Max(last - first + 1, 1);
		lower->known = IsA(lower->value, Const) && IsA(upper->value, Const);
	}
	return true;
}
