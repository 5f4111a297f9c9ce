/*
 * fdw/key.h
 *	  Values that a scan looks for: of the type of their expression, which is not
 *	  always that of the column.
 *
 * Backend thread.
 */
#ifndef FDW_KEY_H
#define FDW_KEY_H

#include "postgres.h"

#include "fdw/typemap.h"

/*
 * Whether any stored value can equal this one: then it has a wire form. Otherwise
 * the scan is empty; it is not an error to look for what cannot be there.
 */
extern bool scyllaKeyCanBeStored(const ScyllaConverter *converter, Oid type, Datum value);

/* As the column's type, for the converter. */
extern Datum scyllaKeyValue(const ScyllaConverter *converter, Oid type, Datum value);

#endif							/* FDW_KEY_H */
