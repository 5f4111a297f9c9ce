/* Tablets of ScyllaDB: where they are, and who is told. */
#include "client.h"


static const char script[] =
"scylla 8\nlanding 5\npeer 127.0.0.2 9042 1\npeer 127.0.0.3 9042 2\n"
"host_id 00112233-4455-6677-8899-aabbccddeeff\n"
"keyspace ks network dc1:2 tablets 4\ntable ks.t (id int PRIMARY KEY, n int)\n";

static const char *const with_tablets[] = {"TABLETS_ROUTING_V1", "", NULL};

/* The payload of the answer that comes; len -1: it has none. */
static CqlBytes
expect_payload(Client *c)
{
	CqlPrefix	prefix;
	CqlReader	r;

	client_expect(c, 1, CQL_OP_RESULT);
	assert_true(cql_response_prefix(&c->frame, &prefix, &r));
	if (prefix.npayload == 0)
		return no_bytes;
	assert_int_equal(prefix.npayload, 1);
	assert_true(cql_string_equal(cql_get_string(&prefix.payload), "tablets-routing-v1"));
	return cql_get_bytes(&prefix.payload);
}

static bool
taught(Client *c, const char *text)
{
	Prepared	s;
	Execute		e = {0};

	client_prepare(c, text, &s);
	put_int(&e, 1);
	client_execute(c, 1, &s, &e);
	return expect_payload(c).len >= 0;
}

static const char insert[] = "INSERT INTO ks.t (id) VALUES (?)";	/* the token of 1 is in the second of four tablets */

/* scylladb locator/tablets.cc, check_locality: who comes to a replica's shard, or to that of one that comes, is told nothing. */
static void
misrouted_requests_are_taught(void **state)
{
	Node	   *node = start_node(script);
	Client		c;

	client_open_with(&c, node, with_tablets);
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.1 5 127.0.0.3 1"));
	assert_false(taught(&c, insert));
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.3 5 127.0.0.1 6"));
	assert_true(taught(&c, insert));
	assert_int_equal(node_count(node, "wrong_shard"), 1);
	assert_int_equal(node_count(node, "wrong_node"), 0);
	assert_int_equal(node_count(node, "not_owner"), 1); /* it is the second replica */
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.3 5 127.0.0.2 6"));
	assert_true(taught(&c, insert));
	assert_int_equal(node_count(node, "wrong_node"), 1);
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.3 5 127.0.0.2 6 pending 127.0.0.1 4"));
	assert_true(taught(&c, insert));
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.3 5 127.0.0.2 6 pending 127.0.0.1 5"));
	assert_false(taught(&c, insert));
	assert_int_equal(node_count(node, "payloads"), 3);
	client_close(&c);
	node_stop(node);
}

/* scylladb cql3: SELECT, INSERT, conditions too, whose partition key is bound; not a BATCH, nor what was not asked for. */
static void
statements_that_can_be_routed_teach(void **state)
{
	Node	   *node = start_node(script);
	CqlBuffer	body = {0};
	Prepared	s;
	Client		c;

	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.2 6"));
	client_open_with(&c, node, with_tablets);
	assert_true(taught(&c, insert));
	assert_true(taught(&c, "SELECT n FROM ks.t WHERE id = ?"));
	assert_true(taught(&c, "DELETE FROM ks.t WHERE id = ?"));
	assert_true(taught(&c, "INSERT INTO ks.t (id) VALUES (?) IF NOT EXISTS"));
	assert_false(taught(&c, "UPDATE ks.t SET n = ? WHERE id = 1"));
	assert_false(taught(&c, "SELECT n FROM ks.t LIMIT ?"));
	client_send_query(&c, 1, "INSERT INTO ks.t (id) VALUES (1)");
	assert_int_equal(expect_payload(&c).len, -1);
	client_prepare(&c, insert, &s);
	cql_put_u8(&body, 1);
	cql_put_u16(&body, 1);
	cql_put_u8(&body, 1);
	cql_put_short_bytes(&body, s.id, 16);
	cql_put_u16(&body, 1);
	cql_put_u32(&body, 4);
	cql_put_u32(&body, 1);
	cql_put_u16(&body, CQL_ONE);
	cql_put_u8(&body, 0);
	client_send(&c, 1, CQL_OP_BATCH, &body);
	assert_int_equal(expect_payload(&c).len, -1);
	client_close(&c);
	client_open(&c, node, 4, false);
	assert_false(taught(&c, insert));
	assert_true(node_order(node, "null on"));
	assert_false(taught(&c, insert));
	client_close(&c);
	client_open_with(&c, node, with_tablets);
	assert_true(taught(&c, insert));
	client_close(&c);
	node_stop(node);
}

