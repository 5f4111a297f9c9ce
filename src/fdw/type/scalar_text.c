/*
 * fdw/type/scalar_text.c
 *	  The text form of CQL scalars, the common ground of JSON and CQL literals.
 *
 * Backend thread. Owns nothing. Dates and times, which need a grammar, are in
 * time_text.c; here are the rest and the choice between them.
 *
 * Invariants: what scyllaAppendScalarText writes, scyllaPutScalarText reads back to
 * the same bytes; text crosses between the server's encoding and UTF-8 in
 * scyllaPutText and scyllaGetText alone.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"

#include "cql/number.h"
#include "fdw/compat.h"
#include "fdw/type/scalar_text.h"
#include "fdw/type/time_text.h"

/* A value in a message is cut here: it may be a document. */
#define MESSAGE_BYTES 200

/* ---- text ---- */

void
scyllaPutText(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	char	   *utf8 = pg_server_to_any(text, len, PG_UTF8);

	if (utf8 != text)
		len = strlen(utf8);
	if (type->id == CQL_TYPE_ASCII && !cql_ascii_valid((uint8 *) utf8, len))
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("value has a character that CQL type ascii cannot hold")));
	cql_put_raw(out, utf8, len);
}

const char *
scyllaGetText(const CqlType *type, CqlBytes body, int *len)
{
	const char *utf8 = (const char *) body.data;
	const char *text;

	if (type->id == CQL_TYPE_ASCII && !cql_ascii_valid(body.data, body.len))
		scyllaMalformed(type);
	text = pg_any_to_server(utf8, body.len, PG_UTF8);
	*len = text == utf8 ? body.len : (int) strlen(text);
	return text;
}

/* ---- errors ---- */

static int
range_error(const CqlType *type)
{
	switch (type->id)
	{
		case CQL_TYPE_TIMESTAMP:
		case CQL_TYPE_DATE:
		case CQL_TYPE_TIME:
		case CQL_TYPE_DURATION:
			return ERRCODE_DATETIME_VALUE_OUT_OF_RANGE;
		default:
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
	}
}

static void raise_invalid(const CqlType *type, const char *text, int len) __attribute__((noreturn));

static void
raise_invalid(const CqlType *type, const char *text, int len)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input for CQL type %s: \"%.*s\"", scyllaCqlTypeName(type),
					pg_mbcliplen(text, len, MESSAGE_BYTES), text)));
}

static void raise_range(const CqlType *type, const char *text, int len) __attribute__((noreturn));

static void
raise_range(const CqlType *type, const char *text, int len)
{
	ereport(ERROR,
			(errcode(range_error(type)),
			 errmsg("value \"%.*s\" is out of range for CQL type %s",
					pg_mbcliplen(text, len, MESSAGE_BYTES), text, scyllaCqlTypeName(type))));
}

static void
check_parsed(ScyllaParsed parsed, const CqlType *type, const char *text, int len)
{
	if (parsed == SCYLLA_PARSE_INVALID)
		raise_invalid(type, text, len);
	if (parsed == SCYLLA_PARSE_RANGE)
		raise_range(type, text, len);
}

/* ---- numbers ---- */

/* NULL: too many digits. */
static char *
get_number(const CqlType *type, CqlBytes body, bool plain)
{
	CqlBuffer	text = {0};
	bool		ok;

	/* A decimal starts with a scale of four bytes. */
	if (type->id == CQL_TYPE_DECIMAL && body.len < 4)
		scyllaMalformed(type);
	if (type->id != CQL_TYPE_DECIMAL)
		ok = body.len <= SCYLLA_MAX_VARINT_BYTES && cql_get_varint_text(body, &text);
	else if (body.len > SCYLLA_MAX_VARINT_BYTES + 4)
		ok = false;
	else
		ok = plain ? cql_get_decimal_plain(body, &text, SCYLLA_MAX_DECIMAL_CHARS) : cql_get_decimal_text(body, &text);
	if (!ok && !text.failed)
	{
		cql_buffer_free(&text);
		return NULL;
	}
	return scyllaTakeText(&text);
}

