/*
 * pipeline/client: what a statement may rely on, whatever the cluster does.
 *
 * The numbers are those of the pipeline's guarantees: 1 order, 2 window, 3
 * callback, 4 hand-off, 5 and 6 failures with and without fail-fast, 7 no
 * recursion, 8 broken row source, 9 broken submitter, 10 accounting, 15 lost
 * connection, 16 silent node, 18 answers in order. In close_test: 11 shutdown, 12
 * late answers. In stress_test: 13 visibility, 14 endless row source, 17
 * throughput.
 */
#include "fixture.inc.h"

#include "aborts.h"

/* ---- 01: one answer for each request, in its place, for any order of answers ---- */

static void
answers_find_their_place(FakeSequence sequence, uint32_t delay_ms)
{
	enum
	{
		ROWS = 5000
	};
	uint8_t		seen[ROWS] = {0};
	Client	   *c;
	Pipeline   *p;

	fake_reset();
	fake_plan.sequence = sequence;
	fake_plan.delay_ms = delay_ms;
	fake_plan.echo = true;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, ROWS);
	await_all(c, p);
	assert_int_equal(collect(p, seen, ROWS), 0);
	for (int i = 0; i < ROWS; i++)
		assert_int_equal(seen[i], 1);
	pipeline_close(p);
	assert_int_equal(client_outstanding(c), 0);
	close_client(c);
}

static void
test_01_one_answer_each_in_any_order(void **state)
{
	answers_find_their_place(FAKE_FORWARD, 0);
	answers_find_their_place(FAKE_REVERSE, 0);
	answers_find_their_place(FAKE_RANDOM, 0);
	answers_find_their_place(FAKE_RANDOM, 2);
}

/* ---- 02: never more in flight than the window; one in for each one out ---- */

