/*
 * fdw/session/query.h
 *	  CQL by hand: one text, for its effect or for its rows.
 *
 * Backend thread.
 */
#ifndef FDW_SESSION_QUERY_H
#define FDW_SESSION_QUERY_H

#include "postgres.h"

#include "nodes/execnodes.h"

/* After a schema change it returns when all nodes know of it, or with a warning after 10 s. */
extern void scyllaExecuteCql(const char *server, const char *cql);

/* Rows go to result's tuplestore, one jsonb object each. */
extern void scyllaQueryCql(const char *server, const char *cql, ReturnSetInfo *result);

#endif							/* FDW_SESSION_QUERY_H */
