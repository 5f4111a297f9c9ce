/*
 * cql/type_build.h
 *	  What builds trees: for type_wire.c and type_text.c, of no interest to anyone else.
 *
 * Thread: any.
 */
#ifndef CQL_TYPE_BUILD_H
#define CQL_TYPE_BUILD_H

#include "cql/type.h"

/* A node with room for count children, and names if it is an UDT. NULL: out of memory. */
extern CqlType *cql_type_new(CqlArena *arena, CqlTypeId id, uint32_t count);

/* NUL-terminated copy; NULL also where s holds a NUL, which a copy could not tell. */
extern const char *cql_type_name_copy(CqlArena *arena, CqlString s);

/* Native type of a CQL name in lower case, or CQL_TYPE_CUSTOM if there is none of that name. */
extern CqlTypeId cql_type_native(CqlString name);
extern const char *cql_type_native_name(CqlTypeId id);	/* NULL: not a native type */

/* No child is missing, and none is more than so many levels further down. */
static inline bool
cql_type_is_whole(const CqlType *type, int levels)
{
	if (!type || levels == 0)
		return false;
	for (uint32_t i = 0; i < type->count; i++)
	{
		if (!cql_type_is_whole(type->child[i], levels - 1))
			return false;
	}
	return true;
}

#endif							/* CQL_TYPE_BUILD_H */
