/*
 * Statements on nodes that do not know them, do not know them any more, or know
 * something else by their name.
 */
#include "fixture.inc.h"

#define SELECT_TEXT "SELECT * FROM ks.t WHERE id = ?"
#define WRITE_FIELDS "INSERT INTO ks.w (id, s) VALUES (?, ?)"

static uint32_t
open_prepared(Fixture *f, int nodes, const char *extra)
{
	uint32_t	statement;

	fixture_init(f);
	start_nodes(f, nodes, "keyspace ks simple 2", extra);
	open_cluster(f);
	statement = prepare(f, INSERT_TEXT);
	await_all_nodes(f);
	return statement;
}

/* Of a column of a user type. */
static uint32_t
open_prepared_fields(Fixture *f, int nodes)
{
	fixture_init(f);
	start_nodes(f, nodes, "keyspace ks simple 2\ntype ks.u (a text)", "table ks.w (id int PRIMARY KEY, s u)");
	open_cluster(f);
	await_all_nodes(f);
	return prepare(f, WRITE_FIELDS);
}

/* What a node did not execute may be sent again although it must not be done twice. */
static void
make_unrepeatable(TestRequest *r, uint32_t statement, int32_t id)
{
	make_insert(r, statement, id);
	r->core.idempotent = false;
}

/* A value of the user type as it was at first. */
static void
make_insert_fields(TestRequest *r, uint32_t statement, int32_t id)
{
	static const uint8_t value[] = {0, 0, 0, 1, 'a'};

	make_insert(r, statement, id);
	cql_buffer_reset(&r->payload);
	cql_put_u16(&r->payload, 2);
	cql_put_u32(&r->payload, 4);
	cql_put_u32(&r->payload, (uint32_t) id);
	cql_put_bytes(&r->payload, value, sizeof(value));
	cql_request_tail(&r->payload, r->core.flags, 0, (CqlBytes) {NULL, -1}, 0, 1700000000000000 + id);
	request_seal(r);
}

static void
make_prepare(TestRequest *r, uint32_t statement, const char *text)
{
	request_reset(r);
	r->core.kind = CLUSTER_PREPARE;
	r->core.statement = statement;
	cql_put_raw(&r->payload, text, strlen(text));
	request_seal(r);
}

static void
alter(Fixture *f, const char *text)
{
	TestRequest r = {0};

	make_query(&r, text);
	run(f, &r);
	assert_worked(&r);
	request_free(&r);
}

/* Its column s becomes a blob. */
static void
make_table_anew(Fixture *f)
{
	alter(f, "DROP TABLE ks.t");
	alter(f, "CREATE TABLE ks.t (id int PRIMARY KEY, s blob)");
}

/* ---- one PREPARE for all ---- */

static void
test_one_prepare_for_all_that_wait(void **state)
{
	enum
	{
		ROWS = 200
	};
	Fixture		f;
	uint32_t	statement = open_prepared(&f, 1, "");
	TestRequest *r = new_requests(ROWS);
	uint32_t	before = f.completed;

	cluster_limit(f.cluster, ROWS, true);
	order_all(&f, "forget\nreset");
	for (int32_t i = 0; i < ROWS; i++)
	{
		make_unrepeatable(&r[i], statement, i);
		submit(&f, &r[i]);		/* none has left yet */
	}
	AWAIT(&f, f.completed - before == ROWS);
	for (int i = 0; i < ROWS; i++)
	{
		assert_int_equal(r[i].times, 1);
		assert_worked(&r[i]);
		assert_int_equal(r[i].core.attempts, 2);
	}
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);
	assert_int_equal(node_count(f.node[0], "executes"), 2 * ROWS);
	free_requests(r, ROWS);
	fixture_end(&f);
}

