/*
 * fdw/session/rows.c
 *	  Reading the rows of one response.
 *
 * Backend thread. Owns the decoded metadata, not the body. Invariant: a value
 * never reaches beyond the body, whatever lengths it claims.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "fdw/session/error.h"
#include "fdw/session/rows.h"

static void
free_arena(void *arg)
{
	cql_arena_free(arg);
}

void
scyllaTieArena(MemoryContextCallback *callback, CqlArena *arena)
{
	callback->func = free_arena;
	callback->arg = arena;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

static void
check(bool ok, const CqlArena *arena)
{
	if (ok && !arena->failed)
		return;
	if (arena->failed)
		scyllaRaiseOutOfMemory();
	scyllaRowsBroken();
}

ScyllaRows *
scyllaRowsBegin(const uint8_t *body, uint32 length)
{
	return scyllaRowsBeginAs(body, length, NULL);
}

ScyllaRows *
scyllaRowsBeginAs(const uint8_t *body, uint32 length, const CqlMetadata *known)
{
	ScyllaRows *rows = palloc0(sizeof(*rows));

	scyllaTieArena(&rows->callback, &rows->arena);
	rows->metadata.paging_state.len = -1;
	rows->metadata.new_metadata_id.len = -1;
	if (body == NULL)
		return rows;
	rows->r = cql_reader(body, length);
	if (cql_response_result_kind(&rows->r) != CQL_RESULT_ROWS)
		return rows;
	check(cql_response_rows(&rows->r, &rows->arena, &rows->metadata, &rows->left), &rows->arena);
	if (rows->metadata.column == NULL && known != NULL && known->count == rows->metadata.count)
		rows->metadata.column = known->column;
	check(rows->metadata.count == 0 || rows->metadata.column != NULL, &rows->arena);
	rows->value = palloc(sizeof(CqlBytes) * Max(rows->metadata.count, 1));
	return rows;
}

void
scyllaRowsBroken(void)
{
	scyllaRaiseMalformed("RESULT message");
}

void
scyllaRowsEnd(ScyllaRows *rows)
{
	cql_arena_free(&rows->arena);
}

int
scyllaReadApplied(const uint8_t *body, uint32 length)
{
	CqlReader	r = cql_reader(body, body ? length : 0);
	CqlArena	arena = {0};
	CqlMetadata metadata;
	uint32_t	rows = 0;
	int			applied = -1;

	if (cql_response_result_kind(&r) == CQL_RESULT_ROWS && cql_response_rows(&r, &arena, &metadata, &rows) &&
		rows > 0 && metadata.count > 0)
	{
		CqlBytes	value = cql_get_bytes(&r);

		if (!r.failed && value.len == 1)
			applied = value.data[0] != 0;
	}
	cql_arena_free(&arena);
	return applied;
}

bool
scyllaAnswerApplied(const uint8_t *body, uint32 length)
{
	int			applied = scyllaReadApplied(body, length);

	if (applied < 0)
		scyllaRaiseMalformed("answer to a conditional write");
	return applied;
}
