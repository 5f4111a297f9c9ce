/*
 * cluster/answer: which answers, and which losses, are followed by another attempt.
 */
#include "fixture.inc.h"

#define CONDITIONAL_TEXT "INSERT INTO ks.t (id, s) VALUES (?, ?) IF NOT EXISTS"

/* ---- again ---- */

static void
test_idempotent_requests_survive_a_lost_connection(void **state)
{
	Fixture		f;
	uint32_t	statement;

	open_nodes(&f, 2, "keyspace ks simple 2");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_true(node_order(f.node[0], "on EXECUTE nth 5 reset"));
	insert_all(&f, statement, 0, 200);
	assert_int_equal(node_count(f.node[0], "faults"), 1);
	fixture_end(&f);
}

/* Whoever asked asks for less. */
static void
test_what_may_be_too_much_comes_home(void **state)
{
	static const struct
	{
		const char *order;
		ClusterFailureKind kind;
	}			faults[] =
	{
		{"on EXECUTE close", CLUSTER_FAIL_LOST},
		{"on EXECUTE error 0x0000 \"out of memory\"", CLUSTER_FAIL_CQL},
		{"on EXECUTE error 0x1200 \"slow\" received 2 required 1", CLUSTER_FAIL_CQL},
	};
	Fixture		f;
	uint32_t	statement;

	open_nodes(&f, 2, "keyspace ks simple 2");
	statement = prepare(&f, INSERT_TEXT);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
	{
		TestRequest r = {0};

		order_all(&f, "clear");
		order_all(&f, "reset");
		await_all_nodes(&f);
		order_all(&f, faults[i].order);
		make_insert(&r, statement, 1);
		r.core.divisible = true;
		run(&f, &r);
		assert_failed(&r, faults[i].kind);
		assert_int_equal(r.core.failure->attempts, 1);
		assert_int_equal(count_all(&f, "executes"), 1);
		request_free(&r);
	}
	fixture_end(&f);
}

static void
test_others_are_not_repeated(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 2, "keyspace ks simple 2");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	order_all(&f, "on EXECUTE close");
	make_insert(&r, statement, 1);
	r.core.idempotent = false;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	assert_int_equal(r.core.failure->attempts, 1);
	assert_int_equal(count_all(&f, "executes"), 1);

	/* nor are those that the server may have done */
	order_all(&f, "clear");
	order_all(&f, "on EXECUTE error 0x1100 \"late\" received 1 required 2 COUNTER");
	await_all_nodes(&f);
	make_insert(&r, statement, 1);
	r.core.idempotent = false;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_WRITE_TIMEOUT);
	assert_true(r.core.failure->counted);
	assert_int_equal(r.core.failure->received, 1);
	assert_int_equal(r.core.failure->required, 2);
	assert_string_equal(r.core.failure->message, "late");
	assert_int_equal(count_all(&f, "executes"), 2);
	request_free(&r);
	fixture_end(&f);
}

static void
test_repeated_requests_are_the_same(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	NodeRequest seen[4];
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE times 2 error 0x1001 \"busy\"");
	make_insert(&r, statement, 5);
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_requests(f.node[0], CQL_OP_EXECUTE, seen, 4), 3);
	for (int i = 0; i < 3; i++)
	{
		assert_int_equal(seen[i].timestamp, 1700000000000005);
		assert_int_equal(seen[i].consistency, CQL_QUORUM);
		assert_int_equal(seen[i].values_len, seen[0].values_len);
		assert_memory_equal(seen[i].values, seen[0].values, seen[0].values_len);
	}
	request_free(&r);
	fixture_end(&f);
}

/* ---- writes that fail on a replica ---- */

#define FAILS "on EXECUTE %s error 0x1500 \"failed\" received 0 required 1 SIMPLE"

