/*
 * cluster/window: clients and servers in virtual time, and where they lead the window.
 *
 * Ranges are what seeds 0 to 9 gave, and some more: a rule that collapses or queues is
 * outside by factors.
 */
#include "server_model.inc.h"

#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <cmocka.h>

#ifndef SEED
#define SEED 0
#endif

/* Requests a second from here on, for so long. */
static double
rate_for(Model *m, uint64_t time)
{
	uint64_t	done = model_done(m);

	model_run(m, m->now + time);
	return (double) (model_done(m) - done) * MODEL_S / (double) time;
}

/* How long until most of a rate is reached. */
static uint64_t
time_to_reach(Model *m, double rate, uint64_t at_most)
{
	uint64_t	begin = m->now;

	while (m->now < begin + at_most && rate_for(m, 20 * MODEL_MS) < 0.8 * rate)
		;
	return m->now - begin;
}

/* One client that sends all it can, after so long. */
static void
check_knee(Model *m, uint64_t settle, double least_rate, uint32_t least, uint32_t most)
{
	double		rate;

	model_run(m, settle);
	rate = rate_for(m, settle);
	if (rate < least_rate)
		fail_msg("%.0f requests a second of %.0f, width %u", rate, least_rate, m->client[0].window[0].width);
	assert_in_range(m->client[0].window[0].width, least, most);
	model_free(m);
}

static Model *
fifo(double rate, uint64_t rtt)
{
	Model	   *m = model_new(SEED);

	model_server(m, 0, rate);
	model_client(m, rtt);
	return m;
}

/* ---- one client ---- */

static void
test_finds_the_knee_of_a_queue(void **state)
{
	check_knee(fifo(6e3, 100 * MODEL_US), 3 * MODEL_S, 5.9e3, 4, 4);
	check_knee(fifo(6e3, MODEL_MS), 3 * MODEL_S, 5.7e3, 8, 40);
	check_knee(fifo(1e5, 100 * MODEL_US), 2 * MODEL_S, 9.5e4, 12, 60);
	check_knee(fifo(1e5, MODEL_MS), 2 * MODEL_S, 9.5e4, 120, 350);
	check_knee(fifo(1e5, 10 * MODEL_MS), 4 * MODEL_S, 9.5e4, 1000, 3500);
	check_knee(fifo(1e6, MODEL_MS), MODEL_S, 9.3e5, 1000, 3500);
}

static void
test_finds_the_knee_of_workers(void **state)
{
	Model	   *m;

	for (int i = 0; i < 2; i++)
	{
		m = fifo(i == 0 ? 6e3 : 1e5, MODEL_MS);
		m->server[0].workers = MODEL_WORKERS;
		m->server[0].exponential = true;
		if (i == 0)
			check_knee(m, 4 * MODEL_S, 5.6e3, 35, 150);
		else
			check_knee(m, 2 * MODEL_S, 9.4e4, 140, 450);
	}
}

/* A crowd is answered faster: a small window measures a small rate. */
static void
test_finds_the_knee_of_a_server_that_batches(void **state)
{
	Model	   *m = fifo(2e4, MODEL_MS);

	m->server[0].batching = 3;
	check_knee(m, 4 * MODEL_S, 1.8e4, 80, 250);
}

/* What the client itself has to do is the limit. */
static void
test_finds_what_the_client_can_do(void **state)
{
	static const struct
	{
		uint64_t	rtt;
		double		rate;		/* of the best fixed window */
	}			cases[] = {{10 * MODEL_US, 1e6}, {100 * MODEL_US, 1e6}, {MODEL_MS, 1e6}, {10 * MODEL_MS, 6.5e5}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Model	   *m = fifo(1e7, cases[i].rtt);

		m->client[0].cpu = 1000;
		check_knee(m, 3 * MODEL_S / 2, 0.9 * cases[i].rate, 8, CLUSTER_WINDOW_MAX);
	}
}

/* ---- noise ---- */

static void
test_long_turns(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);

	m->client[0].least_turn = MODEL_MS;
	check_knee(m, 3 * MODEL_S, 9.2e4, 180, 700);
	m = fifo(1e5, MODEL_MS);
	m->client[0].least_turn = 5 * MODEL_MS;
	check_knee(m, 4 * MODEL_S, 9e4, 500, 2500);
}

/* Half of the time another process has the core, for up to 20 ms. */
static void
test_starved_turns(void **state)
{
	static const double rates[] = {1e5, 1e6};
	static const double reached[] = {8.5e4, 3.5e5};

	for (int i = 0; i < 2; i++)
	{
		Model	   *m = fifo(rates[i], MODEL_MS);

		m->client[0].starved = 0.02;
		m->client[0].starved_for = 20 * MODEL_MS;
		check_knee(m, 5 * MODEL_S, reached[i], CLUSTER_WINDOW_MIN, CLUSTER_WINDOW_MAX);
	}
}