static void
test_02_window_never_exceeded(void **state)
{
	Client	   *c = open_client(7);
	Pipeline   *p = open_pipeline(c, 0, 0);

	fake_plan.sequence = FAKE_RANDOM;
	write_rows(c, p, &fixture_template, 0, 20000);
	await_all(c, p);
	assert_in_range(fake_log.in_flight_max, 1, 7);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

static void
test_02_one_in_for_one_out(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(7);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 500; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 7);
	for (uint32_t i = 1; i <= 493; i++)
	{
		fake_release(1);
		fake_await(&fake_log.taken, 7 + i);
		assert_int_equal(fake_log.taken, 7 + i);
		assert_int_equal(fake_log.completed, i);
	}
	fake_release(7);
	await_all(c, p);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

static void
test_02_no_rows_start_nothing(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p = open_pipeline(c, 0, 0);

	assert_non_null(pipeline_begin(p));
	pipeline_submit(p);
	assert_int_equal(pipeline_outstanding(p), 0);
	assert_false(client_sleep(c, 1));
	assert_int_equal(client_drain(c), 0);
	pipeline_close(p);
	close_client(c);
	assert_int_equal(fake_log.opened, 0);
}

/* ---- 03: the completion callback only appends ---- */

static void
test_03_callback_does_little(void **state)
{
	enum
	{
		ROWS = 10000
	};
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(ROWS);
	p = open_pipeline(c, ROWS + 1, 0);
	write_rows(c, p, &fixture_template, 0, ROWS);
	pipeline_submit(p);
	fake_await(&fake_log.taken, ROWS);
	fake_release(ROWS);
	await_all(c, p);
	print_message("%d callbacks in one turn: %.3f us each\n", ROWS,
				  (double) fake_log.callback_ns / ROWS / 1000);
	/* A lock, a wake-up or a submission in the callback would need more than this even under a sanitizer. */
	assert_true(fake_log.callback_ns / ROWS < 20000);
	release_done(p);
	pipeline_close(p);
	close_client(c);			/* checks that nothing was submitted from the callback */
}

/* ---- 04: batched hand-off, no wake-up lost, none too many ---- */

static void
test_04_one_wake_up_for_many(void **state)
{
	Client	   *c;
	Pipeline   *p;
	struct pollfd fd = {.events = POLLIN};

	fake_plan.hold = true;
	c = open_client(100);
	p = open_pipeline(c, 0, 0);
	fd.fd = client_wait_fd(c);
	for (uint64_t i = 0; i < 100; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);
	assert_true(client_sleep(c, 60));
	fake_release(59);
	fake_await(&fake_log.completed, 59);
	assert_int_equal(poll(&fd, 1, 0), 0);
	fake_release(1);
	assert_int_equal(poll(&fd, 1, WAKE_UP_MS), 1);
	client_awake(c);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(client_drain(c), 60);

	/* Awake, nobody is woken. */
	fake_release(40);
	while (client_drain(c) < 40 && pipeline_outstanding(p) > 0)
		sched_yield();
	assert_int_equal(poll(&fd, 1, 0), 0);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

static void
test_04_flush_and_refill_in_batches(void **state)
{
	Client	   *c;
	Pipeline   *p;
	uint32_t	before;

	fake_plan.hold = true;
	c = open_client(1000);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, 8000);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 1000);
	before = fake_log.flushes;
	fake_release(8000);
	await_all(c, p);
	/* Seven windows more, one flush each. */
	assert_int_equal(fake_log.flushes - before, 7);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

/* ---- 05: fail fast ---- */

static void
test_05_first_failure_stops_promptly(void **state)
{
	Client	   *c;
	Pipeline   *p;
	Request    *r = NULL;
	uint32_t	rows = 0;

	fake_plan.fail_every = 1;
	fake_plan.fail_code = 0x2200;
	c = open_client(5);
	p = open_pipeline(c, 10, 0);
	while (rows < 20000 && !r)
	{
		write_row(p, &fixture_template, rows++);
		if (pipeline_full(p))
			await_done(c, 1);
		r = pipeline_next_done(p);
	}
	assert_non_null(r);
	assert_true(r->core.failed);
	assert_int_equal(r->core.failure->code, 0x2200);
	assert_true(rows < 100);
	pipeline_abandon(p);
	close_client(c);
	assert_true(fake_log.taken < 100);
}

static void
test_05_failure_before_and_during_the_wait(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.fail_every = 3;
	fake_plan.hold = true;
	c = open_client(100);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 100; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 100);

	/* It comes while waiting: woken although 100 were asked for. */
	fake_release(3);
	assert_int_equal(await_done(c, 100), 3);

	/* It is there before: no wait. */
	fake_release(3);
	while (client_sleep(c, 94))
		client_awake(c);
	assert_int_equal(client_drain(c), 3);
	fake_release(94);
	while (pipeline_outstanding(p) > 0)
		await_done(c, 94);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

/* ---- 06: failures stay in their place, the rest completes ---- */

static void
test_06_failures_in_their_place(void **state)
{
	enum
	{
		ROWS = 7000
	};
	uint8_t		seen[ROWS] = {0};
	Client	   *c;
	Pipeline   *p;
	ClientStats stats;

	fake_plan.fail_every = 7;
	fake_plan.hold = true;
	c = open_client(64);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, ROWS);
	fake_await(&fake_log.taken, 64);
	fake_release(ROWS);
	await_all(c, p);
	client_stats(c, &stats);
	assert_int_equal(collect(p, seen, ROWS), ROWS / 7);
	assert_int_equal(stats.failures, ROWS / 7);
	assert_int_equal(stats.requests, ROWS);
	assert_int_equal(stats.bytes, ROWS * 8);
	assert_int_equal(stats.in_flight, 0);
	assert_int_equal(stats.window_peak, 64);
	assert_true(stats.stalls > 0);
	pipeline_close(p);
	close_client(c);
}

/* ---- 07: immediate failures are accounted once and do not recurse ---- */

static void
test_07_immediate_failures_do_not_recurse(void **state)
{
	enum
	{
		ROWS = 20000
	};
	uint8_t		seen[ROWS] = {0};
	uint32_t	failed = 0;
	Client	   *c;
	Pipeline   *p;

	fake_plan.fail_every = 1;
	c = open_client(1);
	p = open_pipeline(c, ROWS + 1, 0);
	for (uint64_t i = 0; i < ROWS; i++)
		write_row(p, &fixture_template, i);
	await_all(c, p);
	failed = collect(p, seen, ROWS);
	assert_int_equal(failed, ROWS);
	assert_true(fake_log.stack_high - fake_log.stack_low < 4096);
	pipeline_close(p);
	close_client(c);
}

/* ---- 08: the row source breaks ---- */

static jmp_buf row_source_error;

static void
broken_row_source(Pipeline *p)
{
	for (uint64_t i = 0;; i++)
	{
		CqlBuffer  *b = pipeline_begin(p);

		cql_put_u64(b, i);
		if (i == 1000)
			longjmp(row_source_error, 1);
		pipeline_commit(p, &fixture_template, NULL, i);
	}
}

