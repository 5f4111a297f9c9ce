/*
 * test/unit/cql/hex.h
 *	  Golden bytes as they are written in a document.
 *
 * Hex digits in pairs, white space anywhere between them, and 'characters' in
 * single quotes for themselves. Decoders get them in a block of exactly their
 * size, so that AddressSanitizer sees a read behind the end.
 */
#ifndef TEST_CQL_HEX_H
#define TEST_CQL_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cql/buffer.h"

/* Free data. */
typedef struct Golden
{
	uint8_t    *data;
	size_t		len;
} Golden;

static inline Golden
golden_copy(const void *data, size_t len)
{
	Golden		g = {malloc(len ? len : 1), len};

	assert_non_null(g.data);
	if (len > 0)
		memcpy(g.data, data, len);
	return g;
}

static inline Golden
golden(const char *text)
{
	uint8_t    *bytes = malloc(strlen(text) + 1);
	size_t		n = 0;
	Golden		g;

	assert_non_null(bytes);
	while (*text)
	{
		if (*text == '\'')
		{
			for (text++; *text != '\''; text++)
				bytes[n++] = (uint8_t) *text;
			text++;
		}
		else if (*text == ' ' || *text == '\n')
			text++;
		else
		{
			int			high = cql_hex_digit(text[0]);
			int			low = high < 0 ? -1 : cql_hex_digit(text[1]);

			assert_true(low >= 0);
			bytes[n++] = (uint8_t) (high << 4 | low);
			text += 2;
		}
	}
	g = golden_copy(bytes, n);
	free(bytes);
	return g;
}

static inline CqlBytes
golden_bytes(Golden g)
{
	CqlBytes	bytes = {g.data, (int32_t) g.len};

	return bytes;
}

static inline void
assert_golden(const void *data, size_t len, const char *text)
{
	Golden		g = golden(text);

	assert_int_equal(len, g.len);
	assert_memory_equal(data, g.data, g.len);
	free(g.data);
}

/* The buffer holds this; it is empty and usable again afterwards. */
static inline void
assert_written(CqlBuffer *b, const char *text)
{
	assert_false(b->failed);
	assert_golden(b->data, b->len, text);
	cql_buffer_reset(b);
}

static inline void
assert_string(CqlString s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	assert_memory_equal(s.data, expected, s.len);
}

#endif							/* TEST_CQL_HEX_H */
