/*
 * fdw/option/resolve.h
 *	  Options as they are used: setting beats table beats server beats default.
 *
 * Backend thread. Results live in CurrentMemoryContext.
 */
#ifndef FDW_OPTION_RESOLVE_H
#define FDW_OPTION_RESOLVE_H

#include "postgres.h"

#include "fdw/option/option.h"

extern ScyllaConnectionOptions *scyllaConnectionOptions(ForeignServer *server, UserMapping *mapping);
extern ScyllaTableOptions *scyllaServerOptions(ForeignServer *server);	/* keyspace and table NULL */
extern ScyllaImportOptions scyllaImportOptions(List *options);

/* For option_cache.c: as the catalogs have them now. Of a table's, keyspace, table and server may be missing. */
extern ScyllaTableOptions *scyllaResolveOptions(List *table, List *server);

#endif							/* FDW_OPTION_RESOLVE_H */