/* As many at a time as are allowed, each with its own timestamp, until all are there. */
static void
test_failed_writes_are_repeated_few_at_a_time(void **state)
{
	enum
	{
		ROWS = 60
	};
	Fixture		f;
	uint32_t	statement;
	TestRequest *r = new_requests(ROWS);
	NodeRequest seen[3];
	uint32_t	retries = 0;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "latency 1000\n");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	for (uint32_t limit = 1; limit <= 3; limit += 2)
	{
		assert_true(node_order(f.node[0], "reset\n" FAILS, "over 3"));
		cluster_limit(f.cluster, ROWS, true);
		f.completed = 0;
		for (int32_t i = 0; i < ROWS; i++)
		{
			make_insert(&r[i], statement, i);
			submit(&f, &r[i]);
		}
		cluster_limit(f.cluster, limit, true);	/* they have left */
		AWAIT(&f, node_count(f.node[0], "faults") > 0 && node_count(f.node[0], "in_flight") == 0);
		order_all(&f, "reset");
		AWAIT(&f, f.completed == ROWS);
		assert_int_equal(node_count(f.node[0], "faults"), 0);
		assert_int_equal(node_count(f.node[0], "max_in_flight"), limit);
		for (int32_t i = 0; i < ROWS; i++)
		{
			assert_worked(&r[i]);
			assert_int_equal(r[i].times, 1);
			retries += r[i].core.attempts - 1u;
		}
		order_all(&f, "clear");
	}
	assert_int_equal(cluster_strains(f.cluster), retries);
	assert_true(retries >= 2 * (ROWS - 3));

	assert_true(node_order(f.node[0], "reset\n" FAILS, "times 2"));
	make_insert(&r[0], statement, 5);
	run(&f, &r[0]);
	assert_worked(&r[0]);
	assert_int_equal(node_requests(f.node[0], CQL_OP_EXECUTE, seen, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(seen[i].timestamp, 1700000000000005);
	free_requests(r, ROWS);
	fixture_end(&f);
}

static void
check_failed_write(Fixture *f, TestRequest *r, uint32_t attempts)
{
	order_all(f, "reset");
	run(f, r);
	assert_failed(r, CLUSTER_FAIL_CQL);
	assert_int_equal(r->core.failure->code, CQL_ERR_WRITE_FAILURE);
	assert_int_equal(r->core.failure->attempts, attempts);
	assert_int_equal(node_count(f->node[0], "executes"), attempts);
}

/* So often, so long, and not at all where that would be more than once. */
static void
test_failed_writes_are_not_repeated_for_ever(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	f.config.max_attempts = 3;
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	assert_true(node_order(f.node[0], FAILS, ""));
	make_insert(&r, statement, 1);
	check_failed_write(&f, &r, 3);
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 40;
	check_failed_write(&f, &r, 1);
	make_insert(&r, statement, 1);
	r.core.idempotent = false;
	check_failed_write(&f, &r, 1);
	order_all(&f, "clear\non EXECUTE error 0x1500 \"failed\" received 0 required 1 COUNTER");
	make_insert(&r, statement, 1);
	check_failed_write(&f, &r, 1);
	request_free(&r);
	fixture_end(&f);
}

/* While they wait: the node goes, or the cluster is closed. */
static void
test_failed_writes_wait_no_longer_than_the_cluster(void **state)
{
	for (int closing = 0; closing < 2; closing++)
	{
		Fixture		f;
		TestRequest r = {0};
		uint32_t	statement;

		fixture_init(&f);
		f.config.net.connect_timeout = 200;
		start_nodes(&f, 1, "keyspace ks simple 1", "");
		open_cluster(&f);
		statement = prepare(&f, INSERT_TEXT);
		assert_true(node_order(f.node[0], FAILS, ""));
		make_insert(&r, statement, 1);
		submit(&f, &r);
		AWAIT(&f, cluster_strains(f.cluster) >= 1);
		if (closing)
			close_cluster(&f);
		else
			order_all(&f, "refuse\ndisconnect");
		AWAIT(&f, r.times == 1);
		assert_failed(&r, CLUSTER_FAIL_LOST);	/* it may have been applied */
		request_free(&r);
		fixture_end(&f);
	}
}

/* Who broke the protocol once may do so again: the connection goes, and with it nothing else. */
static void
test_protocol_error_ends_the_connection(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint64_t	connections;
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	connections = node_count(f.node[0], "connections");
	order_all(&f, "on EXECUTE nth 50 error 0x000A \"what?\"");
	insert_all(&f, statement, 0, 49);
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_PROTOCOL);
	assert_int_equal(r.core.failure->attempts, 1);
	insert_all(&f, statement, 0, 200);
	assert_int_equal(node_count(f.node[0], "connections"), connections + 1);
	request_free(&r);
	fixture_end(&f);
}

