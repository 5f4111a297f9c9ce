/* The node as an ill-behaved one: every fault, at the request it was ordered for; counters and records. */
#include "client.h"

#define SCHEMA "keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)\n"

static const char insert_text[] = "INSERT INTO ks.t (id, s) VALUES (?, ?)";

/* A node with an open connection and the INSERT prepared. */
typedef struct Scene
{
	Node	   *node;
	Client		c;
	Prepared	insert;
} Scene;

static void
open_scene(Scene *s, const char *script, uint8_t version, bool lz4)
{
	s->node = start_node(script);
	client_open(&s->c, s->node, version, lz4);
	client_prepare(&s->c, insert_text, &s->insert);
}

static void
close_scene(Scene *s)
{
	client_close(&s->c);
	node_stop(s->node);
}

static void
execute(Scene *s, int16_t stream)
{
	Execute		e = {0};

	put_int(&e, stream);
	put_text(&e, "text");
	client_execute(&s->c, stream, &s->insert, &e);
}

static void
expect_void(Scene *s, int16_t stream)
{
	CqlReader	r;

	assert_int_equal(client_expect_result(&s->c, stream, &r), CQL_RESULT_VOID);
}

/* ---- which request ---- */

static void
conditions_choose_the_request(void **state)
{
	static const struct
	{
		const char *conditions;
		unsigned	failing;	/* bit i: the i-th of 8 requests */
	}			cases[] = {
		{"", 0xff}, {"nth 3", 0x04}, {"every 3", 0x24}, {"after 5", 0xe0}, {"times 2", 0x03},
		{"after 2 every 2 times 2", 0x28}, {"value 0x00000005", 0x20}, {"text 'ks.t'", 0xff},
		{"text \"nothing\"", 0}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Scene		s;

		open_scene(&s, SCHEMA, 4, false);
		assert_true(node_order(s.node, "on EXECUTE %s error 0x1001 \"busy\"", cases[i].conditions));
		for (int16_t k = 0; k < 8; k++)
		{
			execute(&s, k);
			if (cases[i].failing & (1u << k))
				client_expect_error(&s.c, k, CQL_ERR_OVERLOADED);
			else
				expect_void(&s, k);
		}
		assert_int_equal(node_count(s.node, "faults"), __builtin_popcount(cases[i].failing));
		assert_true(node_order(s.node, "clear"));
		execute(&s, 9);
		expect_void(&s, 9);
		close_scene(&s);
	}
}

static void
errors_carry_their_fields(void **state)
{
	for (uint8_t version = 4; version <= 5; version++)
	{
		CqlError	e;
		Scene		s;

		open_scene(&s, SCHEMA
				   "on EXECUTE nth 1 error 0x1000 \"few\" required 3 received 2\n"
				   "on EXECUTE nth 2 error 0x1100 \"slow\" BATCH_LOG\n"
				   "on EXECUTE nth 3 error 0x1200 \"slow\" received 2 required 2 data\n"
				   "on EXECUTE nth 4 error 0x1300\n"
				   "on EXECUTE nth 5 error 0x1500\n"
				   "on EXECUTE nth 6 error 0x2400\n"
				   "on EXECUTE nth 7 unprepared\n", version, false);
		for (int16_t i = 1; i <= 7; i++)
			execute(&s, i);
		e = client_expect_error(&s.c, 1, CQL_ERR_UNAVAILABLE);
		assert_true(cql_string_equal(e.message, "few"));
		assert_int_equal(e.consistency, CQL_LOCAL_QUORUM);
		assert_int_equal(e.required, 3);
		assert_int_equal(e.received, 2);
		e = client_expect_error(&s.c, 2, CQL_ERR_WRITE_TIMEOUT);
		assert_int_equal(e.write_type, CQL_WRITE_BATCH_LOG);
		e = client_expect_error(&s.c, 3, CQL_ERR_READ_TIMEOUT);
		assert_true(e.data_present);
		assert_int_equal(e.received, 2);
		e = client_expect_error(&s.c, 4, CQL_ERR_READ_FAILURE);
		assert_int_equal(e.failures, 1);
		e = client_expect_error(&s.c, 5, CQL_ERR_WRITE_FAILURE);
		assert_int_equal(e.write_type, CQL_WRITE_SIMPLE);
		client_expect_error(&s.c, 6, CQL_ERR_ALREADY_EXISTS);
		e = client_expect_error(&s.c, 7, CQL_ERR_UNPREPARED);
		assert_memory_equal(e.unprepared_id.data, s.insert.id, 16);
		assert_int_equal(node_count(s.node, "errors"), 7);
		close_scene(&s);
	}
}

