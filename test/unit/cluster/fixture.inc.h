/*
 * Nodes in this process, a cluster on a loop of its own, and requests to it. The
 * loop runs in the test's thread and only while the test awaits something; what
 * does not come within AWAIT_MS fails the test.
 */
#ifndef FIXTURE_INC_H
#define FIXTURE_INC_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cluster/cluster.h"
#include "cluster/place.h"
#include "cluster/topology.h"
#include "cql/ring.h"
#include "cql/token.h"
#include "node.h"

#define AWAIT_MS 10000
#define MAX_TEST_NODES 3
#define INSERT_TEXT "INSERT INTO ks.t (id, s) VALUES (?, ?)"
#define SCHEMA "table ks.t (id int PRIMARY KEY, s text)\n"

typedef struct Fixture
{
	uv_loop_t	loop;
	uv_prepare_t prepare;
	uv_check_t	check;
	uv_timer_t	wake;			/* so that the loop never sleeps for long */
	Node	   *node[MAX_TEST_NODES];
	int			nnodes;
	ClusterConfig config;
	ClusterContact contact[MAX_TEST_NODES + 1];
	Cluster    *cluster;
	uint32_t	completed;
	uint32_t	failed;
	uint32_t	downs;
	ClusterFailure down;		/* the last one's reason */
	uint32_t	statements;
	bool		closed;
} Fixture;

typedef struct TestRequest
{
	ClusterRequest core;		/* first */
	CqlBuffer	payload;
	uint32_t	times;			/* completed so often */
	bool		unwanted;		/* nobody wants it any more */
} TestRequest;

/* ---- loop ---- */

static inline void
fixture_flush(Fixture *f)
{
	if (f->cluster)
		cluster_flush(f->cluster);
}

static inline void
fixture_on_prepare(uv_prepare_t *handle)
{
	fixture_flush(handle->data);
}

static inline void
fixture_on_check(uv_check_t *handle)
{
	fixture_flush(handle->data);
}

static inline void
fixture_on_wake(uv_timer_t *handle)
{
}

static inline void
fixture_on_complete(void *owner, ClusterRequest *request)
{
	Fixture    *f = owner;

	f->completed++;
	f->failed += request->failed;
	((TestRequest *) request)->times++;
}

static inline bool
fixture_may_send(void *owner, ClusterRequest *request)
{
	return !((TestRequest *) request)->unwanted;
}

static inline bool
fixture_is_wanted(void *owner, const ClusterRequest *request)
{
	return !((const TestRequest *) request)->unwanted;
}

static inline void
fixture_on_down(void *owner, const ClusterFailure *why)
{
	Fixture    *f = owner;

	f->downs++;
	f->down = *why;
}

/* Turn the loop until the condition holds. */
#define AWAIT(f, condition) \
	do \
	{ \
		uint64_t	give_up = uv_hrtime() + AWAIT_MS * UINT64_C(1000000); \
		while (!(condition)) \
		{ \
			if (uv_hrtime() > give_up) \
				fail_msg("waited in vain for: %s", #condition); \
			uv_run(&(f)->loop, UV_RUN_ONCE); \
		} \
	} while (0)

/* ---- nodes ---- */

static inline Node *
start_node(const char *script)
{
	char		error[256] = "";
	Node	   *node = node_start(script, error, sizeof(error));

	if (!node)
		fail_msg("node_start: %s", error);
	return node;
}

#define RING_STEP INT64_C(6148914691236517205)	/* a third of it */

/*
 * n nodes on 127.0.0.1 and on, all on one port where peers need it, each of which
 * owns an equal part of the ring and tells of the others. extra: script lines for
 * every node.
 */
static inline void
start_nodes(Fixture *f, int n, const char *keyspace, const char *extra)
{
	for (int i = 0; i < n; i++)
	{
		char		script[1024];

		snprintf(script, sizeof(script), "address 127.0.0.%d\nport %d\ntoken %lld\n%s\n%s%s", i + 1,
				 i == 0 ? 0 : node_port(f->node[0]), (long long) (RING_STEP * (i - 1)), keyspace, SCHEMA, extra);
		f->node[i] = start_node(script);
	}
	f->nnodes = n;
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
		{
			if (i != j)
				assert_true(node_order(f->node[i], "peer 127.0.0.%d %d %lld", j + 1, node_port(f->node[j]),
									   (long long) (RING_STEP * (j - 1))));
		}
	}
}

static inline void
order_all(Fixture *f, const char *line)
{
	for (int i = 0; i < f->nnodes; i++)
	{
		if (f->node[i])
			assert_true(node_order(f->node[i], "%s", line));
	}
}

