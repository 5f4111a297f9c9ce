/*
 * cql/value.c
 *	  Values that are more than a byte swap: vints, arrays of floats, durations,
 *	  collections, and what text must look like. Numbers of any size: number.c.
 *
 * Thread: any; pure functions over the caller's buffers and borrowed bytes.
 * Owns: nothing.
 * Invariants: what encodes only appends, and reserves before it stores; readers never
 * pass the end of the body, whatever the lengths in it claim.
 */
#include "cql/value.h"

/* ---- vints ---- */

/*
 * As many leading ones in the first byte as bytes follow it, then the bits that
 * count, big-endian.
 */
static size_t
vint_size(uint64_t v)
{
	int			bits = 64 - __builtin_clzll(v | 1);

	return bits > 56 ? 9 : (size_t) (bits + 6) / 7;
}

/* size is vint_size(v). */
static void
store_vint(uint8_t *p, uint64_t v, size_t size)
{
	for (size_t i = size; i-- > 0;)
	{
		p[i] = (uint8_t) v;
		v >>= 8;
	}
	p[0] |= (uint8_t) (0xFF00u >> (size - 1));
}

void
cql_put_unsigned_vint(CqlBuffer *b, uint64_t v)
{
	size_t		size = vint_size(v);

	if (!cql_buffer_reserve(b, size))
		return;
	store_vint(b->data + b->len, v, size);
	b->len += size;
}

uint64_t
cql_get_unsigned_vint(CqlReader *r)
{
	uint8_t		first = cql_get_u8(r);
	int			extra = __builtin_clz(~((uint32_t) first << 24));
	const uint8_t *p = cql_get_raw(r, (size_t) extra);
	uint64_t	v = first & (0xFFu >> extra);

	for (int i = 0; p && i < extra; i++)
		v = v << 8 | p[i];
	return r->failed ? 0 : v;
}

void
cql_put_vint(CqlBuffer *b, int64_t v)
{
	cql_put_unsigned_vint(b, ((uint64_t) v << 1) ^ (uint64_t) (v >> 63));
}

int64_t
cql_get_vint(CqlReader *r)
{
	uint64_t	v = cql_get_unsigned_vint(r);

	return (int64_t) ((v >> 1) ^ (0 - (v & 1)));
}

/* ---- floats ---- */

/*
 * Sixteen bytes at a time. The swaps are written as shifts of lanes since
 * compilers turn __builtin_bswap32 into scalar code where the baseline
 * instruction set has no byte shuffle.
 */
typedef uint32_t Lanes32 __attribute__((vector_size(16)));
typedef uint64_t Lanes64 __attribute__((vector_size(16)));

static inline Lanes32
swap_lanes32(Lanes32 v)
{
	v = (v & 0x00FF00FF) << 8 | (v >> 8 & 0x00FF00FF);
	return v << 16 | v >> 16;
}

static void
swap_floats(uint8_t *dst, const uint8_t *src, size_t n)
{
	const size_t lanes = sizeof(Lanes32) / 4;
	size_t		i = 0;

	for (; i + lanes <= n; i += lanes)
	{
		Lanes32		v;

		memcpy(&v, src + 4 * i, sizeof(v));
		v = swap_lanes32(v);
		memcpy(dst + 4 * i, &v, sizeof(v));
	}
	for (; i < n; i++)
	{
		uint32_t	v = cql_load_u32(src + 4 * i);

		memcpy(dst + 4 * i, &v, sizeof(v));
	}
}

static void
swap_doubles(uint8_t *dst, const uint8_t *src, size_t n)
{
	const size_t lanes = sizeof(Lanes64) / 8;
	size_t		i = 0;

	for (; i + lanes <= n; i += lanes)
	{
		Lanes32		halves;
		Lanes64		v;

		memcpy(&halves, src + 8 * i, sizeof(halves));
		v = (Lanes64) swap_lanes32(halves);
		v = v << 32 | v >> 32;
		memcpy(dst + 8 * i, &v, sizeof(v));
	}
	for (; i < n; i++)
	{
		uint64_t	v = cql_load_u64(src + 8 * i);

		memcpy(dst + 8 * i, &v, sizeof(v));
	}
}

