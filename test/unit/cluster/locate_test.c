/*
 * cluster/locate: replicas of tokens, held against brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/locate.h"
#include "topology.inc.h"

#define MAX_TEST_NODES 24
#define MAX_TEST_TOKENS 8

static ClusterReplicas
locate(ClusterTopology *t, const char *keyspace, int64_t token)
{
	ClusterTable table = {.keyspace = keyspace, .name = "t"};

	return cluster_locate(t, &table, token);
}

static uint8_t
first_replica(ClusterTopology *t, const char *keyspace, int64_t token)
{
	ClusterReplicas replicas = locate(t, keyspace, token);

	assert_true(replicas.n > 0);
	return cluster_locate_replica(t, replicas, 0).node->host_id[0];
}

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

	assert_true(cluster_topology_init(&t, NULL, NULL));
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

	assert_true(cluster_topology_init(&t, NULL, NULL));
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
	ClusterReplicas found = locate(t, keyspace, token);

	assert_non_null(found.number);
	assert_int_equal(found.n, n);
	for (uint32_t i = 0; i < n; i++)
	{
		bool		in = false;

		for (uint32_t j = 0; j < found.n; j++)
			in |= cluster_locate_replica(t, found, j).node->host_id[0] == expected[i] + 1;
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
		assert_true(cluster_topology_init(&t, NULL, NULL));
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

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, node, 2, keyspaces);
	assert_int_equal(locate(&t, "transient", 5).n, 2);
	assert_int_equal(locate(&t, "elsewhere", 5).n, 0);
	assert_non_null(locate(&t, "elsewhere", 5).number); /* none of them is here, but they are known */
	assert_int_equal(locate(&t, "nonsense", 5).n, 0);
	assert_null(locate(&t, "local", 5).number);
	assert_null(locate(&t, "everywhere", 5).number);
	assert_null(locate(&t, "unknown", 5).number);
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
	assert_true(cluster_topology_init(&t, NULL, NULL));
	cluster_topology_begin(&t);
	assert_true(cluster_topology_read_local(&t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_keyspaces(&t, cql_reader(schema.data, schema.len)));
	assert_true(cluster_topology_commit(&t));
	assert_int_equal(t.nlocal, 1);
	assert_null(locate(&t, "ks", 5).number);
	cql_buffer_free(&local);
	cql_buffer_free(&schema);
	cluster_topology_free(&t);
}

/* ---- what a table remembers ---- */

static void
test_a_table_is_looked_up_again_after_a_change(void **state)
{
	static const int64_t a[] = {0};
	static const int64_t b[] = {10};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1},
		{.id = 2, .dc = "dc", .rack = "r", .token = b, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	static const char *const simple_two[] = {"ks", "SimpleStrategy", "replication_factor", "2", NULL, NULL};
	static const char *const gone[] = {NULL};
	ClusterTable table = {.keyspace = "ks", .name = "t"};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	assert_null(cluster_locate(&t, &table, 5).number);	/* nothing was read yet */
	read_all(&t, node, 2, simple_one);
	assert_int_equal(cluster_locate(&t, &table, 5).n, 1);
	read_all(&t, node, 2, simple_two);
	assert_int_equal(cluster_locate(&t, &table, 5).n, 2);
	read_all(&t, node, 2, gone);
	assert_null(cluster_locate(&t, &table, 5).number);
	cluster_topology_free(&t);
}

static void
test_a_table_without_a_keyspace_is_anywhere(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, &node, 1, simple_one);
	assert_null(locate(&t, NULL, 5).number);
	cluster_topology_free(&t);
}

static void
test_nodes_are_not_told_apart_by_shards(void **state)
{
	static const int64_t a[] = {0};
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 1};
	ClusterTopology t;
	ClusterLocation at;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, &node, 1, simple_one);
	at = cluster_locate_replica(&t, locate(&t, "ks", 5), 0);
	assert_ptr_equal(at.node, t.node[0]);
	assert_int_equal(at.shard, 0);
	cluster_topology_free(&t);
}

/* ---- shards and tablets ---- */

