/*
 * fdw/table.h
 *	  A table as the cluster describes it: its columns and which of them are keys.
 *
 * Backend thread. Described once per session from system_schema.columns and kept
 * until the session's schema counts on. A description is valid until the next
 * request of the session: one that is newer replaces it.
 */
#ifndef FDW_TABLE_H
#define FDW_TABLE_H

#include "fdw/session.h"

typedef enum ScyllaColumnKind
{
	SCYLLA_REGULAR,
	SCYLLA_STATIC,
	SCYLLA_CLUSTERING,
	SCYLLA_PARTITION_KEY
} ScyllaColumnKind;

typedef struct ScyllaTableColumn
{
	char	   *name;			/* UTF-8 */
	char	   *type;			/* schema text */
	ScyllaColumnKind kind;
	int			position;		/* in its part of the key, from 0 */
} ScyllaTableColumn;

typedef struct ScyllaTable
{
	ScyllaTableColumn *column;
	int			ncolumns;
	int			npartition;		/* columns of the partition key */
} ScyllaTable;

/* ERRCODE_FDW_TABLE_NOT_FOUND if there is none. */
extern ScyllaTable *scyllaDescribeTable(ScyllaSession *session, const ScyllaTableOptions *options);

/*
 * Described anew if what is remembered lacks one of these columns (UTF-8), or, for
 * whole_key, if they lack one of its partition key: the caller may then complain.
 */
extern ScyllaTable *scyllaDescribeColumns(ScyllaSession *session, const ScyllaTableOptions *options,
										  List *names, bool whole_key);

extern ScyllaTableColumn *scyllaTableColumn(const ScyllaTable *table, const char *name);	/* NULL: none */
extern ScyllaTableColumn *scyllaPartitionColumn(const ScyllaTable *table, int position);

#endif							/* FDW_TABLE_H */
