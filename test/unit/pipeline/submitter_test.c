/*
 * pipeline/submitter: clusters that connect or are dead, deadlines in the queue, stopping.
 */
#include "fixture.inc.h"

#include <signal.h>

static uint32_t
count_failures(Pipeline *p, ClusterFailureKind kind)
{
	uint32_t	n = 0;
	Request    *r;

	while ((r = pipeline_next_done(p)))
	{
		if (r->core.failed)
		{
			assert_non_null(r->core.failure);
			assert_int_equal(r->core.failure->kind, kind);
			n++;
		}
		pipeline_release(p, r);
	}
	return n;
}

static void
test_waits_while_connecting(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.connecting = true;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, 500);
	fake_await(&fake_log.waiting, 1);
	assert_int_equal(fake_log.taken, 0);
	fake_order.connected = true;
	fake_tell();
	await_all(c, p);
	assert_int_equal(count_failures(p, CLUSTER_FAIL_CONNECT), 0);
	assert_int_equal(fake_log.taken, 500);
	pipeline_close(p);
	close_client(c);
}

/* In mid-load: more at once, fewer, and the client's own again. */
static void
test_limit_of_all_clients(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.hold = true;
	c = open_client(5);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, 100);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 5);
	client_limit_all(8);
	fake_release(1);
	fake_await(&fake_log.taken, 9);
	client_limit_all(2);
	fake_release(6);
	fake_await(&fake_log.completed, 7);
	fake_release(1);
	fake_await(&fake_log.taken, 10);	/* two in flight */
	fake_release(1);
	fake_await(&fake_log.taken, 11);
	assert_int_equal(fake_log.completed, 9);
	client_limit_all(0);
	fake_release(1);
	fake_await(&fake_log.taken, 15);
	assert_int_equal(fake_log.completed, 10);
	assert_int_equal(fake_log.in_flight_max, 8);
	fake_release(90);
	await_all(c, p);
	assert_int_equal(count_failures(p, CLUSTER_FAIL_CONNECT), 0);
	pipeline_close(p);
	close_client(c);
}

static void
test_dead_cluster_fails_the_queue(void **state)
{
	Client	   *c;
	Pipeline   *p;
	Request    *r;
	uint32_t	waiting;

	fake_plan.connecting = true;
	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_rows(c, p, &fixture_template, 0, 500);
	pipeline_submit(p);
	fake_await(&fake_log.waiting, 1);
	fake_order.down = true;
	fake_tell();
	await_done(c, 500);
	r = pipeline_next_done(p);
	assert_non_null(r);
	assert_int_equal(r->core.failure->code, 7);
	assert_string_equal(r->core.failure->message, "ordered failure 7");
	pipeline_release(p, r);
	while (pipeline_outstanding(p) > 0)
	{
		/* Rows that came after the bad news wait for an attempt of their own. */
		fake_order.down = true;
		fake_tell();
		await_done(c, 1);
	}
	assert_int_equal(count_failures(p, CLUSTER_FAIL_CONNECT), 499);
	assert_int_equal(fake_log.taken, 0);

	/* The next request starts connecting anew. */
	while (fake_order.down)
		sched_yield();
	waiting = fake_log.waiting;
	write_row(p, &fixture_template, 0);
	fake_await(&fake_log.waiting, waiting + 1);
	fake_order.connected = true;
	fake_tell();
	await_all(c, p);
	assert_int_equal(count_failures(p, CLUSTER_FAIL_CONNECT), 0);
	pipeline_close(p);
	close_client(c);
}

/* ---- deadlines ---- */

/* B4: four slots, a thousand requests, a silent cluster: what waits fails when nothing was answered for as long as one may take. */
static void
test_b4_deadline_holds_in_the_queue(void **state)
{
	RequestTemplate t = fixture_template;
	Client	   *c;
	Pipeline   *p;
	Request    *r;
	uint64_t	before;
	uint32_t	n = 0;

	t.timeout_ms = 200;
	fake_plan.silent_every = 1;
	c = open_client(4);
	p = open_pipeline(c, 0, 0);
	before = uv_hrtime();
	for (uint64_t i = 0; i < 1000; i++)
		write_row(p, &t, i);
	await_all(c, p);
	assert_true(uv_hrtime() - before >= 190 * UINT64_C(1000000));
	while ((r = pipeline_next_done(p)))
	{
		assert_true(r->core.failed);
		assert_int_equal(r->core.failure->kind, CLUSTER_FAIL_TIMEOUT);
		assert_true(r->core.failure->elapsed_ms >= 190);
		n++;
		pipeline_release(p, r);
	}
	assert_int_equal(n, 1000);
	assert_int_equal(fake_log.in_flight_max, 4);
	pipeline_close(p);
	close_client(c);
}

/* A request has all of its time from when it is sent. */
static void
test_time_in_the_queue_is_not_the_request_s(void **state)
{
	RequestTemplate t = fixture_template;
	Client	   *c;
	Pipeline   *p;
	Request    *r;
	uint32_t	failed = 0;

	t.timeout_ms = 300;
	fake_plan.hold = true;
	c = open_client(1);
	p = open_pipeline(c, 0, 0);
	write_row(p, &fixture_template, 0);
	write_row(p, &t, 1);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 1);
	/* Let the second one age in the queue: the clock is what this is about. */
	poll(NULL, 0, 150);
	fake_release(1);
	await_all(c, p);
	while ((r = pipeline_next_done(p)))
	{
		if (r->core.failed)
		{
			failed++;
			assert_int_equal(r->ordinal, 1);
			assert_int_equal(r->core.timeout_ms, 300);
			assert_true(r->core.failure->elapsed_ms >= 440);
		}
		pipeline_release(p, r);
	}
	assert_int_equal(failed, 1);
	pipeline_close(p);
	close_client(c);
}

