/*
 * cluster/trace.h
 *	  What a client has lived through: the last few hundred events, for the backend.
 *
 * Submitter thread only; one allocation for all events, no I/O. Nothing is told of
 * requests that go well.
 *
 * What repeats is counted, as thousands of requests may meet with the same: an
 * event that is among the last CLUSTER_TRACE_RECENT, and happened less than
 * CLUSTER_TRACE_APART before, happens once more. So a burst, or a node that is down
 * for a day, does not push out what led to it.
 *
 * Texts of nodes about requests may hold values, such as a key: of these the code
 * is told alone.
 */
#ifndef CLUSTER_TRACE_H
#define CLUSTER_TRACE_H

#include "cluster/request.h"
#include "cluster/topology.h"

#define CLUSTER_TRACE_EVENTS 256
#define CLUSTER_TRACE_RECENT 16
#define CLUSTER_TRACE_APART INT64_C(60000000)	/* microseconds */

typedef struct ClusterTrace ClusterTrace;

typedef enum ClusterEventKind
{
	CLUSTER_EVENT_CONNECTED,
	CLUSTER_EVENT_UNREACHABLE,	/* no connection, or no name; or it ended before any refusal */
	CLUSTER_EVENT_REFUSED,		/* while connecting: version, credentials, another protocol */
	CLUSTER_EVENT_LOST,			/* a connection that was in use */
	CLUSTER_EVENT_DOWN,			/* no node at all */
	CLUSTER_EVENT_RETRIED,		/* a request, by this node's fault */
	CLUSTER_EVENT_FORGOTTEN,	/* a statement is prepared again, as the node does not know it any more */
	CLUSTER_EVENT_WINDOW,
	CLUSTER_EVENT_SUSPECT,		/* a node answers nothing, or does again */
	CLUSTER_EVENT_TOPOLOGY,		/* was read */
	CLUSTER_EVENT_SCHEMA		/* changed, as the node says */
} ClusterEventKind;

extern ClusterTrace *cluster_trace_new(void);	/* NULL: out of memory */
extern void cluster_trace_free(ClusterTrace *trace);	/* NULL is harmless */

/*
 * One more event. trace NULL: nobody wants to know. node: its address, "" of no
 * node. The detail is made valid UTF-8, and cut between two characters.
 */
extern void cluster_trace_add(ClusterTrace *trace, ClusterEventKind what, const char *node, const char *format,...)
	__attribute__((format(printf, 4, 5)));

/* These speak for callers that have no text of their own. */
extern void cluster_trace_closed(ClusterTrace *trace, const char *node, bool was_up, const NetFailure *why);
extern void cluster_trace_connected(ClusterTrace *trace, const NetConnection *c, const char *purpose);
extern void cluster_trace_error(ClusterTrace *trace, const char *node, const CqlError *error);
/* How many requests may be in flight; *magnitude is the caller's, 0 at first. About four times as many, or as few, are told. */
extern void cluster_trace_window(ClusterTrace *trace, const char *node, uint32_t limit, uint8_t *magnitude);
extern void cluster_trace_topology(ClusterTrace *trace, const char *node, const ClusterTopology *t);
extern void cluster_trace_schema(ClusterTrace *trace, const char *node, const CqlEvent *event);

/* Fill in the fate of a CLUSTER_TRACE. */
extern void cluster_trace_answer(const ClusterTrace *trace, ClusterRequest *request);

#endif							/* CLUSTER_TRACE_H */
