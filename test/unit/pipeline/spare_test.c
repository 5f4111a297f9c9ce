/*
 * pipeline/spare: chunks and large blocks are used again while statements run, and
 * given back when none does.
 */
#include "pipeline/spare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aborts.h"

#define LARGE ((size_t) 64 * 1024)
#define KIB ((size_t) 1024)

static uint8_t *
block_of(size_t size)
{
	uint8_t    *block = malloc(size);

	assert_non_null(block);
	return block;
}

static ClusterRequest
page_request(void)
{
	return (ClusterRequest) {.flags = CQL_PARAM_PAGE_SIZE};
}

static void
test_chunks_are_used_again(void **state)
{
	Spare		s = {0};
	Chunk	   *c = spare_take_chunk(&s);

	assert_non_null(c);
	spare_keep_chunk(&s, c);
	assert_int_equal(s.nchunks, 1);
	assert_ptr_equal(spare_take_chunk(&s), c);
	assert_int_equal(s.nchunks, 0);
	spare_keep_chunk(&s, c);
	spare_free(&s);
	assert_int_equal(s.nchunks, 0);
}

static void
keep_chunks(Spare *s, int n)
{
	for (int i = 0; i < n; i++)
		spare_keep_chunk(s, chunk_create());
}

static void
test_few_chunks_are_kept_while_nothing_runs(void **state)
{
	Spare		s = {0};

	keep_chunks(&s, 10);
	assert_int_equal(s.nchunks, 4);
	spare_set_busy(&s, true);
	keep_chunks(&s, 100);
	assert_int_equal(s.nchunks, 64);
	spare_set_busy(&s, false);
	assert_int_equal(s.nchunks, 4);
	spare_free(&s);
}

static void
test_pages_get_the_block_that_was_used_last(void **state)
{
	Spare		s = {.busy = true};
	uint8_t    *first = block_of(LARGE);
	uint8_t    *second = block_of(2 * LARGE);
	ClusterRequest row = {0};
	ClusterRequest page = page_request();
	ClusterRequest later = page_request();

	spare_keep(&s, first, LARGE);
	spare_keep(&s, second, 2 * LARGE);
	assert_int_equal(s.room_bytes, 3 * LARGE);
	spare_give_room(&s, &row);
	assert_null(row.room);
	spare_give_room(&s, &page);
	assert_ptr_equal(page.room, second);
	assert_int_equal(page.room_size, 2 * LARGE);
	spare_give_room(&s, &later);
	assert_ptr_equal(later.room, first);
	assert_int_equal(s.room_bytes, 0);

	/* None is left. */
	later.room = NULL;
	spare_give_room(&s, &later);
	assert_null(later.room);
	free(first);
	free(second);
}

/* What is not kept is freed: the sanitizer of leaks looks at these. */
static void
test_blocks_that_are_not_kept(void **state)
{
	Spare		s = {0};

	spare_keep(&s, NULL, 0);
	spare_keep(&s, block_of(LARGE), LARGE);
	assert_null(s.room);
	spare_set_busy(&s, true);
	spare_keep(&s, block_of(LARGE - 1), LARGE - 1);
	assert_null(s.room);
	for (int i = 0; i < 3; i++)
		spare_keep(&s, block_of(3 * KIB * KIB), 3 * KIB * KIB);
	assert_int_equal(s.room_bytes, 6 * KIB * KIB);
	spare_set_busy(&s, false);
	assert_null(s.room);
	assert_int_equal(s.room_bytes, 0);
}

static void
give_more_than_there_is(void *spare)
{
	ClusterRequest page = page_request();

	((Spare *) spare)->room_bytes = 1;
	spare_give_room(spare, &page);
}

static void
test_broken_invariants_abort(void **state)
{
	Spare		s = {.busy = true};

	spare_keep(&s, block_of(LARGE), LARGE);
	assert_aborts(give_more_than_there_is, &s, "room->size <= s->room_bytes");
	spare_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks_are_used_again),
		cmocka_unit_test(test_few_chunks_are_kept_while_nothing_runs),
		cmocka_unit_test(test_pages_get_the_block_that_was_used_last),
		cmocka_unit_test(test_blocks_that_are_not_kept),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
