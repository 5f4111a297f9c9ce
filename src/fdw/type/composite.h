/*
 * fdw/type/composite.h
 *	  Tuples and user types as composite types.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_COMPOSITE_H
#define FDW_TYPE_COMPOSITE_H

#include "access/tupdesc.h"

#include "fdw/type/converter.h"

/* A type with fields, and a composite type of PostgreSQL. */
extern bool scyllaIsComposite(const CqlType *type, Oid pgtype);

/* Sets encode and decode if c->basetype is a composite type that can hold c->cql field by field. */
extern bool scyllaChooseComposite(ScyllaConverter *c, ScyllaMakeChild make_child);

/* The attribute for a field: of a tuple by position, of a user type by name. -1: none. */
extern int	scyllaAttributeOfField(TupleDesc desc, const CqlType *type, uint32 field);

/* Attributes that were not dropped. */
extern int	scyllaLiveAttributes(TupleDesc desc);

#endif							/* FDW_TYPE_COMPOSITE_H */