char *
scyllaGetNumber(const CqlType *type, CqlBytes body)
{
	char	   *text = get_number(type, body, true);

	if (text == NULL || !scyllaFitsNumeric(type, body, text))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of CQL type %s is out of range for type numeric", scyllaCqlTypeName(type))));
	return text;
}

bool
scyllaFitsNumeric(const CqlType *type, CqlBytes body, const char *text)
{
	const char *exponent = strchr(text, 'E');

	Assert(type->id != CQL_TYPE_DECIMAL || body.len >= 4);
	if (type->id == CQL_TYPE_DECIMAL && (int32) cql_load_u32(body.data) > SCYLLA_MAX_DECIMAL_SCALE)
		return false;
	if (exponent != NULL)
		return strtoll(exponent + 1, NULL, 10) < SCYLLA_MAX_VARINT_DIGITS;
	return strcspn(text + (*text == '-'), ".") <= SCYLLA_MAX_VARINT_DIGITS;
}

/* NaN and the infinities of numeric are no numbers; PostgreSQL calls that out of range. */
static bool
is_special(const char *text, int len)
{
	if (len > 0 && (*text == '-' || *text == '+'))
		text++, len--;
	return (len == 3 && pg_strncasecmp(text, "nan", 3) == 0) ||
		(len == 8 && pg_strncasecmp(text, "infinity", 8) == 0);
}

void
scyllaPutVarint(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	if (len > SCYLLA_MAX_VARINT_DIGITS + 1 || is_special(text, len))
		raise_range(type, text, len);
	if (!cql_put_varint_text(out, text, len) && !out->failed)
		raise_invalid(type, text, len);
}

void
scyllaPutDecimal(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	if (len > SCYLLA_MAX_DECIMAL_CHARS || is_special(text, len))
		raise_range(type, text, len);
	if (!cql_put_decimal_text(out, text, len) && !out->failed)
		raise_invalid(type, text, len);
}

static void
put_integer(CqlBuffer *out, const CqlType *type, int size, const char *text)
{
	char	   *end;
	int64		v;
	int64		max = size == 8 ? PG_INT64_MAX : (INT64CONST(1) << (8 * size - 1)) - 1;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || isspace((unsigned char) *text))
		raise_invalid(type, text, strlen(text));
	if (errno != 0 || v > max || v < -max - 1)
		raise_range(type, text, strlen(text));
	while (--size >= 0)
		cql_put_u8(out, (uint8) (v >> (8 * size)));
}

/* strtod knows hexadecimal, other names of the special values, and white space; CQL does not. */
static bool
looks_like_float(const char *text)
{
	return is_special(text, strlen(text)) || text[strspn(text, "+-.0123456789eE")] == '\0';
}

static void
put_float(CqlBuffer *out, const CqlType *type, const char *text)
{
	char	   *end = unconstify(char *, text);
	bool		single = type->id == CQL_TYPE_FLOAT;
	float4		f = 0;
	float8		d = 0;

	errno = 0;
	if (looks_like_float(text) && single)
		f = strtof(text, &end);
	else if (looks_like_float(text))
		d = strtod(text, &end);
	if (end == text || *end != '\0')
		raise_invalid(type, text, strlen(text));
	/* Underflow to a subnormal is what the nearest value is; to zero it is a loss. */
	if (errno == ERANGE && (single ? f == 0 || isinf(f) : d == 0 || isinf(d)))
		raise_range(type, text, strlen(text));
	if (single)
		cql_put_floats(out, &f, 1);
	else
		cql_put_doubles(out, &d, 1);
}

static void
append_integer(StringInfo out, CqlBytes body)
{
	int64		v = (int8) body.data[0];

	for (int i = 1; i < body.len; i++)
		v = (int64) ((uint64) v << 8 | body.data[i]);
	appendStringInfo(out, INT64_FORMAT, v);
}