/* What a node that always answers code is asked. */
static void
check_attempts(int nodes, const char *code, uint32_t attempts)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, nodes, "keyspace ks simple 3", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	for (int i = 0; i < nodes; i++)
		assert_true(node_order(f.node[i], "on EXECUTE error %s", code));
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, strtoul(code, NULL, 0));
	assert_int_equal(r.core.failure->attempts, attempts);
	assert_int_equal(count_all(&f, "executes"), attempts);
	request_free(&r);
	fixture_end(&f);
}

static void
test_attempts_are_bounded(void **state)
{
	check_attempts(1, "0x0000", 1);
	check_attempts(3, "0x0000", 3);
	check_attempts(3, "0x1000", 2);
	check_attempts(3, "0x1002", 3);
	check_attempts(2, "0x2200", 1);
}

/* More often than other errors are. */
static void
test_who_has_too_much_to_do_is_asked_until_it_has_time(void **state)
{
	static const char *const errors[] = {"0x1001", "0x1100 \"late\" received 0 required 1 SIMPLE"};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
	{
		Fixture		f;
		TestRequest r = {0};
		uint32_t	statement;

		open_nodes(&f, 1, "keyspace ks simple 1");
		statement = prepare(&f, INSERT_TEXT);
		assert_true(node_order(f.node[0], "on EXECUTE times 6 error %s", errors[i]));
		make_insert(&r, statement, 1);
		run(&f, &r);
		assert_worked(&r);
		assert_int_equal(r.core.attempts, 7);
		request_free(&r);
		fixture_end(&f);
	}
}

/* The last attempt had no time left. */
static void
test_an_error_says_more_than_the_silence_behind_it(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	assert_true(node_order(f.node[0], "on EXECUTE nth 1 error 0x1001 \"busy\""));
	assert_true(node_order(f.node[0], "on EXECUTE nth 2 silent"));
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 1000;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_string_equal(r.core.failure->message, "busy");
	assert_int_equal(r.core.failure->attempts, 2);
	assert_true(r.core.failure->elapsed_ms >= 990);
	request_free(&r);
	fixture_end(&f);
}

/* ---- conditions ---- */

