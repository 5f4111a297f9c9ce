/*
 * A cluster of ScyllaDB nodes: a connection for each shard, where ports lead to shards and where they do not; rows
 * where they belong, on the ring and in tablets. What a node knows of misrouted requests it counts (test/node).
 */
#include "fixture.inc.h"

#define SHARDS 8

static uint32_t
open_sharded(Fixture *f, int n, const char *keyspace, const char *extra)
{
	fixture_init(f);
	start_nodes(f, n, keyspace, extra);
	open_cluster(f);
	return prepare(f, INSERT_TEXT);
}

/* Connections for requests, of all shards of all nodes: each has this many. */
static bool
all_shards_have(Fixture *f, uint32_t shards, uint32_t n)
{
	for (int i = 0; i < f->nnodes; i++)
	{
		for (uint32_t shard = 0; shard < shards; shard++)
		{
			char		key[32];

			snprintf(key, sizeof(key), "shard %u", shard);
			if (node_count(f->node[i], key) != n)
				return false;
		}
	}
	return true;
}

/* Rows until each shard has its connection, and the cluster knows it: the node knows it first. */
static void
warm_up(Fixture *f, uint32_t statement, uint32_t shards)
{
	AWAIT(f, (insert_all(f, statement, 0, 200), all_shards_have(f, shards, 1)));
	AWAIT(f, (order_all(f, "reset"), insert_all(f, statement, 0, 200), count_all(f, "wrong_shard") == 0));
	order_all(f, "reset");
}

static void
test_rows_of_the_ring_go_to_their_shards(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 3, "keyspace ks simple 2", "scylla 8\n");

	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 3000);
	assert_int_equal(count_all(&f, "executes"), 3000);
	assert_int_equal(count_all(&f, "wrong_node"), 0);
	assert_int_equal(count_all(&f, "wrong_shard"), 0);
	assert_int_equal(count_all(&f, "payloads"), 0);
	assert_true(all_shards_have(&f, SHARDS, 1));
	assert_int_equal(count_all(&f, "connections"), 3 * SHARDS + 1);
	fixture_end(&f);
}

/*
 * Many rows wait for the connections of their shards, of which few are opened at a time; a first one does not. On a machine
 * that takes longer than they wait there is another session.
 */
static void
test_many_rows_wait_for_the_connections_of_their_shards(void **state)
{
	uint64_t	misrouted = UINT64_MAX;

	for (int i = 0; i < 20 && misrouted > 2 * SHARDS; i++)
	{
		Fixture		f;
		uint32_t	statement = open_sharded(&f, 2, "keyspace ks simple 1", "scylla 8\n");

		insert_all(&f, statement, 0, 2000);
		misrouted = count_all(&f, "wrong_shard");
		assert_true(all_shards_have(&f, SHARDS, 1) || misrouted > 2 * SHARDS);
		fixture_end(&f);
	}
	assert_in_range(misrouted, 0, 2 * SHARDS);
}

/* They are learned from answers; then no request goes astray, and none after a tablet has moved once it was told. */
static void
test_rows_of_tablets_go_to_their_shards(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 3, "scylla 8\nkeyspace ks network dc1:2 tablets 32", "");
	uint64_t	misrouted;

	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 3000);
	order_all(&f, "reset");
	insert_all(&f, statement, 0, 3000);
	assert_int_equal(count_all(&f, "wrong_node"), 0);
	assert_int_equal(count_all(&f, "wrong_shard"), 0);

	order_all(&f, "tablet ks.t 5 at 127.0.0.1 7 127.0.0.3 1");
	insert_all(&f, statement, 0, 3000);
	misrouted = count_all(&f, "payloads");
	assert_true(misrouted > 0);
	order_all(&f, "reset");
	insert_all(&f, statement, 0, 3000);
	assert_int_equal(count_all(&f, "payloads"), 0);
	fixture_end(&f);
}

/* The tablet's first replica has the rounds of Paxos of all sessions. */
static void
test_conditional_rows_of_tablets_go_to_the_first_replica(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 3, "scylla 8\nkeyspace ks network dc1:2 tablets 32", "");
	TestRequest r = {0};

	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 3000);
	order_all(&f, "reset");
	for (int32_t id = 0; id < 200; id++)
	{
		make_conditional(&r, statement, id, CQL_PARAM_VALUES | CQL_PARAM_SERIAL);
		run(&f, &r);
		assert_worked(&r);
	}
	assert_int_equal(count_all(&f, "executes"), 200);
	assert_int_equal(count_all(&f, "not_owner"), 0);
	request_free(&r);
	fixture_end(&f);
}

/* scylladb/python-driver#913: no node tells of a replica that a tablet gets more. */
static void
test_a_replica_more_gets_its_share(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 3, "scylla 8\nkeyspace ks network dc1:2 tablets 32", "");
	TestRequest r = {0};
	uint64_t	misrouted;

	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 3000);
	order_all(&f, "keyspace ks network dc1:3 tablets 32");
	assert_true(node_order(f.node[0], "event SCHEMA_CHANGE UPDATED KEYSPACE ks"));
	AWAIT(&f, (order_all(&f, "reset"), insert_all(&f, statement, 0, 300), count_all(&f, "payloads") > 0));	/* forgotten, and
																											 * learned again */
	insert_all(&f, statement, 0, 3000);
	order_all(&f, "reset");
	for (int32_t id = 0; id < 300; id++)	/* one at a time: by turns */
	{
		make_insert(&r, statement, id);
		run(&f, &r);
		assert_worked(&r);
	}
	misrouted = count_all(&f, "payloads");
	assert_true(misrouted < 3);
	for (int i = 0; i < 3; i++)
		assert_in_range(node_count(f.node[i], "executes"), 300 / 4, 300 / 2);
	request_free(&r);
	fixture_end(&f);
}

