/*
 * cluster/trace.c
 *	  What a client has lived through: the last few hundred events, for the backend.
 *
 * Submitter thread only.
 * Owns: the events, in a ring: the oldest one makes room for the next.
 * Invariants: nothing is allocated after cluster_trace_new but for an answer; every
 * text is valid UTF-8 and NUL-terminated, and holds no value of a request.
 */
#include "cluster/trace.h"

#include "cluster/failure.h"
#include "cql/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct Event
{
	int64_t		first;			/* microseconds since 1970 */
	int64_t		last;
	uint32_t	times;
	uint8_t		what;			/* ClusterEventKind */
	char		node[64];
	char		detail[200];
} Event;

struct ClusterTrace
{
	uint64_t	n;				/* events ever: the next one goes to n modulo CLUSTER_TRACE_EVENTS */
	Event		event[CLUSTER_TRACE_EVENTS];
};

ClusterTrace *
cluster_trace_new(void)
{
	return calloc(1, sizeof(ClusterTrace));
}

void
cluster_trace_free(ClusterTrace *trace)
{
	free(trace);
}

/* ---- adding ---- */

static int64_t
wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static Event *
event_at(ClusterTrace *trace, uint64_t number)
{
	return &trace->event[number % CLUSTER_TRACE_EVENTS];
}

static bool
is_same(const Event *a, const Event *b)
{
	return a->what == b->what && strcmp(a->node, b->node) == 0 && strcmp(a->detail, b->detail) == 0;
}

/* The same event, if it happened just now, by a clock that may be set back. NULL: this is a new one. */
static Event *
find_recent(ClusterTrace *trace, const Event *wanted)
{
	for (uint64_t back = 1; back <= CLUSTER_TRACE_RECENT && back <= trace->n; back++)
	{
		Event	   *event = event_at(trace, trace->n - back);

		if (is_same(event, wanted) && llabs(wanted->last - event->last) < CLUSTER_TRACE_APART)
			return event;
	}
	return NULL;
}

static void
add(ClusterTrace *trace, Event *event)
{
	Event	   *recent;

	event->first = event->last = wall_clock();
	event->times = 1;
	recent = find_recent(trace, event);
	if (recent)
	{
		recent->last = event->last > recent->last ? event->last : recent->last;
		recent->times += recent->times < INT32_MAX;
	}
	else
		*event_at(trace, trace->n++) = *event;
}

void
cluster_trace_add(ClusterTrace *trace, ClusterEventKind what, const char *node, const char *format,...)
{
	char		text[2 * sizeof(((Event *) NULL)->detail)];
	Event		event = {.what = (uint8_t) what};
	va_list		args;

	if (!trace)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cluster_failure_text(event.node, sizeof(event.node), node, strlen(node));
	cluster_failure_text(event.detail, sizeof(event.detail), text, strlen(text));
	add(trace, &event);
}

/* ---- texts ---- */

/* Who ends a connection on purpose need not be told. */
void
cluster_trace_closed(ClusterTrace *trace, const char *node, bool was_up, const NetFailure *why)
{
	ClusterEventKind what = CLUSTER_EVENT_UNREACHABLE;

	if (why->kind == NET_FAIL_NONE)
		return;
	if (was_up)
		what = CLUSTER_EVENT_LOST;
	else if (why->kind == NET_FAIL_CREDENTIALS || why->kind == NET_FAIL_VERSION || why->kind == NET_FAIL_PROTOCOL)
		what = CLUSTER_EVENT_REFUSED;
	cluster_trace_add(trace, what, node, "%s", why->message);
}

void
cluster_trace_connected(ClusterTrace *trace, const NetConnection *c, const char *purpose)
{
	const NetShard *shard = net_connection_shard(c);
	const char *name = net_connection_name(c);
	unsigned int version = net_connection_version(c);

	if (shard->nr_shards > 0)
		cluster_trace_add(trace, CLUSTER_EVENT_CONNECTED, name, "%s, protocol version %u, shard %u of %u", purpose,
						  version, shard->shard, shard->nr_shards);
	else
		cluster_trace_add(trace, CLUSTER_EVENT_CONNECTED, name, "%s, protocol version %u", purpose, version);
}