static void
test_08_row_source_breaks_midway(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(10);
	p = open_pipeline(c, 0, 0);
	if (setjmp(row_source_error) == 0)
		broken_row_source(p);
	assert_int_equal(pipeline_outstanding(p), 1000);
	pipeline_abandon(p);
	fake_release(1000);
	while (client_abandoned(c, PIPELINE_READS) > 0)
		await_done(c, client_abandoned(c, PIPELINE_READS));
	close_client(c);
}

/* What only reads never holds up a write; what has timestamps only one that does not go by them. */
static void
test_08_abandoned_are_counted_by_kind(void **state)
{
	static const RequestTemplate ordered = {.statement = 1, .timeout_ms = 60000, .kind = CLUSTER_EXECUTE, .consistency = CQL_ONE, .rows = 1};
	const PipelineLimit limit = {0, 0};
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(10);
	for (PipelineKind kind = PIPELINE_READS; kind <= PIPELINE_ORDERED; kind++)
	{
		p = pipeline_open(c, kind, &limit);
		for (uint64_t i = 0; i <= kind; i++)
			write_row(p, kind == PIPELINE_ORDERED ? &ordered : &fixture_template, i);
		pipeline_submit(p);
		fake_await(&fake_log.taken, (kind + 1) * (kind + 2) / 2);
		pipeline_abandon(p);
	}
	assert_int_equal(client_abandoned(c, PIPELINE_READS), 6);
	assert_int_equal(client_abandoned(c, PIPELINE_TIMED), 5);
	assert_int_equal(client_abandoned(c, PIPELINE_ORDERED), 3);
	fake_release(6);
	while (client_abandoned(c, PIPELINE_READS) > 0)
		await_done(c, 1);
	assert_int_equal(client_abandoned(c, PIPELINE_ORDERED), 0);
	close_client(c);
}

static void
test_08_interrupted_row_does_not_exist(void **state)
{
	Client	   *c;
	Pipeline   *p;
	Request    *r;

	fake_plan.echo = true;
	c = open_client(10);
	p = open_pipeline(c, 0, 0);
	cql_put_raw(pipeline_begin(p), "half a row", 10);
	write_row(p, &fixture_template, 5);
	await_all(c, p);
	r = pipeline_next_done(p);
	assert_non_null(r);
	assert_int_equal(r->core.body_length, 8);
	assert_int_equal(cql_load_u64(r->core.body), 5);
	assert_null(pipeline_next_done(p));
	pipeline_release(p, r);
	pipeline_close(p);
	close_client(c);
}

/* ---- bodies of large pages are used again ---- */

static Request *
read_page(Client *c, Pipeline *p, const RequestTemplate *t, size_t size)
{
	CqlBuffer  *b = pipeline_begin(p);

	assert_true(cql_buffer_reserve(b, size));
	memset(b->data + b->len, 0, size);
	b->len += size;
	return pipeline_commit(p, t, NULL, 0);
}

static void
test_large_bodies_are_used_again(void **state)
{
	RequestTemplate page = fixture_template;
	Client	   *c;
	Pipeline   *p;
	Request    *r;
	uint8_t    *body;

	page.flags |= CQL_PARAM_PAGE_SIZE;
	fake_plan.echo = true;
	c = open_client(10);
	p = open_pipeline(c, 0, 0);
	assert_null(read_page(c, p, &page, 100000)->core.room);
	await_all(c, p);
	r = pipeline_next_done(p);
	body = r->core.body;
	assert_non_null(body);
	pipeline_release(p, r);
	assert_null(read_page(c, p, &fixture_template, 8)->core.room);	/* it reads nothing */
	r = read_page(c, p, &page, 8);
	assert_ptr_equal(r->core.room, body);
	assert_int_equal(r->core.room_size, 100000);
	assert_null(read_page(c, p, &page, 8)->core.room);	/* that was the only one */
	await_all(c, p);
	while ((r = pipeline_next_done(p)))
		pipeline_release(p, r);
	assert_non_null(read_page(c, p, &page, 8)->core.room);	/* not needed by the small page: back */
	pipeline_close(p);
	p = open_pipeline(c, 0, 0);
	assert_null(read_page(c, p, &page, 8)->core.room);	/* nothing is kept while no statement runs */
	await_all(c, p);
	pipeline_close(p);
	close_client(c);
}

/* ---- 09: the submitter itself cannot go on ---- */

