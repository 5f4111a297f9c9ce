/*
 * cql/splitter.c
 *	  Bytes as a socket delivers them, cut anywhere, into frames.
 *
 * Thread: any; one thread uses one splitter at a time.
 * Owns: three buffers: the bytes received, the joined payloads of v5 segments,
 * and one decompressed body.
 * Invariants: taken <= wire.len and plain_taken <= plain.len; a frame's body
 * points into one of the buffers, and these move or shrink only in the calls
 * that end its life; no error is ever recovered from.
 *
 * Answers are small and come thousands to a read, so taking a frame moves an
 * offset and nothing else: bytes are moved only when room is asked for, and each
 * at most once per frame that it is part of.
 */
#include "cql/splitter.h"

#include <lz4.h>
#include <stdlib.h>

/* A buffer that a large frame made larger than this is cut back once the frame is gone. */
#define KEPT_CAPACITY ((size_t) 1024 * 1024)

/* No block of LZ4 grows by more than this factor, so a larger claim is a lie. */
#define LZ4_MAX_RATIO 255

/* The joined payloads grew by one segment; not a status that callers see. */
#define SEGMENT_TAKEN CQL_SPLIT_FRAME

static bool
takes_what_is_there(const CqlSplitter *s)
{
	return s->taken <= s->wire.len && s->plain_taken <= s->plain.len;
}

/* The body of a frame is bytes that the splitter holds. */
static bool
body_is_in(const CqlBuffer *b, const CqlFrame *frame)
{
	return b->data && frame->body >= b->data && (size_t) (frame->body - b->data) + frame->length <= b->len;
}

static void
cut_back(CqlBuffer *b)
{
	uint8_t    *data = realloc(b->data, KEPT_CAPACITY);

	CORE_ASSERT(b->len <= KEPT_CAPACITY);

	if (data)
	{
		b->data = data;
		b->cap = KEPT_CAPACITY;
	}
}

/* Room for need bytes behind what is not taken yet. */
static bool
make_room(CqlBuffer *b, size_t *taken, size_t need)
{
	size_t		left = b->len - *taken;
	bool		oversized = b->cap > KEPT_CAPACITY && left + need <= KEPT_CAPACITY;

	if (left == 0)
	{
		b->len = 0;
		*taken = 0;
	}
	else if (*taken > 0 && (oversized || b->cap - b->len < need))
	{
		memmove(b->data, b->data + *taken, left);
		b->len = left;
		*taken = 0;
	}
	if (oversized)
		cut_back(b);
	return cql_buffer_reserve(b, need);
}

uint8_t *
cql_splitter_room(CqlSplitter *s, size_t min, size_t *room)
{
	CORE_ASSERT(takes_what_is_there(s));
	*room = 0;
	s->inflated.len = 0;
	if (s->inflated.cap > KEPT_CAPACITY)
		cql_buffer_free(&s->inflated);
	if (!make_room(&s->plain, &s->plain_taken, 0) || !make_room(&s->wire, &s->taken, min))
	{
		s->broken = CQL_SPLIT_NO_MEMORY;
		return NULL;
	}
	*room = s->wire.cap - s->wire.len;
	return s->wire.data + s->wire.len;
}

void
cql_splitter_fed(CqlSplitter *s, size_t n)
{
	CORE_ASSERT(n <= s->wire.cap - s->wire.len);
	s->wire.len += n;
}

const uint8_t *
cql_splitter_rest(const CqlSplitter *s, size_t *n)
{
	*n = s->wire.len - s->taken;
	return s->wire.data + s->taken;
}

void
cql_splitter_use_segments(CqlSplitter *s, bool lz4)
{
	s->segments = true;
	s->lz4 = lz4;
}

void
cql_splitter_free(CqlSplitter *s)
{
	cql_buffer_free(&s->wire);
	cql_buffer_free(&s->plain);
	cql_buffer_free(&s->inflated);
	memset(s, 0, sizeof(*s));
}

/* Appends the n bytes that the LZ4 block at src must yield. */
static CqlSplitStatus
inflate_block(CqlBuffer *out, const uint8_t *src, size_t len, size_t n)
{
	int			got;

	if (n > len * LZ4_MAX_RATIO)
		return CQL_SPLIT_BAD_COMPRESSION;
	if (!cql_buffer_reserve(out, n))
		return CQL_SPLIT_NO_MEMORY;
	got = LZ4_decompress_safe((const char *) src, (char *) out->data + out->len, (int) len, (int) n);
	if (got < 0 || (size_t) got != n)
		return CQL_SPLIT_BAD_COMPRESSION;
	out->len += n;
	return CQL_SPLIT_FRAME;
}

/* ---- frames ---- */

static CqlSplitStatus
inflate_body(CqlSplitter *s, CqlFrame *frame, uint32_t max_body)
{
	uint32_t	n;
	CqlSplitStatus status;

	if (frame->length < CQL_LZ4_PREFIX_SIZE)
		return CQL_SPLIT_BAD_COMPRESSION;
	n = cql_load_u32(frame->body);
	if (n > max_body)
		return CQL_SPLIT_BAD_LENGTH;
	s->inflated.len = 0;
	/* An empty body comes as length 0 and a block that LZ4 itself would not always take. */
	status = n == 0 ? CQL_SPLIT_FRAME :
		inflate_block(&s->inflated, frame->body + CQL_LZ4_PREFIX_SIZE,
					  frame->length - CQL_LZ4_PREFIX_SIZE, n);
	frame->body = n == 0 ? frame->body : s->inflated.data;
	frame->length = n;
	return status;
}

