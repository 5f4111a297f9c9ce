/*
 * The control connection: contact points, events, what becomes of it when its node is lost.
 */
#include "fixture.inc.h"
#include "name_server.inc.h"

/* ---- contact points ---- */

/* An address that answers nothing, one that refuses, and a live one. */
static void
test_live_contact_beside_dead_ones(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Node	   *silent = start_node("address 127.0.0.9\non CONNECT silent\n");
	uint64_t	start;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	add_contact(&f, "127.0.0.9", node_port(silent));
	add_contact(&f, "127.0.0.1", 1);
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	start = uv_hrtime();
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_true(uv_hrtime() - start < f.config.net.connect_timeout * UINT64_C(1000000) / 2);
	request_free(&r);
	fixture_end(&f);
	node_stop(silent);
}

/* B20: every address of a name is tried, and one that is silent keeps nobody waiting. */
static void
test_b20_live_address_beside_dead_ones(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	char		script[64];
	Node	   *silent;
	uint64_t	start;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	snprintf(script, sizeof(script), "address 127.0.0.9\nport %d\non CONNECT silent\n", node_port(f.node[0]));
	silent = start_node(script);
	addresses[0] = "127.0.0.9";
	addresses[1] = "127.0.0.1";
	add_contact(&f, "nodes.example", node_port(f.node[0]));
	start = uv_hrtime();
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_true(uv_hrtime() - start < f.config.net.connect_timeout * UINT64_C(1000000) / 2);
	request_free(&r);
	fixture_end(&f);
	node_stop(silent);
}

/* A name is looked up each time the cluster is looked for; the node that is met again is the same one. */
static void
test_name_of_a_node_that_moved(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	char		script[256];
	int			port;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	port = node_port(f.node[0]);
	addresses[0] = "127.0.0.1";
	addresses[1] = NULL;
	add_contact(&f, "nodes.example", port);
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);

	/* the same address, after a pause */
	assert_true(node_order(f.node[0], "refuse\ndisconnect"));
	AWAIT(&f, f.downs > 0);
	assert_true(node_order(f.node[0], "listen"));
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_count(f.node[0], "open"), 2); /* the control connection and one more */

	/* another one */
	node_stop(f.node[0]);
	f.node[0] = NULL;
	AWAIT(&f, f.downs == 2);
	snprintf(script, sizeof(script), "address 127.0.0.5\nport %d\ntoken 0\nkeyspace ks simple 1\n%s", port, SCHEMA);
	f.node[0] = start_node(script);
	addresses[0] = "127.0.0.5";
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
}

/* Which of two nodes has the control connection of a new session. */
static int
controlled(Fixture *f)
{
	int			which;

	order_all(f, "reset");
	open_cluster(f);
	AWAIT(f, count_all(f, "REGISTER") > 0);
	which = node_count(f->node[0], "REGISTER") > 0 ? 0 : 1;
	close_cluster(f);
	return which;
}

/* With chance against it, each of 64 sessions would go to the same node once in 2^63 times. */
static bool
spreads(Fixture *f)
{
	int			n = 0;

	for (int i = 0; i < 64; i++)
		n += controlled(f);
	return n > 0 && n < 64;
}

/* The first contact point says which data center is the local one, unless an option does. */
static void
test_control_connections_spread(void **state)
{
	Fixture		f;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 1", "dc 'east'\n");
	addresses[0] = "127.0.0.1";
	addresses[1] = "127.0.0.2";
	add_contact(&f, "nodes.example", node_port(f.node[0]));
	for (int i = 0; i < 4; i++)
		assert_int_equal(controlled(&f), 0);
	f.config.local_dc = "east";
	assert_true(spreads(&f));
	f.config.ncontacts = 0;
	for (int i = 0; i < 2; i++)
		add_contact(&f, node_address(f.node[i]), node_port(f.node[i]));
	assert_true(spreads(&f));
	f.config.local_dc = NULL;
	for (int i = 0; i < 4; i++)
		assert_int_equal(controlled(&f), 0);
	fixture_end(&f);
}

/* One that takes the connection and says nothing about the topology, or about events, must not block the other. */
static void
ask_beside(const char *fault)
{
	Fixture		f;
	TestRequest r = {0};
	char		script[64];
	Node	   *mute;

	snprintf(script, sizeof(script), "address 127.0.0.9\non %s silent\n", fault);
	mute = start_node(script);
	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	add_contact(&f, "127.0.0.9", node_port(mute));
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	f.config.net.connect_timeout = 60000;
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(node_count(mute, "faults"), strcmp(fault, "QUERY") == 0 ? 3 : 1);
	assert_int_equal(cluster_versions(f.cluster).schema, 0);
	AWAIT(&f, node_count(mute, "open") == 0);
	request_free(&r);
	fixture_end(&f);
	node_stop(mute);
}

