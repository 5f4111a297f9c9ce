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

/* ---- tablets ---- */

/* Of one tablet; last NULL: a row of what is static alone. replicas 0: null. base: of all bytes of an id; 0: null. */
static void
put_tablet(CqlBuffer *b, const int64_t *last, uint32_t replicas, uint8_t base)
{
	uint8_t		id[16];
	size_t		list;

	cql_put_u32(b, last ? 8 : CQL_NULL_LENGTH);
	if (last)
		cql_put_u64(b, (uint64_t) *last);
	if (replicas == 0)
		cql_put_null(b);
	else
	{
		list = cql_begin_value(b);
		cql_put_u32(b, replicas);
		for (uint32_t i = 0; i < replicas; i++)
		{
			cql_put_u32(b, 28);
			memset(id, (int) i + 1, sizeof(id));
			cql_put_bytes(b, id, sizeof(id));
			cql_put_u32(b, 4);
			cql_put_u32(b, i + 5);
		}
		cql_end_value(b, list);
	}
	memset(id, base, sizeof(id));
	cql_put_bytes(b, base ? id : NULL, base ? 16 : -1);
}

static CqlBuffer
begin_tablets(uint32_t n)
{
	static const char *const names[] = {"last_token", "replicas", "base_table"};
	static const uint16_t types[] = {CQL_TYPE_BIGINT, CQL_TYPE_BLOB, CQL_TYPE_UUID};
	CqlBuffer	b = {0};

	rows_begin(&b, names, types, 3);
	cql_put_u32(&b, n);
	return b;
}

typedef struct Taken
{
	CqlTablet	tablet[4];
	int			n;
} Taken;

static void
take_tablet(void *owner, const CqlTablet *tablet)
{
	Taken	   *taken = owner;

	assert_in_range(taken->n, 0, 3);
	taken->tablet[taken->n++] = *tablet;
}

static bool
read_tablets(CqlReader r, ClusterTabletPage *page, Taken *taken)
{
	CqlArena	arena = {0};
	bool		read;

	*taken = (Taken) {0};
	read = cluster_system_tablet_page(r, &arena, page, take_tablet, taken);
	cql_arena_free(&arena);
	return read;
}

/* Each begins where the one before ends, and so do those of the next page. What makes no sense is left out, and its tokens with it. */
static void
test_tablets_follow_each_other(void **state)
{
	static const int64_t last[] = {-100, 0, -50, 7, INT64_MAX};
	static const uint32_t replicas[] = {2, 0, 1, CQL_TABLET_REPLICAS + 1, 1};
	CqlBuffer	answer = begin_tablets(5);
	ClusterTabletPage page = {.above = INT64_MIN};
	Taken		taken;

	for (int i = 0; i < 5; i++)
		put_tablet(&answer, &last[i], replicas[i], 0);
	assert_true(read_tablets(reader_of(&answer), &page, &taken));
	assert_int_equal(taken.n, 2);
	assert_true(taken.tablet[0].first == INT64_MIN && taken.tablet[0].last == -100);
	assert_int_equal(taken.tablet[0].nreplicas, 2);
	assert_int_equal(taken.tablet[0].replica[1].host_id[15], 2);
	assert_int_equal(taken.tablet[0].replica[1].shard, 6);
	assert_true(taken.tablet[1].first == 7 && taken.tablet[1].last == INT64_MAX);
	assert_true(page.above == INT64_MAX);
	assert_false(page.has_base);
	assert_int_equal(page.paging_state.len, -1);
	for (size_t n = 0; n < answer.len; n++)
	{
		uint8_t    *cut = malloc(n + 1);

		memcpy(cut, answer.data, n);
		page.above = INT64_MIN;
		assert_false(read_tablets(cql_reader(cut, n), &page, &taken));
		free(cut);
	}
	cql_buffer_free(&answer);
}

static void
test_a_table_without_tablets_of_its_own(void **state)
{
	CqlBuffer	answer = begin_tablets(1);
	ClusterTabletPage page = {.above = INT64_MIN};
	Taken		taken;

	put_tablet(&answer, NULL, 0, 9);
	assert_true(read_tablets(reader_of(&answer), &page, &taken));
	assert_int_equal(taken.n, 0);
	assert_true(page.has_base);
	assert_int_equal(page.base[15], 9);
	assert_true(page.above == INT64_MIN);
	cql_buffer_free(&answer);
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
		cmocka_unit_test(test_tablets_follow_each_other),
		cmocka_unit_test(test_a_table_without_tablets_of_its_own),
		cmocka_unit_test(test_cut_answers_are_refused),
		cmocka_unit_test(test_counts_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
