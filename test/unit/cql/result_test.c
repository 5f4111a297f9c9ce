/* RESULTs as servers sent them, cut short everywhere, and bent. */
#include "decode.h"

#include "cql/response.h"

#define ID "9d5f4710c624a99b628e4f8bbce742cb"
#define METADATA_ID "ff2ee4261c0e1ae9dec18da9680c55a0"
#define LOCAL "0006 73797374656d 0005 6c6f63616c"	/* system, local */

#define PREPARED_TAIL \
	"00000001 00000001 00000001 0000 " LOCAL " 0003 6b6579 000d " \
	"00000001 00000002 " LOCAL " 0003 6b6579 000d 0004 7261636b 000d"

/* ---- every decoder, for what must fail at every length ---- */

static bool
decode_rows(CqlReader r)
{
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;
	bool		ok = cql_response_result_kind(&r) == CQL_RESULT_ROWS && cql_response_rows(&r, &arena, &m, &nrows);

	cql_arena_free(&arena);
	return ok;
}

static bool
decode_prepared4(CqlReader r)
{
	CqlArena	arena = {0};
	CqlPrepared p;
	bool		ok = cql_response_result_kind(&r) == CQL_RESULT_PREPARED &&
		cql_response_prepared(&r, false, &arena, &p);

	cql_arena_free(&arena);
	return ok;
}

static bool
decode_prepared5(CqlReader r)
{
	CqlArena	arena = {0};
	CqlPrepared p;
	bool		ok = cql_response_result_kind(&r) == CQL_RESULT_PREPARED &&
		cql_response_prepared(&r, true, &arena, &p);

	cql_arena_free(&arena);
	return ok;
}

static bool
decode_schema_change(CqlReader r)
{
	CqlEvent	e;

	return cql_response_schema_change(r, &e);
}

static void
test_cut_at_every_length(void **state)
{
	static const struct
	{
		Decode		decoder;
		const char *bytes;
	}			cases[] = {
		{decode_rows, "00000002 00000001 00000001" LOCAL "0003 6b6579 000d 00000001 00000000"},
		{decode_rows, "00000002 0000000b 00000001 00000002 beef 0002 cafe" LOCAL "0003 6b6579 000d 00000001 ffffffff"},
		{decode_rows, "00000002 00000000 00000002" LOCAL "0001 'a' 0021 000d 0009" LOCAL "0001 'b' 0031 0002 0001 0002"
		"00000001 ffffffff ffffffff"},
		{decode_prepared4, "00000004 0010" ID PREPARED_TAIL},
		{decode_prepared5, "00000004 0010" ID "0010" METADATA_ID PREPARED_TAIL},
		{decode_schema_change, "0007 'DROPPED' 0008 'KEYSPACE' 0008 'cqlfacts'"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_cuts(cases[i].decoder, cases[i].bytes);
}

static void
test_trailing_bytes_are_ignored(void **state)
{
	assert_true(decode(decode_prepared4, "00000004 0010" ID PREPARED_TAIL "ff"));
}

/* ---- kinds, rows, prepared ---- */

static void
test_result_kind(void **state)
{
	static const char *const bytes[] = {"00000000", "00000006", "ffffffff", "000000", "80000002"};

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
	{
		Golden		g = golden(bytes[i]);
		CqlReader	r = cql_reader(g.data, g.len);

		assert_int_equal(cql_response_result_kind(&r), 0);
		free(g.data);
	}
	for (uint8_t kind = CQL_RESULT_VOID; kind <= CQL_RESULT_SCHEMA_CHANGE; kind++)
	{
		uint8_t		body[4] = {0, 0, 0, kind};
		CqlReader	r = cql_reader(body, 4);

		assert_int_equal(cql_response_result_kind(&r), kind);
	}
}

static void
test_rows(void **state)
{
	Golden		g = golden("00000002 00000001 00000001 0006 73797374656d 0005 6c6f63616c 0003 6b6579 000d"
						   "00000001 00000005 6c6f63616c");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;
	CqlBytes	value;

	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(&r, &arena, &m, &nrows));
	assert_int_equal(nrows, 1);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.column[0].keyspace, "system");
	assert_string_equal(m.column[0].table, "local");
	assert_string_equal(m.column[0].name, "key");
	assert_int_equal(m.column[0].type->id, CQL_TYPE_TEXT);
	assert_int_equal(m.paging_state.len, -1);
	assert_int_equal(m.new_metadata_id.len, -1);
	value = cql_get_bytes(&r);
	assert_golden(value.data, (size_t) value.len, "'local'");
	assert_int_equal(cql_reader_left(&r), 0);
	cql_arena_free(&arena);
	free(g.data);
}

static void
test_rows_without_metadata(void **state)
{
	Golden		g = golden("00000002 00000005 00000002 00000001 00000005 6c6f63616c 00000005 7261636b31");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;

	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(&r, &arena, &m, &nrows));
	assert_int_equal(nrows, 1);
	assert_int_equal(m.count, 2);
	assert_null(m.column);
	assert_int_equal(cql_get_bytes(&r).len, 5);
	assert_int_equal(cql_get_bytes(&r).len, 5);
	cql_arena_free(&arena);
	free(g.data);
}

