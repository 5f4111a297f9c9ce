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
	/* no request asks the server to leave metadata out */
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

bool
scyllaAnswerApplied(const uint8_t *body, uint32 length)
{
	ScyllaRows *rows = scyllaRowsBegin(body, length);
	bool		applied;

	if (!scyllaRowsNext(rows) || rows->metadata.count == 0 || rows->value[0].len != 1)
		scyllaRaiseMalformed("answer to a conditional write");
	applied = rows->value[0].data[0] != 0;
	scyllaRowsEnd(rows);
	return applied;
}