/* B22: address translation changes ports. All shards get their connections by the other port, and none is made for nothing without end. */
static void
test_b22_translated_addresses(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 1, "keyspace ks simple 1", "scylla 8\nlanding nat\n");

	AWAIT(&f, (insert_all(&f, statement, 0, 200), all_shards_have(&f, SHARDS, 1)));
	assert_true(count_all(&f, "connections") <= 4 * SHARDS);
	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 2000);
	assert_int_equal(count_all(&f, "wrong_shard"), 0);
	assert_true(count_all(&f, "connections") <= 4 * SHARDS);
	fixture_end(&f);
}

/* B21: whatever is opened is of shard 0. Connects are bounded, and rows are written. */
static void
test_b21_all_connections_land_on_one_shard(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 1, "keyspace ks simple 1", "scylla 8\nlanding 0\n");

	for (int i = 0; i < 50; i++)
		insert_all(&f, statement, i * 200, 200);
	assert_true(count_all(&f, "connections") <= 4 * SHARDS);
	assert_int_equal(node_count(f.node[0], "shard 0"), 1);
	assert_int_equal(count_all(&f, "rows_written"), 10000);
	fixture_end(&f);
}

static void
test_without_a_shard_aware_port(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 1, "keyspace ks simple 1", "scylla 8 port none\n");

	warm_up(&f, statement, SHARDS);
	insert_all(&f, statement, 0, 2000);
	assert_int_equal(count_all(&f, "wrong_shard"), 0);
	fixture_end(&f);
}

/* B23: 8 shards, 3, 16: the node comes back with others, and rows go on. */
static void
test_b23_a_node_comes_back_with_other_shards(void **state)
{
	static const uint32_t shards[] = {3, 16, 1};
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 2, "keyspace ks simple 2", "scylla 8\n");

	warm_up(&f, statement, SHARDS);
	for (size_t i = 0; i < sizeof(shards) / sizeof(shards[0]); i++)
	{
		char		restart[64];

		snprintf(restart, sizeof(restart), "disconnect\nscylla %u", shards[i]);
		order_all(&f, restart);
		warm_up(&f, statement, shards[i]);
		insert_all(&f, statement, 0, 1000);
		assert_int_equal(count_all(&f, "wrong_shard"), 0);
	}
	fixture_end(&f);
}

#define ONE "00000000-0000-0000-0000-0000000000a0"
#define TWO "00000000-0000-0000-0000-0000000000a1"

/* host_id: of the node that is at the first address now. */
static void
be_nodes(Fixture *f, const char *first, const char *second)
{
	int			port = node_port(f->node[0]);

	assert_true(node_order(f->node[0], "host_id %s\nno_peers\npeer 127.0.0.2 %d 0 host_id %s", first, port, second));
	assert_true(node_order(f->node[1], "host_id %s\nno_peers\npeer 127.0.0.1 %d %lld host_id %s", second, port, (long long) -RING_STEP, first));
}

/* B19: two nodes change their addresses. Each connection tells who is there; none of them is used for the other node. */
static void
test_b19_nodes_swap_their_addresses(void **state)
{
	Fixture		f;
	uint32_t	statement;
	uint64_t	before;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "scylla 4\n");
	be_nodes(&f, ONE, TWO);
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	warm_up(&f, statement, 4);
	be_nodes(&f, TWO, ONE);
	order_all(&f, "disconnect");
	before = count_all(&f, "connections");
	insert_all(&f, statement, 0, 1000);
	warm_up(&f, statement, 4);
	assert_in_range(count_all(&f, "connections") - before, 8, 60);
	fixture_end(&f);
}

static void
test_shards_that_are_hidden(void **state)
{
	Fixture		f;
	uint32_t	statement = open_sharded(&f, 1, "keyspace ks simple 1", "scylla 8 hidden\n");

	insert_all(&f, statement, 0, 2000);
	assert_int_equal(count_all(&f, "connections"), 2);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_the_ring_go_to_their_shards),
		cmocka_unit_test(test_many_rows_wait_for_the_connections_of_their_shards),
		cmocka_unit_test(test_rows_of_tablets_go_to_their_shards),
		cmocka_unit_test(test_conditional_rows_of_tablets_go_to_the_first_replica),
		cmocka_unit_test(test_a_replica_more_gets_its_share),
		cmocka_unit_test(test_b22_translated_addresses),
		cmocka_unit_test(test_b21_all_connections_land_on_one_shard),
		cmocka_unit_test(test_without_a_shard_aware_port),
		cmocka_unit_test(test_b23_a_node_comes_back_with_other_shards),
		cmocka_unit_test(test_b19_nodes_swap_their_addresses),
		cmocka_unit_test(test_shards_that_are_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