/* A node that says so after the statement was prepared again speaks of the former id. */
static void
test_late_unprepared_does_not_prepare_again(void **state)
{
	Fixture		f;
	uint32_t	statement = open_prepared(&f, 1, "");
	TestRequest *r = new_requests(2);

	order_all(&f, "forget\nreset\non EXECUTE nth 2 hold");
	for (int32_t i = 0; i < 2; i++)
	{
		make_insert(&r[i], statement, i);
		submit(&f, &r[i]);
	}
	AWAIT(&f, r[0].times == 1);
	assert_int_equal(node_count(f.node[0], "held"), 1);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);
	order_all(&f, "release");
	AWAIT(&f, r[1].times == 1);
	assert_worked(&r[1]);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);
	assert_int_equal(node_count(f.node[0], "executes"), 4);
	free_requests(r, 2);
	fixture_end(&f);
}

/* The PREPARE goes where the EXECUTE was, not round the cluster. */
static void
test_prepared_again_on_the_same_node(void **state)
{
	Fixture		f;
	uint32_t	statement = open_prepared(&f, 2, "");
	uint64_t	before;

	insert_all(&f, statement, 0, 20);
	before = node_count(f.node[0], "PREPARE");
	assert_true(node_order(f.node[1], "forget\nreset"));
	insert_all(&f, statement, 0, 20);
	assert_int_equal(node_count(f.node[0], "PREPARE"), before);
	assert_int_equal(node_count(f.node[1], "PREPARE"), 1);
	assert_true(node_count(f.node[1], "rows_written") > 0);
	assert_int_equal(node_count(f.node[1], "executes"), 2 * node_count(f.node[1], "rows_written"));
	fixture_end(&f);
}

/* ---- a node that forgets at once what it prepares ---- */

/* At the deadline, with pauses until then; requests that it does not forget pass by. */
static void
check_preparing_ends(const char *faults)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");
	uint64_t	executes;

	order_all(&f, "forget\nreset");
	order_all(&f, faults);
	make_unrepeatable(&r, statement, 1);
	r.core.timeout_ms = 450;
	submit(&f, &r);
	AWAIT(&f, r.times == 1);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_UNPREPARED);
	executes = node_count(f.node[0], "executes");
	assert_in_range(executes, 3, 5);	/* pauses of 100, 200, 400 ms and more behind the second */
	assert_int_equal(r.core.attempts, executes);
	assert_int_equal(node_count(f.node[0], "PREPARE"), executes - 1);
	order_all(&f, "clear\nforget");
	insert_all(&f, statement, 0, 10);
	request_free(&r);
	fixture_end(&f);
}

static void
test_preparing_ends_at_the_deadline(void **state)
{
	check_preparing_ends("on EXECUTE unprepared");
}

/* More often than a request may fail, and though it must not be repeated: nothing was done. */
static void
test_prepared_until_it_is_kept(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");

	order_all(&f, "reset\non EXECUTE value 0x00000001 times 6 unprepared");
	f.config.max_attempts = 1;
	make_unrepeatable(&r, statement, 1);
	submit(&f, &r);
	insert_all(&f, statement, 10, 200);
	assert_int_equal(r.times, 0);	/* it held nobody up */
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	assert_int_equal(r.core.attempts, 7);
	request_free(&r);
	fixture_end(&f);
}

/* It is another one that has room for the statement. */
static void
test_another_node_keeps_what_one_forgets(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 2, "");

	insert_all(&f, statement, 0, 20);
	assert_true(node_order(f.node[0], "on EXECUTE unprepared"));
	for (int32_t i = 0; i < 4; i++)
	{
		make_insert(&r, statement, i);
		r.core.routed = false;
		run(&f, &r);
		assert_worked(&r);
		assert_in_range(r.core.attempts, 1, 3);
	}
	request_free(&r);
	fixture_end(&f);
}

/* What it names is none of ours. */
static void
test_preparing_another_statement_is_senseless(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");

	order_all(&f, "reset\non EXECUTE other-id");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_UNPREPARED);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 0);
	request_free(&r);
	fixture_end(&f);
}

/* ---- what PREPARE answers ---- */

