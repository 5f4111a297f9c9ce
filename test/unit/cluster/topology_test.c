/*
 * cluster/topology: nodes as the cluster's tables tell of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/locate.h"
#include "topology.inc.h"

static void
assert_address(const ClusterNode *node, uint8_t last, uint16_t port)
{
	NetAddress	expected = address_of(last, port);

	assert_true(net_address_equal(&node->address, &expected));
}

static ClusterNode *
node_by_id(const ClusterTopology *t, uint8_t id)
{
	for (uint32_t i = 0; i < t->nnodes; i++)
	{
		if (t->node[i]->host_id[0] == id)
			return t->node[i];
	}
	return NULL;
}

static void
test_addresses(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .peer = {127, 0, 0, 22}},
		{.id = 3, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {0}, .peer = {127, 0, 0, 33}},
		{.id = 4, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {255}, .peer = {127, 0, 0, 44}},
		{.id = 5, .dc = NULL, .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 5}},
		{.id = 6, .dc = "dc", .rack = NULL, .token = a, .ntokens = 1, .address = {127, 0, 0, 6}},
		{.id = 7, .dc = "dc", .rack = "r", .token = NULL, .address = {127, 0, 0, 7}},
		{.id = 8, .dc = "far", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 8}},
	};
	NetAddress	dialled = address_of(1, 7777);
	CqlBuffer	local = rows_local(&node[0]);
	CqlBuffer	peers = rows_peers(node + 1, 7, false);
	ClusterTopology t;

	dialled.host = "nodes.example";
	assert_true(cluster_topology_init(&t, NULL, NULL));
	cluster_topology_begin(&t);
	assert_true(cluster_topology_read_peers(&t, cql_reader(peers.data, peers.len), 9042));
	assert_false(cluster_topology_commit(&t));	/* nothing is known without the contacted node */
	assert_true(cluster_topology_read_local(&t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_commit(&t));
	assert_int_equal(t.nnodes, 4);
	assert_address(node_by_id(&t, 1), 1, 7777);
	assert_address(node_by_id(&t, 2), 2, 9042);
	assert_address(node_by_id(&t, 3), 33, 9042);
	assert_address(node_by_id(&t, 8), 8, 9042);
	/* a name belongs to the address that it was given for */
	assert_string_equal(node_by_id(&t, 1)->address.host, "nodes.example");
	for (uint8_t id = 2; id <= 8; id++)
		assert_true(!node_by_id(&t, id) || !node_by_id(&t, id)->address.host);
	node_by_id(&t, 1)->advertised = address_of(11, 9042);
	cluster_topology_turn(&t, node_by_id(&t, 1));
	assert_null(node_by_id(&t, 1)->address.host);
	assert_int_equal(t.nlocal, 3);
	assert_false(node_by_id(&t, 8)->local);
	assert_string_equal(t.local_dc, "dc");
	cql_buffer_free(&local);
	cql_buffer_free(&peers);
	cluster_topology_free(&t);
}

static void
test_nodes_are_known_by_host_id(void **state)
{
	static const int64_t a[] = {0};
	RowNode		node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 9042},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 3}, .port = 9042},
	};
	ClusterTopology t;
	ClusterNode *second;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, node, 2, simple_one);
	second = node_by_id(&t, 2);
	node[1].address[3] = 20;	/* back with another address */
	read_all(&t, node, 2, simple_one);
	assert_int_equal(t.nnodes, 2);
	assert_ptr_equal(node_by_id(&t, 2), second);
	assert_address(second, 20, 9042);
	assert_string_equal(second->name, "127.0.0.20:9042");

	read_all(&t, node, 1, simple_one);	/* gone, and back */
	assert_false(second->present);
	assert_int_equal(t.nlocal, 1);
	read_all(&t, node, 3, simple_one);	/* twice in one answer */
	assert_true(second->present);
	assert_int_equal(t.nlocal, 2);
	assert_int_equal(cluster_locate_positions(&t), 2);
	assert_address(second, 3, 9042);
	cluster_topology_turn(&t, second);	/* it does not answer there */
	assert_address(second, 20, 9042);
	read_all(&t, node, 3, simple_one);
	assert_address(second, 20, 9042);
	read_all(&t, node, 2, simple_one);	/* the old row is gone */
	assert_address(second, 20, 9042);
	cluster_topology_turn(&t, second);
	assert_address(second, 20, 9042);
	cluster_topology_free(&t);
}

