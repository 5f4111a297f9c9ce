/* Vints, floats, durations, elements, text and uuids: bytes that a server gave or took. */
#include "hex.h"

#include <math.h>

#include "cql/type_text.h"
#include "cql/value.h"

/* ---- vints ---- */

static void
check_unsigned_vint(uint64_t v, const char *bytes)
{
	CqlBuffer	b = {0};
	Golden		g = golden(bytes);
	CqlReader	r = cql_reader(g.data, g.len);

	assert_int_equal(cql_get_unsigned_vint(&r), v);
	assert_false(r.failed);
	assert_int_equal(cql_reader_left(&r), 0);
	for (size_t len = 0; len < g.len; len++)
	{
		Golden		cut = golden_copy(g.data, len);

		r = cql_reader(cut.data, cut.len);
		assert_int_equal(cql_get_unsigned_vint(&r), 0);
		assert_true(r.failed);
		free(cut.data);
	}
	cql_put_unsigned_vint(&b, v);
	assert_written(&b, bytes);
	cql_buffer_free(&b);
	free(g.data);
}

static void
test_unsigned_vints(void **state)
{
	check_unsigned_vint(0, "00");
	check_unsigned_vint(1, "01");
	check_unsigned_vint(127, "7f");
	check_unsigned_vint(128, "8080");
	check_unsigned_vint(130, "8082");
	check_unsigned_vint(255, "80ff");
	check_unsigned_vint(256, "8100");
	check_unsigned_vint(16383, "bfff");
	check_unsigned_vint(16384, "c04000");
	check_unsigned_vint((1 << 21) - 1, "dfffff");
	check_unsigned_vint(1 << 21, "e0200000");
	check_unsigned_vint(UINT64_C(1) << 32, "f100000000");
	check_unsigned_vint((UINT64_C(1) << 56) - 1, "feffffffffffffff");
	check_unsigned_vint(UINT64_C(1) << 56, "ff0100000000000000");
	check_unsigned_vint(UINT64_MAX, "ffffffffffffffffff");
}

static void
check_vint(int64_t v, const char *bytes)
{
	CqlBuffer	b = {0};
	Golden		g = golden(bytes);
	CqlReader	r = cql_reader(g.data, g.len);

	assert_int_equal(cql_get_vint(&r), v);
	assert_false(r.failed);
	cql_put_vint(&b, v);
	assert_written(&b, bytes);
	cql_buffer_free(&b);
	free(g.data);
}

static void
test_vints(void **state)
{
	check_vint(0, "00");
	check_vint(1, "02");
	check_vint(-1, "01");
	check_vint(63, "7e");
	check_vint(64, "8080");
	check_vint(-64, "7f");
	check_vint(-65, "8081");
	check_vint(8191, "bffe");
	check_vint(8192, "c04000");
	check_vint(INT64_MAX, "fffffffffffffffffe");
	check_vint(INT64_MIN, "ffffffffffffffffff");
}

static void
test_vints_of_every_width(void **state)
{
	CqlBuffer	b = {0};

	for (int shift = 0; shift < 64; shift++)
	{
		for (int64_t near = -2; near <= 2; near++)
		{
			uint64_t	v = (UINT64_C(1) << shift) + (uint64_t) near;
			CqlReader	r;

			cql_buffer_reset(&b);
			cql_put_unsigned_vint(&b, v);
			cql_put_vint(&b, (int64_t) v);
			r = cql_reader(b.data, b.len);
			assert_int_equal(cql_get_unsigned_vint(&r), v);
			assert_int_equal(cql_get_vint(&r), (int64_t) v);
			assert_false(r.failed);
			assert_int_equal(cql_reader_left(&r), 0);
		}
	}
	cql_buffer_free(&b);
}

/* ---- floats ---- */

static void
test_floats(void **state)
{
	static const float three[] = {1.0f, 2.0f, 3.0f};
	static const double two[] = {1.5, -0.0};
	CqlBuffer	b = {0};

	cql_put_floats(&b, three, 3);
	assert_written(&b, "3f8000004000000040400000");
	cql_put_floats(&b, three, 0);
	cql_put_doubles(&b, two, 0);
	assert_written(&b, "");
	cql_put_doubles(&b, two, 2);
	assert_written(&b, "3ff8000000000000 8000000000000000");
	cql_buffer_free(&b);
}

