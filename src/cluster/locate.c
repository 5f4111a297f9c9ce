/*
 * cluster/locate.c
 *	  Where rows live.
 *
 * Submitter thread; no I/O.
 * Owns: nothing; placements belong to the topology, which frees them when the next
 * one is committed.
 * Invariant: a placement is looked at only while the topology's generation is the
 * one in which it was found.
 */
#include "cluster/locate.h"

#include "cluster/ring.h"

/* One for each strategy and factor, however many keyspaces have these. NULL: out of memory. */
static const ClusterPlacement *
placement_of(ClusterTopology *t, const ClusterKeyspace *k)
{
	ClusterPlacement *p;

	for (p = t->placements; p; p = p->next)
	{
		if (p->network == k->network && p->factor == k->factor)
			return p;
	}
	p = cluster_ring_place(t->ring, k->network, k->factor, t->local_dc_number);
	if (!p)
		return NULL;
	p->next = t->placements;
	t->placements = p;
	return p;
}

/* NULL: unknown. */
static ClusterKeyspace *
find_keyspace(const ClusterTopology *t, const char *name)
{
	for (uint32_t i = 0; i < t->nkeyspaces; i++)
	{
		if (strcmp(t->keyspace[i].name, name) == 0)
			return &t->keyspace[i];
	}
	return NULL;
}

bool
cluster_locate_in_tablets(const ClusterTopology *t, const char *keyspace)
{
	const ClusterKeyspace *k = find_keyspace(t, keyspace);

	return k && k->tablets;
}

bool
cluster_locate_some_tablets(const ClusterTopology *t)
{
	for (uint32_t i = 0; i < t->nkeyspaces; i++)
	{
		if (t->keyspace[i].tablets)
			return true;
	}
	return false;
}

/* NULL: unknown, or anywhere. */
static const ClusterPlacement *
find_placement(ClusterTopology *t, const char *keyspace)
{
	ClusterKeyspace *k = find_keyspace(t, keyspace);

	if (!k || cluster_locate_positions(t) == 0)
		return NULL;
	if (!k->any && !k->placement)
		k->placement = placement_of(t, k);
	return k->placement;
}

/* Once for each commit and table: no part of the way of a row. */
static __attribute__((noinline))
void
look_up(ClusterTopology *t, ClusterTable *table)
{
	table->placement = table->keyspace ? find_placement(t, table->keyspace) : NULL;
	table->generation = t->generation;
}

/* Once for each table that comes or goes: no part of the way of a row. */
static __attribute__((noinline))
void
look_up_tablets(const ClusterTopology *t, ClusterTable *table)
{
	table->tablets = table->keyspace ? cluster_tablets_of(&t->tablets, table->keyspace, table->name) : NULL;
	table->tablets_generation = t->tablets.generation + 1;
}

/* What is not known of a table with tablets, the ring does not tell. */
static ClusterReplicas
in_tablet(const ClusterTablets *tablets, int64_t token)
{
	const ClusterTablet *tablet = cluster_tablet_find(tablets, token);

	return tablet ? (ClusterReplicas) {.tablet = tablet->replica, .n = tablet->nlocal, .token = token} : (ClusterReplicas) {0};
}

/* Nearly all sets are full. */
static uint32_t
count_replicas(const uint16_t *number, uint32_t width)
{
	while (width > 0 && number[width - 1] == CLUSTER_RING_NONE)
		width--;
	return width;
}

ClusterReplicas
cluster_locate(ClusterTopology *t, ClusterTable *table, int64_t token)
{
	const ClusterPlacement *p;
	const uint16_t *number;

	if (table->tablets_generation != t->tablets.generation + 1)
		look_up_tablets(t, table);
	if (table->tablets)
		return in_tablet(table->tablets, token);
	if (table->generation != t->generation)
		look_up(t, table);
	p = table->placement;
	if (!p)
		return (ClusterReplicas) {0};
	number = p->replica + (size_t) cluster_ring_owner(t->ring, token) * p->width;
	return (ClusterReplicas) {.number = number, .n = count_replicas(number, p->width), .token = token};
}

uint32_t
cluster_locate_positions(const ClusterTopology *t)
{
	return t->ring ? t->ring->npositions : 0;
}

int64_t
cluster_locate_token(const ClusterTopology *t, uint32_t position)
{
	return t->ring->position[position].token;
}

uint16_t
cluster_locate_owner(const ClusterTopology *t, uint32_t position)
{
	return t->ring->position[position].node;
}
