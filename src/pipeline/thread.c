/*
 * pipeline/thread.c
 *	  A thread without signals, whose end can be waited for, but not for ever.
 *
 * Thread: the starter's; thread_ended is the new thread's.
 * Owns: the eventfd.
 * Invariants: the thread touches nothing behind thread_ended.
 */
#include "pipeline/thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int
thread_init(Thread *t)
{
	t->ended_fd = eventfd(0, EFD_CLOEXEC);
	return t->ended_fd < 0 ? errno : 0;
}

void
thread_destroy(Thread *t)
{
	if (t->ended_fd >= 0)
		close(t->ended_fd);
}

int
thread_start(Thread *t, void *(*run) (void *), void *argument)
{
	sigset_t	all;
	sigset_t	old;
	int			rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->id, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

void
thread_ended(Thread *t)
{
	uint64_t	one = 1;
	ssize_t		put;

	/* A fresh eventfd takes any count. */
	put = write(t->ended_fd, &one, sizeof(one));
	(void) put;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static bool
ended_within(const Thread *t, uint32_t timeout_ms)
{
	struct pollfd ended = {.fd = t->ended_fd, .events = POLLIN};
	uint64_t	now = now_ms();
	uint64_t	deadline = now + timeout_ms;
	int			rc;

	/* A signal, with its handler in this very thread, must not cut the wait short. */
	do
	{
		rc = poll(&ended, 1, (int) (deadline - now));
		now = now_ms();
	} while (rc < 0 && errno == EINTR && now < deadline);
	return rc > 0;
}

bool
thread_join(Thread *t, uint32_t timeout_ms)
{
	if (!ended_within(t, timeout_ms))
	{
		pthread_detach(t->id);
		return false;
	}
	pthread_join(t->id, NULL);
	return true;
}
