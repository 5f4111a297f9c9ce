/*
 * fdw/admin/events.c
 *	  What the client of this session has lived through: connections, retries, the
 *	  topology.
 *
 * Backend thread. Owns nothing. Invariant: who asks for events changes nothing of
 * what they tell: no client is opened, no connection made, no node asked.
 */
#include "postgres.h"

#include "foreign/foreign.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "cql/trace.h"
#include "fdw/admin/events.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/resolve.h"
#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"

/* Goes with CurrentMemoryContext. */
typedef struct Told
{
	CqlTrace	trace;
	CqlArena	arena;
	MemoryContextCallback callback;
} Told;

static const CqlTrace *
ask(ScyllaSession *session, const ScyllaTableOptions *options)
{
	Told	   *told = palloc0(sizeof(*told));
	CqlReader	r = scyllaAskClient(session, options, CLUSTER_TRACE, NULL);

	scyllaTieArena(&told->callback, &told->arena);
	if (cql_trace_get(&r, &told->arena, &told->trace))
		return &told->trace;
	if (told->arena.failed)
		scyllaRaiseOutOfMemory();
	scyllaRaiseMalformed("list of events");
}

static Datum
text_datum(const char *utf8)
{
	return CStringGetTextDatum(scyllaTellUtf8(utf8));
}

static Datum
time_datum(int64 since_1970)
{
	return TimestampTzGetDatum(since_1970 - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY);
}

static void
put_event(ReturnSetInfo *result, const CqlTraceEvent *event)
{
	Datum		values[] = {
		time_datum(event->first), text_datum(event->node),
		text_datum(event->what), text_datum(event->detail),
		Int32GetDatum((int32) event->times), time_datum(event->last)
	};
	bool		nulls[lengthof(values)] = {[1] = event->node[0] == '\0'};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

void
scyllaListEvents(const char *server_name, ReturnSetInfo *result)
{
	ForeignServer *server = GetForeignServerByName(server_name, false);
	ScyllaSession *session;
	const CqlTrace *told;

	scyllaCheckServerUsage(server, GetUserId());
	session = scyllaFindSession(GetUserId(), server->serverid);
	if (session == NULL)
		return;
	told = ask(session, scyllaServerOptions(server));
	for (uint32 i = 0; i < told->nevents; i++)
		put_event(result, &told->event[i]);
}
