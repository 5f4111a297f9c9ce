/*
 * cql/buffer.h
 *	  Byte cursors: a growable buffer, a bounds-checked reader, and an arena.
 *
 * Any thread; no locking: one thread uses one object at a time.
 * All multi-byte integers of the protocol are big-endian unless a name says
 * "le" (only the v5 segment layer is little-endian).
 * Failure sticks: after a failed allocation (buffer) or a short read (reader)
 * every further call is harmless, and the flag is tested once at the end.
 */
#ifndef CQL_BUFFER_H
#define CQL_BUFFER_H

#include "cql/invariant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes. len -1 is CQL's null (then data is NULL); 0 is empty. */
typedef struct CqlBytes
{
	const uint8_t *data;
	int32_t		len;
} CqlBytes;

/* Borrowed characters, not NUL-terminated. */
typedef struct CqlString
{
	const char *data;
	uint32_t	len;
} CqlString;

/*
 * Buffer. Owns data (malloc); zero-initialise to start empty. Never shrinks;
 * cql_buffer_reset keeps the memory, cql_buffer_free returns it.
 * Invariant: len <= cap; once failed, len no longer changes.
 */
typedef struct CqlBuffer
{
	uint8_t    *data;
	size_t		len;
	size_t		cap;
	bool		failed;			/* out of memory, or over CQL_BUFFER_MAX */
} CqlBuffer;

#define CQL_BUFFER_MAX ((size_t) 1 << 30)

extern bool cql_buffer_grow(CqlBuffer *b, size_t extra);	/* slow path of reserve */
extern void cql_buffer_free(CqlBuffer *b);
extern void cql_buffer_wipe(CqlBuffer *b);	/* overwrites what it held before: its room behind len */

static inline void
cql_buffer_reset(CqlBuffer *b)
{
	b->len = 0;
	b->failed = false;
}

/* Room for n more bytes at data + len; false (and failed) if there is none. */
static inline bool
cql_buffer_reserve(CqlBuffer *b, size_t n)
{
	CORE_ASSERT(b->len <= b->cap);
	if (!b->failed && b->cap - b->len >= n)
		return true;
	return cql_buffer_grow(b, n);
}

static inline void
cql_store_u16(uint8_t *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, 2);
}

static inline void
cql_store_u32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, 4);
}

static inline void
cql_store_u64(uint8_t *p, uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(p, &v, 8);
}

