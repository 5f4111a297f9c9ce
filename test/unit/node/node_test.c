/* The node as a well-behaved one: handshakes, statements, tables, system tables. */
#define _GNU_SOURCE				/* memmem */
#include "client.h"
#include "schema.h"

/* ---- handshake ---- */

static void
options_tell_versions(void **state)
{
	Node	   *node = start_node("protocol 5");
	CqlBuffer	body = {0};
	CqlPrefix	prefix;
	CqlReader	r;
	Client		c;

	client_connect(&c, node);
	c.version = 4;
	client_send(&c, 0, CQL_OP_OPTIONS, &body);
	client_expect(&c, 0, CQL_OP_SUPPORTED);
	assert_true(cql_response_prefix(&c.frame, &prefix, &r));
	assert_true(cql_response_supported_has(r, "PROTOCOL_VERSIONS", "5/v5"));
	assert_true(cql_response_supported_has(r, "COMPRESSION", "lz4"));
	assert_false(cql_response_supported_prefix(r, "SCYLLA_"));
	client_close(&c);
	node_stop(node);
}

static void
every_wire_carries_statements(void **state)
{
	Node	   *node = start_node(schema);

	for (int wire = 0; wire < 6; wire++)
	{
		CqlMetadata metadata;
		CqlReader	r;
		Client		c;

		client_open(&c, node, (uint8_t) (3 + wire / 2), wire % 2);
		assert_int_equal(client_select(&c, "SELECT id, s, n FROM ks.t WHERE id = 1", &metadata, &r), 1);
		assert_int_equal(metadata.count, 3);
		assert_string_equal(metadata.column[1].name, "s");
		assert_int_equal(metadata.column[1].type->id, CQL_TYPE_TEXT);
		assert_int_value(&r, 1);
		assert_text_value(&r, "it's");
		assert_int_equal(cql_get_bytes(&r).len, -1);
		client_close(&c);
	}
	node_stop(node);
}

/* Larger than a segment, and compressible. */
static void
large_values_pass(void **state)
{
	Node	   *node = start_node(schema);
	size_t		n = 300000;
	char	   *text = malloc(n + 100);
	int			head;

	head = snprintf(text, 100, "INSERT INTO ks.t (id, s) VALUES (9, '");
	memset(text + head, 'x', n);
	snprintf(text + head + n, 64, "')");
	for (int lz4 = 0; lz4 < 2; lz4++)
	{
		CqlMetadata metadata;
		CqlReader	r;
		Client		c;

		client_open(&c, node, 5, lz4);
		client_run(&c, text);
		assert_int_equal(client_select(&c, "SELECT s FROM ks.t WHERE id = 9", &metadata, &r), 1);
		assert_int_equal(cql_get_bytes(&r).len, n);
		client_close(&c);
	}
	free(text);
	node_stop(node);
}

static void
send_password(Client *c, const char *user, const char *password)
{
	CqlBuffer	body = {0};

	cql_request_plain(&body, user, password);
	client_send(c, 0, CQL_OP_AUTH_RESPONSE, &body);
}

static void
password_is_asked(void **state)
{
	Node	   *node = start_node("auth me secret");

	for (uint8_t version = 4; version <= 5; version++)
	{
		Client		c;

		client_connect(&c, node);
		client_startup(&c, version, false);
		client_expect(&c, 0, CQL_OP_AUTHENTICATE);
		client_start_segments(&c);
		send_password(&c, "me", "wrong");
		client_expect_error(&c, 0, CQL_ERR_CREDENTIALS);
		send_password(&c, "me", "secret");
		client_expect(&c, 0, CQL_OP_AUTH_SUCCESS);
		assert_true(node_await(node, "ready", 1, 5000));
		client_close(&c);
		assert_true(node_await_below(node, "open", 0, 5000));
	}
	node_stop(node);
}

static void
order_of_the_handshake_is_kept(void **state)
{
	Node	   *node = start_node("auth me secret");
	Client		c;

	client_connect(&c, node);
	c.version = 4;
	client_send_query(&c, 5, "SELECT key FROM system.local");
	client_expect_error(&c, 5, CQL_ERR_PROTOCOL);
	client_startup(&c, 4, false);
	client_expect(&c, 0, CQL_OP_AUTHENTICATE);
	client_send_query(&c, 5, "SELECT key FROM system.local");
	client_expect_error(&c, 5, CQL_ERR_PROTOCOL);
	client_close(&c);
	node_stop(node);
}

