/*
 * fdw/pushdown/series.h
 *	  A range of a partition key's column as the list of its values.
 *
 * Backend thread. The partition key is hashed, so CQL has no ranges of it; but a
 * range of dates or integers is so many keys.
 */
#ifndef FDW_PUSHDOWN_SERIES_H
#define FDW_PUSHDOWN_SERIES_H

#include "postgres.h"

#include "fdw/pushdown/column_condition.h"

/* Whether the column's values can be counted through, from one to the next. */
extern bool scyllaIsDiscrete(const ScyllaCondition *bound);

/*
 * Make one of the bounds of a column, which is discrete: sets series and values of
 * the lower one. false: it has too many values, as far as is known.
 */
extern bool scyllaMakeSeries(PlannerInfo *root, ScyllaCondition *lower, ScyllaCondition *upper);

#endif							/* FDW_PUSHDOWN_SERIES_H */
