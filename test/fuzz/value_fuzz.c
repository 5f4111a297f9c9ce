/*
 * Values: the first byte picks what the rest is read as. What is accepted must
 * survive being written again.
 */
#include <stdlib.h>
#include <strings.h>

#include "cql/number.h"
#include "cql/type_text.h"
#include "cql/value.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static bool
same(const CqlBuffer *a, const CqlBuffer *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
try_varint(CqlBytes body)
{
	CqlBuffer	text = {0};
	CqlBuffer	minimal = {0};
	CqlBuffer	again = {0};
	int64_t		v;

	if (cql_get_varint_text(body, &text))
	{
		check(cql_put_varint_text(&minimal, (const char *) text.data, text.len));
		check(cql_get_varint_text((CqlBytes) {minimal.data, (int32_t) minimal.len}, &again));
		check(same(&text, &again) && minimal.len <= (size_t) (body.len > 0 ? body.len : 1));
		cql_buffer_reset(&again);
		if (cql_get_varint_int64(body, &v))
		{
			cql_put_varint_int64(&again, v);
			check(same(&minimal, &again));
		}
	}
	cql_buffer_free(&text);
	cql_buffer_free(&minimal);
	cql_buffer_free(&again);
}

static void
try_decimal(CqlBytes body)
{
	CqlBuffer	text = {0};
	CqlBuffer	bytes = {0};
	CqlBuffer	again = {0};

	if (cql_get_decimal_plain(body, &text, 2000))
	{
		check(text.len <= 2001);
		check(cql_put_decimal_text(&bytes, (const char *) text.data, text.len));
		check(cql_get_decimal_plain((CqlBytes) {bytes.data, (int32_t) bytes.len}, &again, 2000));
		check(same(&text, &again));
	}
	cql_buffer_reset(&text);
	cql_buffer_reset(&bytes);
	cql_buffer_reset(&again);
	if (cql_get_decimal_text(body, &text) && cql_put_decimal_text(&bytes, (const char *) text.data, text.len))
	{
		check(text.len <= 3 * (size_t) body.len + 20);	/* digits, and no zeros by the scale */
		check(bytes.len <= (size_t) body.len + 1 && memcmp(bytes.data, body.data, 4) == 0);
		check(cql_get_decimal_text((CqlBytes) {bytes.data, (int32_t) bytes.len}, &again));
		check(same(&text, &again));
	}
	cql_buffer_free(&text);
	cql_buffer_free(&bytes);
	cql_buffer_free(&again);
}

static void
try_decimal_text(const char *text, size_t len)
{
	CqlBuffer	bytes = {0};
	CqlBuffer	plain = {0};

	if (cql_put_decimal_text(&bytes, text, len))
		cql_get_decimal_plain((CqlBytes) {bytes.data, (int32_t) bytes.len}, &plain, 2000);
	else
		check(bytes.len == 0);
	cql_buffer_free(&bytes);
	cql_buffer_free(&plain);
}

static void
try_duration(CqlBytes body)
{
	CqlDuration d;
	CqlDuration again;
	CqlBuffer	b = {0};

	if (cql_get_duration(body, &d))
	{
		cql_put_duration(&b, &d);
		check(cql_get_duration((CqlBytes) {b.data, (int32_t) b.len}, &again));
		check(memcmp(&d, &again, sizeof(d)) == 0);
	}
	cql_buffer_free(&b);
}

/* Down to the leaves, as a converter walks. */
static void
walk(const CqlType *type, CqlBytes body)
{
	CqlElements it;
	const CqlType *element;
	CqlBytes	value;

	if (type->count == 0)
		return;
	cql_elements_begin(&it, type, body);
	while (cql_elements_next(&it, &element, &value))
	{
		check(value.len < 0 || (value.data >= body.data && value.data + value.len <= body.data + body.len));
		walk(element, value);
	}
}

static void
try_elements(uint8_t which, CqlBytes body)
{
	static const char *const types[] = {
		"list<int>", "map<text, frozen<list<int>>>", "tuple<int, text, tuple<int>>", "vector<float, 3>",
		"vector<vector<text, 2>, 2>", "vector<frozen<map<int, text>>, 2>", "set<varint>",
	};
	const char *text = types[which % (sizeof(types) / sizeof(types[0]))];
	CqlArena	arena = {0};

	walk(cql_type_from_schema(text, strlen(text), &arena, NULL, NULL), body);
	cql_arena_free(&arena);
}

static void
try_text(const uint8_t *data, size_t len)
{
	uint8_t		uuid[16];
	char		out[37];

	if (cql_ascii_valid(data, len))
		check(cql_utf8_valid(data, len));
	else
		cql_utf8_valid(data, len);
	if (cql_uuid_parse((const char *) data, len, uuid))
	{
		cql_uuid_format(uuid, out);
		check(strncasecmp(out, (const char *) data, 36) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CqlBytes	body;

	if (size < 2)
		return 0;
	body = (CqlBytes) {data + 2, (int32_t) (size - 2)};
	switch (data[0] % 6)
	{
		case 0:
			try_varint(body);
			break;
		case 1:
			try_decimal(body);
			break;
		case 2:
			try_decimal_text((const char *) body.data, (size_t) body.len);
			break;
		case 3:
			try_duration(body);
			break;
		case 4:
			try_elements(data[1], body);
			break;
		default:
			try_text(body.data, (size_t) body.len);
	}
	return 0;
}
