/*
 * cluster/pool: connections of a node are opened, and opened again.
 */
#include "fixture.inc.h"

#include "cluster/pool.h"

typedef struct Owner
{
	Fixture		f;
	ClusterNode node;
	ClusterPool *pool;
	ClusterAccess access;
	uint64_t	random;
	int			ups;
	int			downs;
	NetFailureKind why;			/* of the last end */
} Owner;

static void
on_up(ClusterPool *pool, const NetConnection *c)
{
	((Owner *) pool->owner)->ups++;
}

static void
on_down(ClusterPlace *place, bool was_up, const NetFailure *why)
{
	Owner	   *o = place->pool->owner;

	o->downs++;
	o->why = why->kind;
}

static const ClusterPoolOps ops = {.on_up = on_up, .on_down = on_down};

static void
begin(Owner *o, const char *extra)
{
	*o = (Owner) {.random = 42};
	o->access.config = &o->f.config;
	fixture_init(&o->f);
	start_nodes(&o->f, 1, "keyspace ks simple 1", extra);
	uv_ip4_addr("127.0.0.1", node_port(o->f.node[0]), (struct sockaddr_in *) &o->node.address.storage);
	o->pool = cluster_pool_new(&ops, o, &o->f.config, &o->node, &o->access, &o->random);
	assert_non_null(o->pool);
}

static void
start(Owner *o)
{
	cluster_pool_start(o->pool);
	assert_non_null(cluster_pool_open(o->pool, 0));
}

/* With its pool started and up. */
static void
begin_up(Owner *o)
{
	begin(o, "");
	start(o);
	AWAIT(&o->f, o->ups == 1);
}

static void
end(Owner *o)
{
	cluster_pool_stop(o->pool);
	AWAIT(&o->f, cluster_pool_closed(o->pool));
	for (int i = 0; i < 3; i++)
		uv_run(&o->f.loop, UV_RUN_ONCE);	/* libuv lets go of the handles */
	cluster_pool_free(o->pool);
	fixture_end(&o->f);
}

static void
test_a_pool_opens_what_it_is_asked_to_open(void **state)
{
	Owner		o;

	begin(&o, "");
	assert_null(cluster_pool_open(o.pool, 0));
	cluster_pool_start(o.pool);
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	assert_true(cluster_pool_closed(o.pool));
	assert_false(cluster_pool_decided(o.pool));
	assert_true(cluster_pool_may_open(o.pool, 0));
	assert_non_null(cluster_pool_open(o.pool, 0));
	assert_ptr_equal(cluster_pool_awaited(o.pool, 0), o.pool->place[0]);
	assert_true(cluster_pool_opening(o.pool, uv_now(&o.f.loop)));
	assert_int_equal(o.access.opening, 1);
	assert_false(cluster_pool_may_open(o.pool, 0));
	assert_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, o.ups == 1);
	assert_null(cluster_pool_awaited(o.pool, 0));
	assert_int_equal(o.access.opening, 0);
	assert_int_equal(o.access.open, 1);
	end(&o);
	assert_int_equal(o.access.open, 0);
}

static void
test_a_pool_that_is_up_has_a_place_to_send_from(void **state)
{
	Owner		o;
	ClusterPlace *place;

	begin(&o, "");
	start(&o);
	assert_null(cluster_pool_pick(o.pool, 0));
	AWAIT(&o.f, o.ups == 1);
	place = cluster_pool_pick(o.pool, 0);
	assert_non_null(place);
	assert_ptr_equal(place->node, &o.node);
	assert_ptr_equal(cluster_pool_find(o.pool, place->net), place);
	assert_true(cluster_pool_ready(o.pool));
	assert_true(cluster_pool_decided(o.pool));
	assert_int_equal(cluster_pool_count_ready(o.pool), 1);
	assert_int_equal(cluster_pool_shards(o.pool), 0);
	end(&o);
}

static void
test_a_lost_connection_may_come_back_after_its_pause(void **state)
{
	Owner		o;

	begin_up(&o);
	assert_true(node_order(o.f.node[0], "disconnect"));
	AWAIT(&o.f, o.downs == 1);
	assert_true(o.why != NET_FAIL_NONE);
	assert_true(o.pool->backoff.due > uv_now(&o.f.loop));
	assert_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, uv_now(&o.f.loop) >= o.pool->backoff.due);
	assert_non_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, o.ups == 2);
	assert_int_equal(o.pool->backoff.failures, 0);
	end(&o);
}

static void
test_a_node_that_may_be_back_is_tried_at_once(void **state)
{
	Owner		o;

	begin_up(&o);
	assert_true(node_order(o.f.node[0], "disconnect"));
	AWAIT(&o.f, o.downs == 1);
	cluster_pool_hurry(o.pool);
	assert_false(cluster_pool_decided(o.pool));
	assert_non_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, o.ups == 2);
	end(&o);
}

