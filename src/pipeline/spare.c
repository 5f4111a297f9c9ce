/*
 * pipeline/spare.c
 *	  Memory that requests have used, kept for the next ones.
 *
 * Thread: backend.
 * Owns: the chunks and blocks that are kept.
 * Invariants: nchunks is the number of chunks kept, and room_bytes the size of all
 * blocks kept. Blocks are kept only while statements run, and are at least
 * ROOM_LEAST large each and at most ROOM_KEPT all together.
 */
#include "pipeline/spare.h"

#include <stdlib.h>

/* Chunks kept: while statements run enough for a full pipeline, a few in an idle backend. */
#define CHUNKS_WHILE_BUSY 64
#define CHUNKS_WHILE_IDLE 4

/* malloc gives blocks of this size back to the system, which has to find and clear their memory page by page. */
#define ROOM_LEAST ((size_t) 64 * 1024)
#define ROOM_KEPT ((size_t) 8 * 1024 * 1024)	/* bytes of all */

struct SpareRoom
{
	SpareRoom  *next;
	size_t		size;
};								/* at the block's begin */

/* ---- chunks ---- */

Chunk *
spare_take_chunk(Spare *s)
{
	Chunk	   *chunk = s->chunk;

	CORE_ASSERT((s->nchunks == 0) == (s->chunk == NULL));
	if (!chunk)
		return chunk_create();
	s->chunk = chunk->next;
	s->nchunks--;
	return chunk;
}

void
spare_keep_chunk(Spare *s, Chunk *chunk)
{
	if (s->nchunks >= (s->busy ? CHUNKS_WHILE_BUSY : CHUNKS_WHILE_IDLE))
	{
		chunk_destroy(chunk);
		return;
	}
	chunk->next = s->chunk;
	s->chunk = chunk;
	s->nchunks++;
}

static void
trim_chunks(Spare *s, uint32_t keep)
{
	while (s->nchunks > keep)
		chunk_destroy(spare_take_chunk(s));
}

/* ---- room for bodies ---- */

void
spare_keep_block(Spare *s, uint8_t *block, size_t size)
{
	SpareRoom  *room = (SpareRoom *) block;

	if (size < ROOM_LEAST || s->room_bytes + size > ROOM_KEPT || !s->busy)
	{
		free(block);
		return;
	}
	room->next = s->room;
	room->size = size;
	s->room = room;
	s->room_bytes += size;
}

void
spare_add_room(Spare *s, ClusterRequest *r)
{
	SpareRoom  *room = s->room;

	CORE_ASSERT(room->size >= ROOM_LEAST && room->size <= s->room_bytes && s->room_bytes <= ROOM_KEPT);
	s->room = room->next;
	s->room_bytes -= room->size;
	r->room_size = room->size;
	r->room = (uint8_t *) room;
}

static void
free_room(Spare *s)
{
	for (SpareRoom *room = s->room, *next; room; room = next)
	{
		next = room->next;
		free(room);
	}
	s->room = NULL;
	s->room_bytes = 0;
}

/* ---- all of it ---- */

void
spare_set_busy(Spare *s, bool busy)
{
	s->busy = busy;
	if (busy)
		return;
	trim_chunks(s, CHUNKS_WHILE_IDLE);
	free_room(s);
}

void
spare_free(Spare *s)
{
	trim_chunks(s, 0);
	free_room(s);
}
