/* Rows that travel together: what arrives, what is repeated, what a node that forgot the statement is told. */
#include "fixture.inc.h"

#define TIMED_TEXT "INSERT INTO ks.w (k, c, s) VALUES (?, ?, ?) USING TIMESTAMP ?"
#define WIDE "table ks.w (k int, c int, s text, PRIMARY KEY (k, c))\n"

/* Row c of partition k, its own timestamp with it. */
static void
put_row(CqlBuffer *b, int32_t k, int32_t c)
{
	size_t		mark = cql_begin_value(b);
	uint8_t		bytes[8];

	cql_put_u16(b, 4);
	cql_store_u32(bytes, (uint32_t) k);
	cql_put_bytes(b, bytes, 4);
	cql_store_u32(bytes, (uint32_t) c);
	cql_put_bytes(b, bytes, 4);
	cql_put_bytes(b, "text", 4);
	cql_store_u64(bytes, 1700000000000000 + (uint64_t) c);
	cql_put_bytes(b, bytes, 8);
	cql_end_value(b, mark);
}

static void
make_batch(TestRequest *r, uint32_t statement, int32_t k, uint16_t rows)
{
	uint8_t		key[4];

	request_reset(r);
	r->core.kind = CLUSTER_BATCH;
	r->core.statement = statement;
	cql_put_u16(&r->payload, rows);
	for (uint16_t i = 0; i < rows; i++)
		put_row(&r->payload, k, i);
	request_seal(r);
	cql_store_u32(key, (uint32_t) k);
	r->core.routed = true;
	r->core.token = cql_token_murmur3(key, 4);
}

static uint32_t
open_prepared(Fixture *f, int nodes, const char *extra)
{
	uint32_t	statement;

	fixture_init(f);
	start_nodes(f, nodes, "keyspace ks simple 2", extra);
	open_cluster(f);
	statement = prepare(f, TIMED_TEXT);
	await_all_nodes(f);
	order_all(f, "reset");
	return statement;
}

static void
assert_row_there(Fixture *f, int32_t k, int32_t c)
{
	TestRequest r = {0};
	char		text[100];

	snprintf(text, sizeof(text), "SELECT writetime(s) FROM ks.w WHERE k = %d AND c = %d", k, c);
	make_query(&r, text);
	run(f, &r);
	assert_worked(&r);
	assert_true(r.core.body_length > 8);
	assert_int_equal(cql_load_u64(r.core.body + r.core.body_length - 8), 1700000000000000 + c);
	request_free(&r);
}

/* v4 and v5, whose flags are of different width; each row at its own time. */
static void
check_rows_arrive(const char *protocol, uint8_t version)
{
	Fixture		f;
	TestRequest r = {0};
	NodeRequest seen[2];
	uint32_t	statement;
	char		extra[200];

	snprintf(extra, sizeof(extra), WIDE "%s\n", protocol);
	statement = open_prepared(&f, 1, extra);
	make_batch(&r, statement, 7, 3);
	run(&f, &r);
	assert_worked(&r);
	assert_null(r.core.body);
	assert_int_equal(node_requests(f.node[0], CQL_OP_BATCH, seen, 2), 1);
	assert_int_equal(seen[0].version, version);
	assert_int_equal(seen[0].consistency, CQL_QUORUM);
	assert_int_equal(seen[0].flags, 0);
	assert_int_equal(seen[0].nvalues, 3);
	assert_string_equal(seen[0].text, TIMED_TEXT);
	assert_int_equal(node_count(f.node[0], "rows_written"), 3);
	assert_int_equal(node_count(f.node[0], "no_timestamp"), 0);
	for (int32_t c = 0; c < 3; c++)
		assert_row_there(&f, 7, c);
	request_free(&r);
	fixture_end(&f);
}

static void
test_rows_arrive(void **state)
{
	check_rows_arrive("protocol 4", 4);
	check_rows_arrive("protocol 5", 5);
}

/* What the flags announce goes behind them. */
static void
test_the_tail_comes_last(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	NodeRequest seen;
	uint32_t	statement = open_prepared(&f, 1, WIDE);

	make_batch(&r, statement, 7, 2);
	r.core.flags = CQL_PARAM_SERIAL | CQL_PARAM_TIMESTAMP;
	cql_request_tail(&r.payload, r.core.flags, 0, (CqlBytes) {NULL, -1}, CQL_LOCAL_SERIAL, 42);
	request_seal(&r);
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_requests(f.node[0], CQL_OP_BATCH, &seen, 1), 1);
	assert_int_equal(seen.serial_consistency, CQL_LOCAL_SERIAL);
	assert_int_equal(seen.timestamp, 42);
	assert_int_equal(seen.nvalues, 2);
	request_free(&r);
	fixture_end(&f);
}

