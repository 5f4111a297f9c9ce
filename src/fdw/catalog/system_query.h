/*
 * fdw/catalog/system_query.h
 *	  Reading the cluster's own tables: its schema, and what it estimates.
 *
 * Backend thread.
 */
#ifndef FDW_CATALOG_SYSTEM_QUERY_H
#define FDW_CATALOG_SYSTEM_QUERY_H

#include "cql/request.h"
#include "fdw/session/rows.h"
#include "fdw/session/session.h"

/*
 * What they are read at. Each node has a copy of its own, so one answers at any
 * level; this is the one that nobody forbids.
 */
#define SCYLLA_SYSTEM_CONSISTENCY CQL_LOCAL_QUORUM

typedef struct ScyllaSystemQuery
{
	const char *cql;
	List	   *texts;			/* char *, UTF-8: of its bind markers */
	uint32		ncolumns;		/* of the answer; 0: any, and none where there are no rows */
	const char *what;			/* is asked for, for messages */
	void		(*take) (const ScyllaRows *rows, void *context);	/* each row; copies what it needs */
	void	   *context;
} ScyllaSystemQuery;

/* All rows, in pages of the options' size at most. take is called in the caller's memory context. */
extern void scyllaReadSystem(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSystemQuery *query);

/* The same for what can be done without. false: there is no answer, or it came to an end too early. */
extern bool scyllaTrySystem(ScyllaSession *session, const ScyllaTableOptions *options, const ScyllaSystemQuery *query);

/* A text of a row, palloc'd. Where it holds a NUL it is empty, as PostgreSQL could not write it anyway. */
extern char *scyllaSystemText(CqlBytes value);

#endif							/* FDW_CATALOG_SYSTEM_QUERY_H */
