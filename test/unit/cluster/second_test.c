/*
 * cluster/second: what counts as in flight while a request has two attempts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aborts.h"
#include "cluster/second.h"

typedef struct Scene
{
	ClusterDispatch dispatch;
	ClusterNode node;
	ClusterPlace first;
	ClusterPlace other;
	ClusterRequest request;
} Scene;

/* The first attempt is over, as far as places know; a second one is out. */
static void
begin(Scene *s)
{
	ClusterSecond *second = calloc(1, sizeof(*second));

	*s = (Scene) {.node = {.key = 5}, .other = {.node = &s->node, .shard = 2}};
	s->request.dispatch = &s->dispatch;
	s->request.place = &s->first;
	s->request.generation = 3;
	assert_non_null(second);
	*second = (ClusterSecond) {.request = &s->request, .place = &s->other, .generation = 7};
	cluster_second_begin(second);
	assert_ptr_equal(s->request.second, second);
	assert_int_equal(s->other.in_flight, 1);
	assert_int_equal(s->dispatch.in_flight, 1);
	assert_ptr_equal(s->dispatch.active, &s->other);
}

static void
assert_over(const Scene *s, const ClusterPlace *place, uint32_t generation)
{
	assert_null(s->request.second);
	assert_int_equal(s->other.in_flight, 0);
	assert_int_equal(s->dispatch.in_flight, 0);
	assert_ptr_equal(s->request.place, place);
	assert_int_equal(s->request.generation, generation);
}

static void
test_one_that_does_not_count_leaves_the_first(void **state)
{
	Scene		s;

	begin(&s);
	cluster_second_end(&s.request);
	assert_over(&s, &s.first, 3);
}

static void
test_one_that_counts_is_as_the_first(void **state)
{
	Scene		s;

	begin(&s);
	cluster_second_promote(&s.request);
	assert_over(&s, &s.other, 7);
	assert_int_equal(s.request.node, 5);
	assert_int_equal(s.request.shard, 2);
}

static void
begin_again(void *scene)
{
	cluster_second_begin(((Scene *) scene)->request.second);
}

static void
test_a_third_attempt_aborts(void **state)
{
	Scene		s;

	begin(&s);
	assert_aborts(begin_again, &s, "!s->request->second");
	cluster_second_end(&s.request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_that_does_not_count_leaves_the_first),
		cmocka_unit_test(test_one_that_counts_is_as_the_first),
		cmocka_unit_test(test_a_third_attempt_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
