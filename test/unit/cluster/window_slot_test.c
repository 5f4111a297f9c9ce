/*
 * cluster/window_slot: the grid of slots.
 */
#include "cluster/window_slot.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS UINT64_C(1000000)

static void
test_parts_follow_each_other(void **state)
{
	for (uint8_t class = 0; class < CLUSTER_SLOT_CLASSES; class++)
	{
		uint64_t	slot = cluster_slot_length(class);
		uint64_t	tick = slot * CLUSTER_SLOTS_OF_TICK;
		uint64_t	now = tick * 1000;
		uint64_t	left;
		static const int tenths[] = {3, 7, 3, 27};

		for (int i = 0; i < 8; i++)
		{
			assert_int_equal(cluster_slot_part(class, now, &left), i % 4);
			assert_in_range(left, slot * tenths[i % 4] / 10, slot * tenths[i % 4] / 10 + 1);
			assert_int_equal(cluster_slot_part(class, now + left - 1, &left), i % 4);
			assert_int_equal(left, 1);
			cluster_slot_part(class, now, &left);
			now += left;
		}
		assert_int_equal(now, tick * 1002);
		assert_int_equal(cluster_slot_tick(class, now), 1002);
		assert_int_equal(cluster_slot_tick(class, now - 1), 1001);
	}
}

/* Sessions of another class begin together with those of this one. */
static void
test_grids_are_nested(void **state)
{
	uint64_t	left;
	uint64_t	longest = cluster_slot_length(CLUSTER_SLOT_CLASSES - 1) * CLUSTER_SLOTS_OF_TICK;

	for (uint8_t class = 0; class < CLUSTER_SLOT_CLASSES; class++)
	{
		assert_int_equal(cluster_slot_part(class, longest * 77, &left), CLUSTER_SLOT_HALF_SETTLE);
		assert_int_equal(longest % cluster_slot_length(class), 0);
	}
}

static void
test_class_serves_latency_and_turns(void **state)
{
	assert_int_equal(cluster_slot_class(0, 0, 0), 0);
	assert_int_equal(cluster_slot_class(0, 5.0 * MS, 0), 0);
	assert_int_equal(cluster_slot_class(0, 6.0 * MS, 0), 1);
	assert_int_equal(cluster_slot_class(0, 0, 5.0 * MS), 1);
	assert_int_equal(cluster_slot_class(0, 80.0 * MS, 0), 2);
	assert_int_equal(cluster_slot_class(0, 3600000.0 * MS, 0), CLUSTER_SLOT_CLASSES - 1);
}

/* Who is between two classes does not go to and fro. */
static void
test_class_that_serves_is_kept(void **state)
{
	assert_int_equal(cluster_slot_class(1, 4.5 * MS, 0), 1);
	assert_int_equal(cluster_slot_class(1, 4.0 * MS, 0), 0);
	assert_int_equal(cluster_slot_class(2, 18.0 * MS, 0), 2);
	assert_int_equal(cluster_slot_class(2, 17.0 * MS, 0), 1);
	assert_int_equal(cluster_slot_class(3, 0, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_follow_each_other),
		cmocka_unit_test(test_grids_are_nested),
		cmocka_unit_test(test_class_serves_latency_and_turns),
		cmocka_unit_test(test_class_that_serves_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
