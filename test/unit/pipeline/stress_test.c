/*
 * The thread boundary under load: races of answer, abandon and close; lost
 * wake-ups; memory; throughput. Meant for SAN=thread and SAN=address, too.
 */
#include "fixture.inc.h"

/* Few enough for a sanitizer that costs a factor of ten. */
#define MANY 1000000

static uint32_t random_state = 1;

static uint32_t
next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

/*
 * 13, B6: answer, deadline, abandon and close race. Each request comes home
 * exactly once, its payload and its answer as they were written.
 */
static void
test_13_b6_answer_deadline_abandon_close(void **state)
{
	for (int round = 0; round < 30; round++)
	{
		RequestTemplate t = fixture_template;
		Client	   *c;
		Pipeline   *p[4];

		fake_reset();
		fake_plan.sequence = FAKE_RANDOM;
		fake_plan.echo = true;
		fake_plan.fail_every = 11;
		fake_plan.silent_every = 97;
		c = open_client(1 + next_random() % 200);
		t.timeout_ms = 5;
		for (int i = 0; i < 4; i++)
			p[i] = open_pipeline(c, 0, 0);
		for (uint32_t i = 0; i < 4000; i++)
		{
			int			which = (int) (next_random() % 4);
			Request    *r;

			write_row(p[which], &t, i);
			client_drain(c);
			while ((r = pipeline_next_done(p[which])))
			{
				if (!r->core.failed)
					assert_int_equal(cql_load_u64(r->core.body), r->ordinal);
				pipeline_release(p[which], r);
			}
			if (next_random() % 500 == 0)
			{
				pipeline_abandon(p[which]);
				p[which] = open_pipeline(c, 0, 0);
			}
		}
		if (round % 2 == 0)
			await_all(c, p[0]);
		close_client(c);
		assert_int_equal(fake_log.opened, fake_log.closed);
	}
}

/* B30: each row waits for its own wake-up, both ways, over and over. */
static void
test_b30_no_wake_up_is_lost(void **state)
{
	Client	   *c = open_client(0);
	Pipeline   *p = open_pipeline(c, 0, 0);

	for (uint64_t i = 0; i < 50000; i++)
	{
		uint32_t	rows = 1 + next_random() % 3;

		for (uint32_t j = 0; j < rows; j++)
			write_row(p, &fixture_template, i);
		pipeline_submit(p);
		while (pipeline_outstanding(p) > 0)
			await_done(c, 1 + next_random() % rows);
		release_done(p);
	}
	pipeline_close(p);
	close_client(c);
}

/* What a statement does with a million rows. */
static void
run_statement(Client *c, uint32_t rows)
{
	Pipeline   *p = open_pipeline(c, 0, 0);

	for (uint32_t i = 0; i < rows; i++)
	{
		while (pipeline_full(p))
		{
			await_done(c, pipeline_outstanding(p) / 2);
			release_done(p);
		}
		write_row(p, &fixture_template, i);
		if (client_drain(c) > 0)
			release_done(p);
	}
	await_all(c, p);
	release_done(p);
	pipeline_close(p);
}

/* 14, B36: no end of rows, no end of statements, the same memory and handles. */
static void
test_14_b36_memory_stays_flat(void **state)
{
	Client	   *c = open_client(0);
	uint32_t	handles;
	long		before;

	run_statement(c, 1);
	close_client(c);
	handles = fake_log.handles;

	fake_reset();
	c = open_client(0);
	run_statement(c, 200000);
	before = resident_pages();
	run_statement(c, MANY);
	for (int i = 0; i < 200; i++)
		run_statement(c, 100);
	/* 8 MB is room for the allocators' noise; a timer or a request kept each would be over 60 MB. */
	assert_true(resident_pages() - before < 8 * 1024 * 1024 / sysconf(_SC_PAGESIZE));
	close_client(c);
	assert_int_equal(fake_log.taken, 200000 + MANY + 200 * 100);
	assert_int_equal(fake_log.handles, handles);
}

/* 17: what the boundary itself costs is printed, as it depends on the machine; that a window pays is not. */
static void
test_17_throughput(void **state)
{
	static const uint32_t window[] = {1, 100, 1024, 0};
	double		rate[4];

	for (size_t i = 0; i < sizeof(window) / sizeof(window[0]); i++)
	{
		uint32_t	rows = window[i] == 1 ? MANY / 20 : MANY;
		Client	   *c;
		uint64_t	before;

		fake_reset();
		c = open_client(window[i]);
		before = uv_hrtime();
		run_statement(c, rows);
		rate[i] = rows * 1e9 / (double) (uv_hrtime() - before);
		print_message("window %4u: %.0f requests/s, %u flushes\n", window[i], rate[i], fake_log.flushes);
		close_client(c);
		assert_int_equal(fake_log.completed, rows);
		assert_true(i == 0 || rate[i] > rate[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PIPELINE_TEST(test_13_b6_answer_deadline_abandon_close),
		PIPELINE_TEST(test_b30_no_wake_up_is_lost),
		PIPELINE_TEST(test_14_b36_memory_stays_flat),
		PIPELINE_TEST(test_17_throughput),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