static void
test_a_connection_that_nobody_uses_is_closed(void **state)
{
	Owner		o;
	uint64_t	used;

	begin_up(&o);
	used = cluster_pool_used(o.pool);
	cluster_pool_tick(o.pool, used + 3600 * 1000);
	assert_true(cluster_pool_ready(o.pool));
	o.f.config.idle_timeout = 1000;
	cluster_pool_tick(o.pool, used + 999);
	assert_true(cluster_pool_ready(o.pool));
	o.pool->place[0]->in_flight = 1;
	cluster_pool_tick(o.pool, used + 1000);
	assert_true(cluster_pool_ready(o.pool));
	o.pool->place[0]->in_flight = 0;
	cluster_pool_tick(o.pool, used + 1000);
	AWAIT(&o.f, o.downs == 1);
	assert_int_equal(o.why, NET_FAIL_NONE);
	assert_non_null(cluster_pool_open(o.pool, 0));	/* whoever wants it again need not wait */
	AWAIT(&o.f, o.ups == 2);
	end(&o);
}

static void
set_port(Owner *o, int port)
{
	uv_ip4_addr("127.0.0.1", port, (struct sockaddr_in *) &o->node.address.storage);
}

/* What is in flight at the old address ends there, and however it ends, the new one is not to blame. */
static void
test_a_node_that_moves_leaves_a_retired_place(void **state)
{
	Owner		o;
	Node	   *moved = start_node("");
	ClusterPlace *old;

	begin_up(&o);
	old = o.pool->place[0];
	cluster_pool_follow(o.pool);
	assert_ptr_equal(o.pool->place[0], old);	/* it is where it was */
	old->in_flight = 1;
	set_port(&o, node_port(moved));
	cluster_pool_follow(o.pool);
	assert_null(cluster_pool_pick(o.pool, 0));
	assert_int_equal(cluster_pool_load(o.pool), 1);
	assert_non_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, o.ups == 2);
	assert_ptr_not_equal(cluster_pool_pick(o.pool, 0), old);
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	assert_non_null(old->net);
	old->in_flight = 0;
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	AWAIT(&o.f, o.downs == 1);
	assert_int_equal(o.why, NET_FAIL_NONE);
	assert_false(cluster_pool_closed(o.pool));

	/* back, and the connection in between is lost */
	set_port(&o, node_port(o.f.node[0]));
	cluster_pool_follow(o.pool);
	assert_ptr_equal(o.pool->place[0], old);
	assert_true(node_order(moved, "disconnect"));
	AWAIT(&o.f, o.downs == 2);
	assert_int_equal(o.pool->last.kind, NET_FAIL_NONE);
	assert_non_null(cluster_pool_open(o.pool, 0));
	AWAIT(&o.f, o.ups == 3);
	end(&o);
	assert_int_equal(o.access.open, 0);
	node_stop(moved);
}

/* Each try may lock the role: the pause is one for all nodes, and longer for the one that refused. */
static void
test_a_wrong_password_is_not_tried_often(void **state)
{
	Owner		o;

	begin(&o, "auth 'me' 'right'\n");
	o.f.config.net.username = "me";
	o.f.config.net.password = "wrong";
	start(&o);
	AWAIT(&o.f, o.downs == 1);
	assert_int_equal(o.why, NET_FAIL_CREDENTIALS);
	assert_true(cluster_pool_decided(o.pool));
	assert_true(cluster_credentials_paused(&o.access.credentials, uv_now(&o.f.loop)));
	assert_true(o.pool->backoff.due > o.access.credentials.backoff.due);
	cluster_pool_hurry(o.pool);
	assert_null(cluster_pool_open(o.pool, 0));

	/* another node, which is not tried now, need not be waited for */
	cluster_pool_stop(o.pool);
	o.pool->last = (NetFailure) {0};
	assert_true(cluster_pool_decided(o.pool));
	end(&o);
}

static void
test_a_stopped_pool_opens_nothing_again(void **state)
{
	Owner		o;

	begin_up(&o);
	cluster_pool_stop(o.pool);
	AWAIT(&o.f, o.downs == 1);
	assert_int_equal(o.why, NET_FAIL_NONE);
	assert_null(cluster_pool_open(o.pool, 0));
	end(&o);
}

static void
test_a_retired_pool_closes_once_nothing_is_in_flight(void **state)
{
	Owner		o;

	begin_up(&o);
	cluster_pool_retire(o.pool);
	assert_true(cluster_pool_ready(o.pool));
	assert_int_equal(cluster_pool_load(o.pool), 0);
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	AWAIT(&o.f, cluster_pool_closed(o.pool));
	end(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pool_opens_what_it_is_asked_to_open),
		cmocka_unit_test(test_a_pool_that_is_up_has_a_place_to_send_from),
		cmocka_unit_test(test_a_lost_connection_may_come_back_after_its_pause),
		cmocka_unit_test(test_a_node_that_may_be_back_is_tried_at_once),
		cmocka_unit_test(test_a_connection_that_nobody_uses_is_closed),
		cmocka_unit_test(test_a_node_that_moves_leaves_a_retired_place),
		cmocka_unit_test(test_a_wrong_password_is_not_tried_often),
		cmocka_unit_test(test_a_stopped_pool_opens_nothing_again),
		cmocka_unit_test(test_a_retired_pool_closes_once_nothing_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
