/*
 * cluster/window: rounds of made-up answers, and where they lead the window.
 */
#include "cluster/window.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS UINT64_C(1000000)

/* One round of equal answers; what is left from an earlier cut goes first. */
static void
play_round(ClusterWindow *w, uint64_t latency, bool overloaded, bool pressed, uint64_t now)
{
	uint32_t	n = w->skip + w->limit;

	for (uint32_t i = 0; i < n; i++)
	{
		cluster_window_turn(w, pressed, now);
		cluster_window_note(w, latency, overloaded);
	}
	cluster_window_turn(w, pressed, now);
}

/* Doubled up to CLUSTER_WINDOW_START, while nothing speaks against it. */
static void
start(ClusterWindow *w)
{
	cluster_window_init(w, 0, 0);
	assert_int_equal(w->limit, CLUSTER_WINDOW_FIRST);
	while (w->limit < CLUSTER_WINDOW_START)
	{
		uint32_t	before = w->limit;

		play_round(w, MS, false, true, 0);
		assert_int_equal(w->limit, before * 2);
	}
}

static void
test_fixed_window_never_moves(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w, 5, 0);
	for (int i = 0; i < 100; i++)
		play_round(&w, i * MS, i % 2, true, (uint64_t) i * CLUSTER_WINDOW_RESTART);
	assert_int_equal(w.limit, 5);
}

static void
test_grows_while_latency_stays(void **state)
{
	ClusterWindow w;

	start(&w);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START + CLUSTER_WINDOW_START / 8);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_MAX);
}

/* A node that is busy already: twice the window is twice the latency. */
static void
test_stops_where_latency_grows_with_it(void **state)
{
	ClusterWindow w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, w.limit * MS / 1000, false, true, 0);
	assert_in_range(w.limit, CLUSTER_WINDOW_START, CLUSTER_WINDOW_START * 3 / 2);
}

static void
test_shrinks_back_when_latency_doubles(void **state)
{
	ClusterWindow w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	for (int i = 0; i < 100; i++)
		play_round(&w, 3 * MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
}

static void
test_stays_when_never_full(void **state)
{
	ClusterWindow w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, false, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
}

static void
test_overload_halves_once_then_adds(void **state)
{
	ClusterWindow w;

	start(&w);
	play_round(&w, MS, true, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START / 2);

	/* Answers to what was in flight at the cut do not cut again. */
	for (uint32_t i = 0; i < CLUSTER_WINDOW_START; i++)
	{
		cluster_window_note(&w, MS, true);
		cluster_window_turn(&w, true, 0);
	}
	assert_int_equal(w.limit, CLUSTER_WINDOW_START / 2);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START / 2 + CLUSTER_WINDOW_STEP);

	for (int i = 0; i < 100; i++)
		play_round(&w, MS, true, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_MIN);
	for (int i = 0; i < 31; i++)
		play_round(&w, 100 * MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
}

/* Long before nodes give up, and below where latency is weighed. */
static void
test_slow_answers_halve(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w, 0, 0);
	play_round(&w, CLUSTER_WINDOW_SLOW, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST * 2);
	for (int i = 0; i < 100; i++)
		play_round(&w, CLUSTER_WINDOW_SLOW + 1, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_MIN);
}

static void
test_measures_anew_after_a_while(void **state)
{
	ClusterWindow w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	play_round(&w, MS, false, true, CLUSTER_WINDOW_RESTART);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
	/* The nodes are slower now for good: that is the new measure. */
	for (int i = 0; i < 100; i++)
		play_round(&w, 5 * MS, false, true, CLUSTER_WINDOW_RESTART + 1);
	assert_int_equal(w.limit, CLUSTER_WINDOW_MAX);
}

/* ---- strain ---- */

/* Answers until it grows by one step; how many that took. */
static uint32_t
await_step(ClusterWindow *w, uint64_t now)
{
	uint32_t	limit = w->limit;
	uint32_t	n = 0;

	while (w->limit == limit)
	{
		cluster_window_note(w, MS, false);
		cluster_window_turn(w, true, now);
		n++;
	}
	assert_true(w->limit > limit);
	return n;
}

