/*
 * output_test.c
 *	  A socket that does not take all at once: writes under way, room, large
 *	  frames, and a hundred thousand requests.
 */
#include "net/peer.h"

static const Mode v4 = {4, false, 0};

#define BODY_SIZE 8192
#define MANY 512				/* calls of BODY_SIZE: more than a socket takes at once */

/* Small buffers, so that writes get stuck early. Before the connection is open. */
static void
start_narrow(Client *client, Peer *peer, Mode mode)
{
	int			size = 4096;

	client_init(client);
	peer_init(peer, client);
	peer_use_mode(peer, mode);
	assert_int_equal(setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	client_open(client, peer);
	peer_make_ready(peer, mode.version, mode.lz4);
}

/* Noise, which no compression makes smaller; the first bytes are the number. */
static void
fill_body(uint8_t *body, size_t len, uint32_t number)
{
	uint64_t	x = number + UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i + 8 <= len; i += 8)
	{
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(body + i, &x, 8);
	}
	memcpy(body, &number, sizeof(number));
}

/* Sends numbered calls until there is no more room; flushes after each. Returns how many. */
static int
send_until_full(Client *client, Call *call, int max)
{
	uint8_t		body[BODY_SIZE];
	int			n = 0;

	while (n < max && net_connection_writable(client->c))
	{
		fill_body(body, sizeof(body), (uint32_t) n);
		assert_true(call_send(&call[n], client, body, sizeof(body), 0));
		client_flush(client);
		n++;
	}
	return n;
}

/* Requests 0 to n - 1 come whole and in order; each is answered with its number. */
static void
serve(Peer *peer, int n)
{
	uint8_t		expected[BODY_SIZE];

	for (int i = 0; i < n; i++)
	{
		CqlFrame	frame = peer_next(peer);

		fill_body(expected, sizeof(expected), (uint32_t) i);
		assert_int_equal(frame.length, sizeof(expected));
		assert_memory_equal(frame.body, expected, sizeof(expected));
		peer_answer(peer, frame.stream, CQL_OP_RESULT, &i, sizeof(i));
	}
}

static void
test_full_and_room_again(void **state)
{
	for (size_t m = 0; m < NMODES; m++)
	{
		Client		client;
		Peer		peer;
		Call	   *call = calloc(MANY, sizeof(*call));
		int			n;

		start_narrow(&client, &peer, modes[m]);
		n = send_until_full(&client, call, MANY);
		assert_in_range(n, NET_OUTPUT_LIMIT / BODY_SIZE, MANY - 1);
		assert_false(call_send(&call[n], &client, "q", 1, 0));
		assert_int_equal(client.writable, 0);

		serve(&peer, n);
		await(&client, client.done == n);
		assert_int_equal(client.writable, 1);
		for (int i = 0; i < n; i++)
			assert_memory_equal(call[i].body, &i, sizeof(i));
		assert_int_equal(call[n].done, 0);
		assert_true(net_connection_writable(client.c));
		finish(&client, &peer);
		free(call);
	}
}

/* Room comes from writing alone; no answer is needed to be told. */
static void
test_room_without_any_answer(void **state)
{
	for (size_t m = 0; m < NMODES; m++)
	{
		Client		client;
		Peer		peer;
		Call	   *call = calloc(MANY, sizeof(*call));
		uint8_t		body[BODY_SIZE];
		int			n = 0;

		start_narrow(&client, &peer, modes[m]);
		/* nothing is flushed before it is full */
		while (net_connection_writable(client.c))
		{
			fill_body(body, sizeof(body), (uint32_t) n);
			assert_true(call_send(&call[n++], &client, body, sizeof(body), 0));
		}
		client_flush(&client);
		assert_int_equal(client.writable, 0);
		for (int i = 0; i < n; i++)
			peer_next(&peer);
		await(&client, client.writable == 1);
		assert_int_equal(client.done, 0);
		finish(&client, &peer);
		assert_int_equal(call[0].loss, NET_LOST);
		free(call);
	}
}

