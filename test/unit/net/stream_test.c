/*
 * stream_test.c
 *	  Calls in flight: stream ids unique while in use and kept back while an answer
 *	  is due, calls in the order of sending, deadlines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "aborts.h"
#include "net/stream.h"

#define LIMIT 8
#define LARGEST 32767

static void
begin_all(NetStreams *s, NetCall *call, int n)
{
	for (int i = 0; i < n; i++)
		assert_true(net_streams_begin(s, &call[i]));
}

static void
expect_reply(NetStreams *s, int id, NetCall *call)
{
	NetCall    *found = NULL;

	assert_int_equal(net_streams_reply(s, id, &found), NET_STREAM_CALL);
	assert_ptr_equal(found, call);
}

/* ---- ids ---- */

static void
test_takes_each_id_once(void **state)
{
	NetStreams	s;
	NetCall		call[LIMIT + 1] = {0};
	bool		seen[LIMIT + 1] = {false};

	assert_true(net_streams_init(&s, LIMIT));
	for (int i = 0; i < LIMIT; i++)
	{
		assert_true(net_streams_room(&s));
		assert_true(net_streams_begin(&s, &call[i]));
		assert_in_range(call[i].stream, 1, LIMIT);
		assert_false(seen[call[i].stream]);
		seen[call[i].stream] = true;
		assert_int_equal(net_streams_in_flight(&s), i + 1);
	}
	assert_false(net_streams_room(&s));
	assert_false(net_streams_begin(&s, &call[LIMIT]));
	net_streams_free(&s);
}

static void
test_reply_returns_the_holder_and_the_id(void **state)
{
	NetStreams	s;
	NetCall		call[2] = {0};

	assert_true(net_streams_init(&s, LIMIT));
	begin_all(&s, call, 2);
	expect_reply(&s, call[1].stream, &call[1]);
	expect_reply(&s, call[0].stream, &call[0]);
	assert_int_equal(net_streams_in_flight(&s), 0);
	net_streams_free(&s);
}

static void
test_orphan_keeps_its_id_until_the_reply(void **state)
{
	NetStreams	s;
	NetCall		call[LIMIT] = {0};
	NetCall    *found = NULL;
	int			id;

	assert_true(net_streams_init(&s, LIMIT));
	call[3].deadline = 10;
	begin_all(&s, call, LIMIT);
	id = call[3].stream;
	assert_ptr_equal(net_streams_expire(&s, 10), &call[3]);
	assert_int_equal(s.orphans, 1);
	assert_int_equal(net_streams_in_flight(&s), LIMIT - 1);
	assert_false(net_streams_begin(&s, &call[3]));

	assert_int_equal(net_streams_reply(&s, id, &found), NET_STREAM_ORPHAN);
	assert_null(found);
	assert_int_equal(s.orphans, 0);
	assert_true(net_streams_begin(&s, &call[3]));
	assert_int_equal(call[3].stream, id);
	net_streams_free(&s);
}

static void
test_unknown_ids(void **state)
{
	static const int ids[] = {-32768, -1, 0, 1, LIMIT, LIMIT + 1, LARGEST};
	NetStreams	s;
	NetCall		call = {0};
	NetCall    *found = NULL;

	assert_true(net_streams_init(&s, LIMIT));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(net_streams_reply(&s, ids[i], &found), NET_STREAM_UNKNOWN);

	/* a second reply to one request is unknown too */
	assert_true(net_streams_begin(&s, &call));
	expect_reply(&s, call.stream, &call);
	assert_int_equal(net_streams_reply(&s, call.stream, &found), NET_STREAM_UNKNOWN);
	assert_int_equal(net_streams_in_flight(&s), 0);
	net_streams_free(&s);
}

