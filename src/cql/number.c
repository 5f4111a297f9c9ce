/*
 * cql/number.c
 *	  varint and decimal: numbers of any size between two's complement and
 *	  decimal digits.
 *
 * Thread: any; pure functions over the caller's buffers and borrowed bytes.
 * Owns: scratch memory for the time of one call.
 * Invariants: nothing is ever rounded or clipped; what a function refuses leaves
 * its output as it was, save for the failed flag of a buffer out of memory.
 *
 * Conversion is the schoolbook's, quadratic, nine digits against 32 bits at a
 * time. CQL_VARINT_MAX_SIZE bounds the time that a value from the network takes.
 */
#include "cql/number.h"

#include <stdlib.h>

#define CHUNK_DIGITS 9
#define CHUNK UINT32_C(1000000000)	/* 10^CHUNK_DIGITS */
#define INT64_SAFE_DIGITS 18	/* any number of so many digits fits int64 */

static const uint32_t powers_of_ten[CHUNK_DIGITS + 1] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, CHUNK
};

/* A magnitude: 32-bit words, least significant first; no leading zero words. */
typedef struct Magnitude
{
	uint32_t   *word;
	size_t		count;
} Magnitude;

static bool
has_no_leading_zeros(const Magnitude *m)
{
	return m->count == 0 || m->word[m->count - 1] != 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- varint, 64 bits ---- */

void
cql_put_varint_int64(CqlBuffer *b, int64_t v)
{
	uint8_t		bytes[8];
	size_t		skip = 0;

	cql_store_u64(bytes, (uint64_t) v);
	/* A leading byte goes while the next one repeats its sign in every bit. */
	while (skip < 7 && bytes[skip] == (uint8_t) (v >> 63) && (bytes[skip + 1] ^ bytes[skip]) < 0x80)
		skip++;
	cql_put_raw(b, bytes + skip, 8 - skip);
}

bool
cql_get_varint_int64(CqlBytes body, int64_t *v)
{
	uint8_t		sign = body.len > 0 && body.data[0] >= 0x80 ? 0xFF : 0;
	uint64_t	bits = (uint64_t) 0 - (sign & 1);
	int32_t		skip = 0;

	/* Longer than minimal is legal: leading bytes that only repeat the sign do not count. */
	while (body.len - skip > 8 && body.data[skip] == sign)
		skip++;
	if (body.len - skip > 8)
		return false;
	for (int32_t i = skip; i < body.len; i++)
		bits = bits << 8 | body.data[i];
	*v = (int64_t) bits;
	/* If bytes were skipped, the first one kept must still tell the sign. */
	return (bits >> 63) == (sign & 1);
}

/* ---- digits to two's complement ---- */

static void
multiply_add(Magnitude *m, uint32_t factor, uint32_t addend)
{
	uint64_t	carry = addend;

	for (size_t i = 0; i < m->count; i++)
	{
		carry += (uint64_t) m->word[i] * factor;
		m->word[i] = (uint32_t) carry;
		carry >>= 32;
	}
	if (carry)
		m->word[m->count++] = (uint32_t) carry;
}

/* The word array must hold len / 9 + 1 words: nine digits are less than 32 bits. */
static void
magnitude_from_digits(Magnitude *m, const char *digits, size_t len)
{
	size_t		at = 0;

	while (at < len)
	{
		/* The odd chunk comes first, so that all others are whole. */
		size_t		n = (len - at) % CHUNK_DIGITS ? (len - at) % CHUNK_DIGITS : CHUNK_DIGITS;
		uint32_t	chunk = 0;

		for (size_t i = 0; i < n; i++)
			chunk = chunk * 10 + (uint32_t) (digits[at + i] - '0');
		multiply_add(m, powers_of_ten[n], chunk);
		at += n;
	}
}

/* Byte i of the two's complement, asked for in turn, least significant first; *carry starts as 1. */
static uint8_t
complement_byte(const Magnitude *m, size_t i, bool negative, unsigned *carry)
{
	uint8_t		byte = i / 4 < m->count ? (uint8_t) (m->word[i / 4] >> (8 * (i % 4))) : 0;
	unsigned	sum;

	if (!negative)
		return byte;
	sum = (uint8_t) ~byte + *carry;
	*carry = sum >> 8;
	return (uint8_t) sum;
}

/* Appends the minimal two's complement. */
static void
put_complement(CqlBuffer *b, const Magnitude *m, bool negative)
{
	const uint8_t sign = negative ? 0xFF : 0;
	const size_t size = m->count * 4 + 1;	/* room for the sign */
	unsigned	carry = 1;
	size_t		skip = 0;
	uint8_t    *p;

	if (!cql_buffer_reserve(b, size))
		return;
	p = b->data + b->len;
	for (size_t i = 0; i < size; i++)
		p[size - 1 - i] = complement_byte(m, i, negative, &carry);
	while (skip + 1 < size && p[skip] == sign && (p[skip + 1] ^ sign) < 0x80)
		skip++;
	memmove(p, p + skip, size - skip);
	b->len += size - skip;
}

static bool
put_large(CqlBuffer *b, const char *digits, size_t len, bool negative)
{
	const size_t words = len / CHUNK_DIGITS + 1;
	Magnitude	m = {calloc(words, sizeof(uint32_t)), 0};

	if (!m.word)
	{
		b->failed = true;
		return false;
	}
	magnitude_from_digits(&m, digits, len);
	CORE_ASSERT(m.count <= words && has_no_leading_zeros(&m));
	put_complement(b, &m, negative);
	free(m.word);
	return !b->failed;
}

static bool
put_digits(CqlBuffer *b, const char *digits, size_t len, bool negative)
{
	int64_t		v = 0;

	while (len > 1 && *digits == '0')
	{
		digits++;
		len--;
	}
	if (len > CQL_VARINT_MAX_DIGITS)
		return false;
	if (len > INT64_SAFE_DIGITS)
		return put_large(b, digits, len, negative);
	for (size_t i = 0; i < len; i++)
		v = v * 10 + (digits[i] - '0');
	cql_put_varint_int64(b, negative ? -v : v);
	return !b->failed;
}

/* Skips a sign; true if it was a minus. */
static bool
take_sign(const char **at, const char *end)
{
	bool		negative = *at < end && **at == '-';

	if (*at < end && (**at == '-' || **at == '+'))
		(*at)++;
	return negative;
}

bool
cql_put_varint_text(CqlBuffer *b, const char *digits, size_t len)
{
	const char *at = digits;
	const char *end = digits + len;
	bool		negative = take_sign(&at, end);

	if (at == end)
		return false;
	for (const char *p = at; p < end; p++)
	{
		if (!is_digit(*p))
			return false;
	}
	return put_digits(b, at, (size_t) (end - at), negative);
}

/* ---- two's complement to digits ---- */

/* Divides by CHUNK in place, returns the remainder. */
static uint32_t
divide_chunk(Magnitude *m)
{
	uint64_t	rest = 0;

	for (size_t i = m->count; i-- > 0;)
	{
		rest = rest << 32 | m->word[i];
		m->word[i] = (uint32_t) (rest / CHUNK);
		rest %= CHUNK;
	}
	while (m->count > 0 && m->word[m->count - 1] == 0)
		m->count--;
	return (uint32_t) rest;
}

/* The word array must hold body.len / 4 + 1 zeros. */
static void
magnitude_from_complement(Magnitude *m, CqlBytes body)
{
	bool		negative = body.data[0] >= 0x80;
	unsigned	carry = 1;

	for (int32_t i = 0; i < body.len; i++)
	{
		unsigned	byte = body.data[body.len - 1 - i];

		if (negative)
		{
			byte = (uint8_t) ~byte + carry;
			carry = byte >> 8;
		}
		m->word[i / 4] |= (uint32_t) (uint8_t) byte << (8 * (i % 4));
	}
	/* The magnitude of -256^n has one bit more than its body. */
	if (negative && carry)
		m->word[body.len / 4] |= UINT32_C(1) << (8 * (body.len % 4));
	m->count = (size_t) body.len / 4 + 1;
	while (m->count > 0 && m->word[m->count - 1] == 0)
		m->count--;
}

/* Writes the digits of m so that they end at end; returns where they start. m is used up. */
static char *
digits_before(char *end, Magnitude *m)
{
	char	   *p = end;

	while (m->count > 0)
	{
		uint32_t	chunk = divide_chunk(m);

		for (int i = 0; i < CHUNK_DIGITS; i++)
		{
			*--p = (char) ('0' + chunk % 10);
			chunk /= 10;
		}
	}
	while (p < end && *p == '0')
		p++;
	if (p == end)
		*--p = '0';
	return p;
}

/* Digits without a sign, appended; false: too large, or out of memory. */
static bool
get_digits(CqlBytes body, CqlBuffer *text)
{
	const size_t words = (size_t) body.len / 4 + 1;
	const size_t room = (words * 32 / 29 + 1) * CHUNK_DIGITS;	/* a chunk takes more than 29 bits */
	Magnitude	m = {NULL, 0};
	char	   *end;
	char	   *start;

	if (body.len > CQL_VARINT_MAX_SIZE || !cql_buffer_reserve(text, room))
		return false;
	m.word = calloc(words, sizeof(uint32_t));
	if (!m.word)
	{
		text->failed = true;
		return false;
	}
	magnitude_from_complement(&m, body);
	CORE_ASSERT(m.count <= words && has_no_leading_zeros(&m));
	end = (char *) text->data + text->len + room;
	start = digits_before(end, &m);
	CORE_ASSERT(start >= (char *) text->data + text->len);
	memmove(text->data + text->len, start, (size_t) (end - start));
	text->len += (size_t) (end - start);
	free(m.word);
	return true;
}

/* The same for a number of 64 bits, which most are. */
static void
put_int64_digits(CqlBuffer *text, uint64_t v)
{
	char		digits[20];
	size_t		at = sizeof(digits);

	do
		digits[--at] = (char) ('0' + v % 10);
	while (v /= 10);
	cql_put_raw(text, digits + at, sizeof(digits) - at);
}

static bool
is_negative(CqlBytes body)
{
	return body.len > 0 && body.data[0] >= 0x80;
}

static bool
get_magnitude_text(CqlBytes body, CqlBuffer *text)
{
	int64_t		v;

	if (!cql_get_varint_int64(body, &v))
		return get_digits(body, text);
	put_int64_digits(text, v < 0 ? 0 - (uint64_t) v : (uint64_t) v);
	return !text->failed;
}

bool
cql_get_varint_text(CqlBytes body, CqlBuffer *text)
{
	size_t		mark = text->len;

	if (body.len < 0)
		return false;
	if (is_negative(body))
		cql_put_u8(text, '-');
	if (get_magnitude_text(body, text))
		return true;
	text->len = mark;
	return false;
}

/* ---- decimal ---- */

/* What stands before an exponent: digits with a point in, before or behind them. */
typedef struct Mantissa
{
	const char *whole;
	size_t		nwhole;
	const char *fraction;
	size_t		nfraction;
} Mantissa;

static size_t
take_digits(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && is_digit(**at))
		(*at)++;
	return (size_t) (*at - start);
}

