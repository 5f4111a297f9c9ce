/*
 * fdw/import/import.h
 *	  IMPORT FOREIGN SCHEMA.
 *
 * Backend thread.
 */
#ifndef FDW_IMPORT_IMPORT_H
#define FDW_IMPORT_IMPORT_H

#include "postgres.h"

#include "foreign/fdwapi.h"

/* CREATE FOREIGN TABLE statements (char *) for the tables and views of a keyspace. */
extern List *scyllaImportForeignSchema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif							/* FDW_IMPORT_IMPORT_H */
