/*
 * cluster/system_tables: what rows of the nodes' own tables say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/system_tables.h"
#include "rows.inc.h"

static const int64_t tokens[] = {INT64_MIN, -7, 0, INT64_MAX};

static CqlReader
reader_of(const CqlBuffer *answer)
{
	return cql_reader(answer->data, answer->len);
}

static uint32_t
count_rows(const ClusterNodeRow *row)
{
	uint32_t	n = 0;

	for (; row; row = row->next)
		n++;
	return n;
}

/* Rows of peers as they were read, of one node; their arena stays. */
static ClusterNodeRow *
read_peer(const RowNode *node, bool v2, CqlArena *arena)
{
	CqlBuffer	answer = rows_peers(node, 1, v2);
	ClusterNodeRow *rows;

	assert_true(cluster_system_peers(reader_of(&answer), 9042, arena, &rows));
	cql_buffer_free(&answer);
	return rows;
}

static void
assert_peer(const RowNode *node, bool v2, const char *address)
{
	CqlArena	arena = {0};
	ClusterNodeRow *row = read_peer(node, v2, &arena);
	char		name[64];

	if (!address)
		assert_null(row);
	else
	{
		assert_int_equal(count_rows(row), 1);
		net_address_format(&row->address, name, sizeof(name));
		assert_string_equal(name, address);
	}
	cql_arena_free(&arena);
}

/* ---- nodes ---- */

static void
test_local_tells_host_id_place_and_tokens(void **state)
{
	const RowNode node = {.id = 9, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4};
	CqlBuffer	answer = rows_local(&node);
	CqlArena	arena = {0};
	ClusterNodeRow *row = cluster_system_local(reader_of(&answer), &arena);

	cql_buffer_free(&answer);	/* rows borrow nothing from the answer */
	assert_non_null(row);
	assert_int_equal(row->host_id[0], 9);
	assert_int_equal(row->host_id[15], 9);
	assert_string_equal(row->dc, "dc");
	assert_string_equal(row->rack, "r");
	assert_int_equal(row->ntokens, 4);
	assert_memory_equal(row->token, tokens, sizeof(tokens));
	assert_false(row->foreign);
	cql_arena_free(&arena);
}

/* The last byte of a token "0" becomes another, as another partitioner might say. */
static void
assert_foreign(char last, bool foreign)
{
	static const int64_t zero[] = {0};
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = zero, .ntokens = 1};
	CqlBuffer	answer = rows_local(&node);
	CqlArena	arena = {0};
	ClusterNodeRow *row;

	answer.data[answer.len - 1] = (uint8_t) last;
	row = cluster_system_local(reader_of(&answer), &arena);
	assert_non_null(row);
	assert_int_equal(row->foreign, foreign);
	assert_int_equal(row->ntokens, foreign ? 0 : 1);
	cql_buffer_free(&answer);
	cql_arena_free(&arena);
}

static void
test_tokens_that_are_no_numbers_are_foreign(void **state)
{
	assert_foreign('x', true);
	assert_foreign('-', true);
	assert_foreign('7', false);
}

static void
test_local_without_a_row_is_no_node(void **state)
{
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4};
	CqlBuffer	none = rows_peers(&node, 0, true);
	CqlArena	arena = {0};

	assert_null(cluster_system_local(reader_of(&none), &arena));
	cql_buffer_free(&none);
	cql_arena_free(&arena);
}

static void
test_peers_v2_tells_address_and_port(void **state)
{
	const RowNode node = {.id = 2, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4,
		.address = {10, 0, 0, 2}, .port = 19042};

	assert_peer(&node, true, "10.0.0.2:19042");
}

static void
test_peers_gets_the_port_of_the_node_that_answers(void **state)
{
	const RowNode node = {.id = 2, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4,
		.address = {10, 0, 0, 2}, .peer = {10, 0, 0, 22}};

	assert_peer(&node, false, "10.0.0.2:9042");
}

static void
test_the_peer_address_stands_for_any(void **state)
{
	const RowNode any = {.id = 2, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4,
		.address = {0}, .peer = {10, 0, 0, 33}};

	assert_peer(&any, false, "10.0.0.33:9042");
}

