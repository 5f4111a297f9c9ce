/*
 * fdw/catalog/index_target.h
 *	  What an index is of, as its option target says.
 *
 * Backend thread. Results are palloc'd. Texts are UTF-8.
 */
#ifndef FDW_CATALOG_INDEX_TARGET_H
#define FDW_CATALOG_INDEX_TARGET_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct ScyllaIndexTarget
{
	char	   *column;			/* its own value is indexed; NULL: no column's, or the target is not understood */
	List	   *partition;		/* char *: of a local index, columns that each of its parts has one value of */
	List	   *filtering;		/* char *: columns that an index of vectors filters by */
} ScyllaIndexTarget;

extern ScyllaIndexTarget scyllaIndexTarget(const char *target);

#endif							/* FDW_CATALOG_INDEX_TARGET_H */