/* The same where the socket takes all at once. */
static void
test_room_after_a_write_that_never_blocks(void **state)
{
	Client		client;
	Peer		peer;
	Call		call = {0};
	uint8_t    *body = calloc(1, NET_OUTPUT_LIMIT);

	start(&client, &peer, v4);
	assert_true(call_send(&call, &client, body, NET_OUTPUT_LIMIT, 0));
	assert_false(net_connection_writable(client.c));
	client_flush(&client);
	assert_int_equal(client.writable, 0);
	assert_int_equal(peer_next(&peer).length, NET_OUTPUT_LIMIT);
	await(&client, client.writable == 1);
	free(body);
	finish(&client, &peer);
}

static void
test_all_streams_used(void **state)
{
	Client		client;
	Peer		peer;
	Call	   *call = calloc(8193, sizeof(*call));
	int			n = 0;
	int16_t		stream;

	start(&client, &peer, v4);
	while (call_send(&call[n], &client, "q", 1, 0))
		n++;
	assert_int_equal(n, 8192);
	assert_false(net_connection_writable(client.c));
	client_flush(&client);
	stream = peer_next(&peer).stream;
	assert_int_equal(client.writable, 0);
	peer_answer(&peer, stream, CQL_OP_RESULT, NULL, 0);
	await(&client, client.writable == 1);
	assert_true(call_send(&call[n], &client, "q", 1, 0));
	assert_int_equal(call[n].call.stream, stream);
	finish(&client, &peer);
	assert_int_equal(client.done, 8193);
	free(call);
}

/* An answer may be here before the write of its request, or of the ones behind it, is done. */
static void
test_answer_before_the_write_is_done(void **state)
{
	Client		client;
	Peer		peer;
	Call		call[3] = {0};
	uint8_t    *body = calloc(1, 8 * 1024 * 1024);
	CqlFrame	frame;

	start_narrow(&client, &peer, v4);
	assert_true(call_send(&call[0], &client, "first", 5, 0));
	assert_true(call_send(&call[1], &client, body, 8 * 1024 * 1024, 0));
	client_flush(&client);
	frame = peer_next(&peer);
	assert_memory_equal(frame.body, "first", 5);
	peer_answer(&peer, call[0].call.stream, CQL_OP_RESULT, NULL, 0);
	peer_answer(&peer, call[1].call.stream, CQL_OP_RESULT, NULL, 0);
	await(&client, client.done == 2);

	/* the second is still on its way, and nothing may come between its bytes */
	assert_true(client.c && !net_connection_writable(client.c));
	assert_int_equal(peer_next(&peer).length, 8 * 1024 * 1024);
	await(&client, client.writable == 1);
	assert_true(call_send(&call[2], &client, "third", 5, 0));
	client_flush(&client);
	frame = peer_next(&peer);
	assert_memory_equal(frame.body, "third", 5);
	peer_answer(&peer, frame.stream, CQL_OP_RESULT, NULL, 0);
	await(&client, client.done == 3);
	free(body);
	finish(&client, &peer);
	for (int i = 0; i < 3; i++)
		assert_int_equal(call[i].done, 1);
}

/* Whole or in part, up to the end of the connection. */
static int
requests_received(Peer *peer)
{
	CqlFrame	frame;
	int			n = 0;

	await(peer->client, !peer_read(peer));
	while (cql_splitter_next(&peer->in, &frame) == CQL_SPLIT_FRAME)
		n++;
	return n + (peer->in.taken < peer->in.wire.len);
}

/* Of what gathers behind a write under way, no byte has left. */
static void
test_close_while_a_write_is_under_way(void **state)
{
	for (int how = 0; how < 2; how++)
	{
		Client		client;
		Peer		peer;
		Call	   *call = calloc(MANY, sizeof(*call));
		int			n;
		int			lost = 0;

		start_narrow(&client, &peer, v4);
		n = send_until_full(&client, call, MANY);
		if (how == 0)
			client_close(&client);
		else
			peer_hang_up(&peer);
		await(&client, client.closed);
		while (lost < n && call[lost].loss == NET_LOST)
			lost++;
		assert_in_range(lost, 1, n - 1);
		for (int i = lost; i < n; i++)
			assert_int_equal(call[i].loss, NET_UNSENT);
		assert_int_equal(client.done, n);
		if (how == 0)
			assert_in_range(requests_received(&peer), 1, lost);
		finish(&client, &peer);
		free(call);
	}
}