static void
test_contact_that_answers_no_query(void **state)
{
	ask_beside("QUERY");
	ask_beside("REGISTER");
	ask_beside("OPTIONS");
}

/* Whoever is the first to answer: if the one that is asked later is lost, the other is still waited for. */
static void
test_contact_that_answers_late(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	Node	   *late = start_node("address 127.0.0.9\nkeyspace ks simple 1\n" SCHEMA "on QUERY text 'system' hold\n");
	Node	   *lost;

	fixture_init(&f);
	lost = start_node("address 127.0.0.8\non QUERY close\n");
	add_contact(&f, "127.0.0.9", node_port(late));
	add_contact(&f, "127.0.0.8", node_port(lost));
	f.config.net.connect_timeout = 60000;
	open_cluster(&f);
	make_query(&r, "SELECT id FROM ks.t");
	submit(&f, &r);
	AWAIT(&f, node_count(lost, "faults") > 0 && node_count(lost, "open") == 0);
	assert_true(node_order(late, "clear\nrelease"));
	AWAIT(&f, r.times > 0);
	assert_worked(&r);
	assert_int_equal(node_count(late, "connections"), 2);
	request_free(&r);
	fixture_end(&f);
	node_stop(late);
	node_stop(lost);
}

/* However many contact points there are, few are asked at a time. */
static void
test_contacts_that_answer_no_query(void **state)
{
	Fixture		f;
	Node	   *mute[MAX_TEST_NODES + 1];
	uint64_t	asked = 0;

	fixture_init(&f);
	for (int i = 0; i <= MAX_TEST_NODES; i++)
	{
		mute[i] = start_node("on QUERY silent\n");
		add_contact(&f, node_address(mute[i]), node_port(mute[i]));
	}
	f.config.net.connect_timeout = 2500;
	open_cluster(&f);
	AWAIT(&f, f.downs > 0);
	for (int i = 0; i <= MAX_TEST_NODES; i++)
		asked += node_count(mute[i], "REGISTER");
	assert_in_range(asked, 2, MAX_TEST_NODES);
	assert_non_null(strstr(f.down.message, "2500 ms"));
	fixture_end(&f);
	for (int i = 0; i <= MAX_TEST_NODES; i++)
		node_stop(mute[i]);
}

static void
test_all_contacts_refuse(void **state)
{
	Fixture		f;

	fixture_init(&f);
	add_contact(&f, "127.0.0.1", 1);
	add_contact(&f, "127.0.0.2", 1);
	open_cluster(&f);
	AWAIT(&f, f.downs > 0);
	assert_int_equal(f.down.kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(f.down.message, "127.0.0.1:1: connection refused"));
	assert_non_null(strstr(f.down.message, "127.0.0.2:1: connection refused"));
	assert_int_equal(f.downs, 1);
	fixture_end(&f);
}

static void
test_silent_contact(void **state)
{
	Fixture		f;
	uint64_t	start = uv_hrtime();

	fixture_init(&f);
	f.node[0] = start_node("on CONNECT silent\n");
	f.nnodes = 1;
	f.config.net.connect_timeout = 300;
	open_cluster(&f);
	AWAIT(&f, f.downs > 0);
	assert_int_equal(f.down.kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(f.down.message, "300 ms"));
	assert_in_range((uv_hrtime() - start) / 1000000, 290, 2000);
	fixture_end(&f);
}

static void
test_wrong_password(void **state)
{
	Fixture		f;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "auth 'me' 'right'\n");
	add_contact(&f, "127.0.0.7", 1);
	add_contact(&f, "127.0.0.1", node_port(f.node[0]));
	f.config.net.username = "me";
	f.config.net.password = "wrong";
	open_cluster(&f);
	AWAIT(&f, f.downs > 0);
	assert_int_equal(f.down.kind, CLUSTER_FAIL_CREDENTIALS);
	/* the reason that matters comes first */
	assert_memory_equal(f.down.message, "127.0.0.1:", 10);
	assert_non_null(strstr(f.down.message, "127.0.0.7:1"));
	assert_null(strstr(f.down.message, "wrong"));
	close_cluster(&f);

	f.config.net.password = "right";
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	fixture_end(&f);
}

