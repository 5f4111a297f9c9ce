/*
 * fdw/import/import_type.h
 *	  The PostgreSQL type that IMPORT FOREIGN SCHEMA gives a CQL type.
 *
 * Backend thread. A map lives in the memory context it was made in.
 */
#ifndef FDW_IMPORT_IMPORT_TYPE_H
#define FDW_IMPORT_IMPORT_TYPE_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "fdw/catalog/schema.h"

typedef struct ScyllaTypeMap ScyllaTypeMap;

/*
 * Reads the keyspace's user types. schema: where their composite types are; NULL:
 * user types are jsonb. relations: the keyspace's (ScyllaSchemaRelation *), whose names
 * no type can have beside them.
 */
extern ScyllaTypeMap *scyllaMakeTypeMap(ScyllaKeyspace *keyspace, List *relations, const char *schema);

/*
 * SQL text of the type for a column's schema text, palloc'd. Warns of user types that
 * cannot be composite. ERRCODE_UNDEFINED_OBJECT or
 * ERRCODE_DATATYPE_MISMATCH where a composite type it names is not what it should be.
 */
extern char *scyllaImportType(ScyllaTypeMap *map, const char *text);

/* The same in two steps; NULL: nothing that the parser knows. The type lives as long as the map. */
extern CqlType *scyllaParseImportType(ScyllaTypeMap *map, const char *text);
extern char *scyllaImportTypeText(ScyllaTypeMap *map, const CqlType *type);

/* CREATE TYPE statements for the keyspace's user types, each behind those it needs, into result's tuplestore. schema NULL: an error. */
extern void scyllaListUserTypes(const char *server, const char *keyspace, const char *schema, ReturnSetInfo *result);

#endif							/* FDW_IMPORT_IMPORT_TYPE_H */
