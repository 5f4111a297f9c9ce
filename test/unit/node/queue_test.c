/* `capacity`: when requests are served, in virtual time; and that their answers wait for it, over sockets. */
#include "client.h"

#include "internal.h"

#define SCHEMA "keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)\n"
#define MS UINT64_C(1000000)

static const char insert_text[] = "INSERT INTO ks.t (id, s) VALUES (?, ?)";

/* ---- in virtual time ---- */

static Node *
make_node(int workers, double cost, double batching)
{
	Node	   *node = node_alloc(sizeof(*node));

	node->queue.workers = workers;
	node->queue.cost = cost;
	node->queue.batching = batching;
	return node;
}

static void
free_node(Node *node)
{
	free(node->queue.due);
	free(node);
}

static void
one_worker_is_a_line(void **state)
{
	Node	   *node = make_node(1, 1.0 * MS, 1);

	for (uint64_t i = 1; i <= 5000; i++)
		assert_int_equal(node_queue_take(node, 7 * MS), (7 + i) * MS);
	assert_int_equal(node->report.longest_queue, 5000);
	node_queue_look(node, 1007 * MS);
	assert_int_equal(node->report.served, 1000);
	assert_int_equal(node->report.queued, 4000);
	/* the ring goes round, and grows while it does */
	for (uint64_t i = 1; i <= 5000; i++)
		assert_int_equal(node_queue_take(node, 1007 * MS), (5007 + i) * MS);
	assert_int_equal(node->report.longest_queue, 9000);
	assert_int_equal(node_queue_take(node, 20000 * MS), 20001 * MS);
	assert_int_equal(node->report.queued, 1);
	assert_int_equal(node->report.served, 10000);
	free_node(node);
}

static void
workers_serve_side_by_side(void **state)
{
	Node	   *node = make_node(4, 4.0 * MS, 1);

	for (uint64_t i = 0; i < 12; i++)
		assert_int_equal(node_queue_take(node, 0), (i / 4 + 1) * 4 * MS);
	assert_int_equal(node_queue_take(node, 100 * MS), 104 * MS);
	free_node(node);
}

/* Alone a request costs three times as much as in a long queue. */
static void
long_queues_are_cheaper(void **state)
{
	Node	   *node = make_node(1, 1.0 * MS, 3);
	uint64_t	last = 0;
	uint64_t	due;

	assert_int_equal(node_queue_take(node, 0), 3 * MS);
	for (int i = 1; i < 16; i++)
		last = node_queue_take(node, 0);
	assert_int_equal(node_queue_take(node, 0) - last, 2 * MS);
	for (int i = 17; i < 1000; i++)
		last = node_queue_take(node, 0);
	due = node_queue_take(node, 0);
	assert_in_range(due - last, MS, MS + MS / 1000);
	free_node(node);
}

/* ---- over sockets ---- */

typedef struct Scene
{
	Node	   *node;
	Client		c;
	Prepared	insert;
} Scene;

static void
open_scene(Scene *s, const char *script, uint8_t version, bool lz4)
{
	s->node = start_node(script);
	client_open(&s->c, s->node, version, lz4);
	client_prepare(&s->c, insert_text, &s->insert);
}

static void
close_scene(Scene *s)
{
	client_close(&s->c);
	node_stop(s->node);
}

static void
execute(Scene *s, int16_t stream)
{
	Execute		e = {0};

	put_int(&e, stream);
	put_text(&e, "text");
	client_execute(&s->c, stream, &s->insert, &e);
}

static void
expect_void(Scene *s, int16_t stream)
{
	CqlReader	r;

	assert_int_equal(client_expect_result(&s->c, stream, &r), CQL_RESULT_VOID);
}

static uint64_t
executes_take(Scene *s, int16_t n)
{
	uint64_t	start = uv_hrtime();

	for (int16_t i = 0; i < n; i++)
		execute(s, i);
	for (int16_t i = 0; i < n; i++)
		expect_void(s, i);
	return uv_hrtime() - start;
}

