/*
 * fdw/type/scalar.h
 *	  Direct pairs of a CQL scalar type and a PostgreSQL type.
 *
 * Backend thread.
 */
#ifndef FDW_TYPE_SCALAR_H
#define FDW_TYPE_SCALAR_H

#include "fdw/type/typemap.h"

/* Sets encode and decode if the pair of c->cql and c->basetype is a direct one, numbers included. */
extern bool scyllaChooseScalar(ScyllaConverter *c);

/* A pair of types and the two functions between them, in a table. */
typedef struct ScyllaPair
{
	CqlTypeId	cql;
	Oid			pg;
	void		(*encode) (ScyllaConverter *self, Datum value, CqlBuffer *out);
	Datum		(*decode) (ScyllaConverter *self, CqlBytes body, bool *isnull);
} ScyllaPair;

extern bool scyllaChoosePair(ScyllaConverter *c, const ScyllaPair *pairs, size_t n);

/* "value of type x cannot be converted to CQL type y: why", and the other way round */
extern void scyllaRaiseLossy(ScyllaConverter *self, int sqlstate, const char *why)
			__attribute__((noreturn));
extern void scyllaRaiseUnreadable(ScyllaConverter *self, int sqlstate, const char *why)
			__attribute__((noreturn));

/* The size of the body must be the type's; no bytes at all are NULL. */
static inline bool
scyllaBodyHas(ScyllaConverter *self, CqlBytes body, int32 size, bool *isnull)
{
	*isnull = body.len == 0;
	if (body.len == size)
		return true;
	if (body.len != 0)
		scyllaMalformed(self->cql);
	return false;
}

#endif							/* FDW_TYPE_SCALAR_H */
