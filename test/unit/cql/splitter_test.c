/* Frames out of bytes that are cut anywhere, and what is no frame. */
#include "hex.h"

#include "aborts.h"
#include "cql/splitter.h"

typedef enum Wire
{
	WIRE_V4, WIRE_V4_LZ4, WIRE_SEGMENTS, WIRE_SEGMENTS_LZ4, N_WIRES
} Wire;

/* ---- what is sent ---- */

static void
put_frame(CqlBuffer *b, uint8_t version, size_t body, int16_t stream)
{
	size_t		mark = cql_frame_begin(b, version | CQL_RESPONSE_BIT, CQL_FLAG_WARNING, stream, CQL_OP_RESULT);

	for (size_t i = 0; i < body; i++)
		cql_put_u8(b, (uint8_t) (i / 16 + (size_t) stream));
	cql_frame_end(b, mark);
}

/* Frames with these bodies, numbered from 0, as a wire carries them. */
static Golden
wire_of(Wire wire, const size_t *bodies, size_t n)
{
	CqlBuffer	out = {0};
	CqlBuffer	frames = {0};
	Golden		g;

	for (size_t i = 0; i < n; i++)
	{
		size_t		mark = frames.len;

		put_frame(&frames, wire < WIRE_SEGMENTS ? 4 : 5, bodies[i], (int16_t) i);
		if (wire == WIRE_V4_LZ4)
			cql_frame_compress(&out, frames.data + mark, frames.len - mark);
		else if (wire == WIRE_V4)
			cql_put_raw(&out, frames.data + mark, frames.len - mark);
	}
	if (wire >= WIRE_SEGMENTS)
		cql_segment_write(&out, frames.data, frames.len, wire == WIRE_SEGMENTS_LZ4);
	assert_false(out.failed);
	g = golden_copy(out.data, out.len);
	cql_buffer_free(&out);
	cql_buffer_free(&frames);
	return g;
}

/* ---- how it is fed and checked ---- */

static void
use_wire(CqlSplitter *s, Wire wire)
{
	if (wire >= WIRE_SEGMENTS)
		cql_splitter_use_segments(s, wire == WIRE_SEGMENTS_LZ4);
}

static void
feed(CqlSplitter *s, const uint8_t *data, size_t n)
{
	size_t		room;
	uint8_t    *p = cql_splitter_room(s, n ? n : 1, &room);

	assert_non_null(p);
	assert_true(room >= n);
	memcpy(p, data, n);
	cql_splitter_fed(s, n);
}

static void
check_frame(const CqlFrame *f, uint8_t version, size_t body, int16_t stream)
{
	assert_int_equal(f->version, version);
	assert_true(f->response);
	assert_int_equal(f->flags, CQL_FLAG_WARNING);
	assert_int_equal(f->opcode, CQL_OP_RESULT);
	assert_int_equal(f->stream, stream);
	assert_int_equal(f->length, body);
	for (size_t i = 0; i < body; i++)
	{
		if (f->body[i] != (uint8_t) (i / 16 + (size_t) stream))
			fail();
	}
}

/* Takes every frame there is, each expected next; returns the number taken so far. */
static size_t
drain(CqlSplitter *s, Wire wire, const size_t *bodies, size_t taken)
{
	CqlFrame	f;
	CqlSplitStatus status;

	while ((status = cql_splitter_next(s, &f)) == CQL_SPLIT_FRAME)
	{
		check_frame(&f, wire < WIRE_SEGMENTS ? 4 : 5, bodies[taken], (int16_t) taken);
		taken++;
	}
	assert_int_equal(status, CQL_SPLIT_MORE);
	return taken;
}

static const size_t small_bodies[] = {0, 4, 13, 64, 0, 300, 1};
#define N_SMALL (sizeof(small_bodies) / sizeof(small_bodies[0]))

static void
test_bytes_cut_at_every_offset(void **state)
{
	for (Wire wire = WIRE_V4; wire < N_WIRES; wire++)
	{
		Golden		g = wire_of(wire, small_bodies, N_SMALL);

		for (size_t cut = 0; cut <= g.len; cut++)
		{
			CqlSplitter s = {0};
			size_t		taken;

			use_wire(&s, wire);
			feed(&s, g.data, cut);
			taken = drain(&s, wire, small_bodies, 0);
			assert_true(taken < N_SMALL || cut == g.len);
			feed(&s, g.data + cut, g.len - cut);
			taken = drain(&s, wire, small_bodies, taken);
			assert_int_equal(taken, N_SMALL);
			cql_splitter_free(&s);
		}
		free(g.data);
	}
}