/* Every length around a block of lanes, at odd addresses, with values that are no numbers. */
static void
test_float_arrays_round_trip(void **state)
{
	for (size_t n = 0; n < 40; n++)
	{
		float	   *f = malloc((n + 1) * sizeof(*f));
		double	   *d = malloc((n + 1) * sizeof(*d));
		float	   *f2 = malloc((n + 1) * sizeof(*f2));
		double	   *d2 = malloc((n + 1) * sizeof(*d2));
		CqlBuffer	b = {0};
		Golden		g;

		for (size_t i = 0; i < n; i++)
		{
			f[i] = i % 7 == 3 ? NAN : (float) i * -1.25f;
			d[i] = i % 7 == 5 ? -INFINITY : (double) i / 3;
		}
		cql_put_u8(&b, 0xAA);
		cql_put_floats(&b, f, n);
		cql_put_doubles(&b, d, n);
		assert_int_equal(b.len, 1 + 12 * n);
		g = golden_copy(b.data, b.len);
		for (size_t i = 0; i < n; i++)
		{
			uint32_t	bits;

			memcpy(&bits, &f[i], 4);
			assert_int_equal(cql_load_u32(g.data + 1 + 4 * i), bits);
		}
		cql_get_floats(g.data + 1, f2, n);
		cql_get_doubles(g.data + 1 + 4 * n, d2, n);
		assert_memory_equal(f, f2, n * sizeof(*f));
		assert_memory_equal(d, d2, n * sizeof(*d));
		free(g.data);
		cql_buffer_free(&b);
		free(f);
		free(d);
		free(f2);
		free(d2);
	}
}

static void
test_absurd_array_fails(void **state)
{
	CqlBuffer	b = {0};

	cql_put_floats(&b, NULL, SIZE_MAX / 4 + 1);
	assert_true(b.failed);
	cql_buffer_reset(&b);
	cql_put_doubles(&b, NULL, SIZE_MAX);
	assert_true(b.failed);
	cql_buffer_free(&b);
}

/* ---- duration ---- */

static void
check_duration(int32_t months, int32_t days, int64_t nanos, const char *bytes)
{
	CqlDuration d = {months, days, nanos};
	CqlDuration back;
	CqlBuffer	b = {0};
	Golden		g = golden(bytes);

	assert_true(cql_duration_valid(&d));
	assert_true(cql_get_duration(golden_bytes(g), &back));
	assert_int_equal(back.months, months);
	assert_int_equal(back.days, days);
	assert_int_equal(back.nanos, nanos);
	for (size_t len = 0; len < g.len; len++)
	{
		Golden		cut = golden_copy(g.data, len);

		assert_false(cql_get_duration(golden_bytes(cut), &back));
		free(cut.data);
	}
	cql_put_duration(&b, &d);
	assert_written(&b, bytes);
	cql_buffer_free(&b);
	free(g.data);
}

static void
test_durations(void **state)
{
	check_duration(1, 2, 3, "020406");
	check_duration(-1, -2, -3, "010305");
	check_duration(14, 3, INT64_C(14706) * 1000000000, "1c 06 fc1ac003cfe800");
	check_duration(0, 0, 0, "000000");
	check_duration(0, 0, 500000000, "0000f03b9aca00");
	check_duration(0, 0, INT64_C(320688) * 1000000000, "0000fe024753fca5c000");
	check_duration(INT32_MAX, INT32_MAX, INT64_MAX, "f0fffffffe f0fffffffe fffffffffffffffffe");
	check_duration(INT32_MIN, INT32_MIN, INT64_MIN, "f0ffffffff f0ffffffff ffffffffffffffffff");
}

static bool
duration_accepted(const char *bytes)
{
	CqlDuration d;
	Golden		g = golden(bytes);
	bool		ok = cql_get_duration(golden_bytes(g), &d);

	free(g.data);
	return ok;
}

