/*
 * cql/trace.h
 *	  What a client has lived through, as the core tells it to the backend: the body
 *	  of the answer to CLUSTER_TRACE. No node ever sends or gets it.
 *
 * Pure; any thread.
 *
 *	 [int n] n x ([long first] [long last] [int times] [string node] [string what] [string detail])
 */
#ifndef CQL_TRACE_H
#define CQL_TRACE_H

#include "cql/buffer.h"

/* Texts are UTF-8, NUL-terminated. */
typedef struct CqlTraceEvent
{
	int64_t		first;			/* when it happened, in microseconds since 1970 */
	int64_t		last;			/* when it happened for the last time */
	uint32_t	times;			/* that it happened in between */
	const char *node;			/* address and port; "": of no node */
	const char *what;
	const char *detail;
} CqlTraceEvent;

typedef struct CqlTrace
{
	CqlTraceEvent *event;		/* oldest first */
	uint32_t	nevents;
} CqlTrace;

/* The number of events, then each of them. */
extern void cql_trace_put(CqlBuffer *b, uint32_t nevents);
extern void cql_trace_put_event(CqlBuffer *b, const CqlTraceEvent *event);

/* Into the arena, nothing borrowed. false: malformed or out of memory (arena->failed). */
extern bool cql_trace_get(CqlReader *r, CqlArena *arena, CqlTrace *out);

#endif							/* CQL_TRACE_H */
