/*
 * fdw/type/collection.h
 *	  Lists, sets and vectors as arrays, and vectors as pgvector's vector.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_COLLECTION_H
#define FDW_TYPE_COLLECTION_H

#include "fdw/type/converter.h"

/* Sets encode and decode if c->basetype can hold c->cql element by element. */
extern bool scyllaChooseCollection(ScyllaConverter *c, ScyllaMakeChild make_child);

/* pgvector's type, InvalidOid where it is not installed; and whether it can hold a CQL type. */
extern Oid	scyllaPgVectorType(void);
extern bool scyllaSuitsPgVector(const CqlType *type);

#endif							/* FDW_TYPE_COLLECTION_H */
