/*
 * pipeline/channel.c
 *	  Submission queue and completion queue between the two threads.
 *
 * Thread: both; each function's is named in the header.
 * Owns: the mutex and the eventfd. Of the chunks and requests nothing: they
 * change hands here.
 * Invariants: wake_sent is cleared in the same critical section that empties the
 * submission queue, so whatever is put there later sends a new wake-up;
 * sleeping_for is set only while fewer than that many completions and no failure
 * are there, so whatever makes it true later writes the eventfd. Both wake-ups
 * are sent under the mutex: neither can come after its receiver has left.
 */
#include "pipeline/channel.h"

#include <sys/eventfd.h>
#include <unistd.h>

bool
channel_init(Channel *ch)
{
	memset(ch, 0, sizeof(*ch));
	ch->backend_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (ch->backend_fd < 0)
		return false;
	if (pthread_mutex_init(&ch->mutex, NULL) != 0)
	{
		close(ch->backend_fd);
		return false;
	}
	chunk_list_init(&ch->submitted);
	request_list_init(&ch->completed);
	return true;
}

void
channel_destroy(Channel *ch)
{
	pthread_mutex_destroy(&ch->mutex);
	close(ch->backend_fd);
}

/* ---- backend ---- */

static void
wake_submitter(Channel *ch)
{
	if (ch->wake_sent || !ch->async)
		return;
	ch->wake_sent = true;
	uv_async_send(ch->async);
}

void
channel_submit(Channel *ch, ChunkList *chunks)
{
	if (!chunks->head)
		return;
	pthread_mutex_lock(&ch->mutex);
	chunk_list_splice(&ch->submitted, chunks);
	wake_submitter(ch);
	pthread_mutex_unlock(&ch->mutex);
}

uint32_t
channel_drain(Channel *ch, RequestList *into)
{
	uint32_t	count;

	pthread_mutex_lock(&ch->mutex);
	count = ch->completed.count;
	request_list_splice(into, &ch->completed);
	ch->failure_completed = false;
	pthread_mutex_unlock(&ch->mutex);
	return count;
}

bool
channel_sleep(Channel *ch, uint32_t want)
{
	bool		wait;

	pthread_mutex_lock(&ch->mutex);
	wait = ch->completed.count < want && !ch->failure_completed;
	if (wait)
		ch->sleeping_for = want;
	pthread_mutex_unlock(&ch->mutex);
	return wait;
}

void
channel_awake(Channel *ch)
{
	uint64_t	wakeups;
	ssize_t		got;

	pthread_mutex_lock(&ch->mutex);
	ch->sleeping_for = 0;
	pthread_mutex_unlock(&ch->mutex);

	/* EAGAIN, nothing to empty, is as good: the wait may have been interrupted. */
	got = read(ch->backend_fd, &wakeups, sizeof(wakeups));
	(void) got;
}

static void
signal_backend(Channel *ch)
{
	uint64_t	one = 1;
	ssize_t		put;

	/* Fails only when the counter is full, and then the descriptor is readable anyway. */
	put = write(ch->backend_fd, &one, sizeof(one));
	(void) put;
}

void
channel_poke(Channel *ch)
{
	signal_backend(ch);
}

void
channel_stop(Channel *ch)
{
	pthread_mutex_lock(&ch->mutex);
	ch->stop = true;
	wake_submitter(ch);
	pthread_mutex_unlock(&ch->mutex);
}

/* ---- submitter ---- */

bool
channel_take(Channel *ch, ChunkList *into)
{
	bool		stop;

	pthread_mutex_lock(&ch->mutex);
	chunk_list_splice(into, &ch->submitted);
	stop = ch->stop;
	ch->wake_sent = false;
	pthread_mutex_unlock(&ch->mutex);
	return stop;
}

static void
wake_backend(Channel *ch)
{
	ch->sleeping_for = 0;
	signal_backend(ch);
}

void
channel_publish(Channel *ch, RequestList *done, bool failure)
{
	uint32_t	count = done->count;

	if (count == 0)
		return;
	pthread_mutex_lock(&ch->mutex);
	request_list_splice(&ch->completed, done);
	ch->failure_completed |= failure;
	atomic_fetch_add_explicit(&ch->published, count, memory_order_relaxed);
	if (ch->sleeping_for > 0 && (ch->completed.count >= ch->sleeping_for || ch->failure_completed))
		wake_backend(ch);
	pthread_mutex_unlock(&ch->mutex);
}

void
channel_set_async(Channel *ch, uv_async_t *async)
{
	pthread_mutex_lock(&ch->mutex);
	ch->async = async;
	pthread_mutex_unlock(&ch->mutex);
}
