/*
 * cluster/window_slot.h
 *	  When windows are halved: the grid of slots on the wall clock.
 *
 * Submitter thread only; pure. A tick is CLUSTER_SLOTS_OF_TICK slots long and begins at
 * a multiple of that; the window is halved in its first slot. Of each slot's length is
 * a class; grids of all classes begin together, so that sessions of one place halve
 * together as long as they are of one class, and often where they are not.
 *
 *		halved		|settle|  rate  |
 *		as it is	                |settle|                 rate                |
 *		slots		0      .3       1      1.3                                   4
 */
#ifndef CLUSTER_WINDOW_SLOT_H
#define CLUSTER_WINDOW_SLOT_H

#include <stdint.h>

#define CLUSTER_SLOT_CLASSES 4
#define CLUSTER_SLOTS_OF_TICK 4

/* The parts of a tick, in order. */
typedef enum ClusterSlotPart
{
	CLUSTER_SLOT_HALF_SETTLE,	/* until the halving shows in the answers */
	CLUSTER_SLOT_HALF_RATE,
	CLUSTER_SLOT_FULL_SETTLE,
	CLUSTER_SLOT_FULL_RATE
} ClusterSlotPart;

extern uint64_t cluster_slot_length(uint8_t class); /* ns */
extern uint64_t cluster_slot_tick(uint8_t class, uint64_t now); /* its number */
/* Where in its tick a time is; *left: ns to the end of that part. */
extern ClusterSlotPart cluster_slot_part(uint8_t class, uint64_t now, uint64_t *left);
/* delay: a halving shows after it. turn: long ones of ours. Both in ns. A class that serves is kept. */
extern uint8_t cluster_slot_class(uint8_t class, double delay, double turn);

#endif							/* CLUSTER_WINDOW_SLOT_H */