/* ---- connections ---- */

static void
connections_end_as_ordered(void **state)
{
	static const char *const actions[] = {"close", "reset"};

	for (int i = 0; i < 2; i++)
	{
		Scene		s;

		open_scene(&s, SCHEMA, 5, false);
		assert_true(node_order(s.node, "on EXECUTE nth 2 %s", actions[i]));
		execute(&s, 1);
		expect_void(&s, 1);
		execute(&s, 2);
		assert_int_equal(client_next(&s.c), CQL_SPLIT_MORE);
		assert_true(s.c.ended);
		assert_int_equal(node_count(s.node, "open"), 0);
		close_scene(&s);
	}
}

static void
connections_are_refused(void **state)
{
	Node	   *node = start_node("on CONNECT nth 1 close\non CONNECT nth 2 silent\n");
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t) node_port(node))};
	CqlBuffer	body = {0};
	Client		c;
	int			fd;

	client_connect(&c, node);
	assert_int_equal(client_next(&c), CQL_SPLIT_MORE);
	client_close(&c);
	client_connect(&c, node);
	c.version = 4;
	client_send(&c, 0, CQL_OP_OPTIONS, &body);
	assert_true(node_await(node, "bytes_in", 9, 5000));
	assert_int_equal(node_count(node, "requests"), 0);
	assert_true(node_order(node, "refuse\ndisconnect"));
	assert_int_equal(client_next(&c), CQL_SPLIT_MORE);
	client_close(&c);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof(to)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	assert_true(node_order(node, "listen"));
	client_open(&c, node, 4, false);
	client_close(&c);
	node_stop(node);
}

/* ---- answers that are late, missing or wrong ---- */

static void
held_answers_leave_on_release(void **state)
{
	Scene		s;

	open_scene(&s, SCHEMA, 5, true);
	assert_true(node_order(s.node, "on EXECUTE nth 1 hold\non EXECUTE nth 2 silent"));
	for (int16_t i = 1; i <= 3; i++)
		execute(&s, i);
	expect_void(&s, 3);
	assert_int_equal(node_count(s.node, "in_flight"), 2);
	assert_int_equal(node_count(s.node, "held"), 1);
	execute(&s, 1);				/* its answer is still owed */
	expect_void(&s, 1);
	assert_int_equal(node_count(s.node, "stream_clashes"), 1);
	assert_true(node_order(s.node, "release"));
	expect_void(&s, 1);
	assert_true(node_await_below(s.node, "in_flight", 1, 5000));
	assert_int_equal(node_count(s.node, "held"), 0);
	assert_int_equal(node_count(s.node, "max_in_flight"), 3);
	close_scene(&s);
}

static void
delayed_answers_are_overtaken(void **state)
{
	Scene		s;

	open_scene(&s, SCHEMA, 4, true);
	assert_true(node_order(s.node, "on EXECUTE nth 1 delay 30"));
	execute(&s, 1);
	execute(&s, 2);
	expect_void(&s, 2);
	expect_void(&s, 1);
	assert_int_equal(node_count(s.node, "in_flight"), 0);
	close_scene(&s);
}

static uint64_t
now_us(void)
{
	struct timeval t;

	gettimeofday(&t, NULL);
	return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_usec;
}

/* Hundred answers wait together, not one behind the other. */
static void
latency_keeps_throughput(void **state)
{
	Scene		s;
	uint64_t	start;
	uint64_t	took;

	open_scene(&s, SCHEMA, 5, false);
	assert_true(node_order(s.node, "latency 20000"));
	start = now_us();
	for (int16_t i = 0; i < 100; i++)
		execute(&s, i);
	for (int16_t i = 0; i < 100; i++)
		expect_void(&s, i);
	took = now_us() - start;
	assert_true(took >= 20000);
	assert_true(took < 1500000);
	assert_int_equal(node_count(s.node, "in_flight"), 0);
	close_scene(&s);
}

