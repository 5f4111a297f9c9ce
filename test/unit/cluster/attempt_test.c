/*
 * cluster/attempt: which node an attempt goes to, and what no node is asked.
 */
#include "fixture.inc.h"

/* ---- routing ---- */

static void
test_rows_go_to_their_owners(void **state)
{
	Fixture		f;
	uint32_t	statement;

	open_nodes(&f, 3, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	assert_int_equal(count_all(&f, "PREPARE"), 1);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 600);
	assert_int_equal(count_all(&f, "not_owner"), 0);
	assert_int_equal(count_all(&f, "executes"), 600);
	for (int i = 0; i < 3; i++)
	{
		assert_true(node_count(f.node[i], "executes") > 100);
		assert_int_equal(node_count(f.node[i], "PREPARE"), 1);
	}
	fixture_end(&f);
}

static void
test_replicas_share_the_load(void **state)
{
	Fixture		f;
	uint32_t	statement;

	open_nodes(&f, 3, "keyspace ks network dc1:3");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 60);	/* all know the statement */
	order_all(&f, "reset\nlatency 20000");	/* one that is quicker would do more */
	insert_all(&f, statement, 0, 300);
	for (int i = 0; i < 3; i++)
		assert_in_range(node_count(f.node[i], "executes"), 60, 160);
	fixture_end(&f);
}

#define CONDITIONAL_TEXT "INSERT INTO ks.t (id, s) VALUES (?, ?) IF NOT EXISTS"

/* By what the request says, by its consistency, or by what the nodes say of the statement alone. */
static void
test_conditions_go_to_the_first_replica(void **state)
{
	static const struct
	{
		const char *extra;
		const char *text;
		uint8_t		flags;
		uint8_t		consistency;
		bool		first;
	}			cases[] = {
		{"", CONDITIONAL_TEXT, CQL_PARAM_VALUES | CQL_PARAM_SERIAL, CQL_QUORUM, true},
		{"", INSERT_TEXT, CQL_PARAM_VALUES, CQL_SERIAL, true},
		{"", INSERT_TEXT, CQL_PARAM_VALUES, CQL_LOCAL_SERIAL, true},
		{"scylla 2\n", CONDITIONAL_TEXT, CQL_PARAM_VALUES, CQL_QUORUM, true},
		{"scylla 2\n", INSERT_TEXT, CQL_PARAM_VALUES, CQL_QUORUM, false},
		{"", CONDITIONAL_TEXT, CQL_PARAM_VALUES, CQL_QUORUM, false},	/* nothing tells */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Fixture		f;
		TestRequest r = {0};
		uint32_t	statement;

		fixture_init(&f);
		start_nodes(&f, 3, "keyspace ks simple 3", cases[i].extra);
		open_cluster(&f);
		statement = prepare(&f, cases[i].text);
		await_all_nodes(&f);
		for (int32_t id = 0; id < 60; id++)
		{
			make_conditional(&r, statement, id, cases[i].flags);
			r.core.consistency = cases[i].consistency;
			run(&f, &r);
			assert_worked(&r);
		}
		if (cases[i].first)
			assert_int_equal(count_all(&f, "not_owner"), 0);
		else
			assert_in_range(count_all(&f, "not_owner"), 20, 60);
		request_free(&r);
		fixture_end(&f);
	}
}

static int
node_of_failure(const Fixture *f, const TestRequest *r)
{
	for (int i = 0; i < f->nnodes; i++)
	{
		const char *address = node_address(f->node[i]);

		if (strncmp(r->core.failure->node, address, strlen(address)) == 0)
			return i;
	}
	return -1;
}

/* An owner's successor on the ring is the next node: start_nodes gives out tokens in that order. */
static void
test_conditions_go_to_the_next_replica_in_order(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 3, "keyspace ks simple 3");
	statement = prepare(&f, CONDITIONAL_TEXT);
	await_all_nodes(&f);
	for (int32_t id = 0; id < 30; id++)
	{
		uint64_t	before[3];
		int			owner = 0;

		for (int i = 0; i < 3; i++)
			before[i] = node_count(f.node[i], "executes");
		make_conditional(&r, statement, id, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
		run(&f, &r);
		assert_worked(&r);
		while (node_count(f.node[owner], "executes") == before[owner])
			owner++;
		order_all(&f, "on EXECUTE error 0x1000 \"not enough\"");
		make_conditional(&r, statement, id, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
		run(&f, &r);
		assert_failed(&r, CLUSTER_FAIL_CQL);
		assert_int_equal(r.core.failure->attempts, 2);	/* "unavailable" is worth one other node */
		assert_int_equal(node_of_failure(&f, &r), (owner + 1) % 3);
		order_all(&f, "clear");
	}
	assert_int_equal(count_all(&f, "not_owner"), 0);
	request_free(&r);
	fixture_end(&f);
}

static void
test_other_data_center_is_left_alone(void **state)
{
	Fixture		f;
	uint32_t	statement;
	Node	   *far;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks network dc1:1 dc2:1", "");
	far = start_node("address 127.0.0.2\ndc 'dc2'\n");
	assert_true(node_order(f.node[0], "peer 127.0.0.2 %d 77 dc 'dc2'", node_port(far)));
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	insert_all(&f, statement, 0, 50);
	assert_int_equal(node_count(far, "connections"), 0);
	fixture_end(&f);
	node_stop(far);
}

/* ---- what is not sent ---- */

/* No node will ever take it: those behind it need not wait. */
static void
test_too_large(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	size_t		n = CQL_FRAME_MAX_BODY + 1;

	open_nodes(&f, 1, "keyspace ks simple 1");
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	request_reset(&r);
	r.core.kind = CLUSTER_QUERY;
	r.core.timeout_ms = 60 * AWAIT_MS;	/* what is that large is looked at for long, on a slow machine */
	cql_put_u32(&r.payload, (uint32_t) n);
	assert_true(cql_buffer_reserve(&r.payload, n));
	memset(r.payload.data + r.payload.len, 'x', n);
	r.payload.len += n;
	request_seal(&r);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);
	assert_non_null(strstr(r.core.failure->message, "larger than a CQL frame"));
	request_free(&r);
	fixture_end(&f);
}

/* A node that has answered nothing yet gets no second request, as long as another replica has none to answer. */
static void
test_a_silent_replica_gathers_no_requests(void **state)
{
	const uint32_t n = 60;
	Fixture		f;
	TestRequest *r = new_requests(n);
	uint32_t	statement;
	uint32_t	before;

	open_nodes(&f, 3, "keyspace ks network dc1:3");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 30);	/* all know the statement */
	before = f.completed;
	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	for (uint32_t i = 0; i < n; i++)
	{
		make_insert(&r[i], statement, (int32_t) i);
		submit(&f, &r[i]);
		AWAIT(&f, f.completed - before + node_count(f.node[2], "held") == i + 1);
	}
	assert_int_equal(node_count(f.node[2], "held"), 1);
	assert_true(node_order(f.node[2], "release"));
	AWAIT(&f, f.completed - before == n);
	assert_int_equal(f.failed, 0);
	for (uint32_t i = 0; i < n; i++)
		request_free(&r[i]);
	free(r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_go_to_their_owners),
		cmocka_unit_test(test_replicas_share_the_load),
		cmocka_unit_test(test_a_silent_replica_gathers_no_requests),
		cmocka_unit_test(test_conditions_go_to_the_first_replica),
		cmocka_unit_test(test_conditions_go_to_the_next_replica_in_order),
		cmocka_unit_test(test_other_data_center_is_left_alone),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
