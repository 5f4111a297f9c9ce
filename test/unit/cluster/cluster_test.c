/*
 * Queries, nodes that die and come back, being down and being closed.
 */
#include "fixture.inc.h"

#include "aborts.h"

/* ---- queries ---- */

static void
test_query(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "row ks.t (1, 'one')\n");
	open_cluster(&f);
	make_query(&r, "SELECT id, s FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_non_null(r.core.body);
	assert_int_equal(r.core.body[3], CQL_RESULT_ROWS);
	assert_int_equal(r.core.version, 5);
	assert_true(r.core.has_metadata_id);
	assert_true(r.core.latency > 0);

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
		assert_in_range(count_all(&f, "ready"), 4, 3 * 2 + 1);	/* one each, or each shard, and the control connection */
		insert_all(&f, statement, 0, 200);
		assert_int_equal(count_all(&f, "rows_written"), 200);
		assert_int_equal(count_all(&f, "not_owner"), 0);
		fixture_end(&f);
	}
}

/* In the middle of an upgrade: one node takes v4 only, one v5 only, one both; each may be the contact. */
static void
test_nodes_of_different_versions(void **state)
{
	static const char *const speaks[] = {"protocol 4", "protocol 5 only", "protocol 5"};

	for (int contact = 0; contact < 3; contact++)
	{
		Fixture		f;
		uint32_t	statement;

		fixture_init(&f);
		start_nodes(&f, 3, "keyspace ks simple 1", "");
		for (int i = 0; i < 3; i++)
			assert_true(node_order(f.node[i], "%s", speaks[i]));
		add_contact(&f, node_address(f.node[contact]), node_port(f.node[contact]));
		open_cluster(&f);
		statement = prepare(&f, INSERT_TEXT);
		await_all_nodes(&f);
		insert_all(&f, statement, 0, 200);
		assert_int_equal(count_all(&f, "rows_written"), 200);
		assert_int_equal(count_all(&f, "not_owner"), 0);
		assert_int_equal(node_count(f.node[0], "protocol_errors"), 0);
		assert_int_equal(node_count(f.node[1], "protocol_errors"), contact == 1 ? 2 : 1);	/* one each connection */
		assert_int_equal(node_count(f.node[2], "protocol_errors"), 0);
		fixture_end(&f);
	}
}

/* ---- losing nodes ---- */

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

	open_nodes(&f, 3, "keyspace ks simple 3");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	f.completed = 0;
	while (f.completed < ROWS)
	{
		for (; next < ROWS && next - f.completed < WINDOW; next++)
		{
			make_insert(&r[next], statement, (int32_t) next);
			submit(&f, &r[next]);
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

	open_nodes(&f, 2, "keyspace ks simple 2");
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
	submit(&f, &r);
	AWAIT(&f, count_all(&f, "executes") == 1);
	start = uv_hrtime();
	order_all(&f, "refuse\ndisconnect\nclear");
	AWAIT(&f, r.times == 1);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	assert_true(uv_hrtime() - start < UINT64_C(3000000000));
	assert_int_equal(f.downs, 1);
	assert_non_null(strstr(f.down.message, "127.0.0.1:"));
	assert_non_null(strstr(f.down.message, "127.0.0.2:"));

	/* still down: one more attempt, one more failure */
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CONNECT);
	assert_int_equal(f.downs, 2);
	order_all(&f, "listen");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
}

