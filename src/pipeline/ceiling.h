/*
 * pipeline/ceiling.h
 *	  How many requests of a session the cluster may have at a time: as configured,
 *	  and fewer while writes fail on replicas.
 *
 * Submitter thread only; plain arithmetic. Without max_in_flight and without
 * strain there is no ceiling: each place of the cluster finds out by itself how many
 * requests it can do at a time (cluster/window.h).
 *
 * Strain, which is writes that failed on replicas and are repeated, takes the
 * ceiling down to CEILING_STRAINED at once, and to 1 from there: perhaps fewer at a
 * time work. From there it grows by a quarter, one at least, after each PATIENCE
 * answers; each further strain doubles that patience, so that what does not get
 * better is not tried again and again. At the configured number, or at
 * CEILING_RECOVERED where there is none, it is what it was before.
 */
#ifndef PIPELINE_CEILING_H
#define PIPELINE_CEILING_H

#include <stdbool.h>
#include <stdint.h>

#define CEILING_NONE UINT32_MAX
#define CEILING_STRAINED 2		/* a vector index of Cassandra takes one more than the node has cores */
#define CEILING_RECOVERED 128
#define CEILING_PATIENCE 32
#define CEILING_PATIENCE_MAX 4096
#define CEILING_STRAIN_PAUSE 50 /* ms in which more strain is still that of before the fall */

typedef struct Ceiling
{
	uint32_t	limit;			/* 1 or more; CEILING_NONE */
	uint32_t	fixed;			/* as configured; 0: not */
	uint32_t	strains;		/* as counted when last looked at */
	uint32_t	patience;		/* answers between two steps up; 0: not strained */
	uint32_t	quiet;			/* answers since the last step or strain */
	uint64_t	strained;		/* ms, when it last fell */
} Ceiling;

extern void ceiling_init(Ceiling *c, uint32_t max_in_flight);	/* 0: none */
extern void ceiling_follow(Ceiling *c, uint32_t max_in_flight); /* it may have changed */
extern void ceiling_strain(Ceiling *c, uint32_t strains, uint64_t now); /* their count ever; now in ms */
extern void ceiling_turn(Ceiling *c);	/* end of a loop turn */

/* One answer. */
static inline void
ceiling_note(Ceiling *c)
{
	if (c->patience > 0)
		c->quiet++;
}

#endif							/* PIPELINE_CEILING_H */