static bool
take_mantissa(const char **at, const char *end, Mantissa *m)
{
	m->whole = *at;
	m->nwhole = take_digits(at, end);
	m->fraction = *at;
	m->nfraction = 0;
	if (*at < end && **at == '.')
	{
		m->fraction = ++*at;
		m->nfraction = take_digits(at, end);
	}
	return m->nwhole + m->nfraction > 0;
}

/* 0 where there is none; false if what is there is malformed or beyond any scale. */
static bool
take_exponent(const char **at, const char *end, int64_t *exponent)
{
	const int64_t beyond = INT64_C(1) << 40;
	bool		negative;
	const char *digits;

	*exponent = 0;
	if (*at == end || (**at != 'e' && **at != 'E'))
		return true;
	(*at)++;
	negative = take_sign(at, end);
	digits = *at;
	if (take_digits(at, end) == 0)
		return false;
	for (; digits < *at && *exponent < beyond; digits++)
		*exponent = *exponent * 10 + (*digits - '0');
	if (negative)
		*exponent = -*exponent;
	return *exponent > -beyond && *exponent < beyond;
}

/* The digits of a mantissa without its point. */
static bool
put_mantissa(CqlBuffer *b, const Mantissa *m, bool negative)
{
	CqlBuffer	digits = {0};
	bool		ok;

	if (m->nfraction == 0)
		return put_digits(b, m->whole, m->nwhole, negative);
	if (m->nwhole == 0)
		return put_digits(b, m->fraction, m->nfraction, negative);
	cql_put_raw(&digits, m->whole, m->nwhole);
	cql_put_raw(&digits, m->fraction, m->nfraction);
	b->failed = b->failed || digits.failed;
	ok = !b->failed && put_digits(b, (const char *) digits.data, digits.len, negative);
	cql_buffer_free(&digits);
	return ok;
}

