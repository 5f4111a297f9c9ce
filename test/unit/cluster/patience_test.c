/*
 * cluster/patience, cluster/second: a request that is not answered goes to another node as well, and
 * the first answer counts.
 */
#include "fixture.inc.h"

#include "cluster/patience.h"

#define ROWS 600

static uint32_t
open_three(Fixture *f)
{
	uint32_t	statement;

	open_nodes(f, 3, "keyspace ks network dc1:3");
	statement = prepare(f, INSERT_TEXT);
	await_all_nodes(f);
	insert_all(f, statement, 0, 60);	/* all know the statement */
	order_all(f, "reset");
	f->completed = f->failed = 0;
	return statement;
}

static TestRequest *
submit_rows(Fixture *f, uint32_t statement, uint32_t n, bool idempotent)
{
	TestRequest *r = new_requests(n);

	for (uint32_t i = 0; i < n; i++)
	{
		make_insert(&r[i], statement, (int32_t) i);
		r[i].core.idempotent = idempotent;
		submit(f, &r[i]);
	}
	return r;
}

static void
end_rows(Fixture *f, TestRequest *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		assert_int_equal(r[i].times, 1);
		assert_worked(&r[i]);
	}
	free_requests(r, n);
	fixture_end(f);
}

/* A node takes requests and answers none, though its connection lives: all rows are written, long before their timeout. */
static void
test_a_node_that_hangs_costs_no_row(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest *r;
	uint64_t	before = uv_hrtime();
	uint64_t	stuck;

	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	r = submit_rows(&f, statement, ROWS, true);
	AWAIT(&f, f.completed == ROWS);
	assert_true(uv_hrtime() - before < AWAIT_MS * UINT64_C(1000000) / 2);
	stuck = node_count(f.node[2], "held");
	assert_in_range(stuck, 1, CLUSTER_PATIENCE_FREE + ROWS / CLUSTER_PATIENCE_SHARE);
	assert_int_equal(node_count(f.node[0], "executes") + node_count(f.node[1], "executes"), ROWS);
	assert_true(node_order(f.node[2], "clear\nrelease"));	/* late answers go nowhere */
	AWAIT(&f, node_count(f.node[2], "in_flight") == 0);
	insert_all(&f, statement, 0, 60);
	end_rows(&f, r, ROWS);
}

static void
assert_one_at_a_time(Fixture *f, uint32_t statement, uint32_t n)
{
	TestRequest r = {0};

	for (uint32_t i = 0; i < n; i++)
	{
		make_insert(&r, statement, (int32_t) i);
		run(f, &r);
		assert_worked(&r);
	}
	request_free(&r);
}

/* Who sends one request at a time learns that a node is silent, too, and does not wait for it again and again. */
static void
test_one_at_a_time(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);

	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	assert_one_at_a_time(&f, statement, 200);
	assert_in_range(node_count(f.node[2], "held"), 1, 3);
	assert_true(node_order(f.node[2], "clear\nrelease"));
	fixture_end(&f);
}

/* A page of a read, which may take long anywhere, has an eighth of its timeout. */
static void
test_one_that_asks_for_much(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest r = {0};
	uint64_t	before;

	order_all(&f, "on EXECUTE nth 1 hold");
	make_insert(&r, statement, 1);
	r.core.divisible = true;
	r.core.timeout_ms = 8000;
	submit(&f, &r);
	AWAIT(&f, count_all(&f, "held") == 1);
	before = uv_hrtime();
	for (uint32_t i = 0; i < 3; i++)
	{
		if (node_count(f.node[i], "held") == 0)
			assert_true(node_order(f.node[i], "clear"));
	}
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	assert_in_range((uv_hrtime() - before) / 1000000, 900, 4000);
	order_all(&f, "release");
	request_free(&r);
	fixture_end(&f);
}

/* Nor for a PREPARE. */
static void
test_a_prepare_that_is_not_answered(void **state)
{
	Fixture		f;
	uint32_t	statement;

	(void) open_three(&f);
	assert_true(node_order(f.node[2], "on PREPARE hold\non EXECUTE hold"));
	for (uint32_t i = 0; i < 6; i++)
	{
		char		text[128];

		snprintf(text, sizeof(text), "INSERT INTO ks.t (id, s) VALUES (?, ?) USING TTL %u", i + 1);
		statement = prepare(&f, text);
		assert_one_at_a_time(&f, statement, 60);
	}
	assert_in_range(node_count(f.node[2], "held"), 1, 4);
	assert_true(node_order(f.node[2], "clear\nrelease"));
	fixture_end(&f);
}

