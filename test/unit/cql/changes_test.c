/* Changes of the schema, from the core to the backend. */
#include "decode.h"

#include "cql/changes.h"

#define BYTES "00000009 00000003 00000002 00000007 0002 'ks' 0001 't' 00000009 0005 'other' 0000"

static void
test_encode(void **state)
{
	CqlBuffer	b = {0};

	cql_changes_put(&b, 9, 3, 2);
	cql_changes_put_one(&b, &(CqlChange) {7, "ks", "t"});
	cql_changes_put_one(&b, &(CqlChange) {9, "other", ""});
	assert_written(&b, BYTES);
	cql_buffer_free(&b);
}

static void
test_what_has_changed(void **state)
{
	Golden		g = golden(BYTES);
	CqlReader	r = cql_reader(g.data, g.len);

	assert_int_equal(cql_changes_version(r), 9);
	assert_true(cql_changes_touch(r, 6, "ks", "t"));
	assert_false(cql_changes_touch(r, 7, "ks", "t"));
	assert_false(cql_changes_touch(r, 6, "ks", "u"));
	assert_false(cql_changes_touch(r, 6, "k", "st"));
	/* any table of a keyspace */
	assert_true(cql_changes_touch(r, 8, "other", "t"));
	assert_false(cql_changes_touch(r, 9, "other", "t"));
	/* what is not told any more may have been of anything */
	assert_false(cql_changes_touch(r, 3, "third", "t"));
	assert_true(cql_changes_touch(r, 2, "third", "t"));
	free(g.data);
}

static bool
leaves_in_peace(CqlReader r)
{
	return !cql_changes_touch(r, 9, "ks", "t");
}

static void
test_malformed(void **state)
{
	check_cuts(leaves_in_peace, BYTES);
	assert_int_equal(cql_changes_version(cql_reader(NULL, 0)), 0);
	assert_true(decode(leaves_in_peace, "00000000 00000000 00000000"));
	/* more changes than there are bytes for */
	assert_false(decode(leaves_in_peace, "00000000 00000000 ffffffff"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_what_has_changed),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
