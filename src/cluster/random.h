/*
 * cluster/random.h
 *	  Chance: sessions must not do the same at the same moment.
 *
 * Submitter thread; pure. The state is the caller's, and never 0. xorshift64*: the
 * upper half of the very first number depends on all bits of the state, so sessions
 * that begin within milliseconds of each other go different ways.
 */
#ifndef CLUSTER_RANDOM_H
#define CLUSTER_RANDOM_H

#include <stdint.h>

static inline uint64_t
cluster_random(uint64_t *state)
{
	uint64_t	x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * UINT64_C(0x2545F4914F6CDD1D);
}

/* 0 to n - 1; n > 0. */
static inline uint32_t
cluster_random_below(uint64_t *state, uint32_t n)
{
	return (uint32_t) ((cluster_random(state) >> 32) * n >> 32);
}

#endif							/* CLUSTER_RANDOM_H */