/* Read what node[0] tells, which was reached at 127.0.0.last:port. */
static void
read_from(ClusterTopology *t, const RowNode *node, uint32_t n, bool v2, uint8_t last, uint16_t port)
{
	NetAddress	dialled = address_of(last, port);
	CqlBuffer	local = rows_local(&node[0]);
	CqlBuffer	peers = rows_peers(node + 1, n - 1, v2);

	cluster_topology_begin(t);
	assert_true(cluster_topology_read_local(t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_peers(t, cql_reader(peers.data, peers.len), port));
	assert_true(cluster_topology_commit(t));
	cql_buffer_free(&local);
	cql_buffer_free(&peers);
}

/* A forwarded address holds as long as what peers tell of its node; from then on that is the better one. */
static void
test_a_dialled_address_holds_until_another_is_advertised(void **state)
{
	static const int64_t a[] = {0};
	RowNode		second[] = {
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 1}, .port = 1},
	};
	const RowNode first = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_from(&t, &first, 1, true, 91, 9042);
	for (int i = 0; i < 2; i++)
	{
		read_from(&t, second, 2, true, 92, 9042);
		assert_address(node_by_id(&t, 1), 91, 9042);
	}
	second[1].address[3] = 11;
	read_from(&t, second, 2, true, 92, 9042);
	assert_address(node_by_id(&t, 1), 11, 1);
	assert_string_equal(node_by_id(&t, 1)->name, "127.0.0.11:1");
	assert_address(node_by_id(&t, 2), 92, 9042);

	/* reached by yet another address, which holds again */
	read_from(&t, &first, 1, true, 93, 9042);
	read_from(&t, second, 2, true, 92, 9042);
	assert_address(node_by_id(&t, 1), 93, 9042);
	second[1].port = 2;
	read_from(&t, second, 2, true, 92, 9042);
	assert_address(node_by_id(&t, 1), 11, 2);
	cluster_topology_free(&t);
}

/* Behind forwarded ports one works, after a move the other one does. */
static void
test_of_two_addresses_each_has_its_turn(void **state)
{
	static const int64_t a[] = {0};
	RowNode		second[] = {
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 1}, .port = 1},
	};
	const RowNode first = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	ClusterTopology t;
	ClusterNode *node;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_from(&t, &first, 1, true, 91, 9042);
	node = node_by_id(&t, 1);
	cluster_topology_turn(&t, node);
	assert_address(node, 91, 9042); /* the only one */
	read_from(&t, second, 2, true, 92, 9042);
	cluster_topology_turn(&t, node);
	assert_address(node, 1, 1);
	read_from(&t, second, 2, true, 92, 9042);	/* nothing new */
	assert_address(node, 1, 1);
	cluster_topology_turn(&t, node);
	assert_address(node, 91, 9042);
	second[1].address[3] = 11;
	read_from(&t, second, 2, true, 92, 9042);
	cluster_topology_turn(&t, node);
	assert_address(node, 11, 1);
	cluster_topology_free(&t);
}

/* system.peers has no ports: they are that of whoever was asked, which may be a forwarded one. */
static void
test_a_guessed_port_is_no_sign_of_a_move(void **state)
{
	static const int64_t a[] = {0};
	RowNode		node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .peer = {127, 0, 0, 2}},
	};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_from(&t, node, 2, false, 1, 9042);
	assert_address(node_by_id(&t, 2), 2, 9042);
	read_from(&t, node, 2, false, 1, 19042);
	assert_address(node_by_id(&t, 2), 2, 9042);
	node[1].address[3] = 3;
	read_from(&t, node, 2, false, 1, 19042);
	assert_address(node_by_id(&t, 2), 3, 19042);
	cluster_topology_free(&t);
}

/* Addresses are given anew: who answers there now is who is there, and the one before is where its peers say. */
static void
test_a_dialled_address_may_become_that_of_another_node(void **state)
{
	static const int64_t a[] = {0};
	const RowNode first = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	const RowNode second[] = {
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 11}, .port = 9042},
	};
	const RowNode third[] = {
		{.id = 3, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 11}, .port = 9042},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 1}, .port = 9042},
	};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_from(&t, &first, 1, true, 1, 9042);
	read_from(&t, second, 2, true, 1, 9042);	/* dialled */
	assert_address(node_by_id(&t, 1), 11, 9042);
	assert_address(node_by_id(&t, 2), 1, 9042);
	cluster_topology_free(&t);

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_from(&t, &first, 1, true, 1, 9042);
	read_from(&t, third, 3, true, 3, 9042); /* told */
	assert_address(node_by_id(&t, 1), 11, 9042);
	assert_address(node_by_id(&t, 2), 1, 9042);
	cluster_topology_free(&t);
}

/* Whichever comes first: the node, or the name of its address. */
static void
test_names_of_contact_points_go_to_nodes_that_others_told_of(void **state)
{
	static const int64_t a[] = {0};
	RowNode		node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 1}, .port = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 2},
		{.id = 3, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 3}, .port = 3},
	};
	NetAddress	second = address_of(2, 2);
	NetAddress	third = address_of(3, 3);
	NetAddress	other_port = address_of(2, 3);
	ClusterTopology t;

	second.host = "two.example";
	third.host = "three.example";
	other_port.host = "another.example";
	assert_true(cluster_topology_init(&t, NULL, NULL));
	cluster_topology_name(&t, &other_port);
	cluster_topology_name(&t, &second);
	read_all(&t, node, 3, simple_one);
	cluster_topology_name(&t, &third);
	assert_null(node_by_id(&t, 1)->address.host);
	assert_string_equal(node_by_id(&t, 2)->address.host, "two.example");
	assert_string_equal(node_by_id(&t, 3)->address.host, "three.example");
	node[1].address[3] = 20;	/* the name was that of the address */
	read_all(&t, node, 3, simple_one);
	assert_null(node_by_id(&t, 2)->address.host);
	assert_string_equal(node_by_id(&t, 3)->address.host, "three.example");
	cluster_topology_free(&t);
}

