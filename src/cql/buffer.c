/*
 * cql/buffer.c
 *	  Growable buffer, bounds-checked reader, arena: the slow paths.
 *
 * Thread: any; one thread uses one object at a time.
 * Owns: the memory of each CqlBuffer and CqlArena, all of it from malloc.
 * Invariants: len <= cap; a failed buffer keeps what it had and takes no more;
 * a failed reader never moves again; arena memory stays put until it is freed.
 */
#include "cql/buffer.h"

#include <stdlib.h>

#define BUFFER_FIRST_CAP 256
#define ARENA_FIRST_BLOCK 1024
#define ARENA_LARGEST_BLOCK (64 * 1024)
#define ARENA_ALIGN 16

/* ---- buffer ---- */

bool
cql_buffer_grow(CqlBuffer *b, size_t extra)
{
	size_t		cap = b->cap ? b->cap : BUFFER_FIRST_CAP;
	uint8_t    *data;

	if (b->failed)
		return false;
	if (extra > CQL_BUFFER_MAX || b->len > CQL_BUFFER_MAX - extra)
	{
		b->failed = true;
		return false;
	}
	if (b->cap - b->len >= extra && b->data)
		return true;

	/* Doubling keeps appending amortised O(1); a power of two stops at the limit. */
	while (cap - b->len < extra || cap < b->len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
	{
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	CORE_ASSERT(b->cap - b->len >= extra);
	return true;
}

void
cql_buffer_free(CqlBuffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
cql_buffer_wipe(CqlBuffer *b)
{
	if (b->cap > b->len)
		explicit_bzero(b->data + b->len, b->cap - b->len);
}

void
cql_put_string(CqlBuffer *b, const char *s)
{
	size_t		len = strlen(s);

	if (len > UINT16_MAX)
	{
		b->failed = true;
		return;
	}
	cql_put_u16(b, (uint16_t) len);
	cql_put_raw(b, s, len);
}

void
cql_put_long_string(CqlBuffer *b, const char *s, size_t len)
{
	if (len > INT32_MAX)
	{
		b->failed = true;
		return;
	}
	cql_put_u32(b, (uint32_t) len);
	cql_put_raw(b, s, len);
}

void
cql_put_bytes(CqlBuffer *b, const void *data, int32_t len)
{
	if (!data || len < 0)
	{
		cql_put_null(b);
		return;
	}
	cql_put_u32(b, (uint32_t) len);
	cql_put_raw(b, data, (size_t) len);
}

void
cql_put_short_bytes(CqlBuffer *b, const void *data, uint16_t len)
{
	cql_put_u16(b, len);
	cql_put_raw(b, data, len);
}

size_t
cql_begin_value(CqlBuffer *b)
{
	size_t		mark = b->len;

	cql_put_u32(b, 0);
	return mark;
}

void
cql_end_value(CqlBuffer *b, size_t mark)
{
	CORE_ASSERT(b->failed || mark <= b->len);
	/* A failed buffer may not even hold the placeholder. */
	if (b->failed || b->len < mark + 4)
		return;
	cql_store_u32(b->data + mark, (uint32_t) (b->len - mark - 4));
}

/* ---- reader ---- */

static CqlString
get_characters(CqlReader *r, size_t len)
{
	const uint8_t *p = cql_get_raw(r, len);
	CqlString	s = {(const char *) p, (uint32_t) len};

	/* Callers may compare the result before they test the flag. */
	if (!p)
	{
		s.data = "";
		s.len = 0;
	}
	return s;
}

CqlString
cql_get_string(CqlReader *r)
{
	return get_characters(r, cql_get_u16(r));
}

CqlString
cql_get_long_string(CqlReader *r)
{
	int32_t		len = (int32_t) cql_get_u32(r);

	if (len < 0)
	{
		r->failed = true;
		len = 0;
	}
	return get_characters(r, (size_t) len);
}

CqlBytes
cql_get_short_bytes(CqlReader *r)
{
	uint16_t	len = cql_get_u16(r);
	CqlBytes	bytes = {cql_get_raw(r, len), len};

	if (!bytes.data)
		bytes.len = -1;
	return bytes;
}

/* ---- arena ---- */

struct CqlArenaBlock
{
	CqlArenaBlock *next;
	size_t		used;
	size_t		size;
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

static CqlArenaBlock *
add_block(CqlArena *a, size_t size)
{
	size_t		want = a->blocks ? a->blocks->size * 2 : ARENA_FIRST_BLOCK;
	CqlArenaBlock *block;

	if (want > ARENA_LARGEST_BLOCK)
		want = ARENA_LARGEST_BLOCK;
	if (want < size)
		want = size;
	block = calloc(1, sizeof(*block) + want);
	if (!block)
		return NULL;
	block->size = want;
	block->next = a->blocks;
	a->blocks = block;
	return block;
}

void *
cql_arena_alloc(CqlArena *a, size_t size)
{
	CqlArenaBlock *block = a->blocks;
	void	   *p;

	if (a->failed || size > CQL_BUFFER_MAX)
	{
		a->failed = true;
		return NULL;
	}
	size = (size + ARENA_ALIGN - 1) & ~(size_t) (ARENA_ALIGN - 1);
	if (!block || block->size - block->used < size)
		block = add_block(a, size);
	if (!block)
	{
		a->failed = true;
		return NULL;
	}
	CORE_ASSERT(block->used + size <= block->size);
	p = block->data + block->used;
	block->used += size;
	return p;
}

char *
cql_arena_strdup(CqlArena *a, const char *s, size_t len)
{
	char	   *copy = len < CQL_BUFFER_MAX ? cql_arena_alloc(a, len + 1) : NULL;

	if (copy && len > 0)
		memcpy(copy, s, len);
	if (!copy)
		a->failed = true;
	return copy;
}

void
cql_arena_wipe(CqlArena *a)
{
	for (CqlArenaBlock *block = a->blocks; block; block = block->next)
		explicit_bzero(block->data, block->used);
}

void
cql_arena_free(CqlArena *a)
{
	while (a->blocks)
	{
		CqlArenaBlock *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->failed = false;
}
