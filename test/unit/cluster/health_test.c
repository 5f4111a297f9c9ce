/*
 * cluster/health: when a place is suspect, and when it is not any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cluster/health.h"

#define MS UINT64_C(1000000)

static uint64_t seed;

static void
test_a_place_that_owes_and_is_silent_is_suspect(void **state)
{
	ClusterHealth h = {0};

	assert_false(cluster_health_tick(&h, 0, 32, 5000));
	assert_false(cluster_health_tick(&h, 10, 32, 5001));
	assert_false(cluster_health_tick(&h, 32, 32, 5999));
	assert_true(cluster_health_tick(&h, 32, 32, 6000));
	assert_true(h.suspect);
	assert_false(cluster_health_tick(&h, 32, 32, 6025));	/* that is known */
}

static void
test_few_that_are_owed_are_nothing_to_suspect(void **state)
{
	ClusterHealth h = {0};

	for (uint64_t now = 1000; now < 60000; now += 25)
		assert_false(cluster_health_tick(&h, CLUSTER_HEALTH_OWED - 1, 32, now));
	assert_false(cluster_health_tick(&h, 4, 4, 60900));
	assert_true(cluster_health_tick(&h, 4, 4, 61000));	/* as many as there may be */

	/* it rested in between */
	h = (ClusterHealth) {0};
	cluster_health_tick(&h, 0, 32, 1000);
	cluster_health_rest(&h);
	assert_false(cluster_health_tick(&h, 32, 32, 60000));
	assert_true(cluster_health_tick(&h, 32, 32, 61000));
}

/* One request tells as much, if another place would have answered it. */
static void
test_doubts(void **state)
{
	ClusterHealth h = {0};

	assert_true(cluster_health_doubt(&h, 1000, 1500));
	assert_true(h.suspect);
	assert_false(cluster_health_doubt(&h, 1000, 1600)); /* that is known */
	assert_false(cluster_health_probe(&h, true, 2400, &seed));
	assert_true(cluster_health_probe(&h, true, 2500, &seed));
	cluster_health_note(&h, MS);
	assert_false(cluster_health_doubt(&h, 1000, 2501)); /* it has just answered */
	assert_true(cluster_health_turn(&h, 2501));
	assert_false(cluster_health_doubt(&h, 2500, 3000)); /* it has answered since */
	assert_true(cluster_health_doubt(&h, 2501, 3001));
}

/* Where all requests may be done once only, the place is used again all the same. */
static void
test_who_has_nothing_harmless_probes_late(void **state)
{
	ClusterHealth h = {0};

	assert_true(cluster_health_doubt(&h, 1000, 1500));
	assert_false(cluster_health_probe(&h, false, 2500 + CLUSTER_HEALTH_RISK - 1, &seed));
	assert_true(cluster_health_probe(&h, false, 2500 + CLUSTER_HEALTH_RISK, &seed));
	assert_false(cluster_health_probe(&h, false, 2501 + CLUSTER_HEALTH_RISK, &seed));
}

static void
test_answers_keep_a_slow_place_well(void **state)
{
	ClusterHealth h = {0};

	for (uint64_t now = 1000; now < 60000; now += 25)
	{
		if (now % 900 == 0)
			cluster_health_note(&h, 900 * MS);
		assert_false(cluster_health_turn(&h, now));
		assert_false(cluster_health_tick(&h, 500, 500, now));
	}
}

static void
test_probes_have_growing_pauses(void **state)
{
	ClusterHealth h = {0};
	uint64_t	at[8];
	uint32_t	n = 0;

	cluster_health_tick(&h, 0, 32, 1000);
	assert_true(cluster_health_tick(&h, 32, 32, 2000));
	for (uint64_t now = 2000; n < 8; now += 5)
	{
		if (cluster_health_probe(&h, true, now, &seed))
			at[n++] = now;
	}
	assert_in_range(at[0], 3000, 3005);
	for (uint32_t i = 1; i < 8; i++)
	{
		uint64_t	pause = (uint64_t) CLUSTER_HEALTH_SILENCE << i;

		if (pause > CLUSTER_HEALTH_PAUSE_MAX)
			pause = CLUSTER_HEALTH_PAUSE_MAX;
		assert_in_range(at[i] - at[i - 1], pause * 85 / 100, pause * 115 / 100 + 5);
	}
}

static void
test_one_answer_makes_it_well(void **state)
{
	ClusterHealth h = {0};

	cluster_health_tick(&h, 0, 32, 1000);
	assert_true(cluster_health_tick(&h, 32, 32, 2000));
	assert_false(cluster_health_turn(&h, 2500));
	cluster_health_note(&h, 0);
	assert_true(cluster_health_turn(&h, 2600));
	assert_false(h.suspect);
	assert_false(cluster_health_tick(&h, 32, 32, 3599));
	assert_true(cluster_health_tick(&h, 32, 32, 3600));
}

static void
test_latency_rises_quickly_and_falls_slowly(void **state)
{
	ClusterHealth h = {0};

	cluster_health_note(&h, 10 * MS);
	assert_int_equal(h.latency, 10 * MS);
	cluster_health_note(&h, 1000 * MS); /* the second one of this turn */
	assert_int_equal(h.latency, 10 * MS);
	cluster_health_turn(&h, 1);
	cluster_health_note(&h, 0); /* not known */
	assert_int_equal(h.latency, 10 * MS);
	cluster_health_turn(&h, 2);
	cluster_health_note(&h, 90 * MS);
	assert_int_equal(h.latency, 50 * MS);
	for (int i = 3; i < 200; i++)
	{
		cluster_health_turn(&h, i);
		cluster_health_note(&h, 20 * MS);
		assert_true(h.latency >= 20 * MS);
	}
	assert_in_range(h.latency, 20 * MS, 21 * MS);
}

static int
begin(void **state)
{
	seed = 42;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_place_that_owes_and_is_silent_is_suspect),
		cmocka_unit_test(test_few_that_are_owed_are_nothing_to_suspect),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_who_has_nothing_harmless_probes_late),
		cmocka_unit_test(test_answers_keep_a_slow_place_well),
		cmocka_unit_test(test_probes_have_growing_pauses),
		cmocka_unit_test(test_one_answer_makes_it_well),
		cmocka_unit_test(test_latency_rises_quickly_and_falls_slowly),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
