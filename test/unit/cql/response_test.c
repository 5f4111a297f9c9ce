/* Messages of a server other than RESULT, byte for byte, cut short everywhere, and bent. */
#include "decode.h"

#include "cql/response.h"

#define ID "9d5f4710c624a99b628e4f8bbce742cb"

#define TABLETS \
	"00000008 8000000000000000 00000008 ffffffffffffffff 00000024 00000001" \
	"0000001c 00000010 00112233445566778899aabbccddeeff 00000004 00000003"

#define SUPPORTED \
	"0003 0011 50524f544f434f4c5f56455253494f4e53 0004 0004 332f7633 0004 342f7634 0004 352f7635" \
	"0009 362f76362d62657461 000b 434f4d5052455353494f4e 0002 0006 736e61707079 0003 6c7a34" \
	"000b 43514c5f56455253494f4e 0001 0005 332e342e37"

/* ---- every decoder, for what must fail at every length ---- */

static bool
decode_supported(CqlReader r)
{
	CqlReader	values;
	uint16_t	count;

	return cql_response_supported(r, "COMPRESSION", &values, &count);
}

static bool
decode_authenticate(CqlReader r)
{
	CqlString	class_name;

	return cql_response_authenticate(r, &class_name);
}

static bool
decode_error4(CqlReader r)
{
	CqlError	e;

	return cql_response_error(r, 4, &e);
}

static bool
decode_error5(CqlReader r)
{
	CqlError	e;

	return cql_response_error(r, 5, &e);
}

static bool
decode_event(CqlReader r)
{
	CqlEvent	e;

	return cql_response_event(r, &e);
}

static bool
decode_prefix(CqlReader r)
{
	CqlFrame	frame = {
		.flags = CQL_FLAG_TRACING | CQL_FLAG_WARNING | CQL_FLAG_PAYLOAD,
		.body = r.at,
		.length = (uint32_t) cql_reader_left(&r)
	};
	CqlPrefix	prefix;

	return cql_response_prefix(&frame, &prefix, &r);
}