static void
versions_not_spoken_are_refused(void **state)
{
	Node	   *node = start_node("protocol 4");
	CqlError	error;
	Client		c;

	client_connect(&c, node);
	client_startup(&c, 5, false);
	c.version = 4;				/* what the answer has */
	error = client_expect_error(&c, 0, CQL_ERR_PROTOCOL);
	assert_non_null(memmem(error.message.data, error.message.len, "unsupported protocol version", 28));
	client_close(&c);
	node_stop(node);
}

/* ---- ScyllaDB ---- */

static void
scylla_tells_shards(void **state)
{
	Node	   *node = start_node("scylla 3 12\nkeyspace ks simple 1\ntable ks.t (id int PRIMARY KEY)\n");
	CqlBuffer	body = {0};
	CqlPrefix	prefix;
	CqlReader	r;
	CqlReader	values;
	uint16_t	count;
	uint32_t	seen = 0;
	Client		c[3];

	for (int i = 0; i < 3; i++)
	{
		client_connect(&c[i], node);
		c[i].version = 4;
		client_send(&c[i], 0, CQL_OP_OPTIONS, &body);
		client_expect(&c[i], 0, CQL_OP_SUPPORTED);
		assert_true(cql_response_prefix(&c[i].frame, &prefix, &r));
		assert_true(cql_response_supported_has(r, "SCYLLA_NR_SHARDS", "3"));
		assert_false(cql_response_supported_prefix(r, "PROTOCOL_VERSIONS"));
		assert_true(cql_response_supported(r, "SCYLLA_SHARD", &values, &count));
		seen |= UINT32_C(1) << (cql_get_string(&values).data[0] - '0');
	}
	assert_int_equal(seen, 7);	/* the plain port hands out the emptiest shard */
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
	client_connect_port(&c[0], node, node_shard_port(node));
	client_startup(&c[0], 4, false);
	client_expect(&c[0], 0, CQL_OP_READY);
	client_send_query(&c[0], 1, "SELECT peer FROM system.peers_v2");
	client_expect_error(&c[0], 1, CQL_ERR_INVALID);
	client_close(&c[0]);
	node_stop(node);
}

/* The shard-aware port obeys the source port; int keys 0 and 1 live on shards 0 and 1 of two. */
static void
foreign_shards_are_counted(void **state)
{
	Node	   *node = start_node("scylla 2 12\nkeyspace ks simple 1\ntable ks.t (id int PRIMARY KEY)\n");
	Prepared	insert;
	Execute		e = {0};
	NodeRequest request;
	Client		c;
	int			wrong = 0;

	client_connect_port(&c, node, node_shard_port(node));
	client_startup(&c, 4, false);
	client_expect(&c, 0, CQL_OP_READY);
	client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &insert);
	assert_int_equal(node_requests(node, CQL_OP_PREPARE, &request, 1), 1);
	assert_int_equal(request.shard, request.source_port % 2);
	for (int i = 0; i < 20; i++)
	{
		int64_t		before = (int64_t) node_count(node, "wrong_shard");

		put_int(&e, i);
		client_execute(&c, 1, &insert, &e);
		client_expect(&c, 1, CQL_OP_RESULT);
		wrong += (int64_t) node_count(node, "wrong_shard") > before;
	}
	assert_in_range(wrong, 1, 19);
	assert_int_equal(node_count(node, "wrong_shard"), wrong);
	client_close(&c);
	node_stop(node);
}

/* ---- prepared statements ---- */

static void
prepared_metadata_is_right(void **state)
{
	Node	   *node = start_node(schema);

	for (uint8_t version = 4; version <= 5; version++)
	{
		Prepared	s;
		Client		c;

		client_open(&c, node, version, false);
		client_prepare(&c, "SELECT c, d FROM ks.w WHERE c > ? AND b = ? AND a = :a LIMIT ?", &s);
		assert_int_equal(s.p.bind.count, 4);
		assert_string_equal(s.p.bind.column[2].name, "a");
		assert_string_equal(s.p.bind.column[3].name, "[limit]");
		assert_int_equal(s.p.bind.pk_count, 2);
		assert_int_equal(s.p.bind.pk_index[0], 2);
		assert_int_equal(s.p.bind.pk_index[1], 1);
		assert_int_equal(s.p.result.count, 2);
		assert_string_equal(s.p.result.column[0].name, "c");
		client_prepare(&c, "SELECT c FROM ks.w WHERE token(a, b) > ? AND token(a, b) <= ?", &s);
		assert_int_equal(s.p.bind.pk_count, 0);
		assert_int_equal(s.p.bind.column[0].type->id, CQL_TYPE_BIGINT);
		client_prepare(&c, "INSERT INTO ks.t (id, s) VALUES (?, ?) USING TTL ? AND TIMESTAMP ?", &s);
		assert_string_equal(s.p.bind.column[2].name, "[ttl]");
		assert_int_equal(s.p.result.count, 0);
		client_close(&c);
	}
	node_stop(node);
}

