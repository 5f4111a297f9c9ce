/*
 * frames_test.c
 *	  Frames out, answers in: each answer finds its call, and a node that breaks the
 *	  rules loses the connection.
 */
#include "net/peer.h"

static const Mode v4 = {4, false, 0};

/* ---- answers ---- */

static void
test_request_and_answer(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;
		Call		call = {0};
		CqlFrame	frame;

		start(&client, &peer, modes[i]);
		assert_true(net_connection_ready(client.c));
		assert_true(net_connection_writable(client.c));
		assert_int_equal(net_connection_version(client.c), modes[i].version);
		assert_int_equal(net_connection_has_metadata_id(client.c), modes[i].version == 5);

		assert_true(call_send(&call, &client, "headtail", 8, 0));
		assert_int_equal(net_connection_in_flight(client.c), 1);
		client_flush(&client);
		frame = peer_next(&peer);
		assert_int_equal(frame.version, modes[i].version);
		assert_int_equal(frame.opcode, CQL_OP_EXECUTE);
		assert_true(frame.stream >= 1);
		assert_int_equal(frame.length, 8);
		assert_memory_equal(frame.body, "headtail", 8);

		peer_answer(&peer, frame.stream, CQL_OP_RESULT, "answer", 6);
		await(&client, call.done);
		assert_int_equal(call.loss, NET_ANSWERED);
		assert_int_equal(call.opcode, CQL_OP_RESULT);
		assert_int_equal(call.length, 6);
		assert_memory_equal(call.body, "answer", 6);
		assert_int_equal(net_connection_in_flight(client.c), 0);
		finish(&client, &peer);
		assert_int_equal(call.done, 1);
	}
}

static void
test_nothing_is_sent_before_the_flush(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[2] = {0};
	CqlFrame	frame;

	start(&client, &peer, v4);
	assert_true(call_send(&call[0], &client, "one", 3, 0));
	assert_true(call_send(&call[1], &client, "two", 3, 0));
	for (int i = 0; i < 10; i++)
		uv_run(&client.loop, UV_RUN_NOWAIT);
	assert_false(peer_poll(&peer, &frame));
	client_flush(&client);
	frame = peer_next(&peer);
	assert_memory_equal(frame.body, "one", 3);
	assert_true(peer_poll(&peer, &frame));	/* it came with the first */
	assert_memory_equal(frame.body, "two", 3);
	finish(&client, &peer);
}

static void
test_answers_out_of_order(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[50] = {0};
	int16_t		stream[50];

	start(&client, &peer, v4);
	for (int i = 0; i < 50; i++)
		assert_true(call_send(&call[i], &client, &i, sizeof(i), 0));
	client_flush(&client);
	for (int i = 0; i < 50; i++)
	{
		CqlFrame	frame = peer_next(&peer);

		assert_memory_equal(frame.body, &i, sizeof(i));
		stream[i] = frame.stream;
	}
	for (int i = 0; i < 50; i++)
	{
		int			j = i * 7 % 50;

		peer_answer(&peer, stream[j], CQL_OP_RESULT, &j, sizeof(j));
		await(&client, call[j].done);
		assert_int_equal(client.done, i + 1);
		assert_memory_equal(call[j].body, &j, sizeof(j));
	}
	finish(&client, &peer);
}