/* Nothing, no bytes and null are three things: an empty text, an empty blob, a null ascii. */
static void
test_rows_with_empty_values(void **state)
{
	Golden		g = golden("00000002 00000001 00000003" LOCAL "0001 't' 000d 0001 'b' 0003 0001 'a' 0001"
						   "00000001 00000000 00000000 ffffffff");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;

	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(&r, &arena, &m, &nrows));
	assert_int_equal(cql_get_bytes(&r).len, 0);
	assert_int_equal(cql_get_bytes(&r).len, 0);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_false(r.failed);
	assert_int_equal(cql_reader_left(&r), 0);
	cql_arena_free(&arena);
	free(g.data);
}

/* A condition that did not hold: the answer, then the row as it is. */
static void
test_rows_not_applied(void **state)
{
	Golden		g = golden("00000002 00000003 00000002 00000016 040000000106000400000006f07ffffff8f07ffffff8" LOCAL
						   "0009 '[applied]' 0004 0003 'key' 000d 00000001 00000001 00 00000005 'local'");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;
	CqlBytes	applied;

	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_ROWS);
	assert_true(cql_response_rows(&r, &arena, &m, &nrows));
	assert_true(m.flags & CQL_METADATA_MORE_PAGES);
	assert_golden(m.paging_state.data, (size_t) m.paging_state.len, "040000000106000400000006f07ffffff8f07ffffff8");
	assert_string_equal(m.column[0].name, "[applied]");
	assert_int_equal(m.column[0].type->id, CQL_TYPE_BOOLEAN);
	applied = cql_get_bytes(&r);
	assert_golden(applied.data, (size_t) applied.len, "00");
	cql_arena_free(&arena);
	free(g.data);
}

/* Paging state, then the new metadata id, then the columns; a table of its own for each. */
static void
test_rows_with_every_part(void **state)
{
	Golden		g = golden("0000000a 00000002 00000002 beef 0002 cafe"
						   "0001 'k' 0001 't' 0001 'a' 0009 0001 'l' 0001 'u' 0001 'b' 0000 0013"
						   "'DurationTypeUnknown' 00000002 00000000 ffffffff ffffffff 00000001 00");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlMetadata m;
	uint32_t	nrows;

	assert_true(cql_response_rows(&r, &arena, &m, &nrows));
	assert_int_equal(nrows, 2);
	assert_golden(m.paging_state.data, (size_t) m.paging_state.len, "beef");
	assert_golden(m.new_metadata_id.data, (size_t) m.new_metadata_id.len, "cafe");
	assert_string_equal(m.column[0].keyspace, "k");
	assert_string_equal(m.column[0].name, "a");
	assert_string_equal(m.column[1].keyspace, "l");
	assert_string_equal(m.column[1].table, "u");
	assert_int_equal(m.column[1].type->id, CQL_TYPE_CUSTOM);
	assert_string_equal(m.column[1].type->name, "DurationTypeUnknown");
	assert_int_equal(cql_get_bytes(&r).len, 0);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_int_equal(cql_get_bytes(&r).len, -1);
	assert_int_equal(cql_get_bytes(&r).len, 1);
	cql_arena_free(&arena);
	free(g.data);
}

static void
test_rows_with_lying_counts(void **state)
{
	/* columns */
	assert_false(decode(decode_rows, "00000002 00000001 ffffffff" LOCAL));
	assert_false(decode(decode_rows, "00000002 00000001 7fffffff" LOCAL "0003 6b6579 000d 00000000"));
	assert_false(decode(decode_rows, "00000002 00000004 ffffffff 00000000"));
	/* rows */
	assert_false(decode(decode_rows, "00000002 00000004 00000001 7fffffff 00000000"));
	assert_false(decode(decode_rows, "00000002 00000004 00000001 ffffffff 00000000"));
	assert_false(decode(decode_rows, "00000002 00000004 00000001 00000002 00000000"));
	assert_false(decode(decode_rows, "00000002 00000004 7fffffff 7fffffff 00000000"));
	assert_true(decode(decode_rows, "00000002 00000004 00000001 00000001 00000000"));
	/* rows of no columns take no bytes, so any number would fit */
	assert_false(decode(decode_rows, "00000002 00000004 00000000 00000001"));
	assert_true(decode(decode_rows, "00000002 00000004 00000000 00000000"));
}

