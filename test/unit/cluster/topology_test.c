/*
 * Nodes, ring and replicas, held against brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/topology.h"
#include "rows.inc.h"

#include <netinet/in.h>

#define MAX_TEST_NODES 24
#define MAX_TEST_TOKENS 8

static NetAddress
address_of(uint8_t last, uint16_t port)
{
	const uint8_t bytes[4] = {127, 0, 0, last};
	NetAddress	a;

	assert_true(net_address_from_bytes(bytes, 4, port, &a));
	return a;
}

/* Read node[0] as the contacted one, the rest as its peers, and commit. */
static void
read_all(ClusterTopology *t, const RowNode *node, uint32_t n, const char *const *keyspaces)
{
	NetAddress	dialled = address_of(99, 9999);
	CqlBuffer	local = rows_local(&node[0]);
	CqlBuffer	peers = rows_peers(node + 1, n - 1, true);
	CqlBuffer	schema = rows_keyspaces(keyspaces);

	cluster_topology_begin(t);
	assert_true(cluster_topology_read_local(t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_peers(t, cql_reader(peers.data, peers.len), 9042));
	assert_true(cluster_topology_read_keyspaces(t, cql_reader(schema.data, schema.len)));
	assert_true(cluster_topology_commit(t));
	cql_buffer_free(&local);
	cql_buffer_free(&peers);
	cql_buffer_free(&schema);
}

static uint32_t
replicas(ClusterTopology *t, const char *keyspace, int64_t token, const uint16_t **out)
{
	const ClusterPlacement *p = cluster_topology_placement(t, keyspace);
	uint32_t	n = 0;

	assert_non_null(p);
	*out = cluster_topology_replicas(t, p, token);
	while (n < p->width && (*out)[n] != CLUSTER_RING_NONE)
		n++;
	return n;
}

static uint8_t
first_replica(ClusterTopology *t, const char *keyspace, int64_t token)
{
	const uint16_t *list;

	assert_true(replicas(t, keyspace, token, &list) > 0);
	return t->node[list[0]]->host_id[0];
}

static const char *const simple_one[] = {"ks", "SimpleStrategy", "replication_factor", "1", NULL, NULL};

/* ---- the ring ---- */

static void
test_owner_at_the_borders(void **state)
{
	static const int64_t a[] = {-100, 50};
	static const int64_t b[] = {0};
	static const int64_t c[] = {100};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 2},
		{.id = 2, .dc = "dc", .rack = "r", .token = b, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
		{.id = 3, .dc = "dc", .rack = "r", .token = c, .ntokens = 1, .address = {127, 0, 0, 3}, .port = 1},
	};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL));
	read_all(&t, node, 3, simple_one);
	assert_int_equal(first_replica(&t, "ks", INT64_MIN), 1);
	assert_int_equal(first_replica(&t, "ks", -101), 1);
	assert_int_equal(first_replica(&t, "ks", -100), 1);
	assert_int_equal(first_replica(&t, "ks", -99), 2);
	assert_int_equal(first_replica(&t, "ks", 0), 2);
	assert_int_equal(first_replica(&t, "ks", 1), 1);
	assert_int_equal(first_replica(&t, "ks", 50), 1);
	assert_int_equal(first_replica(&t, "ks", 51), 3);
	assert_int_equal(first_replica(&t, "ks", 100), 3);
	assert_int_equal(first_replica(&t, "ks", 101), 1);
	assert_int_equal(first_replica(&t, "ks", INT64_MAX), 1);
	cluster_topology_free(&t);
}

static void
test_extreme_tokens(void **state)
{
	static const int64_t a[] = {INT64_MIN};
	static const int64_t b[] = {INT64_MAX};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = b, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL));
	read_all(&t, node, 2, simple_one);
	assert_int_equal(first_replica(&t, "ks", INT64_MIN), 1);
	assert_int_equal(first_replica(&t, "ks", INT64_MIN + 1), 2);
	assert_int_equal(first_replica(&t, "ks", INT64_MAX), 2);
	cluster_topology_free(&t);
}

/* ---- replicas against brute force ---- */

typedef struct World
{
	RowNode		node[MAX_TEST_NODES];
	int64_t		token[MAX_TEST_NODES][MAX_TEST_TOKENS];
	uint32_t	n;
} World;

static const char *const dc_names[] = {"dc1", "dc2", "dc3"};
static const char *const rack_names[] = {"r1", "r2", "r3", "r4"};

static int64_t
random_token(unsigned *seed)
{
	return (int64_t) (((uint64_t) rand_r(seed) << 42) ^ ((uint64_t) rand_r(seed) << 21) ^ (uint64_t) rand_r(seed));
}