/* Room for n elements of a size, or failed. */
static bool
reserve_array(CqlBuffer *b, size_t n, size_t size)
{
	return cql_buffer_reserve(b, n <= CQL_BUFFER_MAX / size ? n * size : CQL_BUFFER_MAX + 1);
}

void
cql_put_floats(CqlBuffer *b, const float *v, size_t n)
{
	if (!reserve_array(b, n, sizeof(*v)))
		return;
	swap_floats(b->data + b->len, (const uint8_t *) v, n);
	b->len += n * sizeof(*v);
}

void
cql_get_floats(const uint8_t *src, float *v, size_t n)
{
	swap_floats((uint8_t *) v, src, n);
}

void
cql_put_doubles(CqlBuffer *b, const double *v, size_t n)
{
	if (!reserve_array(b, n, sizeof(*v)))
		return;
	swap_doubles(b->data + b->len, (const uint8_t *) v, n);
	b->len += n * sizeof(*v);
}

void
cql_get_doubles(const uint8_t *src, double *v, size_t n)
{
	swap_doubles((uint8_t *) v, src, n);
}

/* ---- duration ---- */

bool
cql_duration_valid(const CqlDuration *d)
{
	return (d->months >= 0 && d->days >= 0 && d->nanos >= 0) ||
		(d->months <= 0 && d->days <= 0 && d->nanos <= 0);
}

void
cql_put_duration(CqlBuffer *b, const CqlDuration *d)
{
	cql_put_vint(b, d->months);
	cql_put_vint(b, d->days);
	cql_put_vint(b, d->nanos);
}

bool
cql_get_duration(CqlBytes body, CqlDuration *d)
{
	CqlReader	r = cql_reader(body.data, body.len > 0 ? (size_t) body.len : 0);
	int64_t		months = cql_get_vint(&r);
	int64_t		days = cql_get_vint(&r);

	d->nanos = cql_get_vint(&r);
	d->months = (int32_t) months;
	d->days = (int32_t) days;
	/* The server takes bytes behind the third vint, so they may come back. */
	return !r.failed && d->months == months && d->days == days && cql_duration_valid(d);
}

/* ---- elements ---- */

#define MIN_ELEMENT_SIZE 4		/* a null */

static bool
begin_collection(CqlElements *it, uint32_t values_each)
{
	uint32_t	n = cql_get_u32(&it->r);

	if (it->r.failed || (uint64_t) n * values_each > cql_reader_left(&it->r) / MIN_ELEMENT_SIZE)
		return false;
	it->count = n * values_each;
	return true;
}

static bool
begin_vector(CqlElements *it)
{
	it->count = it->type->dimension;
	it->fixed = cql_type_fixed_size(it->type->child[0]);
	if (it->fixed > 0)
		return (uint64_t) it->fixed * it->count == cql_reader_left(&it->r);
	return it->count <= cql_reader_left(&it->r);	/* a byte of length each, at the least */
}

static bool
begin_elements(CqlElements *it)
{
	switch (it->type->id)
	{
		case CQL_TYPE_LIST:
		case CQL_TYPE_SET:
			return begin_collection(it, 1);
		case CQL_TYPE_MAP:
			return begin_collection(it, 2);
		case CQL_TYPE_VECTOR:
			return begin_vector(it);
		case CQL_TYPE_TUPLE:
		case CQL_TYPE_UDT:
			it->count = it->type->count;
			return true;
		default:
			return false;
	}
}

bool
cql_elements_begin(CqlElements *it, const CqlType *type, CqlBytes body)
{
	memset(it, 0, sizeof(*it));
	it->type = type;
	it->r = cql_reader(body.data, body.len > 0 ? (size_t) body.len : 0);
	if (body.len >= 0 && begin_elements(it))
		return true;

	/* A caller that goes on finds no element, and the flag. */
	it->r.failed = true;
	it->count = 0;
	return false;
}

static bool
is_record(const CqlType *type)
{
	return type->id == CQL_TYPE_TUPLE || type->id == CQL_TYPE_UDT;
}

static CqlBytes
get_vector_element(CqlElements *it)
{
	uint64_t	len = it->fixed > 0 ? it->fixed : cql_get_unsigned_vint(&it->r);
	CqlBytes	value = {NULL, -1};

	if (len > INT32_MAX)
		it->r.failed = true;
	value.data = cql_get_raw(&it->r, (size_t) len);
	if (value.data)
		value.len = (int32_t) len;
	return value;
}

