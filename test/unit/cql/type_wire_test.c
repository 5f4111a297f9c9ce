/* Type trees from the wire. */
#include "type_tree.h"

#include "cql/type_wire.h"

static void
check_option(const char *bytes, const char *expected)
{
	CqlArena	arena = {0};
	Golden		g = golden(bytes);
	CqlReader	r = cql_reader(g.data, g.len);
	CqlType    *type = cql_type_read(&r, &arena);

	if (expected)
	{
		assert_format(type, expected);
		assert_int_equal(cql_reader_left(&r), 0);
	}
	else if (type)
		fail_msg("%s is accepted", bytes);
	assert_int_equal(r.failed, !expected);
	assert_false(arena.failed);
	cql_arena_free(&arena);
	free(g.data);
}

static void
test_native_options(void **state)
{
	check_option("0001", "ascii");
	check_option("0002", "bigint");
	check_option("0003", "blob");
	check_option("0004", "boolean");
	check_option("0005", "counter");
	check_option("0006", "decimal");
	check_option("0007", "double");
	check_option("0008", "float");
	check_option("0009", "int");
	check_option("000b", "timestamp");
	check_option("000c", "uuid");
	check_option("000d", "text");
	check_option("000e", "varint");
	check_option("000f", "timeuuid");
	check_option("0010", "inet");
	check_option("0011", "date");
	check_option("0012", "time");
	check_option("0013", "smallint");
	check_option("0014", "tinyint");
	check_option("0015", "duration");
}

static void
test_nested_options(void **state)
{
	check_option("0020 0009", "list<int>");
	check_option("0022 000d", "set<text>");
	check_option("0021 000d 0020 0022 0007", "map<text, list<set<double>>>");
	check_option("0031 0003 0009 000d 0031 0001 0008", "tuple<int, text, tuple<float>>");
	check_option("0031 0000", "tuple<>");
	check_option("0030 0001 'k' 0004 'addr' 0002 0001 'a' 0009 0001 'b' 0020 000d", "addr");
}

static void
test_udt_option(void **state)
{
	Golden		g = golden("0030 0001 'k' 0004 'addr' 0002 0001 'a' 0009 0001 'b' 0020 000d");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlType    *type = cql_type_read(&r, &arena);

	/* the tree owns its names: the frame may go */
	free(g.data);
	assert_non_null(type);
	assert_int_equal(type->id, CQL_TYPE_UDT);
	assert_string_equal(type->keyspace, "k");
	assert_string_equal(type->name, "addr");
	assert_int_equal(type->count, 2);
	assert_string_equal(type->field[0], "a");
	assert_string_equal(type->field[1], "b");
	assert_int_equal(type->child[0]->id, CQL_TYPE_INT);
	assert_format(type->child[1], "list<text>");
	cql_arena_free(&arena);
}

static void
test_custom_options(void **state)
{
	/* what Cassandra sends for types younger than the protocol version */
	check_option("0000 002c '" M "DurationType'", "duration");
	check_option("0000 002e '" M "SimpleDateType'", "date");
	check_option("0000 0028 '" M "TimeType'", "time");
	check_option("0000 0029 '" M "ShortType'", "smallint");
	check_option("0000 0028 '" M "ByteType'", "tinyint");
	check_option("0000 0059 '" M "VectorType(" M "FloatType , 3)'", "vector<float, 3>");
	check_option("0000 000d 'com.acme.Foo'", NULL);
	check_option("0000 000c 'com.acme.Foo'", "'com.acme.Foo'");
	check_option("0020 0000 000c 'com.acme.Foo'", "list<'com.acme.Foo'>");
}

static void
test_malformed_options(void **state)
{
	check_option("", NULL);
	check_option("00", NULL);
	check_option("000a", NULL);
	check_option("0016", NULL);
	check_option("0100", NULL);
	check_option("ffff", NULL);
	check_option("0020", NULL);
	check_option("0021 0009", NULL);
	check_option("0031 0002 0009", NULL);
	check_option("0031 ffff 0009", NULL);
	check_option("0030 0001 'k' 0001 't' ffff 0001 'a' 0009", NULL);
	check_option("0030 0001 'k' 0001 't' 0001 0001 'a'", NULL);
	check_option("0030 0001 'k' 0003 't' 00 't' 0001 0001 'a' 0009", NULL);
	check_option("0000 0000", NULL);
}

static CqlType *
read_nested_lists(int depth, CqlArena *arena)
{
	CqlBuffer	b = {0};
	CqlReader	r;
	CqlType    *type;

	for (int i = 0; i < depth; i++)
		cql_put_u16(&b, CQL_TYPE_LIST);
	cql_put_u16(&b, CQL_TYPE_INT);
	r = cql_reader(b.data, b.len);
	type = cql_type_read(&r, arena);
	cql_buffer_free(&b);
	return type;
}

static void
test_depth_of_options(void **state)
{
	CqlArena	arena = {0};

	assert_non_null(read_nested_lists(CQL_TYPE_MAX_DEPTH - 1, &arena));
	assert_null(read_nested_lists(CQL_TYPE_MAX_DEPTH, &arena));
	assert_null(read_nested_lists(100, &arena));
	assert_null(read_nested_lists(1000000, &arena));
	assert_false(arena.failed);
	cql_arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native_options),
		cmocka_unit_test(test_nested_options),
		cmocka_unit_test(test_udt_option),
		cmocka_unit_test(test_custom_options),
		cmocka_unit_test(test_malformed_options),
		cmocka_unit_test(test_depth_of_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
