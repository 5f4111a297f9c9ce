/* What ScyllaDB does that Cassandra does not: shards, extensions of the protocol, its dialect and its limits. */
#define _GNU_SOURCE				/* memmem */
#include "client.h"

#define SHARDS 8

static const char script[] =
"scylla 8\nkeyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)\n"
"table ks.w (a int, b int, c int, PRIMARY KEY ((a, b), c))\n"
"table ks.x (p int, c int, d int, v int, w int, PRIMARY KEY (p, c, d))\n"
"index x_v ks.x (v) local\nindex x_d ks.x (d) local\nindex x_w ks.x (w)\n";

static const char *const nothing[] = {NULL};

static void
supported(Client *c, const Node *node, int port, CqlReader *r)
{
	CqlBuffer	body = {0};
	CqlPrefix	prefix;

	client_connect_port(c, node, port);
	c->version = 4;
	client_send(c, 0, CQL_OP_OPTIONS, &body);
	client_expect(c, 0, CQL_OP_SUPPORTED);
	assert_true(cql_response_prefix(&c->frame, &prefix, r));
}

static int
shard_of(const Node *node, int port)
{
	CqlReader	values;
	CqlReader	r;
	uint16_t	count;
	CqlString	value;
	Client		c;
	int			shard;

	supported(&c, node, port, &r);
	assert_true(cql_response_supported(r, "SCYLLA_SHARD", &values, &count));
	value = cql_get_string(&values);
	shard = value.len == 1 ? value.data[0] - '0' : 10 * (value.data[0] - '0') + value.data[1] - '0';
	client_close(&c);
	return shard;
}

/* ---- connections ---- */

/* scylladb transport/server.cc, make_supported */
static void
keys_are_told(void **state)
{
	static const char *const pairs[][2] = {
		{"CQL_VERSION", "3.3.1"}, {"COMPRESSION", "lz4"}, {"COMPRESSION", "snappy"}, {"CLIENT_OPTIONS", ""},
		{"SCYLLA_HOST_ID", "00112233-4455-6677-8899-aabbccddeeff"}, {"SCYLLA_NR_SHARDS", "8"},
		{"SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin"}, {"SCYLLA_SHARDING_IGNORE_MSB", "12"},
		{"SCYLLA_PARTITIONER", "org.apache.cassandra.dht.Murmur3Partitioner"},
		{"SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648"},
		{"SCYLLA_RATE_LIMIT_ERROR", "ERROR_CODE=61440"}, {"SCYLLA_USE_METADATA_ID", ""}, {"TABLETS_ROUTING_V1", ""}
	};
	Node	   *node = start_node(script);
	CqlReader	values;
	CqlReader	r;
	uint16_t	count;
	char		port[16];
	Client		c;

	assert_true(node_order(node, "host_id 00112233-4455-6677-8899-aabbccddeeff"));
	supported(&c, node, node_port(node), &r);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		assert_true(cql_response_supported(r, pairs[i][0], &values, &count));
		assert_true(count > 0 && cql_response_supported_has(r, pairs[i][0], pairs[i][1]));
	}
	snprintf(port, sizeof(port), "%d", node_shard_port(node));
	assert_true(cql_response_supported_has(r, "SCYLLA_SHARD_AWARE_PORT", port));
	assert_false(cql_response_supported_prefix(r, "SCYLLA_SHARD_AWARE_PORT_SSL"));
	assert_false(cql_response_supported_prefix(r, "TABLETS_ROUTING_V2"));
	client_close(&c);
	assert_true(node_order(node, "scylla 8 hidden"));
	supported(&c, node, node_port(node), &r);
	assert_false(cql_response_supported_prefix(r, "SCYLLA_SHARD"));
	assert_false(cql_response_supported_prefix(r, "SCYLLA_NR_SHARDS"));
	assert_true(cql_response_supported_prefix(r, "SCYLLA_HOST_ID"));
	client_close(&c);
	node_stop(node);
}

