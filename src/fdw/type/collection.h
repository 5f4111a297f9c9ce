/*
 * fdw/type/collection.h
 *	  Collections, vectors, tuples and user types as arrays, pgvector's vector and
 *	  composite types.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_COLLECTION_H
#define FDW_TYPE_COLLECTION_H

#include "access/tupdesc.h"

#include "fdw/type/typemap.h"

/* Sets encode and decode if c->basetype can hold c->cql element by element. */
extern bool scyllaChooseCollection(ScyllaConverter *c);

/* The attribute for a field: of a tuple by position, of a user type by name. -1: none. */
extern int	scyllaAttributeOfField(TupleDesc desc, const CqlType *type, uint32 field);

/*
 * Which field or attribute does not pair off, at any depth, as sentences for a user.
 * NULL: these are no composite types, or it is not known.
 */
extern char *scyllaExplainMismatch(const CqlType *type, Oid pgtype);

/* pgvector's type, InvalidOid where it is not installed; and whether it can hold a CQL type. */
extern Oid	scyllaPgVectorType(void);
extern bool scyllaSuitsPgVector(const CqlType *type);

/* ERRCODE_NULL_VALUE_NOT_ALLOWED: collections hold no nulls. */
extern void scyllaRefuseNull(const CqlType *type) __attribute__((noreturn));

/* ERRCODE_DATA_EXCEPTION unless the vector type has n dimensions. */
extern void scyllaCheckDimension(const CqlType *type, int64 n);

/*
 * Bracket around an element, key or value inside a collection, tuple or user type:
 * a length of four bytes, in a vector whatever its element type asks for.
 */
extern size_t scyllaBeginElement(CqlBuffer *out, const CqlType *type);
extern void scyllaEndElement(CqlBuffer *out, const CqlType *type, size_t mark);

/* Begins to read; a list, set or map without any bytes is an empty one. */
extern void scyllaBeginElements(CqlElements *it, const CqlType *type, CqlBytes body);

#endif							/* FDW_TYPE_COLLECTION_H */
