/*
 * cql/frame.c
 *	  Frame headers, checksums, and the writing side of compression and segments.
 *
 * Thread: any; pure functions over the caller's buffers.
 * Owns: nothing.
 * Invariants: only appends to its output; what cannot be expressed on the wire
 * (a body over the limit, bytes that are not whole frames) sets failed. Segment
 * integers are little-endian, everything inside a frame is big-endian.
 */
#include "cql/frame.h"

#include <lz4.h>
#include <zlib.h>

#define CRC24_INIT 0x875060
#define CRC24_POLY 0x1974F0B

/* ---- header ---- */

void
cql_frame_store_header(uint8_t *p, uint8_t version, uint8_t flags, int16_t stream,
					   uint8_t opcode, uint32_t length)
{
	p[0] = version;
	p[1] = flags;
	cql_store_u16(p + 2, (uint16_t) stream);
	p[4] = opcode;
	cql_store_u32(p + 5, length);
}

size_t
cql_frame_begin(CqlBuffer *b, uint8_t version, uint8_t flags, int16_t stream, uint8_t opcode)
{
	size_t		mark = b->len;

	if (cql_buffer_reserve(b, CQL_FRAME_HEADER_SIZE))
	{
		cql_frame_store_header(b->data + mark, version, flags, stream, opcode, 0);
		b->len += CQL_FRAME_HEADER_SIZE;
	}
	return mark;
}

void
cql_frame_end(CqlBuffer *b, size_t mark)
{
	size_t		length;

	CORE_ASSERT(b->failed || mark <= b->len);
	/* A failed buffer may not even hold the header. */
	if (b->failed || b->len < mark + CQL_FRAME_HEADER_SIZE)
		return;
	length = b->len - mark - CQL_FRAME_HEADER_SIZE;
	if (length > CQL_FRAME_MAX_BODY)
		b->failed = true;
	else
		cql_store_u32(b->data + mark + 5, (uint32_t) length);
}

/* ---- checksums ---- */

uint32_t
cql_crc24(const uint8_t *data, size_t len)
{
	uint32_t	crc = CRC24_INIT;

	for (size_t i = 0; i < len; i++)
	{
		crc ^= (uint32_t) data[i] << 16;
		for (int bit = 0; bit < 8; bit++)
		{
			/* a mask instead of a branch: the bits are noise to a predictor */
			crc <<= 1;
			crc ^= CRC24_POLY & (0 - (crc >> 24));
		}
	}
	return crc;
}

uint32_t
cql_crc32(const uint8_t *data, size_t len)
{
	static const uint8_t seed[] = {0xFA, 0x2D, 0x55, 0xCA};

	return (uint32_t) crc32_z(crc32_z(0, seed, sizeof(seed)), data, len);
}

/* ---- v3, v4: compression of one frame ---- */

void
cql_frame_compress(CqlBuffer *out, const uint8_t *frame, size_t n)
{
	const uint8_t *body = frame + CQL_FRAME_HEADER_SIZE;
	size_t		length = n - CQL_FRAME_HEADER_SIZE;
	uint8_t    *p;
	int			room;
	int			packed;

	if (n < CQL_FRAME_HEADER_SIZE || length > CQL_FRAME_MAX_BODY)
	{
		out->failed = true;
		return;
	}
	if (!cql_buffer_reserve(out, n))
		return;

	/* Room for one byte less than the body itself: LZ4 gives up where nothing is won. */
	p = out->data + out->len;
	room = (int) length - CQL_LZ4_PREFIX_SIZE - 1;
	packed = room > 0 ? LZ4_compress_default((const char *) body,
											 (char *) p + CQL_FRAME_HEADER_SIZE + CQL_LZ4_PREFIX_SIZE,
											 (int) length, room) : 0;
	if (packed <= 0)
	{
		cql_put_raw(out, frame, n);
		return;
	}
	memcpy(p, frame, CQL_FRAME_HEADER_SIZE);
	p[1] |= CQL_FLAG_COMPRESSED;
	cql_store_u32(p + 5, (uint32_t) (CQL_LZ4_PREFIX_SIZE + packed));
	cql_store_u32(p + CQL_FRAME_HEADER_SIZE, (uint32_t) length);
	out->len += CQL_FRAME_HEADER_SIZE + CQL_LZ4_PREFIX_SIZE + (size_t) packed;
}