static void
connections_land_where_ordered(void **state)
{
	Node	   *node = start_node(script);
	Client		c;

	assert_true(node_order(node, "landing 3"));
	assert_int_equal(shard_of(node, node_port(node)), 3);
	assert_int_equal(shard_of(node, node_shard_port(node)), 3);
	assert_true(node_order(node, "landing nat"));
	client_connect_port(&c, node, node_shard_port(node));
	for (int i = 0; i < 3 * SHARDS; i++)
	{
		struct sockaddr_in own;
		socklen_t	size = sizeof(own);
		NodeRequest request;

		client_close(&c);
		client_connect_port(&c, node, node_shard_port(node));
		client_begin(&c, 4, false);
		assert_int_equal(getsockname(c.fd, (struct sockaddr *) &own, &size), 0);
		assert_int_equal(node_requests(node, CQL_OP_STARTUP, &request, 1), 1);
		assert_int_not_equal(request.shard, ntohs(own.sin_port) % SHARDS);
	}
	client_close(&c);
	assert_true(node_order(node, "landing asked"));
	client_connect_port(&c, node, node_shard_port(node));
	client_begin(&c, 4, false);
	client_close(&c);
	node_stop(node);
}

/* Those that registered are for events; requests go over the others. */
static void
connections_of_shards_are_counted(void **state)
{
	static const char *const types[] = {"STATUS_CHANGE"};
	Node	   *node = start_node(script);
	CqlBuffer	body = {0};
	Client		c[3];

	assert_true(node_order(node, "landing 5"));
	for (int i = 0; i < 3; i++)
		client_open(&c[i], node, 4, false);
	assert_int_equal(node_count(node, "shard 5"), 3);
	cql_request_register(&body, types, 1);
	client_send(&c[0], 1, CQL_OP_REGISTER, &body);
	client_expect(&c[0], 1, CQL_OP_READY);
	assert_int_equal(node_count(node, "shard 5"), 2);
	for (int i = 0; i < 2; i++)
	{
		client_run(&c[i], "INSERT INTO ks.t (id) VALUES (1)");
		client_send_query(&c[i], 1, "SELECT key FROM system.local");
		client_expect(&c[i], 1, CQL_OP_RESULT);
		assert_int_equal(node_count(node, "on_control"), 1);
	}
	assert_true(node_order(node, "reset"));
	assert_int_equal(node_count(node, "shard 5"), 2);
	client_close(&c[0]);
	client_close(&c[1]);
	assert_true(node_await_below(node, "shard 5", 1, 5000));
	client_close(&c[2]);
	assert_true(node_await_below(node, "shard 5", 0, 5000));
	assert_int_equal(node_count(node, "shard 4"), 0);
	assert_true(node_count(node, "shard 256") == UINT64_MAX);
	node_stop(node);
}

/* As after a restart: other shards, the same ports. */
static void
shards_change(void **state)
{
	Node	   *node = start_node(script);
	int			port = node_shard_port(node);
	uint32_t	seen = 0;
	Client		c[16];

	assert_true(node_order(node, "disconnect\nscylla 16"));
	assert_int_equal(node_shard_port(node), port);
	for (int i = 0; i < 16; i++)
		client_connect(&c[i], node);
	for (int i = 0; i < 16; i++)
		client_close(&c[i]);
	assert_true(node_order(node, "landing 15"));
	assert_int_equal(shard_of(node, port), 15);
	assert_true(node_order(node, "disconnect\nscylla 3\nlanding asked"));
	for (int i = 0; i < 3; i++)
	{
		client_open(&c[i], node, 4, false);
		seen |= node_count(node, "shard 0") > 0 ? 1 : 0;
	}
	assert_int_equal(node_count(node, "shard 0") + node_count(node, "shard 1") + node_count(node, "shard 2"), 3);
	assert_int_equal(seen, 1);
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
	assert_true(node_order(node, "refuse shard_aware"));
	client_open(&c[0], node, 4, false); /* the other port is still there, and tells of the one that is not */
	client_close(&c[0]);
	assert_int_equal(node_shard_port(node), port);
	assert_true(node_order(node, "listen"));
	client_connect_port(&c[0], node, port);
	client_close(&c[0]);
	node_stop(node);
}