static void
bound_values_are_checked(void **state)
{
	Node	   *node = start_node(schema);
	Prepared	s;
	Execute		e = {0};
	CqlError	error;
	Client		c;

	client_open(&c, node, 4, false);
	client_prepare(&c, "INSERT INTO ks.t (id, s, n) VALUES (?, ?, ?)", &s);
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	client_expect_error(&c, 1, CQL_ERR_INVALID);	/* too few */
	for (uint32_t len = CQL_UNSET_LENGTH; len != 0; len++)	/* unset, null */
	{
		cql_put_u32(&e.values, len);
		e.nvalues++;
		put_text(&e, "x");
		put_int(&e, 1);
		client_execute(&c, 1, &s, &e);
		client_expect_error(&c, 1, CQL_ERR_INVALID);
	}
	put_text(&e, "toolong");	/* for an int */
	put_text(&e, "x");
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	put_int(&e, 1);
	put_text(&e, "\xff");
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	s.id[0] ^= 1;
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	error = client_expect_error(&c, 1, CQL_ERR_UNPREPARED);
	assert_int_equal(error.unprepared_id.len, 16);
	assert_memory_equal(error.unprepared_id.data, s.id, 16);
	assert_int_equal(node_count(node, "rows_written"), 0);
	client_close(&c);
	node_stop(node);
}

static void
pages_end_with_an_empty_one(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Prepared	insert;
	Prepared	all;
	Execute		e = {0};
	CqlBytes	paging_state = no_bytes;
	uint8_t		kept[64];
	uint32_t	pages[4];
	int			sum = 0;
	Client		c;

	client_open(&c, node, 5, false);
	client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &insert);
	for (int i = 1; i <= 50; i++)
	{
		put_int(&e, i);
		client_execute(&c, 1, &insert, &e);
		client_expect(&c, 1, CQL_OP_RESULT);
	}
	client_prepare(&c, "SELECT id FROM ks.t", &all);
	for (int i = 0; i < 3; i++)
	{
		e.flags = CQL_PARAM_PAGE_SIZE | CQL_PARAM_SKIP_METADATA | (i > 0 ? CQL_PARAM_PAGING_STATE : 0);
		e.page_size = 25;
		e.paging_state = paging_state;
		client_execute(&c, 1, &all, &e);
		pages[i] = client_expect_rows(&c, 1, &metadata, &r);
		assert_true(metadata.flags & CQL_METADATA_NONE);
		for (uint32_t k = 0; k < pages[i]; k++)
			sum += (int) cql_load_u32(cql_get_bytes(&r).data);
		assert_int_equal(metadata.paging_state.len >= 0, i < 2);
		if (i < 2)
		{
			memcpy(kept, metadata.paging_state.data, (size_t) metadata.paging_state.len);
			paging_state = (CqlBytes) {kept, metadata.paging_state.len};
		}
	}
	assert_int_equal(pages[0], 25);
	assert_int_equal(pages[1], 25);
	assert_int_equal(pages[2], 0);
	assert_int_equal(sum, 50 * 51 / 2);
	kept[0] ^= 1;
	e.flags = CQL_PARAM_PAGING_STATE;
	e.paging_state = paging_state;
	client_execute(&c, 1, &all, &e);
	client_expect_error(&c, 1, CQL_ERR_PROTOCOL);
	client_close(&c);
	node_stop(node);
}