static const int64_t zero[] = {0};
static const int64_t hundred[] = {100};
static const RowNode pair[] = {
	{.id = 1, .dc = "dc", .rack = "r", .token = zero, .ntokens = 1},
	{.id = 2, .dc = "dc", .rack = "r", .token = hundred, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	{.id = 3, .dc = "far", .rack = "r", .token = NULL, .address = {127, 0, 0, 3}, .port = 1},
};

static void
learn_of(ClusterTopology *t, const char *table, int64_t first, int64_t last, const uint8_t *ids, uint32_t n)
{
	CqlTablet	told = {.first = first, .last = last, .nreplicas = n};

	for (uint32_t i = 0; i < n; i++)
	{
		memset(told.replica[i].host_id, ids[i], 16);
		told.replica[i].shard = ids[i] + 4u;
	}
	assert_true(cluster_topology_learn(t, "ks", table, &told));
}

static void
learn(ClusterTopology *t, int64_t first, int64_t last, const uint8_t *ids, uint32_t n)
{
	learn_of(t, "t", first, last, ids, n);
}

/* Where the rows of a token are: a digit for each replica's node, then one for its shard. */
static void
assert_located(ClusterTopology *t, ClusterTable *table, int64_t token, const char *expected)
{
	ClusterReplicas replicas = cluster_locate(t, table, token);
	char		found[64] = "";

	for (uint32_t i = 0; i < replicas.n; i++)
	{
		ClusterLocation at = cluster_locate_replica(t, replicas, i);

		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%u%u", at.node->host_id[0], at.shard);
	}
	assert_string_equal(found, expected);
}

/* Golden values as in shard_test. */
static void
test_shards_of_the_ring(void **state)
{
	ClusterTopology t;
	ClusterTable table = {.keyspace = "ks", .name = "t"};

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, pair, 2, simple_one);
	assert_located(&t, &table, INT64_C(-3758069500696749310), "10");
	t.node[0]->nr_shards = 8;	/* as its first connection tells */
	t.node[0]->ignore_msb = 12;
	assert_located(&t, &table, INT64_C(-3758069500696749310), "14");
	assert_located(&t, &table, -1, "17");
	assert_located(&t, &table, 50, "20");
	cluster_topology_free(&t);
}

/* Tablets that are known tell, in their order, and of the local data center; of others the ring tells nothing. */
static void
test_tablets_beat_the_ring(void **state)
{
	ClusterTopology t;
	ClusterTable table = {.keyspace = "ks", .name = "t"};
	ClusterTable other = {.keyspace = "ks", .name = "u"};

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, pair, 3, simple_one);
	assert_located(&t, &table, 50, "20");
	learn(&t, 0, 60, (const uint8_t[]) {3, 2, 1}, 3);
	assert_located(&t, &table, 50, "2615");
	assert_located(&t, &table, 61, "");
	assert_located(&t, &other, 50, "20");
	learn(&t, 0, 60, (const uint8_t[]) {1}, 1); /* it was moved */
	assert_located(&t, &table, 50, "15");
	cluster_topology_heed(&t, &(CqlEvent) {
		.kind = CQL_EVENT_SCHEMA, .change = {"DROPPED", 7}, .target = {"TABLE", 5}, .keyspace = {"ks", 2}, .name = {"t", 1}
	});
	assert_located(&t, &table, 50, "20");
	cluster_topology_free(&t);
}

/* B24: a node that leaves takes its tablets along; one that is told anew keeps them, those of views as well. */
static void
test_b24_tablets_follow_the_nodes(void **state)
{
	ClusterTopology t;
	ClusterTable table = {.keyspace = "ks", .name = "t"};
	ClusterTable view = {.keyspace = "ks", .name = "view"};

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, pair, 2, simple_one);
	learn(&t, 0, 60, (const uint8_t[]) {2, 1}, 2);
	learn(&t, 60, 90, (const uint8_t[]) {1}, 1);
	learn_of(&t, "view", 0, 60, (const uint8_t[]) {2}, 1);
	learn_of(&t, "view", 60, 90, (const uint8_t[]) {1}, 1);
	read_all(&t, pair, 2, simple_one);
	assert_located(&t, &table, 50, "2615");
	assert_located(&t, &view, 50, "26");
	read_all(&t, pair, 1, simple_one);
	assert_located(&t, &table, 50, "");
	assert_located(&t, &table, 70, "15");
	assert_located(&t, &view, 50, "");
	assert_located(&t, &view, 70, "15");
	cluster_topology_free(&t);
}

