/*
 * Connecting, losing nodes, being down and coming back.
 */
#include "fixture.inc.h"

/* ---- connecting ---- */

static void
test_query(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "row ks.t (1, 'one')\n");
	open_cluster(&f);
	make_query(&r, "SELECT id, s FROM ks.t");
	assert_int_equal(cluster_submit(f.cluster, &r.core), CLUSTER_BUSY);
	run(&f, &r);
	assert_worked(&r);
	assert_non_null(r.core.body);
	assert_int_equal(r.core.body[3], CQL_RESULT_ROWS);
	assert_int_equal(r.core.version, 5);
	assert_true(r.core.has_metadata_id);
	assert_true(r.core.latency > 0);
	assert_true(f.rooms > 0);

	make_query(&r, "SELECT nonsense FROM ks.t");
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_INVALID);
	assert_int_equal(r.core.failure->attempts, 1);
	assert_memory_equal(r.core.failure->node, "127.0.0.1:", 10);
	assert_true(strlen(r.core.failure->message) > 0);

	make_query(&r, "SELECT id FROM ks.t");
	r.core.length = 3;			/* not even a length */
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);
	request_free(&r);
	fixture_end(&f);
}

static void
test_v4_and_peers_without_v2(void **state)
{
	static const char *const extra[] = {"protocol 4\n", "scylla 2\n"};

	for (int i = 0; i < 2; i++)
	{
		Fixture		f;
		uint32_t	statement;

		fixture_init(&f);
		start_nodes(&f, 3, "keyspace ks simple 1", extra[i]);
		open_cluster(&f);
		statement = prepare(&f, INSERT_TEXT);
		await_all_nodes(&f);
		assert_int_equal(count_all(&f, "ready"), 4);	/* one each, and the control connection */
		insert_all(&f, statement, 0, 200);
		assert_int_equal(count_all(&f, "rows_written"), 200);
		assert_int_equal(count_all(&f, "not_owner"), 0);
		fixture_end(&f);
	}
}

/* An address that answers nothing, one that refuses, and a live one. */
static void
test_live_contact_beside_dead_ones(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Node	   *silent = start_node("address 127.0.0.9\non CONNECT silent\n");
	uint64_t	start;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	add_contact(&f, "127.0.0.9", node_port(silent));
	add_contact(&f, "127.0.0.1", 1);
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	start = uv_hrtime();
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_true(uv_hrtime() - start < f.config.net.connect_timeout * UINT64_C(1000000) / 2);
	request_free(&r);
	fixture_end(&f);
	node_stop(silent);
}

/* One that takes the connection and says nothing about the topology must not block the other. */
static void
test_contact_that_answers_no_query(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Node	   *mute = start_node("address 127.0.0.9\non QUERY silent\n");

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	add_contact(&f, "127.0.0.9", node_port(mute));
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	f.config.net.connect_timeout = 600;
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
	node_stop(mute);
}

static void
test_all_contacts_refuse(void **state)
{
	Fixture		f;
	const ClusterFailure *down;

	fixture_init(&f);
	add_contact(&f, "127.0.0.1", 1);
	add_contact(&f, "127.0.0.2", 1);
	open_cluster(&f);
	AWAIT(&f, cluster_down(f.cluster));
	down = cluster_down(f.cluster);
	assert_int_equal(down->kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(down->message, "127.0.0.1:1: connection refused"));
	assert_non_null(strstr(down->message, "127.0.0.2:1: connection refused"));
	assert_int_equal(f.rooms, 1);
	fixture_end(&f);
}

static void
test_silent_contact(void **state)
{
	Fixture		f;
	uint64_t	start = uv_hrtime();

	fixture_init(&f);
	f.node[0] = start_node("on CONNECT silent\n");
	f.nnodes = 1;
	f.config.net.connect_timeout = 300;
	open_cluster(&f);
	AWAIT(&f, cluster_down(f.cluster));
	assert_int_equal(cluster_down(f.cluster)->kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(cluster_down(f.cluster)->message, "300 ms"));
	assert_in_range((uv_hrtime() - start) / 1000000, 290, 2000);
	fixture_end(&f);
}

static void
test_wrong_password(void **state)
{
	Fixture		f;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "auth 'me' 'right'\n");
	add_contact(&f, "127.0.0.7", 1);
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	f.config.net.username = "me";
	f.config.net.password = "wrong";
	open_cluster(&f);
	AWAIT(&f, cluster_down(f.cluster));
	assert_int_equal(cluster_down(f.cluster)->kind, CLUSTER_FAIL_CREDENTIALS);
	/* the reason that matters comes first */
	assert_memory_equal(cluster_down(f.cluster)->message, "127.0.0.1:", 10);
	assert_non_null(strstr(cluster_down(f.cluster)->message, "127.0.0.7:1"));
	assert_null(strstr(cluster_down(f.cluster)->message, "wrong"));
	close_cluster(&f);

	f.config.net.password = "right";
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	fixture_end(&f);
}