static void
test_batches_go_to_their_owners(void **state)
{
	Fixture		f;
	uint32_t	statement;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 3, "keyspace ks simple 1", WIDE);
	open_cluster(&f);
	statement = prepare(&f, TIMED_TEXT);
	await_all_nodes(&f);
	for (int32_t k = 0; k < 50; k++)
	{
		make_batch(&r, statement, k, 2);
		run(&f, &r);
		assert_worked(&r);
	}
	assert_int_equal(count_all(&f, "rows_written"), 100);
	assert_int_equal(count_all(&f, "not_owner"), 0);
	for (int i = 0; i < 3; i++)
		assert_true(node_count(f.node[i], "BATCH") > 0);
	request_free(&r);
	fixture_end(&f);
}

/* ---- again ---- */

static void
test_the_statement_is_prepared_again(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, WIDE);

	order_all(&f, "forget");
	make_batch(&r, statement, 1, 5);
	r.core.idempotent = false;
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(r.core.attempts, 2);
	assert_int_equal(node_count(f.node[0], "PREPARE"), 1);
	assert_int_equal(node_count(f.node[0], "BATCH"), 2);
	assert_int_equal(node_count(f.node[0], "rows_written"), 5);
	request_free(&r);
	fixture_end(&f);
}

static void
check_preparing_ends(const char *fault, int prepares, int batches)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, WIDE);

	order_all(&f, fault);
	make_batch(&r, statement, 1, 5);
	r.core.timeout_ms = 50;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_int_equal(r.core.failure->code, CQL_ERR_UNPREPARED);
	assert_int_equal(node_count(f.node[0], "PREPARE"), prepares);
	assert_int_equal(node_count(f.node[0], "BATCH"), batches);
	request_free(&r);
	fixture_end(&f);
}

static void
test_preparing_ends(void **state)
{
	check_preparing_ends("on BATCH unprepared", 1, 2);
	/* a statement that is none of ours cannot be prepared */
	check_preparing_ends("on BATCH other-id", 0, 1);
}

static void
test_repeated_as_writes_are(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	NodeRequest seen[3];
	uint32_t	statement = open_prepared(&f, 1, WIDE);

	order_all(&f, "on BATCH times 2 error 0x1001 \"busy\"");
	make_batch(&r, statement, 1, 5);
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_requests(f.node[0], CQL_OP_BATCH, seen, 3), 3);
	for (int i = 1; i < 3; i++)
	{
		assert_int_equal(seen[i].values_len, seen[0].values_len);
		assert_memory_equal(seen[i].values, seen[0].values, seen[0].values_len);
	}

	/* what was not written in time, too; but nothing that would be done twice */
	for (int idempotent = 0; idempotent < 2; idempotent++)
	{
		order_all(&f, "clear\non BATCH times 2 error 0x1100 \"late\" received 1 required 2 UNLOGGED_BATCH");
		make_batch(&r, statement, 1, 5);
		r.core.idempotent = idempotent;
		run(&f, &r);
		assert_int_equal(r.core.failed, !idempotent);
		assert_int_equal(r.core.attempts, idempotent ? 3 : 1);
	}
	request_free(&r);
	fixture_end(&f);
}

static void
test_a_lost_connection(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 2, WIDE);

	order_all(&f, "on BATCH times 1 reset");
	make_batch(&r, statement, 1, 5);
	run(&f, &r);
	assert_worked(&r);
	order_all(&f, "clear\non BATCH reset");
	make_batch(&r, statement, 1, 5);
	r.core.idempotent = false;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	assert_int_equal(r.core.failure->attempts, 1);
	request_free(&r);
	fixture_end(&f);
}

/* ---- senseless ---- */

static void
test_malformed_payloads_are_not_sent(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement = open_prepared(&f, 1, WIDE);

	make_batch(&r, statement, 1, 5);
	r.core.length--;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);

	make_batch(&r, statement, 1, 0);
	cql_store_u16(r.payload.data, 1);
	cql_put_null(&r.payload);
	request_seal(&r);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);

	make_batch(&r, statement + 1, 1, 5);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_PROTOCOL);
	assert_string_equal(r.core.failure->message, "the statement was never prepared");
	assert_int_equal(node_count(f.node[0], "BATCH"), 0);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_arrive),
		cmocka_unit_test(test_the_tail_comes_last),
		cmocka_unit_test(test_batches_go_to_their_owners),
		cmocka_unit_test(test_the_statement_is_prepared_again),
		cmocka_unit_test(test_preparing_ends),
		cmocka_unit_test(test_repeated_as_writes_are),
		cmocka_unit_test(test_a_lost_connection),
		cmocka_unit_test(test_malformed_payloads_are_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
