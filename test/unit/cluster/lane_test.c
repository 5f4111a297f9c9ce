/*
 * cluster/lane: requests leave in the order in which they came.
 */
#include "cluster/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aborts.h"

static void
test_an_empty_lane_gives_nothing(void **state)
{
	ClusterLane lane = {0};
	ClusterLane all = cluster_lane_take_all(&lane);

	assert_null(cluster_lane_take(&lane));
	assert_null(cluster_lane_take(&all));
}

static void
test_requests_leave_in_the_order_they_came(void **state)
{
	ClusterRequest r[3] = {0};
	ClusterLane lane = {0};

	r[0].next = &r[2];			/* of a list it was on before */
	for (int i = 0; i < 3; i++)
		cluster_lane_append(&lane, &r[i]);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(cluster_lane_take(&lane), &r[i]);
	assert_null(cluster_lane_take(&lane));
}

static void
test_a_lane_that_ran_empty_is_filled_anew(void **state)
{
	ClusterRequest r[2] = {0};
	ClusterLane lane = {0};

	cluster_lane_append(&lane, &r[0]);
	assert_ptr_equal(cluster_lane_take(&lane), &r[0]);
	cluster_lane_append(&lane, &r[1]);
	cluster_lane_append(&lane, &r[0]);
	assert_ptr_equal(cluster_lane_take(&lane), &r[1]);
	assert_ptr_equal(cluster_lane_take(&lane), &r[0]);
	assert_null(cluster_lane_take(&lane));
}

/* Whoever goes through all of them puts some back. */
static void
test_what_was_taken_whole_may_go_back_one_by_one(void **state)
{
	ClusterRequest r[3] = {0};
	ClusterLane lane = {0};
	ClusterLane all;
	ClusterRequest *one;

	for (int i = 0; i < 3; i++)
		cluster_lane_append(&lane, &r[i]);
	all = cluster_lane_take_all(&lane);
	assert_null(lane.first);
	while ((one = cluster_lane_take(&all)))
	{
		if (one != &r[1])
			cluster_lane_append(&lane, one);
	}
	assert_ptr_equal(cluster_lane_take(&lane), &r[0]);
	assert_ptr_equal(cluster_lane_take(&lane), &r[2]);
	assert_null(cluster_lane_take(&lane));
}

static void
test_one_in_front_and_another_lane_behind(void **state)
{
	ClusterRequest r[4] = {0};
	ClusterLane a = {0};
	ClusterLane b = {0};

	cluster_lane_join(&a, &b);
	assert_null(a.first);
	cluster_lane_append(&a, &r[1]);
	cluster_lane_push(&a, &r[0]);
	cluster_lane_append(&b, &r[2]);
	cluster_lane_append(&b, &r[3]);
	cluster_lane_join(&a, &b);
	assert_int_equal(a.count, 4);
	assert_int_equal(b.count, 0);
	cluster_lane_join(&b, &a);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(cluster_lane_take(&b), &r[i]);

	/* one that was pushed to while empty knows its last one */
	cluster_lane_push(&a, &r[0]);
	cluster_lane_append(&a, &r[1]);
	assert_ptr_equal(cluster_lane_take(&a), &r[0]);
	assert_ptr_equal(cluster_lane_take(&a), &r[1]);
	assert_int_equal(a.count, 0);
}

static void
test_requests_leave_from_anywhere(void **state)
{
	ClusterRequest r[3] = {0};
	ClusterLane lane = {0};

	for (int i = 0; i < 3; i++)
		cluster_lane_append(&lane, &r[i]);
	cluster_lane_remove(&lane, &r[1]);
	cluster_lane_remove(&lane, &r[2]);
	cluster_lane_append(&lane, &r[1]);
	cluster_lane_remove(&lane, &r[0]);
	assert_int_equal(lane.count, 1);
	cluster_lane_remove(&lane, &r[1]);
	cluster_lane_append(&lane, &r[2]);
	assert_ptr_equal(cluster_lane_take(&lane), &r[2]);
	assert_null(cluster_lane_take(&lane));
}

/* ---- invariants ---- */

static void
wait_twice(void *request)
{
	ClusterLane a = {0};
	ClusterLane b = {0};

	cluster_lane_append(&a, request);
	cluster_lane_append(&b, request);
}

static void
come_first_twice(void *request)
{
	ClusterLane a = {0};

	cluster_lane_push(&a, request);
	cluster_lane_push(&a, request);
}

static void
leave_a_lane_it_is_not_on(void *request)
{
	ClusterLane a = {0};

	cluster_lane_remove(&a, request);
}

static void
test_broken_invariants_abort(void **state)
{
	ClusterRequest r = {0};

	assert_aborts(wait_twice, &r, "!request->listed");
	assert_aborts(come_first_twice, &r, "!request->listed");
	assert_aborts(leave_a_lane_it_is_not_on, &r, "*link != NULL");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_lane_gives_nothing),
		cmocka_unit_test(test_requests_leave_in_the_order_they_came),
		cmocka_unit_test(test_a_lane_that_ran_empty_is_filled_anew),
		cmocka_unit_test(test_what_was_taken_whole_may_go_back_one_by_one),
		cmocka_unit_test(test_one_in_front_and_another_lane_behind),
		cmocka_unit_test(test_requests_leave_from_anywhere),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
