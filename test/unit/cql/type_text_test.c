/* Type trees from class names and from schema text. */
#include "type_tree.h"

#include "cql/type_text.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