static void
test_bad_durations(void **state)
{
	static const CqlDuration mixed[] = {{1, -1, 0}, {0, 1, -1}, {-1, 0, 1}};
	const CqlBytes null = {NULL, -1};
	CqlDuration d;

	assert_true(duration_accepted("020406 ff"));
	assert_false(duration_accepted("020106"));
	assert_false(duration_accepted("f100000000 00 00"));	/* 2^31 months */
	assert_false(duration_accepted("00 f100000001 00"));
	assert_false(cql_get_duration(null, &d));
	for (size_t i = 0; i < 3; i++)
		assert_false(cql_duration_valid(&mixed[i]));
}

/* ---- elements ---- */

typedef struct Expected
{
	CqlTypeId	type;
	const char *bytes;			/* NULL for null */
} Expected;

/*
 * The elements of a value of a class, each as expected up to id CUSTOM. With
 * n -1 the value must be refused, wherever that shows.
 */
static void
check_elements(const char *class, const char *bytes, const Expected *expected, int n)
{
	CqlArena	arena = {0};
	CqlType    *type = cql_type_from_class(class, strlen(class), &arena);
	Golden		g = golden(bytes);
	CqlElements it;
	const CqlType *element;
	CqlBytes	value;
	int			i = 0;

	assert_non_null(type);
	cql_elements_begin(&it, type, golden_bytes(g));
	while (cql_elements_next(&it, &element, &value))
	{
		if (n < 0)
			continue;
		assert_true(i < n);
		assert_int_equal(element->id, expected[i].type);
		if (expected[i].bytes)
			assert_golden(value.data, (size_t) value.len, expected[i].bytes);
		else
			assert_int_equal(value.len, -1);
		i++;
	}
	if (it.r.failed != (n < 0))
		fail_msg("%s %s", class, bytes);
	assert_false(cql_elements_next(&it, &element, &value));
	if (n >= 0)
		assert_int_equal(i, n);
	cql_arena_free(&arena);
	free(g.data);
}

static void
refuse_elements(const char *class, const char *bytes)
{
	check_elements(class, bytes, NULL, -1);
}

#define LIST_INT "ListType(Int32Type)"
#define MAP_TEXT_INT "MapType(UTF8Type,Int32Type)"
#define TUPLE_INT_TEXT "TupleType(Int32Type,UTF8Type)"
#define UDT_INT_TEXT "UserType(k,74,61:Int32Type,62:UTF8Type)"

static void
test_lists_and_sets(void **state)
{
	static const Expected ints[] = {{CQL_TYPE_INT, "00000001"}, {CQL_TYPE_INT, "00000002"}};
	static const Expected texts[] = {{CQL_TYPE_TEXT, "'a'"}, {CQL_TYPE_TEXT, "'b'"}};
	static const Expected nulls[] = {{CQL_TYPE_INT, NULL}, {CQL_TYPE_INT, ""}};

	check_elements(LIST_INT, "00000002 00000004 00000001 00000004 00000002", ints, 2);
	check_elements("SetType(UTF8Type)", "00000002 00000001 61 00000001 62", texts, 2);
	check_elements(LIST_INT, "00000000", NULL, 0);
	check_elements(LIST_INT, "00000002 ffffffff 00000000", nulls, 2);
}

static void
test_maps(void **state)
{
	static const Expected pairs[] = {
		{CQL_TYPE_TEXT, "'a'"}, {CQL_TYPE_INT, "00000001"}, {CQL_TYPE_TEXT, "'b'"}, {CQL_TYPE_INT, "00000002"}
	};

	check_elements(MAP_TEXT_INT, "00000002 00000001 61 00000004 00000001 00000001 62 00000004 00000002", pairs, 4);
	check_elements(MAP_TEXT_INT, "00000000", NULL, 0);
	refuse_elements(MAP_TEXT_INT, "00000001 00000001 61");
	refuse_elements(MAP_TEXT_INT, "80000000 00000001 61");
	refuse_elements(MAP_TEXT_INT, "7fffffff 00000001 61 00000004 00000001");
}

