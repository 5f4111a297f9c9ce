/*
 * fdw/type/constraint.h
 *	  What a column's domain and type modifier demand of a decoded value.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_CONSTRAINT_H
#define FDW_TYPE_CONSTRAINT_H

#include "fdw/type/converter.h"

/* Puts the constraints of the column's type around a converter of its base type, if there are any. */
extern ScyllaConverter *scyllaConstrain(ScyllaConverter *inner, Oid pgtype, int32 typmod);

/* A text of type name is cut without a word by its own input: ERROR if that would be so. */
extern void scyllaCheckTextLength(const ScyllaConverter *c, int len);

#endif							/* FDW_TYPE_CONSTRAINT_H */