/* Answers cut at every byte, in every form. */
static void
test_cut_at_every_offset(void **state)
{
	for (size_t i = 0; i < NMODES; i++)
	{
		Client		client;
		Peer		peer;
		size_t		wire_len = 1;

		start(&client, &peer, modes[i]);
		for (size_t cut = 0; cut <= wire_len; cut++)
		{
			Call		call[2] = {0};
			CqlBuffer	wire = {0};

			for (int k = 0; k < 2; k++)
				assert_true(call_send(&call[k], &client, "q", 1, 0));
			client_flush(&client);
			for (int k = 0; k < 2; k++)
			{
				CqlBuffer	frame = {0};
				int16_t		stream = peer_next(&peer).stream;

				put_frame(&frame, peer.version, stream, CQL_OP_RESULT,
						  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 48);
				peer_wrap(&peer, &wire, &frame);
				cql_buffer_free(&frame);
			}
			wire_len = wire.len;
			peer_send(&peer, wire.data, cut);
			uv_run(&client.loop, UV_RUN_NOWAIT);
			peer_send(&peer, wire.data + cut, wire.len - cut);
			await(&client, call[0].done && call[1].done);
			assert_int_equal(call[1].length, 48);
			assert_memory_equal(call[1].body, "aaaaaaaaaaaaaaaa", 16);
			cql_buffer_free(&wire);
		}
		finish(&client, &peer);
	}
}

/* Answers that end exactly at the end of a read, one byte before, one behind. */
static void
test_answers_as_large_as_a_read(void **state)
{
	static const size_t sizes[] = {65536, 131072, 262144, 1048576};
	Client		client;
	Peer		peer;
	uint8_t    *body = calloc(1, 1048577);

	start(&client, &peer, v4);
	for (size_t i = 0; i < 4; i++)
	{
		for (int off = -1; off <= 1; off++)
		{
			Call		call = {0};
			size_t		len = sizes[i] - CQL_FRAME_HEADER_SIZE + (size_t) off;

			assert_true(call_send(&call, &client, "q", 1, 0));
			client_flush(&client);
			peer_answer(&peer, peer_next(&peer).stream, CQL_OP_RESULT, body, len);
			await(&client, call.done);
			assert_int_equal(call.length, len);
		}
	}
	free(body);
	finish(&client, &peer);
}

static void
test_events(void **state)
{
	Client		client;
	Peer		peer;

	start(&client, &peer, v4);
	peer_answer(&peer, -1, CQL_OP_EVENT, "x", 1);
	await(&client, client.events == 1);
	assert_int_equal(client.closed, 0);
	peer_answer(&peer, -1, CQL_OP_RESULT, "x", 1);
	await(&client, client.closed);
	assert_int_equal(client.why.kind, NET_FAIL_PROTOCOL);
	finish(&client, &peer);
}

/* ---- a node that breaks the rules ---- */

static void
expect_broken(Client *client, Peer *peer, Call *call, const char *message)
{
	await(client, client->closed);
	assert_int_equal(client->why.kind, NET_FAIL_PROTOCOL);
	if (!strstr(client->why.message, message))
		fail_msg("message is: %s", client->why.message);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->loss, NET_LOST);
	finish(client, peer);
}

static void
test_unknown_streams_are_fatal(void **state)
{
	static const int16_t bad[] = {-2, 0, 2, 8192, 8193, 32767, INT16_MIN};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		Client		client;
		Peer		peer;
		Call		call;

		assert_int_equal(start_with_call(&client, &peer, v4, &call), 1);
		peer_answer(&peer, bad[i], CQL_OP_RESULT, NULL, 0);
		expect_broken(&client, &peer, &call, "has no request");
	}
}

static void
test_second_answer_is_fatal(void **state)
{
	Client		client;
	Peer		peer;
	Call		call;
	Call		other = {0};
	int16_t		stream = start_with_call(&client, &peer, v4, &call);

	assert_true(call_send(&other, &client, "q", 1, 0));
	client_flush(&client);
	peer_answer(&peer, stream, CQL_OP_RESULT, NULL, 0);
	peer_answer(&peer, stream, CQL_OP_RESULT, NULL, 0);
	expect_broken(&client, &peer, &other, "has no request");
	assert_int_equal(call.done, 1);
	assert_int_equal(call.loss, NET_ANSWERED);
}

