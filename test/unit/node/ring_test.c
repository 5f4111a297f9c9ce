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

/* The key 1 comes to the node; is it one of its replicas? */
static bool
is_replica(Node *node)
{
	uint64_t	before = node_count(node, "wrong_node");
	Prepared	s;
	Execute		e = {0};
	Client		c;

	client_open(&c, node, 4, false);
	client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &s);
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	client_expect(&c, 1, CQL_OP_RESULT);
	client_close(&c);
	return node_count(node, "wrong_node") == before;
}

/* Of a key's two replicas the third node is none, whatever the tokens are. */
static void
replicas_are_counted(void **state)
{
	Node	   *nodes[3];
	char		error[256];

	for (int tokens = 1; tokens <= 16; tokens *= 4)
	{
		int			replicas = 0;

		assert_true(node_ring_start(nodes, 3, tokens, "keyspace ks network dc1:2\ntable ks.t (id int PRIMARY KEY)\n", error,
									sizeof(error)));
		for (int i = 0; i < 3; i++)
		{
			replicas += is_replica(nodes[i]);
			node_stop(nodes[i]);
		}
		assert_int_equal(replicas, 2);
	}
}

/* The token of 1 is -4069959284402364209: .2 comes first, then this node, then .3; .4 is far away. */
static void
racks_have_one_before_another_has_two(void **state)
{
	static const struct
	{
		const char *keyspace;
		const char *rack;		/* .2 and .3 are in r1 and r2 */
		bool		replica;
	}			cases[] = {
		{"keyspace ks network dc1:2", "r1", false}, {"keyspace ks network dc1:2", "r2", true},
		{"keyspace ks network dc1:3", "r1", true}, {"keyspace ks simple 2", "r1", true}, {"keyspace ks simple 1", "r1", false},
		{"keyspace ks network dc2:1", "r2", false}, {"keyspace ks network dc2:1 dc1:2", "r2", true}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Node	   *node = start_node("token 0\npeer 127.0.0.2 9042 -4069959284402364208 rack r1\n"
									  "peer 127.0.0.3 9042 5 rack r2\npeer 127.0.0.4 9042 9000000000000000000 dc dc2\n");

		assert_true(node_order(node, "%s\ntable ks.t (id int PRIMARY KEY)\nrack %s", cases[i].keyspace, cases[i].rack));
		assert_int_equal(is_replica(node), cases[i].replica);
		node_stop(node);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hundred_nodes_know_each_other),
		cmocka_unit_test(tokens_are_spread),
		cmocka_unit_test(a_ring_fails_as_one),
		cmocka_unit_test(replicas_are_counted),
		cmocka_unit_test(racks_have_one_before_another_has_two)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
