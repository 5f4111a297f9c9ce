/*
 * stream_test.c
 *	  Stream ids: unique while in use, kept back while an answer is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/connection.h"

#define LIMIT 8

static void
test_takes_each_id_once(void **state)
{
	NetStreams	s;
	NetCall		call[LIMIT];
	bool		seen[LIMIT + 1] = {false};

	assert_true(net_streams_init(&s, LIMIT));
	for (int i = 0; i < LIMIT; i++)
	{
		int			id = net_streams_take(&s, &call[i]);

		assert_in_range(id, 1, LIMIT);
		assert_false(seen[id]);
		seen[id] = true;
	}
	assert_int_equal(net_streams_take(&s, &call[0]), -1);
	net_streams_free(&s);
}

static void
test_reply_returns_the_holder_and_the_id(void **state)
{
	NetStreams	s;
	NetCall		call[2];
	NetCall    *found = NULL;
	int			id[2];

	assert_true(net_streams_init(&s, LIMIT));
	id[0] = net_streams_take(&s, &call[0]);
	id[1] = net_streams_take(&s, &call[1]);
	assert_int_equal(net_streams_reply(&s, id[1], &found), NET_STREAM_CALL);
	assert_ptr_equal(found, &call[1]);
	assert_int_equal(net_streams_reply(&s, id[0], &found), NET_STREAM_CALL);
	assert_ptr_equal(found, &call[0]);
	assert_int_equal(s.nfree, LIMIT);
	net_streams_free(&s);
}

static void
test_orphan_keeps_its_id_until_the_reply(void **state)
{
	NetStreams	s;
	NetCall		call[LIMIT];
	NetCall    *found = NULL;
	int			id = 0;

	assert_true(net_streams_init(&s, LIMIT));
	for (int i = 0; i < LIMIT; i++)
		id = net_streams_take(&s, &call[i]);
	net_streams_orphan(&s, (uint16_t) id);
	assert_int_equal(s.orphans, 1);
	assert_int_equal(net_streams_take(&s, &call[0]), -1);

	assert_int_equal(net_streams_reply(&s, id, &found), NET_STREAM_ORPHAN);
	assert_null(found);
	assert_int_equal(s.orphans, 0);
	assert_int_equal(net_streams_take(&s, &call[0]), id);
	net_streams_free(&s);
}

static void
test_unknown_ids(void **state)
{
	static const int ids[] = {-32768, -1, 0, 1, LIMIT, LIMIT + 1, 32767};
	NetStreams	s;
	NetCall		call;
	NetCall    *found = NULL;
	int			id;

	assert_true(net_streams_init(&s, LIMIT));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(net_streams_reply(&s, ids[i], &found), NET_STREAM_UNKNOWN);

	/* a second reply to one request is unknown too */
	id = net_streams_take(&s, &call);
	assert_int_equal(net_streams_reply(&s, id, &found), NET_STREAM_CALL);
	assert_int_equal(net_streams_reply(&s, id, &found), NET_STREAM_UNKNOWN);
	assert_int_equal(s.nfree, LIMIT);
	net_streams_free(&s);
}

static void
test_limits(void **state)
{
	NetStreams	s;
	NetCall		call;
	NetCall    *found = NULL;

	assert_false(net_streams_init(&s, 0));
	assert_false(net_streams_init(&s, 32768));
	assert_true(net_streams_init(&s, 32767));
	for (int i = 0; i < 32767; i++)
		assert_in_range(net_streams_take(&s, &call), 1, 32767);
	assert_int_equal(net_streams_take(&s, &call), -1);
	assert_int_equal(net_streams_reply(&s, 32767, &found), NET_STREAM_CALL);
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
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
