/* Type trees from the wire, from class names and from schema text. */
#include "hex.h"

#include "cql/type.h"

#define M "org.apache.cassandra.db.marshal."

/* ---- what a tree is, as text ---- */

static void
assert_format(const CqlType *type, const char *expected)
{
	CqlBuffer	b = {0};

	assert_non_null(type);
	cql_type_format(type, &b);
	assert_false(b.failed);
	assert_int_equal(b.len, strlen(expected));
	assert_string_equal((const char *) b.data, expected);
	cql_buffer_free(&b);
}

/* From a block of exactly its size. NULL: the text must be refused, and not as memory is out. */
static void
check_class(const char *text, const char *expected)
{
	CqlArena	arena = {0};
	Golden		g = golden_copy(text, strlen(text));
	CqlType    *type = cql_type_from_class((const char *) g.data, g.len, &arena);

	free(g.data);
	if (expected)
		assert_format(type, expected);
	else if (type)
		fail_msg("%s is accepted", text);
	assert_false(arena.failed);
	cql_arena_free(&arena);
}

static void
check_schema(const char *text, const char *expected)
{
	CqlArena	arena = {0};
	Golden		g = golden_copy(text, strlen(text));
	CqlType    *type = cql_type_from_schema((const char *) g.data, g.len, &arena, NULL, NULL);

	free(g.data);
	if (expected)
		assert_format(type, expected);
	else if (type)
		fail_msg("%s is accepted", text);
	assert_false(arena.failed);
	cql_arena_free(&arena);
}

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

/* ---- wire options ---- */

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

/* ---- class names ---- */

