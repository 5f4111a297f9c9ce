/*
 * fdw/select/scan_key.h
 *	  Values that a scan compares columns with: of the type of their expression,
 *	  and of all values of that type, not only those that CQL can hold.
 *
 * Backend thread.
 */
#ifndef FDW_SELECT_SCAN_KEY_H
#define FDW_SELECT_SCAN_KEY_H

#include "postgres.h"

#include "fdw/select/select.h"
#include "fdw/type/converter.h"

/*
 * Rewrite "column op value" for what can be stored: append to body the wire form
 * of a value of the column's type, and make *op what then has the same meaning
 * (x < 1.5 ms is x <= 1 ms; of an int, x < 3000000000 is x <= 2147483647). false:
 * no stored value fulfils it, nothing was appended. type: of the value.
 */
extern bool scyllaKeyCondition(ScyllaConverter *converter, Oid type, ScyllaOperator *op, Datum value,
							   CqlBuffer *body);

#define SCYLLA_SERIES_MAX 1000	/* keys that a range of values is looked up by */

/*
 * The first or last value of a discrete type, an integer's or date's, that fulfils
 * "op bound", by its rank among all. op: SCYLLA_LT to SCYLLA_GE; type: of the
 * bound. false: none does. A numeric beyond 62 bits bounds nothing.
 */
extern bool scyllaSeriesRank(Oid type, Datum bound, ScyllaOperator op, int64 *rank);

/* The value of an rank, of the column's type. */
extern Datum scyllaSeriesValue(const ScyllaConverter *converter, int64 rank);

/* Ranks outside of it have no value in the column's type. */
extern void scyllaSeriesLimits(const ScyllaConverter *converter, int64 *first, int64 *last);

/* Whether a value of this type is one that can be stored. */
extern bool scyllaKeyHolds(const ScyllaConverter *converter, Oid type, Datum value);

#endif							/* FDW_SELECT_SCAN_KEY_H */
