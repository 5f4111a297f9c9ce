/*
 * pipeline/thread: no signal gets in, and whoever waits for the end waits no longer
 * than told.
 */
#include "pipeline/thread.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

static Thread thread;
static Thread left_alone;		/* stays as it is: its thread is not waited for */
static sigset_t blocked;
static int	hold[2];			/* a pipe: the thread goes on once the writing end is closed */

static void *
look_at_signals(void *argument)
{
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	thread_ended(&thread);
	return NULL;
}

static void *
end_when_told(void *argument)
{
	char		c;

	if (read(hold[0], &c, 1) == 0)
		thread_ended(argument);
	return NULL;
}

static void
test_signals_stay_with_the_starter(void **state)
{
	sigset_t	own;

	assert_int_equal(thread_init(&thread), 0);
	assert_int_equal(thread_start(&thread, look_at_signals, NULL), 0);
	assert_true(thread_join(&thread, PATIENCE_MS));
	thread_destroy(&thread);
	assert_true(sigismember(&blocked, SIGINT));
	assert_true(sigismember(&blocked, SIGTERM));
	assert_true(sigismember(&blocked, SIGALRM));
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	assert_false(sigismember(&own, SIGINT));
}

static void
start_held(Thread *t)
{
	assert_int_equal(pipe(hold), 0);
	assert_int_equal(thread_init(t), 0);
	assert_int_equal(thread_start(t, end_when_told, t), 0);
}

static void
test_wait_that_is_too_short(void **state)
{
	struct pollfd ended;

	start_held(&left_alone);
	assert_false(thread_join(&left_alone, 0));

	/* The thread is on its own, and ends all the same. */
	close(hold[1]);
	ended = (struct pollfd) {.fd = left_alone.ended_fd, .events = POLLIN};
	assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
}

static void
on_alarm(int signal)
{
	close(hold[1]);				/* the thread ends only now */
}

static void
test_signal_does_not_cut_the_wait_short(void **state)
{
	struct sigaction act = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &act, NULL);
	start_held(&thread);
	ualarm(1000, 0);
	assert_true(thread_join(&thread, PATIENCE_MS));
	thread_destroy(&thread);
	close(hold[0]);
}

static void
test_destroy_without_a_start(void **state)
{
	assert_int_equal(thread_init(&thread), 0);
	thread_destroy(&thread);
	thread.ended_fd = -1;
	thread_destroy(&thread);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals_stay_with_the_starter),
		cmocka_unit_test(test_wait_that_is_too_short),
		cmocka_unit_test(test_signal_does_not_cut_the_wait_short),
		cmocka_unit_test(test_destroy_without_a_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
