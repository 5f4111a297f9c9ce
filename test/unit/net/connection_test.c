/*
 * connection_test.c
 *	  The end of a connection: each call in flight gets one fate, whatever the node does.
 */
#include "net/peer.h"

#include <pthread.h>

#include "aborts.h"

static const Mode v4 = {4, false, 0};

static void
test_node_hangs_up(void **state)
{
	const struct linger reset = {1, 0};
	Client		client;
	Peer		peer;
	Call		call;
	Call		unsent = {0};

	for (int how = 0; how < 3; how++)
	{
		start_with_call(&client, &peer, v4, &call);
		memset(&unsent, 0, sizeof(unsent));
		assert_true(call_send(&unsent, &client, "q", 1, 0));
		if (how == 0)			/* half-closed */
			shutdown(peer.fd, SHUT_WR);
		if (how == 1)			/* reset */
			setsockopt(peer.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (how == 2)			/* in the middle of a frame */
			peer_send(&peer, (const uint8_t *) "\x84\0\0\1", 4);
		if (how != 0)
			peer_hang_up(&peer);
		await(&client, client.closed);
		assert_int_equal(client.why.kind, NET_FAIL_CLOSED);
		assert_int_equal(call.loss, NET_LOST);
		assert_int_equal(unsent.loss, NET_UNSENT);
		assert_int_equal(call.done + unsent.done, 2);
		finish(&client, &peer);
	}
}

static void
test_close_tells_lost_from_unsent(void **state)
{
	Client		client;
	Peer		peer;
	Call		lost;
	Call		unsent[2] = {0};

	start_with_call(&client, &peer, v4, &lost);
	assert_true(call_send(&unsent[0], &client, "q", 1, 0));
	assert_true(call_send(&unsent[1], &client, "q", 1, 0));
	client_close(&client);
	client_close(&client);
	assert_false(call_send(&(Call) {0}, &client, "q", 1, 0));
	assert_false(net_connection_ready(client.c));
	client_flush(&client);
	pass_time(&client, 100000);
	assert_int_equal(client.done, 0);
	await(&client, client.closed);
	assert_int_equal(client.why.kind, NET_FAIL_NONE);
	assert_int_equal(client.done, 3);
	assert_int_equal(lost.loss, NET_LOST);
	assert_int_equal(unsent[0].loss, NET_UNSENT);
	assert_int_equal(unsent[1].loss, NET_UNSENT);
	await(&client, peer_sees_end(&peer));
	finish(&client, &peer);
}

/* The first unsent call is answered by a node that guesses; the others stay unsent. */
static void
test_answer_to_an_unsent_call(void **state)
{
	Client		client;
	Peer		peer;
	Call		sent;
	Call		unsent[2] = {0};

	start_with_call(&client, &peer, v4, &sent);
	assert_true(call_send(&unsent[0], &client, "q", 1, 0));
	assert_true(call_send(&unsent[1], &client, "q", 1, 0));
	peer_answer(&peer, unsent[0].call.stream, CQL_OP_RESULT, NULL, 0);
	await(&client, unsent[0].done);
	client_close(&client);
	await(&client, client.closed);
	assert_int_equal(sent.loss, NET_LOST);
	assert_int_equal(unsent[1].loss, NET_UNSENT);
	finish(&client, &peer);
}

static void
close_from_call(Call *call)
{
	net_connection_close(call->client->c);
	assert_false(call_send(call, call->client, "q", 1, 0));
}

static void
close_from_client(Client *client)
{
	net_connection_close(client->c);
}

static void
test_close_from_inside_callbacks(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[3];

	/* an answer, with the next one already read */
	for (int i = 0; i < 3; i++)
		call[i] = (Call) {.hook = close_from_call};
	start(&client, &peer, v4);
	for (int i = 0; i < 3; i++)
		assert_true(call_send(&call[i], &client, "q", 1, 0));
	client_flush(&client);
	peer_send(&peer, (const uint8_t *) "\x84\0\0\1\x08\0\0\0\0\x84\0\0\2\x08\0\0\0\0", 18);
	await(&client, client.closed);
	for (int i = 0; i < 3; i++)
	{
		assert_int_equal(call[i].done, 1);
		assert_int_equal(call[i].loss, i == 0 ? NET_ANSWERED : NET_LOST);
	}
	finish(&client, &peer);

	/* a timeout, with others due */
	for (int i = 0; i < 3; i++)
		call[i] = (Call) {.hook = close_from_call};
	start(&client, &peer, v4);
	for (int i = 0; i < 3; i++)
		assert_true(call_send(&call[i], &client, "q", 1, 10));
	pass_time(&client, 100);
	await(&client, client.closed);
	assert_int_equal(client.done, 3);
	finish(&client, &peer);

	start(&client, &peer, v4);
	client.hook = close_from_client;
	peer_answer(&peer, -1, CQL_OP_EVENT, NULL, 0);
	await(&client, client.closed);
	finish(&client, &peer);

	client_init(&client);
	client.hook = close_from_client;
	peer_init(&peer, &client);
	client_open(&client, &peer);
	peer_accept(&peer);
	peer_supported(&peer, 4, false);
	peer_expect_startup(&peer, 4);
	peer_answer(&peer, 0, CQL_OP_READY, NULL, 0);
	await(&client, client.closed);
	assert_int_equal(client.ready, 1);
	finish(&client, &peer);
}

/* The connection dies in the turn in which the deadline passes, whichever is first. */
static void
test_death_and_deadline_in_one_turn(void **state)
{
	for (int order = 0; order < 2; order++)
	{
		Client		client;
		Peer		peer;
		Call		call = {0};

		start(&client, &peer, v4);
		assert_true(call_send(&call, &client, "q", 1, 10));
		client_flush(&client);
		peer_hang_up(&peer);
		if (order == 0)
			pass_time(&client, 100);
		else
			client_close(&client);
		if (client.c)
			pass_time(&client, 200);
		await(&client, client.closed);
		assert_int_equal(call.done, 1);
		assert_int_equal(call.loss, order == 0 ? NET_TIMED_OUT : NET_LOST);
		finish(&client, &peer);
	}
}

/* ---- invariants ---- */

static void *
flush(void *connection)
{
	net_connection_flush(connection);
	return NULL;
}

static void
flush_in_another_thread(void *connection)
{
	pthread_t	other;

	pthread_create(&other, NULL, flush, connection);
	pthread_join(other, NULL);
}

static void
test_broken_invariants_abort(void **state)
{
	Client		client;
	Peer		peer;

	start(&client, &peer, v4);
	assert_aborts(flush_in_another_thread, client.c, "core_thread_is_mine(&c->thread)");
	finish(&client, &peer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node_hangs_up),
		cmocka_unit_test(test_close_tells_lost_from_unsent),
		cmocka_unit_test(test_answer_to_an_unsent_call),
		cmocka_unit_test(test_close_from_inside_callbacks),
		cmocka_unit_test(test_death_and_deadline_in_one_turn),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