static void
test_bad_collections(void **state)
{
	refuse_elements(LIST_INT, "");
	refuse_elements(LIST_INT, "000000");
	refuse_elements(LIST_INT, "ffffffff");
	refuse_elements(LIST_INT, "7fffffff");
	refuse_elements(LIST_INT, "00000001");
	refuse_elements(LIST_INT, "00000001 00000004 000000");
	refuse_elements(LIST_INT, "00000001 7fffffff 00");
	refuse_elements(LIST_INT, "00000001 00000004 00000001 00");
	refuse_elements(LIST_INT, "00000000 00");
	refuse_elements("Int32Type", "00000001");
	refuse_elements("com.acme.Foo", "00000000");
}

static void
test_records(void **state)
{
	static const Expected both[] = {{CQL_TYPE_INT, "00000001"}, {CQL_TYPE_TEXT, "'x'"}};
	static const Expected first[] = {{CQL_TYPE_INT, "00000001"}, {CQL_TYPE_TEXT, NULL}};
	static const Expected second[] = {{CQL_TYPE_INT, NULL}, {CQL_TYPE_TEXT, "'x'"}};
	static const Expected neither[] = {{CQL_TYPE_INT, NULL}, {CQL_TYPE_TEXT, NULL}};
	static const char *const classes[] = {TUPLE_INT_TEXT, UDT_INT_TEXT};

	for (int i = 0; i < 2; i++)
	{
		check_elements(classes[i], "00000004 00000001 00000001 78", both, 2);
		check_elements(classes[i], "00000004 00000001 ffffffff", first, 2);
		check_elements(classes[i], "ffffffff 00000001 78", second, 2);
		check_elements(classes[i], "ffffffff ffffffff", neither, 2);
		/* short: written before the type grew; long: written before this reader learnt of it */
		check_elements(classes[i], "00000004 00000001", first, 2);
		check_elements(classes[i], "", neither, 2);
		check_elements(classes[i], "00000004 00000001 00000001 78 00000004 00000007", both, 2);
		refuse_elements(classes[i], "00");
		refuse_elements(classes[i], "00000004 00000001 0000");
		refuse_elements(classes[i], "00000005 00000001");
	}
}

static void
test_vectors_of_fixed_size(void **state)
{
	static const Expected floats[] = {
		{CQL_TYPE_FLOAT, "3f800000"}, {CQL_TYPE_FLOAT, "40000000"}, {CQL_TYPE_FLOAT, "40400000"}
	};
	static const Expected booleans[] = {{CQL_TYPE_BOOLEAN, "01"}, {CQL_TYPE_BOOLEAN, "00"}};
	static const Expected uuid[] = {{CQL_TYPE_TIMEUUID, "8ac6d1dcfbeb11e4b9390800200c9a66"}};
	static const Expected vectors[] = {
		{CQL_TYPE_VECTOR, "0000000100000002"}, {CQL_TYPE_VECTOR, "0000000300000004"}
	};

	check_elements("VectorType(FloatType , 3)", "3f8000004000000040400000", floats, 3);
	check_elements("VectorType(BooleanType , 2)", "01 00", booleans, 2);
	check_elements("VectorType(TimeUUIDType , 1)", "8ac6d1dcfbeb11e4b9390800200c9a66", uuid, 1);
	check_elements("VectorType(VectorType(Int32Type , 2) , 2)", "00000001000000020000000300000004", vectors, 2);
	refuse_elements("VectorType(FloatType , 3)", "");
	refuse_elements("VectorType(FloatType , 3)", "3f80000040000000404000");
	refuse_elements("VectorType(FloatType , 3)", "3f800000400000004040000000");
	refuse_elements("VectorType(FloatType , 2147483647)", "3f800000");
	refuse_elements("VectorType(VectorType(UUIDType,2147483647),2147483647)", "3f800000");
}