static inline uint64_t
count_all(Fixture *f, const char *key)
{
	uint64_t	sum = 0;

	for (int i = 0; i < f->nnodes; i++)
	{
		if (f->node[i])
			sum += node_count(f->node[i], key);
	}
	return sum;
}

/* ---- the cluster ---- */

static inline void
fixture_init(Fixture *f)
{
	*f = (Fixture) {0};
	signal(SIGPIPE, SIG_IGN);	/* as the submitter's thread does */
	assert_int_equal(uv_loop_init(&f->loop), 0);
	uv_prepare_init(&f->loop, &f->prepare);
	uv_check_init(&f->loop, &f->check);
	uv_timer_init(&f->loop, &f->wake);
	f->prepare.data = f->check.data = f;
	uv_prepare_start(&f->prepare, fixture_on_prepare);
	uv_check_start(&f->check, fixture_on_check);
	uv_timer_start(&f->wake, fixture_on_wake, 5, 5);
	f->config = (ClusterConfig) {
		.net = {
			.loop = &f->loop, .connect_timeout = 5000, .driver_name = "test", .driver_version = "0",
			.max_orphans = 1024
		},
		.contact = f->contact,
		.max_attempts = 5
	};
}

static inline void
add_contact(Fixture *f, const char *host, int port)
{
	f->contact[f->config.ncontacts++] = (ClusterContact) {host, (uint16_t) port};
}

static inline void
open_cluster(Fixture *f)
{
	static const ClusterOps ops = {
		.on_complete = fixture_on_complete,
		.may_send = fixture_may_send,
		.is_wanted = fixture_is_wanted,
		.on_down = fixture_on_down,
	};

	if (f->config.ncontacts == 0)
		add_contact(f, node_address(f->node[0]), node_port(f->node[0]));
	f->cluster = cluster_open(&f->config, &ops, f);
	assert_non_null(f->cluster);
}

/* The usual beginning of a test: n nodes that own a part of the ring each, and a cluster that knows the first. */
static inline void
open_nodes(Fixture *f, int n, const char *keyspace)
{
	fixture_init(f);
	start_nodes(f, n, keyspace, "");
	open_cluster(f);
}

static inline void
fixture_on_closed(void *owner)
{
	((Fixture *) owner)->closed = true;
}

static inline void
close_cluster(Fixture *f)
{
	Cluster    *cluster = f->cluster;

	f->closed = false;
	f->cluster = NULL;
	cluster_close(cluster, fixture_on_closed);
	AWAIT(f, f->closed);
}