static void
answers_are_cut(void **state)
{
	Scene		s;
	CqlReader	r;

	open_scene(&s, SCHEMA "on EXECUTE nth 2 cut 11\n", 4, false);
	execute(&s, 1);
	execute(&s, 2);
	assert_int_equal(client_expect_result(&s.c, 1, &r), CQL_RESULT_VOID);
	assert_int_equal(client_next(&s.c), CQL_SPLIT_MORE);
	assert_int_equal(s.c.in.wire.len - s.c.in.taken, 11);
	close_scene(&s);
}

static void
damaged_bytes_are_noticed(void **state)
{
	static const struct
	{
		const char *action;
		uint8_t		version;
		bool		lz4;
		CqlSplitStatus status;
	}			cases[] = {
		{"badcrc", 5, false, CQL_SPLIT_BAD_CRC}, {"badcrc", 5, true, CQL_SPLIT_BAD_CRC},
		{"garbage", 4, false, CQL_SPLIT_BAD_LENGTH}, {"garbage", 5, false, CQL_SPLIT_BAD_CRC},
		{"garbage", 5, true, CQL_SPLIT_BAD_CRC}, {"badcrc", 4, false, CQL_SPLIT_BAD_LENGTH},
		{"bigframe", 4, false, CQL_SPLIT_BAD_LENGTH}, {"bigframe", 5, false, CQL_SPLIT_BAD_LENGTH},
		{"bigframe", 5, true, CQL_SPLIT_BAD_LENGTH}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Scene		s;

		open_scene(&s, SCHEMA, cases[i].version, cases[i].lz4);
		assert_true(node_order(s.node, "on EXECUTE nth 2 %s", cases[i].action));
		execute(&s, 1);
		expect_void(&s, 1);
		execute(&s, 2);
		assert_int_equal(client_next(&s.c), cases[i].status);
		close_scene(&s);
	}
}

static void
answers_are_not_what_was_asked(void **state)
{
	CqlPrefix	prefix;
	CqlReader	r;
	Prepared	other;
	Scene		s;

	open_scene(&s, SCHEMA
			   "on EXECUTE nth 1 wrong-stream\non EXECUTE nth 2 version\non EXECUTE nth 3 duplicate\n"
			   "on EXECUTE nth 4 warn \"mind the gap\"\non PREPARE nth 2 other-id\n", 5, false);
	execute(&s, 1);
	client_expect(&s.c, CQL_STREAM_MAX - 1, CQL_OP_RESULT);
	execute(&s, 2);
	assert_int_equal(client_next(&s.c), CQL_SPLIT_FRAME);
	assert_int_equal(s.c.frame.version, 4);
	execute(&s, 3);
	expect_void(&s, 3);
	expect_void(&s, 3);
	execute(&s, 4);
	client_expect(&s.c, 4, CQL_OP_RESULT);
	assert_true(cql_response_prefix(&s.c.frame, &prefix, &r));
	assert_int_equal(prefix.nwarnings, 1);
	assert_true(cql_string_equal(cql_get_string(&prefix.warnings), "mind the gap"));
	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_VOID);
	client_prepare(&s.c, insert_text, &other);
	assert_memory_not_equal(other.id, s.insert.id, 16);
	assert_int_equal(node_count(s.node, "in_flight"), 0);
	close_scene(&s);
}

static void
empty_pages_are_no_end(void **state)
{
	CqlMetadata metadata;
	CqlReader	r;
	Scene		s;

	open_scene(&s, SCHEMA "row ks.t (1, 'x')\non QUERY nth 1 empty-page\n", 4, false);
	assert_int_equal(client_select(&s.c, "SELECT id FROM ks.t", &metadata, &r), 0);
	assert_true(metadata.paging_state.len > 0);
	assert_int_equal(client_select(&s.c, "SELECT id FROM ks.t", &metadata, &r), 1);
	close_scene(&s);
}

