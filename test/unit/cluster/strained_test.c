/*
 * cluster/strained: how many of the writes that failed on a replica go on at a time.
 */
#include "cluster/strained.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aborts.h"

static void
test_one_goes_on_at_a_time_to_begin_with(void **state)
{
	ClusterRequest r[2] = {0};
	ClusterStrained s;

	cluster_strained_init(&s);
	cluster_strained_add(&s, &r[0]);
	cluster_strained_add(&s, &r[1]);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r[0]);
	assert_null(cluster_strained_next(&s, 0));
	cluster_strained_done(&s, &r[0]);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r[1]);
}

static void
test_as_many_go_on_as_are_allowed(void **state)
{
	ClusterRequest r[3] = {0};
	ClusterStrained s;

	cluster_strained_init(&s);
	s.allowed = 2;
	for (int i = 0; i < 3; i++)
		cluster_strained_add(&s, &r[i]);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r[0]);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r[1]);
	assert_null(cluster_strained_next(&s, 0));
	assert_int_equal(s.out, 2);
}

static void
test_none_goes_on_before_its_time(void **state)
{
	ClusterRequest r = {.due = 100};
	ClusterStrained s;

	cluster_strained_init(&s);
	cluster_strained_add(&s, &r);
	assert_null(cluster_strained_next(&s, 99));
	assert_ptr_equal(cluster_strained_next(&s, 100), &r);
}

static void
test_one_that_fails_again_is_not_out_any_more(void **state)
{
	ClusterRequest r = {0};
	ClusterStrained s;

	cluster_strained_init(&s);
	cluster_strained_add(&s, &r);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r);
	cluster_strained_add(&s, &r);
	assert_int_equal(s.out, 0);
	assert_int_equal(s.strains, 2);
	assert_ptr_equal(cluster_strained_next(&s, 0), &r);
	assert_int_equal(s.out, 1);
}

static void
test_requests_that_were_never_strained_change_nothing(void **state)
{
	ClusterRequest strained = {0};
	ClusterRequest other = {0};
	ClusterStrained s;

	cluster_strained_init(&s);
	cluster_strained_add(&s, &strained);
	assert_ptr_equal(cluster_strained_next(&s, 0), &strained);
	cluster_strained_done(&s, &other);
	assert_int_equal(s.out, 1);
}

/* ---- invariants ---- */

static void
end_one_that_was_never_out(void *strained)
{
	ClusterRequest r = {.out = true};

	cluster_strained_done(strained, &r);
}

static void
test_broken_invariants_abort(void **state)
{
	ClusterStrained s;

	cluster_strained_init(&s);
	assert_aborts(end_one_that_was_never_out, &s, "strained->out >= request->out");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_goes_on_at_a_time_to_begin_with),
		cmocka_unit_test(test_as_many_go_on_as_are_allowed),
		cmocka_unit_test(test_none_goes_on_before_its_time),
		cmocka_unit_test(test_one_that_fails_again_is_not_out_any_more),
		cmocka_unit_test(test_requests_that_were_never_strained_change_nothing),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
