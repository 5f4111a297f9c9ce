/*
 * cluster/tablet_query: all tablets of a table at once, where that is allowed. What is known then is told as borders.
 */
#include "fixture.inc.h"

#include "cql/ring.h"

#define TABLETS 32
#define SHARDED "scylla 8\nkeyspace ks network dc1:2 tablets 32\nkeyspace on_ring simple 1\n"

typedef struct Told
{
	CqlRing		ring;
	CqlArena	arena;
} Told;

static void
make_question(TestRequest *r, ClusterRequestKind kind, const char *keyspace, const char *table)
{
	request_reset(r);
	r->core.kind = (uint8_t) kind;
	cql_put_raw(&r->payload, keyspace, strlen(keyspace) + 1);
	cql_put_raw(&r->payload, table, strlen(table) + 1);
	request_seal(r);
}

static void
take(const TestRequest *r, Told *told)
{
	CqlReader	reader = cql_reader(r->core.body, r->core.body_length);

	assert_worked(r);
	*told = (Told) {0};
	assert_true(cql_ring_get(&reader, &told->arena, &told->ring));
}

/* How many borders are known once the cluster has told. SIZE_MAX: the ring's positions instead. */
static size_t
count_borders(Fixture *f, const char *keyspace, const char *table)
{
	TestRequest r = {0};
	Told		told;
	size_t		n;

	make_question(&r, CLUSTER_RING, keyspace, table);
	run(f, &r);
	take(&r, &told);
	n = told.ring.of_tablets ? told.ring.npositions : SIZE_MAX;
	cql_arena_free(&told.arena);
	request_free(&r);
	return n;
}

static void
open_one(Fixture *f, const char *extra)
{
	fixture_init(f);
	start_nodes(f, 1, SHARDED, extra);
	open_cluster(f);
}

static void
test_all_tablets_of_a_table(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Told		told;
	uint64_t	queries;

	open_one(&f, "");
	make_question(&r, CLUSTER_RING, "ks", "t");
	run(&f, &r);
	take(&r, &told);
	assert_true(told.ring.of_tablets);
	assert_int_equal(told.ring.npositions, TABLETS);
	for (uint32_t i = 1; i < TABLETS; i++)
		assert_true(told.ring.position[i - 1].token < told.ring.position[i].token);
	assert_true(told.ring.position[TABLETS - 1].token == INT64_MAX);
	cql_arena_free(&told.arena);
	request_free(&r);

	queries = count_all(&f, "QUERY");
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	assert_int_equal(count_all(&f, "QUERY"), queries);
	fixture_end(&f);
}

/* No answer was needed to tell of them. */
static void
test_rows_go_to_their_nodes_at_once(void **state)
{
	Fixture		f;
	uint32_t	statement;

	fixture_init(&f);
	start_nodes(&f, 3, SHARDED, "");
	open_cluster(&f);
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	order_all(&f, "reset");
	insert_all(&f, statement, 0, 1000);
	assert_int_equal(count_all(&f, "wrong_node"), 0);
	fixture_end(&f);
}

/* Whoever writes does not wait for it. */
static void
test_warm_is_answered_at_once(void **state)
{
	Fixture		f;
	TestRequest warm = {0};
	TestRequest ring = {0};

	open_one(&f, "on QUERY text 'system.tablets' hold\n");
	make_question(&warm, CLUSTER_WARM, "ks", "t");
	run(&f, &warm);
	assert_worked(&warm);
	assert_null(warm.core.body);
	make_question(&ring, CLUSTER_RING, "ks", "t");
	submit(&f, &ring);
	AWAIT(&f, node_count(f.node[0], "held") == 1);
	assert_int_equal(ring.times, 0);
	assert_true(node_order(f.node[0], "release"));
	AWAIT(&f, ring.times == 1);
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	request_free(&warm);
	request_free(&ring);
	fixture_end(&f);
}

/* What does not come in time is done without. */
static void
test_silence(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Told		told;

	open_one(&f, "on QUERY text 'system.tablets' silent\n");
	make_question(&r, CLUSTER_RING, "ks", "t");
	r.core.timeout_ms = 100;
	run(&f, &r);
	take(&r, &told);
	assert_true(told.ring.of_tablets);
	assert_int_equal(told.ring.npositions, 0);
	cql_arena_free(&told.arena);
	request_free(&r);
	assert_int_equal(count_borders(&f, "ks", "t"), 0);
	fixture_end(&f);
}

static void
test_a_large_table_comes_in_pages(void **state)
{
	Fixture		f;

	open_one(&f, "tablets ks.t 2500\n");
	assert_int_equal(count_borders(&f, "ks", "t"), 2500);
	fixture_end(&f);
}

static void
test_tables_of_the_ring_are_not_asked_for(void **state)
{
	Fixture		f;
	uint64_t	queries;

	open_one(&f, "table on_ring.t (id int PRIMARY KEY)\n");
	assert_int_equal(count_borders(&f, "on_ring", "t"), SIZE_MAX);
	queries = count_all(&f, "QUERY");
	assert_int_equal(count_borders(&f, "on_ring", "t"), SIZE_MAX);
	assert_int_equal(count_borders(&f, "unknown", "t"), SIZE_MAX);
	assert_int_equal(count_all(&f, "QUERY"), queries);
	fixture_end(&f);
}

