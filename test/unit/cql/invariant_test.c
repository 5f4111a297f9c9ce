/*
 * cql/invariant: a broken invariant ends the process and says which; a kept one
 * does nothing.
 */
#include "cql/invariant.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>

#include "aborts.h"

static void
break_invariant(void *sum)
{
	CORE_ASSERT(*(int *) sum == 5);
}

static void
test_broken_invariant_aborts_and_tells_its_condition(void **state)
{
	int			sum = 4;

	assert_aborts(break_invariant, &sum, "invariant_test.c:");
	assert_aborts(break_invariant, &sum, "invariant broken: *(int *) sum == 5\n");
}

static void
test_kept_invariant_goes_on(void **state)
{
	int			sum = 5;

	break_invariant(&sum);
}

static void *
ask_whose(void *thread)
{
	return core_thread_is_mine(thread) ? thread : NULL;
}

static void
test_thread_is_the_one_that_took(void **state)
{
	CoreThread	thread;
	pthread_t	other;
	void	   *answer;

	core_thread_take(&thread);
	assert_true(core_thread_is_mine(&thread));
	assert_int_equal(pthread_create(&other, NULL, ask_whose, &thread), 0);
	assert_int_equal(pthread_join(other, &answer), 0);
	assert_null(answer);
}

static void
test_thread_that_nobody_took_is_nobodys(void **state)
{
	CoreThread	thread;

	memset(&thread, 0, sizeof(thread));
	assert_false(core_thread_is_mine(&thread));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken_invariant_aborts_and_tells_its_condition),
		cmocka_unit_test(test_kept_invariant_goes_on),
		cmocka_unit_test(test_thread_is_the_one_that_took),
		cmocka_unit_test(test_thread_that_nobody_took_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