static void
metadata_is_left_out(void **state)
{
	CqlMetadata metadata;
	CqlReader	r;
	Scene		s;

	open_scene(&s, SCHEMA "row ks.t (1, 'x')\non QUERY nth 1 no-metadata\n", 4, false);
	assert_int_equal(client_select(&s.c, "SELECT id FROM ks.t", &metadata, &r), 1);
	assert_int_equal(metadata.count, 1);
	assert_null(metadata.column);
	assert_int_equal(client_select(&s.c, "SELECT id FROM ks.t", &metadata, &r), 1);
	assert_non_null(metadata.column);
	close_scene(&s);
}

/* ---- what the node is sent ---- */

static void
bytes_that_are_no_frames_are_refused(void **state)
{
	static const uint8_t noise[] = {9, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	Scene		s;

	open_scene(&s, SCHEMA, 5, false);
	client_write(&s.c, noise, sizeof(noise));
	client_expect_error(&s.c, 0, CQL_ERR_PROTOCOL);
	assert_int_equal(client_next(&s.c), CQL_SPLIT_MORE);
	assert_int_equal(node_count(s.node, "protocol_errors"), 1);
	close_scene(&s);
}

static void
short_bodies_are_refused(void **state)
{
	static const uint8_t opcodes[] = {CQL_OP_QUERY, CQL_OP_PREPARE, CQL_OP_EXECUTE, CQL_OP_REGISTER};
	Scene		s;

	open_scene(&s, SCHEMA, 4, false);
	for (size_t i = 0; i < sizeof(opcodes); i++)
	{
		CqlBuffer	body = {0};

		cql_put_u16(&body, 100);
		cql_put_u8(&body, 1);
		client_send(&s.c, 7, opcodes[i], &body);
		client_expect_error(&s.c, 7, CQL_ERR_PROTOCOL);
	}
	close_scene(&s);
}

static void
requests_are_recorded(void **state)
{
	static NodeRequest record[NODE_RECORDS];
	Execute		e = {0};
	CqlBytes	v;
	Scene		s;

	open_scene(&s, SCHEMA "checksum on\n", 5, false);
	put_int(&e, 42);
	put_text(&e, "hello");
	e.flags = CQL_PARAM_TIMESTAMP | CQL_PARAM_SERIAL;
	e.timestamp = 123456;
	client_execute(&s.c, 77, &s.insert, &e);
	expect_void(&s, 77);
	assert_int_equal(node_requests(s.node, -1, record, NODE_RECORDS), 3);
	assert_int_equal(record[0].opcode, CQL_OP_STARTUP);
	assert_int_equal(node_requests(s.node, CQL_OP_EXECUTE, record, 5), 1);
	assert_int_equal(record->number, 3);
	assert_int_equal(record->stream, 77);
	assert_int_equal(record->version, 5);
	assert_int_equal(record->consistency, CQL_LOCAL_QUORUM);
	assert_int_equal(record->serial_consistency, CQL_LOCAL_SERIAL);
	assert_int_equal(record->timestamp, 123456);
	assert_true(record->known);
	assert_string_equal(record->text, insert_text);
	assert_int_equal(record->nvalues, 2);
	v = node_request_value(record, 1);
	assert_int_equal(v.len, 5);
	assert_memory_equal(v.data, "hello", 5);
	assert_int_equal(node_request_value(record, 2).len, -3);
	assert_int_equal(node_count(s.node, "checksum"), node_hash(record->values, record->values_len));
	assert_int_equal(node_count(s.node, "EXECUTE"), 1);
	assert_int_equal(node_count(s.node, "nothing"), UINT64_MAX);
	for (int i = 0; i < NODE_RECORDS + 10; i++)
	{
		execute(&s, 1);
		expect_void(&s, 1);
	}
	assert_int_equal(node_requests(s.node, CQL_OP_EXECUTE, record, NODE_RECORDS), NODE_RECORDS);
	assert_int_equal(record[NODE_RECORDS - 1].number, NODE_RECORDS + 13);
	assert_int_equal(record[0].number, 14);
	assert_true(node_order(s.node, "reset"));
	assert_int_equal(node_count(s.node, "requests"), 0);
	assert_int_equal(node_requests(s.node, -1, record, NODE_RECORDS), 0);
	close_scene(&s);
}

/* Null mode: pipelined writes are answered in order, reads as ever, nothing is kept. */
static void
null_mode_answers_alone(void **state)
{
	for (int wire = 0; wire < 4; wire++)
	{
		CqlMetadata metadata;
		CqlReader	r;
		Scene		s;

		open_scene(&s, SCHEMA "row ks.t (1, 'x')\nnull on\n", (uint8_t) (4 + wire / 2), wire % 2);
		for (int16_t i = 0; i < 1000; i++)
			execute(&s, i);
		for (int16_t i = 0; i < 1000; i++)
			expect_void(&s, i);
		assert_int_equal(client_select(&s.c, "SELECT s FROM ks.t", &metadata, &r), 1);
		assert_text_value(&r, "x");
		assert_int_equal(node_count(s.node, "rows_written"), 1000);
		assert_int_equal(node_count(s.node, "in_flight"), 0);
		close_scene(&s);
	}
}

/* ---- the language ---- */

static void
wrong_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"nothing", "port", "port x", "port 70000", "protocol 6", "scylla 0", "on NOTHING close", "on EXECUTE",
		"on EXECUTE nothing", "on EXECUTE nth x close", "on EXECUTE text close", "on CONNECT hold", "on EXECUTE cut",
		"on EXECUTE close 5", "peer 127.0.0.1", "peer 127.0.0.1 9042", "keyspace k", "keyspace k simple x",
		"table t (id int PRIMARY KEY)", "table ks.x (id int)", "table ks.x (id int PRIMARY KEY", "row ks.t (1)",
		"row ks.nothing (1)", "row ks.t (null, 'x')", "row ks.t (1, 2)", "event NOTHING", "event STATUS_CHANGE UP x",
		"store maybe", "type ks.u (a)", "release now", "host_id 5", "latency -1", "on EXECUTE value 0xZZ close"
	};
	Node	   *node = start_node(SCHEMA);
	char		error[256];
	int			out = dup(STDERR_FILENO);

	assert_non_null(freopen("/dev/null", "w", stderr)); /* node_order tells it there as well */
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
	{
		if (node_order(node, "# a comment\n\n%s", lines[i]))
			fail_msg("%s", lines[i]);
		assert_non_null(strstr(node_error(node), "line 3: "));
	}
	assert_int_equal(dup2(out, STDERR_FILENO), STDERR_FILENO);
	close(out);
	assert_true(node_order(node, "store off"));
	assert_string_equal(node_error(node), "");
	node_stop(node);
	assert_null(node_start("nothing", error, sizeof(error)));
	assert_string_equal(error, "line 1: unknown word \"nothing\"");
	assert_null(node_start("address 192.0.2.1", error, sizeof(error)));
	assert_non_null(strstr(error, "cannot listen on 192.0.2.1"));
	node_stop(NULL);
}

