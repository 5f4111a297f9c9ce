/*
 * cluster/shard: golden values of scylladb's dht/token.cc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cluster/shard.h"

#define TOKENS 10

static const int64_t token[TOKENS] = {
	INT64_MIN, -1, 0, 1, INT64_MAX, INT64_C(-3758069500696749310), INT64_C(-4069959284402364209),
	INT64_C(7297452126230313552), INT64_C(5713842290320563023), INT64_C(-9192946168355984861)
};

static const struct
{
	uint32_t	nr_shards;
	uint32_t	ignore_msb;
	uint32_t	shard[TOKENS];
}			golden[] = {
	{2, 12, {0, 1, 0, 0, 1, 1, 0, 0, 1, 1}},
	{3, 12, {0, 2, 0, 0, 2, 1, 0, 1, 2, 2}},
	{8, 12, {0, 7, 0, 0, 7, 4, 2, 2, 5, 6}},
	{14, 12, {0, 13, 0, 0, 13, 7, 4, 5, 10, 10}},
	{3, 0, {0, 1, 1, 1, 2, 0, 0, 2, 2, 0}},
	{8, 0, {0, 3, 4, 4, 7, 2, 2, 7, 6, 0}},
	{1, 12, {0}},
};

static void
test_shard_of_token(void **state)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++)
	{
		for (int j = 0; j < TOKENS; j++)
			assert_int_equal(cluster_shard_of(token[j], golden[i].nr_shards, golden[i].ignore_msb), golden[i].shard[j]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shard_of_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
