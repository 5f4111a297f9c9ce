/*
 * cluster/request_head: what is put in front of a payload, by version and statement.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/request_head.h"

/* ---- in place of a connection ---- */

static uint8_t version;
static bool has_metadata_id;

uint8_t
net_connection_version(const NetConnection *c)
{
	return version;
}

bool
net_connection_has_metadata_id(const NetConnection *c)
{
	return has_metadata_id;
}

static void
speak(uint8_t protocol, bool metadata_id)
{
	version = protocol;
	has_metadata_id = metadata_id;
}

/* ---- requests ---- */

static ClusterStatement statement = {.metadata_id = {(const uint8_t *) "mm", 2}};
static const ClusterPrepared prepared = {.statement = &statement, .id = {(const uint8_t *) "id", 2}};

static void
assert_head(const ClusterRequest *r, const ClusterPrepared *p, const void *head, size_t n, const char *tail)
{
	CqlBuffer	out = {0};
	CqlBytes	rest;

	assert_true(cluster_request_head_put(&out, r, NULL, p, &rest));
	assert_false(out.failed);
	assert_int_equal(out.len, n);
	assert_memory_equal(out.data, head, n);
	assert_int_equal(rest.len, strlen(tail));
	assert_memory_equal(rest.data, tail, strlen(tail));
	cql_buffer_free(&out);
}

static void
assert_senseless(const char *payload, size_t n, ClusterRequestKind kind)
{
	ClusterRequest r = {.kind = kind, .payload = (const uint8_t *) payload, .length = (uint32_t) n};
	CqlBuffer	out = {0};
	CqlBytes	rest;

	assert_false(cluster_request_head_put(&out, &r, NULL, &prepared, &rest));
	cql_buffer_free(&out);
}

#define REQUEST(text, ...) (ClusterRequest) \
	{.payload = (const uint8_t *) (text), .length = sizeof(text) - 1, .consistency = CQL_QUORUM, __VA_ARGS__}

static void
test_a_query_has_its_text_consistency_and_flags_in_front(void **state)
{
	ClusterRequest r = REQUEST("\0\0\0\2ABtail", .kind = CLUSTER_QUERY, .flags = CQL_PARAM_VALUES);

	speak(4, false);
	assert_head(&r, NULL, "\0\0\0\2AB" "\0\4" "\1", 9, "tail");
	speak(5, true);
	assert_head(&r, NULL, "\0\0\0\2AB" "\0\4" "\0\0\0\1", 12, "tail");
}

static void
test_an_execute_has_the_nodes_own_id(void **state)
{
	ClusterRequest r = REQUEST("tail", .kind = CLUSTER_EXECUTE, .flags = CQL_PARAM_VALUES);

	speak(4, false);
	assert_head(&r, &prepared, "\0\2id" "\0\4" "\1", 7, "tail");
	speak(5, true);
	assert_head(&r, &prepared, "\0\2id" "\0\2mm" "\0\4" "\0\0\0\1", 14, "tail");
}

/* Nothing would tell that the metadata left out has changed since. */
static void
test_metadata_is_not_skipped_without_its_id(void **state)
{
	ClusterRequest r = REQUEST("tail", .kind = CLUSTER_EXECUTE, .flags = CQL_PARAM_VALUES | CQL_PARAM_SKIP_METADATA);

	speak(4, false);
	assert_head(&r, &prepared, "\0\2id" "\0\4" "\1", 7, "tail");
	speak(4, true);
	assert_head(&r, &prepared, "\0\2id" "\0\2mm" "\0\4" "\3", 11, "tail");
}

static void
test_a_prepare_is_all_head(void **state)
{
	ClusterRequest r = REQUEST("AB", .kind = CLUSTER_PREPARE);

	speak(4, false);
	assert_head(&r, NULL, "\0\0\0\2AB", 6, "");
}

static void
test_each_row_of_a_batch_has_the_id_in_front(void **state)
{
	ClusterRequest r = REQUEST("\0\2" "\0\0\0\3r1." "\0\0\0\3r2." "tail", .kind = CLUSTER_BATCH);

	speak(4, false);
	assert_head(&r, &prepared, "\1" "\0\2" "\1\0\2idr1." "\1\0\2idr2." "\0\4" "\0", 22, "tail");
}

static void
test_payloads_that_end_too_soon_make_no_sense(void **state)
{
	speak(4, false);
	assert_senseless("\0\0\0\2A", 5, CLUSTER_QUERY);
	assert_senseless("\0\2\0\0\0\3r1.", 9, CLUSTER_BATCH);
	assert_senseless("\0\1\xff\xff\xff\xff", 6, CLUSTER_BATCH); /* a row of nothing */
	assert_senseless("", 0, CLUSTER_BATCH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_query_has_its_text_consistency_and_flags_in_front),
		cmocka_unit_test(test_an_execute_has_the_nodes_own_id),
		cmocka_unit_test(test_metadata_is_not_skipped_without_its_id),
		cmocka_unit_test(test_a_prepare_is_all_head),
		cmocka_unit_test(test_each_row_of_a_batch_has_the_id_in_front),
		cmocka_unit_test(test_payloads_that_end_too_soon_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