/* ALTER TABLE: the id is unknown, then known again with new metadata; v5 says so in the rows. */
static void
altered_tables_change_metadata(void **state)
{
	Node	   *node = start_node(schema);
	CqlMetadata metadata;
	CqlReader	r;
	Prepared	old;
	Prepared	new;
	Execute		e = {0};
	Client		c;

	client_open(&c, node, 5, false);
	client_prepare(&c, "SELECT * FROM ks.t WHERE id = ?", &old);
	client_send_query(&c, 1, "ALTER TABLE ks.t ADD extra int");
	assert_int_equal(client_expect_result(&c, 1, &r), CQL_RESULT_SCHEMA_CHANGE);
	put_int(&e, 1);
	client_execute(&c, 1, &old, &e);
	client_expect_error(&c, 1, CQL_ERR_UNPREPARED);
	client_prepare(&c, "SELECT * FROM ks.t WHERE id = ?", &new);
	assert_memory_equal(old.id, new.id, 16);
	assert_memory_not_equal(old.metadata_id, new.metadata_id, 16);
	assert_int_equal(new.p.result.count, 4);
	put_int(&e, 1);
	e.flags = CQL_PARAM_SKIP_METADATA;
	client_execute(&c, 1, &old, &e);
	assert_int_equal(client_expect_rows(&c, 1, &metadata, &r), 1);
	assert_true(metadata.flags & CQL_METADATA_CHANGED);
	assert_int_equal(metadata.count, 4);
	assert_memory_equal(metadata.new_metadata_id.data, new.metadata_id, 16);
	client_close(&c);
	node_stop(node);
}

static void
change_schema(Client *c, const char *text)
{
	CqlReader	r;

	client_send_query(c, 1, text);
	assert_int_equal(client_expect_result(c, 1, &r), CQL_RESULT_SCHEMA_CHANGE);
}

/* A column may get another type, a user type another field; values that were there stay as they were. */
static void
types_change(void **state)
{
	Node	   *node = start_node("keyspace ks simple 1\n"
								  "type ks.u (a int, b text)\n"
								  "table ks.t (id int PRIMARY KEY, u u, v text, w text)\n"
								  "row ks.t (1, {a: 7, b: 'x'}, 'v', 'w')\n");
	CqlMetadata metadata;
	CqlReader	r;
	CqlBytes	value;
	Client		c;

	client_open(&c, node, 5, false);
	change_schema(&c, "ALTER TYPE ks.u ADD c int");
	assert_int_equal(client_select(&c, "SELECT u FROM ks.t", &metadata, &r), 1);
	assert_int_equal(metadata.column[0].type->count, 3);
	value = cql_get_bytes(&r);
	assert_int_equal(value.len, 4 + 4 + 4 + 1);

	change_schema(&c, "ALTER TABLE ks.t DROP v");
	client_send_query(&c, 1, "SELECT v FROM ks.t");
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	change_schema(&c, "ALTER TABLE ks.t ADD v int");
	assert_int_equal(client_select(&c, "SELECT v, w FROM ks.t", &metadata, &r), 1);
	assert_int_equal(metadata.column[0].type->id, CQL_TYPE_INT);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_text_value(&r, "w");
	client_send_query(&c, 1, "ALTER TABLE ks.t DROP id");
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	client_close(&c);
	node_stop(node);
}

/* ---- system tables and events ---- */

static void
system_tables_tell_the_cluster(void **state)
{
	Node	   *node = start_node("dc eu\nrack r7\ntoken -5, 5\n"
								  "peer 127.0.0.2 9042 100 200 dc us rack r1\n"
								  "peer 127.0.0.3 9043 300 host_id 00112233-4455-6677-8899-aabbccddeeff\n"
								  "keyspace ks network eu:3 us:2\n"
								  "table ks.t (id int, c frozen<list<text>>, PRIMARY KEY (id, c))\n");
	CqlMetadata metadata;
	CqlReader	r;
	Prepared	columns;
	Execute		e = {0};
	Client		c;

	client_open(&c, node, 5, false);
	assert_int_equal(client_select(&c, "SELECT data_center, rack FROM system.local WHERE key='local'", &metadata, &r), 1);
	assert_text_value(&r, "eu");
	assert_text_value(&r, "r7");
	assert_int_equal(client_select(&c, "SELECT native_port FROM system.peers_v2", &metadata, &r), 2);
	assert_int_equal(client_select(&c, "SELECT * FROM system.peers", &metadata, &r), 2);
	assert_int_equal(client_select(&c, "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'ks'",
								   &metadata, &r), 1);
	assert_int_equal(cql_load_u32(cql_get_bytes(&r).data), 3);
	client_prepare(&c, "SELECT column_name, kind, position, type FROM system_schema.columns WHERE keyspace_name = ? "
				   "AND table_name = ?", &columns);
	put_text(&e, "ks");
	put_text(&e, "t");
	client_execute(&c, 1, &columns, &e);
	assert_int_equal(client_expect_rows(&c, 1, &metadata, &r), 2);
	assert_text_value(&r, "c");
	assert_text_value(&r, "clustering");
	assert_int_value(&r, 0);
	assert_text_value(&r, "frozen<list<text>>");
	assert_int_equal(client_select(&c, "SELECT * FROM system_schema.indexes", &metadata, &r), 0);
	client_close(&c);
	node_stop(node);
}

