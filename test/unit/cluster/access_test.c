/*
 * cluster/access: connections are opened as long as their numbers allow, and one is
 * always left for the control connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/access.h"

#include "aborts.h"

static uint32_t
take_all(ClusterAccess *a)
{
	uint32_t	n = 0;

	while (n < 1000 && cluster_access_take(a, 1000))
		n++;
	return n;
}

static void
test_few_are_opened_at_a_time(void **state)
{
	ClusterConfig config = {0};
	ClusterAccess a = {.config = &config};

	assert_int_equal(take_all(&a), CLUSTER_OPENING_MAX);
	assert_false(a.crowded);
	assert_false(cluster_access_shut(&a, 1000));
	cluster_access_ready(&a);
	cluster_access_closed(&a, false);
	assert_int_equal(take_all(&a), 2);
	assert_int_equal(a.open, CLUSTER_OPENING_MAX + 1);
}

static void
test_one_is_left_for_the_control_connection(void **state)
{
	ClusterConfig config = {.max_connections = 4};
	ClusterAccess a = {.config = &config};

	assert_int_equal(take_all(&a), 3);
	assert_true(a.crowded);
	assert_true(cluster_access_shut(&a, 1000));
	assert_true(cluster_access_take_control(&a, 1000));
	assert_false(cluster_access_take_control(&a, 1000));
	assert_int_equal(a.open, 4);
	cluster_access_closed_control(&a);
	assert_int_equal(take_all(&a), 0);
	cluster_access_closed(&a, false);
	assert_int_equal(take_all(&a), 1);
}

static void
test_all_candidates_leave_one_for_requests(void **state)
{
	ClusterConfig config = {.max_connections = 3};
	ClusterAccess a = {.config = &config};

	for (int i = 0; i < 3; i++)
		assert_true(cluster_access_take_control(&a, 1000));
	assert_false(cluster_access_take_control(&a, 1000));
	assert_int_equal(take_all(&a), 0);
	for (int i = 0; i < 2; i++)
		cluster_access_closed_control(&a);
	assert_int_equal(take_all(&a), 2);
}

static void
test_without_a_socket_one_is_wanted(void **state)
{
	NetSockets	sockets = {.free = 1};
	ClusterConfig config = {.net = {.sockets = &sockets}};
	ClusterAccess a = {.config = &config};

	assert_int_equal(take_all(&a), 1);
	assert_int_equal(sockets.wanted, 1);
	assert_false(cluster_access_shut(&a, 1000));
	sockets.denied = true;
	assert_true(cluster_access_shut(&a, 1000));
}

static void
close_what_is_not_open(void *a)
{
	cluster_access_closed(a, true);
}

static void
test_broken_invariants_abort(void **state)
{
	ClusterConfig config = {0};
	ClusterAccess a = {.config = &config};

	assert_aborts(close_what_is_not_open, &a, "a->open > 0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_are_opened_at_a_time),
		cmocka_unit_test(test_one_is_left_for_the_control_connection),
		cmocka_unit_test(test_all_candidates_leave_one_for_requests),
		cmocka_unit_test(test_without_a_socket_one_is_wanted),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