static void
test_plain_classes(void **state)
{
	static const char *const classes[][2] = {
		{M "AsciiType", "ascii"}, {M "BytesType", "blob"}, {M "BooleanType", "boolean"},
		{M "ByteType", "tinyint"}, {M "CounterColumnType", "counter"}, {M "DateType", "timestamp"},
		{M "DecimalType", "decimal"}, {M "DoubleType", "double"}, {M "DurationType", "duration"},
		{M "FloatType", "float"}, {M "InetAddressType", "inet"}, {M "Int32Type", "int"},
		{M "IntegerType", "varint"}, {M "LongType", "bigint"}, {M "ShortType", "smallint"},
		{M "SimpleDateType", "date"}, {M "TimeType", "time"}, {M "TimestampType", "timestamp"},
		{M "TimeUUIDType", "timeuuid"}, {M "UTF8Type", "text"}, {M "UUIDType", "uuid"},
		{"Int32Type", "int"}, {"com.acme.Int32Type", "'com.acme.Int32Type'"},
		{M "EmptyType", "'" M "EmptyType'"},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		check_class(classes[i][0], classes[i][1]);
}

static void
test_generic_classes(void **state)
{
	check_class(M "ListType(" M "Int32Type)", "list<int>");
	check_class(M "SetType(" M "UTF8Type)", "set<text>");
	check_class(M "MapType(" M "UTF8Type," M "LongType)", "map<text, bigint>");
	check_class(M "TupleType(" M "Int32Type," M "UTF8Type," M "DoubleType)", "tuple<int, text, double>");
	check_class(M "FrozenType(" M "ListType(" M "Int32Type))", "frozen<list<int>>");
	check_class(M "ReversedType(" M "TimestampType)", "timestamp");
	check_class("MapType(UTF8Type,FrozenType(TupleType(ListType(Int32Type),UUIDType)))",
				"map<text, frozen<tuple<list<int>, uuid>>>");
}

static void
test_vector_classes(void **state)
{
	check_class(M "VectorType(" M "FloatType , 3)", "vector<float, 3>");
	check_class(M "VectorType(" M "FloatType, 1536)", "vector<float, 1536>");
	check_class("VectorType(FloatType,2147483647)", "vector<float, 2147483647>");
	check_class("VectorType(VectorType(Int32Type , 2) , 2)", "vector<vector<int, 2>, 2>");
	check_class("VectorType(FrozenType(ListType(Int32Type)) , 1)", "vector<frozen<list<int>>, 1>");
	check_class("VectorType(FloatType , 0)", NULL);
	check_class("VectorType(FloatType , -1)", NULL);
	check_class("VectorType(FloatType , 2147483648)", NULL);
	check_class("VectorType(FloatType , 99999999999999999999)", NULL);
	check_class("VectorType(FloatType , )", NULL);
	check_class("VectorType(FloatType , x)", NULL);
	check_class("VectorType(FloatType)", NULL);
	check_class("VectorType( , 3)", NULL);
}

static void
test_class_white_space(void **state)
{
	check_class(" \t MapType ( UTF8Type \n,\r Int32Type ) ", "map<text, int>");
	check_class("UserType( ks , 61 , 62 : Int32Type )", "a");
}

static void
test_user_class(void **state)
{
	static const char text[] = M "UserType(my_ks,61646472,6e616d65:" M "UTF8Type,7a6970:"
		M "FrozenType(" M "ListType(" M "Int32Type)))";
	CqlArena	arena = {0};
	CqlType    *type = cql_type_from_class(text, strlen(text), &arena);

	assert_non_null(type);
	assert_int_equal(type->id, CQL_TYPE_UDT);
	assert_string_equal(type->keyspace, "my_ks");
	assert_string_equal(type->name, "addr");
	assert_int_equal(type->count, 2);
	assert_string_equal(type->field[0], "name");
	assert_string_equal(type->field[1], "zip");
	assert_format(type->child[1], "frozen<list<int>>");
	cql_arena_free(&arena);
}

static void
test_malformed_user_classes(void **state)
{
	check_class("UserType()", NULL);
	check_class("UserType(ks)", NULL);
	check_class("UserType(ks,6)", NULL);
	check_class("UserType(ks,6g)", NULL);
	check_class("UserType(ks,6100)", NULL);
	check_class("UserType(ks,61,62)", NULL);
	check_class("UserType(ks,61,62:)", NULL);
	check_class("UserType(ks,61,:Int32Type)", NULL);
	check_class("UserType(ks,61,62:Int32Type", NULL);
}

static void
test_unknown_classes_keep_their_text(void **state)
{
	check_class("com.acme.Outer$Inner", "'com.acme.Outer$Inner'");
	check_class("CompositeType(Int32Type,UTF8Type)", "'CompositeType(Int32Type,UTF8Type)'");
	check_class("ListType(DynamicCompositeType(s=>UTF8Type,(i=>Int32Type)))",
				"list<'DynamicCompositeType(s=>UTF8Type,(i=>Int32Type))'>");
	check_class("Unknown(", NULL);
	check_class("Unknown(a(b)", NULL);
	check_class("Unknown)", NULL);
}

static void
test_malformed_classes(void **state)
{
	static const char *const texts[] = {
		"", " ", "(", ")", ",", "ListType", "ListType(", "ListType()", "ListType(Int32Type", "ListType(Int32Type))",
		"ListType(Int32Type,Int32Type)", "MapType(Int32Type)", "MapType(Int32Type,)", "Int32Type(Int32Type)",
		"Int32Type Int32Type", "FrozenType", "FrozenType()", "TupleType(,)", "TupleType()", "ListType(ListType)",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_class(texts[i], NULL);
}

/* Text with n openings in front of int and n closings behind. */
static CqlBuffer
nested_text(const char *open, const char *leaf, char close, int n)
{
	CqlBuffer	b = {0};

	for (int i = 0; i < n; i++)
		cql_put_raw(&b, open, strlen(open));
	cql_put_raw(&b, leaf, strlen(leaf));
	for (int i = 0; i < n; i++)
		cql_put_u8(&b, (uint8_t) close);
	return b;
}

static void
test_depth_of_text(void **state)
{
	static const int depths[] = {CQL_TYPE_MAX_DEPTH - 1, CQL_TYPE_MAX_DEPTH, 100, 100000};
	CqlArena	arena = {0};

	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
	{
		bool		fits = depths[i] < CQL_TYPE_MAX_DEPTH;
		CqlBuffer	class = nested_text("ListType(", "Int32Type", ')', depths[i]);
		CqlBuffer	frozen = nested_text("FrozenType(", "Int32Type", ')', depths[i]);
		CqlBuffer	schema = nested_text("tuple<", "int", '>', depths[i]);

		assert_int_equal(cql_type_from_class((char *) class.data, class.len, &arena) != NULL, fits);
		assert_int_equal(cql_type_from_class((char *) frozen.data, frozen.len, &arena) != NULL, fits);
		assert_int_equal(cql_type_from_schema((char *) schema.data, schema.len, &arena, NULL, NULL) != NULL, fits);
		cql_buffer_free(&class);
		cql_buffer_free(&frozen);
		cql_buffer_free(&schema);
	}
	assert_false(arena.failed);
	cql_arena_free(&arena);
}

/* ---- schema text ---- */

/* By its id: an unknown name would be a user type, which prints the same. */
static void
test_schema_names(void **state)
{
	static const struct
	{
		const char *name;
		uint16_t	id;
	}			natives[] = {
		{"ascii", 0x01}, {"bigint", 0x02}, {"blob", 0x03}, {"boolean", 0x04}, {"counter", 0x05},
		{"decimal", 0x06}, {"double", 0x07}, {"float", 0x08}, {"int", 0x09}, {"timestamp", 0x0b},
		{"uuid", 0x0c}, {"text", 0x0d}, {"varchar", 0x0d}, {"varint", 0x0e}, {"timeuuid", 0x0f},
		{"inet", 0x10}, {"date", 0x11}, {"time", 0x12}, {"smallint", 0x13}, {"tinyint", 0x14},
		{"duration", 0x15}, {"list<int>", 0x20}, {"map<int, int>", 0x21}, {"set<int>", 0x22},
		{"addr", 0x30}, {"tuple<int>", 0x31},
	};

	for (size_t i = 0; i < sizeof(natives) / sizeof(natives[0]); i++)
	{
		CqlArena	arena = {0};
		CqlType    *type = cql_type_from_schema(natives[i].name, strlen(natives[i].name), &arena, NULL, NULL);

		assert_non_null(type);
		assert_int_equal(type->id, natives[i].id);
		cql_arena_free(&arena);
	}
}

static void
test_schema_text(void **state)
{
	check_schema("int", "int");
	check_schema("varchar", "text");
	check_schema("INT", "int");
	check_schema("map<text, frozen<list<int>>>", "map<text, frozen<list<int>>>");
	check_schema("frozen<map<text,frozen<set<uuid>>>>", "frozen<map<text, frozen<set<uuid>>>>");
	check_schema("tuple<int, text, tuple<float, double>>", "tuple<int, text, tuple<float, double>>");
	check_schema("vector<float, 1536>", "vector<float, 1536>");
	check_schema(" vector < vector<int , 2> , 3 > ", "vector<vector<int, 2>, 3>");
	check_schema("'" M "VectorType(" M "FloatType , 3)'", "vector<float, 3>");
	check_schema("list<'com.acme.Foo(a,b)'>", "list<'com.acme.Foo(a,b)'>");
}

static void
test_schema_user_types(void **state)
{
	check_schema("addr", "addr");
	check_schema("frozen<addr>", "frozen<addr>");
	check_schema("frozen<\"Addr\">", "frozen<\"Addr\">");
	check_schema("Addr", "addr");
	check_schema("\"a\"\"b\"", "\"a\"\"b\"");
	check_schema("\"int\"", "\"int\"");
	check_schema("\"\"\"\"", "\"\"\"\"");
	check_schema("tuple<\"a,b<\", int, \"c>\">", "tuple<\"a,b<\", int, \"c>\">");
	check_schema("list", "list");
}

static void
test_malformed_schema_text(void **state)
{
	static const char *const texts[] = {
		"", " ", "<", "int>", "int int", "list<", "list<>", "list<int", "list<int>>", "list<int,int>", "map<int>",
		"map<int,int,int>", "vector<float>", "vector<float, 0>", "vector<float, 3, 3>", "frozen<int,int>", "frozen<>",
		"addr<int>", "\"", "\"\"", "\"a", "\"a\"\"", "'", "''", "'com.acme", "ks.addr", "tuple<>", "tuple<int,>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_schema(texts[i], NULL);
}

/* Knows "addr", and counts how often it was asked. */
static CqlType *
resolve_addr(const char *name, void *context, CqlArena *arena)
{
	static const char text[] = "UserType(ks,61646472,61:Int32Type)";

	*(int *) context += 1;
	return strcmp(name, "addr") == 0 ? cql_type_from_class(text, strlen(text), arena) : NULL;
}

static void
test_resolver(void **state)
{
	static const char text[] = "tuple<frozen<addr>, ADDR, \"Addr\", int>";
	CqlArena	arena = {0};
	int			asked = 0;
	CqlType    *type = cql_type_from_schema(text, strlen(text), &arena, resolve_addr, &asked);

	assert_non_null(type);
	assert_int_equal(asked, 3);
	assert_true(type->child[0]->frozen);
	assert_int_equal(type->child[0]->count, 1);
	assert_string_equal(type->child[0]->field[0], "a");
	assert_false(type->child[1]->frozen);
	assert_int_equal(type->child[1]->count, 1);
	assert_int_equal(type->child[2]->id, CQL_TYPE_UDT);
	assert_string_equal(type->child[2]->name, "Addr");
	assert_int_equal(type->child[2]->count, 0);
	cql_arena_free(&arena);
}

/* ---- equality, sizes ---- */

static void
check_equal(const char *a, const char *b, bool expected)
{
	CqlArena	arena = {0};
	CqlType    *left = cql_type_from_class(a, strlen(a), &arena);
	CqlType    *right = cql_type_from_class(b, strlen(b), &arena);

	assert_non_null(left);
	assert_non_null(right);
	assert_int_equal(cql_type_equal(left, right), expected);
	assert_int_equal(cql_type_equal(right, left), expected);
	assert_true(cql_type_equal(left, left));
	cql_arena_free(&arena);
}

static void
test_equality(void **state)
{
	check_equal("ListType(Int32Type)", "FrozenType(ListType(Int32Type))", true);
	check_equal("ListType(Int32Type)", "ListType(LongType)", false);
	check_equal("ListType(Int32Type)", "SetType(Int32Type)", false);
	check_equal("TupleType(Int32Type)", "TupleType(Int32Type,Int32Type)", false);
	check_equal("VectorType(FloatType,3)", "VectorType(FloatType,4)", false);
	check_equal("com.acme.A", "com.acme.B", false);
	check_equal("com.acme.A", "com.acme.A", true);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(k,61,62:Int32Type)", true);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(l,61,62:Int32Type)", false);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(k,63,62:Int32Type)", false);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(k,61,63:Int32Type)", false);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(k,61,62:LongType)", false);
	check_equal("UserType(k,61,62:Int32Type)", "UserType(k,61)", false);
}

static void
check_accepts(const char *now, const char *before, bool expected)
{
	CqlArena	arena = {0};

	assert_int_equal(cql_type_accepts(cql_type_from_class(now, strlen(now), &arena),
									  cql_type_from_class(before, strlen(before), &arena)), expected);
	cql_arena_free(&arena);
}

static void
test_grown_user_types(void **state)
{
	check_accepts("UserType(k,61,62:Int32Type)", "UserType(k,61,62:Int32Type)", true);
	check_accepts("UserType(k,61,62:Int32Type,63:UTF8Type)", "UserType(k,61,62:Int32Type)", true);
	check_accepts("UserType(k,61,62:Int32Type)", "UserType(k,61,62:Int32Type,63:UTF8Type)", false);
	check_accepts("UserType(k,61,63:UTF8Type,62:Int32Type)", "UserType(k,61,62:Int32Type)", false);
	check_accepts("UserType(k,61,64:Int32Type,63:UTF8Type)", "UserType(k,61,62:Int32Type)", false);
	check_accepts("UserType(k,61,62:LongType,63:UTF8Type)", "UserType(k,61,62:Int32Type)", false);
	check_accepts("ListType(UserType(k,61,62:Int32Type,63:UTF8Type))", "ListType(UserType(k,61,62:Int32Type))", true);
	check_accepts("UserType(k,61,62:UserType(k,65,62:Int32Type,63:UTF8Type),63:UTF8Type)",
				  "UserType(k,61,62:UserType(k,65,62:Int32Type))", true);
	check_accepts("TupleType(Int32Type,UTF8Type)", "TupleType(Int32Type)", false);
}

static void
check_size(const char *class, uint32_t expected)
{
	CqlArena	arena = {0};
	CqlType    *type = cql_type_from_class(class, strlen(class), &arena);

	assert_non_null(type);
	assert_int_equal(cql_type_fixed_size(type), expected);
	cql_arena_free(&arena);
}

static void
test_sizes_in_vectors(void **state)
{
	static const char *const with_length[] = {
		"SimpleDateType", "TimeType", "ShortType", "ByteType", "InetAddressType", "DecimalType", "DurationType",
		"UTF8Type", "AsciiType", "BytesType", "IntegerType", "ListType(Int32Type)", "TupleType(Int32Type)",
		"UserType(k,61,62:Int32Type)", "VectorType(UTF8Type,2)", "com.acme.Foo",
	};

	check_size("BooleanType", 1);
	check_size("Int32Type", 4);
	check_size("FloatType", 4);
	check_size("LongType", 8);
	check_size("DoubleType", 8);
	check_size("TimestampType", 8);
	check_size("UUIDType", 16);
	check_size("TimeUUIDType", 16);
	check_size("VectorType(Int32Type,3)", 12);
	check_size("VectorType(VectorType(UUIDType,2),3)", 96);
	check_size("VectorType(VectorType(UUIDType,2147483647),2147483647)", UINT32_MAX);
	for (size_t i = 0; i < sizeof(with_length) / sizeof(with_length[0]); i++)
		check_size(with_length[i], 0);
}

static void
test_format_appends(void **state)
{
	CqlArena	arena = {0};
	CqlBuffer	b = {0};
	CqlType    *type = cql_type_from_class("Int32Type", 9, &arena);

	cql_put_raw(&b, "a ", 2);
	cql_type_format(type, &b);
	cql_put_raw(&b, " b", 2);
	assert_written(&b, "'a int b'");
	cql_buffer_free(&b);
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
		cmocka_unit_test(test_plain_classes),
		cmocka_unit_test(test_generic_classes),
		cmocka_unit_test(test_vector_classes),
		cmocka_unit_test(test_class_white_space),
		cmocka_unit_test(test_user_class),
		cmocka_unit_test(test_malformed_user_classes),
		cmocka_unit_test(test_unknown_classes_keep_their_text),
		cmocka_unit_test(test_malformed_classes),
		cmocka_unit_test(test_depth_of_text),
		cmocka_unit_test(test_schema_names),
		cmocka_unit_test(test_schema_text),
		cmocka_unit_test(test_schema_user_types),
		cmocka_unit_test(test_malformed_schema_text),
		cmocka_unit_test(test_resolver),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_grown_user_types),
		cmocka_unit_test(test_sizes_in_vectors),
		cmocka_unit_test(test_format_appends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
