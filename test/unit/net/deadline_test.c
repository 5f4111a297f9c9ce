/*
 * deadline_test.c
 *	  Calls and nodes that take too long: deadlines, orphans, heartbeats.
 */
#include "net/peer.h"

static const Mode v4 = {4, false, 0};

/* ---- deadlines ---- */

/* A late answer must reach nobody, and least of all the next call. */
static void
test_late_answer_is_dropped_and_its_stream_used_again(void **state)
{
	Client		client;
	Peer		peer;
	Call		late = {0};
	Call		other = {0};
	Call		again = {0};
	int16_t		stream;
	int16_t		other_stream;

	start(&client, &peer, v4);
	assert_true(call_send(&late, &client, "late", 4, 100));
	client_flush(&client);
	stream = peer_next(&peer).stream;
	pass_time(&client, 50);
	assert_int_equal(late.done, 0);
	pass_time(&client, 1000);
	assert_int_equal(late.done, 1);
	assert_int_equal(late.loss, NET_TIMED_OUT);
	assert_int_equal(net_connection_in_flight(client.c), 0);

	assert_true(call_send(&other, &client, "other", 5, 0));
	client_flush(&client);
	other_stream = peer_next(&peer).stream;
	assert_int_not_equal(other_stream, stream);
	peer_answer(&peer, stream, CQL_OP_RESULT, "late", 4);
	peer_answer(&peer, other_stream, CQL_OP_RESULT, "other", 5);
	await(&client, other.done);
	assert_memory_equal(other.body, "other", 5);
	assert_int_equal(late.done, 1);

	/* both ids are free: two more calls need no third one */
	for (int i = 0; i < 2; i++)
	{
		assert_true(call_send(&again, &client, "again", 5, 0));
		assert_true(again.call.stream == stream || again.call.stream == other_stream);
		client_flush(&client);
		peer_answer(&peer, peer_next(&peer).stream, CQL_OP_RESULT, NULL, 0);
		await(&client, again.done == i + 1);
	}
	finish(&client, &peer);
}

/* Deadlines come in any order, and only what is due is given up. */
static void
test_mixed_deadlines(void **state)
{
	static const uint64_t timeout[] = {3000, 1000, 0, 2000, 1000, 9000};
	Client		client;
	Peer		peer;
	Call		call[6] = {0};

	start(&client, &peer, v4);
	for (int i = 0; i < 6; i++)
		assert_true(call_send(&call[i], &client, "q", 1, timeout[i]));
	client_flush(&client);
	pass_time(&client, 500);
	for (uint64_t now = 1500; now <= 4500; now += 1000)
	{
		pass_time(&client, 1000);
		for (int i = 0; i < 6; i++)
			assert_int_equal(call[i].done, timeout[i] != 0 && timeout[i] <= now);
	}
	/* a new call is sooner due than anything left */
	assert_true(call_send(&call[0], &client, "q", 1, 200));
	pass_time(&client, 500);
	assert_int_equal(call[0].done, 2);
	assert_int_equal(call[5].done, 0);
	finish(&client, &peer);
	assert_int_equal(call[2].loss, NET_LOST);
	assert_int_equal(call[5].loss, NET_LOST);
}

static void
test_too_many_orphans_close(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[5] = {0};

	start(&client, &peer, v4);
	client.config.max_orphans = 3;
	for (int i = 0; i < 3; i++)
		assert_true(call_send(&call[i], &client, "q", 1, 100));
	client_flush(&client);
	pass_time(&client, 200);
	uv_run(&client.loop, UV_RUN_NOWAIT);
	assert_int_equal(client.closed, 0);
	assert_true(call_send(&call[3], &client, "q", 1, 100));
	assert_true(call_send(&call[4], &client, "q", 1, 0));
	pass_time(&client, 200);
	await(&client, client.closed);
	assert_int_equal(client.why.kind, NET_FAIL_TIMEOUT);
	assert_int_equal(call[3].loss, NET_TIMED_OUT);
	assert_int_equal(call[4].loss, NET_UNSENT);
	finish(&client, &peer);
}

static void
send_same_again(Call *call)
{
	call->hook = NULL;
	assert_true(call_send(call, call->client, "again", 5, 50));
}

static void
test_sending_from_inside_a_timeout(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[2] = {{.hook = send_same_again}, {.hook = send_same_again}};

	start(&client, &peer, v4);
	for (int i = 0; i < 2; i++)
		assert_true(call_send(&call[i], &client, "q", 1, 100));
	client_flush(&client);
	pass_time(&client, 100);
	assert_int_equal(call[0].done, 1);
	assert_int_equal(call[1].done, 1);
	assert_int_equal(net_connection_in_flight(client.c), 2);
	pass_time(&client, 1000);
	assert_int_equal(call[0].done, 2);
	assert_int_equal(call[1].done, 2);
	finish(&client, &peer);
}