static void
test_error_on_stream_0_is_fatal(void **state)
{
	Client		client;
	Peer		peer;
	Call		call;

	start_with_call(&client, &peer, v4, &call);
	peer.version = 5;			/* as a node may that did not understand the frame */
	peer_error(&peer, 0, CQL_ERR_PROTOCOL, "broken \xff beyond repair");
	expect_broken(&client, &peer, &call, "broken ? beyond repair");

	start_with_call(&client, &peer, v4, &call);
	peer_answer(&peer, 0, CQL_OP_ERROR, "x", 1);
	expect_broken(&client, &peer, &call, "malformed ERROR");
}

static void
test_other_version_is_fatal(void **state)
{
	Client		client;
	Peer		peer;
	Call		call;
	int16_t		stream = start_with_call(&client, &peer, v4, &call);

	peer.version = 5;
	peer_answer(&peer, stream, CQL_OP_RESULT, NULL, 0);
	expect_broken(&client, &peer, &call, "version 5");
}

static void
test_garbage_is_fatal(void **state)
{
	static const struct
	{
		Mode		mode;
		uint8_t		bytes[16];
		size_t		len;
		const char *message;
	}			garbage[] = {
		{{4, false, 0}, {0x84, 0, 0, 1, 8, 0xff, 0xff, 0xff, 0xff}, 9, "impossible length"},
		{{4, false, 0}, {0x84, 0, 0, 1, 8, 0x10, 0, 0, 1}, 9, "impossible length"},
		{{4, false, 0}, {0x04, 0, 0, 1, 8, 0, 0, 0, 0}, 9, "request of version 4"},
		{{4, true, 0}, {0x84, 1, 0, 1, 8, 0, 0, 0, 6, 0, 0, 0, 9, 0xff, 0xff}, 15, "decompressed"},
		{{4, true, 0}, {0x84, 1, 0, 1, 8, 0, 0, 0, 5, 0x7f, 0xff, 0xff, 0xff, 0}, 14, ""},
		{{5, false, 0}, {0x84, 0, 0, 1, 8, 0, 0, 0, 0}, 9, "checksum"},
		{{5, false, 0}, {9, 0, 2, 0xa4, 0xc8, 0xc2}, 6, "checksum"},
		{{5, true, 0}, {0x84, 0, 0, 1, 8, 0, 0, 0, 0}, 9, "checksum"},
	};

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
	{
		Client		client;
		Peer		peer;
		Call		call;

		start_with_call(&client, &peer, garbage[i].mode, &call);
		peer_send(&peer, garbage[i].bytes, garbage[i].len);
		expect_broken(&client, &peer, &call, garbage[i].message);
	}
}

/* Any flipped bit of a segment ends the connection; none is ever an answer. */
static void
test_flipped_bits_in_segments(void **state)
{
	for (size_t byte = 0; byte < 30; byte++)
	{
		Client		client;
		Peer		peer;
		Call		call;
		CqlBuffer	frame = {0};
		CqlBuffer	wire = {0};
		int16_t		stream = start_with_call(&client, &peer, modes[2 + byte % 2], &call);

		put_frame(&frame, 5, stream, CQL_OP_RESULT, "0123456789ab", 12);
		peer_wrap(&peer, &wire, &frame);
		assert_true(wire.len > 30);
		wire.data[byte] ^= 1 << (byte % 8);
		peer_send(&peer, wire.data, wire.len);
		cql_buffer_free(&frame);
		cql_buffer_free(&wire);
		expect_broken(&client, &peer, &call, "checksum");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_and_answer),
		cmocka_unit_test(test_nothing_is_sent_before_the_flush),
		cmocka_unit_test(test_answers_out_of_order),
		cmocka_unit_test(test_cut_at_every_offset),
		cmocka_unit_test(test_answers_as_large_as_a_read),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_unknown_streams_are_fatal),
		cmocka_unit_test(test_second_answer_is_fatal),
		cmocka_unit_test(test_error_on_stream_0_is_fatal),
		cmocka_unit_test(test_other_version_is_fatal),
		cmocka_unit_test(test_garbage_is_fatal),
		cmocka_unit_test(test_flipped_bits_in_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