bool
cql_put_decimal_text(CqlBuffer *b, const char *text, size_t len)
{
	const char *at = text;
	const char *end = text + len;
	const size_t mark = b->len;
	bool		negative = take_sign(&at, end);
	Mantissa	mantissa;
	int64_t		scale;

	if (len > INT32_MAX || !take_mantissa(&at, end, &mantissa) || !take_exponent(&at, end, &scale) ||
		at != end)
		return false;
	scale = (int64_t) mantissa.nfraction - scale;
	if (scale < INT32_MIN || scale > INT32_MAX)
		return false;
	cql_put_u32(b, (uint32_t) scale);
	if (put_mantissa(b, &mantissa, negative))
		return true;
	b->len = mark;
	return false;
}

/* digits stand at text + mark: places them around a point, or zeros behind them. */
static void
apply_scale(CqlBuffer *text, size_t mark, int64_t scale)
{
	int64_t		n = (int64_t) (text->len - mark);
	size_t		zeros;			/* in front of the digits, or behind them */
	uint8_t    *p;

	if (scale <= 0)
	{
		/* zero has no use for zeros */
		zeros = text->data[mark] == '0' ? 0 : (size_t) -scale;
		if (cql_buffer_reserve(text, zeros + 1))
			memset(text->data + text->len, '0', zeros);
		text->len += text->failed ? 0 : zeros;
		return;
	}
	zeros = n > scale ? 0 : (size_t) (scale - n + 1);
	if (!cql_buffer_reserve(text, zeros + 1))
		return;
	p = text->data + mark;
	memmove(p + zeros, p, (size_t) n);
	memset(p, '0', zeros);
	n += (int64_t) zeros;
	memmove(p + n - scale + 1, p + n - scale, (size_t) scale);
	p[n - scale] = '.';
	text->len = mark + (size_t) n + 1;
}

