/* varint and decimal: what a server stored, and numbers of any size against arithmetic of another kind. */
#include "hex.h"

#include <stdio.h>

#include "cql/number.h"

/* ---- varint ---- */

static void
assert_varint_text(Golden g, const char *text)
{
	CqlBuffer	b = {0};

	cql_put_raw(&b, "=", 1);
	assert_true(cql_get_varint_text(golden_bytes(g), &b));
	assert_int_equal(b.len, strlen(text) + 1);
	assert_memory_equal(b.data + 1, text, b.len - 1);
	cql_buffer_free(&b);
}

/* Text to bytes and back. */
static void
check_varint(const char *text, const char *bytes)
{
	CqlBuffer	b = {0};
	Golden		g = golden(bytes);
	Golden		t = golden_copy(text, strlen(text));

	assert_true(cql_put_varint_text(&b, (const char *) t.data, t.len));
	assert_written(&b, bytes);
	assert_varint_text(g, text);
	cql_buffer_free(&b);
	free(g.data);
	free(t.data);
}

static void
test_varints(void **state)
{
	check_varint("0", "00");
	check_varint("1", "01");
	check_varint("127", "7f");
	check_varint("128", "0080");
	check_varint("-1", "ff");
	check_varint("-128", "80");
	check_varint("-129", "ff7f");
	check_varint("255", "00ff");
	check_varint("-256", "ff00");
	check_varint("32768", "008000");
	check_varint("-32768", "8000");
	check_varint("999999999999999999", "0de0b6b3a763ffff");
	check_varint("1000000000000000000", "0de0b6b3a7640000");
	check_varint("9223372036854775807", "7fffffffffffffff");
	check_varint("-9223372036854775808", "8000000000000000");
	check_varint("9223372036854775808", "008000000000000000");
	check_varint("-9223372036854775809", "ff7fffffffffffffff");
	check_varint("18446744073709551615", "00ffffffffffffffff");
	check_varint("18446744073709551616", "010000000000000000");
	check_varint("-18446744073709551616", "ff0000000000000000");
	check_varint("-340282366920938463463374607431768211456", "ff00000000000000000000000000000000");
	check_varint("170141183460469231731687303715884105727", "7fffffffffffffffffffffffffffffff");
	check_varint("-170141183460469231731687303715884105728", "80000000000000000000000000000000");
	check_varint("-170141183460469231731687303715884105729", "ff7fffffffffffffffffffffffffffffff");
	check_varint("100000000000000000000000000000000000000000000000000",
				 "446c3b15f9926687d2c40534fdb564000000000000");
}

static void
test_varint_text_forms(void **state)
{
	static const char *const forms[][2] = {
		{"+1", "01"}, {"-0", "00"}, {"+0", "00"}, {"0000000000000000000000000000000001", "01"},
		{"-000000000000000000000000000000000128", "80"}, {"-00000000000000000000000000000", "00"},
	};
	static const char *const bad[] = {"", "-", "+", "+-1", "1.5", "1e3", " 1", "1 ", "NaN", "0x10", "12a", "--1"};
	CqlBuffer	b = {0};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		assert_true(cql_put_varint_text(&b, forms[i][0], strlen(forms[i][0])));
		assert_written(&b, forms[i][1]);
	}
	cql_put_u8(&b, 0xAA);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		Golden		g = golden_copy(bad[i], strlen(bad[i]));

		assert_false(cql_put_varint_text(&b, (char *) g.data, g.len));
		assert_int_equal(b.len, 1);
		free(g.data);
	}
	assert_false(b.failed);
	cql_buffer_free(&b);
}