static void
rules_know_shards(void **state)
{
	Node	   *node = start_node(script);
	Client		c[2];

	assert_true(node_order(node, "on QUERY shard 2 error 0x1001"));
	for (int i = 0; i < 2; i++)
	{
		assert_true(node_order(node, "landing %d", 2 + i));
		client_open(&c[i], node, 4, false);
		client_send_query(&c[i], 1, "SELECT id FROM ks.t");
		client_expect(&c[i], 1, i == 0 ? CQL_OP_ERROR : CQL_OP_RESULT);
	}
	client_close(&c[0]);
	client_close(&c[1]);
	node_stop(node);
}

static void
startup_is_recorded(void **state)
{
	static const char *const options[] = {"SESSION_ID", "7", "DRIVER_NAME", "me", NULL};
	Node	   *node = start_node(script);
	NodeRequest request;
	Client		c;

	client_open_with(&c, node, options);
	assert_int_equal(node_requests(node, CQL_OP_STARTUP, &request, 1), 1);
	assert_string_equal(request.text, "CQL_VERSION=3.0.0\nSESSION_ID=7\nDRIVER_NAME=me\n");
	client_close(&c);
	node_stop(node);
}

/* ---- extensions ---- */

/* scylladb transport/server.cc, make_rate_limit_error */
static void
rate_limits_have_their_error(void **state)
{
	static const char *const knows[] = {"SCYLLA_RATE_LIMIT_ERROR", "", NULL};
	Node	   *node = start_node(script);
	CqlPrefix	prefix;
	CqlReader	r;
	Client		c;

	assert_true(node_order(node, "on EXECUTE error 0xF000 \"too often\""));
	assert_true(node_order(node, "on QUERY error 0xF000 data"));
	for (int i = 0; i < 2; i++)
	{
		Execute		e = {0};
		Prepared	s;

		client_open_with(&c, node, i == 0 ? nothing : knows);
		client_prepare(&c, "SELECT s FROM ks.t WHERE id = ?", &s);
		put_int(&e, 1);
		client_execute(&c, 1, &s, &e);
		client_expect_error(&c, 1, i == 0 ? CQL_ERR_CONFIG : CQL_ERR_RATE_LIMIT);
		assert_true(cql_response_prefix(&c.frame, &prefix, &r));
		assert_int_equal(cql_get_u32(&r), i == 0 ? CQL_ERR_CONFIG : CQL_ERR_RATE_LIMIT);
		assert_true(cql_string_equal(cql_get_string(&r), "too often"));
		assert_int_equal(cql_reader_left(&r), i == 0 ? 0 : 2);
		if (i == 1)
		{
			assert_int_equal(cql_get_u8(&r), 0);	/* a read */
			assert_int_equal(cql_get_u8(&r), 0);	/* by a replica */
			client_send_query(&c, 1, "INSERT INTO ks.t (id) VALUES (1)");
			client_expect_error(&c, 1, CQL_ERR_RATE_LIMIT);
			assert_int_equal(c.frame.body[c.frame.length - 2], 1);
			assert_int_equal(c.frame.body[c.frame.length - 1], 1);
		}
		client_close(&c);
	}
	node_stop(node);
}

/* Only what is conditional has the mark, and only for who asked. */
static void
conditional_statements_are_marked(void **state)
{
	static const char *const knows[] = {"SCYLLA_LWT_ADD_METADATA_MARK", "LWT_OPTIMIZATION_META_BIT_MASK=2147483648", NULL};
	Node	   *node = start_node(script);
	Prepared	s;
	Client		c;

	for (int i = 0; i < 2; i++)
	{
		client_open_with(&c, node, i == 0 ? nothing : knows);
		client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?) IF NOT EXISTS", &s);
		assert_int_equal(s.p.bind.flags & 1u << 31, i == 0 ? 0 : 1u << 31);
		client_prepare(&c, "INSERT INTO ks.t (id) VALUES (?)", &s);
		assert_int_equal(s.p.bind.flags & 1u << 31, 0);
		client_close(&c);
	}
	node_stop(node);
}