/* ---- v5: segments ---- */

static void
store_le(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t) (v >> (8 * i));
}

/* Appends one segment; 0 < n <= CQL_SEGMENT_MAX_PAYLOAD. */
static void
put_segment(CqlBuffer *out, const uint8_t *payload, size_t n, bool self_contained, bool lz4)
{
	const int	lengths = lz4 ? CQL_SEGMENT_LZ4_LENGTHS : CQL_SEGMENT_PLAIN_LENGTHS;
	const size_t header = (size_t) lengths + CQL_SEGMENT_CRC24_SIZE;
	uint64_t	packed = 0;
	uint64_t	bits;
	uint8_t    *p;

	CORE_ASSERT(n > 0 && n <= CQL_SEGMENT_MAX_PAYLOAD);
	if (!cql_buffer_reserve(out, header + n + CQL_SEGMENT_CRC32_SIZE))
		return;
	p = out->data + out->len;
	if (lz4)
	{
		packed = (uint64_t) LZ4_compress_default((const char *) payload, (char *) p + header,
												 (int) n, (int) n - 1);
		/* an uncompressed length of zero says that the payload is stored as it is */
		bits = packed > 0 ? packed | (uint64_t) n << 17 : n;
		bits |= (uint64_t) self_contained << 34;
	}
	else
		bits = n | (uint64_t) self_contained << 17;
	if (packed == 0)
	{
		memcpy(p + header, payload, n);
		packed = n;
	}
	store_le(p, bits, lengths);
	store_le(p + lengths, cql_crc24(p, (size_t) lengths), CQL_SEGMENT_CRC24_SIZE);
	store_le(p + header + packed, cql_crc32(p + header, packed), CQL_SEGMENT_CRC32_SIZE);
	out->len += header + packed + CQL_SEGMENT_CRC32_SIZE;
}

/* A frame larger than a segment: alone in as many segments as it takes. */
static void
put_large_frame(CqlBuffer *out, const uint8_t *frame, size_t n, bool lz4)
{
	while (n > 0)
	{
		size_t		part = n < CQL_SEGMENT_MAX_PAYLOAD ? n : CQL_SEGMENT_MAX_PAYLOAD;

		put_segment(out, frame, part, false, lz4);
		frame += part;
		n -= part;
	}
}

/* Size of the frame at p, of which n bytes are there; 0 if it is not whole. */
static size_t
whole_frame_size(const uint8_t *p, size_t n)
{
	size_t		size;

	if (n < CQL_FRAME_HEADER_SIZE)
		return 0;
	size = CQL_FRAME_HEADER_SIZE + (size_t) cql_load_u32(p + 5);
	return size <= n ? size : 0;
}

void
cql_segment_write(CqlBuffer *out, const uint8_t *frames, size_t n, bool lz4)
{
	size_t		start = 0;		/* of the frames gathered for the next segment */
	size_t		at = 0;

	while (at < n)
	{
		size_t		size = whole_frame_size(frames + at, n - at);

		if (size == 0)
		{
			out->failed = true;
			return;
		}
		if (at > start && at - start + size > CQL_SEGMENT_MAX_PAYLOAD)
		{
			put_segment(out, frames + start, at - start, true, lz4);
			start = at;
		}
		at += size;
		if (size > CQL_SEGMENT_MAX_PAYLOAD)
		{
			put_large_frame(out, frames + start, size, lz4);
			start = at;
		}
	}
	if (at > start)
		put_segment(out, frames + start, at - start, true, lz4);
}
