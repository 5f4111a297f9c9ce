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

/*
 * B42: a place of which 60 % are used, beside an empty one. What another node can do as well goes there; what is
 * conditional stays where its rounds of Paxos queue.
 */
static void
test_B42_load_shifts_and_conditions_stay(void **state)
{
	const uint32_t used = CLUSTER_WINDOW_START * 6 / 10;
	Fixture		f;
	TestRequest *r = new_requests(used);
	uint32_t	conditional;
	uint32_t	insert;
	int			hot;

	open_nodes(&f, 2, "keyspace ks simple 2");
	conditional = prepare(&f, "INSERT INTO ks.t (id, s) VALUES (?, ?) IF NOT EXISTS");
	insert = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	order_all(&f, "reset");
	make_conditional(&r[0], conditional, 7, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
	run(&f, &r[0]);
	hot = node_count(f.node[0], "executes") == 1 ? 0 : 1;
	order_all(&f, "reset");
	assert_true(node_order(f.node[hot], "on EXECUTE hold"));
	f.completed = 0;
	for (uint32_t i = 0; i < used; i++)
	{
		make_conditional(&r[i], conditional, 7, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
		submit(&f, &r[i]);
	}
	AWAIT(&f, count_all(&f, "executes") == used);
	assert_int_equal(node_count(f.node[hot], "executes"), used);

	/* each of them would be held there */
	for (int32_t id = 0; id < 50; id++)
		insert_all(&f, insert, id, 1);
	assert_int_equal(node_count(f.node[hot], "executes"), used);
	assert_true(node_order(f.node[hot], "clear"));
	assert_true(node_order(f.node[hot], "release"));
	AWAIT(&f, f.completed == used + 50);
	assert_int_equal(f.failed, 0);
	free_requests(r, used);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others_do_what_waits_for_a_slow_place),
		cmocka_unit_test(test_other_replicas_do),
		cmocka_unit_test(test_B42_load_shifts_and_conditions_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
