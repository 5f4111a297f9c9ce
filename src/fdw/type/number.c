/*
 * fdw/type/number.c
 *	  Direct pairs of a CQL number and a PostgreSQL number.
 *
 * Backend thread. Owns nothing. Invariant: a number keeps its value, or is refused.
 * Any integer type meets any other, and numeric meets all of them; what does not fit
 * is refused value by value. The pairs of equal width come first, as bulk loads use
 * them: a byte swap each.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "cql/number.h"
#include "fdw/compat.h"
#include "fdw/type/number.h"
#include "fdw/type/scalar_text.h"

/* ---- integers ---- */

static void
encode_int2(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u16(out, (uint16) DatumGetInt16(value));
}

static void
encode_int4(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u32(out, (uint32) DatumGetInt32(value));
}

static void
encode_int8(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, (uint64) DatumGetInt64(value));
}

static Datum
decode_int2(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 2, isnull))
		return (Datum) 0;
	return Int16GetDatum((int16) cql_load_u16(body.data));
}

static Datum
decode_int4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Int32GetDatum((int32) cql_load_u32(body.data));
}

static Datum
decode_int8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	return Int64GetDatum((int64) cql_load_u64(body.data));
}

/* Bytes of a CQL integer type; varint has any number: -1; 0 for other types. */
static int
cql_integer_size(CqlTypeId id)
{
	switch (id)
	{
		case CQL_TYPE_TINYINT:
			return 1;
		case CQL_TYPE_SMALLINT:
			return 2;
		case CQL_TYPE_INT:
			return 4;
		case CQL_TYPE_BIGINT:
		case CQL_TYPE_COUNTER:
			return 8;
		case CQL_TYPE_VARINT:
			return -1;
		default:
			return 0;
	}
}

static bool
integer_fits(int64 v, int size)
{
	int64		max = size >= 8 ? PG_INT64_MAX : (INT64CONST(1) << (8 * size - 1)) - 1;

	return v <= max && v >= -max - 1;
}

int64
scyllaIntegerOfDatum(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

static void
put_integer(ScyllaConverter *self, int64 v, CqlBuffer *out)
{
	int			size = cql_integer_size(self->cql->id);

	if (size < 0)
	{
		cql_put_varint_int64(out, v);
		return;
	}
	if (!integer_fits(v, size))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s value %lld is out of range for CQL type %s",
						format_type_be(self->basetype), (long long) v,
						scyllaCqlTypeName(self->cql))));
	while (--size >= 0)
		cql_put_u8(out, (uint8) (v >> (8 * size)));
}

/* False: NULL. */
static bool
get_integer(ScyllaConverter *self, CqlBytes body, int64 *v, bool *isnull)
{
	int			size = cql_integer_size(self->cql->id);

	if (size < 0)
	{
		*isnull = body.len == 0;
		if (!*isnull && !cql_get_varint_int64(body, v))
			scyllaRaiseUnreadable(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "out of range");
		return !*isnull;
	}
	if (!scyllaBodyHas(self, body, size, isnull))
		return false;
	*v = (int8) body.data[0];
	for (int i = 1; i < size; i++)
		*v = (int64) ((uint64) *v << 8 | body.data[i]);
	return true;
}

static void
encode_integer(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	put_integer(self, scyllaIntegerOfDatum(self->basetype, value), out);
}

static Datum
decode_integer(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		v;

	if (!get_integer(self, body, &v, isnull))
		return (Datum) 0;
	if (!integer_fits(v, self->typlen))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value %lld of CQL type %s is out of range for type %s",
						(long long) v, scyllaCqlTypeName(self->cql),
						format_type_be(self->basetype))));
	switch (self->basetype)
	{
		case INT2OID:
			return Int16GetDatum((int16) v);
		case INT4OID:
			return Int32GetDatum((int32) v);
		default:
			return Int64GetDatum(v);
	}
}

/* ---- numeric ---- */

static char *
numeric_text(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

static void
encode_numeric_as_decimal(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = numeric_text(value);

	scyllaPutDecimal(out, self->cql, text, strlen(text));
}

/* 5.00 is an integer to anyone who compares it with 5; 5.01 is none. */
static void
encode_numeric_as_integer(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	char	   *text = numeric_text(value);
	char	   *point = strchr(text, '.');
	char	   *end;
	long long	v;

	if (point && point[1 + strspn(point + 1, "0")] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("numeric value %s is not an integer, as CQL type %s requires",
						text, scyllaCqlTypeName(self->cql))));
	if (point)
		*point = '\0';
	if (self->cql->id == CQL_TYPE_VARINT)
	{
		scyllaPutVarint(out, self->cql, text, strlen(text));
		return;
	}
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("numeric value %s is out of range for CQL type %s",
						text, scyllaCqlTypeName(self->cql))));
	put_integer(self, v, out);
}

