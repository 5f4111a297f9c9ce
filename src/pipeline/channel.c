/*
 * pipeline/channel.c
 *	  Submission queue and completion queue between the two threads.
 *
 * Thread: both; each function's is named in the header.
 * Owns: the mutex and the eventfds. Of the chunks and requests nothing: they
 * change hands here.
 * Invariants: wake_sent is cleared in the same critical section that empties the
 * submission queue, so whatever is put there later sends a new wake-up;
 * sleeping_for is set only while fewer than that many completions and no failure
 * are there, so whatever makes it true later writes the eventfd. Wake-ups are sent
 * behind the critical section, or who wakes up would wait for the mutex at once: so
 * one may come when nothing is there any more, and both sides bear that.
 *
 * A mutex is enough, without lock-free rings: it is taken once per chunk and once
 * per turn. client_drain, which the backend calls often, looks at `published` first
 * and mostly takes no lock.
 *
 * The backend says how many completions it waits for. The eventfd wakes it at that
 * many, or at a failure. SetLatch from another thread would be PostgreSQL code
 * outside of its thread.
 */
#include "pipeline/channel.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* Under the mutex: nobody sleeps on what is there. */
static bool
wakes_whom_it_must(const Channel *ch)
{
	bool		sleeps_in_vain = ch->sleeping_for > 0 &&
		(ch->completed.count >= ch->sleeping_for || ch->failure_completed);

	return !sleeps_in_vain && (!ch->submitted.head || ch->wake_sent);
}

/* caller: whose function it is */
static void
lock(Channel *ch, const CoreThread *caller)
{
	CORE_ASSERT(core_thread_is_mine(caller));
	pthread_mutex_lock(&ch->mutex);
}

static void
unlock(Channel *ch)
{
	CORE_ASSERT(wakes_whom_it_must(ch));
	CORE_ASSERT(!ch->failure_completed || ch->completed.first);
	pthread_mutex_unlock(&ch->mutex);
}

static void
close_descriptors(Channel *ch)
{
	if (ch->backend_fd >= 0)
		close(ch->backend_fd);
	if (ch->submitter_fd >= 0)
		close(ch->submitter_fd);
}

bool
channel_init(Channel *ch)
{
	memset(ch, 0, sizeof(*ch));
	ch->backend_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ch->submitter_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ch->backend_fd < 0 || ch->submitter_fd < 0 || pthread_mutex_init(&ch->mutex, NULL) != 0)
	{
		close_descriptors(ch);
		return false;
	}
	core_thread_take(&ch->backend);
	chunk_list_init(&ch->submitted);
	return true;
}

void
channel_destroy(Channel *ch)
{
	pthread_mutex_destroy(&ch->mutex);
	close_descriptors(ch);
}

static void
make_readable(int fd)
{
	uint64_t	one = 1;
	ssize_t		put;

	/* Fails only when the counter is full, and then the descriptor is readable anyway. */
	put = write(fd, &one, sizeof(one));
	(void) put;
}

static void
make_unreadable(int fd)
{
	uint64_t	wakeups;
	ssize_t		got;

	/* EAGAIN, nothing to empty, is as good. */
	got = read(fd, &wakeups, sizeof(wakeups));
	(void) got;
}

/* ---- backend ---- */

void
channel_submit(Channel *ch, ChunkList *chunks)
{
	bool		wake;

	CORE_ASSERT(core_thread_is_mine(&ch->backend));
	if (!chunks->head)
		return;
	lock(ch, &ch->backend);
	chunk_list_splice(&ch->submitted, chunks);
	wake = !ch->wake_sent;
	ch->wake_sent = true;
	unlock(ch);
	if (wake)
		make_readable(ch->submitter_fd);
}

uint32_t
channel_drain(Channel *ch, ClusterLane *into)
{
	uint32_t	count;

	lock(ch, &ch->backend);
	count = ch->completed.count;
	cluster_lane_join(into, &ch->completed);
	ch->failure_completed = false;
	unlock(ch);
	return count;
}

bool
channel_sleep(Channel *ch, uint32_t want)
{
	bool		wait;

	lock(ch, &ch->backend);
	wait = ch->completed.count < want && !ch->failure_completed;
	if (wait)
		ch->sleeping_for = want;
	unlock(ch);
	return wait;
}

void
channel_awake(Channel *ch)
{
	lock(ch, &ch->backend);
	ch->sleeping_for = 0;
	unlock(ch);
	make_unreadable(ch->backend_fd);
}

void
channel_stop(Channel *ch)
{
	lock(ch, &ch->backend);
	ch->stop = true;
	unlock(ch);
	make_readable(ch->submitter_fd);
}

/* ---- submitter ---- */

bool
channel_take(Channel *ch, ChunkList *into)
{
	bool		stop;

	make_unreadable(ch->submitter_fd);
	lock(ch, &ch->submitter);
	chunk_list_splice(into, &ch->submitted);
	stop = ch->stop;
	ch->wake_sent = false;
	unlock(ch);
	return stop;
}

void
channel_publish(Channel *ch, ClusterLane *done, bool failure)
{
	uint32_t	count = done->count;
	bool		wake;

	CORE_ASSERT(core_thread_is_mine(&ch->submitter));
	CORE_ASSERT((done->first == NULL) == (count == 0));
	if (count == 0)
		return;
	lock(ch, &ch->submitter);
	cluster_lane_join(&ch->completed, done);
	ch->failure_completed |= failure;
	atomic_fetch_add_explicit(&ch->published, count, memory_order_relaxed);
	wake = ch->sleeping_for > 0 && (ch->completed.count >= ch->sleeping_for || ch->failure_completed);
	if (wake)
		ch->sleeping_for = 0;
	unlock(ch);
	if (wake)
		make_readable(ch->backend_fd);
}

/* ---- both ---- */

void
channel_poke(Channel *ch)
{
	make_readable(ch->backend_fd);
}
