/*
 * fdw/session/cql_log.h
 *	  The CQL that is sent, in the server's log: the setting scylla_fdw.log_cql.
 *
 * Backend thread. Never with values: the extension's own texts have bind markers in
 * their place, and in texts by hand each literal is hidden. Only the text of what a
 * statement is about is told, not what the extension reads of the cluster's own
 * tables to send it.
 */
#ifndef FDW_SESSION_CQL_LOG_H
#define FDW_SESSION_CQL_LOG_H

#include "postgres.h"

#include "fdw/session/statement.h"

/* What one execution has logged: a text that is used for each row is told once. Zero-initialise. */
#define SCYLLA_LOGGED 8
typedef struct ScyllaLogged
{
	int			n;				/* of number, the last ones */
	uint32		number[SCYLLA_LOGGED];	/* of statements */
} ScyllaLogged;

/* A prepared statement that is about to be executed. */
extern void scyllaLogStatement(ScyllaLogged *logged, const ScyllaSession *session, const ScyllaStatement *statement);

/* A text without values, in UTF-8. */
extern void scyllaLogCql(const ScyllaSession *session, const char *cql);

/* A text that somebody wrote, in the database's encoding. */
extern void scyllaLogCqlByHand(const ScyllaSession *session, const char *cql);

#endif							/* FDW_SESSION_CQL_LOG_H */
