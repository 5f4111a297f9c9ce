/* Nodes and ring from the core to the backend. */
#include "decode.h"

#include "cql/ring.h"

#define BYTES "00000007 0002" \
	"0123456789abcdef 000e '127.0.0.1:9042' 0003 'dc1' 0002 'r1' 01 00000002 00000003 0007 'TLSv1.3' 0004 'AES!'" \
	"0000000000000001 000a '[::1]:9042' 0001 'x' 0000 00 00000000 00000000 0000 0000" \
	"01 00 00000003 8000000000000000 0001 ffffffffffffffff 0000 7fffffffffffffff 0001"

static CqlRingNode nodes[] = {
	{0x0123456789abcdef, "127.0.0.1:9042", "dc1", "r1", true, 2, 3, "TLSv1.3", "AES!"}, {1, "[::1]:9042", "x", "", false, 0, 0, NULL, NULL}
};
static CqlRingPosition positions[] = {{INT64_MIN, 1}, {-1, 0}, {INT64_MAX, 1}};
static const CqlRing ring = {7, nodes, 2, true, false, positions, 3};

static void
test_encode(void **state)
{
	CqlBuffer	b = {0};

	cql_ring_put(&b, &ring);
	assert_written(&b, BYTES);
	cql_ring_put(&b, &(CqlRing) {0});
	assert_written(&b, "00000000 0000 00 00 00000000");
	cql_buffer_free(&b);
}

static void
test_decode(void **state)
{
	Golden		g = golden(BYTES);
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlRing		got;

	assert_true(cql_ring_get(&r, &arena, &got));
	assert_int_equal(cql_reader_left(&r), 0);
	free(g.data);				/* nothing is borrowed */
	assert_int_equal(got.version, 7);
	assert_int_equal(got.nnodes, 2);
	for (int i = 0; i < 2; i++)
	{
		assert_true(got.node[i].key == nodes[i].key);
		assert_string_equal(got.node[i].name, nodes[i].name);
		assert_string_equal(got.node[i].dc, nodes[i].dc);
		assert_string_equal(got.node[i].rack, nodes[i].rack);
		assert_int_equal(got.node[i].local, nodes[i].local);
		assert_int_equal(got.node[i].connections, nodes[i].connections);
		assert_int_equal(got.node[i].shards, nodes[i].shards);
	}
	assert_string_equal(got.node[0].tls, "TLSv1.3");
	assert_string_equal(got.node[0].cipher, "AES!");
	assert_null(got.node[1].tls);
	assert_null(got.node[1].cipher);
	assert_true(got.has_tablets);
	assert_false(got.of_tablets);
	assert_int_equal(got.npositions, 3);
	for (int i = 0; i < 3; i++)
	{
		assert_true(got.position[i].token == positions[i].token);
		assert_int_equal(got.position[i].owner, positions[i].owner);
	}
	cql_arena_free(&arena);
}

static bool
decodes(CqlReader r)
{
	CqlArena	arena = {0};
	CqlRing		got;
	bool		ok = cql_ring_get(&r, &arena, &got);

	cql_arena_free(&arena);
	return ok;
}

static void
test_malformed(void **state)
{
	check_cuts(decodes, BYTES);
	assert_true(decode(decodes, "00000000 0000 00 00 00000000"));
	/* more nodes, more positions than there are bytes for */
	assert_false(decode(decodes, "00000000 ffff 00 00 00000000"));
	assert_false(decode(decodes, "00000000 0000 00 00 ffffffff"));
	/* a node that is not there */
	assert_false(decode(decodes, "00000000 0001 0000000000000001 0000 0000 0000 01 00000000 00000000 0000 0000 00 00 00000001 0000000000000000 0001"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
