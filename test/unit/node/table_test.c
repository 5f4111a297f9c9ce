/* Tables in memory: rows in order, slices, timestamps, conditions, literals, what is refused. */
#include "client.h"
#include "schema.h"

static void
rows_follow_clustering(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Client		c;

	client_open(&c, node, 4, false);
	client_run(&c, "INSERT INTO ks.w (a, b, c, d) VALUES (1, 'x', -1, 5)");
	client_run(&c, "INSERT INTO ks.w (a, b, c) VALUES (1, 'x', 3)");
	client_run(&c, "INSERT INTO ks.w (a, b, c) VALUES (1, 'x', 2)");
	client_run(&c, "INSERT INTO ks.w (a, b, c) VALUES (2, 'x', 9)");
	assert_int_equal(client_select(&c, "SELECT c FROM ks.w WHERE a = 1 AND b = 'x' AND c < 3", &metadata, &r), 2);
	assert_int_value(&r, 2);
	assert_int_value(&r, -1);
	assert_int_equal(client_select(&c, "SELECT c FROM ks.w WHERE a = 1 AND b = 'x' ORDER BY c ASC LIMIT 2",
								   &metadata, &r), 2);
	assert_int_value(&r, -1);
	assert_int_value(&r, 2);
	assert_int_equal(client_select(&c, "SELECT c FROM ks.w WHERE a IN (1, 2) AND b = 'x' AND c IN (9, 3)",
								   &metadata, &r), 2);
	client_run(&c, "DELETE FROM ks.w WHERE a = 1 AND b = 'x' AND c > 2");
	assert_int_equal(client_select(&c, "SELECT count(*) FROM ks.w", &metadata, &r), 1);
	assert_int_equal(cql_load_u64(cql_get_bytes(&r).data), 3);
	client_run(&c, "TRUNCATE ks.w");
	assert_int_equal(client_select(&c, "SELECT c FROM ks.w", &metadata, &r), 0);
	client_close(&c);
	node_stop(node);
}

/* Slices (low, high] over the whole ring give each row once. */
static void
token_slices_cover_the_table(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Prepared	slice;
	Execute		e = {0};
	uint32_t	total = 0;
	Client		c;

	client_open(&c, node, 4, true);
	for (int i = 1; i <= 64; i++)
	{
		char		text[100];

		snprintf(text, sizeof(text), "INSERT INTO ks.t (id) VALUES (%d)", i);
		client_run(&c, text);
	}
	client_prepare(&c, "SELECT id, token(id) FROM ks.t WHERE token(id) > ? AND token(id) <= ?", &slice);
	for (int i = 0; i < 4; i++)
	{
		int64_t		low = (i - 2) * (INT64_MAX / 2) - (i < 2);
		int64_t		high = i == 3 ? INT64_MAX : (i - 1) * (INT64_MAX / 2) - (i < 1);
		uint32_t	n;

		cql_put_u32(&e.values, 8);
		cql_put_u64(&e.values, (uint64_t) low);
		cql_put_u32(&e.values, 8);
		cql_put_u64(&e.values, (uint64_t) high);
		e.nvalues = 2;
		client_execute(&c, 1, &slice, &e);
		n = client_expect_rows(&c, 1, &metadata, &r);
		assert_in_range(n, 1, 40);
		total += n;
	}
	assert_int_equal(total, 64);
	client_close(&c);
	node_stop(node);
}

/* All pages of token(id) > low AND token(id) <= high. Returns how many rows; adds their ids to *sum. */
static uint32_t
read_slice(Client *c, const Prepared *slice, int64_t low, int64_t high, uint64_t *sum)
{
	CqlMetadata metadata;
	CqlReader	r;
	Execute		e = {0};
	uint32_t	total = 0;
	int32_t		more = -1;		/* length of the paging state */
	uint8_t		state[64];

	do
	{
		uint32_t	n;

		cql_put_u32(&e.values, 8);
		cql_put_u64(&e.values, (uint64_t) low);
		cql_put_u32(&e.values, 8);
		cql_put_u64(&e.values, (uint64_t) high);
		e.nvalues = 2;
		e.flags = CQL_PARAM_PAGE_SIZE | (more >= 0 ? CQL_PARAM_PAGING_STATE : 0);
		e.page_size = 100;
		e.paging_state = (CqlBytes) {state, more};
		client_execute(c, 1, slice, &e);
		n = client_expect_rows(c, 1, &metadata, &r);
		assert_in_range(n, 0, 100);
		total += n;
		for (; n > 0; n--)
		{
			*sum += cql_load_u32(cql_get_bytes(&r).data);
			assert_memory_equal(cql_get_bytes(&r).data, "it's", 4);
		}
		more = metadata.paging_state.len;
		if (more > 0)
			memcpy(state, metadata.paging_state.data, (size_t) more);
	} while (more >= 0);
	return total;
}

