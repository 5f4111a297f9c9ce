/* Headers, checksums, compression and segments as they are written. */
#include "hex.h"

#include <lz4.h>

#include "cql/frame.h"

static void
test_header(void **state)
{
	CqlBuffer	b = {0};
	size_t		first = cql_frame_begin(&b, 4, CQL_FLAG_TRACING, 0x1234, CQL_OP_QUERY);
	size_t		second;

	cql_put_raw(&b, "abc", 3);
	cql_frame_end(&b, first);
	second = cql_frame_begin(&b, 5, 0, -1, CQL_OP_EVENT);
	cql_frame_end(&b, second);
	assert_int_equal(second, 12);
	assert_written(&b, "04 02 1234 07 00000003 'abc' 05 00 ffff 0c 00000000");
	cql_buffer_free(&b);
}

static void
test_header_of_failed_buffer(void **state)
{
	CqlBuffer	b = {0};
	size_t		mark;

	b.failed = true;
	mark = cql_frame_begin(&b, 4, 0, 1, CQL_OP_QUERY);
	cql_frame_end(&b, mark);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
}

static void
test_body_over_the_limit_fails(void **state)
{
	CqlBuffer	b = {0};
	size_t		mark = cql_frame_begin(&b, 4, 0, 1, CQL_OP_QUERY);

	/* No byte of the body is looked at, so none needs to be written. */
	assert_true(cql_buffer_reserve(&b, (size_t) CQL_FRAME_MAX_BODY + 1));
	b.len += CQL_FRAME_MAX_BODY;
	cql_frame_end(&b, mark);
	assert_false(b.failed);
	assert_int_equal(cql_load_u32(b.data + 5), CQL_FRAME_MAX_BODY);
	b.len++;
	cql_frame_end(&b, mark);
	assert_true(b.failed);
	cql_buffer_free(&b);
}

static void
test_checksums(void **state)
{
	static const uint8_t zeros[3] = {0, 0, 0};
	Golden		plain = golden("090002");
	Golden		lz4 = golden("0900000004");
	Golden		options = golden("050000020500000000");

	assert_int_equal(cql_crc24(zeros, 3), 0x7DE777);
	assert_int_equal(cql_crc24(zeros, 0), 0x875060);
	assert_int_equal(cql_crc24(plain.data, plain.len), 0xC1C8A4);
	assert_int_equal(cql_crc24(lz4.data, lz4.len), 0x95B8C2);
	assert_int_equal(cql_crc32(options.data, options.len), 0x00E0271B);
	free(plain.data);
	free(lz4.data);
	free(options.data);
}

static void
test_golden_segments(void **state)
{
	Golden		options = golden("050000020500000000");
	Golden		query = golden("0500000107 00000026 0000001c"
							   "53454c454354206b65792046524f4d2073797374656d2e6c6f63616c 0001 00000000");
	CqlBuffer	b = {0};

	assert_int_equal(query.len, 47);
	cql_segment_write(&b, options.data, options.len, false);
	assert_written(&b, "090002 a4c8c1 050000020500000000 1b27e000");
	cql_segment_write(&b, options.data, options.len, true);
	assert_written(&b, "0900000004 c2b895 050000020500000000 1b27e000");
	cql_segment_write(&b, query.data, query.len, false);
	assert_written(&b, "2f0002acf306 0500000107 00000026 0000001c"
				   "53454c454354206b65792046524f4d2073797374656d2e6c6f63616c 0001 00000000 e1f0de95");
	cql_segment_write(&b, options.data, 0, false);
	assert_written(&b, "");
	cql_buffer_free(&b);
	free(options.data);
	free(query.data);
}

/* One segment of a written stream, its checksums verified. */
typedef struct Segment
{
	size_t		wire;			/* bytes of payload on the wire */
	size_t		plain;			/* bytes of payload uncompressed */
	bool		self_contained;
} Segment;