bool
cql_elements_next(CqlElements *it, const CqlType **type, CqlBytes *value)
{
	const CqlType *of = it->type;

	CORE_ASSERT(it->index <= it->count);
	if (it->index == it->count)
	{
		if (!is_record(of) && cql_reader_left(&it->r) > 0)
			it->r.failed = true;
		return false;
	}
	if (of->id == CQL_TYPE_VECTOR)
		*value = get_vector_element(it);
	else if (is_record(of) && cql_reader_left(&it->r) == 0)
		*value = (CqlBytes) {NULL, -1};
	else
		*value = cql_get_bytes(&it->r);

	/* one child for all, a field each, or key and value in turn */
	*type = of->child[it->index % of->count];
	it->index++;
	return !it->r.failed;
}

void
cql_put_element_count(CqlBuffer *b, uint32_t n)
{
	cql_put_u32(b, n);
}

size_t
cql_begin_vector_element(CqlBuffer *b)
{
	return b->len;
}

void
cql_end_vector_element(CqlBuffer *b, size_t mark, const CqlType *element)
{
	size_t		len = b->len - mark;
	size_t		prefix = vint_size(len);

	CORE_ASSERT(b->failed || mark <= b->len);
	/* A failed buffer may have stopped short of the mark. */
	if (b->failed || cql_type_fixed_size(element) > 0 || !cql_buffer_reserve(b, prefix))
		return;
	memmove(b->data + mark + prefix, b->data + mark, len);
	store_vint(b->data + mark, len, prefix);
	b->len += prefix;
}

/* ---- text ---- */

bool
cql_ascii_valid(const uint8_t *s, size_t len)
{
	uint64_t	high = 0;
	size_t		i = 0;

	for (; i + 8 <= len; i += 8)
	{
		uint64_t	word;

		memcpy(&word, s + i, 8);
		high |= word;
	}
	for (; i < len; i++)
		high |= s[i];
	return (high & UINT64_C(0x8080808080808080)) == 0;
}

static bool
is_continuation(uint8_t c)
{
	return (c & 0xC0) == 0x80;
}

/*
 * Bytes of the character at s, 0 if it is none: overlong forms, surrogates and
 * code points over U+10FFFF show in the second byte already.
 */
static size_t
utf8_character(const uint8_t *s, size_t left)
{
	if (s[0] < 0x80)
		return 1;
	if (left < 2 || !is_continuation(s[1]) || s[0] < 0xC2)
		return 0;
	if (s[0] < 0xE0)
		return 2;
	if (left < 3 || !is_continuation(s[2]))
		return 0;
	if (s[0] < 0xF0)
		return (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) ? 0 : 3;
	if (left < 4 || !is_continuation(s[3]) || s[0] > 0xF4)
		return 0;
	return (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90) ? 0 : 4;
}

bool
cql_utf8_valid(const uint8_t *s, size_t len)
{
	size_t		i = 0;

	while (i < len)
	{
		size_t		n;

		if (len - i >= 8 && cql_ascii_valid(s + i, 8))
		{
			i += 8;
			continue;
		}
		n = utf8_character(s + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

/* ---- uuid ---- */

#define UUID_TEXT_SIZE 36

static bool
is_uuid_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void
cql_uuid_format(const uint8_t uuid[16], char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = uuid;

	for (size_t i = 0; i < UUID_TEXT_SIZE;)
	{
		if (is_uuid_dash(i))
			out[i++] = '-';
		out[i++] = digits[*p >> 4];
		out[i++] = digits[*p++ & 15];
	}
	out[UUID_TEXT_SIZE] = '\0';
}

bool
cql_uuid_parse(const char *text, size_t len, uint8_t out[16])
{
	uint8_t    *p = out;

	if (len != UUID_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < len; i += 2)
	{
		int			high;
		int			low;

		if (is_uuid_dash(i) && text[i++] != '-')
			return false;
		high = cql_hex_digit(text[i]);
		low = cql_hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		*p++ = (uint8_t) (high << 4 | low);
	}
	return true;
}
