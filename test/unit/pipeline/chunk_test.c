/*
 * pipeline/chunk: commit makes a request exist; nothing before it counts.
 */
#include "pipeline/chunk.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static const RequestTemplate template = {
	.statement = 9, .timeout_ms = 1234, .kind = CLUSTER_EXECUTE, .consistency = CQL_LOCAL_ONE,
	.flags = CQL_PARAM_VALUES, .idempotent = true
};
static Gate gate;

static Chunk *
new_chunk(void)
{
	Chunk	   *c = chunk_create();

	assert_non_null(c);
	chunk_reset(c, NULL, &gate);
	return c;
}

static void
put(Chunk *c, size_t size, uint8_t byte)
{
	CqlBuffer  *b = chunk_begin_request(c);

	assert_true(cql_buffer_reserve(b, size));
	memset(b->data + b->len, byte, size);
	b->len += size;
}

static void
test_commit_fixes_the_request(void **state)
{
	Chunk	   *c = new_chunk();
	int64_t		token = -5;
	Request    *a;
	Request    *b;

	put(c, 10, 'a');
	a = chunk_commit_request(c, &template, &token, 77);
	put(c, 20, 'b');
	b = chunk_commit_request(c, &template, NULL, 78);
	assert_ptr_equal(a->chunk, c);
	assert_int_equal(a->ordinal, 77);
	assert_int_equal(a->offset, 0);
	assert_int_equal(a->core.length, 10);
	assert_int_equal(a->core.statement, 9);
	assert_int_equal(a->core.timeout_ms, 1234);
	assert_int_equal(a->core.kind, CLUSTER_EXECUTE);
	assert_int_equal(a->core.consistency, CQL_LOCAL_ONE);
	assert_int_equal(a->core.flags, CQL_PARAM_VALUES);
	assert_true(a->core.idempotent);
	assert_true(a->core.routed);
	assert_int_equal(a->core.token, -5);
	assert_false(b->core.routed);
	assert_int_equal(b->offset, 10);
	assert_int_equal(b->core.length, 20);
	assert_int_equal(c->count, 2);
	assert_int_equal(c->committed, 30);
	chunk_destroy(c);
}

static void
test_uncommitted_bytes_are_overwritten(void **state)
{
	Chunk	   *c = new_chunk();
	Request    *r;

	put(c, 4, 'a');
	chunk_commit_request(c, &template, NULL, 0);
	put(c, 1000, 'x');
	put(c, 4, 'b');
	r = chunk_commit_request(c, &template, NULL, 1);
	assert_int_equal(r->offset, 4);
	assert_int_equal(r->core.length, 4);
	assert_memory_equal(c->bytes.data, "aaaabbbb", 8);
	chunk_destroy(c);
}

/* A writer that failed costs its own request only. */
static void
test_failed_writer_adds_nothing(void **state)
{
	Chunk	   *c = new_chunk();

	put(c, 4, 'a');
	chunk_commit_request(c, &template, NULL, 0);
	assert_false(cql_buffer_reserve(chunk_begin_request(c), CQL_BUFFER_MAX + 1));
	assert_null(chunk_commit_request(c, &template, NULL, 1));
	assert_int_equal(c->count, 1);
	assert_int_equal(c->committed, 4);
	put(c, 4, 'b');
	assert_non_null(chunk_commit_request(c, &template, NULL, 2));
	assert_memory_equal(c->bytes.data, "aaaabbbb", 8);
	chunk_destroy(c);
}

static void
test_bytes_may_move_offsets_do_not(void **state)
{
	Chunk	   *c = new_chunk();

	for (int i = 0; i < CHUNK_REQUESTS; i++)
	{
		put(c, 1000, (uint8_t) i);
		assert_int_equal(chunk_commit_request(c, &template, NULL, (uint64_t) i)->offset, i * 1000);
	}
	for (int i = 0; i < CHUNK_REQUESTS; i++)
		assert_int_equal(c->bytes.data[c->request[i].offset + 999], (uint8_t) i);
	chunk_destroy(c);
}

static void
test_full_by_requests_or_bytes(void **state)
{
	Chunk	   *c = new_chunk();

	for (int i = 0; i < CHUNK_REQUESTS; i++)
	{
		assert_false(chunk_full(c));
		chunk_begin_request(c);
		/* Even an empty payload has an address. */
		assert_non_null(c->bytes.data);
		chunk_commit_request(c, &template, NULL, 0);
	}
	assert_true(chunk_full(c));

	chunk_reset(c, NULL, &gate);
	put(c, CHUNK_BYTES - 1, 'a');
	chunk_commit_request(c, &template, NULL, 0);
	assert_false(chunk_full(c));
	put(c, 1, 'a');
	assert_false(chunk_full(c));
	chunk_commit_request(c, &template, NULL, 0);
	assert_true(chunk_full(c));
	chunk_destroy(c);
}

static void
test_reset_forgets_and_shrinks(void **state)
{
	Chunk	   *c = new_chunk();
	uint8_t    *kept;
	Request    *r;

	put(c, CHUNK_BYTES, 'a');
	r = chunk_commit_request(c, &template, NULL, 5);
	r->core.failed = true;
	r->core.attempts = 3;
	c->home = 1;
	kept = c->bytes.data;
	chunk_reset(c, NULL, &gate);
	assert_ptr_equal(c->bytes.data, kept);
	assert_int_equal(c->count, 0);
	assert_int_equal(c->home, 0);
	assert_int_equal(c->committed, 0);

	put(c, 8 * CHUNK_BYTES, 'a');
	r = chunk_commit_request(c, &template, NULL, 6);
	assert_false(r->core.failed);
	assert_int_equal(r->core.attempts, 0);
	chunk_reset(c, NULL, &gate);
	assert_int_equal(c->bytes.cap, 0);
	chunk_destroy(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commit_fixes_the_request),
		cmocka_unit_test(test_uncommitted_bytes_are_overwritten),
		cmocka_unit_test(test_failed_writer_adds_nothing),
		cmocka_unit_test(test_bytes_may_move_offsets_do_not),
		cmocka_unit_test(test_full_by_requests_or_bytes),
		cmocka_unit_test(test_reset_forgets_and_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
