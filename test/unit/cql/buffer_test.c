/* Writer, reader and arena. */
#include "hex.h"

static void
test_writer_is_big_endian(void **state)
{
	CqlBuffer	b = {0};

	cql_put_u8(&b, 0x01);
	cql_put_u16(&b, 0x0203);
	cql_put_u32(&b, 0x04050607);
	cql_put_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
	assert_written(&b, "01 0203 04050607 08090a0b0c0d0e0f");
	cql_put_string(&b, "ab");
	cql_put_long_string(&b, "cde", 3);
	cql_put_bytes(&b, "f", 1);
	cql_put_bytes(&b, "", 0);
	cql_put_bytes(&b, NULL, 0);
	cql_put_short_bytes(&b, "gh", 2);
	cql_put_unset(&b);
	cql_put_null(&b);
	assert_written(&b, "0002 'ab' 00000003 'cde' 00000001 'f' 00000000 ffffffff 0002 'gh' fffffffe ffffffff");
	cql_buffer_free(&b);
	assert_null(b.data);
	assert_int_equal(b.cap, 0);
}

static void
test_writer_keeps_content_over_growth(void **state)
{
	CqlBuffer	b = {0};

	for (uint32_t i = 0; i < 100000; i++)
		cql_put_u32(&b, i);
	assert_false(b.failed);
	assert_int_equal(b.len, 400000);
	assert_true(b.cap >= b.len);
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(cql_load_u32(b.data + 4 * i), i);
	cql_buffer_free(&b);
}

static void
test_value_brackets_nest(void **state)
{
	CqlBuffer	b = {0};
	size_t		outer = cql_begin_value(&b);
	size_t		inner;

	cql_put_u8(&b, 1);
	inner = cql_begin_value(&b);
	cql_put_u16(&b, 2);
	cql_end_value(&b, inner);
	cql_end_value(&b, outer);
	assert_written(&b, "00000007 01 00000002 0002");
	cql_buffer_free(&b);
}

static void
test_writer_failure_sticks(void **state)
{
	CqlBuffer	b = {0};
	size_t		mark;

	cql_put_u16(&b, 7);
	assert_false(cql_buffer_reserve(&b, CQL_BUFFER_MAX));
	assert_true(b.failed);
	mark = cql_begin_value(&b);
	cql_put_u8(&b, 1);
	cql_put_string(&b, "x");
	cql_end_value(&b, mark);
	assert_int_equal(b.len, 2);
	assert_false(cql_buffer_reserve(&b, 1));
	cql_buffer_reset(&b);
	assert_true(cql_buffer_reserve(&b, 1));
	cql_buffer_free(&b);
}

static void
test_string_over_16_bits_fails(void **state)
{
	CqlBuffer	b = {0};
	char	   *s = malloc(65537);

	memset(s, 'x', 65536);
	s[65535] = '\0';
	cql_put_string(&b, s);
	assert_false(b.failed);
	assert_int_equal(b.len, 65537);
	s[65535] = 'x';
	s[65536] = '\0';
	cql_put_string(&b, s);
	assert_true(b.failed);
	cql_buffer_free(&b);
	free(s);
}

