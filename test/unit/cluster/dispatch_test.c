/*
 * What a request remembers of its tries.
 */
#include "fixture.inc.h"

static void
test_repeated_overload_is_remembered(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "on QUERY text 'ks.t' nth 1 error 0x1001\n");
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(r.core.attempts, 2);
	assert_true(r.core.overloaded);

	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_false(r.core.overloaded);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeated_overload_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
