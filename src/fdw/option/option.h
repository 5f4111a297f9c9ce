/*
 * fdw/option/option.h
 *	  Every option: its name, where it may stand, its default, its meaning.
 *
 * Backend thread. One table in option.c defines them all; it validates at CREATE
 * and ALTER and resolves at run time: setting beats table beats server beats
 * default. Results live in CurrentMemoryContext; option_cache.h remembers those of foreign
 * tables.
 */
#ifndef FDW_OPTION_OPTION_H
#define FDW_OPTION_OPTION_H

#include "postgres.h"

#include "foreign/foreign.h"

#include "pipeline/client.h"

/* What a session is made from: server and user mapping. */
typedef struct ScyllaConnectionOptions
{
	ClientContact *contact;
	int			ncontacts;
	char	   *local_dc;		/* NULL: that of the first node reached */
	int			protocol_version;	/* 0: the highest the server speaks */
	bool		lz4;
	int			connect_timeout;	/* ms */
	int			max_in_flight;	/* 0: adaptive */
	bool		keep_connections;
	char	   *username;		/* NULL: none */
	char	   *password;
	bool		password_required;
} ScyllaConnectionOptions;

/* What a statement on one foreign table (or by hand on a server) goes by. */
typedef struct ScyllaTableOptions
{
	Oid			serverid;		/* InvalidOid: by hand */
	char	   *keyspace;
	char	   *table;			/* defaults to the foreign table's name */
	uint16_t	read_consistency;	/* CqlConsistency */
	uint16_t	write_consistency;
	uint16_t	serial_consistency;
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
	double		startup_cost;	/* -1: default */
	double		tuple_cost;
} ScyllaTableOptions;

/* The words of option pushdown. */
#define SCYLLA_PUSH_KEYS 1
#define SCYLLA_PUSH_INDEXES 2
#define SCYLLA_PUSH_FILTERING 4
#define SCYLLA_PUSH_AGGREGATES 8
#define SCYLLA_PUSH_VECTORS 16

#define SCYLLA_MAX_TTL 630720000	/* 20 years; org.apache.cassandra.cql3.Attributes.MAX_TTL */
#define SCYLLA_MAX_IN_FLIGHT 32000

/* What a column of the foreign table is, if not the value of one in the cluster. */
typedef enum ScyllaPseudo
{
	SCYLLA_NO_PSEUDO,			/* the value itself */
	SCYLLA_TTL,					/* what the cluster tells about another column's value */
	SCYLLA_WRITETIME,
	SCYLLA_WRITE_TTL,			/* how the row is written; reads as NULL */
	SCYLLA_WRITE_TIMESTAMP
} ScyllaPseudo;

extern void scyllaValidateOptions(List *options, Oid catalog);
extern ScyllaConnectionOptions *scyllaConnectionOptions(ForeignServer *server, UserMapping *mapping);
extern ScyllaTableOptions *scyllaServerOptions(ForeignServer *server);	/* keyspace and table NULL */
/* The column of the cluster's table that a column stands for, or is about; palloc'd. */
extern char *scyllaColumnName(Oid relid, AttrNumber attnum);

/* For option_cache.c: as the catalogs have them now. Of a table's, keyspace, table and server may be missing. */
extern ScyllaTableOptions *scyllaResolveOptions(List *table, List *server);
extern ScyllaPseudo scyllaReadPseudo(Oid relid, AttrNumber attnum);

#endif							/* FDW_OPTION_OPTION_H */
