/*
 * cluster/window_evidence: ratios, and where they lead a window.
 */
#include "cluster/window_evidence.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* n ratios around mean, equally far to both sides; 0: go on collecting. */
static uint32_t
judge_in_crowd(double mean, double spread, uint32_t n, uint64_t tick, bool crowd, uint32_t width)
{
	ClusterEvidence e = {0};

	for (uint32_t i = 0; i < n; i++)
		cluster_evidence_add(&e, n % 2 == 1 && i == n - 1 ? mean : mean + (i % 2 == 0 ? spread : -spread));
	return cluster_evidence_judge(&e, tick, crowd, &width) ? width : 0;
}

static uint32_t
judge(double mean, double spread, uint32_t n, uint64_t tick)
{
	return judge_in_crowd(mean, spread, n, tick, false, 100);
}

static void
test_mean_knows_outliers(void **state)
{
	ClusterEvidence e = {0};
	double		error;

	for (int i = 0; i < 6; i++)
		cluster_evidence_add(&e, 0.9);
	cluster_evidence_add(&e, 0.1);
	cluster_evidence_add(&e, 7);
	assert_true(e.ratio[0] >= 0.3 && e.ratio[7] < 1.4);
	assert_float_equal(cluster_evidence_mean(&e, &error), 0.9, 1e-9);
	assert_true(error > 0 && error < 0.01);
}

static void
test_one_ratio_tells_nothing(void **state)
{
	ClusterEvidence e = {0};
	double		error;

	cluster_evidence_add(&e, 0.5);
	assert_float_equal(cluster_evidence_mean(&e, &error), 0.5, 1e-9);
	assert_true(error >= 1);
	assert_int_equal(judge(0.5, 0, 1, 4), 0);
}

/* However long no verdict comes. */
static void
test_evidence_has_an_end(void **state)
{
	ClusterEvidence e = {0};

	for (int i = 0; i < 1000; i++)
		cluster_evidence_add(&e, i % 2);
	assert_int_equal(e.count, CLUSTER_EVIDENCE_MAX);
}

static void
test_far_too_small_doubles_at_any_tick(void **state)
{
	assert_int_equal(judge(0.5, 0, 2, 1), 200);
	assert_int_equal(judge(0.5, 0.2, 2, 1), 0);
	/* as far as the ratio tells */
	assert_in_range(judge(0.65, 0, 2, 1), 142, 144);
}

static void
test_stands_in_line(void **state)
{
	assert_int_equal(judge(1, 0, 2, 1), 0);
	assert_int_equal(judge(1, 0, 2, 2), 60);
	assert_int_equal(judge_in_crowd(1, 0, 2, 2, false, 12), 6);
	/* noise narrows nothing */
	assert_int_equal(judge(1, 0.2, 2, 2), 0);
	assert_int_equal(judge(1, 0.3, 9, 4), 0);
}

/* Of others: whatever we take, they fill it. */
static void
test_crowd_doubles_nothing(void **state)
{
	assert_int_equal(judge_in_crowd(0.5, 0, 2, 1, true, 100), 0);
	assert_int_equal(judge_in_crowd(0.5, 0, 3, 4, true, 100), 114);
}

static void
test_near_the_knee_all_judge_at_one_tick(void **state)
{
	for (uint64_t tick = 1; tick < 4; tick++)
		assert_int_equal(judge(0.9, 0, 5, tick), 0);
	assert_int_equal(judge(0.9, 0, 5, 4), 114);
	assert_in_range(judge(0.8, 0, 5, 4), 115, 117);
	assert_int_equal(judge(0.95, 0, 5, 4), 85);
	/* in doubt up, and not for ever */
	assert_int_equal(judge(0.92, 0.2, 5, 4), 114);
	assert_int_equal(judge(0.94, 0.4, 7, 4), 0);
	assert_int_equal(judge(0.94, 0.4, 12, 4), 85);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mean_knows_outliers),
		cmocka_unit_test(test_one_ratio_tells_nothing),
		cmocka_unit_test(test_evidence_has_an_end),
		cmocka_unit_test(test_far_too_small_doubles_at_any_tick),
		cmocka_unit_test(test_stands_in_line),
		cmocka_unit_test(test_crowd_doubles_nothing),
		cmocka_unit_test(test_near_the_knee_all_judge_at_one_tick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