/* Another process has the core while this one waits in poll, as far as it knows: only the slots tell. */
static void
test_pauses_that_look_like_waits(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);

	m->client[0].starved = 0.02;
	m->client[0].starved_for = 4 * MODEL_MS;
	m->client[0].blind = true;
	check_knee(m, 4 * MODEL_S, 9.1e4, 300, 1500);
}

/* The machine slept, or a debugger stopped us: once. */
static void
test_one_turn_of_an_hour(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);

	model_run(m, 2 * MODEL_S);
	cluster_window_turn(&m->client[0].window[0], MODEL_EPOCH + m->now, true, 3600 * MODEL_S);
	model_run(m, m->now + 10 * MODEL_S);
	check_knee(m, m->now + 2 * MODEL_S, 9.4e4, 120, 350);
}

/* It stands still for 90 to 300 ms in each second, as garbage collectors do. */
static void
test_stalls(void **state)
{
	for (int i = 0; i < 2; i++)
	{
		Model	   *m = fifo(2e4, MODEL_MS);

		m->server[0].batching = i == 0 ? 0 : 2;
		m->server[0].stall_every = MODEL_S;
		m->server[0].stall = 300 * MODEL_MS;
		check_knee(m, 10 * MODEL_S, 1.35e4, 15, 250);
	}
}

static void
test_capacity_that_halves_and_returns(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);
	ClusterWindow *w = &m->client[0].window[0];

	model_run(m, 2 * MODEL_S);
	m->server[0].rate = 5e4;
	model_run(m, m->now + 8 * 64 * MODEL_MS);
	assert_in_range(w->width, 50, 160);
	assert_true(rate_for(m, 2 * MODEL_S) > 4.6e4);
	m->server[0].rate = 1e5;
	model_run(m, m->now + 8 * 64 * MODEL_MS);
	assert_in_range(w->width, 120, 350);
	assert_true(rate_for(m, 2 * MODEL_S) > 9.3e4);
	model_free(m);
}

/* ---- who does not send all it can ---- */

static void
test_is_not_judged_where_nobody_waits(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);
	ClusterWindow *w = &m->client[0].window[0];
	uint32_t	width;

	model_run(m, 2 * MODEL_S);
	width = w->width;
	m->client[0].offered = 1e4;
	m->client[0].last_offer = m->now;
	model_run(m, m->now + MODEL_S);
	assert_in_range(w->width, width / 2, width * 2);
	width = w->width;
	model_run(m, m->now + 10 * MODEL_S);
	assert_int_equal(w->width, width);
	assert_true(rate_for(m, MODEL_S) > 0.98e4);
	m->client[0].offered = 0;
	assert_true(rate_for(m, MODEL_S) > 9e4);
	model_free(m);
}

static void
test_limited_by_the_application(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);

	m->client[0].offered = 3e4;
	m->probe_every = 20 * MODEL_MS;
	model_run(m, 3 * MODEL_S);
	assert_true(rate_for(m, 3 * MODEL_S) > 2.95e4);
	assert_true(model_probe_ms(m) < 2);
	model_free(m);
}

/* The next statement begins where the last one ended; one that comes much later begins anew. */
static void
test_lives_across_statements(void **state)
{
	Model	   *m = fifo(1e5, 10 * MODEL_MS);
	ModelClient *c = &m->client[0];
	uint32_t	width;

	assert_in_range(time_to_reach(m, 1e5, 3 * MODEL_S), 1, 800 * MODEL_MS);
	model_run(m, m->now + 3 * MODEL_S);
	width = c->window[0].width;
	c->leaves = m->now;
	model_run(m, m->now + 5 * MODEL_S);
	assert_int_equal(c->window[0].width, width);
	c->leaves = 0;
	assert_in_range(time_to_reach(m, 1e5, 3 * MODEL_S), 1, 60 * MODEL_MS);

	model_run(m, m->now + MODEL_S);
	c->leaves = m->now;
	model_run(m, m->now + 11 * MODEL_S);
	c->leaves = 0;
	model_run(m, m->now + MODEL_MS);
	assert_in_range(c->in_flight[0], 1, CLUSTER_WINDOW_FIRST);
	assert_in_range(time_to_reach(m, 1e5, 3 * MODEL_S), 1, 900 * MODEL_MS);
	model_free(m);
}

static void
test_short_loads(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);

	assert_in_range(time_to_reach(m, 1e5, MODEL_S), 1, 40 * MODEL_MS);
	model_free(m);
	m = fifo(6e3, MODEL_MS);
	assert_in_range(time_to_reach(m, 6e3, MODEL_S), 1, 40 * MODEL_MS);
	model_free(m);
}

