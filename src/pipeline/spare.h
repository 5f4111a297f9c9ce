/*
 * pipeline/spare.h
 *	  Memory that requests have used, kept for the next ones: chunks, and blocks
 *	  that large bodies came in.
 *
 * Backend thread only. Zero-initialise.
 *
 * Large blocks are used again (spare_give_room). Freed at the end of a page, they
 * would go back to the system, and clearing new memory for each page took 7 percent
 * of a full scan's CPU (the median of eight runs) to 16 percent (the fastest run).
 */
#ifndef PIPELINE_SPARE_H
#define PIPELINE_SPARE_H

#include "cql/request.h"
#include "pipeline/chunk.h"

typedef struct SpareRoom SpareRoom;

typedef struct Spare
{
	bool		busy;			/* statements run: enough is kept for a full pipeline */
	Chunk	   *chunk;
	uint32_t	nchunks;
	SpareRoom  *room;			/* used last, first */
	size_t		room_bytes;
} Spare;

/* Statements run from now on, or none does any more: then all but a few chunks are freed. */
extern void spare_set_busy(Spare *s, bool busy);

/* A chunk that nobody has filled yet, not reset. NULL: out of memory. */
extern Chunk *spare_take_chunk(Spare *s);
extern void spare_keep_chunk(Spare *s, Chunk *chunk);

extern void spare_keep_block(Spare *s, uint8_t *block, size_t size);
extern void spare_add_room(Spare *s, ClusterRequest *r);
extern void spare_free(Spare *s);

/* The block is used again, or freed; NULL is none. Called for every row. */
static inline void
spare_keep(Spare *s, uint8_t *block, size_t size)
{
	if (block)
		spare_keep_block(s, block, size);
}

/* What asks for a page gets a block for its body, if there is one. Called for every row. */
static inline void
spare_give_room(Spare *s, ClusterRequest *r)
{
	if (s->room && (r->flags & CQL_PARAM_PAGE_SIZE))
		spare_add_room(s, r);
}

#endif							/* PIPELINE_SPARE_H */