static void
test_cut_at_every_length(void **state)
{
	static const struct
	{
		Decode		decoder;
		const char *bytes;
	}			cases[] = {
		{decode_supported, SUPPORTED},
		{decode_authenticate, "002f 'org.apache.cassandra.auth.PasswordAuthenticator'"},
		{decode_error4, "00001000 0001 'm' 0002 00000002 00000001"},
		{decode_error4, "00001100 0001 'm' 0001 00000000 00000001 0006 'SIMPLE'"},
		{decode_error4, "00001200 0001 'm' 0001 00000000 00000001 00"},
		{decode_error4, "00001300 0001 'm' 0001 00000000 00000001 00000001 00"},
		{decode_error5, "00001300 0001 'm' 0001 00000000 00000001 00000002 04 7f000001 0000"
		"10 00112233445566778899aabbccddeeff 0001 00"},
		{decode_error4, "00001500 0001 'm' 0001 00000000 00000001 00000001 0003 'CAS'"},
		{decode_error5, "00001500 0001 'm' 0001 00000000 00000001 00000001 04 7f000001 0000 0003 'CAS'"},
		{decode_error5, "00001700 0001 'm' 0008 00000001 00000002"},
		{decode_error4, "00002400 0001 'm' 0008 'cqlfacts' 0003 'cnt'"},
		{decode_error4, "00002500 0001 'm' 0010" ID},
		{decode_event, "000f 'TOPOLOGY_CHANGE' 0008 'NEW_NODE' 04 7f000001 00002352"},
		{decode_event, "000d 'STATUS_CHANGE' 0002 'UP' 10 00000000000000000000000000000001 00002352"},
		{decode_event, "000d 'SCHEMA_CHANGE' 0007 'CREATED' 0005 'TABLE' 0008 'cqlfacts' 0002 'mc'"},
		{decode_prefix, ID "0001 0002 'w1' 0001 0001 'k' 00000001 'v'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_cuts(cases[i].decoder, cases[i].bytes);
}

/* A client must take bytes behind what it knows: later versions add fields there. */
static void
test_trailing_bytes_are_ignored(void **state)
{
	assert_true(decode(decode_supported, SUPPORTED "ff"));
	assert_true(decode(decode_error5, "00001100 0001 'm' 0008 00000000 00000001 0003 'CAS' 0007"));
	assert_true(decode(decode_event, "000f 'TOPOLOGY_CHANGE' 0008 'NEW_NODE' 04 7f000001 00002352 ff"));
}

/* ---- prefix ---- */

static void
test_prefix(void **state)
{
	Golden		g = golden("00112233445566778899aabbccddeeff 0002 0002 'w1' 0003 'w22'"
						   "0001 0012 'tablets-routing-v1' 00000040" TABLETS "'message'");
	CqlBytes	payload;
	CqlFrame	frame = {.body = g.data, .length = (uint32_t) g.len};
	CqlPrefix	prefix;
	CqlReader	r;

	frame.flags = CQL_FLAG_TRACING | CQL_FLAG_WARNING | CQL_FLAG_PAYLOAD;
	assert_true(cql_response_prefix(&frame, &prefix, &r));
	assert_golden(prefix.tracing_id, 16, "00112233445566778899aabbccddeeff");
	assert_int_equal(prefix.nwarnings, 2);
	assert_string(cql_get_string(&prefix.warnings), "w1");
	assert_string(cql_get_string(&prefix.warnings), "w22");
	assert_int_equal(cql_reader_left(&prefix.warnings), 0);
	assert_int_equal(prefix.npayload, 1);
	assert_string(cql_get_string(&prefix.payload), "tablets-routing-v1");
	payload = cql_get_bytes(&prefix.payload);
	assert_golden(payload.data, (size_t) payload.len, TABLETS);
	assert_int_equal(cql_reader_left(&prefix.payload), 0);
	assert_golden(r.at, cql_reader_left(&r), "'message'");
	free(g.data);
}

static void
test_prefix_of_nothing(void **state)
{
	CqlFrame	frame = {.body = (const uint8_t *) "x", .length = 1};
	CqlPrefix	prefix;
	CqlReader	r;

	assert_true(cql_response_prefix(&frame, &prefix, &r));
	assert_null(prefix.tracing_id);
	assert_int_equal(prefix.nwarnings + prefix.npayload, 0);
	assert_int_equal(cql_reader_left(&r), 1);
	frame.flags = CQL_FLAG_WARNING;
	assert_false(cql_response_prefix(&frame, &prefix, &r));
}

/* ---- SUPPORTED, AUTHENTICATE ---- */

static void
test_supported(void **state)
{
	Golden		g = golden(SUPPORTED);
	CqlReader	r = cql_reader(g.data, g.len);
	CqlReader	values;
	uint16_t	count;

	assert_true(cql_response_supported(r, "PROTOCOL_VERSIONS", &values, &count));
	assert_int_equal(count, 4);
	assert_string(cql_get_string(&values), "3/v3");
	assert_string(cql_get_string(&values), "4/v4");
	assert_string(cql_get_string(&values), "5/v5");
	assert_string(cql_get_string(&values), "6/v6-beta");
	assert_int_equal(cql_reader_left(&values), 0);
	assert_true(cql_response_supported(r, "SCYLLA_SHARD", &values, &count));
	assert_int_equal(count, 0);
	assert_int_equal(cql_reader_left(&values), 0);

	assert_true(cql_response_supported_has(r, "COMPRESSION", "lz4"));
	assert_true(cql_response_supported_has(r, "COMPRESSION", "snappy"));
	assert_false(cql_response_supported_has(r, "COMPRESSION", "lz"));
	assert_false(cql_response_supported_has(r, "COMPRESSIO", "lz4"));
	assert_false(cql_response_supported_has(r, "CQL_VERSION", "lz4"));
	assert_true(cql_response_supported_prefix(r, "CQL_"));
	assert_false(cql_response_supported_prefix(r, "SCYLLA_"));
	assert_false(cql_response_supported_prefix(r, "CQL_VERSION_AND_MORE"));
	free(g.data);
}

static void
test_supported_that_lies(void **state)
{
	Golden		g = golden("0002 0009 'SCYLLA_NO' 0000");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlReader	values;
	uint16_t	count;

	assert_false(cql_response_supported(r, "SCYLLA_NO", &values, &count));
	assert_false(cql_response_supported_prefix(r, "SCYLLA_"));
	assert_false(cql_response_supported_has(r, "SCYLLA_NO", ""));
	free(g.data);
}

static void
test_authenticate(void **state)
{
	Golden		g = golden("002f 'org.apache.cassandra.auth.PasswordAuthenticator'");
	CqlString	class_name;

	assert_true(cql_response_authenticate(cql_reader(g.data, g.len), &class_name));
	assert_string(class_name, "org.apache.cassandra.auth.PasswordAuthenticator");
	free(g.data);
}

/* ---- ERROR ---- */

/* e borrows from the bytes: free them. */
static Golden
decode_error(const char *bytes, uint8_t version, CqlError *e)
{
	Golden		g = golden(bytes);

	assert_true(cql_response_error(cql_reader(g.data, g.len), version, e));
	return g;
}

static void
test_error_unavailable(void **state)
{
	CqlError	e;
	Golden		g = decode_error("00001000 0024 'Cannot achieve consistency level TWO' 0002 00000002 00000001", 4, &e);

	assert_int_equal(e.code, CQL_ERR_UNAVAILABLE);
	assert_string(e.message, "Cannot achieve consistency level TWO");
	assert_int_equal(e.consistency, 2);
	assert_int_equal(e.required, 2);
	assert_int_equal(e.received, 1);
	free(g.data);
}

static void
test_error_timeouts(void **state)
{
	CqlError	e;
	Golden		g = decode_error("00001100 0000 0006 00000001 00000002 0009 'BATCH_LOG'", 4, &e);

	assert_int_equal(e.consistency, 6);
	assert_int_equal(e.received, 1);
	assert_int_equal(e.required, 2);
	assert_int_equal(e.write_type, CQL_WRITE_BATCH_LOG);
	free(g.data);
	g = decode_error("00001200 0000 0006 00000002 00000002 01", 4, &e);
	assert_true(e.data_present);
	assert_int_equal(e.received, 2);
	free(g.data);
	g = decode_error("00001200 0000 0006 00000002 00000002 00", 4, &e);
	assert_false(e.data_present);
	free(g.data);
}

static void
test_error_write_types(void **state)
{
	static const struct
	{
		const char *bytes;
		CqlWriteType type;
	}			cases[] = {
		{"0006 'SIMPLE'", CQL_WRITE_SIMPLE},
		{"0005 'BATCH'", CQL_WRITE_BATCH},
		{"000e 'UNLOGGED_BATCH'", CQL_WRITE_UNLOGGED_BATCH},
		{"0007 'COUNTER'", CQL_WRITE_COUNTER},
		{"0009 'BATCH_LOG'", CQL_WRITE_BATCH_LOG},
		{"0003 'CAS'", CQL_WRITE_CAS},
		{"0004 'VIEW'", CQL_WRITE_VIEW},
		{"0003 'CDC'", CQL_WRITE_CDC},
		{"0004 'GIFT'", CQL_WRITE_OTHER},
		{"0000", CQL_WRITE_OTHER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CqlBuffer	text = {0};
		CqlError	e;
		Golden		g;

		cql_put_raw(&text, "00001100 0000 0006 00000001 00000002 ", 37);
		cql_put_raw(&text, cases[i].bytes, strlen(cases[i].bytes) + 1);
		g = decode_error((const char *) text.data, 4, &e);
		assert_int_equal(e.write_type, cases[i].type);
		free(g.data);
		cql_buffer_free(&text);
	}
}

static void
test_error_failures(void **state)
{
	CqlError	e;
	Golden		g = decode_error("00001300 0000 0001 00000000 00000001 00000003 01", 4, &e);

	assert_int_equal(e.failures, 3);
	assert_true(e.data_present);
	free(g.data);
	g = decode_error("00001300 0000 0001 00000000 00000001 00000001 04 7f000001 0000 01", 5, &e);
	assert_int_equal(e.failures, 1);
	assert_true(e.data_present);
	free(g.data);
	g = decode_error("00001500 0000 0001 00000000 00000001 00000001 04 7f000001 0000 0006 'SIMPLE'", 5, &e);
	assert_int_equal(e.failures, 1);
	assert_int_equal(e.write_type, CQL_WRITE_SIMPLE);
	free(g.data);
	g = decode_error("00001700 0000 0008 00000001 00000002", 5, &e);
	assert_int_equal(e.code, CQL_ERR_CAS_WRITE_UNKNOWN);
	assert_int_equal(e.consistency, 8);
	assert_int_equal(e.received, 1);
	assert_int_equal(e.required, 2);
	free(g.data);

	assert_false(decode(decode_error5, "00001300 0000 0001 00000000 00000001 ffffffff 01"));
	assert_false(decode(decode_error5, "00001300 0000 0001 00000000 00000001 7fffffff 04 7f000001 0000 01"));
	assert_false(decode(decode_error5, "00001300 0000 0001 00000000 00000001 00000001 05 7f00000100 0000 01"));
}

static void
test_error_names(void **state)
{
	CqlError	e;
	Golden		g = decode_error("00002400 0001 'm' 0008 'cqlfacts' 0003 'cnt'", 4, &e);

	assert_string(e.keyspace, "cqlfacts");
	assert_string(e.name, "cnt");
	free(g.data);
	g = decode_error("00002400 0001 'm' 0008 'cqlfacts' 0000", 4, &e);
	assert_string(e.name, "");
	free(g.data);
	g = decode_error("00001400 0001 'm' 0008 'cqlfacts' 0004 'boom' 0001 0003 'int'", 4, &e);
	assert_string(e.keyspace, "cqlfacts");
	assert_string(e.name, "boom");
	free(g.data);
}

static void
test_error_unprepared(void **state)
{
	CqlError	e;
	Golden		g = decode_error("00002500 0001 'm' 0010" ID, 4, &e);

	assert_golden(e.unprepared_id.data, (size_t) e.unprepared_id.len, ID);
	free(g.data);
}

static void
test_error_without_details(void **state)
{
	static const char *const errors[] = {
		"00002000 0003 'bad'", "0000000a 0003 'bad'", "0000f000 0003 'bad' 0101", "00012345 0003 'bad'"
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
	{
		CqlError	e;
		Golden		g = decode_error(errors[i], 4, &e);

		assert_string(e.message, "bad");
		assert_int_equal(e.unprepared_id.len, -1);
		assert_string(e.keyspace, "");
		assert_string(e.name, "");
		free(g.data);
	}
}

/* ---- EVENT ---- */

static Golden
decode_golden_event(const char *bytes, CqlEvent *e)
{
	Golden		g = golden(bytes);

	assert_true(cql_response_event(cql_reader(g.data, g.len), e));
	return g;
}

static void
test_node_events(void **state)
{
	static const struct
	{
		const char *bytes;
		CqlEventKind kind;
	}			cases[] = {
		{"000f 'TOPOLOGY_CHANGE' 0008 'NEW_NODE' 04 7f000001 00002352", CQL_EVENT_NEW_NODE},
		{"000f 'TOPOLOGY_CHANGE' 000c 'REMOVED_NODE' 04 7f000001 00002352", CQL_EVENT_REMOVED_NODE},
		{"000f 'TOPOLOGY_CHANGE' 000a 'MOVED_NODE' 04 7f000001 00002352", CQL_EVENT_MOVED_NODE},
		{"000d 'STATUS_CHANGE' 0002 'UP' 04 7f000001 00002352", CQL_EVENT_UP},
		{"000d 'STATUS_CHANGE' 0004 'DOWN' 04 7f000001 00002352", CQL_EVENT_DOWN},
		{"000d 'STATUS_CHANGE' 0004 'SIDE' 04 7f000001 00002352", CQL_EVENT_OTHER},
	};
	CqlEvent	e;
	Golden		g;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		g = decode_golden_event(cases[i].bytes, &e);
		assert_int_equal(e.kind, cases[i].kind);
		assert_golden(e.address.data, (size_t) e.address.len, "7f000001");
		assert_int_equal(e.port, 9042);
		free(g.data);
	}
	g = decode_golden_event("000d 'STATUS_CHANGE' 0002 'UP' 10 00000000000000000000000000000001 00002352", &e);
	assert_int_equal(e.address.len, 16);
	free(g.data);
	assert_false(decode(decode_event, "000d 'STATUS_CHANGE' 0002 'UP' 05 7f00000101 00002352"));
	assert_false(decode(decode_event, "000d 'STATUS_CHANGE' 0002 'UP' 00 00002352"));
	assert_false(decode(decode_event, "000d 'STATUS_CHANGE' 0002 'UP' 04 7f000001 00010000"));
	assert_false(decode(decode_event, "000d 'STATUS_CHANGE' 0002 'UP' 04 7f000001 ffffffff"));
}

static void
test_schema_events(void **state)
{
	CqlEvent	e;
	Golden		g = decode_golden_event("000d 'SCHEMA_CHANGE' 0007 'CREATED' 0005 'TABLE' 0008 'cqlfacts' 0002 'mc'", &e);

	assert_int_equal(e.kind, CQL_EVENT_SCHEMA);
	assert_string(e.change, "CREATED");
	assert_string(e.target, "TABLE");
	assert_string(e.keyspace, "cqlfacts");
	assert_string(e.name, "mc");
	free(g.data);
	g = decode_golden_event("000d 'SCHEMA_CHANGE' 0007 'DROPPED' 0008 'KEYSPACE' 0008 'cqlfacts'", &e);
	assert_string(e.keyspace, "cqlfacts");
	assert_string(e.name, "");
	assert_int_equal(e.address.len, -1);
	free(g.data);
	g = decode_golden_event("000d 'SCHEMA_CHANGE' 0007 'UPDATED' 0008 'FUNCTION' 0001 'k' 0001 'f' 0001 0003 'int'", &e);
	assert_string(e.name, "f");
	free(g.data);
}

static void
test_unknown_event(void **state)
{
	CqlEvent	e;
	Golden		g = decode_golden_event("0014 'CLIENT_ROUTES_CHANGE' 000c 'UPDATE_NODES' 0000 0000", &e);

	assert_int_equal(e.kind, CQL_EVENT_OTHER);
	assert_string(e.keyspace, "");
	free(g.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_every_length),
		cmocka_unit_test(test_trailing_bytes_are_ignored),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_of_nothing),
		cmocka_unit_test(test_supported),
		cmocka_unit_test(test_supported_that_lies),
		cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_error_unavailable),
		cmocka_unit_test(test_error_timeouts),
		cmocka_unit_test(test_error_write_types),
		cmocka_unit_test(test_error_failures),
		cmocka_unit_test(test_error_names),
		cmocka_unit_test(test_error_unprepared),
		cmocka_unit_test(test_error_without_details),
		cmocka_unit_test(test_node_events),
		cmocka_unit_test(test_schema_events),
		cmocka_unit_test(test_unknown_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
