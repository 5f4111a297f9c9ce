/*
 * cluster/warning: what nodes warn of comes home with the answer that counts.
 */
#include "fixture.inc.h"

#include "cluster/warning.h"

static void
assert_warnings(const TestRequest *r, const char *const *text, uint16_t n)
{
	const ClusterWarnings *w = r->core.warnings;
	const char *at;

	assert_non_null(w);
	assert_int_equal(w->count, n);
	at = w->text;
	for (uint16_t i = 0; i < n; i++)
	{
		assert_string_equal(at, text[i]);
		at += strlen(at) + 1;
	}
	assert_int_equal(w->size, at - (const char *) w);
}

/* ---- texts ---- */

static ClusterWarnings *
warnings_of(CqlBuffer *strings, uint16_t n)
{
	CqlPrefix	prefix = {.warnings = cql_reader(strings->data, strings->len), .nwarnings = n};
	ClusterWarnings *w = cluster_warnings_new(&prefix, "10.0.0.1:9042");

	assert_non_null(w);
	assert_string_equal(w->node, "10.0.0.1:9042");
	cql_buffer_free(strings);
	return w;
}

static void
test_texts_are_valid_utf8(void **state)
{
	static const char expected[] = "gr\xc3\xbc\xc3\x9f\0a?b\0\0a?b";
	CqlBuffer	strings = {0};
	ClusterWarnings *w;

	cql_put_string(&strings, "gr\xc3\xbc\xc3\x9f");
	cql_put_string(&strings, "a\xff" "b");
	cql_put_string(&strings, "");
	cql_put_u16(&strings, 3);
	cql_put_raw(&strings, "a\0b", 3);
	w = warnings_of(&strings, 4);
	assert_int_equal(w->count, 4);
	assert_int_equal(w->size, offsetof(ClusterWarnings, text) + sizeof(expected));
	assert_memory_equal(w->text, expected, sizeof(expected));
	free(w);
}

/* In number, and each in length, between two characters. */
static void
test_texts_are_bounded(void **state)
{
	char		text[3000];
	CqlBuffer	strings = {0};
	ClusterWarnings *w;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text + CLUSTER_WARNING_SIZE - 2, "\xc3\xbc", 2);
	for (int i = 0; i < 1000; i++)
		cql_put_string(&strings, text);
	w = warnings_of(&strings, 1000);
	assert_int_equal(w->count, CLUSTER_WARNINGS_MOST);
	assert_int_equal(w->size, offsetof(ClusterWarnings, text) + CLUSTER_WARNINGS_MOST * (CLUSTER_WARNING_SIZE - 1));
	for (int i = 0; i < CLUSTER_WARNINGS_MOST; i++)
		assert_int_equal(strlen(w->text + i * (CLUSTER_WARNING_SIZE - 1)), CLUSTER_WARNING_SIZE - 2);
	free(w);
}

/* ---- the answer that counts ---- */

static void
test_they_come_with_each_kind_of_answer(void **state)
{
	static const char *const two[] = {"mind the gap", "gr\xc3\xbc\xc3\x9f"};
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_worked(&r);
	assert_null(r.core.warnings);

	order_all(&f, "on ANY warn \"mind the gap\" \"gr\xc3\xbc\xc3\x9f\"");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_worked(&r);
	assert_null(r.core.body);
	assert_warnings(&r, two, 2);
	assert_string_equal(r.core.warnings->node, r.core.place->node->name);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_non_null(r.core.body);
	assert_warnings(&r, two, 2);
	request_free(&r);
	fixture_end(&f);
}

/* Of an attempt that was repeated, whatever it came to, nothing is told. */
static void
test_others_are_forgotten(void **state)
{
	static const char *const last[] = {"last"};
	static const char *const second[] = {
		"on EXECUTE nth 2 close", "on EXECUTE nth 2 unprepared", "on EXECUTE nth 2 error 0x1001 \"busy\" warn \"second\"",
	};
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	for (size_t i = 0; i < 2 * sizeof(second) / sizeof(second[0]); i++)
	{
		order_all(&f, "clear");
		order_all(&f, "on EXECUTE nth 1 error 0x1001 \"busy\" warn \"first\"");
		order_all(&f, second[i / 2]);
		if (i % 2 == 0)
			order_all(&f, "on EXECUTE warn \"last\"");
		await_all_nodes(&f);
		make_insert(&r, statement, 1);
		run(&f, &r);
		assert_worked(&r);
		assert_int_equal(r.core.attempts, 3);
		if (i % 2 == 0)
			assert_warnings(&r, last, 1);
		else
			assert_null(r.core.warnings);
	}
	request_free(&r);
	fixture_end(&f);
}

static void
test_they_come_with_errors(void **state)
{
	static const char *const text[] = {"mind the gap"};
	Fixture		f;
	TestRequest r = {0};
	uint32_t	statement;

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE error 0x2200 \"no\" warn \"mind the gap\"");
	make_insert(&r, statement, 1);
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CQL);
	assert_string_equal(r.core.failure->message, "no");
	assert_warnings(&r, text, 1);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_valid_utf8),
		cmocka_unit_test(test_texts_are_bounded),
		cmocka_unit_test(test_they_come_with_each_kind_of_answer),
		cmocka_unit_test(test_others_are_forgotten),
		cmocka_unit_test(test_they_come_with_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
