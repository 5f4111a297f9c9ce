/*
 * fdw/catalog/table.h
 *	  A table as the cluster describes it: its columns, which of them are keys, and
 *	  which have an index.
 *
 * Backend thread. Described once per session from system_schema.columns and kept
 * until the session's schema counts on, as others' changes have it do when a
 * statement begins. A description is valid until the next request of the session:
 * one that is newer replaces it.
 */
#ifndef FDW_CATALOG_TABLE_H
#define FDW_CATALOG_TABLE_H

#include "fdw/catalog/system_query.h"
#include "fdw/session/session.h"

typedef enum ScyllaColumnKind
{
	SCYLLA_REGULAR,
	SCYLLA_STATIC,
	SCYLLA_CLUSTERING,
	SCYLLA_PARTITION_KEY
} ScyllaColumnKind;

/* Of the column's own value, not of a collection's elements. Of several, the one that is last here. */
typedef enum ScyllaIndexKind
{
	SCYLLA_NO_INDEX,
	SCYLLA_SAI,					/* finds equal values and ranges, and several of them work together */
	SCYLLA_SECONDARY_INDEX,		/* finds values of the same bytes */
	SCYLLA_VIEW_INDEX,			/* ScyllaDB's, likewise, by a view that may be older than the table */
	SCYLLA_LOSSY_INDEX,			/* such a one whose entries stand for several rows each: pages lose some */
	SCYLLA_INEXACT_INDEX		/* finds other values too, by an analyzer, or nobody knows */
} ScyllaIndexKind;

typedef struct ScyllaTableColumn
{
	char	   *name;			/* UTF-8 */
	char	   *type;			/* schema text */
	ScyllaColumnKind kind;
	int			position;		/* in its part of the key, from 0 */
	bool		descending;		/* clustering order */

	/* once scyllaDescribeIndexes was called */
	ScyllaIndexKind index;
	bool		local_index;	/* ScyllaDB's, for each partition alone; it may be older than the table, too */
	List	   *vector_indexes; /* ScyllaVectorIndex *: nearest vectors can be asked for by these */

	bool		masked;			/* once masks are known: for those who must not see it (mask.h) */
} ScyllaTableColumn;

/* By estimate, of one copy of the data. */
typedef struct ScyllaSize
{
	int64		asked;			/* TimestampTz; 0: never */
	uint64		acknowledged;	/* the session's then */
	double		partitions;		/* 0: unknown */
	double		bytes;
	bool		probed;
	double		rows;			/* by the table's own tokens */
} ScyllaSize;

typedef struct ScyllaTable
{
	ScyllaTableColumn *column;
	int			ncolumns;
	int			npartition;		/* columns of the partition key */
	int			nclustering;
	const char *strong;			/* ScyllaDB's consistency of the keyspace where it is a strong one, "global" for
								 * example; NULL: eventual (strong.h) */
	bool		scylla;			/* the cluster is ScyllaDB */
	bool		indexes_known;
	bool		masks_known;
	ScyllaSize	size;			/* as scyllaTableSize has found it */
} ScyllaTable;

/* ERRCODE_FDW_TABLE_NOT_FOUND if there is none. */
extern ScyllaTable *scyllaDescribeTable(ScyllaSession *session, const ScyllaTableOptions *options);

/*
 * Described anew if what is remembered lacks one of these columns (UTF-8), or, for
 * whole_key, if they lack a key that a write needs: the caller may then complain.
 */
extern ScyllaTable *scyllaDescribeColumns(ScyllaSession *session, const ScyllaTableOptions *options,
										  List *names, bool whole_key);

/* The key column that an INSERT of these columns (UTF-8) lacks; NULL: none. */
extern const ScyllaTableColumn *scyllaMissingKey(const ScyllaTable *table, List *names);

/* In CurrentMemoryContext: for who needs it across requests. */
extern ScyllaTable *scyllaCopyTable(const ScyllaTable *table);

extern ScyllaTableColumn *scyllaTableColumn(const ScyllaTable *table, const char *name);	/* NULL: none */

/* The column of a foreign table that stands for none of this one; with the nearest name. */
extern void scyllaNoSuchColumn(const ScyllaTable *table, Oid relid, AttrNumber attnum) __attribute__((noreturn));

extern ScyllaTableColumn *scyllaPartitionColumn(const ScyllaTable *table, int position);
extern bool scyllaIsKeyColumn(const ScyllaTableColumn *column);
extern bool scyllaHasCounters(const ScyllaTable *table);
extern ScyllaTableColumn *scyllaClusteringColumn(const ScyllaTable *table, int position);

/* What one of the schema's tables says about this one: the query's texts are keyspace and table. */
extern void scyllaAskSchema(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaSystemQuery query);

/* Of system_schema.tables.flags: a table with compact storage and no clustering columns, whatever its description says. */
extern bool scyllaIsOneRow(CqlBytes flags);
extern bool scyllaHasFlag(CqlBytes flags, const char *name);

/* Of system_schema.columns.kind; what it does not know is regular. */
extern ScyllaColumnKind scyllaColumnKind(CqlBytes value);

#endif							/* FDW_CATALOG_TABLE_H */