static Datum
decode_numeric(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	int64		v;

	*isnull = body.len == 0;
	if (*isnull)
		return (Datum) 0;
	if (self->cql->id == CQL_TYPE_VARINT || self->cql->id == CQL_TYPE_DECIMAL)
		return DirectFunctionCall3(numeric_in, CStringGetDatum(scyllaGetNumber(self->cql, body)),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (!get_integer(self, body, &v, isnull))
		return (Datum) 0;
	return NumericGetDatum(int64_to_numeric(v));
}

/* ---- floating point: bits are kept, a narrowing must be exact ---- */

static inline uint32
float_bits(float4 f)
{
	uint32		bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline uint64
double_bits(float8 d)
{
	uint64		bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static inline float4
float_of_bits(uint32 bits)
{
	float4		f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline float8
double_of_bits(uint64 bits)
{
	float8		d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* Beyond the range of float the cast itself would be undefined. */
static bool
narrow(float8 d, float4 *f)
{
	if (!isnan(d) && !isinf(d) && fabs(d) > FLT_MAX)
		return false;
	*f = (float4) d;
	return isnan(d) || (float8) *f == d;
}

static void
encode_float4(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u32(out, float_bits(DatumGetFloat4(value)));
}

static void
encode_float8(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, double_bits(DatumGetFloat8(value)));
}

static void
encode_float4_as_double(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	cql_put_u64(out, double_bits(DatumGetFloat4(value)));
}

static void
encode_float8_as_float(ScyllaConverter *self, Datum value, CqlBuffer *out)
{
	float4		f;

	if (!narrow(DatumGetFloat8(value), &f))
		scyllaRaiseLossy(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "it would lose precision or range");
	cql_put_u32(out, float_bits(f));
}

static Datum
decode_float4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Float4GetDatum(float_of_bits(cql_load_u32(body.data)));
}

static Datum
decode_float8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	return Float8GetDatum(double_of_bits(cql_load_u64(body.data)));
}

static Datum
decode_float_as_float8(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	if (!scyllaBodyHas(self, body, 4, isnull))
		return (Datum) 0;
	return Float8GetDatum((float8) float_of_bits(cql_load_u32(body.data)));
}

static Datum
decode_double_as_float4(ScyllaConverter *self, CqlBytes body, bool *isnull)
{
	float4		f;

	if (!scyllaBodyHas(self, body, 8, isnull))
		return (Datum) 0;
	if (!narrow(double_of_bits(cql_load_u64(body.data)), &f))
		scyllaRaiseUnreadable(self, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "it would lose precision or range");
	return Float4GetDatum(f);
}

/* ---- choice ---- */

static const ScyllaPair pairs[] =
{
	{CQL_TYPE_SMALLINT, INT2OID, encode_int2, decode_int2},
	{CQL_TYPE_INT, INT4OID, encode_int4, decode_int4},
	{CQL_TYPE_BIGINT, INT8OID, encode_int8, decode_int8},
	{CQL_TYPE_COUNTER, INT8OID, encode_int8, decode_int8},
	{CQL_TYPE_DECIMAL, NUMERICOID, encode_numeric_as_decimal, decode_numeric},
	{CQL_TYPE_FLOAT, FLOAT4OID, encode_float4, decode_float4},
	{CQL_TYPE_FLOAT, FLOAT8OID, encode_float8_as_float, decode_float_as_float8},
	{CQL_TYPE_DOUBLE, FLOAT8OID, encode_float8, decode_float8},
	{CQL_TYPE_DOUBLE, FLOAT4OID, encode_float4_as_double, decode_double_as_float4},
};

/* Every pair of integer types, each value checked for its range. */
static bool
choose_integer(ScyllaConverter *c)
{
	if (cql_integer_size(c->cql->id) == 0)
		return false;
	switch (c->basetype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			c->encode = encode_integer;
			c->decode = decode_integer;
			return true;
		case NUMERICOID:
			c->encode = encode_numeric_as_integer;
			c->decode = decode_numeric;
			return true;
		default:
			return false;
	}
}

bool
scyllaChooseNumber(ScyllaConverter *c)
{
	return scyllaChoosePair(c, pairs, lengthof(pairs)) || choose_integer(c);
}