/* scylladb/python-driver#913: nobody tells of a replica that a tablet gets more. */
static void
test_tablets_are_forgotten_with_the_replication(void **state)
{
	static const char *const simple_two[] = {"ks", "SimpleStrategy", "replication_factor", "2", NULL, NULL};
	ClusterTopology t;
	ClusterTable table = {.keyspace = "ks", .name = "t"};

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_all(&t, pair, 2, simple_one);
	learn(&t, 0, 60, (const uint8_t[]) {2}, 1);
	read_all(&t, pair, 2, simple_two);
	assert_null(cluster_tablets_of(&t.tablets, "ks", "t"));
	assert_located(&t, &table, 50, "2010");
	cluster_topology_free(&t);
}

/* One node, and one keyspace that has tablets. */
static void
read_with_tablets(ClusterTopology *t, const char *keyspace)
{
	CqlBuffer	tablets = rows_tablets(keyspace);
	CqlBuffer	local = rows_local(&pair[0]);
	CqlBuffer	schema = rows_keyspaces(simple_one);
	NetAddress	dialled = address_of(99, 9999);

	cluster_topology_begin(t);
	assert_true(cluster_topology_read_local(t, cql_reader(local.data, local.len), &dialled));
	assert_true(cluster_topology_read_keyspaces(t, cql_reader(schema.data, schema.len)));
	assert_true(cluster_topology_read_tablets(t, cql_reader(tablets.data, tablets.len)));
	assert_true(cluster_topology_commit(t));
	cql_buffer_free(&tablets);
	cql_buffer_free(&local);
	cql_buffer_free(&schema);
}

static void
test_tablet_keyspaces_never_use_ring_replicas(void **state)
{
	ClusterTopology t;
	ClusterTable table = {.keyspace = "ks", .name = "t"};

	assert_true(cluster_topology_init(&t, NULL, NULL));
	read_with_tablets(&t, "ks");
	assert_true(cluster_locate_in_tablets(&t, "ks"));
	assert_located(&t, &table, 50, "");
	learn(&t, 0, 60, (const uint8_t[]) {1}, 1);
	assert_located(&t, &table, 50, "15");
	assert_located(&t, &table, 61, "");
	cluster_tablets_forget(&t.tablets, "ks", NULL);
	assert_located(&t, &table, 50, "");
	learn(&t, 0, 60, (const uint8_t[]) {1}, 1);
	read_with_tablets(&t, "other"); /* made anew, with the same replication and without tablets */
	assert_false(cluster_locate_in_tablets(&t, "ks"));
	assert_located(&t, &table, 50, "10");
	cluster_topology_free(&t);
}

/* ---- the whole ring ---- */

static void
test_positions_come_in_the_order_of_tokens(void **state)
{
	static const int64_t a[] = {30, -5};
	static const int64_t b[] = {10};
	const RowNode node[] = {
		{.id = 1, .dc = "dc", .rack = "r", .token = a, .ntokens = 2},
		{.id = 2, .dc = "dc", .rack = "r", .token = b, .ntokens = 1, .address = {127, 0, 0, 2}, .port = 1},
	};
	static const int64_t expected[] = {-5, 10, 30};
	ClusterTopology t;

	assert_true(cluster_topology_init(&t, NULL, NULL));
	assert_int_equal(cluster_locate_positions(&t), 0);
	read_all(&t, node, 2, simple_one);
	assert_int_equal(cluster_locate_positions(&t), 3);
	for (uint32_t i = 0; i < 3; i++)
	{
		assert_true(cluster_locate_token(&t, i) == expected[i]);
		assert_int_equal(t.node[cluster_locate_owner(&t, i)]->host_id[0], i == 1 ? 2 : 1);
	}
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
		cmocka_unit_test(test_a_table_is_looked_up_again_after_a_change),
		cmocka_unit_test(test_a_table_without_a_keyspace_is_anywhere),
		cmocka_unit_test(test_nodes_are_not_told_apart_by_shards),
		cmocka_unit_test(test_shards_of_the_ring),
		cmocka_unit_test(test_tablets_beat_the_ring),
		cmocka_unit_test(test_b24_tablets_follow_the_nodes),
		cmocka_unit_test(test_tablets_are_forgotten_with_the_replication),
		cmocka_unit_test(test_tablet_keyspaces_never_use_ring_replicas),
		cmocka_unit_test(test_positions_come_in_the_order_of_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
