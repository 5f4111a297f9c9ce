/*
 * pipeline/thread.h
 *	  A thread without signals, whose end can be waited for, but not for ever.
 *
 * The one who starts it calls all but thread_ended, the thread's own last call.
 */
#ifndef PIPELINE_THREAD_H
#define PIPELINE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Thread
{
	pthread_t	id;
	int			ended_fd;		/* eventfd, readable once the thread has nothing more to do */
} Thread;

/* 0, or an errno. */
extern int	thread_init(Thread *t);
/* Signal handlers are the starter's: the new thread lets no signal in. 0, or an errno. */
extern int	thread_start(Thread *t, void *(*run) (void *), void *argument);

/* From here on thread_join may return, and its caller free what the thread used. */
extern void thread_ended(Thread *t);

/* false: no end within timeout_ms; the thread is on its own then, and t must stay. */
extern bool thread_join(Thread *t, uint32_t timeout_ms);
/* After thread_join, or without a start, as when thread_init failed. */
extern void thread_destroy(Thread *t);

#endif							/* PIPELINE_THREAD_H */