static void
check_prepared(CqlReader *r, bool has_metadata_id)
{
	CqlArena	arena = {0};
	CqlPrepared p;

	assert_int_equal(cql_response_result_kind(r), CQL_RESULT_PREPARED);
	assert_true(cql_response_prepared(r, has_metadata_id, &arena, &p));
	assert_golden(p.id.data, (size_t) p.id.len, ID);
	if (has_metadata_id)
		assert_golden(p.metadata_id.data, (size_t) p.metadata_id.len, METADATA_ID);
	else
		assert_int_equal(p.metadata_id.len, -1);
	assert_int_equal(p.bind.count, 1);
	assert_int_equal(p.bind.pk_count, 1);
	assert_int_equal(p.bind.pk_index[0], 0);
	assert_string_equal(p.bind.column[0].table, "local");
	assert_string_equal(p.bind.column[0].name, "key");
	assert_int_equal(p.result.count, 2);
	assert_int_equal(p.result.pk_count, 0);
	assert_string_equal(p.result.column[0].name, "key");
	assert_string_equal(p.result.column[1].name, "rack");
	assert_int_equal(p.result.column[1].type->id, CQL_TYPE_TEXT);
	assert_int_equal(cql_reader_left(r), 0);
	cql_arena_free(&arena);
}

static void
test_prepared(void **state)
{
	Golden		v4 = golden("00000004 0010" ID PREPARED_TAIL);
	Golden		v5 = golden("00000004 0010" ID "0010" METADATA_ID PREPARED_TAIL);
	CqlReader	r = cql_reader(v4.data, v4.len);

	check_prepared(&r, false);
	r = cql_reader(v5.data, v5.len);
	check_prepared(&r, true);
	free(v4.data);
	free(v5.data);
}

/* A write: no bind list left to describe, no result; ScyllaDB's mark in bit 31. */
static void
test_prepared_with_empty_parts(void **state)
{
	Golden		g = golden("0001 aa 80000000 00000000 00000000 00000004 00000000");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlPrepared p;

	assert_true(cql_response_prepared(&r, false, &arena, &p));
	assert_int_equal(p.bind.flags, 0x80000000);
	assert_int_equal(p.bind.count, 0);
	assert_int_equal(p.bind.pk_count, 0);
	assert_int_equal(p.result.flags, CQL_METADATA_NONE);
	assert_null(p.result.column);
	cql_arena_free(&arena);
	free(g.data);
}

static void
test_prepared_key_order(void **state)
{
	Golden		g = golden("0001 aa 00000001 00000003 00000003 0001 0002 0000 0001 'k' 0001 't'"
						   "0001 'c' 0009 0001 'a' 0009 0001 'b' 0009 00000004 00000000");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlArena	arena = {0};
	CqlPrepared p;

	assert_true(cql_response_prepared(&r, false, &arena, &p));
	assert_int_equal(p.bind.pk_count, 3);
	assert_int_equal(p.bind.pk_index[0], 1);
	assert_int_equal(p.bind.pk_index[1], 2);
	assert_int_equal(p.bind.pk_index[2], 0);
	cql_arena_free(&arena);
	free(g.data);
}

static void
test_prepared_with_lying_counts(void **state)
{
	/* partition key indexes: beyond the markers, more than there are bytes, negative */
	assert_false(decode(decode_prepared4, "00000004 0001 aa 00000001 00000001 00000001 0001" LOCAL
						"0001 'c' 0009 00000004 00000000"));
	assert_false(decode(decode_prepared4, "00000004 0001 aa 00000001 00000001 0000ffff 0000" LOCAL
						"0001 'c' 0009 00000004 00000000"));
	assert_false(decode(decode_prepared4, "00000004 0001 aa 00000001 00000001 ffffffff 0000" LOCAL
						"0001 'c' 0009 00000004 00000000"));
	/* markers */
	assert_false(decode(decode_prepared4, "00000004 0001 aa 00000001 7fffffff 00000000" LOCAL
						"0001 'c' 0009 00000004 00000000"));
}

static void
test_schema_change_result(void **state)
{
	Golden		g = golden("00000005 0007 'UPDATED' 0004 'TYPE' 0001 'k' 0001 't'");
	CqlReader	r = cql_reader(g.data, g.len);
	CqlEvent	e;

	assert_int_equal(cql_response_result_kind(&r), CQL_RESULT_SCHEMA_CHANGE);
	assert_true(cql_response_schema_change(r, &e));
	assert_int_equal(e.kind, CQL_EVENT_SCHEMA);
	assert_string(e.target, "TYPE");
	assert_string(e.name, "t");
	free(g.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_at_every_length),
		cmocka_unit_test(test_trailing_bytes_are_ignored),
		cmocka_unit_test(test_result_kind),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_without_metadata),
		cmocka_unit_test(test_rows_with_empty_values),
		cmocka_unit_test(test_rows_not_applied),
		cmocka_unit_test(test_rows_with_every_part),
		cmocka_unit_test(test_rows_with_lying_counts),
		cmocka_unit_test(test_prepared),
		cmocka_unit_test(test_prepared_with_empty_parts),
		cmocka_unit_test(test_prepared_key_order),
		cmocka_unit_test(test_prepared_with_lying_counts),
		cmocka_unit_test(test_schema_change_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
