/*
 * What a client has lived through: the ring of events, and which events a cluster
 * tells of.
 */
#include "fixture.inc.h"

#include "cluster/trace.h"
#include "cql/trace.h"
#include "cql/value.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead = 0;		/* microseconds that the wall clock is ahead of time */

/* In place of the C library's: a test need not wait for a minute to go by. */
int
clock_gettime(clockid_t id, struct timespec *now)
{
	int			result = (int) syscall(SYS_clock_gettime, id, now);

	if (id == CLOCK_REALTIME)
	{
		int64_t		microseconds = now->tv_sec * INT64_C(1000000) + now->tv_nsec / 1000 + ahead;

		*now = (struct timespec) {microseconds / 1000000, microseconds % 1000000 * 1000};
	}
	return result;
}

typedef struct Told
{
	CqlTrace	trace;
	CqlArena	arena;
} Told;

/* The caller frees told->arena. */
static void
ask(const ClusterTrace *trace, Told *told)
{
	ClusterRequest r = {.kind = CLUSTER_TRACE};
	CqlReader	reader;

	*told = (Told) {0};
	cluster_trace_answer(trace, &r);
	assert_false(r.failed);
	reader = cql_reader(r.body, r.body_length);
	assert_true(cql_trace_get(&reader, &told->arena, &told->trace));
	assert_int_equal(cql_reader_left(&reader), 0);
	free(r.body);
}

/* How often this happened; detail: how the event's begins. */
static uint32_t
times(const ClusterTrace *trace, const char *what, const char *detail)
{
	uint32_t	n = 0;
	Told		told;

	ask(trace, &told);
	for (uint32_t i = 0; i < told.trace.nevents; i++)
	{
		const CqlTraceEvent *event = &told.trace.event[i];

		if (strcmp(event->what, what) == 0 && strncmp(event->detail, detail, strlen(detail)) == 0)
			n += event->times;
	}
	cql_arena_free(&told.arena);
	return n;
}

/* ---- the ring ---- */

static void
test_nothing_at_first(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	Told		told;

	ask(trace, &told);
	assert_int_equal(told.trace.nevents, 0);
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
	/* nobody wants to know */
	cluster_trace_add(NULL, CLUSTER_EVENT_DOWN, "", "x");
	cluster_trace_free(NULL);
}

static void
test_oldest_make_room(void **state)
{
	const int	n = 2 * CLUSTER_TRACE_EVENTS + 3;
	ClusterTrace *trace = cluster_trace_new();
	Told		told;

	for (int i = 0; i < n; i++)
		cluster_trace_add(trace, CLUSTER_EVENT_TOPOLOGY, "a:1", "%d", i);
	ask(trace, &told);
	assert_int_equal(told.trace.nevents, CLUSTER_TRACE_EVENTS);
	for (int i = 0; i < CLUSTER_TRACE_EVENTS; i++)
	{
		const CqlTraceEvent *event = &told.trace.event[i];

		assert_int_equal(atoi(event->detail), n - CLUSTER_TRACE_EVENTS + i);
		assert_string_equal(event->node, "a:1");
		assert_string_equal(event->what, "topology read");
		assert_int_equal(event->times, 1);
		assert_true(event->first == event->last && event->first > INT64_C(1700000000000000));
		assert_true(i == 0 || event->first >= told.trace.event[i - 1].first);
	}
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
}

/* Three nodes refuse by turns what thousands of requests ask for: three events, behind what came before. */
static void
test_bursts_are_counted(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	Told		told;

	cluster_trace_add(trace, CLUSTER_EVENT_CONNECTED, "a:1", "as ever");
	for (int i = 0; i < 9000; i++)
		cluster_trace_error(trace, i % 3 == 0 ? "a:1" : i % 3 == 1 ? "b:1" : "c:1",
							&(CqlError) {.code = CQL_ERR_OVERLOADED, .message = {"key 4711", 8}});
	ask(trace, &told);
	assert_int_equal(told.trace.nevents, 4);
	assert_string_equal(told.trace.event[0].detail, "as ever");
	for (int i = 1; i < 4; i++)
	{
		assert_int_equal(told.trace.event[i].times, 3000);
		assert_string_equal(told.trace.event[i].detail, "overloaded (0x1001)");
		assert_true(told.trace.event[i].last >= told.trace.event[i].first);
	}
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
}