/* Also proves that the cluster left no handle on the loop. */
static inline void
fixture_end(Fixture *f)
{
	if (f->cluster)
		close_cluster(f);
	uv_close((uv_handle_t *) &f->prepare, NULL);
	uv_close((uv_handle_t *) &f->check, NULL);
	uv_close((uv_handle_t *) &f->wake, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (int i = 0; i < f->nnodes; i++)
		node_stop(f->node[i]);
}

/* ---- requests ---- */

static inline void
request_reset(TestRequest *r)
{
	CqlBuffer	payload = r->payload;

	free(r->core.body);
	free(r->core.warnings);
	free(r->core.failure);
	*r = (TestRequest) {.payload = payload};
	cql_buffer_reset(&r->payload);
	r->core.timeout_ms = AWAIT_MS;
	r->core.consistency = CQL_QUORUM;
	r->core.idempotent = true;
}

static inline void
request_free(TestRequest *r)
{
	request_reset(r);
	cql_buffer_free(&r->payload);
}

static inline void
request_seal(TestRequest *r)
{
	assert_false(r->payload.failed);
	r->core.payload = r->payload.data;
	r->core.length = (uint32_t) r->payload.len;
}

static inline void
make_query(TestRequest *r, const char *text)
{
	request_reset(r);
	r->core.kind = CLUSTER_QUERY;
	cql_put_long_string(&r->payload, text, strlen(text));
	request_seal(r);
}

static inline void
make_insert(TestRequest *r, uint32_t statement, int32_t id)
{
	uint8_t		key[4];

	request_reset(r);
	r->core.kind = CLUSTER_EXECUTE;
	r->core.statement = statement;
	r->core.flags = CQL_PARAM_VALUES | CQL_PARAM_TIMESTAMP;
	cql_store_u32(key, (uint32_t) id);
	cql_put_u16(&r->payload, 2);
	cql_put_bytes(&r->payload, key, 4);
	cql_put_bytes(&r->payload, "text", 4);
	cql_request_tail(&r->payload, r->core.flags, 0, (CqlBytes) {NULL, -1}, 0, 1700000000000000 + id);
	request_seal(r);
	r->core.routed = true;
	r->core.token = cql_token_murmur3(key, 4);
}

/* Without a timestamp, as conditional rows are sent. */
static inline void
make_conditional(TestRequest *r, uint32_t statement, int32_t id, uint8_t flags)
{
	make_insert(r, statement, id);
	cql_buffer_reset(&r->payload);
	r->core.flags = flags;
	cql_put_u16(&r->payload, 2);
	cql_put_u32(&r->payload, 4);
	cql_put_u32(&r->payload, (uint32_t) id);
	cql_put_bytes(&r->payload, "text", 4);
	cql_request_tail(&r->payload, flags, 0, (CqlBytes) {NULL, -1}, CQL_LOCAL_SERIAL, 0);
	request_seal(r);
}

/* The loop did not run while the test gave orders: its clock must not count that as waiting. */
static inline void
submit(Fixture *f, TestRequest *r)
{
	uv_update_time(&f->loop);
	cluster_submit(f->cluster, &r->core);
}

static inline void
run(Fixture *f, TestRequest *r)
{
	submit(f, r);
	AWAIT(f, r->times > 0);
	assert_int_equal(r->times, 1);
}

static inline void
assert_worked(const TestRequest *r)
{
	if (r->core.failed)
		fail_msg("request failed: %s", r->core.failure ? r->core.failure->message : "out of memory");
}

static inline void
assert_failed(const TestRequest *r, ClusterFailureKind kind)
{
	assert_true(r->core.failed);
	assert_non_null(r->core.failure);
	if (r->core.failure->kind != kind)
		fail_msg("failure %d (%s) where %d is due", r->core.failure->kind, r->core.failure->message, kind);
}

static inline uint32_t
prepare(Fixture *f, const char *text)
{
	TestRequest r = {0};

	request_reset(&r);
	r.core.kind = CLUSTER_PREPARE;
	r.core.statement = ++f->statements;
	cql_put_raw(&r.payload, text, strlen(text));
	request_seal(&r);
	run(f, &r);
	assert_worked(&r);
	assert_non_null(r.core.body);
	request_free(&r);
	return f->statements;
}

/* Nodes that a connection for requests is open to. */
static inline uint32_t
count_connected(const TestRequest *r)
{
	CqlReader	reader = cql_reader(r->core.body, r->core.body_length);
	CqlArena	arena = {0};
	CqlRing		ring;
	uint32_t	n = 0;

	assert_worked(r);
	assert_true(cql_ring_get(&reader, &arena, &ring));
	for (uint32_t i = 0; i < ring.nnodes; i++)
		n += ring.node[i].connections > 0;
	cql_arena_free(&arena);
	return n;
}

static inline void
ask_for_nodes(Fixture *f, TestRequest *r)
{
	request_reset(r);
	r->core.kind = CLUSTER_NODES;
	run(f, r);
}

/* Until requests may go to every node: whoever asks for nodes has each of them connected to. */
static inline void
await_all_nodes(Fixture *f)
{
	uint64_t	give_up = uv_hrtime() + AWAIT_MS * UINT64_C(1000000);
	TestRequest r = {0};
	uint32_t	n = 0;

	while (n < (uint32_t) f->nnodes)
	{
		if (uv_hrtime() > give_up)
			fail_msg("only %u of %d nodes are up", n, f->nnodes);
		ask_for_nodes(f, &r);
		n = count_connected(&r);
	}
	request_free(&r);
}

static inline TestRequest *
new_requests(uint32_t n)
{
	TestRequest *r = calloc(n, sizeof(*r));

	assert_non_null(r);
	return r;
}

static inline void
free_requests(TestRequest *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		request_free(&r[i]);
	free(r);
}

/* n inserts, all submitted before the first is awaited; ids from first on. */
static inline TestRequest *
insert_many(Fixture *f, uint32_t statement, int32_t first, uint32_t n)
{
	TestRequest *r = new_requests(n);
	uint32_t	before = f->completed;

	for (uint32_t i = 0; i < n; i++)
	{
		make_insert(&r[i], statement, first + (int32_t) i);
		submit(f, &r[i]);
	}
	AWAIT(f, f->completed - before == n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(r[i].times, 1);
	return r;
}

static inline void
insert_all(Fixture *f, uint32_t statement, int32_t first, uint32_t n)
{
	TestRequest *r = insert_many(f, statement, first, n);

	for (uint32_t i = 0; i < n; i++)
		assert_worked(&r[i]);
	free_requests(r, n);
}

#endif							/* FIXTURE_INC_H */
