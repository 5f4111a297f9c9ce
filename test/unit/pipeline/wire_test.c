/*
 * The whole core: rows go through a client, its thread and real sockets to a node
 * that counts and loses them. The numbers are those of client_test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cql/request.h"
#include "cql/ring.h"
#include "cql/token.h"
#include "cql/trace.h"
#include "node.h"
#include "wait.inc.h"

#define SCHEMA "keyspace ks simple 1\ntable ks.t (id int PRIMARY KEY, s text)\n"
#define INSERT_TEXT "INSERT INTO ks.t (id, s) VALUES (?, ?)"
#define FIRST_TIMESTAMP INT64_C(1700000000000000)

typedef struct Scene
{
	Node	   *node;
	Client	   *client;
	RequestTemplate insert;
	uint64_t	checksum;		/* of all values written */
} Scene;

/* One request alone; its fate, which is the caller's to release. */
static Request *
run_alone(Client *c, Pipeline *p, const RequestTemplate *t)
{
	Request    *r;

	assert_non_null(pipeline_commit(p, t, NULL, 0));
	await_all(c, p);
	r = pipeline_next_done(p);
	assert_non_null(r);
	if (r->core.failed)
		fail_msg("%s", r->core.failure->message);
	return r;
}

static void
prepare_insert(Scene *s)
{
	const RequestTemplate prepare = {.statement = 1, .timeout_ms = 10000, .kind = CLUSTER_PREPARE};
	Pipeline   *p = open_pipeline(s->client, 0, 0);

	cql_put_raw(pipeline_begin(p), INSERT_TEXT, strlen(INSERT_TEXT));
	pipeline_release(p, run_alone(s->client, p, &prepare));
	pipeline_close(p);
}

static void
open_scene(Scene *s, const char *extra, bool lz4, uint32_t window)
{
	char		script[512];
	char		error[256] = "";
	ClusterContact contact;
	ClusterConfig config = {
		.contact = &contact, .ncontacts = 1, .net = {.lz4 = lz4, .connect_timeout = 5000}, .max_in_flight = window
	};

	snprintf(script, sizeof(script), "%s%s", SCHEMA, extra);
	*s = (Scene) {.node = node_start(script, error, sizeof(error))};
	if (!s->node)
		fail_msg("node_start: %s", error);
	contact = (ClusterContact) {node_address(s->node), (uint16_t) node_port(s->node)};
	s->client = client_open(&config, error, sizeof(error));
	if (!s->client)
		fail_msg("client_open: %s", error);
	s->insert = (RequestTemplate) {
		.statement = 1, .timeout_ms = 10000, .kind = CLUSTER_EXECUTE, .consistency = CQL_ONE,
		.flags = CQL_PARAM_VALUES | CQL_PARAM_TIMESTAMP, .idempotent = true
	};
	prepare_insert(s);
}

static void
close_scene(Scene *s)
{
	assert_true(client_close(s->client, CLOSE_MS));
	node_stop(s->node);
}

static void
write_row(Scene *s, Pipeline *p, int32_t id)
{
	CqlBuffer  *b = pipeline_begin(p);
	size_t		start = b->len;
	uint8_t		key[4];
	int64_t		token;

	cql_store_u32(key, (uint32_t) id);
	token = cql_token_murmur3(key, 4);
	cql_put_u16(b, 2);
	cql_put_bytes(b, key, 4);
	cql_put_bytes(b, "some text of a row", 18);
	s->checksum += node_hash(b->data + start + 2, b->len - start - 2);
	cql_request_tail(b, s->insert.flags, 0, (CqlBytes) {NULL, -1}, 0, FIRST_TIMESTAMP + id);
	assert_non_null(pipeline_commit(p, &s->insert, &token, (uint64_t) id));
}

/* Each row comes home once; returns how many failed, all of them with this kind. */
static uint32_t
release_rows(Pipeline *p, uint8_t *seen, ClusterFailureKind kind)
{
	uint32_t	failed = 0;
	Request    *r;

	while ((r = pipeline_next_done(p)))
	{
		assert_int_equal(seen[r->ordinal]++, 0);
		if (r->core.failed && r->core.failure->kind != kind)
			fail_msg("%s", r->core.failure->message);
		failed += r->core.failed;
		pipeline_release(p, r);
	}
	return failed;
}

