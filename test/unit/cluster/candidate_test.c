/*
 * cluster/candidate: addresses that are tried, without a connection.
 */
#include "cluster/candidate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <uv.h>

static NetAddress
address(const char *ip)
{
	NetAddress	a = {0};

	assert_int_equal(uv_ip4_addr(ip, 9042, (struct sockaddr_in *) &a.storage), 0);
	return a;
}

/* A name of one that is dropped is another hope. */
static void
test_each_address_once(void **state)
{
	ClusterCandidate *list = NULL;
	NetAddress	one = address("127.0.0.1");
	NetAddress	two = address("127.0.0.2");
	ClusterCandidate *first = cluster_candidates_add(&list, &one);

	assert_non_null(first);
	assert_non_null(cluster_candidates_add(&list, &two));
	assert_null(cluster_candidates_add(&list, &one));
	cluster_candidate_drop(first);
	assert_non_null(cluster_candidates_add(&list, &one));
	assert_ptr_equal(list, first);
	cluster_candidates_reap(&list);
	assert_true(net_address_equal(&list->address, &two));
	assert_true(net_address_equal(&list->next->address, &one));
	assert_null(list->next->next);
	assert_true(cluster_candidates_closed(list));
	cluster_candidates_close_others(list, list->next);
	assert_true(list->dropped && !list->next->dropped);
	cluster_candidates_reap(&list);
	assert_true(net_address_equal(&list->address, &one));
	cluster_candidates_close_others(list, NULL);
	cluster_candidates_reap(&list);
	assert_null(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_address_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