/* On every wire, stored or not; latency comes on top, and `off` ends it. */
static void
answers_wait_for_their_turn(void **state)
{
	static const char *const modes[] = {"null off", "null on"};

	for (int i = 0; i < 8; i++)
	{
		Scene		s;

		open_scene(&s, SCHEMA "capacity 1000\n", (uint8_t) (4 + i / 4), i % 2);
		assert_true(node_order(s.node, "%s", modes[i / 2 % 2]));
		assert_true(executes_take(&s, 20) >= 20 * MS);
		assert_int_equal(node_count(s.node, "served"), 20);
		assert_int_equal(node_count(s.node, "queued"), 0);
		assert_int_equal(node_count(s.node, "in_flight"), 0);
		assert_int_equal(node_count(s.node, "rows_written"), 20);
		assert_true(node_order(s.node, "latency 30000"));
		assert_true(executes_take(&s, 20) >= 50 * MS);
		assert_true(node_order(s.node, "reset\ncapacity off\nlatency 0"));
		executes_take(&s, 20);
		assert_int_equal(node_count(s.node, "served"), 0);
		close_scene(&s);
	}
}

/* A million a second are served in bunches, all of them, in order. */
static void
bunches_lose_nothing(void **state)
{
	Scene		s;

	open_scene(&s, SCHEMA "null on\ncapacity 1000000 workers 8 batching 2\n", 5, false);
	for (int i = 0; i < 20; i++)
		executes_take(&s, 1000);
	assert_int_equal(node_count(s.node, "served"), 20000);
	assert_int_equal(node_count(s.node, "in_flight"), 0);
	close_scene(&s);
}

/* All connections share the queue; OPTIONS, PREPARE and system tables pass it. */
static void
handshakes_pass_the_queue(void **state)
{
	CqlMetadata metadata;
	CqlBuffer	none = {0};
	CqlReader	r;
	Client		other;
	Scene		s;

	open_scene(&s, SCHEMA "capacity 1 workers 50\n", 5, false); /* each for 50 s */
	for (int16_t i = 0; i < 50; i++)
		execute(&s, i);
	assert_true(node_await(s.node, "longest_queue", 50, 5000));
	client_send(&s.c, 100, CQL_OP_OPTIONS, &none);
	client_expect(&s.c, 100, CQL_OP_SUPPORTED);
	client_open(&other, s.node, 4, true);
	client_prepare(&other, insert_text, &s.insert);
	assert_int_equal(client_select(&other, "SELECT key FROM system.local", &metadata, &r), 1);
	client_send_query(&other, 5, "SELECT id FROM ks.t");
	assert_true(node_await(s.node, "QUERY", 2, 5000));
	assert_int_equal(node_count(s.node, "served") + node_count(s.node, "queued"), 51);
	client_close(&other);
	close_scene(&s);
}

/* What hangs is no work; and it is cured on the connections that live. */
static void
hangs_are_cured(void **state)
{
	CqlBuffer	none = {0};
	Scene		s;

	open_scene(&s, SCHEMA "null on\ncapacity 100000\n", 4, false);
	assert_true(node_order(s.node, "on EXECUTE silent"));
	execute(&s, 1);
	client_send(&s.c, 2, CQL_OP_OPTIONS, &none);
	client_expect(&s.c, 2, CQL_OP_SUPPORTED);
	assert_int_equal(node_count(s.node, "served") + node_count(s.node, "queued"), 0);
	assert_int_equal(node_count(s.node, "in_flight"), 1);
	assert_true(node_order(s.node, "clear"));
	execute(&s, 3);
	expect_void(&s, 3);
	close_scene(&s);
}

static void
wrong_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"capacity", "capacity 0", "capacity on", "capacity 5 workers 0", "capacity 5 batching", "capacity off 5"
	};
	Node	   *node = start_node(NULL);
	int			out = dup(STDERR_FILENO);

	assert_non_null(freopen("/dev/null", "w", stderr)); /* node_order tells it there as well */
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (node_order(node, "%s", lines[i]))
			fail_msg("%s", lines[i]);
	assert_int_equal(dup2(out, STDERR_FILENO), STDERR_FILENO);
	close(out);
	node_stop(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_worker_is_a_line),
		cmocka_unit_test(workers_serve_side_by_side),
		cmocka_unit_test(long_queues_are_cheaper),
		cmocka_unit_test(answers_wait_for_their_turn),
		cmocka_unit_test(bunches_lose_nothing),
		cmocka_unit_test(handshakes_pass_the_queue),
		cmocka_unit_test(hangs_are_cured),
		cmocka_unit_test(wrong_lines_are_refused)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
