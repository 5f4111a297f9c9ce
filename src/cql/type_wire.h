/*
 * cql/type_wire.h
 *	  Type trees from the wire: the [option] of metadata.
 *
 * Any thread. Source: native_protocol_v5.spec 4.2.5.2.
 */
#ifndef CQL_TYPE_WIRE_H
#define CQL_TYPE_WIRE_H

#include "cql/type.h"

/* NULL: malformed input, or out of memory (arena->failed tells which). */
extern CqlType *cql_type_read(CqlReader *r, CqlArena *arena);

#endif							/* CQL_TYPE_WIRE_H */