/* Whoever asks first while no node is up asks anew: it neither waits for the next attempt, nor fails for an old reason. */
static void
test_a_node_that_is_back_before_anybody_asks(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;
	uint64_t	start;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	f.config.net.connect_timeout = 1000;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	start = uv_hrtime();
	order_all(&f, "refuse\ndisconnect");
	AWAIT(&f, uv_hrtime() - start > UINT64_C(900000000));
	order_all(&f, "listen");
	assert_int_equal(f.downs, 0);
	make_insert(&r, statement, 1);
	start = uv_hrtime();
	run(&f, &r);
	assert_worked(&r);
	assert_true(uv_hrtime() - start < UINT64_C(500000000));
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

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	cluster_limit(f.cluster, ROWS, true);
	order_all(&f, "on EXECUTE hold");
	for (uint32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, (int32_t) i);
		submit(&f, &r[i]);
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

/* ---- nodes that move, are not there, or are not ours ---- */

#define MOVED "00000000-0000-0000-0000-0000000000a0"
#define STAYS "00000000-0000-0000-0000-0000000000a1"

/* The old address swallows connections, so an attempt is always under way when the news come. */
static void
test_a_node_moves_from_a_silent_address(void **state)
{
	Fixture		f;
	char		error[256];
	Node	   *moved;
	uint64_t	before;
	int			port;
	char		script[512];
	TestRequest r = {0};

	fixture_init(&f);
	f.config.net.connect_timeout = 2000;
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	port = node_port(f.node[0]);
	assert_true(node_order(f.node[0], "host_id " MOVED "\nno_peers\npeer 127.0.0.2 %d 0 host_id " STAYS, port));
	assert_true(node_order(f.node[1], "host_id " STAYS "\nno_peers\npeer 127.0.0.1 %d %lld host_id " MOVED, port,
						   (long long) -RING_STEP));
	open_cluster(&f);
	await_all_nodes(&f);
	assert_true(node_order(f.node[0], "on CONNECT silent"));
	before = node_count(f.node[0], "connections");
	assert_true(node_order(f.node[0], "disconnect"));
	AWAIT(&f, node_count(f.node[1], "REGISTER") == 1);
	request_reset(&r);
	r.core.kind = CLUSTER_NODES;	/* somebody wants a connection to each node */
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[0], "connections") > before);

	snprintf(script, sizeof(script), "address 127.0.0.3\nport %d\ntoken %lld\nhost_id " MOVED "\nkeyspace ks simple 2\n%s",
			 port, (long long) -RING_STEP, SCHEMA);
	moved = node_start(script, error, sizeof(error));
	assert_non_null(moved);
	assert_true(node_order(f.node[1], "no_peers\npeer 127.0.0.3 %d %lld host_id " MOVED
						   "\nevent TOPOLOGY_CHANGE NEW_NODE 127.0.0.3 %d", port, (long long) -RING_STEP, port));
	/* it may have been answered before it was known that the connection is lost */
	AWAIT(&f, (r.times == 0 || (ask_for_nodes(&f, &r), true)) && node_count(moved, "connections") > 0);
	AWAIT(&f, r.times > 0);
	request_free(&r);
	fixture_end(&f);
	node_stop(moved);
}

/* The control connection works, and no other is answered. */
static void
test_why_no_node_takes_requests(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	f.config.net.connect_timeout = 500;
	start_nodes(&f, 1, "keyspace ks simple 1", "on CONNECT after 1 silent\n");
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(r.core.failure->message, "no OPTIONS"));
	request_free(&r);
	fixture_end(&f);
}

/* What was under way then has no connection to come back on. */
static void
lose_data_center(const char *local_dc, const char *told)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	f.config.local_dc = local_dc;
	start_nodes(&f, 1, "keyspace ks simple 1", "dc 'west'\n");
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	order_all(&f, "on QUERY text 'ks.t' silent");
	make_query(&r, "SELECT id FROM ks.t");
	r.core.timeout_ms = 60000;
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[0], "faults") == 1);
	assert_true(node_order(f.node[0], "dc 'east'\nevent TOPOLOGY_CHANGE NEW_NODE 127.0.0.1 %d", node_port(f.node[0])));
	AWAIT(&f, r.times > 0);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	assert_non_null(strstr(r.core.failure->message, told));
	request_free(&r);
	fixture_end(&f);
}

static void
test_the_local_data_center_goes(void **state)
{
	lose_data_center("west", "the cluster has no node in data center \"west\" (option local_dc), but in \"east\"");
	lose_data_center(NULL, "the cluster has no node in data center \"west\" (that of the session's first node, as there is no option local_dc), but in \"east\"");
}

/* Its old connection works, or only looks so: what is in flight there ends well, and what comes goes to where the node is. */
static void
test_a_node_moves_under_a_live_connection(void **state)
{
	static const char *const id = "11111111-2222-3333-4444-555555555555";
	Fixture		f;
	TestRequest r = {0};
	char		script[256];
	uint32_t	statement;
	uint64_t	start;
	int32_t		row = 0;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 1", "");
	assert_true(node_order(f.node[1], "host_id %s", id));
	assert_true(node_order(f.node[0], "no_peers\npeer 127.0.0.2 %d 0 host_id %s", node_port(f.node[1]), id));
	open_cluster(&f);
	await_all_nodes(&f);
	statement = prepare(&f, INSERT_TEXT);
	assert_true(node_order(f.node[1], "on EXECUTE times 1 hold"));
	while (node_count(f.node[1], "held") == 0)
	{
		make_insert(&r, statement, row++);
		r.core.idempotent = false;
		submit(&f, &r);
		AWAIT(&f, r.times == 1 || node_count(f.node[1], "held") == 1);
	}

	snprintf(script, sizeof(script), "address 127.0.0.3\nport %d\nhost_id %s\ntoken 0\nkeyspace ks simple 1\n%s",
			 node_port(f.node[0]), id, SCHEMA);
	f.node[2] = start_node(script);
	f.nnodes = 3;
	start = uv_hrtime();
	assert_true(node_order(f.node[0], "no_peers\npeer 127.0.0.3 %d 0 host_id %s", node_port(f.node[2]), id));
	assert_true(node_order(f.node[0], "event STATUS_CHANGE UP 127.0.0.3 %d", node_port(f.node[2])));
	AWAIT(&f, (insert_all(&f, statement, 0, 10), node_count(f.node[2], "executes") > 0));
	assert_true(uv_hrtime() - start < UINT64_C(5000000000));
	assert_int_equal(r.times, 0);
	assert_int_equal(node_count(f.node[1], "open"), 1);
	assert_true(node_order(f.node[1], "clear\nrelease"));
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	AWAIT(&f, node_count(f.node[1], "open") == 0);
	insert_all(&f, statement, 0, 100);
	request_free(&r);
	fixture_end(&f);
}