/* On v4, as on v5 of Cassandra: rows without metadata are safe. */
static void
metadata_ids_on_v4(void **state)
{
	static const char *const knows[] = {"SCYLLA_USE_METADATA_ID", "", NULL};
	Node	   *node = start_node(script);
	CqlMetadata metadata;
	CqlReader	r;
	Execute		e = {0};
	Prepared	old;
	Prepared	new;
	Client		c;

	client_open_with(&c, node, knows);
	c.metadata_id = true;
	client_prepare(&c, "SELECT * FROM ks.t WHERE id = ?", &old);
	client_send_query(&c, 1, "ALTER TABLE ks.t ADD extra int");
	assert_int_equal(client_expect_result(&c, 1, &r), CQL_RESULT_SCHEMA_CHANGE);
	client_prepare(&c, "SELECT * FROM ks.t WHERE id = ?", &new);
	for (int i = 0; i < 2; i++)
	{
		put_int(&e, 1);
		e.flags = CQL_PARAM_SKIP_METADATA;
		client_execute(&c, 1, i == 0 ? &old : &new, &e);
		client_expect_rows(&c, 1, &metadata, &r);
		assert_int_equal(metadata.flags & (CQL_METADATA_CHANGED | CQL_METADATA_NONE),
						 i == 0 ? CQL_METADATA_CHANGED : CQL_METADATA_NONE);
	}
	client_close(&c);
	node_stop(node);
}

/* ---- dialect ---- */

/* scylladb cql3/Cql.g */
static void
timeouts_are_parsed(void **state)
{
	static const char *const texts[] = {
		"SELECT id FROM ks.t WHERE id = 1 ALLOW FILTERING BYPASS CACHE USING TIMEOUT 2000ms",
		"SELECT id FROM ks.t USING TIMEOUT 1m30s", "INSERT INTO ks.t (id) VALUES (1) USING TTL 5 AND TIMEOUT 5s",
		"UPDATE ks.t USING TIMEOUT 5s SET s = 'x' WHERE id = 1", "DELETE FROM ks.t USING TIMESTAMP 1 AND TIMEOUT 5s WHERE id = 1",
		"TRUNCATE ks.t USING TIMEOUT 1m"
	};
	Node	   *node = start_node(script);
	Node	   *cassandra = start_node("keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)");
	Client		c;
	Client		other;

	client_open(&c, node, 4, false);
	client_open(&other, cassandra, 4, false);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		client_send_query(&c, 1, texts[i]);
		client_expect(&c, 1, CQL_OP_RESULT);
		client_send_query(&other, 1, texts[i]);
		client_expect_error(&other, 1, CQL_ERR_SYNTAX);
	}
	client_close(&c);
	client_close(&other);
	node_stop(cassandra);
	node_stop(node);
}

/* scylladb db/config.cc: cql_duplicate_bind_variable_names_refer_to_same_variable, cql_in_bind_variable_name_uses_... */
static void
markers_are_scyllas(void **state)
{
	Node	   *node = start_node(script);
	Prepared	s;
	Client		c;

	client_open(&c, node, 4, false);
	client_prepare(&c, "SELECT c FROM ks.w WHERE a = :x AND b = :x AND c IN ?", &s);
	assert_int_equal(s.p.bind.count, 2);
	assert_string_equal(s.p.bind.column[1].name, "IN(c)");
	assert_int_equal(s.p.bind.pk_count, 2);
	assert_int_equal(s.p.bind.pk_index[0], 0);
	assert_int_equal(s.p.bind.pk_index[1], 0);
	client_close(&c);
	node_stop(node);
}

