/* What type trees are asked for. */
#include "hex.h"

#include "cql/type_build.h"
#include "cql/type_text.h"

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

static void
test_whole_trees(void **state)
{
	CqlArena	arena = {0};
	CqlType    *type = cql_type_from_class("ListType(ListType(Int32Type))", 29, &arena);

	assert_true(cql_type_is_whole(type, 3));
	assert_false(cql_type_is_whole(type, 2));
	type->child[0]->child[0] = NULL;
	assert_false(cql_type_is_whole(type, 3));
	cql_arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_grown_user_types),
		cmocka_unit_test(test_sizes_in_vectors),
		cmocka_unit_test(test_format_appends),
		cmocka_unit_test(test_whole_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
