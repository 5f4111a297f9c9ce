/*
 * fdw/type/scalar.h
 *	  Direct pairs of a CQL scalar type and a PostgreSQL type.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_SCALAR_H
#define FDW_TYPE_SCALAR_H

#include "fdw/type/converter.h"

/* Sets encode and decode if the pair of c->cql and c->basetype is a direct one, numbers included. */
extern bool scyllaChooseScalar(ScyllaConverter *c);

#endif							/* FDW_TYPE_SCALAR_H */
