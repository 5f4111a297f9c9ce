/*
 * net/sockets: each socket is taken once, whichever thread asks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "net/sockets.h"

static void
test_as_many_as_are_free(void **state)
{
	NetSockets	s = {.free = 2};

	assert_true(net_sockets_take(&s));
	assert_true(net_sockets_take(&s));
	assert_false(net_sockets_take(&s));
	assert_int_equal(s.wanted, 0);
	net_sockets_give(&s, 1);
	assert_true(net_sockets_take(&s));
	assert_true(net_sockets_take(NULL));
	net_sockets_give(NULL, 1);
}

static void
test_what_is_wanted_is_told_once(void **state)
{
	NetSockets	s = {0};

	assert_false(net_sockets_ask(&s));
	assert_true(s.call);
	s.call = false;
	assert_false(net_sockets_ask(&s));
	assert_false(s.call);
	assert_int_equal(s.wanted, 2);
	for (int i = 0; i < 100; i++)
		assert_false(net_sockets_ask(&s));
	assert_int_equal(s.wanted, NET_SOCKETS_WANTED_MAX);
	s.wanted = 0;				/* somebody has looked */
	assert_false(net_sockets_ask(&s));
	assert_true(s.call);
	net_sockets_give(&s, 1);
	assert_true(net_sockets_ask(&s));
	assert_true(net_sockets_ask(NULL));
}

enum
{
	TURNS = 20000
};

/* Takes what is there, as who accounts for them does; how often that worked. */
static void *
take_back(void *sockets)
{
	intptr_t	taken = 0;

	for (int i = 0; i < TURNS; i++)
		taken += net_sockets_take(sockets);
	return (void *) taken;
}

static void
test_two_threads_take_no_socket_twice(void **state)
{
	NetSockets	s = {.free = TURNS};
	intptr_t	taken = 0;
	pthread_t	other;
	void	   *others;

	assert_int_equal(pthread_create(&other, NULL, take_back, &s), 0);
	for (int i = 0; i < TURNS; i++)
	{
		bool		mine = net_sockets_take(&s);

		if (mine && i % 2)
			net_sockets_give(&s, 1);
		else
			taken += mine;
	}
	assert_int_equal(pthread_join(other, &others), 0);
	assert_int_equal(taken + (intptr_t) others + s.free, TURNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_as_are_free),
		cmocka_unit_test(test_what_is_wanted_is_told_once),
		cmocka_unit_test(test_two_threads_take_no_socket_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