static void
test_a_table_that_is_not_there(void **state)
{
	Fixture		f;

	open_one(&f, "");
	assert_int_equal(count_borders(&f, "ks", "nothing"), 0);
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	fixture_end(&f);
}

static void
test_a_co_located_table_has_the_tablets_of_its_base(void **state)
{
	Fixture		f;

	open_one(&f, "table ks.u (id int PRIMARY KEY)\ntablets ks.u like ks.t\n");
	assert_int_equal(count_borders(&f, "ks", "u"), TABLETS);
	fixture_end(&f);
}

/* The id of a view stands in another table. */
static void
test_b24_a_view(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	char		row[128] = "row system_schema.views ('ks', 't', 'base', ";

	open_one(&f, "");
	make_query(&r, "SELECT id FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 't'");
	run(&f, &r);
	assert_worked(&r);
	for (uint32_t i = 0; i < 16; i++)
		snprintf(row + strlen(row), sizeof(row) - strlen(row), "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				 r.core.body[r.core.body_length - 16 + i]);
	assert_true(node_order(f.node[0], "%s, '')\non QUERY text 'system_schema.tables' empty-page", row));
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	request_free(&r);
	fixture_end(&f);
}

/* Versions between the first ones with tablets and those with base tables. */
static void
test_without_base_tables(void **state)
{
	Fixture		f;

	open_one(&f, "on QUERY text 'base_table' error 0x2200 'Unrecognized name base_table'\n");
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	fixture_end(&f);
}

/* Nobody is asked a second time, of no table. */
static void
refuse(const char *rule)
{
	Fixture		f;
	uint64_t	queries;

	open_one(&f, rule);
	assert_int_equal(count_borders(&f, "ks", "t"), 0);
	queries = count_all(&f, "QUERY");
	assert_int_equal(count_borders(&f, "ks", "t"), 0);
	assert_int_equal(count_borders(&f, "ks", "other"), 0);
	assert_int_equal(count_all(&f, "QUERY"), queries);
	assert_int_equal(f.downs, 0);
	fixture_end(&f);
}

static void
test_who_may_not_read_them(void **state)
{
	refuse("on QUERY text 'system.tablets' error 0x2100 'User u has no SELECT permission on <table system.tablets>'\n");
	refuse("on QUERY text 'system.tablets' error 0x2200 'unconfigured table tablets'\n");
}

/* The connection is made anew, and tables are as they were. */
static void
test_answers_that_are_none(void **state)
{
	static const char *const fault[] = {"close", "garbage", "cut 20", "error 0x0000 'no'", "no-metadata", "empty-page"};

	for (size_t i = 0; i < sizeof(fault) / sizeof(fault[0]); i++)
	{
		Fixture		f;
		char		rule[128];

		snprintf(rule, sizeof(rule), "table ks.u (id int PRIMARY KEY)\non QUERY text 'system.tablets' nth 1 %s\n", fault[i]);
		open_one(&f, rule);
		assert_int_equal(count_borders(&f, "ks", "t"), 0);
		AWAIT(&f, count_borders(&f, "ks", "u") == TABLETS);
		fixture_end(&f);
	}
}

/* What comes late of a table that is gone is not learned. */
static void
test_b24_a_table_dropped_meanwhile(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	schema;

	open_one(&f, "on QUERY text 'system.tablets' nth 1 hold\n");
	make_question(&r, CLUSTER_RING, "ks", "t");
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[0], "held") == 1);
	schema = cluster_versions(f.cluster).schema;
	assert_true(cluster_versions(f.cluster).scylla);
	assert_true(node_order(f.node[0], "event SCHEMA_CHANGE DROPPED TABLE ks t"));
	AWAIT(&f, cluster_versions(f.cluster).schema != schema);
	assert_true(node_order(f.node[0], "release"));
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	assert_int_equal(count_borders(&f, "ks", "t"), TABLETS);
	request_free(&r);
	fixture_end(&f);
}

static void
test_closing(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	open_one(&f, "on QUERY text 'system.tablets' hold\n");
	make_question(&r, CLUSTER_RING, "ks", "t");
	submit(&f, &r);
	AWAIT(&f, node_count(f.node[0], "held") == 1);
	close_cluster(&f);
	assert_failed(&r, CLUSTER_FAIL_ABANDONED);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_tablets_of_a_table),
		cmocka_unit_test(test_rows_go_to_their_nodes_at_once),
		cmocka_unit_test(test_warm_is_answered_at_once),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_a_large_table_comes_in_pages),
		cmocka_unit_test(test_tables_of_the_ring_are_not_asked_for),
		cmocka_unit_test(test_a_table_that_is_not_there),
		cmocka_unit_test(test_a_co_located_table_has_the_tablets_of_its_base),
		cmocka_unit_test(test_b24_a_view),
		cmocka_unit_test(test_without_base_tables),
		cmocka_unit_test(test_who_may_not_read_them),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_b24_a_table_dropped_meanwhile),
		cmocka_unit_test(test_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
