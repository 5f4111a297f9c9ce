/*
 * loop_test.c
 *	  A loop has room for every descriptor from its beginning: libuv ends the process where it finds none later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/loop.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static void
on_poll(uv_poll_t *poll, int status, int events)
{
}

/* The highest that the process may open. */
static int
highest_descriptor(void)
{
	struct rlimit limit;
	int			fd = eventfd(0, EFD_CLOEXEC);
	int			highest;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	highest = limit.rlim_cur > 65536 ? 65535 : (int) limit.rlim_cur - 1;
	assert_int_equal(dup2(fd, highest), highest);
	close(fd);
	return highest;
}

static void
test_never_looks_for_more_room(void **state)
{
	uv_loop_t	loop;
	uv_poll_t	poll;
	int			fd = highest_descriptor();
	void	   *watchers;

	assert_int_equal(net_loop_init(&loop), 0);
	watchers = loop.watchers;
	assert_non_null(watchers);
	assert_int_equal(uv_poll_init(&loop, &poll, fd), 0);
	assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_poll), 0);
	assert_ptr_equal(loop.watchers, watchers);
	assert_true(loop.nwatchers > (unsigned int) fd);

	uv_close((uv_handle_t *) &poll, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

/* Each has a table of its own. */
static void
test_loops_side_by_side(void **state)
{
	uv_loop_t	a;
	uv_loop_t	b;

	assert_int_equal(net_loop_init(&a), 0);
	assert_int_equal(net_loop_init(&b), 0);
	assert_ptr_not_equal(a.watchers, b.watchers);
	assert_int_equal(uv_loop_close(&a), 0);
	assert_int_equal(uv_loop_close(&b), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_looks_for_more_room),
		cmocka_unit_test(test_loops_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