static uint32_t
write_rows(Scene *s, uint32_t rows, ClusterFailureKind kind)
{
	Pipeline   *p = open_pipeline(s->client, 0, 0);
	uint8_t    *seen = calloc(rows, 1);
	uint32_t	failed = 0;

	assert_non_null(seen);
	for (uint32_t i = 0; i < rows; i++)
	{
		write_row(s, p, (int32_t) i);
		if (client_drain(s->client) > 0)
			failed += release_rows(p, seen, kind);
	}
	await_all(s->client, p);
	failed += release_rows(p, seen, kind);
	for (uint32_t i = 0; i < rows; i++)
		assert_int_equal(seen[i], 1);
	pipeline_close(p);
	assert_int_equal(client_outstanding(s->client), 0);
	free(seen);
	return failed;
}

static uint64_t
count_rows(Scene *s)
{
	static const char text[] = "SELECT count(*) FROM ks.t";
	const RequestTemplate query = {.timeout_ms = 10000, .kind = CLUSTER_QUERY, .consistency = CQL_ONE};
	Pipeline   *p = open_pipeline(s->client, 0, 0);
	Request    *r;
	uint64_t	n;

	cql_put_long_string(pipeline_begin(p), text, strlen(text));
	r = run_alone(s->client, p, &query);
	assert_true(r->core.body_length > 8);
	n = cql_load_u64(r->core.body + r->core.body_length - 8);	/* the only value, at the end */
	pipeline_release(p, r);
	pipeline_close(p);
	return n;
}

/* ---- 01, 02: every row arrives as it was written, through a window ---- */

static void
test_01_rows_arrive_as_they_were_written(void **state)
{
	static const struct
	{
		const char *extra;
		bool		lz4;
	}			wires[] = {{"protocol 4\n", false}, {"protocol 4\n", true}, {"", false}, {"", true}, {"scylla 2\n", false}};

	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
	{
		Scene		s;

		open_scene(&s, wires[i].extra, wires[i].lz4, 100);
		assert_true(node_order(s.node, "checksum on\nreset"));
		assert_int_equal(write_rows(&s, 5000, CLUSTER_FAIL_CQL), 0);
		assert_int_equal(node_count(s.node, "checksum"), s.checksum);
		assert_int_equal(node_count(s.node, "rows_written"), 5000);
		assert_int_equal(node_count(s.node, "no_timestamp"), 0);
		assert_int_equal(node_count(s.node, "stream_clashes"), 0);
		assert_in_range(node_count(s.node, "max_in_flight"), 1, 100);
		assert_int_equal(count_rows(&s), 5000);
		close_scene(&s);
	}
}

/* ---- what the cluster layer answers by itself ---- */

static void
test_ring_comes_over(void **state)
{
	const RequestTemplate ring = {.timeout_ms = 10000, .kind = CLUSTER_NODES};
	Scene		s;
	Pipeline   *p;
	Request    *r;
	CqlReader	reader;
	CqlArena	arena = {0};
	CqlRing		told;

	open_scene(&s, "token -5 5\n", false, 0);
	p = open_pipeline(s.client, 0, 0);
	assert_non_null(pipeline_begin(p));
	r = run_alone(s.client, p, &ring);
	reader = cql_reader(r->core.body, r->core.body_length);
	assert_true(cql_ring_get(&reader, &arena, &told));
	assert_int_equal(told.version, client_topology_version(s.client));
	assert_int_equal(told.nnodes, 1);
	assert_int_equal(told.node[0].connections, 1);
	assert_int_equal(told.npositions, 2);
	assert_true(told.position[0].token == -5 && told.position[1].token == 5);
	pipeline_release(p, r);
	pipeline_close(p);
	cql_arena_free(&arena);
	close_scene(&s);
}