/* tuple<bigint, bigint, list<tuple<uuid, int>>>, the borders of four tablets, and the first one's beginning. */
static void
payloads_have_their_bytes(void **state)
{
	static const uint8_t id[] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
	Node	   *node = start_node(script);
	Execute		e = {0};
	Prepared	s;
	CqlReader	r;
	CqlBytes	payload;
	Client		c;

	client_open_with(&c, node, with_tablets);
	client_prepare(&c, insert, &s);
	for (int32_t key = 1; key <= 2; key++)
	{
		/* the token of 2 is -3248873570005575792 */
		assert_true(node_order(node, "tablets ks.t %d\ntablet ks.t %d at 127.0.0.1 3", key == 1 ? 4 : 2, key == 1));
		put_int(&e, key);
		client_execute(&c, 1, &s, &e);
		payload = expect_payload(&c);
		assert_int_equal(payload.len, 12 + 12 + 4 + 4 + 32);
		r = cql_reader(payload.data, (size_t) payload.len);
		assert_int_equal(cql_get_u32(&r), 8);
		assert_true((int64_t) cql_get_u64(&r) == (key == 1 ? -4611686018427387905 : INT64_MIN));
		assert_int_equal(cql_get_u32(&r), 8);
		assert_true((int64_t) cql_get_u64(&r) == -1);
		assert_int_equal(cql_get_u32(&r), 36);
		assert_int_equal(cql_get_u32(&r), 1);
		assert_int_equal(cql_get_u32(&r), 28);
		assert_int_equal(cql_get_u32(&r), 16);
		assert_memory_equal(cql_get_raw(&r, 16), id, 16);
		assert_int_equal(cql_get_u32(&r), 4);
		assert_int_equal(cql_get_u32(&r), 3);
	}
	assert_true(node_order(node, "on EXECUTE times 1 warn \"w\"\non EXECUTE after 1 payload 0xCAFE"));
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	assert_int_equal(expect_payload(&c).len, 64);	/* behind a warning */
	assert_true(node_order(node, "tablet ks.t 0 at 127.0.0.1 5"));
	put_int(&e, 1);
	client_execute(&c, 1, &s, &e);
	assert_int_equal(expect_payload(&c).len, 2);
	client_close(&c);
	node_stop(node);
}

#define TABLETS 64
#define REPLICA (4 + 4 + 16 + 4 + 4)	/* length, length, id, length, shard */

typedef uint8_t Map[TABLETS][8 + 3 * REPLICA];

/* Last token and replicas of each tablet, in the order of the tokens. */
static void
read_map(const Node *node, int replicas, Map map)
{
	CqlMetadata metadata;
	CqlReader	r;
	Client		c;

	memset(map, 0, sizeof(Map));
	client_open(&c, node, 4, false);
	assert_int_equal(client_select(&c, "SELECT last_token, replicas FROM system.tablets", &metadata, &r), TABLETS);
	for (int i = 0; i < TABLETS; i++)
	{
		memcpy(map[i], cql_get_bytes(&r).data, 8);
		assert_int_equal(cql_get_u32(&r), 4 + replicas * REPLICA);
		assert_int_equal(cql_get_u32(&r), replicas);
		memcpy(map[i] + 8, cql_get_raw(&r, (size_t) replicas * REPLICA), (size_t) replicas * REPLICA);
	}
	client_close(&c);
}