static void
test_prepare_refused(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");

	alter(&f, "DROP TABLE ks.t");
	order_all(&f, "reset");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_INVALID);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);

	/* a number that nothing was defined by: refused at first, and never */
	make_prepare(&r, 77, "SELEC");
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_SYNTAX);
	make_insert(&r, 77, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);
	assert_int_equal(r.core.failure->attempts, 0);
	request_free(&r);
	fixture_end(&f);
}

/* Values are in the form of the former markers: not one byte of them may be sent. */
static void
test_other_markers_are_stale(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");

	make_table_anew(&f);
	order_all(&f, "reset");
	for (int i = 0; i < 2; i++)
	{
		make_insert(&r, statement, 1);
		run(&f, &r);
		assert_failed(&r, CLUSTER_FAIL_STALE);
	}
	assert_int_equal(node_count(f.node[0], "rows_written"), 0);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 2);
	request_free(&r);
	fixture_end(&f);
}

/* Who asks again gets what the node says now; the number goes on to stand for what it did, or for nothing. */
static void
test_asked_again(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, "");

	order_all(&f, "forget\nreset");
	make_prepare(&r, statement, INSERT_TEXT);
	run(&f, &r);
	assert_worked(&r);
	insert_all(&f, statement, 0, 10);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);

	make_table_anew(&f);
	make_prepare(&r, statement, INSERT_TEXT);
	run(&f, &r);
	assert_worked(&r);
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_STALE);
	make_prepare(&r, statement, SELECT_TEXT);	/* it is another statement's */
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);
	request_free(&r);
	fixture_end(&f);
}

/* A user type by the same name, with one field more: values without it stay valid. */
static void
test_a_field_more_is_accepted(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared_fields(&f, 1);

	alter(&f, "ALTER TYPE ks.u ADD b text");
	order_all(&f, "forget\nreset");
	make_insert_fields(&r, statement, 1);
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_count(f.node[0], "rows_written"), 1);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);
	request_free(&r);
	fixture_end(&f);
}

/* A PREPARE was on its way to another node when it was found stale: that one has the former markers, and what it says then counts. */
static void
test_stale_while_another_node_prepares(void **state)
{
	Fixture		f;
	TestRequest r[2] = {0};
	TestRequest again = {0};
	TestRequest busy = {0};
	uint32_t	statement = open_prepared_fields(&f, 2);
	int			other = node_count(f.node[0], "PREPARE") > 0 ? 1 : 0;

	assert_true(node_order(f.node[other], "on PREPARE nth 1 hold"));
	for (int i = 0; i < 2; i++) /* one of them goes there */
	{
		make_insert(&r[i], statement, i);
		r[i].core.routed = false;
		submit(&f, &r[i]);
	}
	AWAIT(&f, node_count(f.node[other], "held") == 1 && r[0].times + r[1].times == 1);
	assert_true(node_order(f.node[1 - other], "on QUERY text 'ks.t' hold"));
	make_query(&busy, "SELECT id FROM ks.t");	/* both nodes have one request */
	submit(&f, &busy);
	AWAIT(&f, node_count(f.node[1 - other], "held") == 1);
	for (int i = 0; i < 2; i++) /* each node, by turns */
		alter(&f, "DROP TABLE ks.w");
	for (int i = 0; i < 2; i++)
		alter(&f, "CREATE TABLE ks.w (id int PRIMARY KEY, s blob)");
	make_prepare(&again, statement, WRITE_FIELDS);
	run(&f, &again);
	assert_worked(&again);
	order_all(&f, "release");
	AWAIT(&f, r[0].times + r[1].times + busy.times == 3);
	assert_int_equal(node_count(f.node[other], "executes"), 0);
	assert_in_range(node_count(f.node[other], "PREPARE"), 2, 3);	/* it may be the one that is asked again */
	for (int i = 0; i < 2; i++)
		request_free(&r[i]);
	request_free(&again);
	request_free(&busy);
	fixture_end(&f);
}