static void
test_vectors_with_lengths(void **state)
{
	static const Expected texts[] = {{CQL_TYPE_TEXT, "'a'"}, {CQL_TYPE_TEXT, "'bc'"}};
	static const Expected varints[] = {{CQL_TYPE_VARINT, "01"}, {CQL_TYPE_VARINT, "0080"}};
	static const Expected dates[] = {{CQL_TYPE_DATE, "80000000"}, {CQL_TYPE_DATE, "80000001"}};
	static const Expected smallints[] = {{CQL_TYPE_SMALLINT, "0001"}, {CQL_TYPE_SMALLINT, "0002"}};
	static const Expected lists[] = {{CQL_TYPE_LIST, "00000002 00000004 00000001 00000004 00000002"}};
	static const Expected empty[] = {{CQL_TYPE_TEXT, ""}, {CQL_TYPE_TEXT, ""}};

	check_elements("VectorType(UTF8Type , 2)", "01 61 02 6263", texts, 2);
	check_elements("VectorType(IntegerType , 2)", "0101 02 0080", varints, 2);
	check_elements("VectorType(SimpleDateType , 2)", "04 80000000 04 80000001", dates, 2);
	check_elements("VectorType(ShortType , 2)", "02 0001 02 0002", smallints, 2);
	check_elements("VectorType(FrozenType(ListType(Int32Type)) , 1)",
				   "14 00000002 00000004 00000001 00000004 00000002", lists, 1);
	check_elements("VectorType(UTF8Type , 2)", "0000", empty, 2);
	refuse_elements("VectorType(UTF8Type , 2)", "01 61");
	refuse_elements("VectorType(UTF8Type , 2)", "01 61 03 6263");
	refuse_elements("VectorType(UTF8Type , 2)", "01 61 02 6263 00");
	refuse_elements("VectorType(UTF8Type , 2)", "01 61 ff8000000000000001 62");
	refuse_elements("VectorType(UTF8Type , 2)", "01 61 f0");
	refuse_elements("VectorType(UTF8Type , 2147483647)", "0000");
}

static void
test_null_body(void **state)
{
	static const char *const classes[] = {LIST_INT, MAP_TEXT_INT, TUPLE_INT_TEXT, "VectorType(FloatType,3)"};
	const CqlBytes null = {NULL, -1};

	for (size_t i = 0; i < 4; i++)
	{
		CqlArena	arena = {0};
		CqlElements it;
		const CqlType *type;
		CqlBytes	value;

		assert_false(cql_elements_begin(&it, cql_type_from_class(classes[i], strlen(classes[i]), &arena), null));
		assert_false(cql_elements_next(&it, &type, &value));
		assert_true(it.r.failed);
		cql_arena_free(&arena);
	}
}

static void
test_writing_elements(void **state)
{
	CqlBuffer	b = {0};
	CqlArena	arena = {0};
	CqlType    *text = cql_type_from_class("UTF8Type", 8, &arena);
	CqlType    *integer = cql_type_from_class("Int32Type", 9, &arena);
	uint8_t		long_text[130];
	size_t		mark;

	cql_put_element_count(&b, 2);
	assert_written(&b, "00000002");

	cql_put_u8(&b, 0xAA);
	mark = cql_begin_vector_element(&b);
	cql_put_u8(&b, 'a');
	cql_end_vector_element(&b, mark, text);
	mark = cql_begin_vector_element(&b);
	cql_end_vector_element(&b, mark, text);
	mark = cql_begin_vector_element(&b);
	cql_put_u32(&b, 7);
	cql_end_vector_element(&b, mark, integer);
	assert_written(&b, "aa 01 61 00 00000007");

	memset(long_text, 'x', sizeof(long_text));
	mark = cql_begin_vector_element(&b);
	cql_put_raw(&b, long_text, sizeof(long_text));
	cql_end_vector_element(&b, mark, text);
	assert_int_equal(b.len, 132);
	assert_golden(b.data, 2, "8082");
	assert_memory_equal(b.data + 2, long_text, sizeof(long_text));

	cql_buffer_reset(&b);
	b.failed = true;
	mark = cql_begin_vector_element(&b);
	cql_end_vector_element(&b, mark, text);
	assert_int_equal(b.len, 0);
	cql_buffer_free(&b);
	cql_arena_free(&arena);
}

/* ---- text ---- */

static bool
utf8(const char *bytes)
{
	Golden		g = golden(bytes);
	bool		ok = cql_utf8_valid(g.data, g.len);

	free(g.data);
	return ok;
}

