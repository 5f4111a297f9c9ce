/*
 * cluster/suspect: what makes a place suspect, and that the trace is told once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/suspect.h"
#include "cluster/trace.h"
#include "cql/trace.h"

typedef struct Scene
{
	uv_loop_t	loop;
	ClusterConfig config;
	ClusterDispatch dispatch;
	ClusterNode node;
	ClusterPlace place;
} Scene;

static void
begin(Scene *s)
{
	*s = (Scene) {.node.name = "node"};
	assert_int_equal(uv_loop_init(&s->loop), 0);
	s->config.net.loop = &s->loop;
	s->config.trace = cluster_trace_new();
	assert_non_null(s->config.trace);
	s->dispatch.config = &s->config;
	s->place.node = &s->node;
	s->place.limit = 32;
}

static uint32_t
count_told(const Scene *s)
{
	ClusterRequest r = {.kind = CLUSTER_TRACE};
	CqlArena	arena = {0};
	CqlTrace	trace;
	CqlReader	reader;
	uint32_t	n = 0;

	cluster_trace_answer(s->config.trace, &r);
	assert_false(r.failed);
	reader = cql_reader(r.body, r.body_length);
	assert_true(cql_trace_get(&reader, &arena, &trace));
	for (uint32_t i = 0; i < trace.nevents; i++)
	{
		if (strcmp(trace.event[i].what, "node suspect") == 0)
			n += trace.event[i].times;
	}
	cql_arena_free(&arena);
	free(r.body);
	return n;
}

static void
end(Scene *s)
{
	cluster_trace_free(s->config.trace);
	assert_int_equal(uv_loop_close(&s->loop), 0);
}

static void
test_a_doubt_is_told_once(void **state)
{
	NetCall		call = {0};
	Scene		s;

	begin(&s);
	call.sent = (uint32_t) uv_now(&s.loop) - 700;
	cluster_suspect_turn(&s.dispatch, &s.place);	/* nothing came */
	cluster_suspect_doubt(&s.dispatch, &s.place, &call);
	assert_true(s.place.health.suspect);
	assert_int_equal(count_told(&s), 1);
	cluster_suspect_doubt(&s.dispatch, &s.place, &call);
	cluster_suspect_tick(&s.dispatch, &s.place);
	assert_int_equal(count_told(&s), 1);
	end(&s);
}

static void
test_an_answer_is_told(void **state)
{
	NetCall		call = {0};
	Scene		s;

	begin(&s);
	call.sent = (uint32_t) uv_now(&s.loop) - 700;
	cluster_suspect_doubt(&s.dispatch, &s.place, &call);
	cluster_health_note(&s.place.health, 1000000);
	cluster_suspect_turn(&s.dispatch, &s.place);
	assert_false(s.place.health.suspect);
	assert_int_equal(s.dispatch.answered, uv_now(&s.loop));
	assert_int_equal(count_told(&s), 2);
	cluster_health_note(&s.place.health, 1000000);
	cluster_suspect_turn(&s.dispatch, &s.place);
	cluster_suspect_doubt(&s.dispatch, &s.place, &call);	/* it has answered since */
	assert_int_equal(count_told(&s), 2);
	end(&s);
}

static void
test_many_that_are_owed(void **state)
{
	Scene		s;

	begin(&s);
	s.place.in_flight = CLUSTER_HEALTH_OWED;
	s.place.health.fine = uv_now(&s.loop) - CLUSTER_HEALTH_SILENCE;
	cluster_suspect_tick(&s.dispatch, &s.place);
	assert_true(s.place.health.suspect);
	cluster_suspect_tick(&s.dispatch, &s.place);
	assert_int_equal(count_told(&s), 1);
	end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_doubt_is_told_once),
		cmocka_unit_test(test_an_answer_is_told),
		cmocka_unit_test(test_many_that_are_owed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