/* The server stores what it was given: leading bytes that repeat the sign come back. */
static void
test_varint_not_minimal(void **state)
{
	static const char *const cases[][2] = {
		{"", "0"}, {"000001", "1"}, {"0000000000000000000000000000000001", "1"}, {"00", "0"}, {"0000000000000000000000", "0"},
		{"ffffffffffffffffffffff", "-1"}, {"ffffffffffffffffffff80", "-128"},
		{"00000000ffffffffffffffff", "18446744073709551615"}, {"ffffff0000000000000000", "-18446744073709551616"},
		{"ffff7fffffffffffffff", "-9223372036854775809"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Golden		g = golden(cases[i][0]);

		assert_varint_text(g, cases[i][1]);
		free(g.data);
	}
}

static void
test_varint_int64(void **state)
{
	static const struct
	{
		const char *bytes;
		int64_t		v;
		bool		fits;
	}			cases[] = {
		{"", 0, true}, {"00", 0, true}, {"7f", 127, true}, {"80", -128, true}, {"0080", 128, true},
		{"7fffffffffffffff", INT64_MAX, true}, {"8000000000000000", INT64_MIN, true},
		{"00007fffffffffffffff", INT64_MAX, true}, {"ffff8000000000000000", INT64_MIN, true},
		{"008000000000000000", 0, false}, {"ff7fffffffffffffff", 0, false},
		{"010000000000000000", 0, false}, {"fe0000000000000000", 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Golden		g = golden(cases[i].bytes);
		int64_t		v;

		assert_int_equal(cql_get_varint_int64(golden_bytes(g), &v), cases[i].fits);
		if (cases[i].fits)
			assert_int_equal(v, cases[i].v);
		free(g.data);
	}
}

static void
test_varint_int64_of_every_width(void **state)
{
	CqlBuffer	b = {0};

	for (int shift = 0; shift < 63; shift++)
	{
		for (int64_t near = -2; near <= 2; near++)
		{
			const int64_t values[] = {(INT64_C(1) << shift) + near, -(INT64_C(1) << shift) + near};

			for (int i = 0; i < 2; i++)
			{
				CqlBytes	body;
				int64_t		back;
				char		text[24];
				Golden		g;

				cql_buffer_reset(&b);
				cql_put_varint_int64(&b, values[i]);
				body = (CqlBytes) {b.data, (int32_t) b.len};
				assert_true(cql_get_varint_int64(body, &back));
				assert_int_equal(back, values[i]);
				/* minimal: one byte less would tell another number */
				if (b.len > 1)
					assert_false((b.data[0] == 0 && b.data[1] < 0x80) || (b.data[0] == 0xFF && b.data[1] >= 0x80));
				snprintf(text, sizeof(text), "%lld", (long long) values[i]);
				g = golden_copy(b.data, b.len);
				assert_varint_text(g, text);
				free(g.data);
			}
		}
	}
	cql_buffer_free(&b);
}

/* Digits modulo a prime. */
static uint64_t
modulo_of_digits(const char *digits, size_t len, uint64_t prime)
{
	uint64_t	v = 0;

	for (size_t i = 0; i < len; i++)
		v = (v * 10 + (uint64_t) (digits[i] - '0')) % prime;
	return v;
}

/* A two's complement modulo a prime. */
static uint64_t
modulo_of_bytes(const uint8_t *p, size_t len, uint64_t prime)
{
	uint64_t	v = p[0] >= 0x80 ? prime - 1 : 0;	/* minus one, then shifted in from behind */

	for (size_t i = 0; i < len; i++)
		v = (v * 256 + p[i]) % prime;
	return v;
}

static void
check_large(size_t ndigits, bool negative)
{
	static const uint64_t primes[] = {2147483647, 4294967291, 1000000007, 998244353};
	CqlBuffer	text = {0};
	CqlBuffer	body = {0};
	uint32_t	noise = (uint32_t) ndigits;
	Golden		g;

	if (negative)
		cql_put_u8(&text, '-');
	for (size_t i = 0; i < ndigits; i++)
	{
		noise = noise * 1664525 + 1013904223;
		cql_put_u8(&text, (uint8_t) ('0' + (i == 0 ? 1 + (noise >> 24) % 9 : (noise >> 24) % 10)));
	}
	assert_true(cql_put_varint_text(&body, (char *) text.data, text.len));
	for (size_t i = 0; i < 4; i++)
	{
		uint64_t	v = modulo_of_digits((char *) text.data + negative, ndigits, primes[i]);

		if (negative && v > 0)
			v = primes[i] - v;
		assert_int_equal(modulo_of_bytes(body.data, body.len, primes[i]), v);
	}
	cql_put_u8(&text, 0);
	g = golden_copy(body.data, body.len);
	assert_varint_text(g, (char *) text.data);
	free(g.data);
	cql_buffer_free(&text);
	cql_buffer_free(&body);
}

static void
test_large_varints(void **state)
{
	for (size_t n = 17; n < 120; n++)
	{
		check_large(n, false);
		check_large(n, true);
	}
	check_large(1000, true);
	check_large(10000, false);
	check_large(10000, true);
}

/* 10^n and its neighbours: whole chunks of zeros and nines. */
static void
test_varints_around_powers_of_ten(void **state)
{
	char		text[80];

	for (size_t n = 1; n < 78; n++)
	{
		CqlBuffer	b = {0};
		Golden		g;

		memset(text, '0', n);
		text[0] = '1';
		text[n] = '\0';
		assert_true(cql_put_varint_text(&b, text, n));
		g = golden_copy(b.data, b.len);
		assert_varint_text(g, text);
		free(g.data);
		cql_buffer_reset(&b);
		memset(text, '9', n);
		assert_true(cql_put_varint_text(&b, text, n));
		g = golden_copy(b.data, b.len);
		assert_varint_text(g, text);
		free(g.data);
		cql_buffer_free(&b);
	}
}

static void
test_varint_over_the_limit(void **state)
{
	char	   *digits = malloc(CQL_VARINT_MAX_DIGITS + 1);
	uint8_t    *bytes = malloc(CQL_VARINT_MAX_SIZE + 1);
	CqlBytes	body = {bytes, CQL_VARINT_MAX_SIZE + 1};
	CqlBuffer	b = {0};

	memset(digits, '1', CQL_VARINT_MAX_DIGITS + 1);
	assert_false(cql_put_varint_text(&b, digits, CQL_VARINT_MAX_DIGITS + 1));
	memset(bytes, 0x11, CQL_VARINT_MAX_SIZE + 1);
	assert_false(cql_get_varint_text(body, &b));
	assert_int_equal(b.len, 0);
	assert_false(b.failed);
	/* leading zeros are no digits */
	memset(digits, '0', CQL_VARINT_MAX_DIGITS);
	assert_true(cql_put_varint_text(&b, digits, CQL_VARINT_MAX_DIGITS + 1));
	assert_written(&b, "01");
	cql_buffer_free(&b);
	free(digits);
	free(bytes);
}

static void
test_null_varint(void **state)
{
	const CqlBytes null = {NULL, -1};
	const CqlBytes empty = {NULL, 0};
	CqlBuffer	b = {0};

	assert_false(cql_get_varint_text(null, &b));
	assert_int_equal(b.len, 0);
	assert_true(cql_get_varint_text(empty, &b));
	assert_written(&b, "'0'");
	cql_buffer_free(&b);
}

/* ---- decimal ---- */

static void
check_put_decimal(const char *text, const char *bytes)
{
	CqlBuffer	b = {0};
	Golden		g = golden_copy(text, strlen(text));

	cql_put_u8(&b, 0xAA);
	if (!cql_put_decimal_text(&b, (char *) g.data, g.len))
		fail_msg("%s is refused", text);
	assert_golden(b.data + 1, b.len - 1, bytes);
	cql_buffer_free(&b);
	free(g.data);
}

static void
check_get_decimal(const char *bytes, const char *text, size_t max_digits)
{
	CqlBuffer	b = {0};
	Golden		g = golden(bytes);

	cql_put_u8(&b, '=');
	assert_int_equal(cql_get_decimal_plain(golden_bytes(g), &b, max_digits), text != NULL);
	assert_int_equal(b.len, text ? strlen(text) + 1 : 1);
	if (text)
		assert_memory_equal(b.data + 1, text, b.len - 1);
	assert_false(b.failed);
	cql_buffer_free(&b);
	free(g.data);
}

static void
test_decimals(void **state)
{
	static const char *const cases[][2] = {
		{"0", "0000000000"}, {"1.50", "000000020096"}, {"-1.5", "00000001f1"}, {"-0.01", "00000002ff"},
		{"128", "000000000080"}, {"0.00", "0000000200"}, {"0.5", "0000000105"}, {"-0.5", "00000001fb"},
		{"-123.4500", "00000004ed29bc"}, {"0.000000000000000000000000000001", "0000001e01"},
		{"12345678901234567890.123456789", "0000000927e41b3246bec9b16e398115"},
		{"10", "000000000a"}, {"1.0", "000000010a"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		check_put_decimal(cases[i][0], cases[i][1]);
		check_get_decimal(cases[i][1], cases[i][0], 1000);
	}
}

static void
test_decimal_exponents(void **state)
{
	check_put_decimal("1E+3", "fffffffd01");
	check_put_decimal("1e3", "fffffffd01");
	check_put_decimal("1.5e3", "fffffffe0f");
	check_put_decimal("1.5E-3", "000000040f");
	check_put_decimal("-1.50e+1", "00000001ff6a");
	check_put_decimal("1e2147483648", "8000000001");
	check_put_decimal("1e-2147483647", "7fffffff01");
	check_put_decimal("0e5", "fffffffb00");
	check_put_decimal(".5", "0000000105");
	check_put_decimal("5.", "0000000005");
	check_put_decimal("+5", "0000000005");
	check_put_decimal("-0.0", "0000000100");
	check_put_decimal("1e0000000000000000000000003", "fffffffd01");
	check_get_decimal("fffffffd01", "1000", 4);
	check_get_decimal("fffffffdff", "-1000", 4);
	check_get_decimal("fffffffd00", "0", 4);
}

/* As Cassandra writes them: what is read back has the same bytes, whatever the scale. */
static void
test_decimal_texts(void **state)
{
	static const char *const cases[][2] = {
		{"00000000 01", "1"}, {"fffffffd 01", "1E+3"}, {"fffffffd ff", "-1E+3"}, {"fffffffd 7b", "1.23E+5"},
		{"fffffffd 00", "0E+3"}, {"00000002 0096", "1.50"}, {"00000002 64", "1.00"}, {"00000006 01", "0.000001"},
		{"00000007 01", "1E-7"}, {"00000007 7b", "0.0000123"}, {"0000000a 7b", "1.23E-8"}, {"00000006 00", "0.000000"},
		{"00000007 00", "0E-7"}, {"c4653600 01", "1E+1000000000"}, {"80000000 01", "1E+2147483648"},
		{"80000000 7b", "1.23E+2147483650"}, {"7fffffff 01", "1E-2147483647"}, {"7fffffff ff", "-1E-2147483647"},
		{"80000000 00", "0E+2147483648"}, {"7fffffff 00", "0E-2147483647"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Golden		g = golden(cases[i][0]);
		CqlBuffer	b = {0};

		cql_put_u8(&b, 'x');
		assert_true(cql_get_decimal_text(golden_bytes(g), &b));
		assert_int_equal(b.len, strlen(cases[i][1]) + 1);
		assert_memory_equal(b.data + 1, cases[i][1], b.len - 1);
		check_put_decimal(cases[i][1], cases[i][0]);
		cql_buffer_free(&b);
		free(g.data);
	}
}

static void
test_bad_decimals(void **state)
{
	static const char *const bad[] = {
		"", "-", "+", ".", "-.", "NaN", "Infinity", "-Infinity", "inf", "1e", "1e+", "1e-", "1.5.2", "1e5e", "1e1.5",
		"e5", " 1", "1 ", "--1", "1-", "0x1", "1,5", "1e2147483649", "1e-2147483648", "0.1e-2147483647",
		"1e99999999999999999999999999", "1e-99999999999999999999999999",
	};
	CqlBuffer	b = {0};

	cql_put_u8(&b, 0xAA);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		Golden		g = golden_copy(bad[i], strlen(bad[i]));

		if (cql_put_decimal_text(&b, (char *) g.data, g.len))
			fail_msg("%s is accepted", bad[i]);
		assert_int_equal(b.len, 1);
		free(g.data);
	}
	assert_false(b.failed);
	cql_buffer_free(&b);
}

static void
test_decimal_bodies(void **state)
{
	check_get_decimal("00000001", "0.0", 100);	/* an empty unscaled value is stored */
	check_get_decimal("00000000", "0", 100);
	check_get_decimal("", NULL, 100);
	check_get_decimal("000000", NULL, 100);
	check_get_decimal("00000002 0000000000000000000001", "0.01", 100);
}

static void
test_decimal_limit(void **state)
{
	/* the last that fits, the first that does not; the sign does not count */
	check_get_decimal("00000000 64", "100", 3);
	check_get_decimal("00000000 64", NULL, 2);
	check_get_decimal("00000000 9c", "-100", 3);
	check_get_decimal("fffffffe 01", "100", 3);
	check_get_decimal("fffffffd 01", NULL, 3);
	check_get_decimal("00000002 64", "1.00", 4);
	check_get_decimal("00000002 64", NULL, 3);
	check_get_decimal("00000003 01", "0.001", 5);
	check_get_decimal("00000004 01", NULL, 5);
	/* scales that no memory would hold */
	check_get_decimal("7fffffff 01", NULL, 1000);
	check_get_decimal("80000000 01", NULL, 1000);
	check_get_decimal("7fffffff 01", NULL, (size_t) 1 << 31);
	check_get_decimal("80000000 00", "0", 1000);
}

static void
test_decimal_of_many_digits(void **state)
{
	CqlBuffer	text = {0};
	CqlBuffer	body = {0};
	CqlBuffer	back = {0};
	CqlBytes	bytes;

	cql_put_raw(&text, "-9", 2);
	for (int i = 0; i < 10000; i++)
	{
		if (i == 7000)
			cql_put_u8(&text, '.');
		cql_put_u8(&text, (uint8_t) ('0' + i % 10));
	}
	assert_true(cql_put_decimal_text(&body, (char *) text.data, text.len));
	assert_int_equal(cql_load_u32(body.data), 3000);
	bytes = (CqlBytes) {body.data, (int32_t) body.len};
	assert_true(cql_get_decimal_plain(bytes, &back, text.len));
	assert_int_equal(back.len, text.len);
	assert_memory_equal(back.data, text.data, text.len);
	cql_buffer_free(&text);
	cql_buffer_free(&body);
	cql_buffer_free(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_varints),
		cmocka_unit_test(test_varint_text_forms),
		cmocka_unit_test(test_varint_not_minimal),
		cmocka_unit_test(test_varint_int64),
		cmocka_unit_test(test_varint_int64_of_every_width),
		cmocka_unit_test(test_large_varints),
		cmocka_unit_test(test_varints_around_powers_of_ten),
		cmocka_unit_test(test_varint_over_the_limit),
		cmocka_unit_test(test_null_varint),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_decimal_exponents),
		cmocka_unit_test(test_decimal_texts),
		cmocka_unit_test(test_bad_decimals),
		cmocka_unit_test(test_decimal_bodies),
		cmocka_unit_test(test_decimal_limit),
		cmocka_unit_test(test_decimal_of_many_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
