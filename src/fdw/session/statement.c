/*
 * fdw/session/statement.c
 *	  Preparing, and remembering what was prepared.
 *
 * Backend thread. Owns the statements of a session, in its memory context.
 * Invariant: a number stands for one text for the life of the client; a text that
 * must be prepared anew gets a new number.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "fdw/session/error.h"
#include "fdw/session/exchange.h"
#include "fdw/session/rows.h"
#include "fdw/session/statement.h"

typedef struct StatementEntry
{
	const char *text;			/* key: compared by content */
	ScyllaStatement *statement;
} StatementEntry;

static uint32
hash_text(const void *key, Size keysize)
{
	const char *text = *(const char *const *) key;

	return DatumGetUInt32(hash_any((const unsigned char *) text, strlen(text)));
}

static int
match_text(const void *a, const void *b, Size keysize)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static HTAB *
create_cache(MemoryContext context)
{
	HASHCTL		ctl = {.keysize = sizeof(char *), .entrysize = sizeof(StatementEntry),
	.hash = hash_text, .match = match_text, .hcxt = context};

	return hash_create("scylla_fdw statements", 16, &ctl,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static void
decode_prepared(ScyllaStatement *statement, const ScyllaResponse *response)
{
	CqlReader	r = cql_reader(response->body, response->body ? response->length : 0);
	CqlPrepared prepared;

	if (cql_response_result_kind(&r) != CQL_RESULT_PREPARED ||
		!cql_response_prepared(&r, response->has_metadata_id, &statement->arena, &prepared) ||
		(prepared.bind.count > 0 && prepared.bind.column == NULL))
		scyllaRaiseMalformed("PREPARED message");
	for (uint16_t i = 0; i < prepared.bind.pk_count; i++)
	{
		if (prepared.bind.pk_index[i] >= prepared.bind.count)
			scyllaRaiseMalformed("PREPARED message");
	}
	statement->bind = prepared.bind;
	statement->result = prepared.result;
}

static ScyllaStatement *
prepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql)
{
	RequestTemplate request = {.kind = CLUSTER_PREPARE, .idempotent = true};
	CqlBuffer	payload = {.data = (uint8_t *) unconstify(char *, cql), .len = strlen(cql)};
	MemoryContext old;
	ScyllaStatement *statement;
	ScyllaResponse response;

	request.statement = session->next_statement++;
	request.timeout_ms = (uint32_t) options->request_timeout;
	response = scyllaRequest(session, &request, &payload, cql);

	old = MemoryContextSwitchTo(session->context);
	statement = palloc0(sizeof(*statement));
	scyllaTieArena(&statement->callback, &statement->arena);
	statement->text = pstrdup(cql);
	MemoryContextSwitchTo(old);
	statement->number = request.statement;
	decode_prepared(statement, &response);
	return statement;
}

ScyllaStatement *
scyllaPrepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql)
{
	StatementEntry *entry;
	ScyllaStatement *statement;

	if (session->statements == NULL)
		session->statements = create_cache(session->context);
	entry = hash_search(session->statements, &cql, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->statement;

	statement = prepare(session, options, cql);
	entry = hash_search(session->statements, &statement->text, HASH_ENTER, NULL);
	entry->statement = statement;
	return statement;
}
