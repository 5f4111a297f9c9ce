/*
 * cluster/tablet.c
 *	  Tablets of ScyllaDB's tables, as far as nodes have told of them.
 *
 * Submitter thread; no I/O.
 * Owns: names and tablets of each table.
 * Invariant: tablets of a table are in the order of their tokens, and no token is in
 * two of them.
 */
#include "cluster/tablet.h"

#include "cluster/ring.h"
#include "cql/invariant.h"

#include <stdlib.h>
#include <string.h>

static void
forget_all(ClusterTablets *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->tablet[i]);
	t->n = 0;
}

static void
free_tablets(ClusterTablets *t)
{
	forget_all(t);
	free(t->tablet);
	free(t->last);
	free(t->keyspace);
	free(t->table);
	free(t);
}

void
cluster_tablets_free(ClusterTabletMap *map)
{
	while (map->tables)
	{
		ClusterTablets *next = map->tables->next;

		free_tablets(map->tables);
		map->tables = next;
	}
	map->generation++;
}

/* ---- looking up ---- */

ClusterTablets *
cluster_tablets_of(const ClusterTabletMap *map, const char *keyspace, const char *table)
{
	ClusterTablets *t = map->tables;

	while (t && (strcmp(t->table, table) != 0 || strcmp(t->keyspace, keyspace) != 0))
		t = t->next;
	return t;
}

/* The first one whose last token is not before this one; n: none. */
static uint32_t
position_of(const ClusterTablets *t, int64_t token)
{
	uint32_t	low = 0;
	uint32_t	high = t->n;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (t->last[middle] < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const ClusterTablet *
cluster_tablet_find(const ClusterTablets *t, int64_t token)
{
	uint32_t	i = position_of(t, token);

	return i < t->n && t->tablet[i]->first < token ? t->tablet[i] : NULL;
}

/* ---- learning ---- */

/* NULL: out of memory. */
static ClusterTablets *
add_table(ClusterTabletMap *map, const char *keyspace, const char *table)
{
	ClusterTablets *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->keyspace = strdup(keyspace);
	t->table = strdup(table);
	if (!t->keyspace || !t->table)
	{
		free_tablets(t);
		return NULL;
	}
	t->next = map->tables;
	map->tables = t;
	map->generation++;
	return t;
}

ClusterTablets *
cluster_tablets_make(ClusterTabletMap *map, const char *keyspace, const char *table)
{
	ClusterTablets *t = cluster_tablets_of(map, keyspace, table);

	return t ? t : add_table(map, keyspace, table);
}

static bool
reserve(ClusterTablets *t)
{
	uint32_t	size = t->size ? t->size * 2 : 16;
	int64_t    *last;
	ClusterTablet **tablet;

	if (t->n < t->size)
		return true;
	last = realloc(t->last, size * sizeof(*last));
	if (!last)
		return false;
	t->last = last;
	tablet = realloc(t->tablet, size * sizeof(*tablet));
	if (!tablet)
		return false;
	t->tablet = tablet;
	t->size = size;
	return true;
}

/* Those that have a number to the front, in their order. */
static void
sort_replicas(ClusterTablet *tablet)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < tablet->nreplicas; i++)
	{
		ClusterTabletReplica replica = tablet->replica[i];

		if (replica.node == CLUSTER_RING_NONE)
			continue;
		memmove(&tablet->replica[n + 1], &tablet->replica[n], (i - n) * sizeof(replica));
		tablet->replica[n++] = replica;
	}
	tablet->nlocal = n;
}

/* NULL: out of memory. */
static ClusterTablet *
make_tablet(const CqlTablet *told, ClusterNumberOf number_of, const void *context)
{
	ClusterTablet *tablet = malloc(sizeof(*tablet) + told->nreplicas * sizeof(tablet->replica[0]));

	if (!tablet)
		return NULL;
	tablet->first = told->first;
	tablet->nreplicas = told->nreplicas;
	for (uint32_t i = 0; i < told->nreplicas; i++)
	{
		ClusterTabletReplica *replica = &tablet->replica[i];

		memcpy(replica->host_id, told->replica[i].host_id, 16);
		replica->node = number_of(context, replica->host_id);
		replica->shard = told->replica[i].shard < UINT16_MAX ? (uint16_t) told->replica[i].shard : UINT16_MAX;
	}
	sort_replicas(tablet);
	return tablet;
}