static void
begin_with_password(Fixture *f, const char *password)
{
	fixture_init(f);
	start_nodes(f, 3, "keyspace ks simple 3", "auth 'me' 'right'\n");
	for (int i = 0; i < 3; i++)
		add_contact(f, node_address(f->node[i]), node_port(f->node[i]));
	f->config.net.username = "me";
	f->config.net.password = password;
	open_cluster(f);
}

/* Whoever asks in the pause behind a refusal is told of it at once, and no node is shown the password. */
static void
test_a_wrong_password_is_tried_once(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	begin_with_password(&f, "wrong");
	AWAIT(&f, f.downs > 0);
	assert_null(strstr(f.down.message, "next try"));
	for (int i = 0; i < 5; i++)
	{
		uint64_t	start = uv_hrtime();

		make_query(&r, "SELECT id FROM ks.t");
		run(&f, &r);
		assert_true(uv_hrtime() - start < UINT64_C(1000000000));
		assert_failed(&r, CLUSTER_FAIL_CREDENTIALS);
		assert_non_null(strstr(r.core.failure->message, "(the next try may be in "));
	}
	assert_int_equal(count_all(&f, "AUTH_RESPONSE"), 1);
	assert_int_equal(count_all(&f, "connections"), 1);
	request_free(&r);
	fixture_end(&f);
}

/* A session that knew the right password once goes on with the connections that it has. */
static void
test_a_password_that_is_changed_is_tried_once(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	uint64_t	before;

	begin_with_password(&f, "right");
	await_all_nodes(&f);
	before = count_all(&f, "AUTH_RESPONSE");
	order_all(&f, "auth 'me' 'other'");
	for (int i = 1; i < 3; i++)
	{
		assert_true(node_order(f.node[i], "disconnect"));
		do
			ask_for_nodes(&f, &r);	/* who would like to connect to each */
		while (count_connected(&r) > 3 - (uint32_t) i);
	}
	assert_int_equal(count_all(&f, "AUTH_RESPONSE"), before + 1);
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	request_free(&r);
	fixture_end(&f);
}

static void
test_unknown_local_dc(void **state)
{
	Fixture		f;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "dc 'east'\n");
	f.config.local_dc = "west";
	open_cluster(&f);
	AWAIT(&f, f.downs > 0);
	assert_int_equal(f.down.kind, CLUSTER_FAIL_CONNECT);
	assert_non_null(strstr(f.down.message, "\"west\""));
	assert_non_null(strstr(f.down.message, "\"east\""));
	fixture_end(&f);
}

/* Which data center is the local one is found once, however often the cluster is looked for. */
static void
test_contacts_of_two_data_centers(void **state)
{
	Fixture		f;
	TestRequest r = {0};
	int			port;

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 1", "");
	port = node_port(f.node[0]);
	assert_true(node_order(f.node[0], "dc 'east'\nno_peers\npeer 127.0.0.2 %d 0 dc 'west'", port));
	assert_true(node_order(f.node[1], "dc 'west'\nno_peers\npeer 127.0.0.1 %d 1 dc 'east'", port));
	add_contact(&f, "127.0.0.1", port);
	add_contact(&f, "127.0.0.2", port);
	f.config.net.connect_timeout = 400;
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	assert_true(node_order(f.node[0], "refuse\ndisconnect"));
	AWAIT(&f, f.downs > 0);
	/* found by the other contact point, it is known and not used */
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_failed(&r, CLUSTER_FAIL_CONNECT);
	assert_int_equal(node_count(f.node[1], "REGISTER"), 1);
	assert_int_equal(node_count(f.node[1], "QUERY"), 3);	/* about the topology */
	request_free(&r);
	fixture_end(&f);
}

/* ---- losing it ---- */

static void
test_control_connection_moves(void **state)
{
	Fixture		f;
	uint32_t	statement;

	open_nodes(&f, 2, "keyspace ks simple 2");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_int_equal(node_count(f.node[1], "REGISTER"), 0);
	assert_true(node_order(f.node[0], "refuse\ndisconnect"));
	AWAIT(&f, node_count(f.node[1], "REGISTER") == 1);
	insert_all(&f, statement, 0, 20);
	fixture_end(&f);
}

/* ---- events ---- */