static void
test_09_no_cluster_fails_each_request(void **state)
{
	enum
	{
		ROWS = 600
	};
	uint8_t		seen[ROWS] = {0};
	Client	   *c;
	Pipeline   *p;
	Request    *r;

	fake_plan.open_fails = true;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_row(p, &fixture_template, 0);
	await_all(c, p);
	r = pipeline_next_done(p);
	assert_int_equal(r->core.failure->kind, CLUSTER_FAIL_MEMORY);
	pipeline_release(p, r);
	write_rows(c, p, &fixture_template, 0, ROWS);
	await_all(c, p);
	assert_int_equal(collect(p, seen, ROWS), ROWS);
	pipeline_close(p);
	close_client(c);
}

/* ---- 10: the sums are right at every moment ---- */

static void
test_10_accounting(void **state)
{
	Client	   *c = open_client(50);
	Pipeline   *a = open_pipeline(c, 0, 0);
	Pipeline   *b = open_pipeline(c, 0, 0);
	uint32_t	done_a = 0;
	uint32_t	done_b = 0;
	Request    *r;

	for (uint32_t i = 1; i <= 3000; i++)
	{
		write_row(a, &fixture_template, i);
		write_row(b, &fixture_template, i);
		client_drain(c);
		for (; (r = pipeline_next_done(a)); done_a++)
			pipeline_release(a, r);
		for (; (r = pipeline_next_done(b)); done_b++)
			pipeline_release(b, r);
		assert_int_equal(pipeline_outstanding(a), i - done_a);
		assert_int_equal(pipeline_outstanding(b), i - done_b);
		assert_int_equal(pipeline_outstanding_bytes(a), (i - done_a) * 8);
		assert_int_equal(client_outstanding(c), 2 * i - done_a - done_b);
	}
	await_all(c, a);
	await_all(c, b);
	release_done(a);
	release_done(b);
	pipeline_close(a);
	pipeline_close(b);
	close_client(c);
}

/* ---- 15, 16: the connection dies; the node is silent ---- */

static void
test_15_connection_lost_with_full_window(void **state)
{
	enum
	{
		ROWS = 300
	};
	uint8_t		seen[ROWS] = {0};
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(100);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < ROWS; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 100);
	fake_order.release = ROWS - 100;
	fake_order.lose = true;
	fake_tell();
	await_all(c, p);
	assert_int_equal(collect(p, seen, ROWS), 100);
	for (int i = 0; i < ROWS; i++)
		assert_int_equal(seen[i], 1);
	pipeline_close(p);
	close_client(c);
}

static void
test_16_silent_node_meets_the_deadline(void **state)
{
	enum
	{
		ROWS = 400
	};
	RequestTemplate t = fixture_template;
	uint8_t		seen[ROWS] = {0};
	Client	   *c;
	Pipeline   *p;

	t.timeout_ms = 60;
	fake_plan.silent_every = 4;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &t, 0, ROWS);
	await_all(c, p);
	assert_int_equal(collect(p, seen, ROWS), ROWS / 4);
	assert_int_equal(client_outstanding(c), 0);
	pipeline_close(p);
	close_client(c);
}

/* ---- 18: answers in order need no more memory than the limit ---- */

static void
test_18_in_order_with_bounded_memory(void **state)
{
	enum
	{
		ROWS = 20000,
		LIMIT = 64
	};
	Request    *held[LIMIT] = {NULL};
	uint64_t	next = 0;
	uint64_t	written = 0;
	Client	   *c;
	Pipeline   *p;
	Request    *r;

	fake_plan.sequence = FAKE_RANDOM;
	c = open_client(LIMIT);
	p = open_pipeline(c, LIMIT, 0);
	while (next < ROWS)
	{
		for (; written < ROWS && written < next + LIMIT; written++)
			write_row(p, &fixture_template, written);
		pipeline_submit(p);
		await_done(c, 1);
		while ((r = pipeline_next_done(p)))
		{
			assert_true(r->ordinal >= next && r->ordinal < next + LIMIT);
			assert_null(held[r->ordinal % LIMIT]);
			held[r->ordinal % LIMIT] = r;
		}
		for (; (r = held[next % LIMIT]); next++)
		{
			assert_int_equal(r->ordinal, next);
			held[next % LIMIT] = NULL;
			pipeline_release(p, r);
		}
	}
	pipeline_close(p);
	close_client(c);
}

/* ---- limits, hand-over of started chunks, open ---- */

