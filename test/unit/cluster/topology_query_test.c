/*
 * cluster/topology_query: one node is asked for the topology.
 */
#include "fixture.inc.h"

#include "cluster/topology_query.h"

typedef struct Asker
{
	NetOwner	owner;			/* first */
	Fixture		f;				/* its loop and its node */
	NetConnection *net;
	NetAddress	address;
	ClusterTopology topology;
	ClusterTopologyQuery query;
	bool		ready;
	bool		closed;
	int			registered;
	int			answered;
	int			failed;
	NetFailure	why;
} Asker;

static Asker *
asker_of(ClusterTopologyQuery *q)
{
	return (Asker *) ((char *) q - offsetof(Asker, query));
}

static void
on_registered(ClusterTopologyQuery *q)
{
	asker_of(q)->registered++;
}

static void
on_answered(ClusterTopologyQuery *q)
{
	asker_of(q)->answered++;
}

static void
on_failed(ClusterTopologyQuery *q, const NetFailure *why)
{
	asker_of(q)->failed++;
	asker_of(q)->why = *why;
}

static uint64_t
deadline(ClusterTopologyQuery *q)
{
	return uv_now(&asker_of(q)->f.loop) + AWAIT_MS;
}

static const ClusterTopologyQueryOps query_ops = {on_registered, on_answered, on_failed, deadline};

static void
on_ready(NetOwner *owner, NetConnection *c)
{
	((Asker *) owner)->ready = true;
}

static void
on_event(NetOwner *owner, NetConnection *c, const CqlFrame *frame)
{
}

static void
on_writable(NetOwner *owner, NetConnection *c)
{
}

static void
on_closed(NetOwner *owner, NetConnection *c, const NetFailure *why)
{
	((Asker *) owner)->closed = true;
}

static const NetOwnerOps owner_ops = {on_ready, on_event, on_writable, on_closed, false};

/* Connected to a node that has another one as its peer, and registered there. */
static void
begin(Asker *a, const char *extra)
{
	*a = (Asker) {.owner = {&owner_ops}};
	fixture_init(&a->f);
	start_nodes(&a->f, 2, "keyspace ks simple 2", extra);
	uv_ip4_addr("127.0.0.1", node_port(a->f.node[0]), (struct sockaddr_in *) &a->address.storage);
	assert_true(cluster_topology_init(&a->topology, NULL, NULL));
	a->query.ops = &query_ops;
	a->query.topology = &a->topology;
	a->query.address = &a->address;
	a->net = net_connection_open(&a->f.config.net, &a->address, 0, &a->owner);
	assert_non_null(a->net);
	AWAIT(&a->f, a->ready);
	cluster_topology_query_register(&a->query, a->net);
}

static void
end(Asker *a)
{
	if (!a->closed)
		net_connection_close(a->net);
	AWAIT(&a->f, a->closed);
	for (int i = 0; i < 3; i++)
		uv_run(&a->f.loop, UV_RUN_ONCE);	/* libuv lets go of the handles */
	cluster_topology_free(&a->topology);
	fixture_end(&a->f);
}

static void
test_all_answers_make_a_topology(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	cluster_topology_query_all(&a.query);
	AWAIT(&a.f, a.answered == 1);
	assert_int_equal(a.query.pending, 0);
	assert_true(cluster_topology_commit(&a.topology));
	assert_int_equal(a.topology.nlocal, 2);
	assert_true(net_address_equal(&a.topology.node[0]->address, &a.address));
	assert_int_equal(a.failed, 0);
	end(&a);
}

static void
test_a_node_without_peers_v2_is_asked_for_peers(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	/* the second question is the one about peers */
	assert_true(node_order(a.f.node[0], "on QUERY nth 2 error 0x2200 \"unconfigured table peers_v2\""));
	cluster_topology_query_all(&a.query);
	AWAIT(&a.f, a.answered == 1);
	assert_true(a.query.peers_v1);
	assert_true(cluster_topology_commit(&a.topology));
	assert_int_equal(a.topology.nlocal, 2);
	end(&a);
}

static void
test_a_node_may_be_asked_again(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	for (int i = 1; i <= 3; i++)
	{
		cluster_topology_query_all(&a.query);
		AWAIT(&a.f, a.answered == i);
		assert_true(cluster_topology_commit(&a.topology));
		assert_int_equal(a.topology.generation, i);
	}
	end(&a);
}

static void
test_an_error_fails_once_with_its_text(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	assert_true(node_order(a.f.node[0], "on QUERY error 0x0000 \"no disk\""));
	cluster_topology_query_all(&a.query);
	AWAIT(&a.f, a.query.pending == 0);
	assert_int_equal(a.failed, 1);
	assert_int_equal(a.why.kind, NET_FAIL_PROTOCOL);
	assert_non_null(strstr(a.why.message, "no disk"));
	assert_int_equal(a.answered, 0);
	end(&a);
}

static void
test_a_node_without_events_is_asked_all_the_same(void **state)
{
	Asker		a;

	begin(&a, "on REGISTER error 0x2200 \"no events\"\n");
	AWAIT(&a.f, a.registered == 1);
	assert_int_equal(a.failed, 0);
	end(&a);
}

static void
test_a_lost_connection_is_no_failure_of_the_query(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	assert_true(node_order(a.f.node[0], "on QUERY close"));
	cluster_topology_query_all(&a.query);
	AWAIT(&a.f, a.closed);
	assert_int_equal(a.query.pending, 0);
	assert_int_equal(a.failed, 0);
	assert_int_equal(a.answered, 0);
	end(&a);
}

static void
test_answers_that_come_after_a_stop_are_not_looked_at(void **state)
{
	Asker		a;

	begin(&a, "");
	AWAIT(&a.f, a.registered == 1);
	cluster_topology_query_all(&a.query);
	cluster_topology_query_stop(&a.query);
	AWAIT(&a.f, a.query.pending == 0);
	assert_int_equal(a.answered, 0);
	assert_int_equal(a.failed, 0);
	assert_null(a.topology.contacted);
	end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_answers_make_a_topology),
		cmocka_unit_test(test_a_node_without_peers_v2_is_asked_for_peers),
		cmocka_unit_test(test_a_node_may_be_asked_again),
		cmocka_unit_test(test_an_error_fails_once_with_its_text),
		cmocka_unit_test(test_a_node_without_events_is_asked_all_the_same),
		cmocka_unit_test(test_a_lost_connection_is_no_failure_of_the_query),
		cmocka_unit_test(test_answers_that_come_after_a_stop_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
