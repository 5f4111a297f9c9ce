/*
 * fdw/session/statement.h
 *	  Prepared statements of a session, by text.
 *
 * Backend thread. A statement belongs to its session and stays valid as long as
 * a pipeline of that session is open or its transaction runs. Every node prepares
 * the text for itself when it first meets the number, and again when it has
 * forgotten it; the bind markers are the same each time or its requests fail as
 * stale.
 */
#ifndef FDW_SESSION_STATEMENT_H
#define FDW_SESSION_STATEMENT_H

#include "fdw/session/session.h"

typedef struct ScyllaStatement
{
	const char *text;			/* hash key */
	uint32		number;			/* RequestTemplate.statement */
	uint32		schema_version; /* the session's when it was prepared, or last found to be of use */
	CqlMetadata bind;
	CqlMetadata result;			/* of a SELECT: what answers that leave it out have */
	uint64		row_bytes;		/* of a SELECT: of rows that came last; 0: none did */
	uint64		read_bytes;		/* and that a node reads for each, where that was looked at; 0: it was not */
	CqlArena	arena;
	MemoryContextCallback callback;
} ScyllaStatement;

/*
 * From the cache, or prepared now on one node. Failures are raised with the text.
 * After a change of the options' table, which the text is about, a node is asked whether it is as before, as those
 * that did not notice take what was encoded for other types.
 */
extern ScyllaStatement *scyllaPrepare(ScyllaSession *session, const ScyllaTableOptions *options, const char *cql);

#endif							/* FDW_SESSION_STATEMENT_H */
