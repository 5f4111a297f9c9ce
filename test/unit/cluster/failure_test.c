/*
 * cluster/failure: texts that are told of failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/failure.h"
#include "cluster/place.h"
#include "cluster/topology.h"

static void
assert_text(const char *expected, size_t size, const char *text, size_t n)
{
	char		out[64];

	memset(out, 'x', sizeof(out));
	cluster_failure_text(out, size, text, n);
	assert_string_equal(out, expected);
}

static void
test_texts_are_valid_utf8(void **state)
{
	assert_text("plain", 64, "plain", 5);
	assert_text("gr\xc3\xbc\xc3\x9f", 64, "gr\xc3\xbc\xc3\x9f", 6);
	assert_text("a?b", 64, "a\xff" "b", 3);
	assert_text("a?", 64, "a\xc3", 2);	/* cut within a character */
	assert_text("a?b", 64, "a\0b", 3);
	assert_text("", 64, "", 0);
}

static void
test_texts_are_cut_between_characters(void **state)
{
	assert_text("abc", 4, "abcdef", 6);
	assert_text("ab", 4, "ab\xc3\xbc", 4);
	assert_text("ab\xc3\xbc", 5, "ab\xc3\xbc" "cd", 6);
	assert_text("", 1, "abc", 3);
}

static void
test_a_failure_tells_of_its_request(void **state)
{
	ClusterNode node = {.name = "10.0.0.1:9042"};
	ClusterPlace place = {.node = &node};
	ClusterRequest r = {.attempts = 3, .place = &place};
	ClusterFailure *f;

	r.started = uv_hrtime() - UINT64_C(5000000);
	f = cluster_failure_new(&r, CLUSTER_FAIL_TIMEOUT, "no answer within %u ms", 5);
	assert_non_null(f);
	assert_int_equal(f->kind, CLUSTER_FAIL_TIMEOUT);
	assert_int_equal(f->attempts, 3);
	assert_true(f->elapsed_ms >= 5);
	assert_string_equal(f->node, "10.0.0.1:9042");
	assert_string_equal(f->message, "no answer within 5 ms");
	assert_false(f->counted);
	free(f);
}

static void
test_a_failure_tells_the_shard(void **state)
{
	ClusterNode node = {.name = "10.0.0.1:9042", .nr_shards = 8};
	ClusterPlace place = {.node = &node, .shard = 3};
	ClusterRequest r = {.place = &place};
	ClusterFailure *f = cluster_failure_new(&r, CLUSTER_FAIL_LOST, "lost");

	assert_non_null(f);
	assert_string_equal(f->node, "10.0.0.1:9042 shard 3");
	free(f);
}

static void
test_a_failure_without_a_node_names_none(void **state)
{
	ClusterRequest r = {0};
	ClusterFailure *f = cluster_failure_new(&r, CLUSTER_FAIL_MEMORY, "out of memory");

	assert_non_null(f);
	assert_string_equal(f->node, "");
	free(f);
}

static void
test_counts_are_told_of_errors_that_have_them(void **state)
{
	ClusterRequest r = {0};
	CqlError	error = {.message = {.data = "m", .len = 1}, .consistency = CQL_QUORUM, .received = 1, .required = 2};
	ClusterFailure *f;

	error.code = CQL_ERR_WRITE_TIMEOUT;
	f = cluster_failure_from_error(&r, &error);
	assert_non_null(f);
	assert_int_equal(f->kind, CLUSTER_FAIL_CQL);
	assert_int_equal(f->code, CQL_ERR_WRITE_TIMEOUT);
	assert_true(f->counted);
	assert_int_equal(f->received, 1);
	assert_int_equal(f->required, 2);
	assert_int_equal(f->consistency, CQL_QUORUM);
	free(f);
	error.code = CQL_ERR_SYNTAX;
	f = cluster_failure_from_error(&r, &error);
	assert_non_null(f);
	assert_false(f->counted);
	assert_int_equal(f->required, 0);
	free(f);
}

/* ---- addresses tried in vain ---- */

static void
add(ClusterReport *report, const char *address, NetFailureKind kind, const char *message)
{
	NetFailure	why;

	net_failure_set(&why, kind, "%s", message);
	cluster_report_add(report, address, &why);
}

static void
test_the_most_telling_reason_comes_first(void **state)
{
	ClusterReport report = {0};
	ClusterFailure failure;

	add(&report, "a", NET_FAIL_CONNECT, "refused");
	add(&report, "b", NET_FAIL_CREDENTIALS, "wrong password");
	add(&report, "c", NET_FAIL_TIMEOUT, "silent");
	assert_string_equal(report.text, "b: wrong password; a: refused; c: silent");
	cluster_report_fill(&report, &failure);
	assert_int_equal(failure.kind, CLUSTER_FAIL_CREDENTIALS);
	assert_string_equal(failure.message, report.text);
}

static void
test_reports_end_as_what_was_most_telling(void **state)
{
	ClusterReport connect = {0};
	ClusterReport memory = {0};
	ClusterFailure failure;

	add(&connect, "a", NET_FAIL_TIMEOUT, "silent");
	cluster_report_fill(&connect, &failure);
	assert_int_equal(failure.kind, CLUSTER_FAIL_CONNECT);
	add(&memory, "a", NET_FAIL_MEMORY, "out of memory");
	cluster_report_fill(&memory, &failure);
	assert_int_equal(failure.kind, CLUSTER_FAIL_MEMORY);
}

static void
test_a_report_of_many_addresses_is_cut(void **state)
{
	ClusterReport report = {0};

	for (int i = 0; i < 100; i++)
		add(&report, "10.0.0.1:9042", NET_FAIL_CONNECT, "connection refused");
	assert_int_equal(strlen(report.text), sizeof(report.text) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_are_valid_utf8),
		cmocka_unit_test(test_texts_are_cut_between_characters),
		cmocka_unit_test(test_a_failure_tells_of_its_request),
		cmocka_unit_test(test_a_failure_tells_the_shard),
		cmocka_unit_test(test_a_failure_without_a_node_names_none),
		cmocka_unit_test(test_counts_are_told_of_errors_that_have_them),
		cmocka_unit_test(test_the_most_telling_reason_comes_first),
		cmocka_unit_test(test_reports_end_as_what_was_most_telling),
		cmocka_unit_test(test_a_report_of_many_addresses_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