/* The tables begin small, and calls keep their streams when they grow. */
static void
test_grows_to_its_limit(void **state)
{
	NetStreams	s;
	NetCall    *call = calloc(LARGEST + 1, sizeof(*call));
	bool	   *seen = calloc(LARGEST + 1, sizeof(*seen));

	assert_false(net_streams_init(&s, 0));
	assert_false(net_streams_init(&s, LARGEST + 1));
	assert_true(net_streams_init(&s, LARGEST));
	assert_true(s.size < 1000);
	for (int i = 0; i < LARGEST; i++)
	{
		assert_true(net_streams_room(&s));
		assert_true(net_streams_begin(&s, &call[i]));
		assert_in_range(call[i].stream, 1, LARGEST);
		assert_false(seen[call[i].stream]);
		seen[call[i].stream] = true;
	}
	assert_false(net_streams_room(&s));
	assert_false(net_streams_begin(&s, &call[LARGEST]));
	for (int i = 0; i < LARGEST; i++)
		expect_reply(&s, call[i].stream, &call[i]);
	assert_int_equal(net_streams_in_flight(&s), 0);
	net_streams_free(&s);
	free(call);
	free(seen);
}

/* An id that is given up while the tables are small is not given once more when they grow. */
static void
test_orphans_stay_when_it_grows(void **state)
{
	NetStreams	s;
	NetCall		call[1000] = {0};
	NetCall    *found;
	int			orphan;

	assert_true(net_streams_init(&s, 1000));
	call[0].deadline = 1;
	begin_all(&s, call, 1);
	orphan = call[0].stream;
	assert_ptr_equal(net_streams_expire(&s, 1), &call[0]);
	for (int i = 0; i < 999; i++)
	{
		assert_true(net_streams_begin(&s, &call[i]));
		assert_int_not_equal(call[i].stream, orphan);
	}
	assert_false(net_streams_room(&s));
	assert_int_equal(net_streams_reply(&s, orphan, &found), NET_STREAM_ORPHAN);
	assert_true(net_streams_room(&s));
	net_streams_free(&s);
}

/* ---- the end ---- */

static void
expect_end(NetStreams *s, NetCall *call, NetLoss loss)
{
	NetLoss		found = NET_ANSWERED;

	assert_ptr_equal(net_streams_end(s, &found), call);
	assert_int_equal(found, loss);
}

static void
test_calls_end_in_order_and_know_whether_they_were_sent(void **state)
{
	NetStreams	s;
	NetCall		call[6] = {0};
	NetLoss		loss;

	assert_true(net_streams_init(&s, LIMIT));
	begin_all(&s, call, 3);
	net_streams_sent(&s);
	begin_all(&s, call + 3, 3);
	/* at the head, in the midst, and the first of the unsent */
	expect_reply(&s, call[0].stream, &call[0]);
	expect_reply(&s, call[3].stream, &call[3]);
	expect_end(&s, &call[1], NET_LOST);
	expect_end(&s, &call[2], NET_LOST);
	expect_end(&s, &call[4], NET_UNSENT);
	expect_end(&s, &call[5], NET_UNSENT);
	assert_null(net_streams_end(&s, &loss));
	assert_int_equal(net_streams_in_flight(&s), 0);

	/* nothing is unsent when all is */
	begin_all(&s, call, 1);
	net_streams_sent(&s);
	expect_end(&s, &call[0], NET_LOST);
	begin_all(&s, call, 1);
	expect_end(&s, &call[0], NET_UNSENT);
	net_streams_free(&s);
}

/* ---- deadlines ---- */

