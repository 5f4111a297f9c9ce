/* Tokens that a server computed, and the shards of some. */
#include "hex.h"

#include "cql/token.h"

static void
assert_token(const char *key, int64_t expected)
{
	Golden		g = golden(key);

	assert_int_equal(cql_token_murmur3(g.data, g.len), expected);
	free(g.data);
}

static void
test_text_and_blob_keys(void **state)
{
	assert_token("61", -8839064797231613815);
	assert_token("'hello'", -3758069500696749310);
	assert_token("80", -5284281814142962636);
	assert_token("ffffffffffffffffff", 8434364767658694854);
	assert_token("ffffffffffffffffffffffffffffff", -2195530867418009455);
	assert_token("80808080808080808080808080808080", -3634615257541804556);
	assert_token("'0123456789abcdef'", 5467490433528156583);
	assert_token("'0123456789abcdef' 80", -8908152328711491375);
	assert_token("00", 5048724184180415669);
	assert_token("00000000000000000000000000000000", 5457549051747178710);
	assert_token("'za' c5bc c3b3 c582 c487 ' g' c499 c59b 'l' c485 ' ja' c5ba c584", 6350493467177590390);
}

static void
test_every_byte_value(void **state)
{
	uint8_t		key[256];

	for (int i = 0; i < 256; i++)
		key[i] = (uint8_t) i;
	assert_int_equal(cql_token_murmur3(key, sizeof(key)), 2060892794568774329);
}

static void
test_numeric_keys(void **state)
{
	assert_token("00000000", -3485513579396041028);
	assert_token("00000001", -4069959284402364209);
	assert_token("ffffffff", 7297452126230313552);
	assert_token("0000002a", -7160136740246525330);
	assert_token("7fffffff", -765994672030311617);
	assert_token("80000000", -420533958509279465);
	assert_token("0000000000000000", 2945182322382062539);
	assert_token("0000000000000001", 6292367497774912474);
	assert_token("ffffffffffffffff", 7071048584287372947);
	assert_token("0000011f71fb04cb", 8056999751681019901);
	assert_token("00112233445566778899aabbccddeeff", 5713842290320563023);
	assert_token("00000002 00000004 00000001 00000004 00000002", -7321538233726735308);
}

static void
assert_composite(const char *const *components, size_t n, const char *key, int64_t token)
{
	CqlBuffer	b = {0};

	for (size_t i = 0; i < n; i++)
	{
		Golden		g = golden(components[i]);

		cql_token_put_component(&b, g.data, g.len);
		free(g.data);
	}
	assert_false(b.failed);
	assert_int_equal(cql_token_murmur3(b.data, b.len), token);
	assert_written(&b, key);
	cql_buffer_free(&b);
}

static void
test_composite_keys(void **state)
{
	static const char *const int_text[] = {"00000001", "'x'"};
	static const char *const int_empty[] = {"00000001", ""};
	static const char *const three[] = {"ffffffff", "c5bc", "ff0080"};

	assert_composite(int_text, 2, "0004 00000001 00 0001 78 00", 746584927563629270);
	assert_composite(int_empty, 2, "0004 00000001 00 0000 00", -6115126023624040605);
	assert_composite(three, 3, "0004 ffffffff 00 0002 c5bc 00 0003 ff0080 00", -9192946168355984861);
}

static void
test_composite_component_has_16_bits(void **state)
{
	CqlBuffer	b = {0};
	uint8_t    *large = calloc(1, 65536);

	cql_token_put_component(&b, large, 65535);
	assert_false(b.failed);
	assert_int_equal(b.len, 65538);
	cql_token_put_component(&b, large, 65536);
	assert_true(b.failed);
	cql_buffer_free(&b);
	free(large);
}

static void
test_empty_key(void **state)
{
	assert_int_equal(cql_token_murmur3((const uint8_t *) "", 0), 0);
}

static void
test_shards(void **state)
{
	static const int64_t tokens[] = {
		INT64_MIN, -1, 0, 1, INT64_MAX, -3758069500696749310, -4069959284402364209,
		7297452126230313552, 5713842290320563023, -9192946168355984861
	};
	static const struct
	{
		uint32_t	n;
		uint32_t	msb;
		uint32_t	shard[10];
	}			cases[] = {
		{2, 12, {0, 1, 0, 0, 1, 1, 0, 0, 1, 1}},
		{3, 12, {0, 2, 0, 0, 2, 1, 0, 1, 2, 2}},
		{8, 12, {0, 7, 0, 0, 7, 4, 2, 2, 5, 6}},
		{14, 12, {0, 13, 0, 0, 13, 7, 4, 5, 10, 10}},
		{3, 0, {0, 1, 1, 1, 2, 0, 0, 2, 2, 0}},
		{8, 0, {0, 3, 4, 4, 7, 2, 2, 7, 6, 0}},
		{1, 12, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		for (size_t j = 0; j < 10; j++)
			assert_int_equal(cql_token_shard(tokens[j], cases[i].n, cases[i].msb), cases[i].shard[j]);
	}
}

static void
test_shard_is_always_in_range(void **state)
{
	for (uint32_t msb = 0; msb < 64; msb++)
	{
		assert_true(cql_token_shard(INT64_MAX, 7, msb) < 7);
		assert_true(cql_token_shard(-1, UINT32_MAX, msb) < UINT32_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_blob_keys),
		cmocka_unit_test(test_every_byte_value),
		cmocka_unit_test(test_numeric_keys),
		cmocka_unit_test(test_composite_keys),
		cmocka_unit_test(test_composite_component_has_16_bits),
		cmocka_unit_test(test_empty_key),
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_shard_is_always_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