static void
test_large_frames(void **state)
{
	static const size_t sizes[] = {131061, 131062, 131063, 262144, 16 * 1024 * 1024};

	for (size_t m = 0; m < NMODES; m++)
	{
		Client		client;
		Peer		peer;
		uint8_t    *body = malloc(16 * 1024 * 1024);

		start(&client, &peer, modes[m]);
		fill_body(body, 16 * 1024 * 1024, 1);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		{
			Call		call[2] = {0};
			CqlFrame	frame;

			assert_true(call_send(&call[0], &client, "small", 5, 0));
			assert_true(call_send(&call[1], &client, body, sizes[i], 0));
			client_flush(&client);
			frame = peer_next(&peer);
			assert_memory_equal(frame.body, "small", 5);
			peer_answer(&peer, frame.stream, CQL_OP_RESULT, NULL, 0);
			frame = peer_next(&peer);
			assert_int_equal(frame.length, sizes[i]);
			assert_memory_equal(frame.body, body, sizes[i]);
			peer_answer(&peer, frame.stream, CQL_OP_RESULT, frame.body, frame.length);
			await(&client, call[1].done);
			assert_int_equal(call[0].length, 0);
			assert_int_equal(call[1].length, sizes[i]);
			assert_memory_equal(call[1].body, body, sizeof(call[1].body));
		}
		free(body);
		finish(&client, &peer);
	}
}

static void
test_a_body_over_the_limit_is_refused(void **state)
{
	Client		client;
	Peer		peer;
	Call		call = {.client = &client};
	uint8_t		byte = 0;
	CqlBytes	head = {&byte, CQL_FRAME_MAX_BODY};
	CqlBytes	tail = {&byte, 1};

	start(&client, &peer, v4);
	assert_false(net_connection_send(client.c, &call.call, CQL_OP_EXECUTE, head, tail));
	assert_int_equal(net_connection_in_flight(client.c), 0);
	finish(&client, &peer);
	assert_int_equal(call.done, 0);
}

/* ---- traffic ---- */

#define REQUESTS 100000
#define WINDOW 1000

static struct
{
	Call	   *call;			/* WINDOW of them, used over and over */
	uint8_t    *answered;		/* by number: how often */
	uint32_t	sent;
	uint32_t	requests;
	uint32_t	in_flight;
	uint32_t	max_in_flight;
}			traffic;

static void
send_next(Call *call)
{
	uint8_t		body[40];
	uint32_t	number = traffic.sent;

	if (call->done > 0)
	{
		uint32_t	answered;

		assert_int_equal(call->loss, NET_ANSWERED);
		memcpy(&answered, call->body, sizeof(answered));
		assert_true(answered < traffic.sent);
		traffic.answered[answered]++;
		traffic.in_flight--;
	}
	if (number == traffic.requests)
		return;
	memset(body, 'x', sizeof(body));
	memcpy(body, &number, sizeof(number));
	assert_true(call_send(call, call->client, body, sizeof(body), 1000));
	traffic.sent++;
	if (++traffic.in_flight > traffic.max_in_flight)
		traffic.max_in_flight = traffic.in_flight;
}

/* Answers all that has come, the last one first. */
static void
echo_backwards(Peer *peer)
{
	static CqlBuffer held[WINDOW];
	CqlBuffer	wire = {0};
	CqlFrame	frame;
	int			n = 0;

	while (n < WINDOW && peer_poll(peer, &frame))
	{
		cql_buffer_reset(&held[n]);
		put_frame(&held[n++], peer->version, frame.stream, CQL_OP_RESULT, frame.body, frame.length);
	}
	while (n > 0)
		peer_wrap(peer, &wire, &held[--n]);
	peer_send(peer, wire.data, wire.len);
	cql_buffer_free(&wire);
	if (peer->client->done == (int) traffic.requests)
	{
		for (int i = 0; i < WINDOW; i++)
			cql_buffer_free(&held[i]);
	}
}

