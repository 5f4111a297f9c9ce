/*
 * fdw/admin/query.c
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
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "fdw/admin/query.h"
#include "fdw/catalog/agree.h"
#include "fdw/catalog/missing.h"
#include "fdw/compat.h"
#include "fdw/option/names.h"
#include "fdw/option/resolve.h"
#include "fdw/session/cql_log.h"
#include "fdw/session/rows.h"
#include "fdw/session/session.h"
#include "fdw/session/single_request.h"
#include "fdw/session/transaction.h"
#include "fdw/session/wait.h"
#include "fdw/session/warning.h"
#include "fdw/type/json.h"

#define FIRST_ROWS 4			/* of CQL by hand: nobody knows how large its rows are */
#define PAGE_BYTES UINT64CONST(4194304)

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
	static const char *const reading[] = {"select", "list", "describe", "desc"};
	const char *word = skip_space_and_comments(cql);
	size_t		length = 0;

	while (isalnum((unsigned char) word[length]) || word[length] == '_')
		length++;
	for (int i = 0; i < (int) lengthof(reading); i++)
	{
		if (strlen(reading[i]) == length && pg_strncasecmp(word, reading[i], length) == 0)
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
	if (writes)
		scyllaFence(session, PIPELINE_TIMED);
	session->by_hand |= writes;
	scyllaLogCqlByHand(session, cql);
	return session;
}

/* A page of so many rows. A name that is not there is told with the nearest one that is. */
static ScyllaResponse
send_text(ScyllaSession *session, const ScyllaTableOptions *options, const char *text, int rows, CqlBytes paging_state)
{
	ScyllaTableOptions local = *options;
	ScyllaResponse response;
	const char *hint = NULL;

	local.fetch_size = rows;
	response = scyllaTryQuery(session, &local, text, NULL, paging_state);
	scyllaTellWarnings(response.warnings, true);
	if (!response.failed)
		return response;
	if (response.code == CQL_ERR_INVALID || response.code == CQL_ERR_SYNTAX || response.code == CQL_ERR_CONFIG)
		hint = scyllaMissingHint(session, options, text, response.failure->message);
	scyllaRaiseByHand(session, &response, text, hint);
}

void
scyllaExecuteCql(const char *server, const char *cql)
{
	ScyllaTableOptions *options;
	ScyllaSession *session = session_of(server, cql, &options);
	ScyllaResponse response;
	CqlReader	r;
	CqlEvent	change;

	options->read_consistency = options->write_consistency;
	response = send_text(session, options, scyllaToUtf8(cql), options->fetch_size, no_state);
	r = cql_reader(response.body, response.body ? response.length : 0);
	if (response.body && cql_response_result_kind(&r) == CQL_RESULT_SCHEMA_CHANGE)
	{
		scyllaForgetSchema(session);
		scyllaAwaitSchema(session, options);
		if (strcasestr(cql, "INDEX") && cql_response_schema_change(r, &change) && cql_string_equal(change.target, "TABLE"))
			scyllaAwaitIndexes(session, options, change.keyspace, change.name);
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

/* A few rows first, then as many of their size as a page should have. */
static int
next_page_rows(int most, const ScyllaRows *rows, size_t bytes)
{
	uint64		row_bytes = rows->left > 0 ? bytes / rows->left : PAGE_BYTES / FIRST_ROWS;

	return (int) Min((uint64) most, Max(PAGE_BYTES / Max(row_bytes, 1), 1));
}

void
scyllaQueryCql(const char *server, const char *cql, ReturnSetInfo *result)
{
	ScyllaTableOptions *options;
	ScyllaSession *session = session_of(server, cql, &options);
	char	   *text = scyllaToUtf8(cql);
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext page = AllocSetContextCreate(caller, "scylla_fdw page", ALLOCSET_DEFAULT_SIZES);
	int			rows_asked = Min(options->fetch_size, FIRST_ROWS);
	bool		more = true;

	for (CqlBytes paging_state = no_state; more;)
	{
		ScyllaResponse response;
		ScyllaRows *rows;

		MemoryContextSwitchTo(page);
		response = send_text(session, options, text, rows_asked, paging_state);
		rows = scyllaRowsBegin(response.body, response.length);
		rows_asked = next_page_rows(options->fetch_size, rows, response.length);
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
