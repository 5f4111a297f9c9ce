/*
 * cluster/place: a connection comes and goes, the place stays.
 */
#include "fixture.inc.h"

#include "aborts.h"
#include "cluster/place.h"

typedef struct Owner
{
	Fixture		f;				/* its loop and its node */
	ClusterNode node;
	ClusterPlace *place;
	int			ups;
	int			downs;
	bool		was_up;			/* at the last end */
	NetFailure	why;
} Owner;

static Owner owner;

static void
on_up(ClusterPlace *place)
{
	assert_true(place->up);
	owner.ups++;
}

static void
on_down(ClusterPlace *place, bool was_up, const NetFailure *why)
{
	assert_null(place->net);
	owner.downs++;
	owner.was_up = was_up;
	owner.why = *why;
}

static const ClusterPlaceOps ops = {.on_up = on_up, .on_down = on_down};

static void
dial(int port)
{
	uv_ip4_addr("127.0.0.1", port, (struct sockaddr_in *) &owner.node.address.storage);
}

static void
begin(void)
{
	owner = (Owner) {0};
	fixture_init(&owner.f);
	start_nodes(&owner.f, 1, "keyspace ks simple 1", "");
	dial(node_port(owner.f.node[0]));
	owner.place = cluster_place_new(&ops, NULL, &owner.node);
	assert_non_null(owner.place);
}

static void
open_up(void)
{
	assert_true(cluster_place_open(owner.place, &owner.f.config.net, 0, 0));
	AWAIT(&owner.f, owner.ups == 1);
}

static void
end(void)
{
	int			downs = owner.downs;

	if (owner.place->net)
	{
		cluster_place_close(owner.place);
		AWAIT(&owner.f, owner.downs == downs + 1);
	}
	for (int i = 0; i < 3; i++)
		uv_run(&owner.f.loop, UV_RUN_ONCE); /* libuv lets go of the handles */
	cluster_place_free(owner.place);
	fixture_end(&owner.f);
}

static void
test_an_empty_place_has_nothing(void **state)
{
	begin();
	assert_false(cluster_place_ready(owner.place));
	assert_false(cluster_place_has_room(owner.place));
	assert_int_equal(cluster_place_load(owner.place), 0);
	cluster_place_close(owner.place);
	cluster_place_tick(owner.place, 1);
	assert_false(cluster_place_strays(owner.place));
	assert_int_equal(owner.downs, 0);
	end();
}

static void
test_a_place_is_up_once_its_connection_is_ready(void **state)
{
	begin();
	assert_true(cluster_place_open(owner.place, &owner.f.config.net, 0, 0));
	assert_false(cluster_place_ready(owner.place));
	AWAIT(&owner.f, owner.ups == 1);
	assert_true(cluster_place_ready(owner.place));
	assert_true(cluster_place_has_room(owner.place));
	end();
	assert_true(owner.was_up);
}

static void
test_a_connection_that_is_refused_was_never_up(void **state)
{
	begin();
	dial(1);
	assert_true(cluster_place_open(owner.place, &owner.f.config.net, 0, 0));
	AWAIT(&owner.f, owner.downs == 1);
	assert_false(owner.was_up);
	assert_int_equal(owner.why.kind, NET_FAIL_CONNECT);
	assert_int_equal(owner.ups, 0);
	end();
}

static void
test_a_place_takes_one_connection_after_the_other(void **state)
{
	begin();
	open_up();
	assert_true(node_order(owner.f.node[0], "disconnect"));
	AWAIT(&owner.f, owner.downs == 1);
	assert_true(owner.was_up);
	assert_false(cluster_place_ready(owner.place));
	assert_true(cluster_place_open(owner.place, &owner.f.config.net, 0, 0));
	AWAIT(&owner.f, owner.ups == 2);
	end();
}

static void
test_a_connection_may_be_to_another_address(void **state)
{
	begin();
	open_up();
	assert_false(cluster_place_strays(owner.place));
	dial(1);
	assert_true(cluster_place_strays(owner.place));
	end();
}

static void
test_each_dirty_place_is_flushed_once(void **state)
{
	ClusterPlace other = {0};
	ClusterPlace *dirty = NULL;

	begin();
	cluster_place_mark_dirty(owner.place, &dirty);
	cluster_place_mark_dirty(&other, &dirty);
	cluster_place_mark_dirty(owner.place, &dirty);
	assert_ptr_equal(dirty, &other);
	assert_ptr_equal(other.next_dirty, owner.place);
	assert_null(owner.place->next_dirty);
	cluster_place_flush(&dirty);	/* both are empty: their connections are gone */
	assert_null(dirty);
	assert_false(owner.place->dirty);
	assert_false(other.dirty);
	end();
}

static void
break_open(void *argument)
{
	cluster_place_open(owner.place, &owner.f.config.net, 0, 0);
}

static void
test_a_second_connection_in_a_place_aborts(void **state)
{
	begin();
	open_up();
	assert_aborts(break_open, NULL, "!place->net");
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_place_has_nothing),
		cmocka_unit_test(test_a_place_is_up_once_its_connection_is_ready),
		cmocka_unit_test(test_a_connection_that_is_refused_was_never_up),
		cmocka_unit_test(test_a_place_takes_one_connection_after_the_other),
		cmocka_unit_test(test_a_connection_may_be_to_another_address),
		cmocka_unit_test(test_each_dirty_place_is_flushed_once),
		cmocka_unit_test(test_a_second_connection_in_a_place_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