/* The frame at *taken of b, if it is all there. */
static CqlSplitStatus
take_frame(CqlSplitter *s, const CqlBuffer *b, size_t *taken, CqlFrame *frame)
{
	const uint32_t max_body = s->max_body ? s->max_body : CQL_FRAME_MAX_BODY;
	const size_t left = b->len - *taken;
	const uint8_t *p;
	bool		compressed;

	if (left < CQL_FRAME_HEADER_SIZE)
		return CQL_SPLIT_MORE;
	p = b->data + *taken;
	frame->length = cql_load_u32(p + 5);
	if (frame->length > max_body)	/* negative ones are over it too */
		return CQL_SPLIT_BAD_LENGTH;
	if (left - CQL_FRAME_HEADER_SIZE < frame->length)
		return CQL_SPLIT_MORE;
	frame->version = p[0] & ~CQL_RESPONSE_BIT;
	frame->response = (p[0] & CQL_RESPONSE_BIT) != 0;
	frame->flags = p[1] & ~CQL_FLAG_COMPRESSED;
	frame->stream = (int16_t) cql_load_u16(p + 2);
	frame->opcode = p[4];
	frame->body = p + CQL_FRAME_HEADER_SIZE;
	*taken += CQL_FRAME_HEADER_SIZE + frame->length;

	/* From v5 on the flag means nothing, segments or not. */
	compressed = (p[1] & CQL_FLAG_COMPRESSED) && frame->version < 5 && !s->segments;
	return compressed ? inflate_body(s, frame, max_body) : CQL_SPLIT_FRAME;
}

/* ---- segments ---- */

static uint64_t
load_le(const uint8_t *p, int bytes)
{
	uint64_t	v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint64_t) p[i] << (8 * i);
	return v;
}

/* Moves the payload of the next segment from wire to plain. */
static CqlSplitStatus
take_segment(CqlSplitter *s)
{
	const int	lengths = s->lz4 ? CQL_SEGMENT_LZ4_LENGTHS : CQL_SEGMENT_PLAIN_LENGTHS;
	const size_t header = (size_t) lengths + CQL_SEGMENT_CRC24_SIZE;
	const size_t left = s->wire.len - s->taken;
	const uint8_t *p;
	const uint8_t *payload;
	uint64_t	bits;
	size_t		n;
	size_t		plain_size;

	if (left < header)
		return CQL_SPLIT_MORE;
	p = s->wire.data + s->taken;
	if (load_le(p + lengths, CQL_SEGMENT_CRC24_SIZE) != cql_crc24(p, (size_t) lengths))
		return CQL_SPLIT_BAD_CRC;

	/* Both lengths have 17 bits, so a segment's claims need no further cap. */
	bits = load_le(p, lengths);
	n = bits & CQL_SEGMENT_MAX_PAYLOAD;
	plain_size = s->lz4 ? (bits >> 17) & CQL_SEGMENT_MAX_PAYLOAD : 0;
	if (left - header < n + CQL_SEGMENT_CRC32_SIZE)
		return CQL_SPLIT_MORE;
	payload = p + header;
	if (load_le(payload + n, CQL_SEGMENT_CRC32_SIZE) != cql_crc32(payload, n))
		return CQL_SPLIT_BAD_CRC;

	if (!make_room(&s->plain, &s->plain_taken, plain_size ? plain_size : n))
		return CQL_SPLIT_NO_MEMORY;
	s->taken += header + n + CQL_SEGMENT_CRC32_SIZE;
	if (plain_size > 0)
		return inflate_block(&s->plain, payload, n, plain_size);
	cql_put_raw(&s->plain, payload, n);
	return SEGMENT_TAKEN;
}

/* Frames are one stream of bytes over all segments: where these are cut has no meaning here. */
static CqlSplitStatus
take_segmented_frame(CqlSplitter *s, CqlFrame *frame)
{
	for (;;)
	{
		CqlSplitStatus status = take_frame(s, &s->plain, &s->plain_taken, frame);

		if (status == CQL_SPLIT_MORE)
			status = take_segment(s);
		else
			return status;
		if (status != SEGMENT_TAKEN)
			return status;
	}
}

CqlSplitStatus
cql_splitter_next(CqlSplitter *s, CqlFrame *frame)
{
	CqlSplitStatus status;

	CORE_ASSERT(takes_what_is_there(s));
	if (s->broken)
		return s->broken;
	status = s->segments ? take_segmented_frame(s, frame) : take_frame(s, &s->wire, &s->taken, frame);
	CORE_ASSERT(takes_what_is_there(s));
	CORE_ASSERT(status != CQL_SPLIT_FRAME || body_is_in(&s->wire, frame) || body_is_in(&s->plain, frame) ||
				body_is_in(&s->inflated, frame));
	if (status != CQL_SPLIT_FRAME && status != CQL_SPLIT_MORE)
		s->broken = status;
	return status;
}