static void
make_world(World *w, unsigned *seed)
{
	unsigned	dcs = 1 + (unsigned) rand_r(seed) % 3;
	unsigned	racks = 1 + (unsigned) rand_r(seed) % 4;

	w->n = 1 + (uint32_t) rand_r(seed) % MAX_TEST_NODES;
	for (uint32_t i = 0; i < w->n; i++)
	{
		w->node[i] = (RowNode) {
			.id = (uint8_t) (i + 1), .dc = dc_names[(unsigned) rand_r(seed) % dcs],
			.rack = rack_names[(unsigned) rand_r(seed) % racks], .token = w->token[i],
			.ntokens = 1 + (uint32_t) rand_r(seed) % MAX_TEST_TOKENS,
			.address = {127, 0, 0, (uint8_t) (i + 1)}, .port = 9042
		};
		for (uint32_t j = 0; j < w->node[i].ntokens; j++)
			w->token[i][j] = random_token(seed);
	}
}

/* The next token on the ring at or after from (strictly after if beyond). Node index, -1 at the end. */
static int
next_on_ring(const World *w, int64_t from, bool beyond, int64_t *token)
{
	int			best = -1;

	for (uint32_t i = 0; i < w->n; i++)
	{
		for (uint32_t j = 0; j < w->node[i].ntokens; j++)
		{
			int64_t		candidate = w->token[i][j];

			if (candidate < from || (beyond && candidate == from))
				continue;
			if (best < 0 || candidate < *token)
			{
				best = (int) i;
				*token = candidate;
			}
		}
	}
	return best;
}

/* Distinct nodes in the order of the ring from a token on, by plain search. */
static uint32_t
ring_order(const World *w, int64_t token, int *order)
{
	uint32_t	n = 0;
	int64_t		at = 0;
	int			node = next_on_ring(w, token, false, &at);

	for (uint32_t steps = 0; steps < MAX_TEST_NODES * MAX_TEST_TOKENS; steps++)
	{
		bool		known = false;

		if (node < 0)
			node = next_on_ring(w, INT64_MIN, false, &at);
		for (uint32_t i = 0; i < n; i++)
			known |= order[i] == node;
		if (!known)
			order[n++] = node;
		node = next_on_ring(w, at, true, &at);
	}
	return n;
}

static bool
holds(const int *set, uint32_t n, int node)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (set[i] == node)
			return true;
	}
	return false;
}

/* Cassandra's words: new racks first; nodes of used racks are set aside until every rack was seen. */
static uint32_t
network_replicas(const World *w, const int *order, uint32_t n, uint32_t factor, const char *dc, int *out)
{
	int			aside[MAX_TEST_NODES];
	uint32_t	naside = 0;
	uint32_t	nout = 0;
	uint32_t	racks = 0;

	for (uint32_t r = 0; r < 4; r++)
	{
		bool		used = false;

		for (uint32_t i = 0; i < w->n; i++)
			used |= strcmp(w->node[i].dc, dc) == 0 && w->node[i].rack == rack_names[r];
		racks += used;
	}
	for (uint32_t i = 0, seen = 0; i < n && nout < factor; i++)
	{
		const RowNode *node = &w->node[order[i]];
		bool		fresh = true;

		if (strcmp(node->dc, dc) != 0)
			continue;
		for (uint32_t j = 0; j < nout; j++)
			fresh &= w->node[out[j]].rack != node->rack;
		if (!fresh && seen < racks)
		{
			aside[naside++] = order[i];
			continue;
		}
		seen += fresh;
		out[nout++] = order[i];
		for (uint32_t j = 0; seen == racks && j < naside && nout < factor; j++)
			if (!holds(out, nout, aside[j]))
				out[nout++] = aside[j];
	}
	return nout;
}

static void
check_replicas(ClusterTopology *t, const char *keyspace, int64_t token, const int *expected, uint32_t n)
{
	const uint16_t *list;
	uint32_t	found = replicas(t, keyspace, token, &list);

	assert_int_equal(found, n);
	for (uint32_t i = 0; i < n; i++)
	{
		bool		in = false;

		for (uint32_t j = 0; j < found; j++)
			in |= t->node[list[j]]->host_id[0] == expected[i] + 1;
		assert_true(in);
	}
}

static void
check_token(ClusterTopology *t, const World *w, int64_t token, uint32_t factor)
{
	int			order[MAX_TEST_NODES];
	int			expected[MAX_TEST_NODES];
	uint32_t	n = ring_order(w, token, order);
	uint32_t	nlocal = 0;

	assert_int_equal(n, w->n);
	for (uint32_t i = 0; i < n && i < factor; i++)
	{
		if (strcmp(w->node[order[i]].dc, w->node[0].dc) == 0)
			expected[nlocal++] = order[i];
	}
	check_replicas(t, "simple", token, expected, nlocal);
	n = network_replicas(w, order, n, factor, w->node[0].dc, expected);
	check_replicas(t, "network", token, expected, n);
}

