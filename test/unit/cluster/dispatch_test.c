/*
 * cluster/dispatch: requests that wait, and when they are given up.
 */
#include "fixture.inc.h"

#include "cluster/dispatch.h"

static void
test_silent_node(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
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

	open_nodes(&f, 1, "keyspace ks simple 1");
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

/* What it waits for never comes: the reason why it waits is the one to tell. */
static void
test_last_error_is_told(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE error 0x1001 \"busy\"");
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 300;
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[0], "executes") == 1);
	order_all(&f, "refuse\ndisconnect");
	AWAIT(&f, r.times == 1);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_OVERLOADED);
	assert_string_equal(r.core.failure->message, "busy");
	assert_int_equal(r.core.failure->attempts, 1);
	assert_in_range(r.core.failure->elapsed_ms, 299, 2000);
	request_free(&r);
	fixture_end(&f);
}

static bool
is_wanted(void *owner, const ClusterRequest *request)
{
	return true;
}

static void
note_fate(void *owner, ClusterRequest *request)
{
	++*(int *) owner;
}

/* It comes to the head of the line before a tick has looked at it. */
static void
test_a_strained_write_is_not_sent_behind_its_deadline(void **state)
{
	static const ClusterOps ops = {.on_complete = note_fate, .is_wanted = is_wanted};
	uv_loop_t	loop;
	ClusterConfig config = {.net.loop = &loop};
	ClusterTopology topology = {0};
	ClusterRequest r = {.kind = CLUSTER_EXECUTE, .statement = 7, .attempts = 1, .started = 1, .held = true};
	ClusterPlace place = {.node = &(ClusterNode) {.name = "127.0.0.1:9042"}};
	ClusterDispatch d;
	int			times = 0;

	assert_int_equal(uv_loop_init(&loop), 0);
	cluster_dispatch_init(&d, &config, &topology);
	d.ops = &ops;
	d.owner = &times;
	r.dispatch = &d;
	r.place = &place;
	r.deadline = uv_now(&loop);
	cluster_strained_add(&d.strained, &r);
	cluster_dispatch_flush(&d);
	assert_int_equal(times, 1);
	assert_true(r.failed);
	assert_int_equal(r.failure->kind, CLUSTER_FAIL_TIMEOUT);
	free(r.failure);
	cluster_dispatch_free(&d);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- what waits for a place ---- */

/* One replica answers nothing: what is for the other two goes on, though more waits there than it may have in flight. */
static void
test_a_full_place_holds_up_nobody_else(void **state)
{
	enum
	{
		ROWS = 600
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	open_nodes(&f, 3, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		r[i].core.idempotent = false;	/* nor does any of them go elsewhere */
		submit(&f, &r[i]);
	}
	AWAIT(&f, f.completed > ROWS / 2 && node_count(f.node[2], "held") == CLUSTER_WINDOW_START &&
		  cluster_load(f.cluster).in_flight == CLUSTER_WINDOW_START);
	assert_true(node_order(f.node[2], "clear\nrelease"));
	AWAIT(&f, f.completed == ROWS);
	assert_int_equal(f.failed, 0);
	free_requests(r, ROWS);
	fixture_end(&f);
}

static void
test_what_waits_for_a_lost_place_goes_elsewhere(void **state)
{
	enum
	{
		ROWS = 200
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	open_nodes(&f, 2, "keyspace ks simple 2");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 20);
	order_all(&f, "on EXECUTE hold");
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		r[i].core.idempotent = false;	/* what was sent may not be sent again */
		submit(&f, &r[i]);
	}
	AWAIT(&f, count_all(&f, "held") == 2 * CLUSTER_WINDOW_START);
	assert_true(node_order(f.node[1], "refuse\ndisconnect"));
	AWAIT(&f, f.failed == CLUSTER_WINDOW_START);
	assert_true(node_order(f.node[0], "clear\nrelease"));
	AWAIT(&f, f.completed == ROWS);
	assert_int_equal(f.failed, CLUSTER_WINDOW_START);
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* ---- racks ---- */

/* Three nodes that all have all rows, in racks r1 to r3; the session is in r2. */
static uint32_t
open_racks(Fixture *f)
{
	uint32_t	statement;

	fixture_init(f);
	start_nodes(f, 3, "keyspace ks simple 3", "");
	for (int i = 0; i < 3; i++)
	{
		assert_true(node_order(f->node[i], "rack r%d\nno_peers", i + 1));
		for (int j = 0; j < 3; j++)
		{
			if (i != j)
				assert_true(node_order(f->node[i], "peer 127.0.0.%d %d %lld rack r%d", j + 1, node_port(f->node[j]),
									   (long long) (RING_STEP * (j - 1)), j + 1));
		}
	}
	f->config.local_rack = "r2";
	open_cluster(f);
	await_all_nodes(f);
	statement = prepare(f, INSERT_TEXT);
	insert_all(f, statement, 0, 1);
	order_all(f, "reset");
	return statement;
}

static void
test_replicas_of_the_local_rack_come_first(void **state)
{
	Fixture		f;
	uint32_t	statement = open_racks(&f);

	insert_all(&f, statement, 0, 30);
	assert_int_equal(node_count(f.node[1], "executes"), 30);
	assert_int_equal(count_all(&f, "executes"), 30);
	/* while it is down, others do */
	assert_true(node_order(f.node[1], "refuse\ndisconnect"));
	insert_all(&f, statement, 0, 30);
	assert_true(node_count(f.node[0], "executes") > 5 && node_count(f.node[2], "executes") > 5);
	fixture_end(&f);
}

static void
test_what_is_too_much_for_the_local_rack_goes_elsewhere(void **state)
{
	enum
	{
		ROWS = 5 * CLUSTER_WINDOW_START /* the others have room for all of the rest */
	};
	Fixture		f;
	uint32_t	statement = open_racks(&f);
	TestRequest *r = new_requests(ROWS);

	assert_true(node_order(f.node[1], "on EXECUTE hold"));
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		r[i].core.idempotent = false;	/* none goes twice */
		submit(&f, &r[i]);
	}
	AWAIT(&f, f.completed == ROWS - 2 * CLUSTER_WINDOW_START && node_count(f.node[1], "held") == CLUSTER_WINDOW_START);
	assert_true(node_order(f.node[1], "clear\nrelease"));
	AWAIT(&f, f.completed == ROWS);
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* It is neither sent, nor does it wait for the answers to others. */
static void
test_what_nobody_wants_is_given_back(void **state)
{
	enum
	{
		ROWS = 100
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE hold");
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		submit(&f, &r[i]);
	}
	AWAIT(&f, node_count(f.node[0], "held") == CLUSTER_WINDOW_START);
	for (int32_t i = 0; i < ROWS; i++)
		r[i].unwanted = true;
	AWAIT(&f, f.completed == ROWS - CLUSTER_WINDOW_START);
	assert_int_equal(f.failed, f.completed);
	order_all(&f, "release");
	AWAIT(&f, f.completed == ROWS);
	for (int32_t i = 0; i < ROWS; i++)
	{
		if (r[i].core.failed)
			assert_failed(&r[i], CLUSTER_FAIL_ABANDONED);
	}
	assert_int_equal(node_count(f.node[0], "executes"), CLUSTER_WINDOW_START);
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* B4: more wait than may be in flight. They fail when nothing was answered for as long as one may take, and not before. */
static void
test_what_waits_fails_when_nothing_is_answered(void **state)
{
	enum
	{
		ROWS = 200
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE silent");
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		r[i].core.timeout_ms = 300;
		submit(&f, &r[i]);
	}
	AWAIT(&f, f.completed == ROWS);
	assert_in_range(node_count(f.node[0], "executes"), CLUSTER_WINDOW_START, 2 * CLUSTER_WINDOW_START);
	for (int32_t i = 0; i < ROWS; i++)
	{
		assert_failed(&r[i], CLUSTER_FAIL_TIMEOUT);
		assert_non_null(strstr(r[i].core.failure->message, "300 ms"));
	}
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* Two at a time, and all of them take longer than one may: what waits is none the worse for it. */
static void
test_a_slow_load_ends(void **state)
{
	enum
	{
		ROWS = 300
	};
	Fixture		f;
	TestRequest *r = new_requests(ROWS);
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "latency 300000\n");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	f.completed = 0;
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_insert(&r[i], statement, i);
		r[i].core.timeout_ms = 900;
		submit(&f, &r[i]);
	}
	AWAIT(&f, f.completed == ROWS);
	assert_int_equal(f.failed, 0);
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* While it connects, too: its own time, and no longer. */
static void
test_waiting_for_the_cluster_meets_the_deadline(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint64_t	before;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "on OPTIONS silent\n");
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	r.core.timeout_ms = 200;
	before = uv_hrtime();
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_TIMEOUT);
	assert_true(uv_hrtime() - before >= UINT64_C(190000000));
	assert_int_equal(f.downs, 0);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_node),
		cmocka_unit_test(test_waiting_for_a_node_meets_the_deadline),
		cmocka_unit_test(test_last_error_is_told),
		cmocka_unit_test(test_a_strained_write_is_not_sent_behind_its_deadline),
		cmocka_unit_test(test_a_full_place_holds_up_nobody_else),
		cmocka_unit_test(test_what_waits_for_a_lost_place_goes_elsewhere),
		cmocka_unit_test(test_replicas_of_the_local_rack_come_first),
		cmocka_unit_test(test_what_is_too_much_for_the_local_rack_goes_elsewhere),
		cmocka_unit_test(test_what_nobody_wants_is_given_back),
		cmocka_unit_test(test_what_waits_fails_when_nothing_is_answered),
		cmocka_unit_test(test_a_slow_load_ends),
		cmocka_unit_test(test_waiting_for_the_cluster_meets_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