static void
own_tables_are_there(void **state)
{
	static const char *const tables[] = {"system_schema.scylla_tables", "system_schema.scylla_keyspaces", "system.tablets"};
	Node	   *node = start_node(script);
	Node	   *cassandra = start_node("keyspace ks simple 1");
	CqlMetadata metadata;
	CqlReader	r;
	char		text[128];
	Client		c;
	Client		other;

	assert_true(node_order(node, "keyspace kt network dc1:1 tablets 16"));
	client_open(&c, node, 4, false);
	client_open(&other, cassandra, 4, false);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
	{
		snprintf(text, sizeof(text), "SELECT * FROM %s", tables[i]);
		client_send_query(&c, 1, text);
		client_expect(&c, 1, CQL_OP_RESULT);
		client_send_query(&other, 1, text);
		client_expect_error(&other, 1, CQL_ERR_INVALID);
	}
	assert_int_equal(client_select(&c, "SELECT keyspace_name, initial_tablets FROM system_schema.scylla_keyspaces", &metadata,
								   &r), 1);
	assert_text_value(&r, "kt");
	assert_int_value(&r, 16);
	client_send_query(&c, 1, "SELECT rpc_port FROM system.local");
	client_expect_error(&c, 1, CQL_ERR_INVALID);
	assert_int_equal(client_select(&other, "SELECT rpc_port FROM system.local", &metadata, &r), 1);
	assert_int_value(&r, node_port(cassandra));
	assert_int_equal(client_select(&other, "SELECT table_name FROM system_schema.tables WHERE table_name = 'tablets'",
								   &metadata, &r), 0);
	client_close(&c);
	client_close(&other);
	node_stop(cassandra);
	node_stop(node);
}

/* ---- limits ---- */

static void
put_times(char *text, const char *what, int n)
{
	for (int i = 0; i < n; i++)
		strcat(text, what);
}

/* scylladb cql3/Cql.g, whereClause */
static void
relations_are_limited(void **state)
{
	Node	   *node = start_node(script);
	Client		c;

	client_open(&c, node, 4, false);
	for (int n = 100; n <= 101; n++)
	{
		char		text[4096] = "SELECT id FROM ks.t WHERE id = 1";

		put_times(text, " AND s = 'x'", n - 1);
		strcat(text, " ALLOW FILTERING");
		client_send_query(&c, 1, text);
		if (n == 100)
			client_expect(&c, 1, CQL_OP_RESULT);
		else
			client_expect_error(&c, 1, CQL_ERR_SYNTAX);
	}
	client_close(&c);
	node_stop(node);
}

/* scylladb cql3/restrictions/statement_restrictions.cc, need_filtering, validate_secondary_index_selections */
static void
filtering_has_to_be_allowed(void **state)
{
	static const char *const taken[] = {"p = 1", "p IN (1, 2) AND c > 1", "p = 1 AND v = 1", "p = 1 AND c = 1 AND d > 1 AND v = 1",
	"p = 1 AND c IN (1, 2) AND v = 1", "p = 1 AND d = 1", "w = 1", "p = 1 AND w = 1", "token(p) > 1 AND w = 1", NULL};
	static const char *const refused[] = {"v = 1", "c = 1", "p > 1", "p = 1 AND v > 1", "p IN (1, 2) AND v = 1", "p IN (1, 2) AND w = 1",
		"p = 1 AND d = 1 AND v = 1", "p = 1 AND c > 1 AND d = 1", "p = 1 AND v = 1 AND w = 1", "c = 1 AND w = 1",
	"token(p) > 1 AND c = 1 AND w = 1", "p = 1 AND v = 1 ORDER BY c", NULL};
	Node	   *node = start_node(script);
	char		text[200];
	Client		c;

	client_open(&c, node, 4, false);
	for (int i = 0; taken[i] != NULL; i++)
	{
		snprintf(text, sizeof(text), "SELECT p FROM ks.x WHERE %s", taken[i]);
		client_send_query(&c, 1, text);
		client_expect(&c, 1, CQL_OP_RESULT);
	}
	for (int i = 0; refused[i] != NULL; i++)
	{
		snprintf(text, sizeof(text), "SELECT p FROM ks.x WHERE %s", refused[i]);
		client_send_query(&c, 1, text);
		client_expect_error(&c, 1, CQL_ERR_INVALID);
	}
	client_close(&c);
	node_stop(node);
}

