/*
 * cluster/reread: in the test's own time.
 */
#include "cluster/reread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BEGIN 100000

static uint64_t random_state = 20240229;

static ClusterReread
begin(uint32_t interval)
{
	ClusterReread r = {.random = &random_state, .interval = interval};

	cluster_reread_began(&r, BEGIN);
	return r;
}

/* ms until a read is wanted; 0: not within a day */
static uint64_t
wait_for(const ClusterReread *r, uint64_t from, bool used)
{
	for (uint64_t ms = 0; ms < 86400000; ms++)
	{
		if (cluster_reread_wanted(r, from + ms, used))
			return ms;
	}
	return 0;
}

static void
test_sessions_do_not_read_at_the_same_moment(void **state)
{
	int			tenth[10] = {0};

	for (int i = 0; i < 1000; i++)
	{
		ClusterReread r = begin(0);
		uint64_t	ms;

		cluster_reread_event(&r, BEGIN + 10000);
		ms = wait_for(&r, BEGIN + 10000, false);
		assert_in_range(ms, CLUSTER_REREAD_SOONEST, CLUSTER_REREAD_LATEST);
		tenth[(ms - CLUSTER_REREAD_SOONEST) * 10 / (CLUSTER_REREAD_LATEST - CLUSTER_REREAD_SOONEST + 1)]++;
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(tenth[i], 50, 200);
}

/* One each millisecond, without end: reads go on, a second apart. */
static void
test_a_burst_without_end(void **state)
{
	ClusterReread r = begin(0);
	uint64_t	before = BEGIN;
	int			reads = 0;

	for (uint64_t now = BEGIN; now < BEGIN + 100000; now++)
	{
		cluster_reread_event(&r, now);
		if (!cluster_reread_wanted(&r, now, false))
			continue;
		assert_in_range(now - before, CLUSTER_REREAD_PAUSE, CLUSTER_REREAD_PAUSE + CLUSTER_REREAD_LATEST);
		before = now;
		cluster_reread_began(&r, now);
		reads++;
	}
	assert_in_range(reads, 50, 100);
}

static void
test_what_comes_while_it_is_read_is_read_again(void **state)
{
	ClusterReread r = begin(0);

	cluster_reread_event(&r, BEGIN + 1);
	assert_int_equal(wait_for(&r, BEGIN, false), CLUSTER_REREAD_PAUSE);
	cluster_reread_began(&r, BEGIN + 2000);
	assert_false(cluster_reread_wanted(&r, BEGIN + 1000000, true));
	cluster_reread_event(&r, BEGIN + 2001);
	assert_true(cluster_reread_wanted(&r, BEGIN + 3000, false));
}

static void
test_who_uses_it_has_it_read_now_and_then(void **state)
{
	uint64_t	least = UINT64_MAX;
	uint64_t	most = 0;

	for (int i = 0; i < 100; i++)
	{
		ClusterReread r = begin(5000);
		uint64_t	ms = wait_for(&r, BEGIN, true);

		assert_in_range(ms, 4000, 6000);
		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
		assert_false(cluster_reread_wanted(&r, BEGIN + 1000000, false));
		assert_true(cluster_reread_wanted(&r, BEGIN + 1000000, true));
	}
	assert_true(most - least > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sessions_do_not_read_at_the_same_moment),
		cmocka_unit_test(test_a_burst_without_end),
		cmocka_unit_test(test_what_comes_while_it_is_read_is_read_again),
		cmocka_unit_test(test_who_uses_it_has_it_read_now_and_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
