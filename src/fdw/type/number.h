/*
 * fdw/type/number.h
 *	  Direct pairs of a CQL number and a PostgreSQL number.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_NUMBER_H
#define FDW_TYPE_NUMBER_H

#include "fdw/type/converter.h"

/* Sets encode and decode if the pair of c->cql and c->basetype is one of numbers. */
extern bool scyllaChooseNumber(ScyllaConverter *c);

extern int64 scyllaIntegerOfDatum(Oid type, Datum value);	/* int2, int4 or int8 */

#endif							/* FDW_TYPE_NUMBER_H */
