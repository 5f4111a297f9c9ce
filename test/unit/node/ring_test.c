/* Nodes that are each other's peers. */
#include "client.h"

#define NODES 100

static void
hundred_nodes_know_each_other(void **state)
{
	Node	   *nodes[NODES];
	char		error[256];

	assert_true(node_ring_start(nodes, NODES, 4, "keyspace ks simple 3\ntable ks.t (id int PRIMARY KEY)\n", error, sizeof(error)));
	for (int i = 0; i < NODES; i++)
	{
		CqlMetadata metadata;
		CqlReader	r;
		Client		c;
		char		address[32];

		snprintf(address, sizeof(address), "127.0.0.%d", i + 1);
		assert_string_equal(node_address(nodes[i]), address);
		assert_int_equal(node_port(nodes[i]), node_port(nodes[0]));
		if (i % 33 != 0)
			continue;
		client_open(&c, nodes[i], 5, false);
		assert_int_equal(client_select(&c, "SELECT tokens FROM system.peers_v2", &metadata, &r), NODES - 1);
		assert_int_equal(client_select(&c, "SELECT tokens FROM system.local", &metadata, &r), 1);
		client_run(&c, "INSERT INTO ks.t (id) VALUES (1)");
		client_close(&c);
		assert_true(node_await_below(nodes[i], "open", 0, 5000));
	}
	for (int i = 0; i < NODES; i++)
	{
		assert_int_equal(node_count(nodes[i], "connections"), i % 33 == 0);
		node_stop(nodes[i]);
	}
}

/* As the counter of keys that another node owns sees it: of evenly spread keys each of four nodes owns about a fourth. */
static void
tokens_are_spread(void **state)
{
	Node	   *nodes[4];
	char		error[256];
	uint64_t	foreign = 0;

	assert_true(node_ring_start(nodes, 4, 1, "keyspace ks simple 3\ntable ks.t (id int PRIMARY KEY)\n", error, sizeof(error)));
	for (int i = 0; i < 4; i++)
	{
		Client		c;
		Prepared	insert;
		Execute		e = {0};
		CqlReader	r;

		client_open(&c, nodes[i], 4, false);
		client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &insert);
		for (int32_t key = 0; key < 200; key++)
		{
			put_int(&e, key);
			client_execute(&c, 1, &insert, &e);
			assert_int_equal(client_expect_result(&c, 1, &r), CQL_RESULT_VOID);
		}
		assert_in_range(node_count(nodes[i], "not_owner"), 100, 190);
		foreign += node_count(nodes[i], "not_owner");
		client_close(&c);
	}
	assert_int_equal(foreign, 600); /* each key has one owner */
	for (int i = 0; i < 4; i++)
		node_stop(nodes[i]);
}

static void
a_ring_fails_as_one(void **state)
{
	Node	   *nodes[2];
	char		error[256];

	assert_false(node_ring_start(nodes, 2, 1, "nothing", error, sizeof(error)));
	assert_non_null(strstr(error, "unknown word"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hundred_nodes_know_each_other),
		cmocka_unit_test(tokens_are_spread),
		cmocka_unit_test(a_ring_fails_as_one)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
