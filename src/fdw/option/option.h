/*
 * fdw/option/option.h
 *	  Every option: its name, where it may stand, its default, its meaning.
 *
 * Backend thread. One table in option.c defines them all. option_check.h validates
 * at CREATE and ALTER; resolve.h resolves at run time; option_cache.h remembers what
 * was resolved for foreign tables.
 */
#ifndef FDW_OPTION_OPTION_H
#define FDW_OPTION_OPTION_H

#include "postgres.h"

#include "foreign/foreign.h"

#include "fdw/option/option_value.h"

/* What a session is made from: server and user mapping. */
typedef struct ScyllaConnectionOptions
{
	ClusterConfig core;			/* as the client takes it, texts in UTF-8; whole but for tags and require_auth */
	char	   *host;			/* core's contact points come from these two */
	int			port;
	bool		keep_connections;
	bool		password_required;
} ScyllaConnectionOptions;

/* What a statement on one foreign table (or by hand on a server) goes by. */
typedef struct ScyllaTableOptions
{
	Oid			serverid;		/* InvalidOid: by hand */
	char	   *keyspace;
	char	   *table;			/* defaults to the foreign table's name */
	int			read_consistency;	/* CqlConsistency */
	int			write_consistency;
	int			serial_consistency;
	int			request_timeout;	/* ms */
	int			fetch_size;		/* rows a page */
	int64		max_in_flight_bytes;
	int			pushdown;		/* what may be left to the cluster: SCYLLA_PUSH_ bits */
	bool		allow_filtering;
	bool		async_capable;
	bool		updatable;
	bool		truncatable;
	bool		insert_null;	/* an explicit NULL deletes the cell */
	bool		if_exists;		/* UPDATE and DELETE are conditional */
	bool		batch;			/* batch_mode partition: rows of one partition go as one request */
	int			ttl;			/* seconds; -1: none */
	int64		write_timestamp;	/* microseconds since 1970; 0: the clock's */
	double		startup_cost;
	double		tuple_cost;
} ScyllaTableOptions;

/* The words of option pushdown. */
#define SCYLLA_PUSH_KEYS 1
#define SCYLLA_PUSH_INDEXES 2
#define SCYLLA_PUSH_FILTERING 4
#define SCYLLA_PUSH_AGGREGATES 8
#define SCYLLA_PUSH_VECTORS 16

/* How names of the cluster's become PostgreSQL's. */
typedef enum ScyllaFolding
{
	SCYLLA_FOLD_KEEP,
	SCYLLA_FOLD_LOWER,			/* as PostgreSQL folds what is not quoted */
	SCYLLA_FOLD_SMART			/* lower unless it has both cases */
} ScyllaFolding;

/* Which text columns are in byte order, in which the cluster compares. */
typedef enum ScyllaCollate
{
	SCYLLA_COLLATE_NONE,
	SCYLLA_COLLATE_KEYS,
	SCYLLA_COLLATE_ALL
} ScyllaCollate;

typedef enum ScyllaColumnOrder
{
	SCYLLA_ORDER_UNTOLD,		/* like says it */
	SCYLLA_ORDER_CLUSTER,
	SCYLLA_ORDER_LIKE
} ScyllaColumnOrder;

/* What IMPORT FOREIGN SCHEMA goes by. */
typedef struct ScyllaImportOptions
{
	bool		views;
	bool		not_null;
	bool		composite;		/* user-defined types become composite types */
	ScyllaFolding folding;
	ScyllaCollate collate;
	ScyllaColumnOrder column_order;
	char	   *like;			/* whose columns give the order; NULL: the cluster's */
} ScyllaImportOptions;

/* The table, and a row of it that may stand in one of these places; NULL: there is none. */
extern const ScyllaOptionDef *scyllaOptionDefs(int *n);
extern const ScyllaOptionDef *scyllaFindOption(const char *name, int where);

/* Its value in a list of options, or NULL. */
extern const char *scyllaLookUpOption(const char *name, List *options);

/* The column of the cluster's table that a column stands for, or is about; palloc'd. */
extern char *scyllaColumnName(Oid relid, AttrNumber attnum);
extern const char *scyllaNamingOption(ScyllaPseudo pseudo); /* the option that tells this */

/* For option_cache.c: as the catalogs have it now. */
extern ScyllaPseudo scyllaReadPseudo(Oid relid, AttrNumber attnum);

#endif							/* FDW_OPTION_OPTION_H */
