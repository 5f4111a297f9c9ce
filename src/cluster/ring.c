/*
 * cluster/ring.c
 *	  The token ring and the replicas of each of its positions.
 *
 * Submitter thread; pure: no I/O, no clock.
 * Owns: nothing but what its structs hold.
 * Invariants: placing takes one step for each position and each replica of it,
 * and for nodes of racks that a set has already; a replica set names no node twice.
 */
#include "cluster/ring.h"

#include "cql/invariant.h"

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

ClusterRing *
cluster_ring_new(uint32_t nnodes, size_t npositions)
{
	ClusterRing *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->nnodes = nnodes;
	ring->node = calloc((size_t) nnodes + 1, sizeof(*ring->node));
	ring->position = malloc((npositions + 1) * sizeof(*ring->position));
	if (ring->node && ring->position)
		return ring;
	cluster_ring_free(ring);
	return NULL;
}

void
cluster_ring_free(ClusterRing *ring)
{
	if (!ring)
		return;
	free(ring->position);
	free(ring->node);
	free(ring);
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

/* ---- placing ---- */

/*
 * The replicas of a position are the first nodes that a walk of the ring meets
 * from there. A walk for each position would be long where there are many
 * replicas: so positions are taken backwards, and a list is kept of all nodes in
 * the order in which a walk meets them. One position further back, its node is the
 * first one met, and the order of the others is the same: it moves to the front.
 * A first round over all positions, which places nothing, brings the list into
 * the order that it has behind the last position, where a walk goes on at the first.
 */
typedef struct Walk
{
	const ClusterRing *ring;
	bool		network;
	uint32_t	dc;
	uint32_t	wanted;
	uint32_t	repeats;		/* how many nodes of a used rack a set may have */
	uint16_t   *next;			/* of each node; those not met yet are linked to themselves */
	uint16_t   *previous;
	uint32_t   *used;			/* by rack: the last position, plus 1, in whose set it is */
	uint16_t	end;			/* in front of the first node, behind the last one */
	uint64_t	steps;			/* kept by CORE_NOTE */
} Walk;

static bool
begin_walk(Walk *w)
{
	const uint32_t n = w->ring->nnodes;

	w->end = (uint16_t) n;
	w->next = malloc((n + 1) * sizeof(*w->next));
	w->previous = malloc((n + 1) * sizeof(*w->previous));
	w->used = calloc(n + 1, sizeof(*w->used));
	if (!w->next || !w->previous || !w->used)
		return false;
	for (uint32_t i = 0; i <= n; i++)
		w->next[i] = w->previous[i] = (uint16_t) i;
	return true;
}

static void
end_walk(Walk *w)
{
	free(w->next);
	free(w->previous);
	free(w->used);
}

static void
step_back(Walk *w, uint32_t position)
{
	uint16_t	node = w->ring->position[position].node;
	uint16_t	first;

	if (w->network && w->ring->node[node].dc != w->dc)
		return;
	w->next[w->previous[node]] = w->next[node];
	w->previous[w->next[node]] = w->previous[node];
	first = w->next[w->end];
	w->next[node] = first;
	w->previous[node] = w->end;
	w->previous[first] = node;
	w->next[w->end] = node;
}

/* Of all data centers; the local ones are kept. */
static uint32_t
place_simple(Walk *w, uint16_t *out)
{
	uint32_t	left = w->wanted;
	uint32_t	n = 0;

	for (uint16_t node = w->next[w->end]; node != w->end && left > 0; node = w->next[node], left--)
	{
		CORE_NOTE(w->steps++);
		if (w->ring->node[node].dc == w->dc)
			out[n++] = node;
	}
	return n;
}

/* The list has nodes of the local data center alone. */
static uint32_t
place_network(Walk *w, uint32_t position, uint16_t *out)
{
	uint32_t	repeats = w->repeats;
	uint32_t	n = 0;

	for (uint16_t node = w->next[w->end]; node != w->end && n < w->wanted; node = w->next[node])
	{
		uint32_t	rack = w->ring->node[node].rack;

		CORE_NOTE(w->steps++);
		if (w->used[rack] == position + 1)
		{
			if (repeats == 0)
				continue;
			repeats--;
		}
		w->used[rack] = position + 1;
		out[n++] = node;
	}
	return n;
}

static bool
names_none_twice(const uint16_t *node, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
	{
		for (uint32_t j = 0; j < i; j++)
		{
			if (node[i] == node[j])
				return false;
		}
	}
	return true;
}

static void
place_all(Walk *w, ClusterPlacement *p)
{
	const uint32_t npositions = w->ring->npositions;

	for (uint32_t i = npositions; i-- > 0;)
		step_back(w, i);
	for (uint32_t i = npositions; i-- > 0;)
	{
		uint16_t   *out = p->replica + (size_t) i * p->width;
		uint32_t	n;

		step_back(w, i);
		n = w->network ? place_network(w, i, out) : place_simple(w, out);
		CORE_ASSERT(n <= p->width && names_none_twice(out, n));
		while (n < p->width)
			out[n++] = CLUSTER_RING_NONE;
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

ClusterPlacement *
cluster_ring_place(const ClusterRing *ring, bool network, uint32_t factor, uint32_t dc)
{
	uint32_t	nodes = count_members(ring, !network, dc);
	uint32_t	racks = network ? count_racks(ring, dc) : 0;
	Walk		walk = {.ring = ring, .network = network, .dc = dc, .wanted = factor < nodes ? factor : nodes};
	ClusterPlacement *p = calloc(1, sizeof(*p));

	walk.repeats = factor > racks ? factor - racks : 0;
	if (p)
		p->replica = calloc((size_t) ring->npositions * walk.wanted + 1, sizeof(*p->replica));
	if (!p || !p->replica || !begin_walk(&walk))
	{
		cluster_placement_free(p);
		end_walk(&walk);
		return NULL;
	}
	p->network = network;
	p->factor = factor;
	p->width = walk.wanted;
	place_all(&walk, p);
	CORE_NOTE(p->steps = walk.steps);
	end_walk(&walk);
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
