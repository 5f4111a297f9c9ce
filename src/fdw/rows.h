/*
 * fdw/rows.h
 *	  A RESULT body of kind Rows, read row by row.
 *
 * Backend thread. Borrows the body; metadata lives in the arena and dies with
 * scyllaRowsEnd or, after an error, with the memory context that was current at
 * scyllaRowsBegin.
 */
#ifndef FDW_ROWS_H
#define FDW_ROWS_H

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
extern bool scyllaRowsNext(ScyllaRows *rows);
extern void scyllaRowsEnd(ScyllaRows *rows);

/* Whether a conditional write was applied: its answer is a row whose first column tells. Leaves memory in the current context. */
extern bool scyllaAnswerApplied(const uint8_t *body, uint32 length);

/* Frees an arena when the current memory context goes. */
extern void scyllaTieArena(MemoryContextCallback *callback, CqlArena *arena);

#endif							/* FDW_ROWS_H */