/* Characters that ndigits digits take at a scale, the sign not counted. */
static int64_t
plain_size(int64_t ndigits, bool zero, int64_t scale)
{
	if (scale <= 0)
		return zero ? 1 : ndigits - scale;
	return (ndigits > scale ? ndigits : scale + 1) + 1;
}

/* Where the exponent begins to be written: java.math.BigDecimal.toString */
#define LEAST_PLAIN_EXPONENT (-6)

/* digits stand at text + mark: a point behind the first of them, and the exponent that this needs. */
static void
append_exponent(CqlBuffer *text, size_t mark, int64_t exponent)
{
	size_t		n = text->len - mark;

	if (n > 1)
	{
		if (!cql_buffer_reserve(text, 1))
			return;
		memmove(text->data + mark + 2, text->data + mark + 1, n - 1);
		text->data[mark + 1] = '.';
		text->len++;
	}
	cql_put_raw(text, exponent < 0 ? "E-" : "E+", 2);
	put_int64_digits(text, (uint64_t) (exponent < 0 ? -exponent : exponent));
}

/* Sign and digits of the unscaled value; *mark: where the digits begin. */
static bool
begin_decimal(CqlBytes body, CqlBuffer *text, int64_t *scale, size_t *mark)
{
	CqlReader	r = cql_reader(body.data, body.len > 0 ? (size_t) body.len : 0);
	CqlBytes	unscaled;

	*scale = (int32_t) cql_get_u32(&r);
	unscaled = (CqlBytes) {r.at, (int32_t) cql_reader_left(&r)};
	if (r.failed)
		return false;
	if (is_negative(unscaled))
		cql_put_u8(text, '-');
	*mark = text->len;
	return get_magnitude_text(unscaled, text);
}

bool
cql_get_decimal_text(CqlBytes body, CqlBuffer *text)
{
	const size_t begin = text->len;
	size_t		mark;
	int64_t		scale;
	int64_t		exponent;

	if (!begin_decimal(body, text, &scale, &mark))
	{
		text->len = begin;
		return false;
	}
	exponent = (int64_t) (text->len - mark) - 1 - scale;
	if (scale < 0 || exponent < LEAST_PLAIN_EXPONENT)
		append_exponent(text, mark, exponent);
	else
		apply_scale(text, mark, scale);
	return !text->failed;
}

bool
cql_get_decimal_plain(CqlBytes body, CqlBuffer *text, size_t max_digits)
{
	const size_t begin = text->len;
	size_t		mark;
	int64_t		scale;

	if (begin_decimal(body, text, &scale, &mark) &&
		(uint64_t) plain_size((int64_t) (text->len - mark), text->data[mark] == '0', scale) <= max_digits)
	{
		apply_scale(text, mark, scale);
		return !text->failed;
	}
	text->len = begin;
	return false;
}
