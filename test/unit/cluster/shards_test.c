/*
 * cluster/shards: which ports lead to a shard, and when they are not used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cluster/shards.h"

static uint64_t seed = 42;

static void
test_ports_lead_to_their_shards(void **state)
{
	static const uint32_t counts[] = {2, 3, 8, 14, 128, 4096};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		ClusterShards s = {.aware_port = 19042};

		for (uint32_t n = 0; n < 2000; n++)
		{
			uint32_t	shard = n % counts[i];
			uint16_t	source;

			assert_int_equal(cluster_shards_port(&s, shard, counts[i], 1, &seed, &source), 19042);
			assert_true(source >= CLUSTER_SHARDS_PORT_MIN);
			assert_int_equal(source % counts[i], shard);
		}
	}
}

static void
test_nodes_without_shards_have_one_port(void **state)
{
	ClusterShards aware = {.aware_port = 19042};
	ClusterShards regular = {0};
	uint16_t	source = 1;

	assert_int_equal(cluster_shards_port(&aware, 0, 1, 1, &seed, &source), 0);
	assert_int_equal(source, 0);
	assert_int_equal(cluster_shards_port(&regular, 3, 8, 1, &seed, &source), 0);
	assert_true(cluster_shards_may(&regular, 1));
}

/* B22: address translation changes ports, and that is noticed at once and for a while. */
static void
test_translated_addresses(void **state)
{
	ClusterShards s = {.aware_port = 19042};
	uint16_t	source;

	cluster_shards_landed(&s, true, false, 8, 1000);
	assert_int_equal(cluster_shards_port(&s, 3, 8, 1001, &seed, &source), 0);
	assert_int_equal(cluster_shards_port(&s, 3, 8, 999 + CLUSTER_SHARDS_PAUSE, &seed, &source), 0);
	assert_true(cluster_shards_may(&s, 1001));	/* by the regular port */
	assert_int_equal(cluster_shards_port(&s, 3, 8, 1000 + CLUSTER_SHARDS_PAUSE, &seed, &source), 19042);
}

/* B21: all connections land on one shard, and that is not tried without end. */
static void
test_excess_is_bounded(void **state)
{
	ClusterShards s = {0};
	uint32_t	n = 0;

	for (; cluster_shards_may(&s, 1000); n++)
		cluster_shards_landed(&s, false, true, 8, 1000);
	assert_int_equal(n, CLUSTER_SHARDS_EXCESS * 8);
	assert_false(cluster_shards_may(&s, 999 + CLUSTER_SHARDS_PAUSE));
	assert_true(cluster_shards_may(&s, 1000 + CLUSTER_SHARDS_PAUSE));

	/* one that is of use begins the count anew */
	s = (ClusterShards) {0};
	for (n = 0; n < 1000; n++)
		cluster_shards_landed(&s, false, n % 10 != 0, 8, 1000);
	assert_true(cluster_shards_may(&s, 1000));
}

static void
test_failures_of_the_shard_aware_port(void **state)
{
	static const NetFailureKind other_port[] = {NET_FAIL_CONNECT, NET_FAIL_TIMEOUT, NET_FAIL_CLOSED, NET_FAIL_PROTOCOL};
	uint16_t	source;

	for (size_t i = 0; i < sizeof(other_port) / sizeof(other_port[0]); i++)
	{
		ClusterShards s = {.aware_port = 19042};

		assert_true(cluster_shards_failed(&s, other_port[i], 1000));
		assert_int_equal(cluster_shards_port(&s, 3, 8, 1001, &seed, &source), 0);
	}

	/* a port of this end that is taken is no fault of the node's port, unless all are */
	for (int n = 1; n <= CLUSTER_SHARDS_PORTS; n++)
	{
		static ClusterShards s = {.aware_port = 19042};

		assert_true(cluster_shards_failed(&s, NET_FAIL_PORT, 1000));
		assert_int_equal(cluster_shards_port(&s, 3, 8, 1001, &seed, &source), n < CLUSTER_SHARDS_PORTS ? 19042 : 0);
	}

	/* a wrong password is wrong at the other port, too */
	ClusterShards s = {.aware_port = 19042};

	assert_false(cluster_shards_failed(&s, NET_FAIL_CREDENTIALS, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports_lead_to_their_shards),
		cmocka_unit_test(test_nodes_without_shards_have_one_port),
		cmocka_unit_test(test_translated_addresses),
		cmocka_unit_test(test_excess_is_bounded),
		cmocka_unit_test(test_failures_of_the_shard_aware_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
