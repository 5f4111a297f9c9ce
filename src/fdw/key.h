/*
 * fdw/key.h
 *	  Values that a scan compares columns with: of the type of their expression,
 *	  and of all values of that type, not only those that CQL can hold.
 *
 * Backend thread.
 */
#ifndef FDW_KEY_H
#define FDW_KEY_H

#include "postgres.h"

#include "fdw/select.h"
#include "fdw/typemap.h"

/*
 * Rewrite "column op value" for what can be stored: *value becomes one of the
 * column's type that has a wire form, and *op what then has the same meaning
 * (x < 1.5 ms is x <= 1 ms). SCYLLA_ANY: every stored value fulfils it. false:
 * none does. type: of the value.
 */
extern bool scyllaKeyCondition(const ScyllaConverter *converter, Oid type, ScyllaOperator *op, Datum *value);

#endif							/* FDW_KEY_H */