static void
keys_of_peers_are_counted(void **state)
{
	Node	   *node = start_node("token 0\npeer 127.0.0.2 9042 9223372036854775807\n"
								  "keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY)\n");
	Prepared	insert;
	Execute		e = {0};
	Client		c;

	client_open(&c, node, 4, false);
	client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &insert);
	put_int(&e, 1);				/* token -4069959284402364209 */
	client_execute(&c, 1, &insert, &e);
	client_expect(&c, 1, CQL_OP_RESULT);
	assert_int_equal(node_count(node, "not_owner"), 0);
	put_int(&e, -1);			/* token 7297452126230313552 */
	client_execute(&c, 1, &insert, &e);
	client_expect(&c, 1, CQL_OP_RESULT);
	assert_int_equal(node_count(node, "not_owner"), 1);
	assert_int_equal(node_count(node, "no_timestamp"), 2);
	client_close(&c);
	node_stop(node);
}

static CqlEvent
expect_event(Client *c)
{
	CqlPrefix	prefix;
	CqlReader	r;
	CqlEvent	event;

	client_expect(c, -1, CQL_OP_EVENT);
	assert_true(cql_response_prefix(&c->frame, &prefix, &r));
	assert_true(cql_response_event(r, &event));
	return event;
}

static void
events_reach_who_registered(void **state)
{
	static const char *const types[] = {"STATUS_CHANGE", "SCHEMA_CHANGE"};
	static const char *const wrong[] = {"NO_CHANGE"};
	Node	   *node = start_node(schema);
	CqlBuffer	body = {0};
	CqlEvent	event;
	CqlReader	r;
	Client		c;
	Client		other;

	client_open(&other, node, 4, false);
	client_open(&c, node, 5, false);
	cql_request_register(&body, wrong, 1);
	client_send(&c, 1, CQL_OP_REGISTER, &body);
	client_expect_error(&c, 1, CQL_ERR_PROTOCOL);
	cql_request_register(&body, types, 2);
	client_send(&c, 1, CQL_OP_REGISTER, &body);
	client_expect(&c, 1, CQL_OP_READY);
	assert_true(node_order(node, "event STATUS_CHANGE DOWN 127.0.0.9 9042"));
	event = expect_event(&c);
	assert_int_equal(event.kind, CQL_EVENT_DOWN);
	assert_int_equal(event.port, 9042);
	assert_true(node_order(node, "event TOPOLOGY_CHANGE NEW_NODE 127.0.0.9 9042")); /* not registered */
	client_send_query(&other, 1, "CREATE TABLE ks.n (id int PRIMARY KEY)");
	assert_int_equal(client_expect_result(&other, 1, &r), CQL_RESULT_SCHEMA_CHANGE);
	event = expect_event(&c);
	assert_int_equal(event.kind, CQL_EVENT_SCHEMA);
	assert_true(cql_string_equal(event.change, "CREATED"));
	assert_true(cql_string_equal(event.name, "n"));
	assert_int_equal(node_count(node, "events"), 2);
	client_close(&c);
	client_close(&other);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_tell_versions),
		cmocka_unit_test(every_wire_carries_statements),
		cmocka_unit_test(large_values_pass),
		cmocka_unit_test(password_is_asked),
		cmocka_unit_test(order_of_the_handshake_is_kept),
		cmocka_unit_test(versions_not_spoken_are_refused),
		cmocka_unit_test(scylla_tells_shards),
		cmocka_unit_test(foreign_shards_are_counted),
		cmocka_unit_test(prepared_metadata_is_right),
		cmocka_unit_test(bound_values_are_checked),
		cmocka_unit_test(pages_end_with_an_empty_one),
		cmocka_unit_test(altered_tables_change_metadata),
		cmocka_unit_test(types_change),
		cmocka_unit_test(system_tables_tell_the_cluster),
		cmocka_unit_test(keys_of_peers_are_counted),
		cmocka_unit_test(events_reach_who_registered)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
