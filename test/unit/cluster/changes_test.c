/*
 * cluster/changes: which tables have changed since when.
 */
#include "cluster/changes.h"
#include "cql/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static CqlString
text(const char *s)
{
	return (CqlString) {s, (uint32_t) strlen(s)};
}

static void
add(ClusterChanges *c, const char *target, const char *keyspace, const char *name)
{
	CqlEvent	event = {.kind = CQL_EVENT_SCHEMA, .change = text("UPDATED"), .target = text(target), .keyspace = text(keyspace),
		.name = text(name)};
	uint32_t	before = c->version;

	cluster_changes_add(c, &event);
	assert_int_equal(c->version, before + 1);
}

/* As the backend hears of it. */
static bool
touched(const ClusterChanges *c, uint32_t since, const char *keyspace, const char *table)
{
	ClusterRequest r = {.kind = CLUSTER_CHANGES};
	CqlReader	answer;
	bool		result;

	cluster_changes_answer(c, &r);
	assert_false(r.failed);
	answer = cql_reader(r.body, r.body_length);
	assert_int_equal(cql_changes_version(answer), c->version);
	result = cql_changes_touch(answer, since, keyspace, table);
	free(r.body);
	return result;
}

static void
test_a_change_is_of_what_it_names(void **state)
{
	ClusterChanges c = {0};

	assert_false(touched(&c, 0, "ks", "t"));
	add(&c, "TABLE", "ks", "t");
	assert_true(touched(&c, 0, "ks", "t"));
	assert_false(touched(&c, 1, "ks", "t"));
	assert_false(touched(&c, 0, "ks", "u"));
	assert_false(touched(&c, 0, "ks2", "t"));
	add(&c, "TYPE", "ks2", "some_type");
	assert_true(touched(&c, 1, "ks2", "t"));
	assert_false(touched(&c, 1, "ks", "t"));
	add(&c, "KEYSPACE", "ks", "");
	assert_true(touched(&c, 2, "ks", "t"));
	assert_true(touched(&c, 2, "ks", "u"));
	assert_false(touched(&c, 2, "ks2", "t"));
}

static void
test_a_change_of_who_knows_what(void **state)
{
	ClusterChanges c = {0};
	char		long_name[CLUSTER_CHANGE_NAME + 1];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	add(&c, "TABLE", "ks", "t");
	add(&c, "TRIGGER", "ks", "t");
	assert_true(touched(&c, 1, "other", "u"));
	assert_false(touched(&c, 2, "other", "u"));
	add(&c, "TABLE", "ks", "");
	assert_true(touched(&c, 2, "other", "u"));
	add(&c, "TABLE", "ks", long_name);
	assert_true(touched(&c, 3, "other", "u"));
	add(&c, "TYPE", long_name, "u");
	assert_true(touched(&c, 4, "other", "u"));
	cluster_changes_add_unknown(&c);
	assert_int_equal(c.version, 6);
	assert_true(touched(&c, 5, "other", "u"));
	assert_false(touched(&c, 6, "other", "u"));
}

static void
test_many_changes_of_one_table_push_nothing_out(void **state)
{
	ClusterChanges c = {0};

	add(&c, "TABLE", "ks", "t");
	for (int i = 0; i < 10000; i++)
		add(&c, "TABLE", "ks", i % 2 ? "u" : "v");
	assert_int_equal(c.n, 3);
	assert_false(touched(&c, 1, "ks", "t"));
	assert_true(touched(&c, 0, "ks", "t"));
	assert_true(touched(&c, 10000, "ks", "u"));
	assert_false(touched(&c, 10000, "ks", "v"));
}

static void
test_changes_of_more_tables_than_are_kept(void **state)
{
	ClusterChanges c = {0};

	for (int i = 0; i <= CLUSTER_CHANGES_KEPT; i++)
	{
		char		name[32];

		snprintf(name, sizeof(name), "t%d", i);
		add(&c, "TABLE", "ks", name);
	}
	/* the first one is not known any more: whoever was there before it knows nothing */
	assert_true(touched(&c, 0, "ks", "quiet"));
	assert_false(touched(&c, 1, "ks", "quiet"));
	assert_true(touched(&c, 1, "ks", "t1"));
	assert_true(touched(&c, CLUSTER_CHANGES_KEPT, "ks", "t64"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_is_of_what_it_names),
		cmocka_unit_test(test_a_change_of_who_knows_what),
		cmocka_unit_test(test_many_changes_of_one_table_push_nothing_out),
		cmocka_unit_test(test_changes_of_more_tables_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
