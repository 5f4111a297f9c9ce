/*
 * fdw/session/cql_log.c
 *	  The CQL that is sent, in the server's log.
 *
 * Backend thread. Owns nothing. Invariant: no value that anybody wrote gets into the
 * log.
 */
#include "postgres.h"

#include "foreign/foreign.h"

#include "fdw/option/hide_literals.h"
#include "fdw/option/names.h"
#include "fdw/option/setting.h"
#include "fdw/session/cql_log.h"

/* A server dropped in this transaction has no name any more. */
static void
log_text(const ScyllaSession *session, const char *cql)
{
	ForeignServer *server = GetForeignServerExtended(session->serverid, FSV_MISSING_OK);

	ereport(LOG,
			(errmsg("CQL for server \"%s\": %s", server ? server->servername : "", cql),
			 errhidestmt(true), errhidecontext(true)));
}

void
scyllaLogCql(const ScyllaSession *session, const char *cql)
{
	if (scylla_log_cql)
		log_text(session, scyllaTellUtf8(cql));
}

void
scyllaLogCqlByHand(const ScyllaSession *session, const char *cql)
{
	if (scylla_log_cql)
		log_text(session, scyllaHideLiterals(cql));
}

void
scyllaLogStatement(ScyllaLogged *logged, const ScyllaSession *session, const ScyllaStatement *statement)
{
	if (!scylla_log_cql)
		return;
	for (int i = 0; i < Min(logged->n, SCYLLA_LOGGED); i++)
	{
		if (logged->number[i] == statement->number)
			return;
	}
	logged->number[logged->n++ % SCYLLA_LOGGED] = statement->number;
	scyllaLogCql(session, statement->text);
}
