/* Cutting a token ring into ranges. */
#include "decode.h"

#include "cql/range.h"

#define MAX 4096

static CqlTokenRange range[MAX];

static int
compare_tokens(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

static int
compare_ranges(const void *a, const void *b)
{
	return compare_tokens(&((const CqlTokenRange *) a)->above, &((const CqlTokenRange *) b)->above);
}

/* Every token but INT64_MIN is in one range. */
static void
assert_whole(const CqlTokenRange *r, size_t n)
{
	assert_true(n > 0);
	assert_true(r[0].above == INT64_MIN);
	for (size_t i = 0; i < n; i++)
	{
		assert_true(r[i].above < r[i].upto);
		assert_true(r[i].upto == (i + 1 < n ? r[i + 1].above : INT64_MAX));
	}
}

static void
assert_within_positions(const int64_t *token, size_t ntokens, const CqlTokenRange *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		for (size_t k = 0; k < ntokens; k++)
			assert_false(token[k] > r[i].above && token[k] < r[i].upto);
	}
}

static void
test_whole(void **state)
{
	assert_int_equal(cql_range_cut(NULL, 0, 1, false, range), 1);
	assert_whole(range, 1);
	assert_int_equal(cql_range_cut(NULL, 0, 0, true, range), 1);
	assert_whole(range, 1);
	assert_int_equal(cql_range_cut(NULL, 0, 7, false, range), 7);
	assert_whole(range, 7);
	for (int i = 0; i < 7; i++)
		assert_in_range((uint64_t) range[i].upto - (uint64_t) range[i].above, UINT64_MAX / 7, UINT64_MAX / 7 + 1);
}

static void
test_positions_at_the_ends(void **state)
{
	int64_t		token[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};

	assert_int_equal(cql_range_cut(token, 6, 1, false, range), 5);
	assert_whole(range, 5);
	assert_within_positions(token, 6, range, 5);
}

/* A ring of one token a node, and one of hundreds. */
static void
test_cut_and_merge(void **state)
{
	int64_t		token[768];

	srand(7);
	for (int round = 0; round < 200; round++)
	{
		size_t		ntokens = round % 2 ? (size_t) (1 + rand() % 5) : 768;
		size_t		want = (size_t) (1 + rand() % 2000);
		size_t		n;

		for (size_t i = 0; i < ntokens; i++)
			token[i] = (int64_t) ((uint64_t) rand() << 40 ^ (uint64_t) rand() << 20 ^ (uint64_t) rand());
		qsort(token, ntokens, sizeof(*token), compare_tokens);

		n = cql_range_cut(token, ntokens, want, false, range);
		assert_in_range(n, want / 2, ntokens + 1 + want);
		assert_whole(range, n);
		assert_within_positions(token, ntokens, range, n);

		n = cql_range_cut(token, ntokens, want, true, range);
		assert_in_range(n, 1, want + 1);
		assert_whole(range, n);
	}
}

/* Nothing gets lost, and the first few are all over the ring. */
static void
test_spread(void **state)
{
	for (size_t n = 1; n < 100; n++)
	{
		CqlTokenRange spread[100];
		bool		quarter[4] = {false};

		assert_int_equal(cql_range_cut(NULL, 0, n, false, range), n);
		cql_range_spread(range, n, spread);
		for (size_t i = 0; i < 8 && i < n; i++)
			quarter[((uint64_t) spread[i].upto - (uint64_t) INT64_MIN - 1) >> 62] = true;
		for (int i = 0; n >= 8 && i < 4; i++)
			assert_true(quarter[i]);
		qsort(spread, n, sizeof(*spread), compare_ranges);
		assert_whole(spread, n);
	}
}

/* Each token stays in its range, and none spans a border; borders that are none cut nothing. */
static void
test_split_at_borders(void **state)
{
	static const CqlTokenRange range[] = {{INT64_MIN, -100}, {-100, 0}, {50, 60}, {70, INT64_MAX}};
	static const int64_t border[] = {-200, -100, -50, 0, 20, 55, 60, 65, INT64_MAX};
	static const CqlTokenRange expected[] = {
		{INT64_MIN, -200}, {-200, -100}, {-100, -50}, {-50, 0}, {50, 55}, {55, 60}, {70, INT64_MAX}
	};
	CqlTokenRange out[4 + 9];

	assert_int_equal(cql_range_split(range, 4, border, 9, out), 7);
	for (int i = 0; i < 7; i++)
		assert_true(out[i].above == expected[i].above && out[i].upto == expected[i].upto);
	assert_int_equal(cql_range_split(range, 4, NULL, 0, out), 4);
	assert_memory_equal(out, range, sizeof(range));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_positions_at_the_ends),
		cmocka_unit_test(test_cut_and_merge),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_split_at_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