static void
awaits_end_in_time(void **state)
{
	Scene		s;

	open_scene(&s, SCHEMA, 4, false);
	assert_false(node_await(s.node, "executes", 1, 10));
	execute(&s, 1);
	assert_true(node_await(s.node, "executes", 1, 5000));
	expect_void(&s, 1);
	close_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_choose_the_request),
		cmocka_unit_test(errors_carry_their_fields),
		cmocka_unit_test(connections_end_as_ordered),
		cmocka_unit_test(connections_are_refused),
		cmocka_unit_test(held_answers_leave_on_release),
		cmocka_unit_test(delayed_answers_are_overtaken),
		cmocka_unit_test(latency_keeps_throughput),
		cmocka_unit_test(answers_are_cut),
		cmocka_unit_test(damaged_bytes_are_noticed),
		cmocka_unit_test(answers_are_not_what_was_asked),
		cmocka_unit_test(empty_pages_are_no_end),
		cmocka_unit_test(metadata_is_left_out),
		cmocka_unit_test(bytes_that_are_no_frames_are_refused),
		cmocka_unit_test(short_bodies_are_refused),
		cmocka_unit_test(requests_are_recorded),
		cmocka_unit_test(null_mode_answers_alone),
		cmocka_unit_test(awaits_end_in_time),
		cmocka_unit_test(wrong_lines_are_refused)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
