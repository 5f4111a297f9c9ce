/*
 * cluster/route: the table of verdicts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cluster/route.h"

typedef struct Case
{
	CqlError	error;
	ClusterVerdict idempotent;
	ClusterVerdict otherwise;
} Case;

#define FAIL CLUSTER_VERDICT_FAIL
#define NEXT CLUSTER_VERDICT_NEXT_NODE
#define SAME CLUSTER_VERDICT_SAME_NODE
#define LATER CLUSTER_VERDICT_LATER
#define SAME_LATER CLUSTER_VERDICT_SAME_LATER
#define PREPARE CLUSTER_VERDICT_PREPARE
#define FEWER CLUSTER_VERDICT_FEWER

/* service/storage_proxy.cc and exceptions/exceptions.cc of ScyllaDB */
#define ONGOING "Error during truncate: exceptions::invalid_request_exception " \
	"(Another global topology request is ongoing during attempt to truncate table ks.t, please retry.)"

static const Case cases[] = {
	{{.code = CQL_ERR_SERVER}, NEXT, FAIL},
	{{.code = CQL_ERR_PROTOCOL}, FAIL, FAIL},
	{{.code = CQL_ERR_CREDENTIALS}, FAIL, FAIL},
	{{.code = CQL_ERR_UNAVAILABLE, .required = 2, .received = 1}, NEXT, NEXT},
	{{.code = CQL_ERR_OVERLOADED}, LATER, FAIL},
	{{.code = CQL_ERR_BOOTSTRAPPING}, NEXT, NEXT},
	{{.code = CQL_ERR_TRUNCATE}, NEXT, FAIL},
	{{.code = CQL_ERR_TRUNCATE, .message = {ONGOING, sizeof(ONGOING) - 1}}, LATER, LATER},
	{{.code = CQL_ERR_INVALID, .message = {ONGOING, sizeof(ONGOING) - 1}}, FAIL, FAIL},
	{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_BATCH_LOG}, SAME, FAIL},
	{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_SIMPLE}, LATER, FAIL},
	{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_UNLOGGED_BATCH}, LATER, FAIL},
	{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_COUNTER}, FAIL, FAIL},
	{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_CAS}, SAME_LATER, FAIL},
	{{.code = CQL_ERR_READ_TIMEOUT, .consistency = CQL_SERIAL, .received = 1, .required = 2}, SAME_LATER, FAIL},
	{{.code = CQL_ERR_READ_TIMEOUT, .consistency = CQL_LOCAL_SERIAL, .received = 2, .required = 2}, SAME_LATER, FAIL},
	{{.code = CQL_ERR_UNAVAILABLE, .consistency = CQL_SERIAL, .required = 2, .received = 1}, NEXT, NEXT},
	{{.code = CQL_ERR_READ_TIMEOUT, .received = 2, .required = 2}, SAME, FAIL},
	{{.code = CQL_ERR_READ_TIMEOUT, .received = 2, .required = 2, .data_present = true}, FAIL, FAIL},
	{{.code = CQL_ERR_READ_TIMEOUT, .received = 1, .required = 2}, FAIL, FAIL},
	{{.code = CQL_ERR_READ_FAILURE, .received = 2, .required = 2}, FAIL, FAIL},
	{{.code = CQL_ERR_FUNCTION_FAILURE}, FAIL, FAIL},
	{{.code = CQL_ERR_WRITE_FAILURE, .write_type = CQL_WRITE_SIMPLE}, FEWER, FAIL},
	{{.code = CQL_ERR_WRITE_FAILURE, .write_type = CQL_WRITE_UNLOGGED_BATCH}, FEWER, FAIL},
	{{.code = CQL_ERR_WRITE_FAILURE, .write_type = CQL_WRITE_COUNTER}, FAIL, FAIL},
	{{.code = CQL_ERR_WRITE_FAILURE, .write_type = CQL_WRITE_CAS}, FAIL, FAIL},
	{{.code = CQL_ERR_CDC_WRITE_FAILURE}, FAIL, FAIL},
	{{.code = CQL_ERR_CAS_WRITE_UNKNOWN}, FAIL, FAIL},
	{{.code = CQL_ERR_SYNTAX}, FAIL, FAIL},
	{{.code = CQL_ERR_UNAUTHORIZED}, FAIL, FAIL},
	{{.code = CQL_ERR_INVALID}, FAIL, FAIL},
	{{.code = CQL_ERR_CONFIG}, FAIL, FAIL},
	{{.code = CQL_ERR_ALREADY_EXISTS}, FAIL, FAIL},
	{{.code = CQL_ERR_UNPREPARED}, PREPARE, PREPARE},
	{{.code = CQL_ERR_RATE_LIMIT}, LATER, FAIL},
	{{.code = 0x12345}, FAIL, FAIL},
};

static void
test_first_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		uint8_t		spent = 0;

		assert_int_equal(cluster_route_verdict(&cases[i].error, true, &spent), cases[i].idempotent);
		spent = 0;
		assert_int_equal(cluster_route_verdict(&cases[i].error, false, &spent), cases[i].otherwise);
	}
}

/* How often each may be given to one request; -1: as often as there are nodes and attempts. */
static void
test_verdicts_given_once(void **state)
{
	static const struct
	{
		CqlError	error;
		int			times;
	}			limited[] = {
		{{.code = CQL_ERR_UNAVAILABLE}, 1},
		{{.code = CQL_ERR_WRITE_TIMEOUT, .write_type = CQL_WRITE_BATCH_LOG}, 1},
		{{.code = CQL_ERR_READ_TIMEOUT, .received = 1, .required = 1}, 1},
		{{.code = CQL_ERR_UNPREPARED}, -1},
		{{.code = CQL_ERR_OVERLOADED}, -1},
		{{.code = CQL_ERR_SERVER}, -1},
		{{.code = CQL_ERR_BOOTSTRAPPING}, -1},
		{{.code = CQL_ERR_WRITE_FAILURE, .write_type = CQL_WRITE_SIMPLE}, -1},
	};
	uint8_t		spent = 0;

	/* once at once, then with pauses */
	assert_int_equal(cluster_route_verdict(&limited[3].error, false, &spent), PREPARE);
	assert_int_equal(cluster_route_verdict(&limited[3].error, false, &spent), LATER);
	assert_int_equal(cluster_route_verdict(&limited[3].error, false, &spent), LATER);

	/* one request meets them all: none spends another's */
	for (size_t i = 0; i < sizeof(limited) / sizeof(limited[0]); i++)
	{
		for (int n = 0; n < 4; n++)
		{
			bool		again = cluster_route_verdict(&limited[i].error, true, &spent) != FAIL;

			assert_int_equal(again, limited[i].times < 0 || n < limited[i].times);
		}
	}
}

static void
test_losses(void **state)
{
	uint8_t		spent = 0;

	assert_int_equal(cluster_route_loss(NET_UNSENT, false, &spent), NEXT);
	assert_int_equal(cluster_route_loss(NET_UNSENT, true, &spent), NEXT);
	assert_int_equal(spent, 0);
	assert_int_equal(cluster_route_loss(NET_LOST, true, &spent), NEXT);
	assert_int_equal(spent, CLUSTER_SPENT_MAYBE_APPLIED);
	assert_int_equal(cluster_route_loss(NET_LOST, false, &spent), FAIL);
	assert_int_equal(cluster_route_loss(NET_TIMED_OUT, true, &spent), FAIL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_verdicts),
		cmocka_unit_test(test_verdicts_given_once),
		cmocka_unit_test(test_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