static void
test_unknown_local_dc(void **state)
{
	Fixture		f;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "dc 'east'\n");
	f.config.local_dc = "west";
	open_cluster(&f);
	AWAIT(&f, cluster_down(f.cluster));
	assert_int_equal(cluster_down(f.cluster)->kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(cluster_down(f.cluster)->message, "\"west\""));
	assert_non_null(strstr(cluster_down(f.cluster)->message, "\"east\""));
	fixture_end(&f);
}

/* ---- routing ---- */

static void
test_rows_go_to_their_owners(void **state)
{
	Fixture		f;
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 3, "keyspace ks simple 1", "");
	open_cluster(&f);
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

	fixture_init(&f);
	start_nodes(&f, 3, "keyspace ks network dc1:3", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 300);
	for (int i = 0; i < 3; i++)
		assert_in_range(node_count(f.node[i], "executes"), 90, 110);
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

/* ---- losing nodes ---- */

static void
test_idempotent_requests_survive_a_lost_connection(void **state)
{
	Fixture		f;
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_true(node_order(f.node[0], "on EXECUTE nth 20 reset"));
	insert_all(&f, statement, 0, 200);
	assert_int_equal(node_count(f.node[0], "faults"), 1);
	fixture_end(&f);
}

static void
test_others_are_not_repeated(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	open_cluster(&f);
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

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
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
	check_attempts(1, "0x1001", 5);
	check_attempts(2, "0x2200", 1);
}

/* A node dies in mid-load: nothing is lost, nothing is raised. */
static void
test_a_node_dies_under_load(void **state)
{
	enum
	{
		ROWS = 4000, WINDOW = 256
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;
	uint32_t	next = 0;
	bool		killed = false;

	fixture_init(&f);
	start_nodes(&f, 3, "keyspace ks simple 3", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	f.completed = 0;
	while (f.completed < ROWS)
	{
		for (; next < ROWS && next - f.completed < WINDOW; next++)
		{
			make_insert(&r[next], statement, (int32_t) next);
			if (!try_submit(&f, &r[next]))
				break;
		}
		if (!killed && f.completed > ROWS / 4)
		{
			node_stop(f.node[0]);	/* the control connection's, too */
			f.node[0] = NULL;
			killed = true;
		}
		uv_run(&f.loop, UV_RUN_ONCE);
	}
	for (uint32_t i = 0; i < ROWS; i++)
	{
		assert_int_equal(r[i].times, 1);
		assert_worked(&r[i]);
	}
	free_requests(r, ROWS);
	fixture_end(&f);
}

static void
test_a_node_that_comes_back_is_used_again(void **state)
{
	Fixture		f;
	uint32_t	statement;
	uint64_t	before;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_true(node_order(f.node[1], "refuse\ndisconnect"));
	AWAIT(&f, node_count(f.node[1], "open") == 0);
	insert_all(&f, statement, 0, 50);
	assert_true(node_order(f.node[1], "forget\nlisten"));
	await_all_nodes(&f);
	before = node_count(f.node[1], "rows_written");
	insert_all(&f, statement, 0, 50);
	assert_true(node_count(f.node[1], "rows_written") > before + 10);
	fixture_end(&f);
}

static void
test_control_connection_moves(void **state)
{
	Fixture		f;
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_int_equal(node_count(f.node[1], "REGISTER"), 0);
	assert_true(node_order(f.node[0], "refuse\ndisconnect"));
	AWAIT(&f, node_count(f.node[1], "REGISTER") == 1);
	insert_all(&f, statement, 0, 20);
	fixture_end(&f);
}

static void
test_down_and_up_again(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;
	uint64_t	start;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	f.config.net.connect_timeout = 400;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	order_all(&f, "on EXECUTE silent");
	make_insert(&r, statement, 1);
	assert_true(submit(&f, &r));
	AWAIT(&f, count_all(&f, "executes") == 1);
	start = uv_hrtime();
	order_all(&f, "refuse\ndisconnect\nclear");
	AWAIT(&f, r.times == 1);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	assert_true(uv_hrtime() - start < UINT64_C(3000000000));
	assert_non_null(cluster_down(f.cluster));
	assert_non_null(strstr(cluster_down(f.cluster)->message, "127.0.0.1:"));
	assert_non_null(strstr(cluster_down(f.cluster)->message, "127.0.0.2:"));

	/* still down: one more attempt, one more failure */
	make_insert(&r, statement, 1);
	assert_false(submit(&f, &r));
	order_all(&f, "listen");
	assert_false(try_submit(&f, &r));
	assert_null(cluster_down(f.cluster));
	run(&f, &r);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
}

/* A request that was never sent does not claim that it may have been applied. */
static void
test_waiting_requests_fail_when_all_nodes_are_gone(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	f.config.net.connect_timeout = 300;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "forget\non PREPARE close\nrefuse");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CONNECT);
	request_free(&r);
	fixture_end(&f);
}

/* ---- time ---- */

