/*
 * What the cluster tells about itself: nodes and ring, without any node's help.
 */
#include "fixture.inc.h"

#include "cql/ring.h"

typedef struct Told
{
	CqlRing		ring;
	CqlArena	arena;
} Told;

/* Ask, and decode the answer; the caller frees told->arena. */
static void
ask(Fixture *f, ClusterRequestKind kind, Told *told)
{
	TestRequest r = {0};
	CqlReader	reader;

	request_reset(&r);
	r.core.kind = kind;
	run(f, &r);
	assert_worked(&r);
	assert_int_equal(r.core.attempts, 0);
	reader = cql_reader(r.core.body, r.core.body_length);
	*told = (Told) {0};
	assert_true(cql_ring_get(&reader, &told->arena, &told->ring));
	assert_int_equal(cql_reader_left(&reader), 0);
	request_free(&r);
}

static const CqlRingNode *
find(const Told *told, const char *address)
{
	for (uint16_t i = 0; i < told->ring.nnodes; i++)
	{
		if (strncmp(told->ring.node[i].name, address, strlen(address)) == 0)
			return &told->ring.node[i];
	}
	fail_msg("no node %s", address);
	return NULL;
}

/* ---- the ring ---- */

static void
test_ring_of_three(void **state)
{
	static const char *const owners[] = {"127.0.0.1:", "127.0.0.2:", "127.0.0.3:"};
	Fixture		f;
	Told		told;

	open_nodes(&f, 3, "keyspace ks simple 1");
	ask(&f, CLUSTER_RING, &told);
	assert_int_equal(told.ring.nnodes, 3);
	assert_int_equal(told.ring.npositions, 3);
	assert_int_equal(told.ring.version, cluster_versions(f.cluster).topology);
	assert_false(cluster_versions(f.cluster).scylla);
	for (int i = 0; i < 3; i++)
	{
		const CqlRingNode *owner = &told.ring.node[told.ring.position[i].owner];

		assert_true(told.ring.position[i].token == RING_STEP * (i - 1));
		assert_memory_equal(owner->name, owners[i], 10);
		assert_string_equal(owner->dc, "dc1");
		assert_string_equal(owner->rack, "rack1");
		assert_true(owner->local);
	}
	cql_arena_free(&told.arena);
	/* no node was asked but for the topology */
	assert_int_equal(count_all(&f, "QUERY"), 3);
	fixture_end(&f);
}

static void
order_peer(Fixture *f, const char *address, int ntokens, const char *rest)
{
	CqlBuffer	line = {0};
	char		word[64];

	snprintf(word, sizeof(word), "peer %s 9042", address);
	cql_put_raw(&line, word, strlen(word));
	for (int i = 0; i < ntokens; i++)
	{
		snprintf(word, sizeof(word), " %d", (ntokens - i) * 1000);	/* the ring must be sorted */
		cql_put_raw(&line, word, strlen(word));
	}
	cql_put_raw(&line, rest, strlen(rest) + 1);
	assert_true(node_order(f->node[0], "%s", (const char *) line.data));
	cql_buffer_free(&line);
}

/* Another data center's nodes are part of the ring, and nothing is connected there. */
static void
test_many_tokens_and_data_centers(void **state)
{
	Fixture		f;
	Told		told;
	const CqlRingNode *other;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	order_peer(&f, "127.0.0.9", 256, " dc 'west' rack 'r7'");
	open_cluster(&f);
	ask(&f, CLUSTER_NODES, &told);
	assert_int_equal(told.ring.nnodes, 2);
	assert_int_equal(told.ring.npositions, 257);
	for (uint32_t i = 1; i < told.ring.npositions; i++)
		assert_true(told.ring.position[i - 1].token < told.ring.position[i].token);
	other = find(&told, "127.0.0.9:9042");
	assert_string_equal(other->dc, "west");
	assert_string_equal(other->rack, "r7");
	assert_false(other->local);
	assert_int_equal(other->connections, 0);
	assert_ptr_equal(&told.ring.node[told.ring.position[256].owner], other);
	assert_int_equal(find(&told, "127.0.0.1")->connections, 1);
	assert_null(find(&told, "127.0.0.1")->tls);
	assert_null(find(&told, "127.0.0.1")->cipher);
	cql_arena_free(&told.arena);
	fixture_end(&f);
}