/* Rounds of Paxos that have met: the replica that the others begin with is asked again, at the same levels. */
static void
test_rounds_of_paxos_go_on_where_they_began(void **state)
{
	static const char *const errors[] = {
		"error 0x1100 \"met\" received 1 required 2 CAS", "error 0x1200 \"met\" received 1 required 2"
	};

	for (int i = 0; i < 4; i++)
	{
		Fixture		f;
		TestRequest r = {0};
		NodeRequest seen[8];
		uint32_t	statement;
		bool		idempotent = i < 2;
		int			n = 0;

		open_nodes(&f, 3, "keyspace ks simple 3");
		statement = prepare(&f, CONDITIONAL_TEXT);
		await_all_nodes(&f);
		order_all(&f, "reset");
		make_conditional(&r, statement, 7, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
		r.core.idempotent = idempotent;
		r.core.consistency = CQL_SERIAL;
		for (int node = 0; node < 3; node++)
			assert_true(node_order(f.node[node], "on EXECUTE times 2 %s", errors[i % 2]));
		run(&f, &r);
		if (idempotent)
			assert_worked(&r);
		else
			assert_failed(&r, CLUSTER_FAIL_CQL);
		for (int node = 0; node < 3; node++)
		{
			int			here = node_requests(f.node[node], CQL_OP_EXECUTE, seen + n, 8 - n);

			assert_true(here == 0 || n == 0);
			n += here;
		}
		assert_int_equal(n, idempotent ? 3 : 1);
		for (int k = 0; k < n; k++)
		{
			assert_int_equal(seen[k].serial_consistency, CQL_LOCAL_SERIAL);
			assert_int_equal(seen[k].consistency, CQL_SERIAL);
		}
		request_free(&r);
		fixture_end(&f);
	}
}

/* Nothing was begun: another node may see more replicas. Once, at the same levels. */
static void
test_paxos_without_replicas_is_asked_elsewhere(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	NodeRequest seen[8];
	uint32_t	statement;
	int			n = 0;

	open_nodes(&f, 3, "keyspace ks simple 3");
	statement = prepare(&f, CONDITIONAL_TEXT);
	await_all_nodes(&f);
	order_all(&f, "reset");
	order_all(&f, "on EXECUTE error 0x1000 \"too few\" received 1 required 2");
	make_conditional(&r, statement, 7, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
	r.core.idempotent = false;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_UNAVAILABLE);
	for (int node = 0; node < 3; node++)
	{
		int			here = node_requests(f.node[node], CQL_OP_EXECUTE, seen + n, 8 - n);

		assert_in_range(here, 0, 1);
		n += here;
	}
	assert_int_equal(n, 2);
	for (int k = 0; k < n; k++)
		assert_int_equal(seen[k].serial_consistency, CQL_LOCAL_SERIAL);
	request_free(&r);
	fixture_end(&f);
}

/* A statement that its node marks is not repeated, though the request says that it could be. */
static void
test_marked_statements_are_not_repeated(void **state)
{
	static const char *const extra[] = {"", "scylla 2\n"};

	for (int i = 0; i < 2; i++)
	{
		Fixture		f;
		TestRequest r = {0};
		uint32_t	statement;

		fixture_init(&f);
		start_nodes(&f, 1, "keyspace ks simple 1", extra[i]);
		open_cluster(&f);
		statement = prepare(&f, CONDITIONAL_TEXT);
		order_all(&f, "on EXECUTE nth 1 close");
		make_conditional(&r, statement, 1, CQL_PARAM_VALUES);
		run(&f, &r);
		if (i == 0)
			assert_worked(&r);
		else
			assert_failed(&r, CLUSTER_FAIL_LOST);
		assert_int_equal(r.core.attempts, i == 0 ? 2 : 1);
		request_free(&r);
		fixture_end(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idempotent_requests_survive_a_lost_connection),
		cmocka_unit_test(test_what_may_be_too_much_comes_home),
		cmocka_unit_test(test_others_are_not_repeated),
		cmocka_unit_test(test_repeated_requests_are_the_same),
		cmocka_unit_test(test_failed_writes_are_repeated_few_at_a_time),
		cmocka_unit_test(test_failed_writes_are_not_repeated_for_ever),
		cmocka_unit_test(test_failed_writes_wait_no_longer_than_the_cluster),
		cmocka_unit_test(test_protocol_error_ends_the_connection),
		cmocka_unit_test(test_attempts_are_bounded),
		cmocka_unit_test(test_who_has_too_much_to_do_is_asked_until_it_has_time),
		cmocka_unit_test(test_an_error_says_more_than_the_silence_behind_it),
		cmocka_unit_test(test_rounds_of_paxos_go_on_where_they_began),
		cmocka_unit_test(test_paxos_without_replicas_is_asked_elsewhere),
		cmocka_unit_test(test_marked_statements_are_not_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