static void
append_number(StringInfo out, const CqlType *type, CqlBytes body)
{
	char	   *text = get_number(type, body, false);

	if (text == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of CQL type %s has too many digits", scyllaCqlTypeName(type))));
	appendStringInfoString(out, text);
}

static void
append_float(StringInfo out, CqlBytes body)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];
	float4		f;
	float8		d;

	if (body.len == 4)
	{
		cql_get_floats(body.data, &f, 1);
		float_to_shortest_decimal_buf(f, text);
	}
	else
	{
		cql_get_doubles(body.data, &d, 1);
		double_to_shortest_decimal_buf(d, text);
	}
	appendStringInfoString(out, text);
}

/* ---- boolean, blob, uuid, inet ---- */

static void
put_boolean(CqlBuffer *out, const CqlType *type, const char *text)
{
	bool		truth = pg_strcasecmp(text, "true") == 0;

	if (!truth && pg_strcasecmp(text, "false") != 0)
		raise_invalid(type, text, strlen(text));
	cql_put_u8(out, truth);
}

static void
put_blob(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	if (len < 2 || len % 2 != 0 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
		raise_invalid(type, text, len);
	for (int i = 2; i < len; i += 2)
	{
		int			high = cql_hex_digit(text[i]);
		int			low = cql_hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			raise_invalid(type, text, len);
		cql_put_u8(out, (uint8) (high << 4 | low));
	}
}

static void
append_blob(StringInfo out, CqlBytes body)
{
	static const char digits[] = "0123456789abcdef";

	appendStringInfoString(out, "0x");
	for (int i = 0; i < body.len; i++)
	{
		appendStringInfoChar(out, digits[body.data[i] >> 4]);
		appendStringInfoChar(out, digits[body.data[i] & 15]);
	}
}

void
scyllaCheckUuid(const CqlType *type, const uint8 *uuid)
{
	if (type->id == CQL_TYPE_TIMEUUID && uuid[6] >> 4 != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("CQL type timeuuid takes UUIDs of version 1, not of version %d",
						uuid[6] >> 4)));
}

static void
put_uuid(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	uint8		uuid[16];

	if (!cql_uuid_parse(text, len, uuid))
		raise_invalid(type, text, len);
	scyllaCheckUuid(type, uuid);
	cql_put_raw(out, uuid, sizeof(uuid));
}

static void
append_uuid(StringInfo out, CqlBytes body)
{
	char		text[37];

	cql_uuid_format(body.data, text);
	appendStringInfoString(out, text);
}

static void
put_inet(CqlBuffer *out, const CqlType *type, const char *text)
{
	uint8		address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		cql_put_raw(out, address, 4);
	else if (inet_pton(AF_INET6, text, address) == 1)
		cql_put_raw(out, address, 16);
	else
		raise_invalid(type, text, strlen(text));
}

static void
append_inet(StringInfo out, CqlBytes body)
{
	char		text[INET6_ADDRSTRLEN];

	if (inet_ntop(body.len == 4 ? AF_INET : AF_INET6, body.data, text, sizeof(text)))
		appendStringInfoString(out, text);
}

/* ---- any scalar ---- */