/* ---- nobody needs it ---- */

static void
on_end(uv_timer_t *timer)
{
	*(bool *) timer->data = true;
}

/* Turns of the loop in so many ms. */
static uint32_t
count_turns(Fixture *f, uint64_t ms)
{
	uv_timer_t	timer;
	bool		end = false;
	uint32_t	turns = 0;

	uv_timer_init(&f->loop, &timer);
	timer.data = &end;
	uv_update_time(&f->loop);
	uv_timer_start(&timer, on_end, ms, 0);
	for (; !end; turns++)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *) &timer, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	return turns;
}

/* What is due is done all the same: heartbeats, connections that nobody uses, and what a node tells. */
static void
test_a_session_at_rest(void **state)
{
	Fixture		f;
	uint32_t	version;

	fixture_init(&f);
	f.config.net.heartbeat_interval = 60000;
	f.config.net.heartbeat_timeout = 60000;
	f.config.idle_timeout = 1500;
	start_nodes(&f, 3, "keyspace ks simple 1", "");
	open_cluster(&f);
	insert_all(&f, prepare(&f, INSERT_TEXT), 0, 20);
	uv_timer_stop(&f.wake);
	AWAIT(&f, count_all(&f, "open") == 1);
	(void) count_turns(&f, 600);
	assert_in_range(count_turns(&f, 2600), 1, 3);	/* twice a second would be five, and the end */
	version = cluster_versions(f.cluster).topology;
	f.config.net.heartbeat_interval = 500;
	order_all(&f, "reset\nevent STATUS_CHANGE UP 127.0.0.1 1");
	AWAIT(&f, cluster_versions(f.cluster).topology > version);
	AWAIT(&f, count_all(&f, "OPTIONS") > 1);
	uv_timer_again(&f.wake);
	fixture_end(&f);
}

/* ---- many sessions ---- */

/* Each of them begins with a request or two. */
static void
test_sessions_begin_with_any_node(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	used = 0;

	fixture_init(&f);
	start_nodes(&f, 3, "keyspace ks simple 3", "");
	for (int i = 0; i < 64 && used != 7; i++)
	{
		open_cluster(&f);
		make_query(&r, "SELECT id FROM ks.t");
		run(&f, &r);
		assert_worked(&r);
		used |= 1U << r.core.place->node->number;
		close_cluster(&f);
	}
	assert_int_equal(used, 7);
	request_free(&r);
	fixture_end(&f);
}

/* ---- invariants ---- */

static void
submit_behind_the_end(void *fixture)
{
	Fixture    *f = fixture;
	TestRequest r = {0};

	cluster_close(f->cluster, fixture_on_closed);
	make_query(&r, "SELECT id FROM ks.t");
	cluster_submit(f->cluster, &r.core);
}

static void
submit_twice(void *fixture)
{
	Fixture    *f = fixture;
	TestRequest r = {0};

	make_query(&r, "SELECT id FROM ks.t");
	cluster_submit(f->cluster, &r.core);
	cluster_submit(f->cluster, &r.core);
}

static void
ask_twice(void *fixture)
{
	Fixture    *f = fixture;
	TestRequest r = {0};

	r.core.kind = CLUSTER_RING;
	cluster_submit(f->cluster, &r.core);
	cluster_submit(f->cluster, &r.core);
}

static void
test_broken_invariants_abort(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	open_nodes(&f, 1, "keyspace ks simple 1");
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	request_free(&r);
	assert_aborts(submit_twice, &f, "!r->held");
	assert_aborts(ask_twice, &f, "!request->held");
	assert_aborts(submit_behind_the_end, &f, "c->state != STATE_CLOSING");
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_v4_and_peers_without_v2),
		cmocka_unit_test(test_nodes_of_different_versions),
		cmocka_unit_test(test_a_node_dies_under_load),
		cmocka_unit_test(test_a_node_that_comes_back_is_used_again),
		cmocka_unit_test(test_down_and_up_again),
		cmocka_unit_test(test_a_node_that_is_back_before_anybody_asks),
		cmocka_unit_test(test_waiting_requests_fail_when_all_nodes_are_gone),
		cmocka_unit_test(test_closing_completes_what_is_in_flight),
		cmocka_unit_test(test_a_node_moves_from_a_silent_address),
		cmocka_unit_test(test_why_no_node_takes_requests),
		cmocka_unit_test(test_the_local_data_center_goes),
		cmocka_unit_test(test_a_node_moves_under_a_live_connection),
		cmocka_unit_test(test_a_session_at_rest),
		cmocka_unit_test(test_sessions_begin_with_any_node),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