/* What differs in anything is another event, and so is what happened long before. */
static void
test_others_are_not_counted_as_one(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	Told		told;

	cluster_trace_add(trace, CLUSTER_EVENT_LOST, "a:1", "reset");
	cluster_trace_add(trace, CLUSTER_EVENT_LOST, "b:1", "reset");
	cluster_trace_add(trace, CLUSTER_EVENT_LOST, "a:1", "timeout");
	cluster_trace_add(trace, CLUSTER_EVENT_UNREACHABLE, "a:1", "reset");
	for (int i = 0; i < CLUSTER_TRACE_RECENT; i++)
		cluster_trace_add(trace, CLUSTER_EVENT_TOPOLOGY, "", "%d", i);
	cluster_trace_add(trace, CLUSTER_EVENT_LOST, "a:1", "reset");
	ask(trace, &told);
	assert_int_equal(told.trace.nevents, 5 + CLUSTER_TRACE_RECENT);
	for (uint32_t i = 0; i < told.trace.nevents; i++)
		assert_int_equal(told.trace.event[i].times, 1);
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
}

/* How many events there are after one more. */
static uint32_t
events_after(ClusterTrace *trace, CqlTraceEvent *newest)
{
	Told		told;
	uint32_t	n;

	cluster_trace_add(trace, CLUSTER_EVENT_LOST, "a:1", "reset");
	ask(trace, &told);
	n = told.trace.nevents;
	*newest = told.trace.event[n - 1];
	newest->node = newest->what = newest->detail = NULL;
	cql_arena_free(&told.arena);
	return n;
}

/* From the last time on, not from the first: what goes on all day is one event. */
static void
test_a_minute_apart(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	CqlTraceEvent event;

	for (int i = 1; i <= 5; i++)
	{
		assert_int_equal(events_after(trace, &event), 1);
		assert_int_equal(event.times, i);
		ahead += CLUSTER_TRACE_APART - 1000000;
	}
	assert_true(event.last - event.first >= 4 * (CLUSTER_TRACE_APART - 1000000));
	ahead += 1000000;
	assert_int_equal(events_after(trace, &event), 2);
	assert_int_equal(event.times, 1);
	assert_true(event.first == event.last);
	cluster_trace_free(trace);
	ahead = 0;
}

/* Whoever sets the clock back does not have all that happens until then be one event, which ends before it began. */
static void
test_a_clock_that_is_set_back(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	CqlTraceEvent event;

	assert_int_equal(events_after(trace, &event), 1);
	ahead -= 1000000;			/* as clocks are adjusted */
	assert_int_equal(events_after(trace, &event), 1);
	assert_int_equal(event.times, 2);
	assert_true(event.last >= event.first);
	ahead -= 24 * 60 * CLUSTER_TRACE_APART;
	assert_int_equal(events_after(trace, &event), 2);
	assert_int_equal(event.times, 1);
	assert_int_equal(events_after(trace, &event), 2);
	assert_int_equal(event.times, 2);
	assert_true(event.last >= event.first);
	cluster_trace_free(trace);
	ahead = 0;
}

