/*
 * cluster/window_slot.c
 *	  When windows are halved: the grid of slots on the wall clock.
 *
 * Submitter thread; pure. Owns nothing.
 * Invariant: each class is a multiple of the one before it.
 *
 * Classes are far from each other, as sessions of one place that see about the same
 * latency must come to the same class, or they halve apart: with factors of 2 they did.
 */
#include "cluster/window_slot.h"

#include "cql/invariant.h"

#define MS UINT64_C(1000000)
#define DELAYS_OF_SLOT 3		/* the answers show a halving after one */
#define TURNS_OF_SLOT 4			/* or the turn that ends a slot decides about its rate */
#define TOO_LONG 5				/* for a class to be kept */

static const uint64_t lengths[CLUSTER_SLOT_CLASSES] = {16 * MS, 64 * MS, 256 * MS, 1024 * MS};

uint64_t
cluster_slot_length(uint8_t class)
{
	CORE_ASSERT(class < CLUSTER_SLOT_CLASSES);
	return lengths[class];
}

uint64_t
cluster_slot_tick(uint8_t class, uint64_t now)
{
	return now / (cluster_slot_length(class) * CLUSTER_SLOTS_OF_TICK);
}

ClusterSlotPart
cluster_slot_part(uint8_t class, uint64_t now, uint64_t *left)
{
	uint64_t	slot = cluster_slot_length(class);
	uint64_t	at = now % (slot * CLUSTER_SLOTS_OF_TICK);
	uint64_t	settle = slot * 3 / 10;
	const uint64_t ends[] = {settle, slot, slot + settle, slot * CLUSTER_SLOTS_OF_TICK};
	ClusterSlotPart part = CLUSTER_SLOT_HALF_SETTLE;

	while (at >= ends[part])
		part++;
	*left = ends[part] - at;
	return part;
}

uint8_t
cluster_slot_class(uint8_t class, double delay, double turn)
{
	double		want = DELAYS_OF_SLOT * delay;
	uint8_t		least = 0;

	if (want < TURNS_OF_SLOT * turn)
		want = TURNS_OF_SLOT * turn;
	while (least < CLUSTER_SLOT_CLASSES - 1 && (double) lengths[least] < want)
		least++;
	return least < class && want * TOO_LONG >= (double) lengths[class] ? class : least;
}
