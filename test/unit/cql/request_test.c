/* Bodies of requests, byte for byte as a server took them. */
#include "hex.h"

#include "cql/frame.h"
#include "cql/request.h"

#define ID "9d5f4710c624a99b628e4f8bbce742cb"
#define METADATA_ID "ff2ee4261c0e1ae9dec18da9680c55a0"

static void
test_startup(void **state)
{
	CqlBuffer	b = {0};
	size_t		mark = cql_frame_begin(&b, 4, 0, 0, CQL_OP_STARTUP);

	cql_request_startup(&b, NULL, NULL, NULL);
	cql_frame_end(&b, mark);
	assert_written(&b, "0400000001 00000016 0001 000b43514c5f56455253494f4e 0005332e302e30");
	cql_request_startup(&b, "lz4", "d", "1.0");
	assert_written(&b, "0004 000b 'CQL_VERSION' 0005 '3.0.0' 000b 'COMPRESSION' 0003 'lz4'"
				   "000b 'DRIVER_NAME' 0001 'd' 000e 'DRIVER_VERSION' 0003 '1.0'");
	cql_buffer_free(&b);
}

static void
test_plain(void **state)
{
	CqlBuffer	b = {0};
	size_t		mark = cql_frame_begin(&b, 4, 0, 0, CQL_OP_AUTH_RESPONSE);

	cql_request_plain(&b, "cassandra", "cassandra");
	cql_frame_end(&b, mark);
	assert_written(&b, "040000000f 00000018 00000014 00 63617373616e647261 00 63617373616e647261");
	cql_buffer_free(&b);
}

