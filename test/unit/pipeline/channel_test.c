/*
 * pipeline/channel: what goes in comes out, and whoever must be woken is, once.
 */
#include "pipeline/channel.h"

#include <poll.h>
#include <unistd.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include <uv.h>

#include "aborts.h"

#define WAKE_UP_MS 20000

static uint32_t wake_ups;

/* So many writes as there were. */
static void
count_wake_up(uv_poll_t *poll, int status, int events)
{
	uint64_t	count;
	uv_os_fd_t	fd;

	assert_int_equal(uv_fileno((uv_handle_t *) poll, &fd), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	wake_ups += (uint32_t) count;
}

/* The test's thread plays both. */
static void
open_channel(Channel *ch)
{
	assert_true(channel_init(ch));
	core_thread_take(&ch->submitter);
}

static void
watch(uv_loop_t *loop, uv_poll_t *poll, Channel *ch, uv_poll_cb on_readable)
{
	assert_int_equal(uv_loop_init(loop), 0);
	assert_int_equal(uv_poll_init(loop, poll, ch->submitter_fd), 0);
	assert_int_equal(uv_poll_start(poll, UV_READABLE, on_readable), 0);
}

static void
submit_one(Channel *ch, Chunk *c)
{
	ChunkList	list;

	chunk_list_init(&list);
	chunk_list_append(&list, c);
	channel_submit(ch, &list);
	assert_null(list.head);
}

static void
publish_one(Channel *ch, ClusterRequest *r, bool failure)
{
	ClusterLane done = {0};

	cluster_lane_append(&done, r);
	channel_publish(ch, &done, failure);
	assert_int_equal(done.count, 0);
}

static bool
readable(const Channel *ch)
{
	struct pollfd fd = {.fd = ch->backend_fd, .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static void
test_chunks_cross_in_order(void **state)
{
	Channel		ch;
	Chunk	   *c[3];
	ChunkList	taken;

	open_channel(&ch);
	for (int i = 0; i < 3; i++)
	{
		c[i] = chunk_create();
		submit_one(&ch, c[i]);
	}
	chunk_list_init(&taken);
	assert_false(channel_take(&ch, &taken));
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(chunk_list_pop(&taken), c[i]);
	assert_null(chunk_list_pop(&taken));
	channel_take(&ch, &taken);
	assert_null(taken.head);
	for (int i = 0; i < 3; i++)
		chunk_destroy(c[i]);
	channel_destroy(&ch);
}

static void
test_stop_stays(void **state)
{
	Channel		ch;
	ChunkList	taken;

	open_channel(&ch);
	chunk_list_init(&taken);
	assert_false(channel_take(&ch, &taken));
	channel_stop(&ch);
	assert_true(channel_take(&ch, &taken));
	assert_true(channel_take(&ch, &taken));
	channel_destroy(&ch);
}

static void
test_submitter_is_woken_once_until_it_takes(void **state)
{
	uv_loop_t	loop;
	uv_poll_t	poll;
	Channel		ch;
	ChunkList	taken;
	Chunk	   *c[3];

	wake_ups = 0;
	chunk_list_init(&taken);
	open_channel(&ch);
	watch(&loop, &poll, &ch, count_wake_up);
	for (int i = 0; i < 3; i++)
		c[i] = chunk_create();

	submit_one(&ch, c[0]);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(wake_ups, 1);
	/* Not taken yet: it knows. */
	submit_one(&ch, c[1]);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(wake_ups, 1);
	channel_take(&ch, &taken);
	submit_one(&ch, c[2]);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(wake_ups, 2);

	/* Nothing to submit wakes nobody, a stop does. */
	channel_take(&ch, &taken);
	channel_submit(&ch, &(ChunkList) {NULL, NULL});
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(wake_ups, 2);
	channel_stop(&ch);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(wake_ups, 3);

	uv_close((uv_handle_t *) &poll, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (int i = 0; i < 3; i++)
		chunk_destroy(c[i]);
	channel_destroy(&ch);
}

static void
test_backend_is_woken_at_its_threshold(void **state)
{
	Channel		ch;
	ClusterRequest r[5] = {0};
	ClusterLane home = {0};

	open_channel(&ch);

	/* Awake: not at all. */
	publish_one(&ch, &r[0], false);
	assert_false(readable(&ch));
	assert_int_equal(atomic_load(&ch.published), 1);

	/* Enough is there already. */
	assert_false(channel_sleep(&ch, 1));
	assert_true(channel_sleep(&ch, 3));
	publish_one(&ch, &r[1], false);
	assert_false(readable(&ch));
	publish_one(&ch, &r[2], false);
	assert_true(readable(&ch));
	channel_awake(&ch);
	assert_false(readable(&ch));
	assert_int_equal(channel_drain(&ch, &home), 3);

	/* Interrupted: no wake-up any more. */
	assert_true(channel_sleep(&ch, 1));
	channel_awake(&ch);
	publish_one(&ch, &r[3], false);
	assert_false(readable(&ch));
	channel_destroy(&ch);
}

static void
test_failure_wakes_at_once(void **state)
{
	Channel		ch;
	ClusterRequest r[3] = {0};
	ClusterLane home = {0};

	open_channel(&ch);
	assert_true(channel_sleep(&ch, 100));
	publish_one(&ch, &r[0], true);
	assert_true(readable(&ch));
	channel_awake(&ch);

	/* Not drained: still a reason not to wait. Drained: none any more. */
	assert_false(channel_sleep(&ch, 100));
	assert_int_equal(channel_drain(&ch, &home), 1);
	assert_true(channel_sleep(&ch, 100));
	channel_awake(&ch);
	channel_destroy(&ch);
}

/* ---- B30: two threads, one request to and fro, and never a wake-up lost ---- */

#define ROUND_TRIPS 100000

static Channel echo_channel;

/* Loop thread: sends each chunk's request back at once. */
static void
echo(uv_poll_t *poll, int status, int events)
{
	ChunkList	taken;
	ClusterLane done = {0};
	Chunk	   *c;

	chunk_list_init(&taken);
	if (channel_take(&echo_channel, &taken))
		uv_close((uv_handle_t *) poll, NULL);
	while ((c = chunk_list_pop(&taken)))
		cluster_lane_append(&done, &c->request[0].core);
	channel_publish(&echo_channel, &done, false);
}

static void *
run_echo(void *loop)
{
	core_thread_take(&echo_channel.submitter);
	uv_run(loop, UV_RUN_DEFAULT);
	return NULL;
}

static void
await_echo(uint32_t want)
{
	struct pollfd fd = {.fd = echo_channel.backend_fd, .events = POLLIN};
	ClusterLane home = {0};

	if (channel_sleep(&echo_channel, want))
	{
		if (poll(&fd, 1, WAKE_UP_MS) != 1)
			fail_msg("lost wake-up");
		channel_awake(&echo_channel);
	}
	assert_int_equal(channel_drain(&echo_channel, &home), want);
	while (cluster_lane_take(&home))
		want--;
	assert_int_equal(want, 0);
}

static void
test_b30_no_wake_up_is_lost(void **state)
{
	uv_loop_t	loop;
	uv_poll_t	poll;
	pthread_t	thread;
	Chunk	   *c[3];

	assert_true(channel_init(&echo_channel));
	watch(&loop, &poll, &echo_channel, echo);
	assert_int_equal(pthread_create(&thread, NULL, run_echo, &loop), 0);
	for (int i = 0; i < 3; i++)
	{
		c[i] = chunk_create();
		c[i]->request[0] = (Request) {0};
	}
	for (int i = 0; i < ROUND_TRIPS; i++)
	{
		uint32_t	n = 1 + (uint32_t) i % 3;

		for (uint32_t j = 0; j < n; j++)
			submit_one(&echo_channel, c[j]);
		await_echo(n);
	}
	channel_stop(&echo_channel);
	pthread_join(thread, NULL);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (int i = 0; i < 3; i++)
		chunk_destroy(c[i]);
	channel_destroy(&echo_channel);
}

/* ---- invariants ---- */

static void *
drain(void *channel)
{
	ClusterLane home = {0};

	channel_drain(channel, &home);
	return NULL;
}

static void
drain_in_another_thread(void *channel)
{
	pthread_t	other;

	pthread_create(&other, NULL, drain, channel);
	pthread_join(other, NULL);
}

static void
take_before_the_submitter_is_known(void *channel)
{
	ChunkList	taken;

	chunk_list_init(&taken);
	channel_take(channel, &taken);
}

static void
submit_without_a_wake_up(void *channel)
{
	((Channel *) channel)->wake_sent = false;
	channel_awake(channel);
}

static void
test_broken_invariants_abort(void **state)
{
	Channel		ch;
	Chunk	   *c = chunk_create();

	assert_true(channel_init(&ch));
	assert_aborts(drain_in_another_thread, &ch, "core_thread_is_mine(caller)");
	assert_aborts(take_before_the_submitter_is_known, &ch, "core_thread_is_mine(caller)");
	submit_one(&ch, c);
	assert_aborts(submit_without_a_wake_up, &ch, "wakes_whom_it_must(ch)");
	chunk_destroy(c);
	channel_destroy(&ch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks_cross_in_order),
		cmocka_unit_test(test_stop_stays),
		cmocka_unit_test(test_submitter_is_woken_once_until_it_takes),
		cmocka_unit_test(test_backend_is_woken_at_its_threshold),
		cmocka_unit_test(test_failure_wakes_at_once),
		cmocka_unit_test(test_b30_no_wake_up_is_lost),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