static void
a_row_is_repeated(void **state)
{
	Node	   *node = start_node(schema);
	const int64_t bound[] = {INT64_MIN, INT64_MIN + 1, -5, 0, INT64_MAX - 1, INT64_MAX};
	Prepared	slice;
	CqlMetadata metadata;
	CqlReader	r;
	uint32_t	total = 0;
	uint64_t	sum = 0;
	Client		c;

	assert_true(node_order(node, "repeat ks.t 1001"));
	client_open(&c, node, 4, false);
	client_prepare(&c, "SELECT id, s FROM ks.t WHERE token(id) > ? AND token(id) <= ?", &slice);
	for (int i = 0; i < 5; i++)
		total += read_slice(&c, &slice, bound[i], bound[i + 1], &sum);
	assert_int_equal(total, 1001);
	assert_int_equal(sum, 1000 * 1001 / 2);
	assert_int_equal(client_select(&c, "SELECT n, id FROM ks.t WHERE id = 1000", &metadata, &r), 1);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_int_value(&r, 1000);
	assert_int_equal(client_select(&c, "SELECT token(id) FROM ks.t WHERE token(id) > 0 LIMIT 1", &metadata, &r), 1);
	assert_in_range(cql_load_u64(cql_get_bytes(&r).data), 1, UINT64_MAX / 1001);
	assert_int_equal(client_select(&c, "SELECT id FROM ks.t WHERE id = 1001", &metadata, &r), 0);
	assert_int_equal(client_select(&c, "SELECT id FROM ks.t LIMIT 7", &metadata, &r), 7);
	client_send_query(&c, 1, "SELECT count(*) FROM ks.t");
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	client_send_query(&c, 1, "SELECT id FROM ks.t WHERE n = 1");
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	assert_true(node_order(node, "repeat ks.t 0"));
	assert_int_equal(client_select(&c, "SELECT id FROM ks.t", &metadata, &r), 1);
	assert_false(node_order(node, "repeat ks.w 3"));
	client_close(&c);
	node_stop(node);
}

static void
newest_timestamp_wins(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Prepared	update;
	Execute		e = {0};
	Client		c;

	client_open(&c, node, 4, false);
	client_prepare(&c, "UPDATE ks.t SET s = ? WHERE id = ?", &update);
	for (int i = 0; i < 2; i++)
	{
		put_text(&e, i == 0 ? "new" : "old");
		put_int(&e, 5);
		e.flags = CQL_PARAM_TIMESTAMP;
		e.timestamp = 2000 - i;
		client_execute(&c, 1, &update, &e);
		client_expect(&c, 1, CQL_OP_RESULT);
	}
	assert_int_equal(client_select(&c, "SELECT s, writetime(s), ttl(s) FROM ks.t WHERE id = 5", &metadata, &r), 1);
	assert_text_value(&r, "new");
	assert_int_equal(cql_load_u64(cql_get_bytes(&r).data), 2000);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_int_equal(node_count(node, "no_timestamp"), 0);
	assert_int_equal(node_count(node, "rows_written"), 2);
	client_close(&c);
	node_stop(node);
}

static void
conditions_answer_applied(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Client		c;

	client_open(&c, node, 4, false);
	assert_int_equal(client_select(&c, "INSERT INTO ks.t (id, s) VALUES (7, 'a') IF NOT EXISTS", &metadata, &r), 1);
	assert_int_equal(metadata.count, 1);
	assert_string_equal(metadata.column[0].name, "[applied]");
	assert_int_equal(cql_get_bytes(&r).data[0], 1);
	assert_int_equal(client_select(&c, "INSERT INTO ks.t (id, s) VALUES (7, 'b') IF NOT EXISTS", &metadata, &r), 1);
	assert_int_equal(metadata.count, 4);
	assert_int_equal(cql_get_bytes(&r).data[0], 0);
	assert_int_value(&r, 7);
	assert_int_equal(client_select(&c, "UPDATE ks.t SET s = 'c' WHERE id = 8 IF EXISTS", &metadata, &r), 1);
	assert_int_equal(cql_get_bytes(&r).data[0], 0);
	assert_int_equal(client_select(&c, "DELETE FROM ks.t WHERE id = 7 IF EXISTS", &metadata, &r), 1);
	assert_int_equal(cql_get_bytes(&r).data[0], 1);
	assert_int_equal(client_select(&c, "SELECT id FROM ks.t WHERE id = 7", &metadata, &r), 0);
	client_run(&c, "UPDATE ks.k SET n = n + 5 WHERE id = 1");
	client_run(&c, "UPDATE ks.k SET n = n - 2 WHERE id = 1");
	assert_int_equal(client_select(&c, "SELECT n FROM ks.k", &metadata, &r), 1);
	assert_int_equal(cql_load_u64(cql_get_bytes(&r).data), 3);
	client_close(&c);
	node_stop(node);
}

