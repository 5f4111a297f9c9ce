/*
 * cql/trace.c
 *	  What a client has lived through, as the core tells it to the backend.
 *
 * Pure; any thread. Owns nothing. Invariant: no more events are claimed than there
 * are bytes for.
 */
#include "cql/trace.h"

#define MIN_EVENT_SIZE 26		/* two times, a number, three empty strings */

void
cql_trace_put(CqlBuffer *b, uint32_t nevents)
{
	cql_put_u32(b, nevents);
}

void
cql_trace_put_event(CqlBuffer *b, const CqlTraceEvent *event)
{
	cql_put_u64(b, (uint64_t) event->first);
	cql_put_u64(b, (uint64_t) event->last);
	cql_put_u32(b, event->times);
	cql_put_string(b, event->node);
	cql_put_string(b, event->what);
	cql_put_string(b, event->detail);
}

static const char *
get_text(CqlReader *r, CqlArena *arena)
{
	CqlString	text = cql_get_string(r);

	return r->failed ? NULL : cql_arena_strdup(arena, text.data, text.len);
}

bool
cql_trace_get(CqlReader *r, CqlArena *arena, CqlTrace *out)
{
	*out = (CqlTrace) {.nevents = cql_get_u32(r)};
	if (r->failed || out->nevents > cql_reader_left(r) / MIN_EVENT_SIZE)
		return false;
	out->event = cql_arena_alloc(arena, out->nevents * sizeof(*out->event));
	for (uint32_t i = 0; out->event && i < out->nevents; i++)
	{
		CqlTraceEvent *event = &out->event[i];

		event->first = (int64_t) cql_get_u64(r);
		event->last = (int64_t) cql_get_u64(r);
		event->times = cql_get_u32(r);
		event->node = get_text(r, arena);
		event->what = get_text(r, arena);
		event->detail = get_text(r, arena);
	}
	return !r->failed && !arena->failed;
}