/* ---- several clients ---- */

/* They join over a quarter of the time. */
static Model *
crowd(double rate, uint64_t rtt, uint32_t clients, uint64_t time, uint64_t clock_error)
{
	Model	   *m = model_new(SEED);

	model_server(m, 0, rate);
	for (uint32_t i = 0; i < clients; i++)
	{
		model_client(m, rtt)->joins = time / 4 * i / clients;
		m->client[i].clock_error = i % 2 == 0 ? 0 : (int64_t) clock_error;
	}
	model_run(m, time / 2);
	m->probe_every = 20 * MODEL_MS;
	m->next_probe = m->now;
	for (uint32_t i = 0; i < clients; i++)
		m->client[i].done = 0;
	model_run(m, time);
	return m;
}

/* Of the requests done: 1 where all have the same share. */
static double
jain(const Model *m)
{
	double		sum = 0;
	double		squares = 0;

	for (uint32_t i = 0; i < m->clients; i++)
	{
		double		done = (double) m->client[i].done;

		sum += done;
		squares += done * done;
	}
	return sum * sum / (m->clients * squares);
}

static void
check_crowd(Model *m, uint64_t time, double least_rate, double most_probe_ms)
{
	double		rate = (double) model_done(m) * MODEL_S / ((double) time / 2);

	if (rate < least_rate || jain(m) < 0.9 || model_probe_ms(m) > most_probe_ms)
		fail_msg("%.0f requests a second, index %.2f, second client %.2f ms", rate, jain(m), model_probe_ms(m));
	model_free(m);
}

/* The second client waits at most 3 times what it waits beside the best fixed window. */
static void
test_four_share(void **state)
{
	check_crowd(crowd(6e3, MODEL_MS, 4, 40 * MODEL_S, 0), 40 * MODEL_S, 5.9e3, 3 * 0.91);
	check_crowd(crowd(1e5, MODEL_MS, 4, 20 * MODEL_S, 0), 20 * MODEL_S, 9.5e4, 3 * 0.85);
}

static void
test_sixteen_share(void **state)
{
	check_crowd(crowd(6e3, MODEL_MS, 16, 60 * MODEL_S, 0), 60 * MODEL_S, 5.9e3, 3 * 4.9);
	check_crowd(crowd(1e5, MODEL_MS, 16, 60 * MODEL_S, 0), 60 * MODEL_S, 9.5e4, 3 * 1.1);
}

/* Why all halve at one time: who does so alone sees its share of the node, and takes more. */
static void
test_common_clock_counts(void **state)
{
	Model	   *common = crowd(1e5, MODEL_MS, 4, 16 * MODEL_S, 0);
	Model	   *apart = crowd(1e5, MODEL_MS, 4, 16 * MODEL_S, 32 * MODEL_MS);

	assert_true(model_probe_ms(apart) > 3 * model_probe_ms(common));
	model_free(common);
	model_free(apart);
}

/* ---- several places ---- */

/* Three places, one is ten times slower: it is full earlier, and stops nobody. */
static void
test_each_place_has_its_own(void **state)
{
	Model	   *m = model_new(SEED);
	ModelClient *c;

	for (uint32_t i = 0; i < 3; i++)
		model_server(m, i, i == 0 ? 1e4 : 1e5);
	c = model_client(m, MODEL_MS);
	c->places = 3;
	for (uint32_t i = 0; i < 3; i++)
		c->server[i] = &m->server[i];
	model_run(m, 2 * MODEL_S);
	assert_true(rate_for(m, 2 * MODEL_S) > 0.93 * 2.1e5);
	assert_in_range(c->window[0].width, 8, 60);
	assert_in_range(c->window[1].width, 120, 350);
	assert_in_range(c->window[2].width, 120, 350);
	model_free(m);
}

/* ---- a node that refuses ---- */

static void
test_overload_halves_once_a_window(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);
	ClusterWindow *w = &m->client[0].window[0];
	uint32_t	width;

	model_run(m, 2 * MODEL_S);
	width = w->width;
	for (int i = 0; i < 50; i++)
		cluster_window_overloaded(w);
	assert_int_equal(w->width, width / 2);
	assert_in_range(w->limit, width / 4, width / 2);
	for (uint32_t i = 0; i < width; i++)
	{
		cluster_window_note(w, MODEL_MS);
		cluster_window_overloaded(w);
	}
	assert_int_equal(w->width, width / 4);
	for (int i = 0; i < 10000; i++)
	{
		cluster_window_note(w, MODEL_MS);
		cluster_window_overloaded(w);
	}
	assert_int_equal(w->width, 1);
	assert_int_equal(w->limit, 1);
	/* it recovers */
	assert_in_range(time_to_reach(m, 1e5, 10 * MODEL_S), 1, 3 * MODEL_S);
	model_free(m);
}

