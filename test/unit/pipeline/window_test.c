/*
 * pipeline/window: rounds of made-up answers, and where they lead the window.
 */
#include "pipeline/window.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS UINT64_C(1000000)

/* One round of equal answers; what is left from an earlier cut goes first. */
static void
play_round(Window *w, uint64_t latency, bool overloaded, bool pressed, uint64_t now)
{
	uint32_t	n = w->skip + w->limit;

	for (uint32_t i = 0; i < n; i++)
	{
		window_turn(w, pressed, now);
		window_note(w, latency, overloaded);
	}
	window_turn(w, pressed, now);
}

/* Doubled up to WINDOW_START, while nothing speaks against it. */
static void
start(Window *w)
{
	window_init(w, 0, 0);
	assert_int_equal(w->limit, WINDOW_FIRST);
	while (w->limit < WINDOW_START)
	{
		uint32_t	before = w->limit;

		play_round(w, MS, false, true, 0);
		assert_int_equal(w->limit, before * 2);
	}
}

static void
test_fixed_window_never_moves(void **state)
{
	Window		w;

	window_init(&w, 5, 0);
	for (int i = 0; i < 100; i++)
		play_round(&w, i * MS, i % 2, true, (uint64_t) i * WINDOW_RESTART);
	assert_int_equal(w.limit, 5);
}

static void
test_grows_while_latency_stays(void **state)
{
	Window		w;

	start(&w);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, WINDOW_START + WINDOW_START / 8);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, WINDOW_MAX);
}

/* A node that is busy already: twice the window is twice the latency. */
static void
test_stops_where_latency_grows_with_it(void **state)
{
	Window		w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, w.limit * MS / 1000, false, true, 0);
	assert_in_range(w.limit, WINDOW_START, WINDOW_START * 3 / 2);
}

static void
test_shrinks_back_when_latency_doubles(void **state)
{
	Window		w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	for (int i = 0; i < 100; i++)
		play_round(&w, 3 * MS, false, true, 0);
	assert_int_equal(w.limit, WINDOW_START);
}

static void
test_stays_when_never_full(void **state)
{
	Window		w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, false, 0);
	assert_int_equal(w.limit, WINDOW_START);
}

static void
test_overload_halves_once_then_adds(void **state)
{
	Window		w;

	start(&w);
	play_round(&w, MS, true, true, 0);
	assert_int_equal(w.limit, WINDOW_START / 2);

	/* Answers to what was in flight at the cut do not cut again. */
	for (uint32_t i = 0; i < WINDOW_START; i++)
	{
		window_note(&w, MS, true);
		window_turn(&w, true, 0);
	}
	assert_int_equal(w.limit, WINDOW_START / 2);
	play_round(&w, MS, false, true, 0);
	assert_int_equal(w.limit, WINDOW_START / 2 + WINDOW_STEP);

	for (int i = 0; i < 100; i++)
		play_round(&w, MS, true, true, 0);
	assert_int_equal(w.limit, WINDOW_MIN);
	for (int i = 0; i < 31; i++)
		play_round(&w, 100 * MS, false, true, 0);
	assert_int_equal(w.limit, WINDOW_START);
}

/* Long before nodes give up, and below where latency is weighed. */
static void
test_slow_answers_halve(void **state)
{
	Window		w;

	window_init(&w, 0, 0);
	play_round(&w, WINDOW_SLOW, false, true, 0);
	assert_int_equal(w.limit, WINDOW_FIRST * 2);
	for (int i = 0; i < 100; i++)
		play_round(&w, WINDOW_SLOW + 1, false, true, 0);
	assert_int_equal(w.limit, WINDOW_MIN);
}

static void
test_measures_anew_after_a_while(void **state)
{
	Window		w;

	start(&w);
	for (int i = 0; i < 100; i++)
		play_round(&w, MS, false, true, 0);
	play_round(&w, MS, false, true, WINDOW_RESTART);
	assert_int_equal(w.limit, WINDOW_START);
	/* The nodes are slower now for good: that is the new measure. */
	for (int i = 0; i < 100; i++)
		play_round(&w, 5 * MS, false, true, WINDOW_RESTART + 1);
	assert_int_equal(w.limit, WINDOW_MAX);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
