/*
 * pipeline/counters: each count arrives under its own name.
 */
#include "pipeline/counters.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_each_count_is_published(void **state)
{
	const Tally tally = {
		.requests = 1, .bytes = UINT64_C(1) << 40, .failures = 3, .retries = 4, .stalls = 5,
		.in_flight = 6, .peak = 7,
	};
	SubmitterCounters c = {0};

	counters_publish(&c, &tally);
	assert_int_equal(c.requests, 1);
	assert_int_equal(c.bytes, UINT64_C(1) << 40);
	assert_int_equal(c.failures, 3);
	assert_int_equal(c.retries, 4);
	assert_int_equal(c.stalls, 5);
	assert_int_equal(c.in_flight, 6);
	assert_int_equal(c.window_peak, 7);
	assert_int_equal(c.topology_version, 0);
	assert_int_equal(c.schema_version, 0);
}

static void
test_versions_are_published_apart(void **state)
{
	SubmitterCounters c = {.requests = 1};

	counters_publish_versions(&c, (ClusterVersions) {.topology = 2, .schema = 3, .scylla = true});
	assert_int_equal(c.topology_version, 2);
	assert_int_equal(c.schema_version, 3);
	assert_true(c.scylla);
	assert_int_equal(c.requests, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_count_is_published),
		cmocka_unit_test(test_versions_are_published_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