static void
test_byte_by_byte(void **state)
{
	for (Wire wire = WIRE_V4; wire < N_WIRES; wire++)
	{
		Golden		g = wire_of(wire, small_bodies, N_SMALL);
		CqlSplitter s = {0};
		size_t		taken = 0;

		use_wire(&s, wire);
		for (size_t i = 0; i < g.len; i++)
		{
			feed(&s, g.data + i, 1);
			taken = drain(&s, wire, small_bodies, taken);
		}
		assert_int_equal(taken, N_SMALL);
		cql_splitter_free(&s);
		free(g.data);
	}
}

/* Room is used up to its end, whatever it happens to be: reads end exactly at the buffer's size. */
static void
test_room_filled_to_the_end(void **state)
{
	enum
	{
	N = 3000};
	size_t		bodies[N];

	for (size_t i = 0; i < N; i++)
		bodies[i] = i % 37;
	for (Wire wire = WIRE_V4; wire < N_WIRES; wire++)
	{
		Golden		g = wire_of(wire, bodies, N);
		CqlSplitter s = {0};
		size_t		taken = 0;
		size_t		at = 0;

		use_wire(&s, wire);
		while (at < g.len)
		{
			size_t		room;
			uint8_t    *p = cql_splitter_room(&s, 1, &room);
			size_t		n = room < g.len - at ? room : g.len - at;

			memcpy(p, g.data + at, n);
			cql_splitter_fed(&s, n);
			at += n;
			taken = drain(&s, wire, bodies, taken);
		}
		assert_int_equal(taken, N);
		cql_splitter_free(&s);
		free(g.data);
	}
}

static void
test_large_frames_among_small_ones(void **state)
{
	static const size_t bodies[] = {13, 131063, 5, 131062, 400000, 0, 1048576, 13, 13};
	const size_t n = sizeof(bodies) / sizeof(bodies[0]);

	for (Wire wire = WIRE_V4; wire < N_WIRES; wire++)
	{
		Golden		g = wire_of(wire, bodies, n);

		for (size_t step = 1000; step < 3000000; step *= 7)
		{
			CqlSplitter s = {0};
			size_t		taken = 0;

			use_wire(&s, wire);
			for (size_t at = 0; at < g.len; at += step)
			{
				feed(&s, g.data + at, step < g.len - at ? step : g.len - at);
				taken = drain(&s, wire, bodies, taken);
			}
			assert_int_equal(taken, n);
			cql_splitter_free(&s);
		}
		free(g.data);
	}
}

static size_t
memory_of(const CqlSplitter *s)
{
	return s->wire.cap + s->plain.cap + s->inflated.cap;
}

static void
test_memory_of_a_large_frame_is_given_back(void **state)
{
	static const size_t large[] = {20 * 1024 * 1024};

	for (Wire wire = WIRE_V4; wire < N_WIRES; wire++)
	{
		Golden		g = wire_of(wire, large, 1);
		CqlSplitter s = {0};
		size_t		room;

		use_wire(&s, wire);
		feed(&s, g.data, g.len);
		assert_int_equal(drain(&s, wire, large, 0), 1);
		assert_true(memory_of(&s) > large[0]);
		assert_non_null(cql_splitter_room(&s, 65536, &room));
		assert_true(memory_of(&s) <= 4 * 1024 * 1024);
		cql_splitter_free(&s);
		assert_int_equal(memory_of(&s), 0);
		free(g.data);
	}
}

static void
test_claimed_length_takes_no_memory(void **state)
{
	Golden		g = golden("8400000008 0fffffff 00");
	CqlSplitter s = {0};
	CqlFrame	f;

	feed(&s, g.data, g.len);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_MORE);
	assert_true(memory_of(&s) < 1024);
	cql_splitter_free(&s);
	free(g.data);
}

/* Thousands of answers in one read: the buffer they came in is the one they are taken from. */
static void
test_small_frames_are_not_moved(void **state)
{
	enum
	{
	N = 5000};
	size_t		bodies[N];
	Golden		g;
	CqlSplitter s = {0};
	const uint8_t *base;
	size_t		cap;

	for (size_t i = 0; i < N; i++)
		bodies[i] = 4;
	g = wire_of(WIRE_V4, bodies, N);
	feed(&s, g.data, g.len);
	base = s.wire.data;
	cap = s.wire.cap;
	for (size_t i = 0; i < N; i++)
	{
		CqlFrame	f;

		assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
		assert_ptr_equal(f.body, base + 13 * i + 9);
	}
	assert_int_equal(s.wire.cap, cap);
	assert_int_equal(s.plain.cap + s.inflated.cap, 0);
	cql_splitter_free(&s);
	free(g.data);
}

