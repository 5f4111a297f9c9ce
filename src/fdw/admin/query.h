/*
 * fdw/admin/query.h
 *	  CQL by hand: one text, for its effect or for its rows.
 *
 * Backend thread.
 */
#ifndef FDW_ADMIN_QUERY_H
#define FDW_ADMIN_QUERY_H

#include "postgres.h"

#include "nodes/execnodes.h"

/* After a change of the schema it returns when it is there on all nodes (agree.h). */
extern void scyllaExecuteCql(const char *server, const char *cql);

/* Rows go to result's tuplestore, one jsonb object each. */
extern void scyllaQueryCql(const char *server, const char *cql, ReturnSetInfo *result);

#endif							/* FDW_ADMIN_QUERY_H */
