/*
 * fdw/session/statement.c
 *	  Preparing, and remembering what was prepared.
 *
 * Backend thread. Owns the statements of a session, in its memory context.
 * Invariant: a number stands for one text for the life of the client; a text that
 * must be prepared anew gets a new number.
 *
 * PREPARE is a request like others. Its completion brings the body of the RESULT
 * Prepared back. The backend decodes the bind types from it, and cluster/statement.c
 * keeps the id: each side has a copy of its own, and nothing is shared.
 *
 * The backend gives the numbers, and never uses one again. So a request can name its
 * statement before any node knows it, and a late answer cannot mean another text.
 *
 * After an event about its table, a statement that is used is asked about once
 * (is_as_before): nodes do not tell of all changes by UNPREPARED. Fields of a
 * user-defined type that were renamed make values wrong, not refused. A statement
 * keeps its number if its markers are the same, as the core keeps each statement
 * that it was ever given.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "fdw/session/error.h"
#include "fdw/session/rows.h"
#include "fdw/session/single_request.h"
#include "fdw/session/statement.h"
#include "fdw/session/warning.h"

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

/* Into zeroed memory. */
static void
decode_prepared(const ScyllaResponse *response, CqlArena *arena, CqlMetadata *bind, CqlMetadata *result)
{
	CqlReader	r = cql_reader(response->body, response->body ? response->length : 0);
	CqlPrepared prepared;

	if (cql_response_result_kind(&r) != CQL_RESULT_PREPARED ||
		!cql_response_prepared(&r, response->has_metadata_id, arena, &prepared) ||
		(prepared.bind.count > 0 && prepared.bind.column == NULL))
		scyllaRaiseMalformed("PREPARED message");
	for (uint16_t i = 0; i < prepared.bind.pk_count; i++)
	{
		if (prepared.bind.pk_index[i] >= prepared.bind.count)
			scyllaRaiseMalformed("PREPARED message");
	}
	*bind = prepared.bind;
	*result = prepared.result;
}

static ScyllaResponse
request_prepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql, uint32 number)
{
	RequestTemplate request = {.kind = CLUSTER_PREPARE, .statement = number, .idempotent = true};
	CqlBuffer	payload = {.data = (uint8_t *) unconstify(char *, cql), .len = strlen(cql)};
	ScyllaResponse response;

	request.timeout_ms = (uint32_t) options->request_timeout;
	response = scyllaRequest(session, &request, &payload, cql);
	scyllaTellWarnings(response.warnings, false);
	return response;
}

/* In a context of its own, below the caller's until it is wanted for longer. */
static ScyllaStatement *
prepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql)
{
	uint32		version = session->schema_version;
	uint32		number = session->next_statement++;
	ScyllaResponse response = request_prepare(session, options, cql, number);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw statement", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ScyllaStatement *statement = palloc0(sizeof(*statement));

	scyllaTieArena(&statement->callback, &statement->arena);
	statement->text = pstrdup(cql);
	MemoryContextSwitchTo(old);
	statement->number = number;
	statement->schema_version = version;
	decode_prepared(&response, &statement->arena, &statement->bind, &statement->result);
	return statement;
}

static bool
same_markers(const CqlMetadata *a, const CqlMetadata *b)
{
	if (a->count != b->count || a->pk_count != b->pk_count ||
		(a->pk_count > 0 && memcmp(a->pk_index, b->pk_index, a->pk_count * sizeof(*a->pk_index)) != 0))
		return false;
	for (uint32_t i = 0; i < a->count; i++)
	{
		if (strcmp(a->column[i].name, b->column[i].name) != 0 || !cql_type_equal(a->column[i].type, b->column[i].type))
			return false;
	}
	return true;
}

/* Its number stays, as those do that other nodes have prepared. */
static bool
is_as_before(ScyllaSession *session, const ScyllaTableOptions *options, ScyllaStatement *statement)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "scylla_fdw prepared", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	MemoryContextCallback *callback = palloc0(sizeof(*callback));
	CqlArena   *arena = palloc0(sizeof(*arena));
	CqlMetadata bind;
	CqlMetadata result;
	ScyllaResponse response;
	bool		same;

	scyllaTieArena(callback, arena);
	response = request_prepare(session, options, statement->text, statement->number);
	decode_prepared(&response, arena, &bind, &result);
	same = same_markers(&bind, &statement->bind);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return same;
}

ScyllaStatement *
scyllaPrepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql)
{
	StatementEntry *entry;
	ScyllaStatement *statement;

	if (session->statements == NULL)
		session->statements = create_cache(session->context);
	entry = hash_search(session->statements, &cql, HASH_FIND, NULL);
	if (entry != NULL && (!scyllaChangedSince(session, options, entry->statement->schema_version) ||
						  is_as_before(session, options, entry->statement)))
	{
		entry->statement->schema_version = session->schema_version;
		return entry->statement;
	}

	session->forgotten |= entry != NULL;
	statement = prepare(session, options, cql);
	entry = hash_search(session->statements, &statement->text, HASH_ENTER, NULL);
	entry->statement = statement;
	MemoryContextSetParent(GetMemoryChunkContext(statement), session->context);
	Assert(statement->number < session->next_statement && strcmp(statement->text, cql) == 0);
	return statement;
}
