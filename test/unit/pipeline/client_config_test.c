/*
 * pipeline/client_config: what a client is opened with is copied whole, with
 * defaults for what is not given.
 */
#include "pipeline/client_config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char host[] = "node";
static char name[] = "dc1";
static char secret[] = "secret";
static char file[] = "file";

/* The copy of a configuration whose strings are overwritten behind it. */
static ClusterConfig
copy_of_lost(CqlArena *strings)
{
	ClusterContact contact[] = {{host, 9042}, {host, 9043}};
	NetOption	option = {name, host};
	ClusterConfig from = {
		.contact = contact, .ncontacts = 2, .local_dc = name, .local_rack = name, .max_in_flight = 7, .max_connections = 8, .idle_timeout = 9,
		.net = {.username = name, .password = secret, .option = &option, .noptions = 1, .lz4 = true, .connect_timeout = 5,
			.tls = {NET_SSL_VERIFY_CA, .root_cert = file, .crl = file, .cert = file, .key = file, .password = secret, .sni = true}}
	};
	ClusterConfig to;

	assert_true(client_config_copy(&from, &to, strings));
	host[0] = name[0] = secret[0] = file[0] = '?';
	memset(contact, 0, sizeof(contact));
	memset(&option, 0, sizeof(option));
	return to;
}

static void
test_nothing_points_into_what_was_copied(void **state)
{
	CqlArena	strings = {0};
	ClusterConfig copy = copy_of_lost(&strings);

	assert_string_equal(copy.contact[0].host, "node");
	assert_string_equal(copy.contact[1].host, "node");
	assert_int_equal(copy.contact[1].port, 9043);
	assert_string_equal(copy.local_dc, "dc1");
	assert_string_equal(copy.local_rack, "dc1");
	assert_string_equal(copy.net.username, "dc1");
	assert_string_equal(copy.net.password, "secret");
	assert_string_equal(copy.net.option[0].key, "dc1");
	assert_string_equal(copy.net.option[0].value, "node");
	assert_string_equal(copy.net.tls.root_cert, "file");
	assert_string_equal(copy.net.tls.crl, "file");
	assert_string_equal(copy.net.tls.cert, "file");
	assert_string_equal(copy.net.tls.key, "file");
	assert_string_equal(copy.net.tls.password, "secret");
	assert_int_equal(copy.net.tls.mode, NET_SSL_VERIFY_CA);
	assert_int_equal(copy.max_in_flight, 7);
	assert_int_equal(copy.max_connections, 8);
	assert_int_equal(copy.idle_timeout, 9);
	assert_true(copy.net.lz4);
	assert_int_equal(copy.net.connect_timeout, 5);
	assert_non_null(strstr(copy.net.report, "\"rack\",\"local-dc\":\"dc1\""));
	cql_arena_free(&strings);
}

static void
test_what_is_not_given_has_a_default(void **state)
{
	CqlArena	strings = {0};
	ClusterConfig none = {0};
	ClusterConfig some = {.max_attempts = 2, .net = {.heartbeat_interval = 3, .heartbeat_timeout = 4}};
	ClusterConfig copy;

	assert_true(client_config_copy(&none, &copy, &strings));
	assert_int_equal(copy.max_attempts, 5);
	assert_int_equal(copy.refresh_interval, 300000);
	assert_int_equal(copy.net.heartbeat_interval, 30000);
	assert_int_equal(copy.net.heartbeat_timeout, 15000);
	assert_string_equal(copy.net.driver_name, "scylla_fdw");
	assert_null(copy.net.password);
	assert_null(copy.local_dc);
	assert_true(client_config_copy(&some, &copy, &strings));
	assert_int_equal(copy.max_attempts, 2);
	assert_int_equal(copy.net.heartbeat_interval, 3);
	assert_int_equal(copy.net.heartbeat_timeout, 4);
	cql_arena_free(&strings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_points_into_what_was_copied),
		cmocka_unit_test(test_what_is_not_given_has_a_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