/* Those that wait were never sent: they go elsewhere, idempotent or not. */
static void
test_lost_prepare(void **state)
{
	Fixture		f;
	TestRequest *r = new_requests(2);
	uint32_t	statement = open_prepared(&f, 2, "");

	insert_all(&f, statement, 0, 20);
	order_all(&f, "forget\nreset");
	assert_true(node_order(f.node[1], "on PREPARE close"));
	for (int32_t i = 0; i < 2; i++)
	{
		make_unrepeatable(&r[i], statement, 1);
		submit(&f, &r[i]);
	}
	AWAIT(&f, r[0].times + r[1].times == 2);
	assert_worked(&r[0]);
	assert_worked(&r[1]);
	assert_int_equal(node_count(f.node[0], "rows_written"), 2);
	assert_int_equal(node_count(f.node[1], "PREPARE"), 1);
	free_requests(r, 2);
	fixture_end(&f);
}

/* ---- B12, B13: result metadata ---- */

static void
make_select(TestRequest *r, uint32_t statement)
{
	const uint8_t key[4] = {0, 0, 0, 1};

	request_reset(r);
	r->core.kind = CLUSTER_EXECUTE;
	r->core.statement = statement;
	r->core.flags = CQL_PARAM_VALUES | CQL_PARAM_SKIP_METADATA;
	cql_put_u16(&r->payload, 1);
	cql_put_bytes(&r->payload, key, 4);
	request_seal(r);
}

/* Its metadata flags; count: of its columns. */
static uint32_t
select_flags(Fixture *f, uint32_t statement, uint32_t *count)
{
	TestRequest r = {0};
	CqlArena	arena = {0};
	CqlMetadata m;
	CqlReader	body;
	uint32_t	nrows;

	make_select(&r, statement);
	run(f, &r);
	assert_worked(&r);
	body = cql_reader(r.core.body, r.core.body_length);
	assert_int_equal(cql_response_result_kind(&body), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(&body, &arena, &m, &nrows));
	assert_int_equal(nrows, 1);
	*count = m.count;
	cql_arena_free(&arena);
	request_free(&r);
	return m.flags;
}

static void
test_metadata_is_left_out_only_where_its_change_is_told(void **state)
{
	static const char *const extra[] = {"protocol 4\nrow ks.t (1, 'one')\n", "row ks.t (1, 'one')\n"};

	for (int v5 = 0; v5 < 2; v5++)
	{
		Fixture		f;
		uint32_t	statement;
		uint32_t	flags;
		uint32_t	count;

		fixture_init(&f);
		start_nodes(&f, 1, "keyspace ks simple 1", extra[v5]);
		open_cluster(&f);
		statement = prepare(&f, SELECT_TEXT);
		flags = select_flags(&f, statement, &count);
		assert_int_equal(count, 2);
		assert_int_equal((flags & CQL_METADATA_NONE) != 0, v5);

		/* twice: the first answer does not make the second one leave it out */
		alter(&f, "ALTER TABLE ks.t ADD n int");
		for (int i = 0; i < 2; i++)
		{
			flags = select_flags(&f, statement, &count);
			assert_int_equal(count, 3);
			assert_int_equal(flags & CQL_METADATA_NONE, 0);
			assert_int_equal((flags & CQL_METADATA_CHANGED) != 0, v5);
		}
		fixture_end(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_prepare_for_all_that_wait),
		cmocka_unit_test(test_late_unprepared_does_not_prepare_again),
		cmocka_unit_test(test_prepared_again_on_the_same_node),
		cmocka_unit_test(test_preparing_ends_at_the_deadline),
		cmocka_unit_test(test_prepared_until_it_is_kept),
		cmocka_unit_test(test_another_node_keeps_what_one_forgets),
		cmocka_unit_test(test_preparing_another_statement_is_senseless),
		cmocka_unit_test(test_prepare_refused),
		cmocka_unit_test(test_other_markers_are_stale),
		cmocka_unit_test(test_asked_again),
		cmocka_unit_test(test_a_field_more_is_accepted),
		cmocka_unit_test(test_stale_while_another_node_prepares),
		cmocka_unit_test(test_lost_prepare),
		cmocka_unit_test(test_metadata_is_left_out_only_where_its_change_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
