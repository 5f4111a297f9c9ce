/*
 * cql/frame.h
 *	  Frames (v5: envelopes) and v5 segments.
 *
 * Any thread. Source: native_protocol_v4.spec section 2, native_protocol_v5.spec
 * sections 2.1-2.4. The words: a "frame" is the 9-byte header and its body in
 * every version; a "segment" is v5's outer checksummed container.
 */
#ifndef CQL_FRAME_H
#define CQL_FRAME_H

#include "cql/buffer.h"

#define CQL_FRAME_HEADER_SIZE 9
#define CQL_FRAME_MAX_BODY (256 * 1024 * 1024)	/* the specification's limit */
#define CQL_LZ4_PREFIX_SIZE 4	/* v3, v4: the uncompressed length in front of the block */
#define CQL_SEGMENT_MAX_PAYLOAD 131071
#define CQL_SEGMENT_PLAIN_LENGTHS 3 /* bytes of lengths and flag in a segment's header */
#define CQL_SEGMENT_LZ4_LENGTHS 5
#define CQL_SEGMENT_CRC24_SIZE 3	/* follows them */
#define CQL_SEGMENT_CRC32_SIZE 4	/* follows the payload */
#define CQL_RESPONSE_BIT 0x80
#define CQL_STREAM_MAX 32768	/* client streams are 0..32767; events use -1 */

typedef enum CqlOpcode
{
	CQL_OP_ERROR = 0x00,
	CQL_OP_STARTUP = 0x01,
	CQL_OP_READY = 0x02,
	CQL_OP_AUTHENTICATE = 0x03,
	CQL_OP_OPTIONS = 0x05,
	CQL_OP_SUPPORTED = 0x06,
	CQL_OP_QUERY = 0x07,
	CQL_OP_RESULT = 0x08,
	CQL_OP_PREPARE = 0x09,
	CQL_OP_EXECUTE = 0x0A,
	CQL_OP_REGISTER = 0x0B,
	CQL_OP_EVENT = 0x0C,
	CQL_OP_BATCH = 0x0D,
	CQL_OP_AUTH_CHALLENGE = 0x0E,
	CQL_OP_AUTH_RESPONSE = 0x0F,
	CQL_OP_AUTH_SUCCESS = 0x10
} CqlOpcode;

/* header flags */
#define CQL_FLAG_COMPRESSED 0x01
#define CQL_FLAG_TRACING 0x02
#define CQL_FLAG_PAYLOAD 0x04
#define CQL_FLAG_WARNING 0x08
#define CQL_FLAG_BETA 0x10

typedef struct CqlFrame
{
	uint8_t		version;		/* direction bit stripped: 3, 4, 5 ... */
	bool		response;		/* the direction bit */
	uint8_t		flags;			/* COMPRESSED already cleared by the splitter */
	uint8_t		opcode;
	int16_t		stream;
	const uint8_t *body;		/* borrowed from the splitter until its next call */
	uint32_t	length;
} CqlFrame;

/* Write a request header; length is patched by cql_frame_end. Returns the header's offset. */
extern size_t cql_frame_begin(CqlBuffer *b, uint8_t version, uint8_t flags, int16_t stream, uint8_t opcode);
extern void cql_frame_end(CqlBuffer *b, size_t mark);
/* Fill a 9-byte header in place. */
extern void cql_frame_store_header(uint8_t *p, uint8_t version, uint8_t flags, int16_t stream,
								   uint8_t opcode, uint32_t length);

extern uint32_t cql_crc24(const uint8_t *data, size_t len);
extern uint32_t cql_crc32(const uint8_t *data, size_t len); /* seeded with FA 2D 55 CA */

/*
 * Wrap n bytes of whole frames into v5 segments appended to out. The bytes are
 * cut into self-contained segments at frame borders where they fit, a frame
 * larger than a segment goes alone into consecutive non-self-contained ones.
 * lz4: compress the payload where that makes it smaller.
 */
extern void cql_segment_write(CqlBuffer *out, const uint8_t *frames, size_t n, bool lz4);

/*
 * v3/v4 frame compression: append the frame at src (header + body) to out with
 * an lz4 body and the flag set, or as it is if that is not smaller.
 */
extern void cql_frame_compress(CqlBuffer *out, const uint8_t *frame, size_t n);

#endif							/* CQL_FRAME_H */