static void
test_expires_what_is_due_in_order(void **state)
{
	static const uint64_t deadline[] = {30, 10, 0, 20, 10, 90};
	NetStreams	s;
	NetCall		call[6] = {0};
	NetCall    *due;

	assert_true(net_streams_init(&s, LIMIT));
	assert_null(net_streams_expire(&s, UINT64_MAX - 1));
	for (int i = 0; i < 6; i++)
		call[i].deadline = deadline[i];
	begin_all(&s, call, 6);
	assert_null(net_streams_expire(&s, 9));
	due = net_streams_expire(&s, 10);
	assert_ptr_equal(due, &call[1]);
	assert_ptr_equal(due->next, &call[4]);
	assert_null(due->next->next);
	assert_null(net_streams_expire(&s, 10));
	assert_int_equal(s.next_deadline, 20);
	due = net_streams_expire(&s, 50);
	assert_ptr_equal(due, &call[0]);
	assert_ptr_equal(due->next, &call[3]);
	assert_null(due->next->next);
	assert_int_equal(s.orphans, 4);

	/* what comes later may be due sooner than what is left */
	call[1].deadline = 60;
	begin_all(&s, call + 1, 1);
	assert_ptr_equal(net_streams_expire(&s, 60), &call[1]);
	assert_int_equal(s.next_deadline, 90);
	expect_end(&s, &call[2], NET_UNSENT);
	expect_end(&s, &call[5], NET_UNSENT);
	net_streams_free(&s);
}

/* The deadline that was looked for may be of a call that was answered. */
static void
test_deadline_of_an_answered_call(void **state)
{
	NetStreams	s;
	NetCall		call[2] = {0};

	assert_true(net_streams_init(&s, LIMIT));
	call[0].deadline = 10;
	call[1].deadline = 20;
	begin_all(&s, call, 2);
	expect_reply(&s, call[0].stream, &call[0]);
	assert_null(net_streams_expire(&s, 15));
	assert_int_equal(s.next_deadline, 20);
	expect_reply(&s, call[1].stream, &call[1]);
	assert_null(net_streams_expire(&s, 25));
	assert_int_equal(s.orphans, 0);
	net_streams_free(&s);
}

/* Its answer may still come: nobody hears of it, and the id is free then. */
static void
test_an_abandoned_call_is_its_owner_s(void **state)
{
	NetStreams	s;
	NetCall		call[3] = {0};
	NetCall    *found = NULL;

	assert_true(net_streams_init(&s, LIMIT));
	begin_all(&s, call, 3);
	net_streams_abandon(&s, &call[1]);
	assert_int_equal(s.orphans, 1);
	assert_int_equal(net_streams_in_flight(&s), 2);
	assert_ptr_equal(call[0].next, &call[2]);
	assert_int_equal(net_streams_reply(&s, call[1].stream, &found), NET_STREAM_ORPHAN);
	assert_int_equal(s.orphans, 0);
	expect_end(&s, &call[0], NET_UNSENT);
	expect_end(&s, &call[2], NET_UNSENT);
	net_streams_free(&s);
}

/* ---- invariants ---- */

static void
answer_a_call_that_is_not_listed(void *streams)
{
	NetStreams *s = streams;
	NetCall    *call = s->head;

	s->head = NULL;
	net_streams_reply(s, call->stream, &call);
}

static void
answer_before_the_first_deadline(void *streams)
{
	NetStreams *s = streams;
	NetCall    *call = s->head;

	call->deadline = 1;
	net_streams_reply(s, call->stream, &call);
}

static void
test_broken_invariants_abort(void **state)
{
	NetCall		call = {.deadline = 10};
	NetStreams	s;

	assert_true(net_streams_init(&s, LIMIT));
	begin_all(&s, &call, 1);
	assert_aborts(answer_a_call_that_is_not_listed, &s, "is_listed(s, call)");
	assert_aborts(answer_before_the_first_deadline, &s, "holder->deadline >= s->next_deadline");
	expect_reply(&s, call.stream, &call);
	net_streams_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_each_id_once),
		cmocka_unit_test(test_reply_returns_the_holder_and_the_id),
		cmocka_unit_test(test_orphan_keeps_its_id_until_the_reply),
		cmocka_unit_test(test_unknown_ids),
		cmocka_unit_test(test_grows_to_its_limit),
		cmocka_unit_test(test_orphans_stay_when_it_grows),
		cmocka_unit_test(test_calls_end_in_order_and_know_whether_they_were_sent),
		cmocka_unit_test(test_expires_what_is_due_in_order),
		cmocka_unit_test(test_deadline_of_an_answered_call),
		cmocka_unit_test(test_an_abandoned_call_is_its_owner_s),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
