/*
 * fdw/admin/connections.c
 *	  The clients of this backend, listed and closed by SQL functions.
 *
 * Backend thread. Owns nothing. Invariant: a session in use is never closed.
 */
#include "postgres.h"

#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "fdw/admin/connections.h"
#include "fdw/session/session.h"

/* A server dropped in this transaction has no name any more: NULL. */
static const char *
server_name(const ScyllaSession *s)
{
	ForeignServer *server = GetForeignServerExtended(s->serverid, FSV_MISSING_OK);

	return server ? server->servername : NULL;
}

/* Neither has an owner that is dropped. */
static const char *
owner_name(const ScyllaSession *s)
{
	return s->owner == InvalidOid ? "public" : GetUserNameFromId(s->owner, true);
}

static void
put_text(Datum *value, bool *null, const char *text)
{
	*null = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

void
scyllaListConnections(ReturnSetInfo *result)
{
	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		if (s->client == NULL)
			continue;
		put_text(&values[0], &nulls[0], server_name(s));
		put_text(&values[1], &nulls[1], owner_name(s));
		values[2] = BoolGetDatum(!s->invalidated);
		values[3] = BoolGetDatum(scyllaSessionInUse(s));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
warn_about_use(const ScyllaSession *s)
{
	const char *server = server_name(s);

	if (server == NULL)
		ereport(WARNING, (errmsg("cannot close dropped server connection because it is still in use")));
	else
		ereport(WARNING,
				(errmsg("cannot close connections to server \"%s\" because they are still in use", server)));
}

bool
scyllaDisconnect(Oid serverid)
{
	bool		closed = false;

	for (ScyllaSession *s = scyllaSessions(); s != NULL; s = s->next)
	{
		if (s->client == NULL || (OidIsValid(serverid) && s->serverid != serverid))
			continue;
		if (scyllaSessionInUse(s))
			warn_about_use(s);
		else
		{
			scyllaCloseSession(s);
			closed = true;
		}
	}
	return closed;
}
