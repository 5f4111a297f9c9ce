/*
 * cluster/credentials: a refused password is tried again after pauses only, whichever
 * node it would be shown to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/credentials.h"

#include "aborts.h"

static uint64_t seed = 42;

static NetAddress
address(const char *ip)
{
	NetAddress	a = {0};

	uv_ip4_addr(ip, 9042, (struct sockaddr_in *) &a.storage);
	return a;
}

static void
end_try(ClusterCredentials *c, const char *ip, NetFailureKind kind, uint64_t now)
{
	NetAddress	node = address(ip);
	NetFailure	why;

	net_failure_set(&why, kind, "the reason");
	cluster_credentials_failed(c, &node, &why, now, &seed);
}

static void
test_any_number_of_tries_before_a_refusal(void **state)
{
	ClusterCredentials c = {0};

	for (int i = 0; i < 100; i++)
	{
		assert_true(cluster_credentials_try(&c, 1000));
		end_try(&c, "127.0.0.1", NET_FAIL_CONNECT, 1000);
		assert_false(cluster_credentials_paused(&c, 1000));
	}
}

static void
test_a_refusal_stops_tries_everywhere_for_a_while(void **state)
{
	ClusterCredentials c = {0};
	uint64_t	now = 1000;
	uint32_t	tries = 1;

	assert_true(cluster_credentials_try(&c, now));
	end_try(&c, "127.0.0.1", NET_FAIL_CREDENTIALS, now);
	/* an hour of a hundred nodes that would like to connect */
	for (; now < 3600 * 1000; now += 25)
	{
		for (int node = 0; node < 100; node++)
		{
			if (!cluster_credentials_try(&c, now))
				continue;
			tries++;
			end_try(&c, "127.0.0.2", NET_FAIL_CREDENTIALS, now);
			assert_true(cluster_credentials_paused(&c, now));
		}
	}
	assert_in_range(tries, 12, 20);
}

static void
test_tries_that_take_long_are_apart(void **state)
{
	ClusterCredentials c = {0};

	end_try(&c, "127.0.0.1", NET_FAIL_CREDENTIALS, 1000);
	assert_true(cluster_credentials_try(&c, 20000));
	assert_false(cluster_credentials_try(&c, 20000 + CLUSTER_CREDENTIALS_APART - 1));
	assert_true(cluster_credentials_try(&c, 20000 + CLUSTER_CREDENTIALS_APART));
	/* both are refused: the second is of the same time */
	end_try(&c, "127.0.0.1", NET_FAIL_CREDENTIALS, 21000);
	end_try(&c, "127.0.0.2", NET_FAIL_CREDENTIALS, 21100);
	assert_int_equal(c.backoff.failures, 2);
}

static void
test_who_is_let_in_forgets(void **state)
{
	ClusterCredentials c = {0};
	NetAddress	node = address("127.0.0.1");
	NetAddress	other = address("127.0.0.2");

	end_try(&c, "127.0.0.1", NET_FAIL_CREDENTIALS, 1000);
	assert_true(cluster_credentials_doubted(&c, &node));
	assert_false(cluster_credentials_doubted(&c, &other));
	cluster_credentials_accepted(&c);
	assert_false(cluster_credentials_doubted(&c, &node));
	assert_true(cluster_credentials_try(&c, 1001));
	assert_true(cluster_credentials_try(&c, 1001));
}

static void
test_the_report_tells_when_the_next_try_may_be(void **state)
{
	ClusterCredentials c = {0};
	ClusterReport report = {0};

	end_try(&c, "127.0.0.1", NET_FAIL_CREDENTIALS, 1000);
	cluster_credentials_report(&c, c.backoff.due - 6400, &report);
	assert_int_equal(report.kind, NET_FAIL_CREDENTIALS);
	assert_string_equal(report.text, "127.0.0.1:9042: the reason (the next try may be in 7 s)");
}

static void
report_without_a_refusal(void *arg)
{
	ClusterReport report = {0};

	cluster_credentials_report(arg, 0, &report);
}

static void
test_broken_invariants_abort(void **state)
{
	ClusterCredentials c = {0};

	assert_aborts(report_without_a_refusal, &c, "cluster_credentials_paused(c, now)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_number_of_tries_before_a_refusal),
		cmocka_unit_test(test_a_refusal_stops_tries_everywhere_for_a_while),
		cmocka_unit_test(test_tries_that_take_long_are_apart),
		cmocka_unit_test(test_who_is_let_in_forgets),
		cmocka_unit_test(test_the_report_tells_when_the_next_try_may_be),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