static void
test_event_storm(void **state)
{
	enum
	{
		EVENTS = 10000, LINES = 500
	};
	Fixture		f;
	CqlBuffer	lines = {0};
	uint64_t	start;
	uint64_t	reads;
	uint64_t	seconds;

	open_nodes(&f, 1, "keyspace ks simple 1");
	prepare(&f, INSERT_TEXT);
	assert_int_equal(node_count(f.node[0], "QUERY"), 3);
	for (int i = 0; i < LINES; i++)
	{
		const char *line = i % 2 ? "event STATUS_CHANGE UP 127.0.0.1 9042\n" : "event SCHEMA_CHANGE UPDATED KEYSPACE ks\n";

		cql_put_raw(&lines, line, strlen(line));
	}
	cql_put_u8(&lines, 0);
	start = uv_hrtime();
	for (int i = 0; i < EVENTS / LINES; i++)
	{
		order_all(&f, (const char *) lines.data);
		uv_run(&f.loop, UV_RUN_NOWAIT);
	}
	AWAIT(&f, node_count(f.node[0], "QUERY") >= 6);
	assert_int_equal(node_count(f.node[0], "events"), EVENTS);
	reads = node_count(f.node[0], "QUERY") / 3;
	seconds = (uv_hrtime() - start) / 1000000000;
	assert_true(reads <= seconds + 2);
	cql_buffer_free(&lines);
	fixture_end(&f);
}

