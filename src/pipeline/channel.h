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

#include "pipeline/chunk.h"

#include <pthread.h>
#include <uv.h>

/* A list spliced in O(1). */
typedef struct ChunkList
{
	Chunk	   *head;
	Chunk	  **tail;
} ChunkList;

typedef struct RequestList
{
	ClusterRequest *head;
	ClusterRequest **tail;
	uint32_t	count;
} RequestList;

typedef struct Channel
{
	pthread_mutex_t mutex;		/* guards all below but the handles */
	ChunkList	submitted;
	RequestList completed;
	bool		failure_completed;	/* some request in completed failed */
	bool		stop;
	bool		wake_sent;		/* uv_async_send done since the submitter last took */
	uint32_t	sleeping_for;	/* backend sleeps until so many completions are there; 0 awake */
	uv_async_t *async;			/* the submitter's; NULL once its loop ends */
	int			backend_fd;		/* eventfd, non-blocking */
} Channel;

extern bool channel_init(Channel *ch);
extern void channel_destroy(Channel *ch);	/* after join */

/* backend */
extern void channel_submit(Channel *ch, ChunkList *chunks);	/* takes the list, leaves it empty */
extern uint32_t channel_drain(Channel *ch, RequestList *into);	/* everything completed so far */
extern bool channel_sleep(Channel *ch, uint32_t want);	/* false: want completions, or a failed one, are there already */
extern void channel_awake(Channel *ch);		/* after the wait: no more wake-ups, fd emptied */
extern void channel_stop(Channel *ch);

/* submitter */
extern bool channel_take(Channel *ch, ChunkList *into);	/* true: stop was asked for */
extern void channel_publish(Channel *ch, RequestList *done, bool failure);	/* takes the list */
extern void channel_set_async(Channel *ch, uv_async_t *async);

#endif							/* PIPELINE_CHANNEL_H */