/* More than a session may send twice by the share of what it has sent: all are written all the same. */
static void
test_many_wait_at_a_node_that_hangs(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest *r;

	cluster_limit(f.cluster, 4096, true);
	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	r = submit_rows(&f, statement, 3 * ROWS, true);
	AWAIT(&f, node_count(f.node[2], "held") > CLUSTER_PATIENCE_FREE + 3 * ROWS / CLUSTER_PATIENCE_SHARE);
	AWAIT(&f, f.completed == 3 * ROWS);
	end_rows(&f, r, 3 * ROWS);
}

/* What must not be done twice is not. */
static void
test_what_is_not_idempotent_goes_nowhere_else(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest *r;
	uint64_t	start;

	assert_true(node_order(f.node[2], "on EXECUTE hold"));
	r = submit_rows(&f, statement, 30, false);
	AWAIT(&f, node_count(f.node[2], "held") + f.completed == 30);
	start = uv_hrtime();
	AWAIT(&f, uv_hrtime() - start > UINT64_C(800000000));	/* the clock is what this is about */
	assert_true(node_count(f.node[2], "held") > 0);
	assert_int_equal(count_all(&f, "executes"), 30);
	assert_true(node_order(f.node[2], "clear\nrelease"));
	AWAIT(&f, f.completed == 30);
	end_rows(&f, r, 30);
}

/* All are as slow as each other: none gets more work for it. */
static void
test_a_slow_cluster_gets_no_more_work(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest *r;

	order_all(&f, "on EXECUTE delay 900");
	r = submit_rows(&f, statement, 60, true);
	AWAIT(&f, f.completed == 60);
	assert_int_equal(count_all(&f, "executes"), 60);
	end_rows(&f, r, 60);
}

/* The other node says no: the first one's answer is awaited. */
static void
test_an_error_of_the_second_is_not_the_answer(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest r = {0};
	uint32_t	stuck = 3;

	order_all(&f, "on EXECUTE nth 1 hold\non EXECUTE after 1 error 0x2200 \"no\"");
	make_insert(&r, statement, 1);
	submit(&f, &r);
	AWAIT(&f, count_all(&f, "held") == 1);
	for (uint32_t i = 0; i < 3; i++)
	{
		if (node_count(f.node[i], "held") > 0)
			stuck = i;
		else
			assert_true(node_order(f.node[i], "clear\non EXECUTE error 0x2200 \"no\""));
	}
	AWAIT(&f, count_all(&f, "executes") == 2);
	assert_int_equal(r.times, 0);
	assert_true(node_order(f.node[stuck], "release"));
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
}

/* The first node is lost while the second is asked. */
static void
test_a_loss_of_the_first_leaves_the_second(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest r = {0};
	uint32_t	stuck = 3;

	order_all(&f, "on EXECUTE hold");
	make_insert(&r, statement, 1);
	submit(&f, &r);
	AWAIT(&f, count_all(&f, "held") == 1);
	for (uint32_t i = 0; i < 3; i++)
	{
		if (node_count(f.node[i], "held") > 0)
			stuck = i;
	}
	AWAIT(&f, count_all(&f, "held") == 2);
	assert_true(node_order(f.node[stuck], "disconnect"));
	AWAIT(&f, node_count(f.node[stuck], "open") < 2);
	order_all(&f, "release");
	AWAIT(&f, r.times == 1);
	assert_worked(&r);
	assert_int_equal(r.core.attempts, 2);
	request_free(&r);
	fixture_end(&f);
}

/* Both are silent: one timeout, one failure. */
static void
test_both_are_silent(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest r = {0};

	order_all(&f, "on EXECUTE silent");
	make_insert(&r, statement, 1);
	r.core.timeout_ms = 1200;
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_TIMEOUT);
	assert_int_equal(count_all(&f, "executes"), 2);
	request_free(&r);
	fixture_end(&f);
}

static void
test_closing_with_both_in_flight(void **state)
{
	Fixture		f;
	uint32_t	statement = open_three(&f);
	TestRequest r = {0};

	order_all(&f, "on EXECUTE hold");
	make_insert(&r, statement, 1);
	submit(&f, &r);
	AWAIT(&f, count_all(&f, "held") == 2);
	close_cluster(&f);
	assert_int_equal(r.times, 1);
	assert_failed(&r, CLUSTER_FAIL_LOST);
	request_free(&r);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_node_that_hangs_costs_no_row),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_one_that_asks_for_much),
		cmocka_unit_test(test_a_prepare_that_is_not_answered),
		cmocka_unit_test(test_many_wait_at_a_node_that_hangs),
		cmocka_unit_test(test_what_is_not_idempotent_goes_nowhere_else),
		cmocka_unit_test(test_a_slow_cluster_gets_no_more_work),
		cmocka_unit_test(test_an_error_of_the_second_is_not_the_answer),
		cmocka_unit_test(test_a_loss_of_the_first_leaves_the_second),
		cmocka_unit_test(test_both_are_silent),
		cmocka_unit_test(test_closing_with_both_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
