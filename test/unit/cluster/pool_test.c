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
	ClusterCredentials credentials;
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

static const ClusterPoolOps ops = {on_up, on_down};

static void
begin(Owner *o, const char *extra)
{
	*o = (Owner) {.random = 42};
	fixture_init(&o->f);
	start_nodes(&o->f, 1, "keyspace ks simple 1", extra);
	uv_ip4_addr("127.0.0.1", node_port(o->f.node[0]), (struct sockaddr_in *) &o->node.address.storage);
	o->pool = cluster_pool_new(&ops, o, &o->f.config.net, &o->node, &o->credentials, &o->random);
	assert_non_null(o->pool);
}

/* With its pool started and up. */
static void
begin_up(Owner *o)
{
	begin(o, "");
	cluster_pool_start(o->pool);
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
test_a_pool_opens_nothing_before_it_is_started(void **state)
{
	Owner		o;

	begin(&o, "");
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	assert_true(cluster_pool_closed(o.pool));
	assert_false(cluster_pool_decided(o.pool));
	end(&o);
}

static void
test_a_pool_that_is_up_has_a_place_to_send_from(void **state)
{
	Owner		o;
	ClusterPlace *place;

	begin(&o, "");
	cluster_pool_start(o.pool);
	assert_null(cluster_pool_pick(o.pool));
	AWAIT(&o.f, o.ups == 1);
	place = cluster_pool_pick(o.pool);
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
test_starting_twice_opens_once(void **state)
{
	Owner		o;

	begin(&o, "");
	cluster_pool_start(o.pool);
	cluster_pool_start(o.pool);
	AWAIT(&o.f, o.ups == 1);
	assert_int_equal(node_count(o.f.node[0], "connections"), 1);
	end(&o);
}

static void
test_a_lost_connection_comes_back_after_its_pause(void **state)
{
	Owner		o;

	begin_up(&o);
	assert_true(node_order(o.f.node[0], "disconnect"));
	AWAIT(&o.f, o.downs == 1);
	assert_true(o.why != NET_FAIL_NONE);
	assert_true(o.pool->backoff.due > uv_now(&o.f.loop));
	cluster_pool_tick(o.pool, o.pool->backoff.due - 1);
	assert_true(cluster_pool_closed(o.pool));
	cluster_pool_tick(o.pool, o.pool->backoff.due);
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
	cluster_pool_tick(o.pool, 0);
	AWAIT(&o.f, o.ups == 2);
	end(&o);
}

/* Each try may lock the role: the pause is one for all nodes, and longer for the one that refused. */
static void
test_a_wrong_password_is_not_tried_often(void **state)
{
	Owner		o;

	begin(&o, "auth 'me' 'right'\n");
	o.f.config.net.username = "me";
	o.f.config.net.password = "wrong";
	cluster_pool_start(o.pool);
	AWAIT(&o.f, o.downs == 1);
	assert_int_equal(o.why, NET_FAIL_CREDENTIALS);
	assert_true(cluster_pool_decided(o.pool));
	assert_true(cluster_credentials_paused(&o.credentials, uv_now(&o.f.loop)));
	assert_true(o.pool->backoff.due > o.credentials.backoff.due);
	cluster_pool_hurry(o.pool);
	cluster_pool_tick(o.pool, uv_now(&o.f.loop));
	assert_true(cluster_pool_closed(o.pool));

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
	cluster_pool_tick(o.pool, UINT64_MAX);
	assert_true(cluster_pool_closed(o.pool));
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
		cmocka_unit_test(test_a_pool_opens_nothing_before_it_is_started),
		cmocka_unit_test(test_a_pool_that_is_up_has_a_place_to_send_from),
		cmocka_unit_test(test_starting_twice_opens_once),
		cmocka_unit_test(test_a_lost_connection_comes_back_after_its_pause),
		cmocka_unit_test(test_a_node_that_may_be_back_is_tried_at_once),
		cmocka_unit_test(test_a_wrong_password_is_not_tried_often),
		cmocka_unit_test(test_a_stopped_pool_opens_nothing_again),
		cmocka_unit_test(test_a_retired_pool_closes_once_nothing_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