static void
test_limits_of_requests_and_bytes(void **state)
{
	Client	   *c;
	Pipeline   *p;
	CqlBuffer  *b;

	fake_plan.hold = true;
	c = open_client(0);
	p = open_pipeline(c, 3, 0);
	write_row(p, &fixture_template, 0);
	write_row(p, &fixture_template, 1);
	assert_false(pipeline_full(p));
	write_row(p, &fixture_template, 2);
	assert_true(pipeline_full(p));
	/* Full submits what was started: waiting needs no pipeline_submit. */
	fake_release(3);
	while (pipeline_outstanding(p) > 0)
		await_done(c, 3);
	assert_false(pipeline_full(p));
	release_done(p);
	pipeline_close(p);

	/* A request above the limit goes alone. */
	p = open_pipeline(c, 0, 1000);
	b = pipeline_begin(p);
	assert_true(cql_buffer_reserve(b, 3 * CHUNK_BYTES));
	memset(b->data + b->len, 'x', 3 * CHUNK_BYTES);
	b->len += 3 * CHUNK_BYTES;
	assert_non_null(pipeline_commit(p, &fixture_template, NULL, 0));
	assert_true(pipeline_full(p));
	fake_release(1);
	while (pipeline_full(p))
		await_done(c, 1);
	assert_int_equal(pipeline_outstanding_bytes(p), 0);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

static void
test_started_chunk_goes_when_submitter_is_idle(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_row(p, &fixture_template, 0);
	fake_await(&fake_log.taken, 1);
	for (uint64_t i = 1; i < 100; i++)
		write_row(p, &fixture_template, i);
	fake_release(1);
	assert_int_equal(await_done(c, 1), 1);
	assert_int_equal(fake_log.taken, 1);
	write_row(p, &fixture_template, 100);
	fake_await(&fake_log.taken, 101);
	fake_release(100);
	await_all(c, p);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

static void
test_open_reports_what_is_wrong(void **state)
{
	ClusterConfig config = {.ncontacts = 0};
	char		error[64] = "";

	assert_null(client_open(&config, error, sizeof(error)));
	assert_string_equal(error, "no contact point");
}

/* ---- invariants ---- */

static void
write_behind_a_shut_gate(void *pipeline)
{
	pipeline_shut(pipeline);
	pipeline_begin(pipeline);
}

static void
use_once_abandoned(void *pipeline)
{
	write_row(pipeline, &fixture_template, 0);
	pipeline_submit(pipeline);
	pipeline_abandon(pipeline);
	pipeline_submit(pipeline);
}

static void
release_twice(void *pipeline)
{
	Request    *r = pipeline_next_done(pipeline);

	pipeline_release(pipeline, r);
	pipeline_release(pipeline, r);
}

static void
test_broken_invariants_abort(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p = open_pipeline(c, 0, 0);

	assert_aborts(write_behind_a_shut_gate, p, "!gate_is_shut(&p->gate)");
	assert_aborts(use_once_abandoned, p, "may_use(p)");
	write_rows(c, p, &fixture_template, 0, 2);
	await_all(c, p);
	assert_aborts(release_twice, p, "*link != NULL");
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(test_01_one_answer_each_in_any_order),
		PIPELINE_TEST(test_02_window_never_exceeded),
		PIPELINE_TEST(test_02_one_in_for_one_out),
		PIPELINE_TEST(test_02_no_rows_start_nothing),
		PIPELINE_TEST(test_03_callback_does_little),
		PIPELINE_TEST(test_04_one_wake_up_for_many),
		PIPELINE_TEST(test_04_flush_and_refill_in_batches),
		PIPELINE_TEST(test_05_first_failure_stops_promptly),
		PIPELINE_TEST(test_05_failure_before_and_during_the_wait),
		PIPELINE_TEST(test_06_failures_in_their_place),
		PIPELINE_TEST(test_07_immediate_failures_do_not_recurse),
		PIPELINE_TEST(test_08_row_source_breaks_midway),
		PIPELINE_TEST(test_08_abandoned_are_counted_by_kind),
		PIPELINE_TEST(test_08_interrupted_row_does_not_exist),
		PIPELINE_TEST(test_large_bodies_are_used_again),
		PIPELINE_TEST(test_09_no_cluster_fails_each_request),
		PIPELINE_TEST(test_10_accounting),
		PIPELINE_TEST(test_15_connection_lost_with_full_window),
		PIPELINE_TEST(test_16_silent_node_meets_the_deadline),
		PIPELINE_TEST(test_18_in_order_with_bounded_memory),
		PIPELINE_TEST(test_limits_of_requests_and_bytes),
		PIPELINE_TEST(test_started_chunk_goes_when_submitter_is_idle),
		PIPELINE_TEST(test_open_reports_what_is_wrong),
		PIPELINE_TEST(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
