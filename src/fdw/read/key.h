/*
 * fdw/read/key.h
 *	  Values that a scan compares columns with: of the type of their expression,
 *	  and of all values of that type, not only those that CQL can hold.
 *
 * Backend thread.
 */
#ifndef FDW_READ_KEY_H
#define FDW_READ_KEY_H

#include "postgres.h"

#include "fdw/read/select.h"
#include "fdw/type/typemap.h"

/*
 * Rewrite "column op value" for what can be stored: append to body the wire form
 * of a value of the column's type, and make *op what then has the same meaning
 * (x < 1.5 ms is x <= 1 ms; of an int, x < 3000000000 is x <= 2147483647). false:
 * no stored value fulfils it, nothing was appended. type: of the value.
 */
extern bool scyllaKeyCondition(ScyllaConverter *converter, Oid type, ScyllaOperator *op, Datum value,
							   CqlBuffer *body);

/* Whether a value of this type is one that can be stored. */
extern bool scyllaKeyHolds(const ScyllaConverter *converter, Oid type, Datum value);

#endif							/* FDW_READ_KEY_H */