static void
test_strain_falls_at_once_and_grows_slowly(void **state)
{
	ClusterWindow w;
	uint32_t	steps = 0;

	start(&w);
	cluster_window_strain(&w, 0, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
	cluster_window_strain(&w, 1, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED);

	/* what was in flight fails as well */
	cluster_window_strain(&w, 100, CLUSTER_WINDOW_STRAIN_PAUSE - 1);
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED);
	assert_int_equal(await_step(&w, 0), CLUSTER_WINDOW_PATIENCE);
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED + 1);

	/* overload and slow answers do not raise it */
	for (uint32_t i = 0; i < CLUSTER_WINDOW_PATIENCE; i++)
	{
		cluster_window_note(&w, 2 * CLUSTER_WINDOW_SLOW, true);
		cluster_window_turn(&w, true, 0);
	}
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED + 2);

	for (; w.limit < CLUSTER_WINDOW_FIRST; steps++)
		await_step(&w, 0);
	assert_in_range(steps, 10, 25);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST * 2);
}

static void
test_strain_that_comes_again_is_awaited_longer(void **state)
{
	ClusterWindow w;
	uint64_t	now = 0;
	uint32_t	patience = CLUSTER_WINDOW_PATIENCE;

	start(&w);
	for (uint32_t strains = 1; strains <= 20; strains++)
	{
		cluster_window_strain(&w, strains, now);
		assert_int_equal(w.limit, strains > 1 && strains % 2 == 0 ? 1 : CLUSTER_WINDOW_STRAINED);
		assert_int_equal(await_step(&w, now), patience);
		patience = patience * 2 < CLUSTER_WINDOW_PATIENCE_MAX ? patience * 2 : CLUSTER_WINDOW_PATIENCE_MAX;
		if (strains % 2 == 0)
			await_step(&w, now);	/* to 3: the next one falls from there */
		else
			w.limit = CLUSTER_WINDOW_STRAINED;	/* the next one meets it there */
		now += CLUSTER_WINDOW_STRAIN_PAUSE;
	}
}

/* A fixed one is what it may have at most. */
static void
test_strain_in_a_fixed_window(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w, 4, 0);
	cluster_window_strain(&w, 1, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED);
	await_step(&w, 0);
	await_step(&w, 0);
	assert_int_equal(w.limit, 4);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, 4);
	cluster_window_init(&w, 1, 0);
	cluster_window_strain(&w, 1, 0);
	assert_int_equal(w.limit, 1);
}

static void
test_follows_a_change(void **state)
{
	ClusterWindow w;

	start(&w);
	cluster_window_follow(&w, 0, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_START);
	cluster_window_follow(&w, 7, 0);
	assert_int_equal(w.limit, 7);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, 7);
	cluster_window_follow(&w, 0, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST * 2);

	/* strain is not forgotten for it */
	cluster_window_strain(&w, 1, 0);
	cluster_window_follow(&w, 7, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_STRAINED);
	cluster_window_follow(&w, 1, 0);
	assert_int_equal(w.limit, 1);
	cluster_window_follow(&w, 0, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_window_never_moves),
		cmocka_unit_test(test_grows_while_latency_stays),
		cmocka_unit_test(test_stops_where_latency_grows_with_it),
		cmocka_unit_test(test_shrinks_back_when_latency_doubles),
		cmocka_unit_test(test_stays_when_never_full),
		cmocka_unit_test(test_overload_halves_once_then_adds),
		cmocka_unit_test(test_slow_answers_halve),
		cmocka_unit_test(test_measures_anew_after_a_while),
		cmocka_unit_test(test_strain_falls_at_once_and_grows_slowly),
		cmocka_unit_test(test_strain_that_comes_again_is_awaited_longer),
		cmocka_unit_test(test_strain_in_a_fixed_window),
		cmocka_unit_test(test_follows_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