/* scylladb cql3/restrictions/statement_restrictions.cc: a plain exception, so a server error */
static void
products_are_limited(void **state)
{
	static const struct
	{
		int			a;
		int			b;
		int			c;
		bool		good;
	}			cases[] = {{10, 10, 100, true}, {101, 1, 1, false}, {51, 2, 1, false}, {1, 1, 101, false}};
	Node	   *node = start_node(script);
	Client		c;

	client_open(&c, node, 4, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		text[4096] = "SELECT c FROM ks.w WHERE a IN (0";

		put_times(text, ", 1", cases[i].a - 1);
		strcat(text, ") AND b IN (0");
		put_times(text, ", 1", cases[i].b - 1);
		strcat(text, ") AND c IN (0");
		put_times(text, ", 1", cases[i].c - 1);
		strcat(text, ")");
		client_send_query(&c, 1, text);
		if (cases[i].good)
			client_expect(&c, 1, CQL_OP_RESULT);
		else
			client_expect_error(&c, 1, CQL_ERR_SERVER);
	}
	client_close(&c);
	node_stop(node);
}

static void
put_batch(CqlBuffer *body, const Prepared *s, int rows, bool one_partition, const char *value, int len)
{
	cql_put_u8(body, 1);
	cql_put_u16(body, (uint16_t) rows);
	for (int i = 0; i < rows; i++)
	{
		cql_put_u8(body, 1);
		cql_put_short_bytes(body, s->id, 16);
		cql_put_u16(body, 2);
		cql_put_u32(body, 4);
		cql_put_u32(body, one_partition ? 1 : (uint32_t) i);
		cql_put_bytes(body, value, len);
	}
	cql_put_u16(body, CQL_ONE);
	cql_put_u8(body, 0);
}

/* scylladb cql3/statements/batch_statement.cc, verify_batch_size: one partition is exempt */
static void
batches_are_limited(void **state)
{
	Node	   *node = start_node(script);
	char	   *value = calloc(1, 300000);
	Prepared	s;
	Client		c;

	memset(value, 'x', 300000);
	client_open(&c, node, 4, false);
	client_prepare(&c, "INSERT INTO ks.t (id, s) VALUES (?, ?)", &s);
	for (int i = 0; i < 3; i++)
	{
		CqlBuffer	body = {0};

		put_batch(&body, &s, i == 2 ? 3 : 4, i == 1, value, 300000);
		client_send(&c, 1, CQL_OP_BATCH, &body);
		if (i > 0)
			client_expect(&c, 1, CQL_OP_RESULT);
		else
			client_expect_error(&c, 1, CQL_ERR_INVALID);
	}
	client_close(&c);
	free(value);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_told),
		cmocka_unit_test(connections_land_where_ordered),
		cmocka_unit_test(connections_of_shards_are_counted),
		cmocka_unit_test(shards_change),
		cmocka_unit_test(rules_know_shards),
		cmocka_unit_test(startup_is_recorded),
		cmocka_unit_test(rate_limits_have_their_error),
		cmocka_unit_test(conditional_statements_are_marked),
		cmocka_unit_test(metadata_ids_on_v4),
		cmocka_unit_test(timeouts_are_parsed),
		cmocka_unit_test(markers_are_scyllas),
		cmocka_unit_test(own_tables_are_there),
		cmocka_unit_test(relations_are_limited),
		cmocka_unit_test(filtering_has_to_be_allowed),
		cmocka_unit_test(products_are_limited),
		cmocka_unit_test(batches_are_limited)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
