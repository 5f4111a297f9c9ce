/*
 * fdw/type/typemap.h
 *	  Which CQL type meets which PostgreSQL type.
 *
 * Backend thread. Above all other files of this folder.
 */
#ifndef FDW_TYPE_TYPEMAP_H
#define FDW_TYPE_TYPEMAP_H

#include "fdw/type/converter.h"

/*
 * Made in CurrentMemoryContext. ERRCODE_FDW_INVALID_DATA_TYPE if the two types
 * have nothing in common: "CQL type map<text, int> cannot be converted to type
 * integer". The detail names the field or attribute that is why, where there is one.
 */
extern ScyllaConverter *scyllaMakeConverter(const CqlType *type, Oid pgtype, int32 typmod);

/* Whether scyllaMakeConverter would succeed, and nothing of a value would be left out. */
extern bool scyllaTypesMatch(const CqlType *type, Oid pgtype, int32 typmod);

#endif							/* FDW_TYPE_TYPEMAP_H */