/* ---- heartbeat ---- */

static int16_t
expect_heartbeat(Client *client, Peer *peer)
{
	CqlFrame	frame = peer_next(peer);

	assert_int_equal(frame.opcode, CQL_OP_OPTIONS);
	assert_int_equal(frame.length, 0);
	assert_true(frame.stream >= 1);
	assert_int_equal(net_connection_in_flight(client->c), 0);
	return frame.stream;
}

static bool
peer_hears_nothing(Peer *peer)
{
	CqlFrame	frame;

	uv_run(&peer->client->loop, UV_RUN_NOWAIT);
	return !peer_poll(peer, &frame);
}

/* One question and its answer; whatever came before was read by then. */
static void
exchange(Client *client, Peer *peer)
{
	Call		call = {0};

	assert_true(call_send(&call, client, "q", 1, 0));
	client_flush(client);
	peer_answer(peer, peer_next(peer).stream, CQL_OP_RESULT, NULL, 0);
	await(client, call.done);
}

static void
start_beating(Client *client, Peer *peer, Mode mode)
{
	start(client, peer, mode);
	client->config.heartbeat_interval = 1000;
	client->config.heartbeat_timeout = 500;
}

static void
test_heartbeat_keeps_an_idle_connection(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;

		start_beating(&client, &peer, modes[i]);
		for (int beat = 0; beat < 3; beat++)
		{
			int16_t		stream;

			pass_time(&client, 900);
			assert_true(peer_hears_nothing(&peer));
			pass_time(&client, 100);
			stream = expect_heartbeat(&client, &peer);
			pass_time(&client, 100);
			assert_true(peer_hears_nothing(&peer)); /* one at a time */
			peer_answer(&peer, stream, CQL_OP_SUPPORTED, "\0\0", 2);
			exchange(&client, &peer);
		}
		assert_int_equal(client.closed, 0);
		finish(&client, &peer);
	}
}

static void
expect_given_up(Client *client, Peer *peer)
{
	pass_time(client, 499);
	uv_run(&client->loop, UV_RUN_NOWAIT);
	assert_int_equal(client->closed, 0);
	pass_time(client, 1);
	await(client, client->closed);
	assert_int_equal(client->why.kind, NET_FAIL_TIMEOUT);
	finish(client, peer);
}

/* What we write is no sign of the node's life, nor does it put the heartbeat off. */
static void
test_black_hole_is_given_up(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[3] = {0};

	start_beating(&client, &peer, v4);
	for (int i = 0; i < 3; i++)
	{
		pass_time(&client, 333);
		assert_true(call_send(&call[i], &client, "q", 1, 0));
		client_flush(&client);
	}
	pass_time(&client, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(peer_next(&peer).opcode, CQL_OP_EXECUTE);
	assert_int_equal(peer_next(&peer).opcode, CQL_OP_OPTIONS);
	expect_given_up(&client, &peer);
	for (int i = 0; i < 3; i++)
		assert_int_equal(call[i].loss, NET_LOST);
}

/* A node that answers others but not the heartbeat lives, until it falls silent. */
static void
test_any_answer_is_a_sign_of_life(void **state)
{
	Client		client;
	Peer		peer;

	start_beating(&client, &peer, v4);
	pass_time(&client, 1000);
	expect_heartbeat(&client, &peer);
	for (int i = 0; i < 5; i++)
	{
		pass_time(&client, 400);
		exchange(&client, &peer);
	}
	assert_int_equal(client.closed, 0);
	pass_time(&client, 1000);
	expect_given_up(&client, &peer);
}

static void
test_black_hole_with_all_streams_used(void **state)
{
	Client		client;
	Peer		peer;
	Call	   *call = calloc(8192, sizeof(*call));

	start_beating(&client, &peer, v4);
	for (int i = 0; i < 8192; i++)
		assert_true(call_send(&call[i], &client, "q", 1, 0));
	assert_false(net_connection_writable(client.c));
	pass_time(&client, 1000);
	expect_given_up(&client, &peer);
	assert_int_equal(client.done, 8192);
	free(call);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_answer_is_dropped_and_its_stream_used_again),
		cmocka_unit_test(test_mixed_deadlines),
		cmocka_unit_test(test_too_many_orphans_close),
		cmocka_unit_test(test_sending_from_inside_a_timeout),
		cmocka_unit_test(test_heartbeat_keeps_an_idle_connection),
		cmocka_unit_test(test_black_hole_is_given_up),
		cmocka_unit_test(test_any_answer_is_a_sign_of_life),
		cmocka_unit_test(test_black_hole_with_all_streams_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
