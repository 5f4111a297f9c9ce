/*
 * fdw/session/rows.h
 *	  A RESULT body of kind Rows, read row by row.
 *
 * Backend thread. Borrows the body; metadata lives in the arena and dies with
 * scyllaRowsEnd or, after an error, with the memory context that was current at
 * scyllaRowsBegin.
 */
#ifndef FDW_SESSION_ROWS_H
#define FDW_SESSION_ROWS_H

#include "postgres.h"

#include "cql/response.h"

typedef struct ScyllaRows
{
	CqlMetadata metadata;
	uint32_t	left;			/* rows not yet read */
	CqlBytes   *value;			/* of the current row, one per column; borrowed from the body */
	CqlReader	r;
	CqlArena	arena;
	MemoryContextCallback callback;
} ScyllaRows;

/* A body that is not Rows (Void, schema change ...) yields zero rows and columns. palloc'd. */
extern ScyllaRows *scyllaRowsBegin(const uint8_t *body, uint32 length);
/* The same of a body that may leave its metadata out: it has that of known, which must live as long. NULL: it may not. */
extern ScyllaRows *scyllaRowsBeginAs(const uint8_t *body, uint32 length, const CqlMetadata *known);
extern void scyllaRowsBroken(void) __attribute__((noreturn));
extern void scyllaRowsEnd(ScyllaRows *rows);

/* To the next row; false: there is none. Inline: each row read comes through here. */
static inline bool
scyllaRowsNext(ScyllaRows *rows)
{
	CqlReader	r = rows->r;	/* in registers, as nothing that is stored here can be in it */
	CqlBytes   *value = rows->value;

	if (rows->left == 0)
		return false;
	rows->left--;
	for (uint32_t i = 0; i < rows->metadata.count; i++)
		value[i] = cql_get_bytes(&r);
	rows->r = r;
	if (r.failed)
		scyllaRowsBroken();
	return true;
}

/* Whether a conditional write was applied: its answer is a row whose first column tells. */
extern bool scyllaAnswerApplied(const uint8_t *body, uint32 length);

/* The same, 0 or 1; raises nothing. -1: it does not say, or memory is out. */
extern int	scyllaReadApplied(const uint8_t *body, uint32 length);

/* Frees an arena when the current memory context goes. */
extern void scyllaTieArena(MemoryContextCallback *callback, CqlArena *arena);

#endif							/* FDW_SESSION_ROWS_H */