static uint64_t
little_endian(const uint8_t *p, int n)
{
	uint64_t	v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* Appends the payload to plain; returns the segment's size. */
static size_t
read_segment(const uint8_t *p, bool lz4, Segment *s, CqlBuffer *plain)
{
	const int	lengths = lz4 ? 5 : 3;
	uint64_t	bits = little_endian(p, lengths);
	const uint8_t *payload = p + lengths + 3;

	s->wire = bits & 0x1FFFF;
	s->plain = lz4 ? (bits >> 17) & 0x1FFFF : 0;
	s->self_contained = bits >> (lz4 ? 34 : 17) & 1;
	assert_int_equal(little_endian(p + lengths, 3), cql_crc24(p, (size_t) lengths));
	assert_int_equal(little_endian(payload + s->wire, 4), cql_crc32(payload, s->wire));
	assert_true(cql_buffer_reserve(plain, CQL_SEGMENT_MAX_PAYLOAD));
	if (s->plain > 0)
	{
		assert_int_equal(LZ4_decompress_safe((const char *) payload, (char *) plain->data + plain->len,
											 (int) s->wire, CQL_SEGMENT_MAX_PAYLOAD), s->plain);
		assert_true(s->wire < s->plain);
		plain->len += s->plain;
	}
	else
		cql_put_raw(plain, payload, s->wire);
	return (size_t) lengths + 3 + s->wire + 4;
}

static void
put_frame(CqlBuffer *b, size_t body, bool compressible)
{
	size_t		mark = cql_frame_begin(b, 5, 0, (int16_t) body, CQL_OP_QUERY);
	uint32_t	noise = (uint32_t) body + 1;

	for (size_t i = 0; i < body; i++)
	{
		noise = noise * 1664525 + 1013904223;
		cql_put_u8(b, compressible ? (uint8_t) (i / 100) : (uint8_t) (noise >> 24));
	}
	cql_frame_end(b, mark);
}

/* Writes the frames with these bodies and expects segments of these payloads. */
static void
check_cuts(const size_t *bodies, const size_t *payloads, const bool *self_contained, bool lz4)
{
	CqlBuffer	frames = {0};
	CqlBuffer	out = {0};
	CqlBuffer	plain = {0};
	size_t		at = 0;

	for (; *bodies != SIZE_MAX; bodies++)
		put_frame(&frames, *bodies, lz4);
	cql_segment_write(&out, frames.data, frames.len, lz4);
	assert_false(out.failed);
	for (; *payloads != SIZE_MAX; payloads++, self_contained++)
	{
		size_t		before = plain.len;
		Segment		s;

		assert_true(at < out.len);
		at += read_segment(out.data + at, lz4, &s, &plain);
		assert_int_equal(plain.len - before, *payloads);
		assert_int_equal(s.self_contained, *self_contained);
	}
	assert_int_equal(at, out.len);
	assert_int_equal(plain.len, frames.len);
	assert_memory_equal(plain.data, frames.data, frames.len);
	cql_buffer_free(&frames);
	cql_buffer_free(&out);
	cql_buffer_free(&plain);
}

#define MAX CQL_SEGMENT_MAX_PAYLOAD
#define END SIZE_MAX

static void
test_segments_are_cut_at_frames(void **state)
{
	static const size_t three[] = {10, 20, 0, END};
	static const size_t full[] = {MAX - 9 - 29, 20, 0, END};
	static const size_t exact[] = {MAX - 9, 5, END};
	static const size_t large[] = {7, MAX - 8, 3, END};
	static const size_t larger[] = {3 * MAX - 9, END};
	static const size_t three_cuts[] = {19 + 29 + 9, END};
	static const size_t full_cuts[] = {MAX, 9, END};
	static const size_t exact_cuts[] = {MAX, 14, END};
	static const size_t large_cuts[] = {16, MAX, 1, 12, END};
	static const size_t larger_cuts[] = {MAX, MAX, MAX, END};
	static const bool whole[] = {true, true, true};
	static const bool parts[] = {true, false, false, true};
	static const bool one_large[] = {false, false, false};

	for (int lz4 = 0; lz4 < 2; lz4++)
	{
		check_cuts(three, three_cuts, whole, lz4);
		check_cuts(full, full_cuts, whole, lz4);
		check_cuts(exact, exact_cuts, whole, lz4);
		check_cuts(large, large_cuts, parts, lz4);
		check_cuts(larger, larger_cuts, one_large, lz4);
	}
}

static void
test_segments_store_what_does_not_compress(void **state)
{
	CqlBuffer	frames = {0};
	CqlBuffer	out = {0};
	CqlBuffer	plain = {0};
	Segment		s;

	put_frame(&frames, 1000, false);
	cql_segment_write(&out, frames.data, frames.len, true);
	read_segment(out.data, true, &s, &plain);
	assert_int_equal(s.plain, 0);
	assert_int_equal(s.wire, 1009);
	cql_buffer_reset(&frames);
	cql_buffer_reset(&out);
	put_frame(&frames, 1000, true);
	cql_segment_write(&out, frames.data, frames.len, true);
	read_segment(out.data, true, &s, &plain);
	assert_int_equal(s.plain, 1009);
	assert_true(s.wire < 200);
	cql_buffer_free(&frames);
	cql_buffer_free(&out);
	cql_buffer_free(&plain);
}

static void
test_segments_refuse_part_of_a_frame(void **state)
{
	CqlBuffer	frames = {0};
	CqlBuffer	out = {0};

	put_frame(&frames, 20, false);
	for (size_t n = 1; n < frames.len; n++)
	{
		Golden		cut = golden_copy(frames.data, n);

		cql_buffer_reset(&out);
		cql_segment_write(&out, cut.data, cut.len, false);
		assert_true(out.failed);
		free(cut.data);
	}
	cql_buffer_free(&frames);
	cql_buffer_free(&out);
}

static void
test_frame_compression(void **state)
{
	CqlBuffer	frame = {0};
	CqlBuffer	out = {0};
	char		plain[1000];

	put_frame(&frame, 1000, true);
	cql_frame_compress(&out, frame.data, frame.len);
	assert_false(out.failed);
	assert_true(out.len < 200);
	assert_int_equal(out.data[0], 5);
	assert_int_equal(out.data[1], CQL_FLAG_COMPRESSED);
	assert_int_equal(cql_load_u32(out.data + 5), out.len - 9);
	assert_int_equal(cql_load_u32(out.data + 9), 1000);
	assert_int_equal(LZ4_decompress_safe((const char *) out.data + 13, plain, (int) out.len - 13, 1000), 1000);
	assert_memory_equal(plain, frame.data + 9, 1000);
	cql_buffer_free(&frame);
	cql_buffer_free(&out);
}

static void
test_frame_compression_that_wins_nothing(void **state)
{
	static const size_t bodies[] = {0, 1, 4, 5, 6, 12, 13, 500};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
	{
		CqlBuffer	frame = {0};
		CqlBuffer	out = {0};

		put_frame(&frame, bodies[i], false);
		cql_frame_compress(&out, frame.data, frame.len);
		assert_int_equal(out.len, frame.len);
		assert_memory_equal(out.data, frame.data, frame.len);
		cql_buffer_free(&frame);
		cql_buffer_free(&out);
	}
}

static void
test_frame_compression_refuses_part_of_a_header(void **state)
{
	CqlBuffer	out = {0};

	cql_frame_compress(&out, (const uint8_t *) "\4\0\0\0\5\0\0\0", 8);
	assert_true(out.failed);
	cql_buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_of_failed_buffer),
		cmocka_unit_test(test_body_over_the_limit_fails),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_golden_segments),
		cmocka_unit_test(test_segments_are_cut_at_frames),
		cmocka_unit_test(test_segments_store_what_does_not_compress),
		cmocka_unit_test(test_segments_refuse_part_of_a_frame),
		cmocka_unit_test(test_frame_compression),
		cmocka_unit_test(test_frame_compression_that_wins_nothing),
		cmocka_unit_test(test_frame_compression_refuses_part_of_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