static void
run_traffic(Mode mode, uint32_t requests)
{
	Client		client;
	Peer		peer;

	memset(&traffic, 0, sizeof(traffic));
	traffic.requests = requests;
	traffic.call = calloc(WINDOW, sizeof(*traffic.call));
	traffic.answered = calloc(requests, 1);
	start(&client, &peer, mode);
	for (int i = 0; i < WINDOW; i++)
	{
		traffic.call[i].client = &client;
		traffic.call[i].hook = send_next;
		send_next(&traffic.call[i]);
	}
	while (client.done < (int) requests)
	{
		int			done = client.done;

		client_flush(&client);
		echo_backwards(&peer);
		uv_run(&client.loop, UV_RUN_NOWAIT);
		assert_int_equal(client.closed, 0);
		pass_time(&client, client.done > done); /* a busy machine may take its time to bring bytes over */
	}
	echo_backwards(&peer);
	for (uint32_t i = 0; i < requests; i++)
		assert_int_equal(traffic.answered[i], 1);
	assert_int_equal(traffic.max_in_flight, WINDOW);
	assert_int_equal(net_connection_in_flight(client.c), 0);
	finish(&client, &peer);
	free(traffic.call);
	free(traffic.answered);
}

static void
test_traffic(void **state)
{
	for (size_t m = 0; m < NMODES; m++)
		run_traffic(modes[m], m == 0 ? REQUESTS : REQUESTS / 4);
}

/*
 * Answers, deadlines, silence and the end of the connection meet in every order:
 * each call gets exactly one fate, and each accepted byte order is legal.
 */
static void
test_fates_meet_in_every_order(void **state)
{
	for (unsigned int seed = 1; seed <= 150; seed++)
	{
		Client		client;
		Peer		peer;
		Call		call[200] = {0};
		unsigned int random = seed;
		bool		held[8193] = {false};
		int			sent = 0;
		CqlFrame	frame;

		start(&client, &peer, modes[seed % NMODES]);
		client.config.max_orphans = 50;
		while (sent < 200 && client.c && net_connection_ready(client.c))
		{
			int			dice = rand_r(&random) % 100;

			if (dice < 60)
				sent += call_send(&call[sent], &client, "q", 1, rand_r(&random) % 20);
			else if (dice < 75)
				client_flush(&client);
			else if (dice < 85)
				uv_run(&client.loop, UV_RUN_NOWAIT);
			else if (dice < 90)
				pass_time(&client, rand_r(&random) % 4);
			else if (peer_poll(&peer, &frame))
				held[frame.stream] = true;
			for (int s = 1; s <= 200 && dice >= 95; s++)
			{
				if (held[s] && rand_r(&random) % 4)
					peer_answer(&peer, (int16_t) s, CQL_OP_RESULT, NULL, 0);
				if (held[s] && rand_r(&random) % 4 == 0)
					continue;
				held[s] = false;
			}
		}
		if (client.c && seed % 2)
			client_close(&client);
		else
			peer_hang_up(&peer);
		await(&client, client.closed);
		for (int i = 0; i < sent; i++)
			assert_int_equal(call[i].done, 1);
		assert_int_equal(client.done, sent);
		finish(&client, &peer);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_and_room_again),
		cmocka_unit_test(test_room_without_any_answer),
		cmocka_unit_test(test_room_after_a_write_that_never_blocks),
		cmocka_unit_test(test_all_streams_used),
		cmocka_unit_test(test_answer_before_the_write_is_done),
		cmocka_unit_test(test_close_while_a_write_is_under_way),
		cmocka_unit_test(test_large_frames),
		cmocka_unit_test(test_a_body_over_the_limit_is_refused),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_fates_meet_in_every_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
