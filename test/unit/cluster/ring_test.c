/*
 * cluster/ring: replicas of every position, beside a walk of the ring for each.
 */
#include "cluster/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MAX_NODES 40
#define MAX_POSITIONS 400

/* ---- the walk ---- */

static bool
holds(const uint16_t *set, uint32_t n, uint16_t node)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (set[i] == node)
			return true;
	}
	return false;
}

static bool
has_rack(const ClusterRing *ring, const uint16_t *set, uint32_t n, uint32_t rack)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (ring->node[set[i]].rack == rack)
			return true;
	}
	return false;
}

static uint32_t
walk_simple(const ClusterRing *ring, uint32_t start, uint32_t factor, uint32_t dc, uint16_t *out)
{
	uint16_t	met[MAX_NODES];
	uint32_t	n = 0;
	uint32_t	nmet = 0;

	for (uint32_t i = 0; i < ring->npositions && nmet < factor; i++)
	{
		uint16_t	node = ring->position[(start + i) % ring->npositions].node;

		if (holds(met, nmet, node))
			continue;
		met[nmet++] = node;
		if (ring->node[node].dc == dc)
			out[n++] = node;
	}
	return n;
}

static uint32_t
walk_network(const ClusterRing *ring, uint32_t start, uint32_t factor, uint32_t dc, uint16_t *out)
{
	bool		rack[MAX_NODES] = {0};
	uint32_t	racks = 0;
	uint32_t	repeats;
	uint32_t	n = 0;

	for (uint32_t i = 0; i < ring->nnodes; i++)
	{
		const ClusterRingNode *node = &ring->node[i];

		if (!node->member || node->dc != dc || rack[node->rack])
			continue;
		rack[node->rack] = true;
		racks++;
	}
	repeats = factor > racks ? factor - racks : 0;
	for (uint32_t i = 0; i < ring->npositions && n < factor; i++)
	{
		uint16_t	node = ring->position[(start + i) % ring->npositions].node;

		if (ring->node[node].dc != dc || holds(out, n, node))
			continue;
		if (has_rack(ring, out, n, ring->node[node].rack) && repeats-- == 0)
		{
			repeats = 0;
			continue;
		}
		out[n++] = node;
	}
	return n;
}

/* ---- rings ---- */

static ClusterRingPosition positions[MAX_POSITIONS];
static ClusterRingNode nodes[MAX_NODES];

/* Equal tokens, nodes without tokens, racks of one node and of all. */
static ClusterRing
make_ring(unsigned *seed)
{
	ClusterRing ring = {.position = positions, .node = nodes};
	uint32_t	dcs = 1 + (uint32_t) rand_r(seed) % 3;
	uint32_t	racks = 1 + (uint32_t) rand_r(seed) % 6;
	uint32_t	range = rand_r(seed) % 2 ? 50 : 1000000;

	ring.nnodes = 1 + (uint32_t) rand_r(seed) % MAX_NODES;
	ring.npositions = 1 + (uint32_t) rand_r(seed) % MAX_POSITIONS;
	for (uint32_t i = 0; i < ring.nnodes; i++)
	{
		uint32_t	dc = (uint32_t) rand_r(seed) % dcs;

		nodes[i] = (ClusterRingNode) {.dc = dc, .rack = (dc * racks + (uint32_t) rand_r(seed) % racks) % ring.nnodes};
	}
	for (uint32_t i = 0; i < ring.nnodes; i++)
	{
		/* numbers of racks are distinct over data centers */
		for (uint32_t j = 0; j < i; j++)
		{
			if (nodes[j].rack == nodes[i].rack)
				nodes[i].dc = nodes[j].dc;
		}
	}
	for (uint32_t i = 0; i < ring.npositions; i++)
	{
		uint16_t	node = (uint16_t) ((uint32_t) rand_r(seed) % ring.nnodes);

		positions[i] = (ClusterRingPosition) {(int64_t) ((uint32_t) rand_r(seed) % range), node};
		nodes[node].member = true;
	}
	cluster_ring_sort(&ring);
	return ring;
}

static void
check_placement(const ClusterRing *ring, bool network, uint32_t factor, uint32_t dc)
{
	ClusterPlacement *p = cluster_ring_place(ring, network, factor, dc);

	assert_non_null(p);
	for (uint32_t i = 0; i < ring->npositions; i++)
	{
		uint16_t	expected[MAX_NODES];
		uint32_t	n = network ? walk_network(ring, i, factor, dc, expected) : walk_simple(ring, i, factor, dc, expected);

		assert_true(n <= p->width);
		assert_memory_equal(p->replica + (size_t) i * p->width, expected, n * sizeof(*expected));
		for (; n < p->width; n++)
			assert_int_equal(p->replica[(size_t) i * p->width + n], CLUSTER_RING_NONE);
	}
	cluster_placement_free(p);
}

static void
test_placements_are_those_of_walks(void **state)
{
	unsigned	seed = 20240229;

	for (int round = 0; round < 300; round++)
	{
		ClusterRing ring = make_ring(&seed);
		uint32_t	factor = 1 + (uint32_t) rand_r(&seed) % (rand_r(&seed) % 2 ? 5 : MAX_NODES + 4);
		uint32_t	dc = (uint32_t) rand_r(&seed) % 3;

		check_placement(&ring, false, factor, dc);
		check_placement(&ring, true, factor, dc);
	}
}

static void
test_no_ring_no_replicas(void **state)
{
	ClusterRing ring = {0};

	for (int network = 0; network < 2; network++)
	{
		ClusterPlacement *p = cluster_ring_place(&ring, network, 3, 0);

		assert_non_null(p);
		assert_int_equal(p->width, 0);
		cluster_placement_free(p);
	}
}

/*
 * Tokens by turns, racks by turns. By walks it takes minutes. Until each rack was met
 * once, nodes of the others are passed: some n * ln(n) nodes for n racks.
 */
static void
check_work(uint32_t nnodes, uint32_t tokens, uint32_t factor, uint32_t racks)
{
	ClusterRing *ring = cluster_ring_new(nnodes, (size_t) nnodes * tokens);
	unsigned	seed = 7;

	assert_non_null(ring);
	ring->npositions = nnodes * tokens;
	for (uint32_t i = 0; i < nnodes; i++)
		ring->node[i] = (ClusterRingNode) {.member = true, .rack = i % racks};
	for (uint32_t i = 0; i < ring->npositions; i++)
		ring->position[i] = (ClusterRingPosition) {(int64_t) rand_r(&seed) << 20 ^ rand_r(&seed), (uint16_t) (i % nnodes)};
	cluster_ring_sort(ring);
	for (int network = 0; network < 2; network++)
	{
		ClusterPlacement *p = cluster_ring_place(ring, network, factor, 0);

		assert_non_null(p);
		assert_int_equal(p->width, factor);
		for (uint32_t i = 0; i < ring->npositions; i++)
			assert_int_equal(p->replica[(size_t) i * factor], ring->position[i].node);
		assert_in_range(p->steps, (uint64_t) ring->npositions * factor,
						(uint64_t) ring->npositions * (factor + 5 * racks));
		cluster_placement_free(p);
	}
	cluster_ring_free(ring);
}

static void
test_many_replicas_of_many_positions(void **state)
{
	check_work(100, 256, 100, 1);
	check_work(100, 256, 100, 10);
	check_work(200, 128, 100, 3);
	check_work(1600, 16, 100, 50);
	check_work(300, 256, 200, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placements_are_those_of_walks),
		cmocka_unit_test(test_no_ring_no_replicas),
		cmocka_unit_test(test_many_replicas_of_many_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