void
scyllaPutScalarText(CqlBuffer *out, const CqlType *type, const char *text, int len)
{
	/* Much of what reads numbers wants a terminator; long values have no need of it. */
	char	   *z = scyllaIsText(type) || scyllaIsBlob(type) ? NULL : pnstrdup(text, len);

	Assert(scyllaIsScalar(type));
	switch (type->id)
	{
		case CQL_TYPE_TEXT:
		case CQL_TYPE_ASCII:
			scyllaPutText(out, type, text, len);
			break;
		case CQL_TYPE_TINYINT:
			put_integer(out, type, 1, z);
			break;
		case CQL_TYPE_SMALLINT:
			put_integer(out, type, 2, z);
			break;
		case CQL_TYPE_INT:
			put_integer(out, type, 4, z);
			break;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
			put_integer(out, type, 8, z);
			break;
		case CQL_TYPE_VARINT:
			scyllaPutVarint(out, type, text, len);
			break;
		case CQL_TYPE_DECIMAL:
			scyllaPutDecimal(out, type, text, len);
			break;
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			put_float(out, type, z);
			break;
		case CQL_TYPE_BOOLEAN:
			put_boolean(out, type, z);
			break;
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			put_uuid(out, type, text, len);
			break;
		case CQL_TYPE_INET:
			put_inet(out, type, z);
			break;
		case CQL_TYPE_TIMESTAMP:
		case CQL_TYPE_DATE:
		case CQL_TYPE_TIME:
		case CQL_TYPE_DURATION:
			check_parsed(scyllaParseTime(out, type->id, z), type, text, len);
			break;
		default:
			put_blob(out, type, text, len);
	}
}

/* Bytes that every value of the type has; 0: that varies. */
static int32
scalar_size(const CqlType *type)
{
	switch (type->id)
	{
		case CQL_TYPE_BOOLEAN:
		case CQL_TYPE_TINYINT:
			return 1;
		case CQL_TYPE_SMALLINT:
			return 2;
		case CQL_TYPE_INT:
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DATE:
			return 4;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
		case CQL_TYPE_DOUBLE:
		case CQL_TYPE_TIMESTAMP:
		case CQL_TYPE_TIME:
			return 8;
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			return 16;
		default:
			return 0;
	}
}

static void
check_size(const CqlType *type, CqlBytes body)
{
	int32		size = scalar_size(type);

	if (size > 0 && body.len != size)
		scyllaMalformed(type);
	if (type->id == CQL_TYPE_INET && body.len != 4 && body.len != 16)
		scyllaMalformed(type);
}

static void
append_text(StringInfo out, const CqlType *type, CqlBytes body)
{
	int			len;
	const char *text = scyllaGetText(type, body, &len);

	appendBinaryStringInfo(out, text, len);
}

void
scyllaAppendScalarText(StringInfo out, const CqlType *type, CqlBytes body)
{
	Assert(scyllaIsScalar(type) && body.len >= 0 && !scyllaIsEmptyScalar(type, body));
	check_size(type, body);
	switch (type->id)
	{
		case CQL_TYPE_TEXT:
		case CQL_TYPE_ASCII:
			append_text(out, type, body);
			break;
		case CQL_TYPE_TINYINT:
		case CQL_TYPE_SMALLINT:
		case CQL_TYPE_INT:
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
			append_integer(out, body);
			break;
		case CQL_TYPE_VARINT:
		case CQL_TYPE_DECIMAL:
			append_number(out, type, body);
			break;
		case CQL_TYPE_FLOAT:
		case CQL_TYPE_DOUBLE:
			append_float(out, body);
			break;
		case CQL_TYPE_BOOLEAN:
			appendStringInfoString(out, body.data[0] ? "true" : "false");
			break;
		case CQL_TYPE_UUID:
		case CQL_TYPE_TIMEUUID:
			append_uuid(out, body);
			break;
		case CQL_TYPE_INET:
			append_inet(out, body);
			break;
		case CQL_TYPE_TIMESTAMP:
		case CQL_TYPE_DATE:
		case CQL_TYPE_TIME:
		case CQL_TYPE_DURATION:
			if (!scyllaAppendTime(out, type->id, body))
				scyllaMalformed(type);
			break;
		default:
			append_blob(out, body);
	}
}

void
scyllaAppendIsoDuration(StringInfo out, const CqlType *type, CqlBytes body)
{
	CqlDuration d;

	Assert(type->id == CQL_TYPE_DURATION);
	if (!cql_get_duration(body, &d))
		scyllaMalformed(type);
	scyllaAppendDuration(out, &d, true);
}