static void
test_register(void **state)
{
	static const char *const types[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE"};
	CqlBuffer	b = {0};

	cql_request_register(&b, types, 2);
	assert_written(&b, "0002 000f 544f504f4c4f47595f4348414e4745 000d 5354415455535f4348414e4745");
	cql_buffer_free(&b);
}

static void
test_query(void **state)
{
	static const char text[] = "SELECT key FROM system.local";
	CqlBuffer	b = {0};
	size_t		mark = cql_frame_begin(&b, 4, 0, 1, CQL_OP_QUERY);

	cql_request_query_head(&b, 4, text, strlen(text), CQL_ONE, 0);
	cql_frame_end(&b, mark);
	assert_written(&b, "0400000107 00000023 0000001c"
				   "53454c454354206b65792046524f4d2073797374656d2e6c6f63616c 0001 00");

	/* from v5 on the flags are four bytes */
	mark = cql_frame_begin(&b, 5, 0, 1, CQL_OP_QUERY);
	cql_request_query_head(&b, 5, text, strlen(text), CQL_ONE, 0);
	cql_frame_end(&b, mark);
	assert_written(&b, "0500000107 00000026 0000001c"
				   "53454c454354206b65792046524f4d2073797374656d2e6c6f63616c 0001 00000000");
	cql_buffer_free(&b);
}

static void
test_prepare(void **state)
{
	CqlBuffer	b = {0};

	cql_request_prepare(&b, 4, "SELECT 1", 8);
	assert_written(&b, "00000008 'SELECT 1'");
	cql_request_prepare(&b, 5, "SELECT 1", 8);
	assert_written(&b, "00000008 'SELECT 1' 00000000");
	cql_buffer_free(&b);
}

static void
put_local(CqlBuffer *b)
{
	cql_put_u16(b, 1);
	cql_put_bytes(b, "local", 5);
}

static void
test_execute(void **state)
{
	const uint8_t flags = CQL_PARAM_VALUES | CQL_PARAM_SKIP_METADATA;
	Golden		id = golden(ID);
	Golden		metadata_id = golden(METADATA_ID);
	CqlBytes	metadata = golden_bytes(metadata_id);
	CqlBytes	none = {NULL, 0};
	CqlBuffer	b = {0};

	cql_request_execute_head(&b, 4, golden_bytes(id), NULL, CQL_ONE, flags);
	put_local(&b);
	assert_written(&b, "0010" ID "0001 03 0001 00000005 6c6f63616c");

	cql_request_execute_head(&b, 5, golden_bytes(id), &metadata, CQL_ONE, flags);
	put_local(&b);
	assert_written(&b, "0010" ID "0010" METADATA_ID "0001 00000003 0001 00000005 6c6f63616c");

	/* an id not known yet is written with length 0: the server answers with the new one */
	cql_request_execute_head(&b, 5, golden_bytes(id), &none, CQL_ONE, flags);
	assert_written(&b, "0010" ID "0000 0001 00000003");
	cql_buffer_free(&b);
	free(id.data);
	free(metadata_id.data);
}

static void
test_execute_refuses_an_impossible_id(void **state)
{
	const CqlBytes null = {NULL, -1};
	uint8_t    *large = calloc(1, 65536);
	CqlBytes	too_large = {large, 65536};
	CqlBuffer	b = {0};

	cql_request_execute_head(&b, 4, null, NULL, CQL_ONE, 0);
	assert_true(b.failed);
	cql_buffer_reset(&b);
	cql_request_execute_head(&b, 4, too_large, NULL, CQL_ONE, 0);
	assert_true(b.failed);
	cql_buffer_free(&b);
	free(large);
}

/* The id before each row's values; consistency and flags behind them, four bytes of flags from v5 on. */
static void
test_batch(void **state)
{
	Golden		id = golden(ID);
	CqlBuffer	values = {0};
	CqlBuffer	b = {0};

	put_local(&values);
	for (uint8_t version = 4; version <= 5; version++)
	{
		cql_request_batch_begin(&b, CQL_BATCH_UNLOGGED, 2);
		for (int i = 0; i < 2; i++)
			cql_request_batch_row(&b, golden_bytes(id), (CqlBytes) {values.data, (int32_t) values.len});
		cql_request_batch_end(&b, version, CQL_LOCAL_QUORUM, CQL_PARAM_TIMESTAMP);
		cql_request_tail(&b, CQL_PARAM_TIMESTAMP, 0, (CqlBytes) {NULL, -1}, 0, 3);
		assert_written(&b, version == 4 ?
					   "01 0002 01 0010" ID "0001 00000005 6c6f63616c 01 0010" ID "0001 00000005 6c6f63616c"
					   "0006 20 0000000000000003" :
					   "01 0002 01 0010" ID "0001 00000005 6c6f63616c 01 0010" ID "0001 00000005 6c6f63616c"
					   "0006 00000020 0000000000000003");
	}
	cql_request_batch_row(&b, golden_bytes(id), (CqlBytes) {NULL, -1});
	assert_true(b.failed);
	cql_buffer_free(&b);
	cql_buffer_free(&values);
	free(id.data);
}

static void
test_tail_order(void **state)
{
	const CqlBytes paging_state = {(const uint8_t *) "ps", 2};
	const CqlBytes none = {NULL, -1};
	CqlBuffer	b = {0};

	cql_request_tail(&b, CQL_PARAM_PAGE_SIZE | CQL_PARAM_PAGING_STATE | CQL_PARAM_SERIAL | CQL_PARAM_TIMESTAMP,
					 5000, paging_state, CQL_LOCAL_SERIAL, 0x0102030405060708);
	assert_written(&b, "00001388 00000002 'ps' 0009 0102030405060708");
	cql_request_tail(&b, CQL_PARAM_VALUES | CQL_PARAM_TIMESTAMP, 5000, none, CQL_SERIAL, -2);
	assert_written(&b, "fffffffffffffffe");
	cql_request_tail(&b, CQL_PARAM_VALUES | CQL_PARAM_SKIP_METADATA, 5000, none, CQL_SERIAL, 1);
	assert_written(&b, "");
	cql_buffer_free(&b);
}

static void
test_consistency_names(void **state)
{
	static const char *const names[] = {
		"ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM", "SERIAL",
		"LOCAL_SERIAL", "LOCAL_ONE"
	};

	for (int i = 0; i < 11; i++)
	{
		assert_string_equal(cql_consistency_name((uint16_t) i), names[i]);
		assert_int_equal(cql_consistency_from_name(names[i]), i);
	}
	assert_string_equal(cql_consistency_name(11), "unknown");
	assert_string_equal(cql_consistency_name(65535), "unknown");
	assert_int_equal(cql_consistency_from_name("local_one"), CQL_LOCAL_ONE);
	assert_int_equal(cql_consistency_from_name("LOCAL"), -1);
	assert_int_equal(cql_consistency_from_name(""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_startup),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_execute),
		cmocka_unit_test(test_execute_refuses_an_impossible_id),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_tail_order),
		cmocka_unit_test(test_consistency_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