/* No node: it fails as any other request does. */
static void
test_ring_of_nothing(void **state)
{
	const RequestTemplate ring = {.timeout_ms = 10000, .kind = CLUSTER_RING};
	ClusterContact contact = {"127.0.0.1", 1};
	ClusterConfig config = {.contact = &contact, .ncontacts = 1, .net = {.connect_timeout = 5000}};
	char		error[256] = "";
	Client	   *c = client_open(&config, error, sizeof(error));
	Pipeline   *p;
	Request    *r;

	assert_non_null(c);
	p = open_pipeline(c, 0, 0);
	assert_non_null(pipeline_begin(p));
	assert_non_null(pipeline_commit(p, &ring, NULL, 0));
	await_all(c, p);
	r = pipeline_next_done(p);
	assert_true(r->core.failed);
	assert_int_equal(r->core.failure->kind, CLUSTER_FAIL_CONNECT);
	pipeline_release(p, r);
	pipeline_close(p);
	assert_int_equal(client_topology_version(c), 0);
	assert_true(client_close(c, CLOSE_MS));
}

/* Sockets are opened as they are given, and whoever waits for a request hears that one is wanted. */
static void
test_sockets_are_given_one_by_one(void **state)
{
	const RequestTemplate prepare = {.statement = 1, .timeout_ms = 10000, .kind = CLUSTER_PREPARE};
	char		error[256] = "";
	Node	   *node = node_start(SCHEMA, error, sizeof(error));
	ClusterContact contact = {node_address(node), (uint16_t) node_port(node)};
	ClusterConfig config = {.contact = &contact, .ncontacts = 1, .net = {.connect_timeout = 5000}};
	Client	   *c = client_open(&config, error, sizeof(error));
	Pipeline   *p = open_pipeline(c, 0, 0);

	client_limit_sockets(c, 0);
	cql_put_raw(pipeline_begin(p), INSERT_TEXT, strlen(INSERT_TEXT));
	assert_non_null(pipeline_commit(p, &prepare, NULL, 0));
	pipeline_submit(p);
	for (uint32_t sockets = 0; sockets < 2; sockets++)
	{
		assert_int_equal(await_done(c, 1), 0);
		assert_true(client_sockets_wanted(c) > 0);
		assert_false(client_take_socket(c));
		assert_int_equal(node_count(node, "connections"), sockets);
		client_give_sockets(c, 1, false);
	}
	await_all(c, p);
	release_done(p);
	pipeline_close(p);
	assert_false(client_take_socket(c));
	assert_true(client_close(c, CLOSE_MS));
	node_stop(node);
}

/* Each event by its name and how its detail begins. */
static uint32_t
ask_trace(Client *c, const char *what, const char *detail)
{
	const RequestTemplate ask = {.timeout_ms = 10000, .kind = CLUSTER_TRACE};
	Pipeline   *p = open_pipeline(c, 0, 0);
	CqlArena	arena = {0};
	CqlTrace	told;
	CqlReader	reader;
	Request    *r;
	uint32_t	n = 0;

	assert_non_null(pipeline_begin(p));
	r = run_alone(c, p, &ask);
	reader = cql_reader(r->core.body, r->core.body_length);
	assert_true(cql_trace_get(&reader, &arena, &told));
	for (uint32_t i = 0; i < told.nevents; i++)
	{
		if (strcmp(told.event[i].what, what) == 0 && strncmp(told.event[i].detail, detail, strlen(detail)) == 0)
			n += told.event[i].times;
	}
	pipeline_release(p, r);
	pipeline_close(p);
	cql_arena_free(&arena);
	return n;
}

/* Who asks what happened has no connection made for it, and none to wait for. */
static void
test_trace_comes_over_in_any_state(void **state)
{
	const RequestTemplate query = {.timeout_ms = 10000, .kind = CLUSTER_RING};
	ClusterContact contact = {"127.0.0.1", 1};
	ClusterConfig config = {.contact = &contact, .ncontacts = 1, .net = {.connect_timeout = 5000}};
	char		error[256] = "";
	Client	   *c = client_open(&config, error, sizeof(error));
	Pipeline   *p;

	/* no cluster yet, nor a socket for it */
	assert_non_null(c);
	client_limit_sockets(c, 0);
	assert_int_equal(ask_trace(c, "unreachable", ""), 0);
	assert_int_equal(client_sockets_wanted(c), 0);

	/* down */
	client_give_sockets(c, 1, false);
	p = open_pipeline(c, 0, 0);
	assert_non_null(pipeline_begin(p));
	assert_non_null(pipeline_commit(p, &query, NULL, 0));
	await_all(c, p);
	assert_int_equal(ask_trace(c, "unreachable", "connection refused"), 1);
	assert_int_equal(ask_trace(c, "cluster down", "127.0.0.1:1: connection refused"), 1);
	/* and nothing was tried since */
	assert_int_equal(ask_trace(c, "unreachable", ""), 1);
	pipeline_abandon(p);
	assert_true(client_close(c, CLOSE_MS));
}

