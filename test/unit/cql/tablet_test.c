/*
 * cql/tablet: payloads that tell of a tablet, whole and broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cql/tablet.h"

/* (MIN, -1], one replica, shard 3. */
static const uint8_t golden[] = {
	0, 0, 0, 8, 0x80, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0, 0, 0, 0x24, 0, 0, 0, 1, 0, 0, 0, 0x1c,
	0, 0, 0, 0x10, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
	0, 0, 0, 4, 0, 0, 0, 3
};

/* An answer with this payload, behind another one. */
static CqlTabletFound
find(const uint8_t *value, int32_t n, CqlTablet *tablet)
{
	CqlBuffer	body = {0};
	CqlFrame	frame = {.version = 4, .flags = CQL_FLAG_PAYLOAD, .opcode = CQL_OP_RESULT, .response = true};
	CqlPrefix	prefix;
	CqlReader	r;
	CqlTabletFound found;

	cql_put_u16(&body, 2);
	cql_put_string(&body, "something else");
	cql_put_bytes(&body, "x", 1);
	cql_put_string(&body, "tablets-routing-v1");
	cql_put_bytes(&body, value, n);
	cql_put_u32(&body, CQL_RESULT_VOID);
	assert_false(body.failed);
	frame.body = body.data;
	frame.length = (uint32_t) body.len;
	assert_true(cql_response_prefix(&frame, &prefix, &r));
	found = cql_tablet_of(&prefix, tablet);
	cql_buffer_free(&body);
	return found;
}

static void
test_golden_payload(void **state)
{
	CqlTablet	tablet;

	assert_int_equal(find(golden, sizeof(golden), &tablet), CQL_TABLET_FOUND);
	assert_true(tablet.first == INT64_MIN);
	assert_int_equal(tablet.last, -1);
	assert_int_equal(tablet.nreplicas, 1);
	assert_int_equal(tablet.replica[0].shard, 3);
	assert_memory_equal(tablet.replica[0].host_id, golden + 40, 16);
}

static void
test_no_payload(void **state)
{
	CqlPrefix	prefix = {0};
	CqlTablet	tablet;

	assert_int_equal(cql_tablet_of(&prefix, &tablet), CQL_TABLET_NONE);
}

/* Cut anywhere, or with one field that cannot be: no crash, and no tablet. */
static void
test_broken_payloads(void **state)
{
	static const struct
	{
		size_t		at;
		uint8_t		byte;
	}			wrong[] = {
		{3, 7},					/* a first of seven bytes */
		{16, 0x80},				/* last is not behind first: both are INT64_MIN + ... */
		{31, 0},				/* no replica */
		{28, 0x7f},				/* far too many */
		{35, 0x1b},				/* a tuple that is too short */
		{39, 0x0f},				/* an id of 15 bytes */
		{56, 0x10},				/* a shard of many bytes */
		{60, 0x80},				/* a negative shard */
	};
	CqlTablet	tablet;

	for (int32_t n = 0; n < (int32_t) sizeof(golden); n++)
		assert_int_equal(find(golden, n, &tablet), CQL_TABLET_BROKEN);
	assert_int_equal(find(NULL, -1, &tablet), CQL_TABLET_BROKEN);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		uint8_t		copy[sizeof(golden)];

		memcpy(copy, golden, sizeof(copy));
		copy[wrong[i].at] = wrong[i].byte;
		if (wrong[i].at == 16)
			memcpy(copy + 16, copy + 4, 8);
		assert_int_equal(find(copy, sizeof(copy), &tablet), CQL_TABLET_BROKEN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_payload),
		cmocka_unit_test(test_no_payload),
		cmocka_unit_test(test_broken_payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
