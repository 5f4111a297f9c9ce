/*
 * fdw/catalog/schema.h
 *	  A whole keyspace as the cluster describes it: tables, views, columns, user types.
 *
 * Backend thread. Read from system_schema when asked for, never cached: this is
 * for IMPORT FOREIGN SCHEMA, which wants what is there now. Results live in
 * CurrentMemoryContext. Names are UTF-8.
 */
#ifndef FDW_CATALOG_SCHEMA_H
#define FDW_CATALOG_SCHEMA_H

#include "fdw/catalog/table.h"
#include "fdw/session/session.h"

typedef struct ScyllaKeyspace
{
	ScyllaSession *session;
	ScyllaTableOptions *options;	/* what its requests go by */
	const char *name;			/* in the database's encoding */
} ScyllaKeyspace;

typedef struct ScyllaSchemaRelation
{
	char	   *name;
	char	   *base;			/* of a materialized view: its table; NULL: a table */
	bool		helper;			/* the cluster keeps it for itself: view of an index, table that belongs to another one */
	bool		one_row;		/* compact without clustering columns: what it calls static is not */
	bool		dense;			/* compact with clustering columns: the last of them may be null */
	int			index;			/* among all relations of the keyspace, by name */
	List	   *columns;		/* ScyllaTableColumn *, in the order of SELECT *; NIL until scyllaReadColumns */
} ScyllaSchemaRelation;

typedef struct ScyllaUserType
{
	char	   *name;
	List	   *fields;			/* names, char * */
	List	   *types;			/* schema text, char * */
} ScyllaUserType;

/* With the mapping of userid. ERRCODE_FDW_SCHEMA_NOT_FOUND with the nearest name. */
extern ScyllaKeyspace *scyllaOpenKeyspace(Oid userid, ForeignServer *server, const char *name);

extern List *scyllaReadRelations(ScyllaKeyspace *keyspace); /* tables, then views, each by name */

/* Names (String *) of the indexes that nodes build. */
extern List *scyllaReadIndexes(ScyllaKeyspace *keyspace, const char *table);
extern List *scyllaReadUserTypes(ScyllaKeyspace *keyspace);

/* Fills in the columns of these relations, those that CQL can name. A relation that is gone has none. */
extern void scyllaReadColumns(ScyllaKeyspace *keyspace, List *relations);

#endif							/* FDW_CATALOG_SCHEMA_H */
