/*
 * cluster/pools: connections for who needs them: opened by requests, closed for others
 * or where nobody uses them.
 */
#include "fixture.inc.h"

#include "cluster/pools.h"

static void
begin(Fixture *f, const char *keyspace)
{
	fixture_init(f);
	start_nodes(f, 3, keyspace, "");
}

static void
insert_one(Fixture *f, uint32_t statement, int32_t id)
{
	insert_all(f, statement, id, 1);
}

static void
test_a_first_request_opens_one_connection(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;
	uint64_t	opened;

	begin(&f, "keyspace ks simple 3");
	open_cluster(&f);
	request_reset(&r);
	r.core.kind = CLUSTER_RING;
	run(&f, &r);
	assert_int_equal(count_all(&f, "connections"), 1);
	statement = prepare(&f, INSERT_TEXT);
	opened = count_all(&f, "connections");
	assert_in_range(opened, 2, 3);	/* one more, if the machine stood still for 100 ms meanwhile */
	/* each row has a replica that is connected to */
	for (int32_t id = 0; id < 50; id++)
		insert_one(&f, statement, id);
	assert_int_equal(count_all(&f, "connections"), opened);
	request_free(&r);
	fixture_end(&f);
}

/* Of rows with one replica each has its connection opened, and no row goes elsewhere meanwhile. */
static void
test_a_replica_is_connected_to(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, "keyspace ks simple 1");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	insert_all(&f, statement, 0, 200);
	assert_int_equal(count_all(&f, "connections"), 4);
	assert_int_equal(count_all(&f, "not_owner"), 0);
	fixture_end(&f);
}

/* Where any replica would do, a place that is busy has another one opened beside it. */
static void
test_a_load_opens_more(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, "keyspace ks simple 3");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	insert_all(&f, statement, 0, 2000);
	assert_int_equal(count_all(&f, "connections"), 4);
	fixture_end(&f);
}

static void
test_a_node_that_does_not_answer_is_not_waited_for(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint64_t	start;

	begin(&f, "keyspace ks simple 3");
	add_contact(&f, node_address(f.node[0]), node_port(f.node[0]));
	open_cluster(&f);
	request_reset(&r);
	r.core.kind = CLUSTER_RING;
	run(&f, &r);
	assert_true(node_order(f.node[0], "on CONNECT silent"));
	assert_true(node_order(f.node[1], "on CONNECT silent"));
	start = uv_hrtime();
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(r.core.place->node->number, 2);
	assert_true(uv_hrtime() - start < f.config.net.connect_timeout * UINT64_C(1000000) / 2);
	request_free(&r);
	fixture_end(&f);
}

static void
test_as_many_as_there_may_be(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	begin(&f, "keyspace ks simple 1");
	f.config.max_connections = 3;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	for (int32_t id = 0; id < 2000; id += 100)
	{
		insert_all(&f, statement, id, 100);
		assert_true(count_all(&f, "open") <= 3);
	}
	assert_int_equal(count_all(&f, "rows_written"), 2000);
	ask_for_nodes(&f, &r);
	assert_int_equal(count_connected(&r), 2);
	assert_int_equal(count_all(&f, "open"), 3);
	request_free(&r);
	fixture_end(&f);
}

static void
on_up(ClusterPool *pool, const NetConnection *c)
{
}

static void
on_down(ClusterPlace *place, bool was_up, const NetFailure *why)
{
}

/* The connection that was used least lately makes room, but none that has requests or was opened just now. */
static void
test_what_is_not_used_makes_room(void **state)
{
	static const ClusterPoolOps ops = {.on_up = on_up, .on_down = on_down};
	Fixture		f;
	ClusterNode node[3] = {0};
	ClusterNode *local[3] = {&node[0], &node[1], &node[2]};
	ClusterTopology t = {.node = local, .nnodes = 3, .local = local, .nlocal = 3};
	ClusterAccess access = {.config = &f.config};
	uint64_t	random = 42;
	uint64_t	opened;

	begin(&f, "keyspace ks simple 1");
	for (int i = 0; i < 3; i++)
	{
		uv_ip4_addr(node_address(f.node[i]), node_port(f.node[i]), (struct sockaddr_in *) &node[i].address.storage);
		node[i].pool = cluster_pool_new(&ops, NULL, &f.config, &node[i], &access, &random);
		cluster_pool_start(node[i].pool);
		assert_non_null(cluster_pool_open(node[i].pool, 0));
		AWAIT(&f, cluster_pool_ready(node[i].pool));
	}
	opened = cluster_pool_opened(node[2].pool);
	node[0].pool->place[0]->used = opened + 9000;
	node[1].pool->place[0]->used = opened + 8000;
	node[2].pool->place[0]->used = opened + 7000;
	node[2].pool->place[0]->in_flight = 1;
	cluster_pools_make_room(&t, &access, opened + 10000);
	access.crowded = true;
	cluster_pools_make_room(&t, &access, opened + 5000);
	assert_false(access.crowded);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(access.open, 3);
	access.crowded = true;
	cluster_pools_make_room(&t, &access, opened + 10000);
	AWAIT(&f, cluster_pool_closed(node[1].pool));
	assert_int_equal(access.open, 2);
	node[2].pool->place[0]->in_flight = 0;
	cluster_pools_stop(&t);
	AWAIT(&f, cluster_pools_closed(&t));
	for (int i = 0; i < 3; i++)
		uv_run(&f.loop, UV_RUN_ONCE);	/* libuv lets go of the handles */
	cluster_pools_free(&t);
	fixture_end(&f);
}

static void
test_idle_connections_are_closed_and_come_back(void **state)
{
	Fixture		f;
	uint32_t	statement;
	uint64_t	opened;

	begin(&f, "keyspace ks simple 3");
	f.config.idle_timeout = 100;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	AWAIT(&f, count_all(&f, "open") == 1);
	assert_int_equal(f.downs, 0);
	opened = count_all(&f, "connections");
	insert_one(&f, statement, 1);
	assert_true(count_all(&f, "connections") > opened);
	fixture_end(&f);
}

/* Nobody is there to use them: what comes back is the control connection. */
static void
test_what_is_lost_and_not_wanted_stays_closed(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, "keyspace ks simple 3");
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	order_all(&f, "disconnect");
	AWAIT(&f, count_all(&f, "REGISTER") == 2);
	assert_int_equal(count_all(&f, "open"), 1);
	insert_one(&f, statement, 1);
	assert_int_equal(count_all(&f, "open"), 2);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_first_request_opens_one_connection),
		cmocka_unit_test(test_a_replica_is_connected_to),
		cmocka_unit_test(test_a_load_opens_more),
		cmocka_unit_test(test_a_node_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(test_as_many_as_there_may_be),
		cmocka_unit_test(test_what_is_not_used_makes_room),
		cmocka_unit_test(test_idle_connections_are_closed_and_come_back),
		cmocka_unit_test(test_what_is_lost_and_not_wanted_stays_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
