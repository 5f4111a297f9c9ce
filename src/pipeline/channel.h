/*
 * pipeline/channel.h
 *	  Submission queue and completion queue: the only mutex, the only two
 *	  wake-ups between the backend and the submitter.
 *
 * Each function names its thread. Everything behind the mutex is short: a splice
 * and a flag. To the submitter: uv_async_send. To the backend: one byte in an
 * eventfd, written only while the backend said it sleeps and what it waits for
 * is there.
 */
#ifndef PIPELINE_CHANNEL_H
#define PIPELINE_CHANNEL_H

#include "cluster/lane.h"
#include "pipeline/chunk.h"

#include <pthread.h>
#include <stdatomic.h>

/* A list spliced in O(1). */
typedef struct ChunkList
{
	Chunk	   *head;
	Chunk	  **tail;
} ChunkList;

typedef struct Channel
{
	CoreThread	backend;		/* as channel_init was called */
	CoreThread	submitter;		/* takes it before the first channel_take */
	pthread_mutex_t mutex;		/* guards what follows, but the last three */
	ChunkList	submitted;
	ClusterLane completed;
	bool		failure_completed;	/* some request in completed failed */
	bool		stop;			/* stays set */
	bool		wake_sent;		/* the submitter was woken since it last took */
	uint32_t	sleeping_for;	/* backend sleeps until so many completions are there; 0 awake */
	_Atomic uint64_t published; /* requests published ever: a look at the queue without the mutex */
	int			backend_fd;		/* eventfds, non-blocking: readable to wake the backend, */
	int			submitter_fd;	/* the submitter */
} Channel;

extern bool channel_init(Channel *ch);
extern void channel_destroy(Channel *ch);	/* after join */

/* backend */
extern void channel_submit(Channel *ch, ChunkList *chunks); /* takes the list, leaves it empty */
extern uint32_t channel_drain(Channel *ch, ClusterLane *into);	/* everything completed so far */
/* false: want completions, or a failed one, are there already */
extern bool channel_sleep(Channel *ch, uint32_t want);
extern void channel_awake(Channel *ch); /* after the wait: no more wake-ups, fd emptied */
extern void channel_stop(Channel *ch);

/* submitter */
extern bool channel_take(Channel *ch, ChunkList *into); /* empties its fd; true: stop was asked for */
extern void channel_publish(Channel *ch, ClusterLane *done, bool failure);	/* takes all, leaves the lane empty */

/* both */
extern void channel_poke(Channel *ch);	/* the backend's fd is readable, until channel_awake */

/* ---- lists of chunks; any thread, one at a time ---- */

static inline void
chunk_list_init(ChunkList *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static inline void
chunk_list_append(ChunkList *l, Chunk *c)
{
	CORE_ASSERT(*l->tail == NULL);
	c->next = NULL;
	*l->tail = c;
	l->tail = &c->next;
}

static inline Chunk *
chunk_list_pop(ChunkList *l)
{
	Chunk	   *c = l->head;

	if (!c)
		return NULL;
	l->head = c->next;
	if (!l->head)
		l->tail = &l->head;
	return c;
}

static inline void
chunk_list_splice(ChunkList *into, ChunkList *from)
{
	if (!from->head)
		return;
	*into->tail = from->head;
	into->tail = from->tail;
	chunk_list_init(from);
}

#endif							/* PIPELINE_CHANNEL_H */
