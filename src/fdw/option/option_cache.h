/*
 * fdw/option/option_cache.h
 *	  Options of foreign tables and their columns, looked up once.
 *
 * Backend thread. What is handed out lives in CurrentMemoryContext.
 */
#ifndef FDW_OPTION_OPTION_CACHE_H
#define FDW_OPTION_OPTION_CACHE_H

#include "postgres.h"

#include "fdw/option/option.h"

extern ScyllaTableOptions *scyllaTableOptions(Oid foreigntableid);	/* error if keyspace is missing */

/* Whether a keyspace is missing or not: information_schema asks, too. */
extern bool scyllaIsUpdatable(Oid foreigntableid);

extern void scyllaCheckColumns(Oid foreigntableid, int elevel); /* told, if two columns stand for one of the cluster's */
extern bool scyllaHasPseudoColumns(Oid relid);
extern ScyllaPseudo scyllaPseudoColumn(Oid relid, AttrNumber attnum);
extern bool scyllaIsWriteOnly(Oid relid, AttrNumber attnum);	/* nothing is selected for it */
extern AttrNumber scyllaCountAttributes(Oid relid); /* dropped ones included; 0: there is no such table */

#endif							/* FDW_OPTION_OPTION_CACHE_H */
