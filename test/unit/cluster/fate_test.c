/*
 * cluster/fate: how requests end, and what is told of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aborts.h"
#include "cluster/fate.h"
#include "cluster/route.h"

typedef struct Ending
{
	ClusterDispatch dispatch;
	ClusterNode node;
	ClusterPlace place;
	ClusterRequest request;
	uint32_t	completed;
} Ending;

static void
on_complete(void *owner, ClusterRequest *request)
{
	Ending	   *e = owner;

	assert_ptr_equal(request, &e->request);
	e->completed++;
}

static void
begin(Ending *e)
{
	static const ClusterOps ops = {.on_complete = on_complete};

	*e = (Ending) {.node = {.name = "10.0.0.1:9042"}};
	e->dispatch.ops = &ops;
	e->dispatch.owner = e;
	cluster_strained_init(&e->dispatch.strained);
	e->request.dispatch = &e->dispatch;
	e->request.held = true;
	e->place.node = &e->node;
	e->request.place = &e->place;
	e->request.timeout_ms = 70;
	e->request.started = uv_hrtime();
}

/* The request failed once, so; its failure is freed. */
static void
assert_ended(Ending *e, ClusterFailureKind kind, const char *message)
{
	assert_int_equal(e->completed, 1);
	assert_true(e->request.failed);
	assert_non_null(e->request.failure);
	assert_int_equal(e->request.failure->kind, kind);
	assert_string_equal(e->request.failure->message, message);
	cluster_fate_forget(&e->request);
	assert_null(e->request.failure);
}

static void
test_an_answer_lets_go_of_the_failure_of_an_earlier_attempt(void **state)
{
	Ending		e;

	begin(&e);
	e.request.failure = calloc(1, sizeof(*e.request.failure));
	cluster_fate_complete(&e.request);
	assert_int_equal(e.completed, 1);
	assert_null(e.request.failure);
	assert_false(e.request.failed);
}

static void
test_a_strained_write_that_ends_makes_room_for_another(void **state)
{
	Ending		e;

	begin(&e);
	cluster_strained_add(&e.dispatch.strained, &e.request);
	assert_ptr_equal(cluster_strained_next(&e.dispatch.strained, 0), &e.request);
	cluster_fate_complete(&e.request);
	assert_int_equal(e.dispatch.strained.out, 0);
}

static void
test_a_timeout_tells_whether_the_request_was_sent(void **state)
{
	Ending		e;

	begin(&e);
	e.request.attempts = 1;
	cluster_fate_timeout(&e.request);
	assert_ended(&e, CLUSTER_FAIL_TIMEOUT, "no answer from 10.0.0.1:9042 within 70 ms, with 0 more requests in flight there");
	begin(&e);
	cluster_fate_timeout(&e.request);
	assert_ended(&e, CLUSTER_FAIL_TIMEOUT, "could not be sent to 10.0.0.1:9042 within 70 ms");
	begin(&e);
	e.request.place = NULL;
	cluster_fate_timeout(&e.request);
	assert_ended(&e, CLUSTER_FAIL_TIMEOUT, "could not be sent to any node within 70 ms");
}

static void
test_a_request_that_waits_ends_as_its_last_attempt_did(void **state)
{
	Ending		e;

	begin(&e);
	e.request.failure = calloc(1, sizeof(*e.request.failure));
	e.request.failure->kind = CLUSTER_FAIL_CQL;
	snprintf(e.request.failure->message, sizeof(e.request.failure->message), "overloaded");
	cluster_fate_timeout(&e.request);
	assert_ended(&e, CLUSTER_FAIL_CQL, "overloaded");
	begin(&e);
	cluster_fate_timeout(&e.request);
	assert_ended(&e, CLUSTER_FAIL_TIMEOUT, "could not be sent to 10.0.0.1:9042 within 70 ms");
}

static void
test_what_may_have_been_applied_is_lost_not_undelivered(void **state)
{
	ClusterFailure down = {.kind = CLUSTER_FAIL_CONNECT, .message = "no node"};
	Ending		e;

	begin(&e);
	cluster_fate_undeliverable(&e.request, &down);
	assert_ended(&e, CLUSTER_FAIL_CONNECT, "no node");
	begin(&e);
	cluster_fate_undeliverable(&e.request, NULL);
	assert_ended(&e, CLUSTER_FAIL_ABANDONED, "the session was closed");
	begin(&e);
	e.request.spent = CLUSTER_SPENT_MAYBE_APPLIED;
	cluster_fate_undeliverable(&e.request, &down);
	assert_ended(&e, CLUSTER_FAIL_LOST, "connection to 10.0.0.1:9042 lost: no node");
}

static void
test_the_clock_is_read_once_a_turn(void **state)
{
	Ending		e;
	uint64_t	first;

	begin(&e);
	first = cluster_fate_clock(&e.dispatch);
	assert_true(cluster_fate_clock(&e.dispatch) == first);
	e.dispatch.clock = 0;		/* as at the turn's end */
	assert_true(cluster_fate_clock(&e.dispatch) >= first);
	e.request.started = first;
	cluster_fate_complete(&e.request);
	assert_true(e.request.latency == e.dispatch.clock - first);
}

/* ---- invariants ---- */

static void
end_twice(void *ending)
{
	Ending	   *e = ending;

	cluster_fate_timeout(&e->request);
	cluster_fate_complete(&e->request);
}

static void
end_one_that_still_waits(void *ending)
{
	Ending	   *e = ending;

	cluster_lane_append(&e->dispatch.waiting, &e->request);
	cluster_fate_complete(&e->request);
}

static void
test_broken_invariants_abort(void **state)
{
	Ending		e;

	begin(&e);
	assert_aborts(end_twice, &e, "r->held");
	assert_aborts(end_one_that_still_waits, &e, "!r->listed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_lets_go_of_the_failure_of_an_earlier_attempt),
		cmocka_unit_test(test_a_strained_write_that_ends_makes_room_for_another),
		cmocka_unit_test(test_a_timeout_tells_whether_the_request_was_sent),
		cmocka_unit_test(test_a_request_that_waits_ends_as_its_last_attempt_did),
		cmocka_unit_test(test_what_may_have_been_applied_is_lost_not_undelivered),
		cmocka_unit_test(test_the_clock_is_read_once_a_turn),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