static inline uint16_t
cql_load_u16(const uint8_t *p)
{
	uint16_t	v;

	memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline uint32_t
cql_load_u32(const uint8_t *p)
{
	uint32_t	v;

	memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t
cql_load_u64(const uint8_t *p)
{
	uint64_t	v;

	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

static inline void
cql_put_u8(CqlBuffer *b, uint8_t v)
{
	if (cql_buffer_reserve(b, 1))
		b->data[b->len++] = v;
}

static inline void
cql_put_u16(CqlBuffer *b, uint16_t v)
{
	if (cql_buffer_reserve(b, 2))
	{
		cql_store_u16(b->data + b->len, v);
		b->len += 2;
	}
}

static inline void
cql_put_u32(CqlBuffer *b, uint32_t v)
{
	if (cql_buffer_reserve(b, 4))
	{
		cql_store_u32(b->data + b->len, v);
		b->len += 4;
	}
}

static inline void
cql_put_u64(CqlBuffer *b, uint64_t v)
{
	if (cql_buffer_reserve(b, 8))
	{
		cql_store_u64(b->data + b->len, v);
		b->len += 8;
	}
}

static inline void
cql_put_raw(CqlBuffer *b, const void *src, size_t n)
{
	if (n > 0 && cql_buffer_reserve(b, n))
	{
		memcpy(b->data + b->len, src, n);
		b->len += n;
	}
}

/* [string] u16 length + bytes; longer than 65535 sets failed. */
extern void cql_put_string(CqlBuffer *b, const char *s);
/* [long string] i32 length + bytes */
extern void cql_put_long_string(CqlBuffer *b, const char *s, size_t len);
/* [bytes] i32 length + bytes; data NULL writes null (-1) */
extern void cql_put_bytes(CqlBuffer *b, const void *data, int32_t len);
/* [short bytes] u16 length + bytes */
extern void cql_put_short_bytes(CqlBuffer *b, const void *data, uint16_t len);

/*
 * Value bracket: begin writes a 4-byte placeholder and returns its offset, end
 * patches it with the number of bytes written since. Nest freely.
 */
extern size_t cql_begin_value(CqlBuffer *b);
extern void cql_end_value(CqlBuffer *b, size_t mark);

#define CQL_NULL_LENGTH  0xffffffffu	/* -1 */
#define CQL_UNSET_LENGTH 0xfffffffeu	/* -2, protocol v4 and later */

static inline void
cql_put_null(CqlBuffer *b)
{
	cql_put_u32(b, CQL_NULL_LENGTH);
}

static inline void
cql_put_unset(CqlBuffer *b)
{
	cql_put_u32(b, CQL_UNSET_LENGTH);
}

/* Reader over borrowed bytes. A short read sets failed and yields zeros. */
typedef struct CqlReader
{
	const uint8_t *at;
	const uint8_t *end;
	bool		failed;
} CqlReader;

static inline CqlReader
cql_reader(const void *data, size_t len)
{
	/* no arithmetic on the NULL that empty bytes may come with */
	CqlReader	r = {data, len > 0 ? (const uint8_t *) data + len : data, false};

	return r;
}

static inline size_t
cql_reader_left(const CqlReader *r)
{
	CORE_ASSERT(r->at <= r->end);
	return (size_t) (r->end - r->at);
}

/* Next n bytes, or NULL and failed. n = 0 yields a non-NULL pointer unless failed. */
static inline const uint8_t *
cql_get_raw(CqlReader *r, size_t n)
{
	const uint8_t *p = r->at;

	CORE_ASSERT(r->at <= r->end);
	if (r->failed || n > (size_t) (r->end - r->at))
	{
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static inline uint8_t
cql_get_u8(CqlReader *r)
{
	const uint8_t *p = cql_get_raw(r, 1);

	return p ? *p : 0;
}

static inline uint16_t
cql_get_u16(CqlReader *r)
{
	const uint8_t *p = cql_get_raw(r, 2);

	return p ? cql_load_u16(p) : 0;
}

static inline uint32_t
cql_get_u32(CqlReader *r)
{
	const uint8_t *p = cql_get_raw(r, 4);

	return p ? cql_load_u32(p) : 0;
}

static inline uint64_t
cql_get_u64(CqlReader *r)
{
	const uint8_t *p = cql_get_raw(r, 8);

	return p ? cql_load_u64(p) : 0;
}

/* [bytes]; any negative length is null. Inline: each value of each row read comes through here. */
static inline CqlBytes
cql_get_bytes(CqlReader *r)
{
	int32_t		len = (int32_t) cql_get_u32(r);
	CqlBytes	bytes = {NULL, -1};

	if (r->failed || len < 0)
		return bytes;
	bytes.data = cql_get_raw(r, (size_t) len);
	if (bytes.data)
		bytes.len = len;
	return bytes;
}

extern CqlString cql_get_string(CqlReader *r);	/* [string] */
extern CqlString cql_get_long_string(CqlReader *r); /* [long string]; negative length fails */
extern CqlBytes cql_get_short_bytes(CqlReader *r);	/* [short bytes] */

static inline bool
cql_string_equal(CqlString s, const char *z)
{
	return strlen(z) == s.len && (s.len == 0 || memcmp(s.data, z, s.len) == 0);
}

/* z is not empty. */
static inline bool
cql_string_contains(CqlString s, const char *z)
{
	size_t		n = strlen(z);

	for (size_t i = 0; i + n <= s.len; i++)
	{
		if (memcmp(s.data + i, z, n) == 0)
			return true;
	}
	return false;
}

/* -1 if c is none. */
static inline int
cql_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Arena: decoded metadata lives here and dies at once. Zero-initialise.
 * cql_arena_alloc returns zeroed, 16-byte aligned memory, or NULL when out of
 * memory (and then failed stays set).
 */
typedef struct CqlArenaBlock CqlArenaBlock;
typedef struct CqlArena
{
	CqlArenaBlock *blocks;
	bool		failed;
} CqlArena;

extern void *cql_arena_alloc(CqlArena *a, size_t size);
extern char *cql_arena_strdup(CqlArena *a, const char *s, size_t len);	/* NUL-terminated copy */
extern void cql_arena_wipe(CqlArena *a);	/* overwrites all that it holds, which cql_arena_free is to follow */
extern void cql_arena_free(CqlArena *a);

#endif							/* CQL_BUFFER_H */
