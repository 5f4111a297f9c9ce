/*
 * cql/type_text.h
 *	  Type trees from text: class names and schema text.
 *
 * Any thread. Sources: org.apache.cassandra.db.marshal class names; the types of
 * system_schema. Each function returns NULL on malformed input or out of memory
 * (arena->failed tells which).
 */
#ifndef CQL_TYPE_TEXT_H
#define CQL_TYPE_TEXT_H

#include "cql/type.h"

extern CqlType *cql_type_from_class(const char *text, size_t len, CqlArena *arena);
/* The same for class text found depth levels below the root. */
extern CqlType *cql_type_class_at(CqlString text, CqlArena *arena, int depth);

/*
 * Schema text, as in system_schema.columns.type. resolve looks an unqualified
 * user type up (NULL resolve or result: the tree gets an UDT with count 0). What it
 * returns may be shared; the depth of what it builds is its own to bound.
 */
typedef CqlType *(*CqlTypeResolver) (const char *name, void *context, CqlArena *arena);
extern CqlType *cql_type_from_schema(const char *text, size_t len, CqlArena *arena,
									 CqlTypeResolver resolve, void *context);

#endif							/* CQL_TYPE_TEXT_H */