/* One at a time, and all of them take longer than one may: what waits is none the worse for it. */
static void
test_a_slow_load_ends(void **state)
{
	const uint32_t n = 20;
	RequestTemplate t = fixture_template;
	Client	   *c;
	Pipeline   *p;
	uint64_t	before;

	t.timeout_ms = 1500;
	fake_plan.delay_ms = 100;
	c = open_client(1);
	p = open_pipeline(c, 0, 0);
	before = uv_hrtime();
	for (uint64_t i = 0; i < n; i++)
		write_row(p, &t, i);
	await_all(c, p);
	assert_true(uv_hrtime() - before > t.timeout_ms * UINT64_C(1000000));
	assert_int_equal(count_failures(p, CLUSTER_FAIL_TIMEOUT), 0);
	pipeline_close(p);
	close_client(c);
}

static void
test_short_deadline_overtakes_long_one(void **state)
{
	RequestTemplate t = fixture_template;
	Client	   *c;
	Pipeline   *slow;
	Pipeline   *fast;

	t.timeout_ms = 50;
	fake_plan.hold = true;
	c = open_client(1);
	slow = open_pipeline(c, 0, 0);
	fast = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 100; i++)
		write_row(slow, &fixture_template, i);
	pipeline_submit(slow);
	write_row(fast, &t, 0);
	await_all(c, fast);
	assert_int_equal(count_failures(fast, CLUSTER_FAIL_TIMEOUT), 1);
	assert_int_equal(pipeline_outstanding(slow), 100);
	fake_release(100);
	await_all(c, slow);
	assert_int_equal(count_failures(slow, CLUSTER_FAIL_TIMEOUT), 0);
	pipeline_close(slow);
	pipeline_close(fast);
	close_client(c);
}

/* ---- abandon: neighbours go on ---- */

static void
test_abandon_leaves_neighbours_alone(void **state)
{
	Client	   *c;
	Pipeline   *gone;
	Pipeline   *kept;

	fake_plan.hold = true;
	c = open_client(2);
	gone = open_pipeline(c, 0, 0);
	kept = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 300; i++)
	{
		write_row(gone, &fixture_template, i);
		write_row(kept, &fixture_template, i);
	}
	pipeline_submit(gone);
	pipeline_submit(kept);
	fake_await(&fake_log.taken, 2);
	pipeline_abandon(gone);
	while (client_abandoned(c, PIPELINE_READS) > 2)
		await_done(c, 1);
	assert_int_equal(fake_log.taken, 2);
	fake_release(302);
	await_all(c, kept);
	assert_int_equal(count_failures(kept, CLUSTER_FAIL_ABANDONED), 0);
	pipeline_close(kept);
	while (client_abandoned(c, PIPELINE_READS) > 0)
		await_done(c, 1);
	close_client(c);
	assert_in_range(fake_log.taken, 300, 302);
}

/* ---- versions ---- */

/* Whoever has drained an answer sees a version at least as new. */
static void
test_versions_come_no_later_than_answers(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p = open_pipeline(c, 0, 0);

	assert_int_equal(client_topology_version(c), 0);
	assert_int_equal(client_schema_version(c), 0);
	for (uint32_t i = 1; i <= 1000; i++)
	{
		write_row(p, &fixture_template, i);
		await_all(c, p);
		assert_int_equal(client_topology_version(c), i);	/* the fake counts its answers */
		assert_int_equal(client_schema_version(c), i + 1);
		release_done(p);
	}
	pipeline_close(p);
	close_client(c);
}

/* ---- signals are the backend's ---- */

static void
test_thread_takes_no_signals(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p = open_pipeline(c, 0, 0);
	sigset_t	usr1;
	sigset_t	pending;
	int			sig = 0;

	/* The thread surely runs. */
	write_row(p, &fixture_template, 0);
	await_all(c, p);

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	/* A thread that lets it in would have been killed by it. */
	assert_true(sigismember(&pending, SIGUSR1));
	assert_int_equal(sigwait(&usr1, &sig), 0);
	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
	release_done(p);
	pipeline_close(p);
	close_client(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(test_waits_while_connecting),
		PIPELINE_TEST(test_limit_of_all_clients),
		PIPELINE_TEST(test_dead_cluster_fails_the_queue),
		PIPELINE_TEST(test_b4_deadline_holds_in_the_queue),
		PIPELINE_TEST(test_time_in_the_queue_is_not_the_request_s),
		PIPELINE_TEST(test_a_slow_load_ends),
		PIPELINE_TEST(test_short_deadline_overtakes_long_one),
		PIPELINE_TEST(test_abandon_leaves_neighbours_alone),
		PIPELINE_TEST(test_versions_come_no_later_than_answers),
		PIPELINE_TEST(test_thread_takes_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
