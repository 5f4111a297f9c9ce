/*
 * cluster/relief: what waits for a slow place while others have nothing to do.
 */
#include "fixture.inc.h"

#define ROWS 4000

static void
submit_all(Fixture *f, TestRequest *r, uint32_t statement)
{
	for (uint32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, (int32_t) i);
		submit(f, &r[i]);
	}
}

/* All is submitted at once, and a third of it waits for a node that is far slower than the others: they do it. */
static void
slow_node(const char *keyspace, const char *slow, uint64_t most)
{
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	open_nodes(&f, 3, keyspace);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 60);
	order_all(&f, "reset");
	f.completed = f.failed = 0;
	assert_true(node_order(f.node[2], "%s", slow));
	submit_all(&f, r, statement);
	AWAIT(&f, f.completed == ROWS);
	assert_int_equal(f.failed, 0);
	assert_in_range(node_count(f.node[2], "executes"), 1, most);
	free_requests(r, ROWS);
	fixture_end(&f);
}

static void
test_others_do_what_waits_for_a_slow_place(void **state)
{
	slow_node("keyspace ks network dc1:3", "latency 100000", ROWS / 5);
}

/* Two replicas of three nodes: each of the others has half of what waits for the slow one. */
static void
test_other_replicas_do(void **state)
{
	slow_node("keyspace ks network dc1:2", "latency 100000", ROWS / 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_do_what_waits_for_a_slow_place),
		cmocka_unit_test(test_other_replicas_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
