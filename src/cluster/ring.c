/*
 * cluster/ring.c
 *	  The token ring and the replicas of each of its positions.
 *
 * Submitter thread; pure: no I/O, no clock.
 * Owns: nothing but what its structs hold.
 * Invariants: every walk ends after one round, whatever the factor; a replica
 * set names no node twice.
 */
#include "cluster/ring.h"

#include <stdlib.h>

static int
compare_positions(const void *a, const void *b)
{
	const ClusterRingPosition *x = a;
	const ClusterRingPosition *y = b;

	if (x->token != y->token)
		return x->token < y->token ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

void
cluster_ring_sort(ClusterRing *ring)
{
	if (ring->npositions > 1)
		qsort(ring->position, ring->npositions, sizeof(*ring->position), compare_positions);
}

void
cluster_ring_free(ClusterRing *ring)
{
	free(ring->position);
	free(ring->node);
	*ring = (ClusterRing) {0};
}

uint32_t
cluster_ring_owner(const ClusterRing *ring, int64_t token)
{
	uint32_t	low = 0;
	uint32_t	high = ring->npositions;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (ring->position[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low == ring->npositions ? 0 : low;
}

static bool
contains(const uint16_t *set, uint32_t n, uint16_t node)
{
	for (uint32_t i = 0; i < n; i++)
	{
		if (set[i] == node)
			return true;
	}
	return false;
}

/* One walk in progress: the set so far, and how many more nodes of a used rack it may take. */
typedef struct Walk
{
	const ClusterRing *ring;
	uint32_t	dc;
	uint32_t	wanted;
	uint32_t	repeats;
	uint16_t   *found;			/* room for wanted */
	uint32_t	nfound;
} Walk;

static void
walk_simple(Walk *w, uint32_t start)
{
	const ClusterRing *ring = w->ring;

	for (uint32_t i = 0; i < ring->npositions && w->nfound < w->wanted; i++)
	{
		uint16_t	node = ring->position[(start + i) % ring->npositions].node;

		if (!contains(w->found, w->nfound, node))
			w->found[w->nfound++] = node;
	}
}

static bool
rack_used(const Walk *w, uint32_t rack)
{
	for (uint32_t i = 0; i < w->nfound; i++)
	{
		if (w->ring->node[w->found[i]].rack == rack)
			return true;
	}
	return false;
}

static void
walk_network(Walk *w, uint32_t start)
{
	const ClusterRing *ring = w->ring;
	uint32_t	repeats = w->repeats;

	for (uint32_t i = 0; i < ring->npositions && w->nfound < w->wanted; i++)
	{
		uint16_t	node = ring->position[(start + i) % ring->npositions].node;

		if (ring->node[node].dc != w->dc || contains(w->found, w->nfound, node))
			continue;
		if (rack_used(w, ring->node[node].rack))
		{
			if (repeats == 0)
				continue;
			repeats--;
		}
		w->found[w->nfound++] = node;
	}
}

static uint32_t
count_members(const ClusterRing *ring, bool all, uint32_t dc)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < ring->nnodes; i++)
		n += ring->node[i].member && (all || ring->node[i].dc == dc);
	return n;
}

static uint32_t
count_racks(const ClusterRing *ring, uint32_t dc)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < ring->nnodes; i++)
	{
		bool		first = ring->node[i].member && ring->node[i].dc == dc;

		for (uint32_t j = 0; first && j < i; j++)
			first = !(ring->node[j].member && ring->node[j].rack == ring->node[i].rack);
		n += first;
	}
	return n;
}

/* Copy the nodes of the data center, pad the rest. */
static void
keep_local(const Walk *w, uint16_t *out, uint32_t width)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < w->nfound; i++)
	{
		if (w->ring->node[w->found[i]].dc == w->dc)
			out[n++] = w->found[i];
	}
	while (n < width)
		out[n++] = CLUSTER_RING_NONE;
}

ClusterPlacement *
cluster_ring_place(const ClusterRing *ring, bool network, uint32_t factor, uint32_t dc)
{
	uint32_t	nodes = count_members(ring, !network, dc);
	uint32_t	racks = network ? count_racks(ring, dc) : 0;
	Walk		walk = {.ring = ring, .dc = dc, .wanted = factor < nodes ? factor : nodes};
	ClusterPlacement *p = calloc(1, sizeof(*p));

	walk.repeats = factor > racks ? factor - racks : 0;
	walk.found = malloc((walk.wanted + 1) * sizeof(*walk.found));
	if (p)
		p->replica = calloc((size_t) ring->npositions * walk.wanted + 1, sizeof(*p->replica));
	if (!p || !p->replica || !walk.found)
	{
		cluster_placement_free(p);
		free(walk.found);
		return NULL;
	}
	p->network = network;
	p->factor = factor;
	p->width = walk.wanted;
	for (uint32_t i = 0; i < ring->npositions; i++)
	{
		walk.nfound = 0;
		if (network)
			walk_network(&walk, i);
		else
			walk_simple(&walk, i);
		keep_local(&walk, p->replica + (size_t) i * p->width, p->width);
	}
	free(walk.found);
	return p;
}

void
cluster_placement_free(ClusterPlacement *p)
{
	if (!p)
		return;
	free(p->replica);
	free(p);
}