static void
test_reader_takes_what_writer_put(void **state)
{
	Golden		g = golden("01 0203 04050607 08090a0b0c0d0e0f 0002 'ab' 00000003 'cde' 00000001 'f' 00000000"
						   "ffffffff fffffffe 0002 'gh' 0000");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlBytes	bytes;

	assert_int_equal(cql_get_u8(&r), 1);
	assert_int_equal(cql_get_u16(&r), 0x0203);
	assert_int_equal(cql_get_u32(&r), 0x04050607);
	assert_int_equal(cql_get_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	assert_string(cql_get_string(&r), "ab");
	assert_string(cql_get_long_string(&r), "cde");
	bytes = cql_get_bytes(&r);
	assert_int_equal(bytes.len, 1);
	bytes = cql_get_bytes(&r);
	assert_int_equal(bytes.len, 0);
	assert_non_null(bytes.data);
	bytes = cql_get_bytes(&r);
	assert_int_equal(bytes.len, -1);
	assert_null(bytes.data);
	bytes = cql_get_bytes(&r);
	assert_int_equal(bytes.len, -1);
	bytes = cql_get_short_bytes(&r);
	assert_int_equal(bytes.len, 2);
	bytes = cql_get_short_bytes(&r);
	assert_int_equal(bytes.len, 0);
	assert_non_null(bytes.data);
	assert_false(r.failed);
	assert_int_equal(cql_reader_left(&r), 0);
	free(g.data);
}

static void
test_short_reads_fail_and_stick(void **state)
{
	static const char *const cut[] = {"", "00", "0003 'ab'", "00000003 'ab'", "7fffffff", "80000000", "ffff"};

	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
	{
		Golden		g = golden(cut[i]);
		CqlReader	r = cql_reader(g.data, g.len);

		assert_int_equal(cql_get_long_string(&r).len, 0);
		assert_true(r.failed);
		assert_int_equal(cql_get_u8(&r), 0);
		assert_null(cql_get_raw(&r, 0));
		r = cql_reader(g.data, g.len);
		cql_get_u64(&r);
		assert_true(r.failed);
		free(g.data);
	}
	for (size_t i = 0; i < 3; i++)
	{
		Golden		g = golden(cut[i]);
		CqlReader	r = cql_reader(g.data, g.len);

		assert_int_equal(cql_get_short_bytes(&r).len, -1);
		assert_true(r.failed);
		r = cql_reader(g.data, g.len);
		assert_int_equal(cql_get_string(&r).len, 0);
		assert_true(r.failed);
		free(g.data);
	}
}

static void
test_bytes_of_nothing(void **state)
{
	CqlReader	r = cql_reader(NULL, 0);

	assert_int_equal(cql_reader_left(&r), 0);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_true(r.failed);
}

static void
test_arena_is_zeroed_aligned_and_stable(void **state)
{
	CqlArena	a = {0};
	uint8_t    *first[300];

	for (size_t i = 0; i < 300; i++)
	{
		first[i] = cql_arena_alloc(&a, i);
		assert_non_null(first[i]);
		assert_int_equal((uintptr_t) first[i] % 16, 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(first[i][j], 0);
		memset(first[i], (int) i, i);
	}
	for (size_t i = 0; i < 300; i++)
	{
		for (size_t j = 0; j < i; j++)
			assert_int_equal(first[i][j], (uint8_t) i);
	}
	assert_non_null(cql_arena_alloc(&a, 1 << 20));
	assert_string_equal(cql_arena_strdup(&a, "abcdef", 3), "abc");
	assert_string_equal(cql_arena_strdup(&a, "", 0), "");
	assert_false(a.failed);
	cql_arena_free(&a);
	assert_null(a.blocks);
}

static void
test_arena_refuses_the_absurd(void **state)
{
	CqlArena	a = {0};

	assert_null(cql_arena_alloc(&a, SIZE_MAX));
	assert_true(a.failed);
	assert_null(cql_arena_alloc(&a, 1));
	cql_arena_free(&a);
	assert_non_null(cql_arena_alloc(&a, 1));
	assert_null(cql_arena_strdup(&a, "x", SIZE_MAX));
	assert_true(a.failed);
	cql_arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer_is_big_endian),
		cmocka_unit_test(test_writer_keeps_content_over_growth),
		cmocka_unit_test(test_value_brackets_nest),
		cmocka_unit_test(test_writer_failure_sticks),
		cmocka_unit_test(test_string_over_16_bits_fails),
		cmocka_unit_test(test_reader_takes_what_writer_put),
		cmocka_unit_test(test_short_reads_fail_and_stick),
		cmocka_unit_test(test_bytes_of_nothing),
		cmocka_unit_test(test_arena_is_zeroed_aligned_and_stable),
		cmocka_unit_test(test_arena_refuses_the_absurd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
