/*
 * cluster/dispatch: when requests that wait are given up.
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
	assert_true(submit(&f, &r));
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

static void
note_fate(void *owner, ClusterRequest *request)
{
	++*(int *) owner;
}

/* It comes to the head of the line before a tick has looked at it. */
static void
test_a_strained_write_is_not_sent_behind_its_deadline(void **state)
{
	static const ClusterOps ops = {.on_complete = note_fate};
	uv_loop_t	loop;
	ClusterConfig config = {.net.loop = &loop};
	ClusterTopology topology = {0};
	ClusterRequest r = {.kind = CLUSTER_EXECUTE, .statement = 7, .attempts = 1, .held = true};
	ClusterDispatch d;
	int			times = 0;

	assert_int_equal(uv_loop_init(&loop), 0);
	cluster_dispatch_init(&d, &config, &topology);
	d.ops = &ops;
	d.owner = &times;
	r.dispatch = &d;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_node),
		cmocka_unit_test(test_waiting_for_a_node_meets_the_deadline),
		cmocka_unit_test(test_last_error_is_told),
		cmocka_unit_test(test_a_strained_write_is_not_sent_behind_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