/* Those from first on, before end. */
static void
remove_some(ClusterTablets *t, uint32_t first, uint32_t end)
{
	if (first == end)
		return;
	for (uint32_t i = first; i < end; i++)
		free(t->tablet[i]);
	memmove(t->tablet + first, t->tablet + end, (t->n - end) * sizeof(t->tablet[0]));
	memmove(t->last + first, t->last + end, (t->n - end) * sizeof(t->last[0]));
	t->n -= end - first;
}

static void
insert(ClusterTablets *t, uint32_t at, ClusterTablet *tablet, int64_t last)
{
	memmove(t->tablet + at + 1, t->tablet + at, (t->n - at) * sizeof(t->tablet[0]));
	memmove(t->last + at + 1, t->last + at, (t->n - at) * sizeof(t->last[0]));
	t->tablet[at] = tablet;
	t->last[at] = last;
	t->n++;
	CORE_ASSERT(at == 0 || t->last[at - 1] <= tablet->first);
	CORE_ASSERT(at + 1 == t->n || t->tablet[at + 1]->first >= last);
}

/* Ranges are open at their beginning: those that only touch do not overlap. */
static uint32_t
make_way(ClusterTablets *t, const CqlTablet *told)
{
	uint32_t	first = position_of(t, told->first + 1);
	uint32_t	end = first;

	while (end < t->n && t->tablet[end]->first < told->last)
		end++;
	remove_some(t, first, end);
	return first;
}

bool
cluster_tablets_learn(ClusterTabletMap *map, const char *keyspace, const char *table, const CqlTablet *told,
					  ClusterNumberOf number_of, const void *context)
{
	ClusterTablets *t = cluster_tablets_make(map, keyspace, table);
	ClusterTablet *tablet;
	uint32_t	at;

	CORE_ASSERT(told->last > told->first && told->nreplicas > 0);
	if (!t)
		return false;
	if (t->n >= CLUSTER_TABLET_LIMIT)
		forget_all(t);
	at = make_way(t, told);
	tablet = reserve(t) ? make_tablet(told, number_of, context) : NULL;
	if (!tablet)
		return false;
	insert(t, at, tablet, told->last);
	return true;
}

/* ---- forgetting ---- */

void
cluster_tablets_forget(ClusterTabletMap *map, const char *keyspace, const char *table)
{
	ClusterTablets **at = &map->tables;

	while (*at)
	{
		ClusterTablets *t = *at;

		if (strcmp(t->keyspace, keyspace) != 0 || (table && strcmp(t->table, table) != 0))
		{
			at = &t->next;
			continue;
		}
		*at = t->next;
		free_tablets(t);
		map->generation++;
	}
}

/* false: one of its nodes is known no more. */
static bool
renumber(ClusterTablet *tablet, ClusterNumberOf number_of, const void *context,
		 bool (*is_known) (const void *context, const uint8_t *host_id))
{
	for (uint32_t i = 0; i < tablet->nreplicas; i++)
	{
		ClusterTabletReplica *replica = &tablet->replica[i];

		if (!is_known(context, replica->host_id))
			return false;
		replica->node = number_of(context, replica->host_id);
	}
	sort_replicas(tablet);
	return true;
}

void
cluster_tablets_renumber(ClusterTabletMap *map, ClusterNumberOf number_of, const void *context,
						 bool (*is_known) (const void *context, const uint8_t *host_id))
{
	for (ClusterTablets *t = map->tables; t; t = t->next)
	{
		uint32_t	kept = 0;

		for (uint32_t i = 0; i < t->n; i++)
		{
			if (!renumber(t->tablet[i], number_of, context, is_known))
			{
				free(t->tablet[i]);
				continue;
			}
			t->tablet[kept] = t->tablet[i];
			t->last[kept++] = t->last[i];
		}
		t->n = kept;
	}
}
