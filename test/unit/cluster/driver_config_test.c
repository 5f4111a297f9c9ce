/*
 * driver_config_test.c
 *	  What nodes are told of how their client is configured, and what they are not.
 */
#include "cluster/driver_config.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

static const ClusterConfig usual = {
	.net = {
		.connect_timeout = 5000, .max_orphans = 1024, .username = "me", .password = "secret",
		.tls = {.cert = "/etc/cert", .password = "secret"}
	},
	.defaults = {CQL_QUORUM, CQL_LOCAL_SERIAL, 5000, 12000, 60000}
};

static void
expect(const ClusterConfig *config, const char *part)
{
	CqlArena	strings = {0};
	const char *text = cluster_driver_config(config, &strings);

	assert_non_null(text);
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
	cql_arena_free(&strings);
}

/* The whole of it, once; client/driver-config-schema.json of crate scylla 1.9 takes it. */
static void
test_form(void **state)
{
	expect(&usual,
		   "{\"version\":1,\"connection\":{\"connect\":{\"timeout-ms\":5000},"
		   "\"requests\":{\"in-flight\":{\"max\":8192},\"orphaned\":{\"max\":1024}},\"pool\":{\"shard-aware\":{\"enabled\":true}},"
		   "\"socket\":{\"tcp-no-delay\":true,\"keep-alive\":true,\"reuse-address\":true},"
		   "\"reconnection\":{\"policy\":{\"type\":\"exponential\",\"base-ms\":50,\"max-ms\":10000}}},"
		   "\"control-plane\":{\"queries\":{\"system\":{\"timeout\":{\"client-side-ms\":5000}}},"
		   "\"schema\":{\"agreement\":{\"timeout-ms\":60000}}},"
		   "\"query\":{\"defaults\":{\"page\":{\"size\":5000},\"consistency\":\"QUORUM\",\"serial-consistency\":\"LOCAL_SERIAL\","
		   "\"idempotence\":false,\"client-timestamps\":true,\"request\":{\"timeout-ms\":12000}},"
		   "\"retry\":{\"policy\":{\"type\":\"standard-error-aware\"},\"backoff\":{\"type\":\"exponential\",\"base-ms\":50}},"
		   "\"load-balancing\":{\"policy\":{\"type\":\"token-aware\",\"load-distribution\":\"round-robin\","
		   "\"fallback-to-non-preferred-nodes\":false,"
		   "\"adaptive-ordering\":{\"signals\":[\"in-flight-requests\",\"recovery-state\"]}},"
		   "\"node-preference\":{\"type\":\"dc-auto\"}}}}");
}

static void
test_options_are_told(void **state)
{
	ClusterConfig config = usual;

	config.max_in_flight = 7;
	expect(&config, "\"in-flight\":{\"max\":7}");
	config.net.tls.mode = NET_SSL_VERIFY_CA;
	expect(&config, "\"tls\":{\"hostname-verification\":false}");
	config.net.tls.mode = NET_SSL_VERIFY_FULL;
	expect(&config, "\"tls\":{\"hostname-verification\":true}");
	config.local_dc = "d\"c\\\n\xc3\xa9";
	expect(&config, "\"node-preference\":{\"type\":\"dc\",\"local-dc\":\"d\\u0022c\\u005c\\u000a\xc3\xa9\"}");
	expect(&config, "\"fallback-to-non-preferred-nodes\":false");
	config.local_rack = "r";
	expect(&config, "\"fallback-to-non-preferred-nodes\":true");
	config.local_dc = "dc1";
	expect(&config, "\"node-preference\":{\"type\":\"rack\",\"local-dc\":\"dc1\",\"local-rack\":\"r\"}");
	config.local_dc = NULL;
	expect(&config, "\"node-preference\":{\"type\":\"rack-auto\",\"local-rack\":\"r\"}");
}

static void
test_secrets_are_not_told(void **state)
{
	CqlArena	strings = {0};
	const char *text = cluster_driver_config(&usual, &strings);

	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "/etc/cert"));
	assert_null(strstr(text, "\"me\""));
	cql_arena_free(&strings);
}

/* STARTUP has no room for more than 64 KiB, and nobody is kept out by what is only told. */
static void
test_too_much_is_not_told(void **state)
{
	CqlArena	strings = {0};
	ClusterConfig config = usual;
	char	   *name = calloc(1, 32 * 1024 + 1);

	memset(name, 'x', 32 * 1024);
	config.local_dc = name;
	assert_null(cluster_driver_config(&config, &strings));
	assert_false(strings.failed);
	name[31 * 1024] = '\0';
	assert_non_null(cluster_driver_config(&config, &strings));
	free(name);
	cql_arena_free(&strings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_options_are_told),
		cmocka_unit_test(test_secrets_are_not_told),
		cmocka_unit_test(test_too_much_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