static void
literals_have_wire_form(void **state)
{
	static const uint8_t list[] = {0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2};
	static const uint8_t map[] = {0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 4, 0, 0, 0, 1};
	static const uint8_t udt[] = {0, 0, 0, 1, 'x', 0, 0, 0, 4, 0, 0, 0, 7};
	static const uint8_t vector[] = {0x3f, 0xc0, 0, 0, 0x40, 0, 0, 0};
	static const uint8_t decimal[] = {0, 0, 0, 2, 0, 0x96};
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	CqlBytes	v;
	Client		c;

	client_open(&c, node, 4, false);
	assert_int_equal(client_select(&c, "SELECT l, m, u, v, d, b FROM ks.all", &metadata, &r), 1);
	assert_int_equal(metadata.column[3].type->id, CQL_TYPE_VECTOR);
	assert_int_equal(metadata.column[3].type->dimension, 2);
	assert_string_equal(metadata.column[2].type->field[1], "zip");
#define ASSERT_VALUE(expected) \
	v = cql_get_bytes(&r); \
	assert_int_equal(v.len, sizeof(expected)); \
	assert_memory_equal(v.data, expected, sizeof(expected))
	ASSERT_VALUE(list);
	ASSERT_VALUE(map);
	ASSERT_VALUE(udt);
	ASSERT_VALUE(vector);
	ASSERT_VALUE(decimal);
	ASSERT_VALUE(((uint8_t[]) {0xca, 0xfe}));
	client_close(&c);
	node_stop(node);
}

static void
refused_statements_have_codes(void **state)
{
	static const struct
	{
		const char *text;
		uint32_t	code;
	}			cases[] = {
		{"SELEC", CQL_ERR_SYNTAX}, {"SELECT id FROM ks.t WHERE", CQL_ERR_SYNTAX},
		{"SELECT id FROM ks.nothing", CQL_ERR_INVALID}, {"SELECT id FROM nothing.t", CQL_ERR_INVALID},
		{"SELECT id FROM t", CQL_ERR_INVALID}, {"SELECT x FROM ks.t", CQL_ERR_INVALID},
		{"INSERT INTO ks.t (s) VALUES ('a')", CQL_ERR_INVALID},
		{"INSERT INTO ks.t (id) VALUES ('a')", CQL_ERR_INVALID},
		{"UPDATE ks.t SET id = 1 WHERE id = 1", CQL_ERR_INVALID}, {"DELETE FROM ks.w WHERE a = 1", CQL_ERR_INVALID},
		{"INSERT INTO ks.t (id) VALUES (?)", CQL_ERR_INVALID}, {"DROP TABLE ks.nothing", CQL_ERR_INVALID},
		{"CREATE TABLE ks.t (id int PRIMARY KEY)", CQL_ERR_ALREADY_EXISTS},
		{"SELECT id FROM ks.t LIMIT 0", CQL_ERR_INVALID}, {"CREATE TABLE ks.x (id int)", CQL_ERR_INVALID},
		{"CREATE TABLE ks.x (id nothing PRIMARY KEY)", CQL_ERR_INVALID}
	};
	Node	   *node = start_node(schema);
	Client		c;

	client_open(&c, node, 4, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		client_send_query(&c, 1, cases[i].text);
		client_expect_error(&c, 1, cases[i].code);
	}
	client_close(&c);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_follow_clustering),
		cmocka_unit_test(token_slices_cover_the_table),
		cmocka_unit_test(a_row_is_repeated),
		cmocka_unit_test(newest_timestamp_wins),
		cmocka_unit_test(conditions_answer_applied),
		cmocka_unit_test(literals_have_wire_form),
		cmocka_unit_test(refused_statements_have_codes)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