/* All nodes of a ring know the same map, in which no shard is idle; more replicas leave those there where they are. */
static void
maps_are_the_same_everywhere(void **state)
{
	static Map maps[3];
	static Map more;
	uint32_t	busy[256] = {0};	/* a bit a shard, by the last byte of the address */
	Node	   *nodes[3];
	char		error[256];

	assert_true(node_ring_start(nodes, 3, 1, "scylla 8\nkeyspace ks network dc1:2 tablets 64\ntable ks.t (id int PRIMARY KEY)\n",
								error, sizeof(error)));
	for (int i = 0; i < 3; i++)
	{
		read_map(nodes[i], 2, maps[i]);
		assert_memory_equal(maps[i], maps[0], sizeof(Map));
	}
	for (int i = 0; i < 2 * TABLETS; i++)
	{
		const uint8_t *replica = maps[0][i / 2] + 8 + i % 2 * REPLICA;

		busy[replica[8 + 3]] |= UINT32_C(1) << replica[REPLICA - 1];	/* host ids begin with the address */
	}
	for (int i = 1; i <= 3; i++)
		assert_int_equal(busy[i], 0xff);
	for (int i = 0; i < 3; i++)
	{
		Client		c;
		CqlReader	r;

		client_open(&c, nodes[i], 4, false);
		client_send_query(&c, 1, "ALTER KEYSPACE ks WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': '3'}");
		assert_int_equal(client_expect_result(&c, 1, &r), CQL_RESULT_SCHEMA_CHANGE);
		client_close(&c);
		read_map(nodes[i], 3, more);
		for (int k = 0; k < TABLETS; k++)
			assert_memory_equal(more[k], maps[0][k], 8 + 2 * REPLICA);
		node_stop(nodes[i]);
	}
}

static void
maps_tell_migrations_and_bases(void **state)
{
	Node	   *node = start_node(script);
	CqlMetadata metadata;
	CqlReader	r;
	Client		c;
	uint8_t		id[16];

	assert_true(node_order(node, "table ks.log (id int PRIMARY KEY)\ntablets ks.log like ks.t\n"
						   "tablet ks.t 2 at 127.0.0.1 1 127.0.0.2 2 pending 127.0.0.3 3"));
	client_open_with(&c, node, with_tablets);
	assert_int_equal(client_select(&c, "SELECT id FROM system_schema.tables WHERE keyspace_name = 'ks' AND table_name = 't'",
								   &metadata, &r), 1);
	memcpy(id, cql_get_bytes(&r).data, 16);
	assert_int_equal(client_select(&c, "SELECT table_id, last_token, new_replicas, stage FROM system.tablets WHERE "
								   "table_name = 't'", &metadata, &r), 4);
	for (int i = 0; i < 4; i++)
	{
		assert_memory_equal(cql_get_bytes(&r).data, id, 16);
		assert_int_equal(cql_get_bytes(&r).len, 8);
		assert_int_equal(cql_get_bytes(&r).len, i == 2 ? 4 + 2 * 32 : -1);
		assert_int_equal(cql_get_bytes(&r).len, i == 2 ? 9 : -1);
	}
	assert_int_equal(client_select(&c, "SELECT base_table, last_token FROM system.tablets WHERE table_name = 'log'",
								   &metadata, &r), 1);
	assert_memory_equal(cql_get_bytes(&r).data, id, 16);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.1 5"));
	assert_false(taught(&c, "INSERT INTO ks.log (id) VALUES (?)"));
	assert_true(node_order(node, "tablet ks.t 1 at 127.0.0.1 4"));
	assert_true(taught(&c, "INSERT INTO ks.log (id) VALUES (?)"));
	client_close(&c);
	node_stop(node);
}

/* ScyllaDB has tablets for NetworkTopologyStrategy alone, Cassandra has none. */
static void
wrong_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"keyspace a simple 1 tablets 4", "tablets ks.t 0", "tablets ks.none 4", "tablet ks.t 4 at 127.0.0.1 1",
		"tablet ks.t 1 at 127.0.0.9 1", "tablet ks.t 1 at 127.0.0.1"
	};
	Node	   *node = start_node(script);
	Node	   *cassandra = start_node("keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY)");

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(node_order(node, "%s", lines[i]));
	assert_false(node_order(cassandra, "tablets ks.t 4"));
	assert_false(node_order(cassandra, "keyspace a network dc1:1 tablets 4"));
	node_stop(cassandra);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misrouted_requests_are_taught),
		cmocka_unit_test(statements_that_can_be_routed_teach),
		cmocka_unit_test(payloads_have_their_bytes),
		cmocka_unit_test(maps_are_the_same_everywhere),
		cmocka_unit_test(maps_tell_migrations_and_bases),
		cmocka_unit_test(wrong_lines_are_refused)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