static void
test_incomplete_peers_are_left_out(void **state)
{
	const RowNode no_dc = {.id = 2, .rack = "r", .token = tokens, .ntokens = 4, .address = {10, 0, 0, 2}};
	const RowNode no_rack = {.id = 2, .dc = "dc", .token = tokens, .ntokens = 4, .address = {10, 0, 0, 2}};
	const RowNode no_tokens = {.id = 2, .dc = "dc", .rack = "r", .address = {10, 0, 0, 2}};
	const RowNode no_address = {.id = 2, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4,
		.address = {255}, .peer = {10, 0, 0, 22}};
	const RowNode no_port = {.id = 2, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4, .address = {10, 0, 0, 2}};

	assert_peer(&no_dc, false, NULL);
	assert_peer(&no_rack, false, NULL);
	assert_peer(&no_tokens, false, NULL);
	assert_peer(&no_address, false, NULL);
	assert_peer(&no_port, true, NULL);
}

/* ---- keyspaces ---- */

static void
test_keyspaces_tell_class_and_options(void **state)
{
	static const char *const spec[] = {
		"a", "org.apache.cassandra.locator.SimpleStrategy", "replication_factor", "3", NULL,
		"b", "NetworkTopologyStrategy", "dc1", "2", "dc2", "1", NULL, NULL
	};
	CqlBuffer	answer = rows_keyspaces(spec);
	CqlArena	arena = {0};
	ClusterKeyspaceRow *b;

	assert_true(cluster_system_keyspaces(reader_of(&answer), &arena, &b));
	cql_buffer_free(&answer);
	assert_string_equal(b->keyspace, "b");
	assert_string_equal(b->class, "NetworkTopologyStrategy");
	assert_string_equal(cluster_system_option(b, "dc2"), "1");
	assert_null(cluster_system_option(b, "dc3"));
	assert_string_equal(b->next->keyspace, "a");
	assert_string_equal(b->next->class, "SimpleStrategy");	/* without its package */
	assert_string_equal(cluster_system_option(b->next, "replication_factor"), "3");
	assert_null(b->next->next);
	cql_arena_free(&arena);
}

/* ---- malformed answers ---- */

static bool
read_any(int which, CqlReader r)
{
	CqlArena	arena = {0};
	ClusterNodeRow *rows;
	ClusterKeyspaceRow *keyspaces;
	bool		read = which == 0 ? cluster_system_local(r, &arena) != NULL
		: which == 1 ? cluster_system_peers(r, 9042, &arena, &rows)
		: cluster_system_keyspaces(r, &arena, &keyspaces);

	cql_arena_free(&arena);
	return read;
}

/* Every cut of every answer is refused, and never read past its end. */
static void
test_cut_answers_are_refused(void **state)
{
	static const char *const spec[] = {"ks", "SimpleStrategy", "replication_factor", "1", NULL, NULL};
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 4,
		.address = {10, 0, 0, 2}, .port = 1};
	CqlBuffer	answer[] = {rows_local(&node), rows_peers(&node, 1, true), rows_keyspaces(spec)};

	for (int which = 0; which < 3; which++)
	{
		assert_true(read_any(which, reader_of(&answer[which])));
		for (size_t n = 0; n < answer[which].len; n++)
		{
			uint8_t    *cut = malloc(n + 1);	/* its own block, for the sanitizer's fences */

			memcpy(cut, answer[which].data, n);
			assert_false(read_any(which, cql_reader(cut, n)));
			free(cut);
		}
		cql_buffer_free(&answer[which]);
	}
}

/* More tokens than bytes are there: nothing is allocated for them. */
static void
test_counts_are_not_believed(void **state)
{
	const RowNode node = {.id = 1, .dc = "dc", .rack = "r", .token = tokens, .ntokens = 1};
	CqlBuffer	answer = rows_local(&node);
	size_t		count = answer.len - 4 - strlen("-9223372036854775808") - 4;

	assert_int_equal(cql_load_u32(answer.data + count), 1);
	cql_store_u32(answer.data + count, UINT32_MAX);
	assert_false(read_any(0, reader_of(&answer)));
	cql_buffer_free(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local_tells_host_id_place_and_tokens),
		cmocka_unit_test(test_tokens_that_are_no_numbers_are_foreign),
		cmocka_unit_test(test_local_without_a_row_is_no_node),
		cmocka_unit_test(test_peers_v2_tells_address_and_port),
		cmocka_unit_test(test_peers_gets_the_port_of_the_node_that_answers),
		cmocka_unit_test(test_the_peer_address_stands_for_any),
		cmocka_unit_test(test_incomplete_peers_are_left_out),
		cmocka_unit_test(test_keyspaces_tell_class_and_options),
		cmocka_unit_test(test_cut_answers_are_refused),
		cmocka_unit_test(test_counts_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
