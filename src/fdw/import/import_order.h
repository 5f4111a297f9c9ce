/*
 * fdw/import/import_order.h
 *	  Columns in the order that a local table has them in.
 *
 * Backend thread. Owns nothing.
 */
#ifndef FDW_IMPORT_IMPORT_ORDER_H
#define FDW_IMPORT_IMPORT_ORDER_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* What the import option "like" names; both invalid: the order is the cluster's. */
typedef struct ScyllaLike
{
	Oid			table;
	Oid			schema;			/* each imported table goes by the one of its name in there, if there is one */
} ScyllaLike;

/* value: a table where one is imported, else a schema; NULL: nothing. An error where it names nothing. */
extern ScyllaLike scyllaFindLike(const char *value, int imported);

/* Names (ScyllaImportName *) of the columns of the table local, those first that its model has. */
extern List *scyllaOrderLike(List *names, const ScyllaLike *like, const char *local);

#endif							/* FDW_IMPORT_IMPORT_ORDER_H */