/* TLS asks it for the name in its certificate. */
static void
test_the_name_that_was_dialled_stays_with_the_node(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	const char *host = "nodes.example";
	NetAddress	dialled = address_of(1, 9042);
	CqlBuffer	local = rows_local(&node[0]);
	CqlBuffer	peers = rows_peers(&node[1], 1, true);
	ClusterTopology t;

	dialled.host = host;
	assert_true(cluster_topology_init(&t, NULL, NULL));
	cluster_topology_begin(&t);
	assert_true(cluster_topology_read_local(&t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_peers(&t, cql_reader(peers.data, peers.len), 9042));
	assert_true(cluster_topology_commit(&t));
	assert_ptr_equal(node_by_id(&t, 1)->address.host, host);
	assert_null(node_by_id(&t, 2)->address.host);	/* known from others, by its address alone */
	cql_buffer_free(&local);
	cql_buffer_free(&peers);
	cluster_topology_free(&t);
}

static void
test_local_dc_is_kept_or_given(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node[] = {
		{.id = 1, .dc = "east", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "west", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	const RowNode swapped[] = {node[1], node[0]};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, node, 2, simple_one);
	assert_string_equal(t.local_dc, "east");
	cluster_topology_restart(&t);	/* another node is reached first */
	read_all(&t, swapped, 2, simple_one);
	assert_string_equal(t.local_dc, "east");
	assert_int_equal(t.local[0]->host_id[0], 1);
	read_all(&t, &node[1], 1, simple_one);
	assert_int_equal(t.nlocal, 0);
	cluster_topology_free(&t);
	assert_true(cluster_topology_init(&t, "west", NULL));
	read_all(&t, node, 2, simple_one);
	assert_int_equal(t.nlocal, 1);
	assert_int_equal(t.local[0]->host_id[0], 2);
	cluster_topology_restart(&t);
	read_all(&t, swapped, 2, simple_one);
	assert_string_equal(t.local_dc, "west");
	cluster_topology_free(&t);
}

/* Which of four nodes are near: a bit each. */
static unsigned int
near_nodes(const ClusterTopology *t)
{
	unsigned int near = 0;

	for (uint8_t id = 1; id <= 4; id++)
		near |= (unsigned int) node_by_id(t, id)->near << (id - 1);
	return near;
}

static void
test_nodes_of_the_local_rack_are_near(void **state)
{
	static const int64_t a[] = {0};
	RowNode		node[] = {
		{.id = 1, .dc = "dc", .rack = "r1", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r2", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
		{.id = 3, .dc = "far", .rack = "r1", .token = a, .ntokens = 1, .address = {127, 0, 0, 3}, .port = 1},
		{.id = 4, .dc = "dc", .rack = "r1", .token = a, .ntokens = 1, .address = {127, 0, 0, 4}, .port = 1},
	};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, node, 4, simple_one);
	assert_int_equal(near_nodes(&t), 1 | 2 | 8);
	cluster_topology_free(&t);
	assert_true(cluster_topology_init(&t, NULL, "r1"));
	read_all(&t, node, 4, simple_one);
	assert_int_equal(near_nodes(&t), 1 | 8);
	assert_int_equal(t.nrack, 2);
	read_all(&t, node, 3, simple_one);	/* gone */
	assert_int_equal(near_nodes(&t), 1);
	/* a rack of this name elsewhere is another one, and without a rack nobody is farther than others */
	node[0].rack = "r3";
	read_all(&t, node, 3, simple_one);
	assert_int_equal(near_nodes(&t), 1 | 2);
	assert_int_equal(t.nrack, 0);
	cluster_topology_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_nodes_are_known_by_host_id),
		cmocka_unit_test(test_a_dialled_address_holds_until_another_is_advertised),
		cmocka_unit_test(test_of_two_addresses_each_has_its_turn),
		cmocka_unit_test(test_a_guessed_port_is_no_sign_of_a_move),
		cmocka_unit_test(test_a_dialled_address_may_become_that_of_another_node),
		cmocka_unit_test(test_names_of_contact_points_go_to_nodes_that_others_told_of),
		cmocka_unit_test(test_the_name_that_was_dialled_stays_with_the_node),
		cmocka_unit_test(test_local_dc_is_kept_or_given),
		cmocka_unit_test(test_nodes_of_the_local_rack_are_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