static void
test_utf8(void **state)
{
	static const char *const good[] = {
		"", "00", "'za' c5bc c3b3 c582 c487", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf",
		"f0908080", "f48fbfbf", "'12345678' c3b3 '123456' e282ac '12345678'", "'1234567' c3b3",
	};
	static const char *const bad[] = {
		"80", "bf", "c0", "c080", "c1bf", "c2", "c220", "c2c2", "e0", "e080", "e09fbf", "e0a0", "e0a020", "eda080",
		"edbfbf", "f0808080", "f08fbfbf", "f0908020", "f09080", "f4908080", "f5808080", "ff", "fe",
		"'12345678' ff", "'1234567' c3", "'12345678' 80 '1234567'",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		if (!utf8(good[i]))
			fail_msg("%s is refused", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		if (utf8(bad[i]))
			fail_msg("%s is accepted", bad[i]);
	}
}

/* Every code point, against the encoding written down independently. */
static void
test_utf8_of_every_code_point(void **state)
{
	for (uint32_t c = 0; c <= 0x1FFFFF; c++)
	{
		uint8_t		s[4];
		size_t		n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool		valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);

		for (size_t i = n; i-- > 1;)
			s[i] = 0x80 | ((c >> (6 * (n - 1 - i))) & 0x3F);
		s[0] = n == 1 ? (uint8_t) c : (uint8_t) ((0xF00 >> n) | (c >> (6 * (n - 1))));
		if (cql_utf8_valid(s, n) != valid)
			fail_msg("U+%04X", c);
	}
}

static void
test_ascii(void **state)
{
	uint8_t		s[40];

	memset(s, 'x', sizeof(s));
	assert_true(cql_ascii_valid(s, 0));
	for (size_t len = 1; len <= sizeof(s); len++)
	{
		assert_true(cql_ascii_valid(s, len));
		for (size_t i = 0; i < len; i++)
		{
			s[i] = 0x80;
			assert_false(cql_ascii_valid(s, len));
			s[i] = 0x7F;
			assert_true(cql_ascii_valid(s, len));
		}
	}
}

/* ---- uuid ---- */

static void
test_uuid(void **state)
{
	static const char text[] = "8ac6d1dc-fbeb-11e4-b939-0800200c9a66";
	uint8_t		uuid[16];
	char		out[37];

	assert_true(cql_uuid_parse(text, 36, uuid));
	assert_golden(uuid, 16, "8ac6d1dcfbeb11e4b9390800200c9a66");
	cql_uuid_format(uuid, out);
	assert_string_equal(out, text);
	assert_true(cql_uuid_parse("8AC6D1DC-FBEB-11E4-B939-0800200C9A66", 36, uuid));
	cql_uuid_format(uuid, out);
	assert_string_equal(out, text);
}

static void
test_bad_uuids(void **state)
{
	static const char text[] = "8ac6d1dc-fbeb-11e4-b939-0800200c9a66";
	uint8_t		uuid[16];

	for (size_t len = 0; len < 36; len++)
	{
		Golden		cut = golden_copy(text, len);

		assert_false(cql_uuid_parse((char *) cut.data, cut.len, uuid));
		free(cut.data);
	}
	for (size_t i = 0; i < 36; i++)
	{
		static const char wrong[] = "g-:0 ";

		for (size_t j = 0; j < 5; j++)
		{
			Golden		g = golden_copy(text, 36);
			bool		dash = text[i] == '-';

			g.data[i] = (uint8_t) wrong[j];
			/* a digit for a digit and a dash for a dash are all that is left right */
			assert_int_equal(cql_uuid_parse((char *) g.data, 36, uuid), wrong[j] == (dash ? '-' : '0'));
			free(g.data);
		}
	}
	assert_false(cql_uuid_parse("8ac6d1dc-fbeb-11e4-b939-0800200c9a660", 37, uuid));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unsigned_vints),
		cmocka_unit_test(test_vints),
		cmocka_unit_test(test_vints_of_every_width),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_float_arrays_round_trip),
		cmocka_unit_test(test_absurd_array_fails),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bad_durations),
		cmocka_unit_test(test_lists_and_sets),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_bad_collections),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_vectors_of_fixed_size),
		cmocka_unit_test(test_vectors_with_lengths),
		cmocka_unit_test(test_null_body),
		cmocka_unit_test(test_writing_elements),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_of_every_code_point),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_bad_uuids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