/* ---- one input, one outcome ---- */

/* Fed whole, the bytes must yield this; errors must be told again. */
static void
expect(const char *bytes, Wire wire, uint32_t max_body, CqlSplitStatus expected)
{
	Golden		g = golden(bytes);
	CqlSplitter s = {.max_body = max_body};
	CqlFrame	f;

	use_wire(&s, wire);
	feed(&s, g.data, g.len);
	assert_int_equal(cql_splitter_next(&s, &f), expected);
	if (expected > CQL_SPLIT_MORE)
	{
		feed(&s, g.data, g.len);
		assert_int_equal(cql_splitter_next(&s, &f), expected);
	}
	cql_splitter_free(&s);
	free(g.data);
}

static void
test_bad_lengths(void **state)
{
	expect("8400000008 ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_LENGTH);
	expect("8400000008 80000000", WIRE_V4, 0, CQL_SPLIT_BAD_LENGTH);
	expect("8400000008 10000001", WIRE_V4, 0, CQL_SPLIT_BAD_LENGTH);
	expect("8400000008 10000000", WIRE_V4, 0, CQL_SPLIT_MORE);
	expect("8400000008 00000004 00000000", WIRE_V4, 4, CQL_SPLIT_FRAME);
	expect("8400000008 00000005 00000000", WIRE_V4, 4, CQL_SPLIT_BAD_LENGTH);
}

static void
test_golden_segments(void **state)
{
	expect("090002 a4c8c1 050000020500000000 1b27e000", WIRE_SEGMENTS, 0, CQL_SPLIT_FRAME);
	expect("0900000004 c2b895 050000020500000000 1b27e000", WIRE_SEGMENTS_LZ4, 0, CQL_SPLIT_FRAME);
	expect("090002 a4c8c1 050000020500000000 1b27e0", WIRE_SEGMENTS, 0, CQL_SPLIT_MORE);
}

static void
test_bad_checksums(void **state)
{
	expect("090002 a5c8c1 050000020500000000 1b27e000", WIRE_SEGMENTS, 0, CQL_SPLIT_BAD_CRC);
	expect("080002 a4c8c1 050000020500000000 1b27e000", WIRE_SEGMENTS, 0, CQL_SPLIT_BAD_CRC);
	expect("090002 a4c8c1 050000020500000000 1b27e001", WIRE_SEGMENTS, 0, CQL_SPLIT_BAD_CRC);
	expect("090002 a4c8c1 050000020500000100 1b27e000", WIRE_SEGMENTS, 0, CQL_SPLIT_BAD_CRC);
	expect("0900000004 c2b894 050000020500000000 1b27e000", WIRE_SEGMENTS_LZ4, 0, CQL_SPLIT_BAD_CRC);
	/* a wrong length shows before its bytes are waited for */
	expect("ffff02 a4c8c1", WIRE_SEGMENTS, 0, CQL_SPLIT_BAD_CRC);
}

static void
test_compressed_frames(void **state)
{
	/* four bytes of ff, as AUTH_SUCCESS of a server that compresses everything */
	expect("8401000010 00000009 00000004 40ffffffff", WIRE_V4, 0, CQL_SPLIT_FRAME);
	/* a length of zero: an empty body, LZ4 not asked */
	expect("8401000002 00000005 00000000 00", WIRE_V4, 0, CQL_SPLIT_FRAME);
	expect("8401000002 00000004 00000000", WIRE_V4, 0, CQL_SPLIT_FRAME);
	expect("8401000002 00000003 000000", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
	expect("8401000002 00000000", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
	/* longer, shorter, or not at all what it claims */
	expect("8401000010 00000009 00000005 40ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
	expect("8401000010 00000009 00000003 40ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
	expect("8401000010 00000009 00000004 f0ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
	expect("8401000010 00000004 00000004", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
}

static void
test_compressed_length_over_the_cap(void **state)
{
	expect("8401000010 00000009 00000004 40ffffffff", WIRE_V4, 9, CQL_SPLIT_FRAME);
	expect("8401000010 00000009 0000000a 40ffffffff", WIRE_V4, 9, CQL_SPLIT_BAD_LENGTH);
	expect("8401000010 00000009 10000001 40ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_LENGTH);
	expect("8401000010 00000009 ffffffff 40ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_LENGTH);
	/* within the cap, yet more than five bytes can hold */
	expect("8401000010 00000009 0fffffff 40ffffffff", WIRE_V4, 0, CQL_SPLIT_BAD_COMPRESSION);
}

static void
test_huge_claim_takes_no_memory(void **state)
{
	Golden		g = golden("8401000010 00000009 0fffffff 40ffffffff");
	CqlSplitter s = {0};
	CqlFrame	f;

	feed(&s, g.data, g.len);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_BAD_COMPRESSION);
	assert_int_equal(s.inflated.cap, 0);
	cql_splitter_free(&s);
	free(g.data);
}

static void
test_compressed_body(void **state)
{
	Golden		g = golden("8409fffe10 00000009 00000004 40ffffffff 8401000002 00000005 00000000 00");
	CqlSplitter s = {0};
	CqlFrame	f;

	feed(&s, g.data, g.len);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
	assert_int_equal(f.flags, CQL_FLAG_WARNING);
	assert_int_equal(f.stream, -2);
	assert_golden(f.body, f.length, "ffffffff");
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
	assert_int_equal(f.opcode, CQL_OP_READY);
	assert_int_equal(f.length, 0);
	assert_int_equal(f.flags, 0);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_MORE);
	cql_splitter_free(&s);
	free(g.data);
}

/* From v5 on the flag is ignored, inside segments and before them. */
static void
test_compression_flag_of_v5(void **state)
{
	Golden		g = golden("8501000010 00000004 ffffffff");
	CqlBuffer	segment = {0};

	cql_segment_write(&segment, g.data, g.len, false);
	for (int segments = 0; segments < 2; segments++)
	{
		CqlSplitter s = {0};
		CqlFrame	f;

		if (segments)
			cql_splitter_use_segments(&s, false);
		feed(&s, segments ? segment.data : g.data, segments ? segment.len : g.len);
		assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
		assert_int_equal(f.flags, 0);
		assert_golden(f.body, f.length, "ffffffff");
		cql_splitter_free(&s);
	}
	cql_buffer_free(&segment);
	free(g.data);
}

/* ---- segments ---- */

static void
put_segment(CqlBuffer *out, uint64_t bits, int lengths, const void *payload, size_t n)
{
	uint8_t		header[8];
	uint32_t	crc;

	for (int i = 0; i < lengths; i++)
		header[i] = (uint8_t) (bits >> (8 * i));
	crc = cql_crc24(header, (size_t) lengths);
	for (int i = 0; i < 3; i++)
		header[lengths + i] = (uint8_t) (crc >> (8 * i));
	cql_put_raw(out, header, (size_t) lengths + 3);
	cql_put_raw(out, payload, n);
	crc = cql_crc32(payload, n);
	for (int i = 0; i < 4; i++)
		cql_put_u8(out, (uint8_t) (crc >> (8 * i)));
}

#define SELF_CONTAINED ((uint64_t) 1 << 17)
#define SELF_CONTAINED_LZ4 ((uint64_t) 1 << 34)

/* A peer may cut where it likes, even within a header, and send segments with nothing in them. */
static void
test_segments_cut_within_frames(void **state)
{
	static const size_t bodies[] = {40, 0, 13};
	CqlBuffer	frames = {0};

	for (int16_t i = 0; i < 3; i++)
		put_frame(&frames, 5, bodies[i], i);
	for (size_t cut = 0; cut <= frames.len; cut++)
	{
		CqlBuffer	wire = {0};
		CqlSplitter s = {0};

		put_segment(&wire, cut, 3, frames.data, cut);
		put_segment(&wire, SELF_CONTAINED, 3, "", 0);
		put_segment(&wire, frames.len - cut, 3, frames.data + cut, frames.len - cut);
		cql_splitter_use_segments(&s, false);
		feed(&s, wire.data, wire.len);
		assert_int_equal(drain(&s, WIRE_SEGMENTS, bodies, 0), 3);
		cql_splitter_free(&s);
		cql_buffer_free(&wire);
	}
	cql_buffer_free(&frames);
}

static void
expect_segment(const CqlBuffer *wire, bool lz4, CqlSplitStatus expected)
{
	CqlSplitter s = {0};
	CqlFrame	f;

	cql_splitter_use_segments(&s, lz4);
	feed(&s, wire->data, wire->len);
	assert_int_equal(cql_splitter_next(&s, &f), expected);
	cql_splitter_free(&s);
}

static void
test_segments_with_bad_blocks(void **state)
{
	Golden		block = golden("90 850000020500000000");
	CqlBuffer	wire = {0};

	put_segment(&wire, block.len | 9 << 17 | SELF_CONTAINED_LZ4, 5, block.data, block.len);
	expect_segment(&wire, true, CQL_SPLIT_FRAME);
	for (uint64_t claimed = 1; claimed < 20; claimed++)
	{
		cql_buffer_reset(&wire);
		put_segment(&wire, block.len | claimed << 17, 5, block.data, block.len);
		expect_segment(&wire, true, claimed == 9 ? CQL_SPLIT_FRAME : CQL_SPLIT_BAD_COMPRESSION);
	}
	cql_buffer_reset(&wire);
	put_segment(&wire, (uint64_t) 131071 << 17, 5, "", 0);
	expect_segment(&wire, true, CQL_SPLIT_BAD_COMPRESSION);
	cql_buffer_free(&wire);
	free(block.data);
}

static void
test_bad_length_within_a_segment(void **state)
{
	Golden		frame = golden("8500000008 ffffffff");
	CqlBuffer	wire = {0};

	put_segment(&wire, frame.len, 3, frame.data, frame.len);
	expect_segment(&wire, false, CQL_SPLIT_BAD_LENGTH);
	cql_buffer_free(&wire);
	free(frame.data);
}

/* The layer begins behind a frame whose successor was read together with it. */
static void
test_segments_begin_between_two_frames(void **state)
{
	Golden		g = golden("850000000200000000 090002 a4c8c1 050000020500000000 1b27e000");
	CqlSplitter s = {0};
	CqlFrame	f;

	feed(&s, g.data, g.len);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
	assert_int_equal(f.opcode, CQL_OP_READY);
	cql_splitter_use_segments(&s, false);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_FRAME);
	assert_int_equal(f.opcode, CQL_OP_OPTIONS);
	assert_int_equal(f.stream, 2);
	assert_false(f.response);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_MORE);
	cql_splitter_free(&s);
	free(g.data);
}

static void
test_no_memory_is_sticky(void **state)
{
	CqlSplitter s = {0};
	CqlFrame	f;
	size_t		room;

	assert_null(cql_splitter_room(&s, CQL_BUFFER_MAX + 1, &room));
	assert_int_equal(room, 0);
	assert_int_equal(cql_splitter_next(&s, &f), CQL_SPLIT_NO_MEMORY);
	cql_splitter_free(&s);
}

/* ---- invariants ---- */

static void
feed_more_than_there_is_room_for(void *splitter)
{
	size_t		room;

	cql_splitter_room(splitter, 1, &room);
	cql_splitter_fed(splitter, room + 1);
}

static void
take_more_than_was_fed(void *splitter)
{
	CqlFrame	frame;

	((CqlSplitter *) splitter)->taken = 1;
	cql_splitter_next(splitter, &frame);
}

static void
test_broken_invariants_abort(void **state)
{
	CqlSplitter s = {0};

	assert_aborts(feed_more_than_there_is_room_for, &s, "n <= s->wire.cap - s->wire.len");
	assert_aborts(take_more_than_was_fed, &s, "takes_what_is_there(s)");
	cql_splitter_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_cut_at_every_offset),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_room_filled_to_the_end),
		cmocka_unit_test(test_large_frames_among_small_ones),
		cmocka_unit_test(test_memory_of_a_large_frame_is_given_back),
		cmocka_unit_test(test_claimed_length_takes_no_memory),
		cmocka_unit_test(test_small_frames_are_not_moved),
		cmocka_unit_test(test_bad_lengths),
		cmocka_unit_test(test_golden_segments),
		cmocka_unit_test(test_bad_checksums),
		cmocka_unit_test(test_compressed_frames),
		cmocka_unit_test(test_compressed_length_over_the_cap),
		cmocka_unit_test(test_huge_claim_takes_no_memory),
		cmocka_unit_test(test_compressed_body),
		cmocka_unit_test(test_compression_flag_of_v5),
		cmocka_unit_test(test_segments_cut_within_frames),
		cmocka_unit_test(test_segments_with_bad_blocks),
		cmocka_unit_test(test_bad_length_within_a_segment),
		cmocka_unit_test(test_segments_begin_between_two_frames),
		cmocka_unit_test(test_no_memory_is_sticky),
		cmocka_unit_test(test_broken_invariants_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
