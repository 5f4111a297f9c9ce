/*
 * cluster/backoff: pauses grow, up to a bound, and no two clients keep step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/backoff.h"

/* ms until the next try after so many failures. */
static uint32_t
delay(void (*failed) (ClusterBackoff *, uint64_t, uint64_t *), uint32_t failures, uint64_t *random)
{
	ClusterBackoff b = {.failures = failures - 1};

	failed(&b, 1000, random);
	return (uint32_t) (b.due - 1000);
}

static void
assert_doubles(void (*failed) (ClusterBackoff *, uint64_t, uint64_t *), uint32_t min, uint32_t max)
{
	uint64_t	random = 42;
	uint32_t	step = min;

	for (uint32_t failures = 1; failures < 40; failures++)
	{
		for (int i = 0; i < 50; i++)
		{
			uint32_t	ms = delay(failed, failures, &random);

			assert_in_range(ms, step * 84 / 100, max);
			assert_true(ms <= step * 116 / 100);
		}
		step = step * 2 > max ? max : step * 2;
	}
}

static void
test_pauses_double_up_to_the_longest(void **state)
{
	assert_doubles(cluster_backoff_failed, CLUSTER_BACKOFF_MIN, CLUSTER_BACKOFF_MAX);
	assert_doubles(cluster_backoff_refused, CLUSTER_REFUSED_MIN, CLUSTER_REFUSED_MAX);
}

static void
test_two_pauses_are_rarely_the_same(void **state)
{
	uint64_t	random = 42;
	uint32_t	first = cluster_backoff_delay(10, &random);
	int			same = 0;

	for (int i = 0; i < 100; i++)
		same += cluster_backoff_delay(10, &random) == first;
	assert_true(same < 50);
}

static void
test_each_failure_sets_a_later_time(void **state)
{
	uint64_t	random = 7;
	ClusterBackoff b = {0};

	cluster_backoff_failed(&b, 1000, &random);
	assert_int_equal(b.failures, 1);
	assert_in_range(b.due, 1000 + 42, 1000 + 58);
	cluster_backoff_failed(&b, 2000, &random);
	assert_int_equal(b.failures, 2);
	assert_in_range(b.due, 2000 + 84, 2000 + 116);
}

static void
test_the_count_of_failures_does_not_wrap(void **state)
{
	uint64_t	random = 42;
	ClusterBackoff b = {.failures = UINT32_MAX};

	cluster_backoff_failed(&b, 1000, &random);
	assert_in_range(b.due, 9000, 11000);
	assert_int_equal(b.failures, UINT32_MAX);
}

static void
test_a_reset_forgets_all(void **state)
{
	uint64_t	random = 42;
	ClusterBackoff b = {0};

	cluster_backoff_failed(&b, 1000, &random);
	cluster_backoff_reset(&b);
	assert_int_equal(b.due, 0);
	assert_int_equal(b.failures, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses_double_up_to_the_longest),
		cmocka_unit_test(test_two_pauses_are_rarely_the_same),
		cmocka_unit_test(test_each_failure_sets_a_later_time),
		cmocka_unit_test(test_the_count_of_failures_does_not_wrap),
		cmocka_unit_test(test_a_reset_forgets_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