/* A node that left is not told of, and the places of the others are still right. */
static void
test_a_node_leaves(void **state)
{
	Fixture		f;
	Told		told;
	uint32_t	version;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	order_peer(&f, "127.0.0.8", 1, " dc 'west'");
	order_peer(&f, "127.0.0.9", 2, " dc 'west'");
	open_cluster(&f);
	ask(&f, CLUSTER_RING, &told);
	assert_int_equal(told.ring.nnodes, 3);
	version = told.ring.version;
	cql_arena_free(&told.arena);

	assert_true(node_order(f.node[0], "no_peers"));
	order_peer(&f, "127.0.0.9", 2, " dc 'west'");
	assert_true(node_order(f.node[0], "event TOPOLOGY_CHANGE REMOVED_NODE 127.0.0.8 9042"));
	AWAIT(&f, cluster_versions(f.cluster).topology != version);
	ask(&f, CLUSTER_RING, &told);
	assert_true(told.ring.version != version);
	assert_int_equal(told.ring.nnodes, 2);
	assert_int_equal(told.ring.npositions, 3);
	assert_memory_equal(told.ring.node[told.ring.position[2].owner].name, "127.0.0.9:", 10);
	cql_arena_free(&told.arena);
	fixture_end(&f);
}

/* ---- the nodes ---- */

static void
test_shards(void **state)
{
	Fixture		f;
	Told		told;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "scylla 4\n");
	open_cluster(&f);
	ask(&f, CLUSTER_NODES, &told);
	assert_int_equal(told.ring.node[0].shards, 4);
	assert_true(told.ring.node[0].connections > 0);
	cql_arena_free(&told.arena);
	fixture_end(&f);
}

/* The ring is told at once, the nodes when each of them has been connected to or has failed. */
static void
test_nodes_are_told_once_they_are_known(void **state)
{
	Fixture		f;
	Told		told;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 1", "");
	assert_true(node_order(f.node[1], "on OPTIONS hold"));
	open_cluster(&f);
	ask(&f, CLUSTER_RING, &told);
	cql_arena_free(&told.arena);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);				/* the first node is connected to */
	assert_worked(&r);
	request_reset(&r);
	r.core.kind = CLUSTER_NODES;
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[1], "held") == 1);
	assert_int_equal(r.times, 0);
	assert_true(node_order(f.node[1], "refuse\ndisconnect"));
	ask(&f, CLUSTER_NODES, &told);
	assert_int_equal(find(&told, "127.0.0.1")->connections, 1);
	assert_int_equal(find(&told, "127.0.0.2")->connections, 0);
	assert_true(find(&told, "127.0.0.2")->local);
	cql_arena_free(&told.arena);

	assert_true(node_order(f.node[1], "clear\nlisten"));
	await_all_nodes(&f);
	ask(&f, CLUSTER_NODES, &told);
	assert_int_equal(find(&told, "127.0.0.2")->connections, 1);
	cql_arena_free(&told.arena);
	request_free(&r);
	fixture_end(&f);
}

/* ---- no topology, no answer ---- */

static void
test_what_nobody_wants_to_know_is_given_back(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "on OPTIONS silent\n");
	open_cluster(&f);
	request_reset(&r);
	r.core.kind = CLUSTER_RING;
	r.core.timeout_ms = 60 * AWAIT_MS;
	submit(&f, &r);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(r.times, 0);
	r.unwanted = true;
	AWAIT(&f, r.times == 1);
	assert_failed(&r, CLUSTER_FAIL_ABANDONED);
	assert_int_equal(f.downs, 0);
	request_free(&r);
	fixture_end(&f);
}

static void
test_down(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	add_contact(&f, "127.0.0.1", 1);
	open_cluster(&f);
	request_reset(&r);
	r.core.kind = CLUSTER_RING;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CONNECT);
	request_free(&r);
	fixture_end(&f);
}

/* One that was taken and not answered yet when the cluster closes. */
static void
test_closing(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	open_nodes(&f, 1, "keyspace ks simple 1");
	request_reset(&r);
	r.core.kind = CLUSTER_RING;
	submit(&f, &r);
	assert_int_equal(r.times, 0);
	close_cluster(&f);
	assert_int_equal(r.times, 1);
	assert_failed(&r, CLUSTER_FAIL_ABANDONED);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_of_three),
		cmocka_unit_test(test_many_tokens_and_data_centers),
		cmocka_unit_test(test_a_node_leaves),
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_nodes_are_told_once_they_are_known),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_what_nobody_wants_to_know_is_given_back),
		cmocka_unit_test(test_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