/* What others say of a node that works is hearsay; and one that is said to be up may take a while. */
static void
test_down_and_up_are_hints(void **state)
{
	Fixture		f;
	uint32_t	statement;
	uint64_t	connections;
	uint64_t	reads;

	open_nodes(&f, 2, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	connections = count_all(&f, "connections");
	reads = node_count(f.node[0], "QUERY");
	assert_true(node_order(f.node[0], "event STATUS_CHANGE DOWN 127.0.0.2 %d", node_port(f.node[1])));
	/* an event that is followed by a read of the topology, to know that the first one has arrived */
	assert_true(node_order(f.node[0], "event STATUS_CHANGE UP 127.0.0.1 %d", node_port(f.node[0])));
	AWAIT(&f, node_count(f.node[0], "QUERY") == reads + 3);
	insert_all(&f, statement, 0, 100);
	assert_true(node_count(f.node[1], "executes") > 10);
	assert_int_equal(count_all(&f, "connections"), connections);

	assert_true(node_order(f.node[1], "refuse\ndisconnect"));
	assert_true(node_order(f.node[0], "event STATUS_CHANGE UP 127.0.0.2 %d", node_port(f.node[1])));
	AWAIT(&f, node_count(f.node[0], "QUERY") == reads + 6);
	assert_true(node_order(f.node[1], "listen"));
	await_all_nodes(&f);
	fixture_end(&f);
}

static uint32_t
schema_version(const Fixture *f)
{
	return cluster_versions(f->cluster).schema;
}

/* Any change of any schema is counted, once; nothing else is. */
static void
test_schema_changes_are_counted(void **state)
{
	Fixture		f;
	uint32_t	topology;

	open_nodes(&f, 1, "keyspace ks simple 1");
	prepare(&f, INSERT_TEXT);
	assert_int_equal(schema_version(&f), 0);	/* nobody knew anything before */
	topology = cluster_versions(f.cluster).topology;
	assert_true(topology > 0);
	order_all(&f, "event SCHEMA_CHANGE UPDATED TABLE ks t");
	AWAIT(&f, schema_version(&f) == 1);
	order_all(&f, "event SCHEMA_CHANGE CREATED TYPE ks u");
	AWAIT(&f, schema_version(&f) == 2);
	assert_int_equal(cluster_versions(f.cluster).topology, topology);
	/* replication is the topology's business, too */
	order_all(&f, "event SCHEMA_CHANGE UPDATED KEYSPACE ks");
	AWAIT(&f, cluster_versions(f.cluster).topology != topology);
	assert_int_equal(schema_version(&f), 3);
	topology = cluster_versions(f.cluster).topology;
	order_all(&f, "event STATUS_CHANGE UP 127.0.0.1 9042");
	AWAIT(&f, cluster_versions(f.cluster).topology != topology);
	assert_int_equal(schema_version(&f), 3);
	fixture_end(&f);
}

/* While nobody listened, anything may have changed. */
static void
test_schema_changes_may_have_been_missed(void **state)
{
	Fixture		f;
	TestRequest r = {0};

	fixture_init(&f);
	start_nodes(&f, 2, "keyspace ks simple 2", "");
	f.config.net.connect_timeout = 400;
	open_cluster(&f);
	prepare(&f, INSERT_TEXT);
	await_all_nodes(&f);
	assert_true(node_order(f.node[0], "refuse\ndisconnect"));
	AWAIT(&f, schema_version(&f) == 1);
	assert_int_equal(node_count(f.node[1], "REGISTER"), 1);
	order_all(&f, "event SCHEMA_CHANGE UPDATED TABLE ks t");
	AWAIT(&f, schema_version(&f) == 2);

	/* the whole cluster was gone */
	order_all(&f, "refuse\ndisconnect");
	AWAIT(&f, f.downs > 0);
	order_all(&f, "listen");
	make_query(&r, "SELECT id FROM ks.t");
	run(&f, &r);
	assert_worked(&r);
	assert_int_equal(schema_version(&f), 3);
	request_free(&r);
	fixture_end(&f);
}

static void
test_new_node_is_found(void **state)
{
	Fixture		f;
	uint32_t	statement;
	char		script[256];

	open_nodes(&f, 1, "keyspace ks simple 1");
	statement = prepare(&f, INSERT_TEXT);
	snprintf(script, sizeof(script), "address 127.0.0.2\ntoken 0\nkeyspace ks simple 1\n%s", SCHEMA);
	f.node[1] = start_node(script);
	f.nnodes = 2;
	assert_true(node_order(f.node[0], "peer 127.0.0.2 %d 0", node_port(f.node[1])));
	assert_true(node_order(f.node[0], "event TOPOLOGY_CHANGE NEW_NODE 127.0.0.2 %d", node_port(f.node[1])));
	await_all_nodes(&f);
	insert_all(&f, statement, 0, 100);
	assert_true(node_count(f.node[1], "executes") > 10);

	/* and forgotten again, without losing what is in flight there */
	assert_true(node_order(f.node[0], "no_peers"));
	assert_true(node_order(f.node[0], "event TOPOLOGY_CHANGE REMOVED_NODE 127.0.0.2 %d", node_port(f.node[1])));
	AWAIT(&f, node_count(f.node[1], "open") == 0);
	insert_all(&f, statement, 0, 100);
	fixture_end(&f);
}

/* ms until the topology was read once more */
static uint64_t
await_read(Fixture *f)
{
	uint32_t	before = cluster_versions(f->cluster).topology;
	uint64_t	start = uv_hrtime();

	AWAIT(f, cluster_versions(f->cluster).topology > before);
	return (uv_hrtime() - start) / 1000000;
}

/* A node joins and nobody says so: who sends requests finds it, who sends none reads nothing. */
static void
test_events_that_are_lost(void **state)
{
	Fixture		f;
	uint32_t	statement;
	char		script[256];
	uint64_t	ms = 0;

	fixture_init(&f);
	start_nodes(&f, 1, "keyspace ks simple 1", "");
	f.config.refresh_interval = 20;
	open_cluster(&f);
	statement = prepare(&f, INSERT_TEXT);
	snprintf(script, sizeof(script), "address 127.0.0.2\ntoken 0\nkeyspace ks simple 1\n%s", SCHEMA);
	f.node[1] = start_node(script);
	f.nnodes = 2;
	assert_true(node_order(f.node[0], "peer 127.0.0.2 %d 0", node_port(f.node[1])));
	AWAIT(&f, (insert_all(&f, statement, 0, 10), node_count(f.node[1], "executes") > 0));

	/* one more read for the last request perhaps; from then on events alone lead to one, a second apart */
	for (int i = 0; i < 3; i++)
	{
		assert_true(node_order(f.node[0], "event STATUS_CHANGE UP 127.0.0.1 %d", node_port(f.node[0])));
		ms = await_read(&f);
	}
	assert_true(ms > 750);
	fixture_end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_contact_beside_dead_ones),
		cmocka_unit_test(test_b20_live_address_beside_dead_ones),
		cmocka_unit_test(test_name_of_a_node_that_moved),
		cmocka_unit_test(test_control_connections_spread),
		cmocka_unit_test(test_contact_that_answers_no_query),
		cmocka_unit_test(test_all_contacts_refuse),
		cmocka_unit_test(test_contact_that_answers_late),
		cmocka_unit_test(test_contacts_that_answer_no_query),
		cmocka_unit_test(test_silent_contact),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_a_wrong_password_is_tried_once),
		cmocka_unit_test(test_a_password_that_is_changed_is_tried_once),
		cmocka_unit_test(test_unknown_local_dc),
		cmocka_unit_test(test_contacts_of_two_data_centers),
		cmocka_unit_test(test_control_connection_moves),
		cmocka_unit_test(test_event_storm),
		cmocka_unit_test(test_down_and_up_are_hints),
		cmocka_unit_test(test_schema_changes_are_counted),
		cmocka_unit_test(test_schema_changes_may_have_been_missed),
		cmocka_unit_test(test_new_node_is_found),
		cmocka_unit_test(test_events_that_are_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
