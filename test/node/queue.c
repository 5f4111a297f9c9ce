/*
 * test/node/queue.c
 *	  `capacity`: requests stand in one queue of the node, in front of workers that take their time.
 *
 * Thread: the node's. Owns: when which request is served; nothing is served then, as a request's
 * answer is made when it comes, and only leaves when a worker would be done with it.
 * Invariant: `due` has when those are served that are not yet, in the order they came.
 *
 * Workers are taken in turn: as long as each request costs the same, the next one in turn is the one
 * that is free first.
 */
#include <stdlib.h>

#include "internal.h"

#define HALF_BATCH 16.0			/* a queue of so many: half of what batching can save is saved */

/* N [workers W] [batching X], or off */
bool
node_queue_line(Node *node, NodeLexer *x)
{
	NodeQueue  *q = &node->queue;
	int			rate;
	int			workers = 1;
	int			batching = 1;

	if (node_lexer_accept(x, "off"))
	{
		q->workers = 0;
		return true;
	}
	if (!node_take_int(node, x, 1, 10000000, &rate) ||
		(node_lexer_accept(x, "workers") && !node_take_int(node, x, 1, NODE_MAX_WORKERS, &workers)) ||
		(node_lexer_accept(x, "batching") && !node_take_int(node, x, 1, 1000, &batching)))
		return false;
	if (workers != q->workers)
		memset(q->idle_at, 0, sizeof(q->idle_at));
	q->workers = workers;
	q->cost = 1e9 * workers / rate;
	q->batching = batching;
	return true;
}

/* Those that are served leave the queue. */
void
node_queue_look(Node *node, uint64_t now)
{
	NodeQueue  *q = &node->queue;
	NodeReport *report = &node->report;

	while (report->queued > 0 && q->due[q->first & (q->cap - 1)] <= now)
	{
		q->first++;
		report->queued--;
		report->served++;
	}
}

static void
put_due(NodeQueue *q, size_t len, uint64_t due)
{
	if (len == q->cap)
	{
		size_t		cap = q->cap ? 2 * q->cap : 1024;
		uint64_t   *grown = node_alloc(cap * sizeof(*grown));

		for (size_t i = 0; i < len; i++)
			grown[i] = q->due[(q->first + i) & (q->cap - 1)];
		free(q->due);
		q->due = grown;
		q->cap = cap;
		q->first = 0;
	}
	q->due[(q->first + len) & (q->cap - 1)] = due;
}

/* One request more, which came now: when it is served. */
uint64_t
node_queue_take(Node *node, uint64_t now)
{
	NodeQueue  *q = &node->queue;
	NodeReport *report = &node->report;
	int			worker = q->worker < q->workers ? q->worker : 0;
	double		cost = q->cost;
	double		start = q->idle_at[worker] > (double) now ? q->idle_at[worker] : (double) now;

	node_queue_look(node, now);
	if (q->batching > 1)
	{
		double		full = (double) report->queued / HALF_BATCH;

		cost *= 1 + (q->batching - 1) / (1 + full * full);
	}
	q->idle_at[worker] = start + cost;
	q->worker = worker + 1;
	put_due(q, report->queued, (uint64_t) q->idle_at[worker]);
	if (++report->queued > report->longest_queue)
		report->longest_queue = report->queued;
	return (uint64_t) q->idle_at[worker];
}
