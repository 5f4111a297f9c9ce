/*
 * cluster/window: how many requests may be in flight at one place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cluster/window.h"

static void
test_overload_halves(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w);
	cluster_window_overloaded(&w);
	for (uint32_t i = 0; i < CLUSTER_WINDOW_FIRST; i++)
		cluster_window_note(&w, 1000);
	cluster_window_turn(&w, 0, true, 0);
	assert_int_equal(w.limit, CLUSTER_WINDOW_FIRST / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overload_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