/* Of those that a request may be sent again after. */
static const char *
error_name(uint32_t code)
{
	switch (code)
	{
		case CQL_ERR_SERVER:
			return "server error";
		case CQL_ERR_UNAVAILABLE:
			return "unavailable";
		case CQL_ERR_OVERLOADED:
			return "overloaded";
		case CQL_ERR_BOOTSTRAPPING:
			return "bootstrapping";
		case CQL_ERR_TRUNCATE:
			return "truncate error";
		case CQL_ERR_WRITE_TIMEOUT:
			return "write timeout";
		case CQL_ERR_READ_TIMEOUT:
			return "read timeout";
		case CQL_ERR_WRITE_FAILURE:
			return "write failure";
		case CQL_ERR_UNPREPARED:
			return "unprepared";
		default:
			return "error";
	}
}

void
cluster_trace_error(ClusterTrace *trace, const char *node, const CqlError *error)
{
	cluster_trace_add(trace, CLUSTER_EVENT_RETRIED, node, "%s (0x%04X)", error_name(error->code), error->code);
}

void
cluster_trace_topology(ClusterTrace *trace, const char *node, const ClusterTopology *t)
{
	if (t->local_rack)
		cluster_trace_add(trace, CLUSTER_EVENT_TOPOLOGY, node, "nodes: %u, in data center \"%s\", of which in rack \"%s\": %u",
						  t->nlocal, t->local_dc, t->local_rack, t->nrack);
	else
		cluster_trace_add(trace, CLUSTER_EVENT_TOPOLOGY, node, "nodes: %u, in data center \"%s\"", t->nlocal, t->local_dc);
}

void
cluster_trace_schema(ClusterTrace *trace, const char *node, const CqlEvent *event)
{
	cluster_trace_add(trace, CLUSTER_EVENT_SCHEMA, node, "%.*s %.*s%s%.*s %.*s",
					  (int) event->target.len, event->target.data, (int) event->keyspace.len, event->keyspace.data,
					  event->name.len > 0 ? "." : "", (int) event->name.len, event->name.data,
					  (int) event->change.len, event->change.data);
}

static uint8_t
magnitude_of(uint32_t limit)
{
	return limit > 0 ? (uint8_t) (32 - __builtin_clz(limit)) : 0;
}

void
cluster_trace_window(ClusterTrace *trace, const char *node, uint32_t limit, uint8_t *magnitude)
{
	uint8_t		before = *magnitude;
	uint8_t		now = magnitude_of(limit);

	if (before != 0 && now + 1 >= before && now <= before + 1)
		return;					/* there and back again says nothing */
	*magnitude = now;
	if (before == 0)
		return;
	if (now > before)
		cluster_trace_add(trace, CLUSTER_EVENT_WINDOW, node, "grows to %u and more", 1u << (now - 1));
	else
		cluster_trace_add(trace, CLUSTER_EVENT_WINDOW, node, "falls below %u", 1u << now);
}

/* ---- telling ---- */

static void
put_events(CqlBuffer *body, const ClusterTrace *trace)
{
	static const char *const name[] = {
		[CLUSTER_EVENT_CONNECTED] = "connected",
		[CLUSTER_EVENT_UNREACHABLE] = "unreachable",
		[CLUSTER_EVENT_REFUSED] = "handshake refused",
		[CLUSTER_EVENT_LOST] = "connection lost",
		[CLUSTER_EVENT_DOWN] = "cluster down",
		[CLUSTER_EVENT_RETRIED] = "request retried",
		[CLUSTER_EVENT_FORGOTTEN] = "prepared again",
		[CLUSTER_EVENT_WINDOW] = "window moved",
		[CLUSTER_EVENT_SUSPECT] = "node suspect",
		[CLUSTER_EVENT_TOPOLOGY] = "topology read",
		[CLUSTER_EVENT_SCHEMA] = "schema changed",
	};
	uint64_t	oldest = trace->n > CLUSTER_TRACE_EVENTS ? trace->n - CLUSTER_TRACE_EVENTS : 0;

	cql_trace_put(body, (uint32_t) (trace->n - oldest));
	for (uint64_t i = oldest; i < trace->n; i++)
	{
		const Event *event = &trace->event[i % CLUSTER_TRACE_EVENTS];

		cql_trace_put_event(body, &(CqlTraceEvent) {event->first, event->last, event->times, event->node,
													name[event->what], event->detail});
	}
}

void
cluster_trace_answer(const ClusterTrace *trace, ClusterRequest *request)
{
	CqlBuffer	body = {0};

	put_events(&body, trace);
	request->failed = body.failed;
	request->failure = NULL;	/* failed without one: out of memory */
	if (request->failed)
		cql_buffer_free(&body);
	request->body = body.data;
	request->body_length = (uint32_t) body.len;
}