static void
test_silent_node(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE nth 1 silent");
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 150;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_TIMEOUT);
	assert_in_range(r.core.failure->elapsed_ms, 149, 1500);
	assert_memory_equal(r.core.failure->node, "127.0.0.1:", 10);
	assert_non_null(strstr(r.core.failure->message, "150 ms"));
	assert_non_null(strstr(r.core.failure->message, "127.0.0.1:"));
	insert_all(&f, statement, 2, 10);

	/* the same for a request that waits for a PREPARE */
	order_all(&f, "forget\nclear\non PREPARE silent");
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 150;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_TIMEOUT);
	request_free(&r);
	fixture_end(&f);
}

static void
test_waiting_for_a_node_meets_the_deadline(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE close\nrefuse");
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 300;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_TIMEOUT);
	assert_in_range(r.core.failure->elapsed_ms, 299, 2000);
	request_free(&r);
	fixture_end(&f);
}

/* ---- events ---- */

static void
test_event_storm(void **state)
{
	enum
	{
		EVENTS = 10000, LINES = 500
	};
	Fixture		f;
	CqlBuffer	lines = {0};
	uint64_t	start;
	uint64_t	reads;
	uint64_t	seconds;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	assert_int_equal(node_count(f.node[0], "QUERY"), 3);
	for (int i = 0; i < LINES; i++)
	{
		const char *line = "event STATUS_CHANGE UP 127.0.0.1 9042\n";

		cql_put_raw(&lines, line, strlen(line));
	}
	cql_put_u8(&lines, 0);
	start = uv_hrtime();
	for (int i = 0; i < EVENTS / LINES; i++)
	{
		order_all(&f, (const char *) lines.data);
		uv_run(&f.loop, UV_RUN_NOWAIT);
	}
	AWAIT(&f, node_count(f.node[0], "QUERY") >= 6);
	assert_int_equal(node_count(f.node[0], "events"), EVENTS);
	reads = node_count(f.node[0], "QUERY") / 3;
	seconds = (uv_hrtime() - start) / 1000000000;
	assert_true(reads <= seconds + 2);
	cql_buffer_free(&lines);
	fixture_end(&f);
}

static void
test_new_node_is_found(void **state)
{
	Fixture		f;
	uint32_t	statement;
	char		script[256];

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	snprintf(script, sizeof(script), "address 127.0.0.2\ntoken 0\nkeyspace ks simple 1\n%s", SCHEMA);
	f.node[1] = start_node(script);
	f.nnodes = 2;
	assert_true(node_order(f.node[0], "peer 127.0.0.2 %d 0", node_port(f.node[1])));
	assert_true(node_order(f.node[0], "event TOPOLOGY_CHANGE NEW_NODE 127.0.0.2 %d", node_port(f.node[1])));
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 100);
	assert_true(node_count(f.node[1], "executes") > 10);

	/* and forgotten again, without losing what is in flight there */
	assert_true(node_order(f.node[0], "no_peers"));
	assert_true(node_order(f.node[0], "event TOPOLOGY_CHANGE REMOVED_NODE 127.0.0.2 %d", node_port(f.node[1])));
	AWAIT(&f, node_count(f.node[1], "open") == 0);
	insert_all(&f, statement, 0, 100);
	fixture_end(&f);
}

/* ---- closing ---- */

static void
test_closing_completes_what_is_in_flight(void **state)
{
	enum
	{
		ROWS = 50
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE hold");
	for (uint32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, (int32_t) i);
		assert_true(submit(&f, &r[i]));
	}
	AWAIT(&f, node_count(f.node[0], "held") == ROWS);
	close_cluster(&f);
	for (uint32_t i = 0; i < ROWS; i++)
	{
		assert_int_equal(r[i].times, 1);
		assert_failed(&r[i], CLUSTER_FAIL_LOST);
	}
	free_requests(r, ROWS);

	open_cluster(&f);			/* closing while still connecting */
	close_cluster(&f);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_v4_and_peers_without_v2),
		cmocka_unit_test(test_live_contact_beside_dead_ones),
		cmocka_unit_test(test_contact_that_answers_no_query),
		cmocka_unit_test(test_all_contacts_refuse),
		cmocka_unit_test(test_silent_contact),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_unknown_local_dc),
		cmocka_unit_test(test_rows_go_to_their_owners),
		cmocka_unit_test(test_replicas_share_the_load),
		cmocka_unit_test(test_other_data_center_is_left_alone),
		cmocka_unit_test(test_idempotent_requests_survive_a_lost_connection),
		cmocka_unit_test(test_others_are_not_repeated),
		cmocka_unit_test(test_repeated_requests_are_the_same),
		cmocka_unit_test(test_attempts_are_bounded),
		cmocka_unit_test(test_a_node_dies_under_load),
		cmocka_unit_test(test_a_node_that_comes_back_is_used_again),
		cmocka_unit_test(test_control_connection_moves),
		cmocka_unit_test(test_down_and_up_again),
		cmocka_unit_test(test_waiting_requests_fail_when_all_nodes_are_gone),
		cmocka_unit_test(test_silent_node),
		cmocka_unit_test(test_waiting_for_a_node_meets_the_deadline),
		cmocka_unit_test(test_event_storm),
		cmocka_unit_test(test_new_node_is_found),
		cmocka_unit_test(test_closing_completes_what_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