/* Between two characters, never within one; what is no UTF-8 is marked. */
static void
test_long_texts_are_cut(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	char		text[1000];
	Told		told;
	size_t		n;

	for (int shift = 0; shift < 3; shift++)
	{
		memset(text, 'x', sizeof(text));
		for (size_t i = (size_t) shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[sizeof(text) - 1] = '\0';
		cluster_trace_add(trace, CLUSTER_EVENT_DOWN, text, "%s", text);
	}
	cluster_trace_add(trace, CLUSTER_EVENT_DOWN, "\xff", "%s", "a\xe2\x82");
	ask(trace, &told);
	assert_int_equal(told.trace.nevents, 4);
	for (int shift = 0; shift < 3; shift++)
	{
		const CqlTraceEvent *event = &told.trace.event[shift];

		n = strlen(event->detail);
		assert_in_range(n, 150, 200);
		assert_int_equal((n - (size_t) shift) % 3, 0);
		assert_true(cql_utf8_valid((const uint8_t *) event->detail, n));
		assert_true(cql_utf8_valid((const uint8_t *) event->node, strlen(event->node)));
	}
	assert_string_equal(told.trace.event[3].node, "?");
	assert_string_equal(told.trace.event[3].detail, "a??");
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
}

/* It moves all the time: four times as many, or as few, are told. */
static void
test_windows_that_move(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	uint8_t		magnitude = 0;

	for (uint32_t limit = 128; limit <= 4096; limit += limit / 8)
		cluster_trace_window(trace, "", limit, &magnitude);
	assert_int_equal(times(trace, "window moved", ""), 2);	/* 512, 2048 */
	assert_int_equal(times(trace, "window moved", "grows to 2048"), 1);
	for (int i = 0; i < 10; i++)
		cluster_trace_window(trace, "", i % 2 ? 1023 : 3000, &magnitude);
	cluster_trace_window(trace, "", 1024, &magnitude);
	assert_int_equal(times(trace, "window moved", ""), 11);
	cluster_trace_window(trace, "", 1, &magnitude);
	assert_int_equal(times(trace, "window moved", "falls below 2"), 1);
	cluster_trace_free(trace);
}

/* ---- of a cluster ---- */

static void
begin(Fixture *f, int n)
{
	fixture_init(f);
	f->config.trace = cluster_trace_new();
	start_nodes(f, n, "keyspace ks simple 1", "");
	open_cluster(f);
}

static void
end(Fixture *f)
{
	fixture_end(f);
	cluster_trace_free(f->config.trace);
}

static void
write_one(Fixture *f, uint32_t statement, int32_t id)
{
	TestRequest r = {0};

	make_insert(&r, statement, id);
	run(f, &r);
	assert_worked(&r);
	request_free(&r);
}

/* Nobody is told of a rack that is not there, but here. */
static void
test_how_many_nodes_the_local_rack_has(void **state)
{
	Fixture		f;

	begin(&f, 1);
	close_cluster(&f);
	f.config.local_rack = "nowhere";
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	assert_int_equal(times(f.config.trace, "topology read", "nodes: 1, in data center \"dc1\", of which in rack \"nowhere\": 0"), 1);
	end(&f);
}

static void
test_health_is_told_once(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, 1);
	statement = prepare(&f, INSERT_TEXT);
	for (int i = 0; i < 100; i++)
		write_one(&f, statement, i);
	assert_int_equal(times(f.config.trace, "connected", "control connection, protocol version"), 1);
	assert_int_equal(times(f.config.trace, "connected", "for requests, protocol version"), 1);
	assert_int_equal(times(f.config.trace, "topology read", "nodes: 1, in data center \"dc1\""), 1);
	assert_int_equal(times(f.config.trace, "request retried", ""), 0);
	close_cluster(&f);			/* on purpose: nothing is lost */
	assert_int_equal(times(f.config.trace, "connection lost", ""), 0);
	end(&f);
}

static void
test_what_requests_meet_with(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, 1);
	statement = prepare(&f, INSERT_TEXT);
	order_all(&f, "on EXECUTE nth 1 error 0x1001 \"busy with key 4711\"");
	write_one(&f, statement, 1);
	assert_int_equal(times(f.config.trace, "request retried", "overloaded (0x1001)"), 1);
	order_all(&f, "forget");
	write_one(&f, statement, 2);
	assert_int_equal(times(f.config.trace, "prepared again", ""), 1);
	assert_int_equal(times(f.config.trace, "request retried", "unprepared (0x2500)"), 1);
	end(&f);
}

static void
test_lost_and_down(void **state)
{
	Fixture		f;
	uint32_t	statement;

	begin(&f, 1);
	statement = prepare(&f, INSERT_TEXT);
	write_one(&f, statement, 1);
	order_all(&f, "refuse\ndisconnect");
	AWAIT(&f, f.downs > 0);
	assert_int_equal(times(f.config.trace, "connection lost", "the node closed the connection"), 2);
	assert_true(times(f.config.trace, "unreachable", "connection refused") > 0);
	assert_int_equal(times(f.config.trace, "cluster down", ""), 1);
	end(&f);
}

/* Each event has a name. */
static void
test_all_have_names(void **state)
{
	ClusterTrace *trace = cluster_trace_new();
	Told		told;

	for (int what = CLUSTER_EVENT_CONNECTED; what <= CLUSTER_EVENT_SCHEMA; what++)
		cluster_trace_add(trace, (ClusterEventKind) what, "", "x");
	ask(trace, &told);
	for (uint32_t i = 0; i < told.trace.nevents; i++)
		assert_true(strlen(told.trace.event[i].what) > 0);
	cql_arena_free(&told.arena);
	cluster_trace_free(trace);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_at_first),
		cmocka_unit_test(test_oldest_make_room),
		cmocka_unit_test(test_bursts_are_counted),
		cmocka_unit_test(test_others_are_not_counted_as_one),
		cmocka_unit_test(test_a_minute_apart),
		cmocka_unit_test(test_a_clock_that_is_set_back),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_windows_that_move),
		cmocka_unit_test(test_how_many_nodes_the_local_rack_has),
		cmocka_unit_test(test_health_is_told_once),
		cmocka_unit_test(test_what_requests_meet_with),
		cmocka_unit_test(test_lost_and_down),
		cmocka_unit_test(test_all_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