/* The submitter's window is full of what a node does not answer, and more waits behind it. */
static void
test_trace_overtakes_what_waits(void **state)
{
	Scene		s;
	Pipeline   *p;

	open_scene(&s, "", false, 4);
	assert_true(node_order(s.node, "on EXECUTE silent"));
	p = open_pipeline(s.client, 0, 0);
	for (int32_t id = 0; id < 20; id++)
		write_row(&s, p, id);
	pipeline_submit(p);
	assert_int_equal(ask_trace(s.client, "topology read", "nodes: 1"), 1);
	assert_int_equal(pipeline_outstanding(p), 20);
	pipeline_abandon(p);
	close_scene(&s);
}

/* ---- 15: connections die under rows ---- */

static void
test_15_rows_survive_lost_connections(void **state)
{
	Scene		s;

	open_scene(&s, "", false, 0);
	assert_true(node_order(s.node, "on EXECUTE every 3000 reset"));
	assert_int_equal(write_rows(&s, 8000, CLUSTER_FAIL_CQL), 0);
	assert_true(node_count(s.node, "faults") >= 2);
	assert_int_equal(count_rows(&s), 8000);
	close_scene(&s);
}

/* ---- 16, B3: some requests are never answered ---- */

static void
test_16_silent_requests_meet_their_deadline(void **state)
{
	Scene		s;

	open_scene(&s, "", false, 0);
	s.insert.timeout_ms = 2000;
	assert_true(node_order(s.node, "on EXECUTE every 100 silent"));
	assert_int_equal(write_rows(&s, 3000, CLUSTER_FAIL_TIMEOUT), 30);
	assert_int_equal(count_rows(&s), 2970);
	close_scene(&s);
}

/* ---- 11, 12: closed and abandoned with answers owed ---- */

static void
test_12_late_answers_after_abandon(void **state)
{
	Scene		s;
	Pipeline   *p;

	open_scene(&s, "", false, 200); /* all of them at once */
	assert_true(node_order(s.node, "on EXECUTE hold"));
	p = open_pipeline(s.client, 0, 0);
	for (int32_t i = 0; i < 200; i++)
		write_row(&s, p, i);
	pipeline_submit(p);
	assert_true(node_await(s.node, "held", 200, WAKE_UP_MS));
	pipeline_abandon(p);
	assert_int_equal(client_abandoned(s.client, PIPELINE_READS), 200);
	assert_true(node_order(s.node, "clear\nrelease"));
	while (client_abandoned(s.client, PIPELINE_READS) > 0)
		await_done(s.client, client_abandoned(s.client, PIPELINE_READS));
	assert_int_equal(write_rows(&s, 300, CLUSTER_FAIL_CQL), 0);
	close_scene(&s);
}

static void
test_11_close_with_answers_owed(void **state)
{
	Scene		s;
	Pipeline   *p;

	open_scene(&s, "", false, 200); /* all of them at once */
	assert_true(node_order(s.node, "on EXECUTE hold"));
	p = open_pipeline(s.client, 0, 0);
	for (int32_t i = 0; i < 200; i++)
		write_row(&s, p, i);
	pipeline_submit(p);
	assert_true(node_await(s.node, "held", 200, WAKE_UP_MS));
	close_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_01_rows_arrive_as_they_were_written),
		cmocka_unit_test(test_ring_comes_over),
		cmocka_unit_test(test_ring_of_nothing),
		cmocka_unit_test(test_sockets_are_given_one_by_one),
		cmocka_unit_test(test_trace_comes_over_in_any_state),
		cmocka_unit_test(test_trace_overtakes_what_waits),
		cmocka_unit_test(test_15_rows_survive_lost_connections),
		cmocka_unit_test(test_16_silent_requests_meet_their_deadline),
		cmocka_unit_test(test_12_late_answers_after_abandon),
		cmocka_unit_test(test_11_close_with_answers_owed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