/* At its start, too. */
static void
test_overload_ends_the_start(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w);
	cluster_window_turn(&w, MODEL_EPOCH, true, 1000);
	assert_true(w.starting);
	cluster_window_overloaded(&w);
	assert_false(w.starting);
	for (uint64_t i = 1; i < 100; i++)
	{
		cluster_window_note(&w, MODEL_MS);
		cluster_window_turn(&w, MODEL_EPOCH + i * MODEL_MS, true, 1000);
		assert_in_range(w.limit, 1, CLUSTER_WINDOW_FIRST);
	}
}

/* It refuses what comes behind 64, and the knee is beyond: nearly all that it does is work. */
static void
test_goes_on_beside_refusals(void **state)
{
	Model	   *m = fifo(1e5, MODEL_MS);
	double		rate;

	m->server[0].refuses = 64;
	model_run(m, 2 * MODEL_S);
	m->client[0].refused = 0;
	rate = rate_for(m, 6 * MODEL_S);
	if (rate < 7.5e4 || m->client[0].refused > 200)
		fail_msg("%.0f requests a second, %lu refused", rate, (unsigned long) m->client[0].refused);
	model_free(m);
}

/* ---- the clock ---- */

static void
test_clock_jumps(void **state)
{
	static const int64_t jumps[] = {
		7 * (int64_t) MODEL_MS, -7 * (int64_t) MODEL_MS, 3600 * (int64_t) MODEL_S, -3600 * (int64_t) MODEL_S,
		-40 * 365 * 86400 * (int64_t) MODEL_S, 40 * 365 * 86400 * (int64_t) MODEL_S
	};
	Model	   *m = fifo(1e5, MODEL_MS);
	ModelClient *c = &m->client[0];

	model_run(m, 2 * MODEL_S);
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++)
	{
		c->clock_error += jumps[i];
		model_run(m, m->now + MODEL_S);
		assert_true(rate_for(m, MODEL_S) > 9e4);
		assert_in_range(c->window[0].width, 100, 400);
	}
	/* all the time */
	for (int i = 0; i < 200; i++)
	{
		c->clock_error += i % 3 == 0 ? -20 * (int64_t) MODEL_MS : 13 * (int64_t) MODEL_MS;
		model_run(m, m->now + 10 * MODEL_MS);
		assert_in_range(c->window[0].width, 50, 800);
	}
	model_free(m);
}

/* A clock that stands still tells nothing. */
static void
test_clock_stands_still(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w);
	for (int i = 0; i < 10000; i++)
	{
		cluster_window_note(&w, MODEL_MS);
		cluster_window_turn(&w, MODEL_EPOCH, true, 0);
	}
	assert_in_range(w.limit, CLUSTER_WINDOW_MIN, CLUSTER_WINDOW_FIRST);
}

/* What was sent more than once has no latency. */
static void
test_without_latencies(void **state)
{
	ClusterWindow w;

	cluster_window_init(&w);
	for (uint64_t i = 0; i < 100000; i++)
	{
		cluster_window_note(&w, 0);
		cluster_window_turn(&w, MODEL_EPOCH + i * 100 * MODEL_US, true, 1000);
		assert_in_range(w.limit, 2, CLUSTER_WINDOW_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_the_knee_of_a_queue),
		cmocka_unit_test(test_finds_the_knee_of_workers),
		cmocka_unit_test(test_finds_the_knee_of_a_server_that_batches),
		cmocka_unit_test(test_finds_what_the_client_can_do),
		cmocka_unit_test(test_long_turns),
		cmocka_unit_test(test_starved_turns),
		cmocka_unit_test(test_pauses_that_look_like_waits),
		cmocka_unit_test(test_one_turn_of_an_hour),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_capacity_that_halves_and_returns),
		cmocka_unit_test(test_is_not_judged_where_nobody_waits),
		cmocka_unit_test(test_limited_by_the_application),
		cmocka_unit_test(test_lives_across_statements),
		cmocka_unit_test(test_short_loads),
		cmocka_unit_test(test_four_share),
		cmocka_unit_test(test_sixteen_share),
		cmocka_unit_test(test_common_clock_counts),
		cmocka_unit_test(test_each_place_has_its_own),
		cmocka_unit_test(test_overload_halves_once_a_window),
		cmocka_unit_test(test_overload_ends_the_start),
		cmocka_unit_test(test_goes_on_beside_refusals),
		cmocka_unit_test(test_clock_jumps),
		cmocka_unit_test(test_clock_stands_still),
		cmocka_unit_test(test_without_latencies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
