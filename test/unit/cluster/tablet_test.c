/*
 * cluster/tablet: what is learned of tablets, and forgotten (B24 and others). Held against a model
 * that keeps what each token was told last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/ring.h"
#include "cluster/tablet.h"

/* Host ids are one byte and zeros; those below 100 are local nodes, 255 is not known at all. */
static uint16_t
number_of(const void *context, const uint8_t *host_id)
{
	return host_id[0] < 100 ? (uint16_t) (host_id[0] + *(const int *) context) : CLUSTER_RING_NONE;
}

static bool
is_known(const void *context, const uint8_t *host_id)
{
	return host_id[0] != 255;
}

static const int offset = 0;

static void
learn(ClusterTabletMap *map, const char *table, int64_t first, int64_t last, uint8_t host)
{
	CqlTablet	told = {.first = first, .last = last, .nreplicas = 1, .replica = {{.host_id = {host}, .shard = host % 8u}}};

	assert_true(cluster_tablets_learn(map, "ks", table, &told, number_of, &offset));
}

/* -1: not known. */
static int
host_at(const ClusterTabletMap *map, const char *table, int64_t token)
{
	const ClusterTablets *t = cluster_tablets_of(map, "ks", table);
	const ClusterTablet *tablet = t ? cluster_tablet_find(t, token) : NULL;

	return tablet ? tablet->replica[0].host_id[0] : -1;
}

static void
test_borders(void **state)
{
	ClusterTabletMap map = {0};

	learn(&map, "t", INT64_MIN, -1, 1);
	learn(&map, "t", -1, INT64_MAX, 2);
	assert_int_equal(host_at(&map, "t", INT64_MIN), -1);	/* no token is that one */
	assert_int_equal(host_at(&map, "t", INT64_MIN + 1), 1);
	assert_int_equal(host_at(&map, "t", -1), 1);
	assert_int_equal(host_at(&map, "t", 0), 2);
	assert_int_equal(host_at(&map, "t", INT64_MAX), 2);
	assert_int_equal(host_at(&map, "u", 0), -1);
	assert_int_equal(cluster_tablets_of(&map, "ks", "t")->n, 2);
	assert_null(cluster_tablets_of(&map, "other", "t"));
	cluster_tablets_free(&map);
}

#define SPAN 64

static void
test_b24_each_token_is_where_it_was_told_last(void **state)
{
	ClusterTabletMap map = {0};
	int			model[SPAN + 1];	/* of token i; -1: not known */
	uint32_t	random = 42;

	memset(model, 0xff, sizeof(model));
	for (int round = 0; round < 20000; round++)
	{
		int64_t		a;
		int64_t		b;
		uint8_t		host = (uint8_t) (round % 100);
		const ClusterTablets *t = cluster_tablets_of(&map, "ks", "t");

		random = random * 1664525 + 1013904223;
		a = (random >> 8) % SPAN;
		random = random * 1664525 + 1013904223;
		b = a + 1 + (random >> 8) % (SPAN - a);
		/* all that overlaps is not known any more but for what is told now */
		for (uint32_t i = 0; t && i < t->n; i++)
		{
			if (t->tablet[i]->first >= b || t->last[i] <= a)
				continue;
			for (int64_t k = t->tablet[i]->first + 1; k <= t->last[i]; k++)
				model[k] = -1;
		}
		for (int64_t k = a + 1; k <= b; k++)
			model[k] = host;
		learn(&map, "t", a, b, host);
		for (int64_t k = 0; k <= SPAN; k++)
			assert_int_equal(host_at(&map, "t", k), model[k]);
	}
	cluster_tablets_free(&map);
}

/* B24: a view's are those of a table. */
static void
test_b24_what_is_dropped_is_forgotten(void **state)
{
	ClusterTabletMap map = {0};
	uint32_t	before;

	learn(&map, "t", 0, 10, 1);
	learn(&map, "u", 0, 10, 2);
	learn(&map, "v", 0, 10, 3);
	before = map.generation;
	cluster_tablets_forget(&map, "ks", "u");
	assert_int_equal(map.generation, before + 1);
	assert_int_equal(host_at(&map, "t", 5), 1);
	assert_int_equal(host_at(&map, "u", 5), -1);
	cluster_tablets_forget(&map, "other", NULL);
	assert_int_equal(host_at(&map, "v", 5), 3);
	cluster_tablets_forget(&map, "ks", NULL);
	assert_null(map.tables);
	cluster_tablets_free(&map);
}

/* B24: a node that is gone keeps no tablet. */
static void
test_b24_nodes_that_come_and_go(void **state)
{
	ClusterTabletMap map = {0};
	int			shifted = 1000;
	const ClusterTablets *t;

	learn(&map, "t", 0, 10, 1);
	learn(&map, "t", 10, 20, 255);
	learn(&map, "t", 20, 30, 150);	/* of another data center */
	t = cluster_tablets_of(&map, "ks", "t");
	assert_int_equal(cluster_tablet_find(t, 5)->replica[0].node, 1);
	assert_int_equal(cluster_tablet_find(t, 25)->replica[0].node, CLUSTER_RING_NONE);
	cluster_tablets_renumber(&map, number_of, &shifted, is_known);
	assert_int_equal(cluster_tablet_find(t, 5)->replica[0].node, 1001);
	assert_null(cluster_tablet_find(t, 15));
	assert_non_null(cluster_tablet_find(t, 25));
	assert_int_equal(t->n, 2);
	cluster_tablets_free(&map);
}

static void
test_far_too_many_begin_anew(void **state)
{
	ClusterTabletMap map = {0};

	for (int64_t i = 0; i <= CLUSTER_TABLET_LIMIT; i++)
		learn(&map, "t", i, i + 1, 1);
	assert_int_equal(cluster_tablets_of(&map, "ks", "t")->n, 1);
	assert_int_equal(host_at(&map, "t", CLUSTER_TABLET_LIMIT + 1), 1);
	cluster_tablets_free(&map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_b24_each_token_is_where_it_was_told_last),
		cmocka_unit_test(test_b24_what_is_dropped_is_forgotten),
		cmocka_unit_test(test_b24_nodes_that_come_and_go),
		cmocka_unit_test(test_far_too_many_begin_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
