/*
 * fdw/session/query.c
 *	  CQL by hand.
 *
 * Backend thread. Owns nothing. Invariant: what a text does is not known, so it
 * is never sent twice.
 */
#include "postgres.h"

#include <ctype.h>

#include "foreign/foreign.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "fdw/compat.h"
#include "fdw/session/deparse.h"
#include "fdw/session/exchange.h"
#include "fdw/session/node.h"
#include "fdw/session/option.h"
#include "fdw/session/query.h"
#include "fdw/session/rows.h"
#include "fdw/session/session.h"
#include "fdw/type/typemap.h"

#define AGREEMENT_TIMEOUT 60000 /* ms */
#define AGREEMENT_INTERVAL 20

static const CqlBytes no_state = {NULL, -1};

/* ---- what a text is for ---- */

/* A newline, or the end of the text. */
static const char *
end_of_line(const char *cql)
{
	return cql + strcspn(cql, "\r\n");
}

static const char *
skip_space_and_comments(const char *cql)
{
	for (;;)
	{
		const char *end;

		cql += strspn(cql, " \t\r\n\f");
		if (strncmp(cql, "--", 2) == 0 || strncmp(cql, "//", 2) == 0)
			cql = end_of_line(cql);
		else if (strncmp(cql, "/*", 2) == 0 && (end = strstr(cql + 2, "*/")) != NULL)
			cql = end + 2;
		else
			return cql;
	}
}

/* By its first word. What is not known to read alone may write. */
static bool
only_reads(const char *cql)
{
	static const char *const readers[] = {"select", "list", "describe", "desc"};
	const char *word = skip_space_and_comments(cql);
	size_t		length = 0;

	while (isalnum((unsigned char) word[length]) || word[length] == '_')
		length++;
	for (int i = 0; i < (int) lengthof(readers); i++)
	{
		if (strlen(readers[i]) == length && pg_strncasecmp(word, readers[i], length) == 0)
			return true;
	}
	return false;
}

static ScyllaSession *
session_of(const char *server_name, const char *cql, ScyllaTableOptions **options)
{
	ForeignServer *server = GetForeignServerByName(server_name, false);
	bool		writes = !only_reads(cql);
	ScyllaSession *session;

	scyllaCheckServerUsage(server, GetUserId());
	if (writes)
		PreventCommandIfReadOnly("CQL that may write");
	session = scyllaGetSession(GetUserId(), server->serverid);
	*options = scyllaServerOptions(server);
	scyllaDrainWriters(session, NULL);
	scyllaFence(session);
	session->by_hand |= writes;
	return session;
}

/* ---- schema agreement ---- */

/* What a node says of itself; zeros where it does not. */
typedef struct SelfDescription
{
	uint8		host_id[16];
	uint8		schema_version[16];
} SelfDescription;

static SelfDescription *
ask_a_node(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaResponse response = scyllaQuery(session, options, "SELECT host_id, schema_version FROM system.local", NULL, no_state);
	ScyllaRows *rows = scyllaRowsBegin(response.body, response.length);
	SelfDescription *self = palloc0(sizeof(*self));

	if (scyllaRowsNext(rows) && rows->metadata.count == 2 && rows->value[0].len == 16 && rows->value[1].len == 16)
	{
		memcpy(self->host_id, rows->value[0].data, 16);
		memcpy(self->schema_version, rows->value[1].data, 16);
	}
	scyllaRowsEnd(rows);
	return self;
}

/*
 * Ask the nodes themselves: what one knows of the others is older than what they
 * know. Requests go around the nodes, so a few rounds meet each one that this
 * session may send its next request to.
 */
static bool
schema_agrees(ScyllaSession *session, const ScyllaTableOptions *options)
{
	int			nodes = scyllaConnectedNodes(session, options);
	List	   *met = NIL;

	for (int asked = 0; list_length(met) < nodes && asked < 3 * nodes; asked++)
	{
		SelfDescription *self = ask_a_node(session, options);
		bool		known = false;
		ListCell   *lc;

		foreach(lc, met)
		{
			const SelfDescription *other = lfirst(lc);

			if (memcmp(self->schema_version, other->schema_version, sizeof(self->schema_version)) != 0)
				return false;
			known |= memcmp(self->host_id, other->host_id, sizeof(self->host_id)) == 0;
		}
		if (!known)
			met = lappend(met, self);
	}
	return list_length(met) >= nodes;
}

/* Until then another node may not know the table that this one has just made. */
static void
await_schema_agreement(ScyllaSession *session, const ScyllaTableOptions *options)
{
	ScyllaTableOptions local = *options;
	TimestampTz begun = GetCurrentTimestamp();

	local.read_consistency = CQL_ONE;
	while (!schema_agrees(session, &local))
	{
		if (TimestampDifferenceExceeds(begun, GetCurrentTimestamp(), AGREEMENT_TIMEOUT))
		{
			ereport(WARNING, (errmsg("the nodes of the cluster do not agree on the schema yet")));
			return;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, AGREEMENT_INTERVAL,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

void
scyllaExecuteCql(const char *server, const char *cql)
{
	ScyllaTableOptions *options;
	ScyllaSession *session = session_of(server, cql, &options);
	ScyllaResponse response;
	CqlReader	r;

	options->read_consistency = options->write_consistency;
	response = scyllaQuery(session, options, scyllaToUtf8(cql), NULL, no_state);
	r = cql_reader(response.body, response.body ? response.length : 0);
	if (response.body && cql_response_result_kind(&r) == CQL_RESULT_SCHEMA_CHANGE)
	{
		scyllaForgetSchema(session);
		await_schema_agreement(session, options);
	}
}

/* ---- rows ---- */

static void
append_row(StringInfo json, const ScyllaRows *rows)
{
	appendStringInfoChar(json, '{');
	for (uint32_t i = 0; i < rows->metadata.count; i++)
	{
		const CqlColumn *column = &rows->metadata.column[i];

		if (i > 0)
			appendStringInfoChar(json, ',');
		escape_json(json, scyllaFromUtf8(column->name));
		appendStringInfoChar(json, ':');
		scyllaAppendJson(json, column->type, rows->value[i]);
	}
	appendStringInfoChar(json, '}');
}

static void
store_rows(ReturnSetInfo *result, ScyllaRows *rows)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw row", ALLOCSET_DEFAULT_SIZES);

	while (scyllaRowsNext(rows))
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		StringInfoData json;
		bool		isnull = false;
		Datum		value;

		initStringInfo(&json);
		append_row(&json, rows);
		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
}

void
scyllaQueryCql(const char *server, const char *cql, ReturnSetInfo *result)
{
	ScyllaTableOptions *options;
	ScyllaSession *session = session_of(server, cql, &options);
	char	   *text = scyllaToUtf8(cql);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext page = AllocSetContextCreate(caller, "scylla_fdw page", ALLOCSET_DEFAULT_SIZES);
	bool		more = true;

	for (CqlBytes paging_state = no_state; more;)
	{
		ScyllaResponse response;
		ScyllaRows *rows;

		MemoryContextSwitchTo(page);
		response = scyllaQuery(session, options, text, NULL, paging_state);
		rows = scyllaRowsBegin(response.body, response.length);
		store_rows(result, rows);
		more = rows->metadata.paging_state.len >= 0;
		MemoryContextSwitchTo(caller);
		if (more)
		{
			paging_state.len = rows->metadata.paging_state.len;
			paging_state.data = memcpy(palloc(paging_state.len), rows->metadata.paging_state.data, paging_state.len);
		}
		MemoryContextReset(page);
	}
	MemoryContextDelete(page);
}
