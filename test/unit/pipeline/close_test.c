/*
 * pipeline/client: the ways out. Close ends in every state, within its bound;
 * what is abandoned comes home and is dropped.
 *
 * The numbers are those of client_test.
 */
#include "fixture.inc.h"

/* ---- 11: nothing is submitted after close, and close ends in every state ---- */

static void
close_now(Client *c)
{
	uint64_t	before = uv_hrtime();
	uint32_t	taken;

	assert_true(client_close(c, CLOSE_MS));
	taken = fake_log.taken;
	assert_true(uv_hrtime() - before < (uint64_t) CLOSE_MS * 1000000);
	assert_int_equal(fake_log.completed, taken);
	assert_int_equal(fake_log.opened, fake_log.closed);
	assert_int_equal(fake_log.broken_rules, 0);
}

static void
test_11_close_when_idle(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p;

	close_now(c);

	c = open_client(0);
	p = open_pipeline(c, 0, 0);
	write_row(p, &fixture_template, 0);
	await_all(c, p);
	release_done(p);
	pipeline_close(p);
	close_now(c);
}

static void
test_11_close_while_connecting(void **state)
{
	Client	   *c;

	fake_plan.connecting = true;
	c = open_client(0);
	write_rows(c, open_pipeline(c, 0, 0), &fixture_template, 0, 1000);
	fake_await(&fake_log.waiting, 1);
	close_now(c);
	assert_int_equal(fake_log.taken, 0);
}

static void
test_11_close_with_full_window(void **state)
{
	Client	   *c;

	fake_plan.silent_every = 1;
	c = open_client(10);
	write_rows(c, open_pipeline(c, 0, 0), &fixture_template, 0, 1000);
	write_rows(c, open_pipeline(c, 0, 0), &fixture_template, 0, 1000);
	fake_await(&fake_log.taken, 10);
	close_now(c);
	assert_int_equal(fake_log.taken, 10);
}

static void
test_11_close_with_answers_not_taken(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.echo = true;
	fake_plan.fail_every = 2;
	c = open_client(10);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 300; i++)
		write_row(p, &fixture_template, i);
	pipeline_submit(p);
	await_done(c, 2);
	assert_non_null(pipeline_next_done(p));
	assert_non_null(pipeline_next_done(p));
	close_now(c);
}

/* ---- 12: late answers of an abandoned pipeline are dropped ---- */

static void
test_12_late_answers_are_dropped(void **state)
{
	Client	   *c;
	Pipeline   *old;
	Pipeline   *young;
	Request    *r;

	fake_plan.hold = true;
	fake_plan.echo = true;
	c = open_client(20);
	old = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 500; i++)
		write_row(old, &fixture_template, i);
	pipeline_submit(old);
	fake_await(&fake_log.taken, 20);
	pipeline_abandon(old);
	assert_int_equal(client_abandoned(c, PIPELINE_READS), 500);

	/* The unsent ones come back although the window stays full. */
	while (client_abandoned(c, PIPELINE_READS) > 20)
		await_done(c, client_abandoned(c, PIPELINE_READS) - 20);
	assert_int_equal(fake_log.taken, 20);

	young = open_pipeline(c, 0, 0);
	write_row(young, &fixture_template, 777);
	fake_release(20);
	while (client_abandoned(c, PIPELINE_READS) > 0)
		await_done(c, 1);
	assert_null(pipeline_next_done(young));
	fake_release(1);
	await_all(c, young);
	r = pipeline_next_done(young);
	assert_int_equal(r->ordinal, 777);
	pipeline_release(young, r);
	pipeline_close(young);
	assert_int_equal(client_outstanding(c), 0);
	close_client(c);
}

static void
test_12_abandon_frees_what_was_taken(void **state)
{
	Client	   *c;
	Pipeline   *p;

	fake_plan.echo = true;
	c = open_client(20);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 10; i++)
		write_row(p, &fixture_template, i);
	await_all(c, p);
	assert_non_null(pipeline_next_done(p));
	assert_non_null(pipeline_next_done(p));
	write_row(p, &fixture_template, 10);
	write_row(p, &fixture_template, 11);
	pipeline_abandon(p);
	while (client_abandoned(c, PIPELINE_READS) > 0)
		await_done(c, 1);
	close_client(c);
}

/* ---- last, as it leaves a thread behind: a submitter that cannot end is not waited for ---- */

static void
test_11_close_is_bounded_when_the_thread_hangs(void **state)
{
	uint64_t	before;
	Client	   *c;

	fake_plan.never_closes = true;
	c = open_client(0);
	write_rows(c, open_pipeline(c, 0, 0), &fixture_template, 0, 10);
	fake_await(&fake_log.completed, 1);
	before = uv_hrtime();
	assert_false(client_close(c, 50));
	assert_true(uv_hrtime() - before >= 50 * 1000000);
	assert_true(uv_hrtime() - before < (uint64_t) CLOSE_MS * 1000000);
}

/* ---- 13: what was sent is known when nothing more is ---- */

static void
test_13_shut_pipeline_knows_what_was_sent(void **state)
{
	RequestTemplate three = fixture_template;
	Client	   *c;
	Pipeline   *p;
	Request    *r;
	uint64_t	answered = 0;
	uint64_t	unsent = 0;

	three.rows = 3;
	fake_plan.hold = true;
	c = open_client(20);
	p = open_pipeline(c, 0, 0);
	for (uint64_t i = 0; i < 500; i++)
		write_row(p, &three, i);
	pipeline_submit(p);
	fake_await(&fake_log.taken, 20);
	fake_release(5);
	fake_await(&fake_log.taken, 25);
	assert_int_equal(pipeline_shut(p), 3 * 25);
	fake_release(20);
	await_all(c, p);
	while ((r = pipeline_next_done(p)) != NULL)
	{
		assert_int_equal(r->counted, !r->core.failed);
		if (r->core.failed)
			unsent += r->rows;
		else
			answered += r->rows;
		pipeline_release(p, r);
	}
	assert_int_equal(answered, 3 * 25);
	assert_int_equal(unsent, 3 * 475);
	assert_int_equal(pipeline_shut(p), 3 * 25);
	assert_int_equal(fake_log.taken, 25);
	pipeline_abandon(p);
	close_client(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(test_11_close_when_idle),
		PIPELINE_TEST(test_11_close_while_connecting),
		PIPELINE_TEST(test_11_close_with_full_window),
		PIPELINE_TEST(test_11_close_with_answers_not_taken),
		PIPELINE_TEST(test_12_late_answers_are_dropped),
		PIPELINE_TEST(test_12_abandon_frees_what_was_taken),
		PIPELINE_TEST(test_13_shut_pipeline_knows_what_was_sent),
		PIPELINE_TEST(test_11_close_is_bounded_when_the_thread_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
