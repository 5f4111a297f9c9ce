/* Events from the core to the backend. */
#include "decode.h"

#include "cql/trace.h"

#define BYTES "00000002" \
	"0000000000000001 0000000000000002 00000003 000e '127.0.0.1:9042' 0004 'lost' 0005 'reset'" \
	"ffffffffffffffff 7fffffffffffffff ffffffff 0000 0000 0000"

static const CqlTraceEvent events[] = {
	{1, 2, 3, "127.0.0.1:9042", "lost", "reset"}, {-1, INT64_MAX, UINT32_MAX, "", "", ""}
};

static void
test_encode(void **state)
{
	CqlBuffer	b = {0};

	cql_trace_put(&b, 2);
	cql_trace_put_event(&b, &events[0]);
	cql_trace_put_event(&b, &events[1]);
	assert_written(&b, BYTES);
	cql_buffer_free(&b);
}

static void
test_decode(void **state)
{
	Golden		g = golden(BYTES);
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlTrace	got;

	assert_true(cql_trace_get(&r, &arena, &got));
	assert_int_equal(cql_reader_left(&r), 0);
	free(g.data);				/* nothing is borrowed */
	assert_int_equal(got.nevents, 2);
	for (int i = 0; i < 2; i++)
	{
		assert_true(got.event[i].first == events[i].first);
		assert_true(got.event[i].last == events[i].last);
		assert_int_equal(got.event[i].times, events[i].times);
		assert_string_equal(got.event[i].node, events[i].node);
		assert_string_equal(got.event[i].what, events[i].what);
		assert_string_equal(got.event[i].detail, events[i].detail);
	}
	cql_arena_free(&arena);
}

static bool
decodes(CqlReader r)
{
	CqlArena	arena = {0};
	CqlTrace	got;
	bool		ok = cql_trace_get(&r, &arena, &got);

	cql_arena_free(&arena);
	return ok;
}

static void
test_malformed(void **state)
{
	check_cuts(decodes, BYTES);
	assert_true(decode(decodes, "00000000"));
	/* more events than there are bytes for */
	assert_false(decode(decodes, "ffffffff"));
	assert_false(decode(decodes, "00000001 0000000000000001 0000000000000002 00000003 0000 0000"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