static void
test_replicas_equal_brute_force(void **state)
{
	unsigned	seed = 20240229;

	for (int round = 0; round < 60; round++)
	{
		World		w;
		ClusterTopology t;
		char		factor[16];
		uint32_t	rf = 1 + (uint32_t) rand_r(&seed) % (MAX_TEST_NODES + 4);	/* more than nodes, too */
		const char *keyspaces[] = {
			"simple", "org.apache.cassandra.locator.SimpleStrategy", "replication_factor", factor, NULL,
			"network", "NetworkTopologyStrategy", "dc1", factor, "dc2", factor, "dc3", factor, NULL, NULL
		};

		snprintf(factor, sizeof(factor), "%u", rf);
		make_world(&w, &seed);
		assert_true(cluster_topology_init(&t, NULL));
		read_all(&t, w.node, w.n, keyspaces);
		for (int i = 0; i < 20; i++)
			check_token(&t, &w, random_token(&seed), rf);
		for (uint32_t i = 0; i < w.n; i++)
			check_token(&t, &w, w.token[i][0], rf);
		check_token(&t, &w, INT64_MIN, rf);
		check_token(&t, &w, INT64_MAX, rf);
		cluster_topology_free(&t);
	}
}

/* ---- keyspaces ---- */

static void
test_replication_forms(void **state)
{
	static const int64_t a[] = {0};
	static const int64_t b[] = {10};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = b, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	static const char *const keyspaces[] = {
		"transient", "NetworkTopologyStrategy", "dc", "2/1", NULL,
		"elsewhere", "NetworkTopologyStrategy", "other", "3", NULL,
		"local", "org.apache.cassandra.locator.LocalStrategy", NULL,
		"everywhere", "EverywhereStrategy", NULL,
		"nonsense", "SimpleStrategy", "replication_factor", "many", NULL, NULL
	};
	ClusterTopology t;
	const uint16_t *list;

	assert_true(cluster_topology_init(&t, NULL));
	read_all(&t, node, 2, keyspaces);
	assert_int_equal(replicas(&t, "transient", 5, &list), 2);
	assert_int_equal(replicas(&t, "elsewhere", 5, &list), 0);
	assert_int_equal(replicas(&t, "nonsense", 5, &list), 0);
	assert_null(cluster_topology_placement(&t, "local"));
	assert_null(cluster_topology_placement(&t, "everywhere"));
	assert_null(cluster_topology_placement(&t, "unknown"));
	cluster_topology_free(&t);
}

static void
test_foreign_tokens_route_nowhere(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	CqlBuffer	local = rows_local(&node);
	CqlBuffer	schema = rows_keyspaces(simple_one);
	NetAddress	dialled = address_of(1, 9042);
	ClusterTopology t;

	/* its last byte: "0" becomes "x", as a ByteOrderedPartitioner might say */
	local.data[local.len - 1] = 'x';
	assert_true(cluster_topology_init(&t, NULL));
	cluster_topology_begin(&t);
	assert_true(cluster_topology_read_local(&t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_keyspaces(&t, cql_reader(schema.data, schema.len)));
	assert_true(cluster_topology_commit(&t));
	assert_int_equal(t.nlocal, 1);
	assert_null(cluster_topology_placement(&t, "ks"));
	cql_buffer_free(&local);
	cql_buffer_free(&schema);
	cluster_topology_free(&t);
}

/* ---- nodes ---- */

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

	assert_true(cluster_topology_init(&t, NULL));
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

	assert_true(cluster_topology_init(&t, NULL));
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
	assert_int_equal(t.ring.npositions, 2);
	cluster_topology_free(&t);
}

static void
test_contacted_node_keeps_its_address(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 1}, .port = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = a, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 2},
	};
	const RowNode seen_from_second[] = {node[1], node[0]};
	ClusterTopology t;
	ClusterNode *first;

	assert_true(cluster_topology_init(&t, NULL));
	read_all(&t, node, 2, simple_one);
	first = node_by_id(&t, 1);
	assert_address(first, 99, 9999);
	read_all(&t, seen_from_second, 2, simple_one);
	assert_address(first, 99, 9999);
	cluster_topology_move(first);
	assert_address(first, 1, 1);
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

	assert_true(cluster_topology_init(&t, NULL));
	read_all(&t, node, 2, simple_one);
	assert_string_equal(t.local_dc, "east");
	cluster_topology_free(&t);
	assert_true(cluster_topology_init(&t, "west"));
	read_all(&t, node, 2, simple_one);
	assert_int_equal(t.nlocal, 1);
	assert_int_equal(t.local[0]->host_id[0], 2);
	cluster_topology_restart(&t);
	read_all(&t, swapped, 2, simple_one);
	assert_string_equal(t.local_dc, "west");
	cluster_topology_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_at_the_borders),
		cmocka_unit_test(test_extreme_tokens),
		cmocka_unit_test(test_replicas_equal_brute_force),
		cmocka_unit_test(test_replication_forms),
		cmocka_unit_test(test_foreign_tokens_route_nowhere),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_nodes_are_known_by_host_id),
		cmocka_unit_test(test_contacted_node_keeps_its_address),
		cmocka_unit_test(test_local_dc_is_kept_or_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
